"""Charts whose lengths are read back from the SVG and compared with the values they stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.app.statements import charts
from truenav.app.statements.charts import Point, Step
from truenav.calc.nav.model import Coverage

SVG = "{http://www.w3.org/2000/svg}"
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def shapes(svg: str, name: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(svg)
    return [one.attrib for one in root if one.tag == SVG + name]


def texts(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg) if one.tag == SVG + "text"]


def points(*values: str) -> list[Point]:
    return [Point(DAY + timedelta(days=n), Decimal(one), Decimal(one)) for n, one in enumerate(values)]


def test_the_fingerprint_is_sixteen_bars_as_high_as_their_digits():
    bars = shapes(charts.fingerprint("0f8" + "0" * 61, 64, 16), "rect")
    assert len(bars) == 16
    assert [float(bar["height"]) for bar in bars[:3]] == [
        pytest.approx((digit + 1.5) / 16.5 * 16, abs=0.01) for digit in (0, 15, 8)
    ]


def test_the_bars_of_a_bridge_are_as_long_as_its_parts():
    steps = [
        Step(("opening",), Decimal(1_000_000), total=True),
        Step(("price",), Decimal(30_000)),
        Step(("fee",), Decimal(-10_000)),
        Step(("flow",), Decimal(0)),
        Step(("closing",), Decimal(1_020_000), total=True),
    ]
    svg = charts.bridge_chart(steps)
    bars = shapes(svg, "rect")
    assert len(bars) == 4, "nothing is drawn for a part that is zero"
    price, fee = float(bars[1]["height"]), float(bars[2]["height"])
    assert price == pytest.approx(3 * fee, rel=0.01)
    assert float(bars[1]["y"]) == pytest.approx(float(bars[2]["y"]), abs=0.02), (
        "a part begins where one ended"
    )
    assert float(bars[2]["y"]) + fee == pytest.approx(float(bars[3]["y"]), abs=0.02)
    assert {"1.00", "▲ +30.0", "▼ −10.0", "■ 0", "1.02"} <= set(texts(svg))


def test_a_bridge_without_any_change_or_from_nothing_can_be_drawn():
    same = [
        Step(("a",), Decimal(5), total=True),
        Step(("b",), Decimal(0)),
        Step(("c",), Decimal(5), total=True),
    ]
    nothing = [Step(("a",), Decimal(0), total=True), Step(("c",), Decimal(0), total=True)]
    lost = [
        Step(("a",), Decimal(5), total=True),
        Step(("b",), Decimal(-9)),
        Step(("c",), Decimal(-4), total=True),
    ]
    for steps in (same, nothing, lost):
        assert shapes(charts.bridge_chart(steps), "text")


def test_drawdown_is_measured_from_the_highest_so_far():
    falls = charts.drawdowns([*points("100", "120", "90", "130"), Point(DAY, Decimal(1), None)])
    assert falls == [0, 0, Decimal("-0.25"), 0, None]


def test_a_history_names_its_cut_axis_its_last_value_and_its_deepest_fall():
    history = points("299000000", "301000000", "300250000")
    svg = charts.history_chart(history, unit=Decimal(1_000_000), provisional=False)
    assert {"300.25", "−0.25", "2026-01-01", "2026-01-03"} <= set(texts(svg))
    assert charts.axis_start(history, Decimal(1_000_000)) in texts(svg)


def test_only_a_provisional_last_point_is_dotted():
    history = points("1", "2", "3")
    dashes = [
        [
            one["stroke-dasharray"]
            for one in shapes(charts.history_chart(history, unit=Decimal(1), provisional=p), "polyline")
        ]
        for p in (False, True)
    ]
    assert set(dashes[0]) == {"none"}
    assert "1.5 2" in dashes[1]


@given(st.lists(st.decimals("0.000001", 10**12, places=6), min_size=2, max_size=30))
def test_any_history_stays_inside_its_frame(values):
    history = [Point(DAY + timedelta(hours=n), one, one) for n, one in enumerate(values)]
    svg = charts.history_chart(history, unit=Decimal(1), provisional=True)
    for line in shapes(svg, "polyline"):
        for pair in line["points"].split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= charts.WIDTH
            assert 0 <= y <= 136


def test_a_tiny_share_is_seen_and_the_meter_is_never_longer_than_its_frame():
    shares = {
        "api": "0.999997",
        "imported": "0.000001",
        "manual": "0.000001",
        "stale": "0.000001",
        "missing": "0",
    }
    coverage = Coverage(**{kind: Decimal(one) for kind, one in shares.items()}, lines_unpriced=1)
    parts = shapes(charts.coverage_meter(coverage, 100, 9), "rect")
    assert len(parts) == 5, "an unpriced line shows as missing even without a value"
    assert all(float(part["width"]) >= 1.5 for part in parts)
    assert float(parts[-1]["x"]) + float(parts[-1]["width"]) <= 100


def test_markup_in_a_label_stays_text():
    svg = charts.bridge_chart(
        [Step(('</text><script>"',), Decimal(1), total=True), Step(("b",), Decimal(1), total=True)]
    )
    assert '</text><script>"' in texts(svg)
