"""Rules, marks and small helpers for tests of running products."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.rules import check_product
from truenav.calc.etp.live.product import advance, issue, watch
from truenav.calc.etp.live.state import LiveProduct, Mark, Step, Watch
from truenav.core.product import (
    Aim,
    DailyTimes,
    Exposure,
    Fee,
    FeeBasis,
    Financing,
    Product,
    ProductRulesError,
    Schedule,
    ShareMerge,
    ShareSplit,
    Terms,
    Trigger,
)

D = Decimal
START = datetime(2024, 3, 9, 20, 0, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60 * SECOND


def product(*terms: Terms, until: datetime | None = None) -> Product:
    return Product("BTC3L", "Test", "BTC", "USDT", terms, until)


def three_long(**changes: object) -> Terms:
    """A target of 3, and whatever else a test needs."""
    return Terms(**{"since": START, "target": D(3), **changes})  # type: ignore[arg-type]


def mark(price: object, *, minutes: float = 0, of: str = "BTC") -> Mark:
    return Mark(of, microseconds(START + timedelta(minutes=minutes)), D(str(price)), "test")


def opened(rules: Product, price: object = 100, **options: object) -> Watch:
    live = issue(rules, mark(price), **{"nav": D(100), "units": D(10), **options})  # type: ignore[arg-type]
    return watch(rules, live)


def at(watched: Watch, price: object, *, minutes: float, **charges: object) -> tuple[Watch, Step | None]:
    seen = mark(price, minutes=minutes)
    return advance(watched, seen, now=seen.at, **charges)  # type: ignore[arg-type]


def after(watched: Watch, live: LiveProduct) -> Watch:
    """The watch of a product after something that is no mark."""
    return watch(watched.product, live)


ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "+05:30"])
TIMES = st.lists(
    st.sampled_from(["00:00", "00:02", "02:30", "08:00", "16:00", "23:55"]),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)
DAILY = st.builds(DailyTimes, TIMES, ZONES)


@st.composite
def any_terms(draw: st.DrawFn, since: datetime, exposures: Sequence[Exposure] = tuple(Exposure)) -> Terms:
    """Rules of every kind that the schema knows."""
    target = draw(st.sampled_from([D(3), D(-3), D(2), D(-1), D("1.5"), D("0.5"), D(5), D(1), D("-0.7")]))
    size = abs(target)

    def maybe(*values: object) -> Any:
        return draw(st.sampled_from([None, *values]))

    def schedule() -> Schedule:
        batches = draw(st.sampled_from([1, 1, 2, 3]))
        return Schedule(
            draw(DAILY),
            below=maybe(size / 2, size * D("0.9")),
            above=maybe(size * D("1.25"), size * D("1.05")),
            moved=maybe(D("0.01"), D("0.05")),
            batches=batches,
            batch_seconds=300 if batches > 1 else 0,
            speed=draw(st.sampled_from([D(1), D("0.4"), D("0.05")])),
            floor=maybe(size * D("0.8")),
            ceiling=maybe(size * D("1.3")),
        )

    to_edge = draw(st.booleans())
    trigger = Trigger(
        above=maybe(size * D("1.2"), size * D("1.8")),
        below=maybe(size * D("0.7")),
        over_target=maybe(D(1) / 4),
        under_target=maybe(D("0.15")),
        adverse_move=None if to_edge else maybe(D("0.1"), D("0.05")),
        favourable_move=None if to_edge else maybe(D("0.1"), D("0.2")),
        aim=Aim.EDGE if to_edge else Aim.TARGET,
        rearm_seconds=draw(st.sampled_from([0, 0, 600, 7200, 100_000])),
        speed=draw(st.sampled_from([D(0), D("0.5")])) if to_edge else D(0),
    )
    exposure = draw(st.sampled_from(exposures))
    rate = draw(st.sampled_from([D("0.0001"), D("-0.0003"), D("0.002")]))
    financed = Financing(rate, draw(DAILY), issuer_bears=draw(st.sampled_from([False, False, True])))
    fees = [
        Fee(D("0.0003"), draw(DAILY)),
        Fee(D("0.0001"), draw(DAILY), FeeBasis.NOTIONAL, "hedge"),
        Fee(D("0.001"), draw(DAILY)),
    ]
    return Terms(
        since=since,
        target=target,
        exposure=exposure,
        schedules=tuple(schedule() for _ in range(draw(st.integers(0, 2)))),
        trigger=trigger,
        fees=tuple(fees[: draw(st.integers(0, 3))]),
        financing=Financing() if exposure is Exposure.FUTURE or draw(st.booleans()) else financed,
        trading_cost=draw(st.sampled_from([D(0), D("0.0005"), D("0.01")])),
        merge=maybe(ShareMerge(D(80), 3), ShareMerge(D("0.5"), 20)),
        split=maybe(ShareSplit(D(300), 3)),
    )


@st.composite
def any_product(
    draw: st.DrawFn, ages: Sequence[datetime], exposures: Sequence[Exposure] = tuple(Exposure)
) -> Product:
    """Rules that can be followed, with new terms at some of ``ages``, the first of them always."""
    found = [draw(any_terms(since, exposures)) for since in ages[: draw(st.integers(1, len(ages)))]]
    try:
        return check_product(product(*found))
    except ProductRulesError:
        plain = [Terms(one.since, one.target, one.exposure, schedules=one.schedules) for one in found]
        return product(*plain)


def products() -> st.SearchStrategy[Product]:
    """Products that can run: what they hold does not expire."""
    running = [Exposure.PERPETUAL, Exposure.INVERSE, Exposure.SPOT]
    return any_product([START - timedelta(days=1), START + timedelta(hours=7, minutes=1)], running)


@st.composite
def paths(draw: st.DrawFn) -> tuple[Sequence[int], Sequence[Decimal]]:
    """Rising instants that lie from a second to two days apart, and prices with small moves and jumps."""
    gaps = draw(
        st.lists(
            st.sampled_from([1, 60, 60, 300, 301, 3600, 5 * 3600, 30 * 3600, 49 * 3600]),
            min_size=1,
            max_size=40,
        )
    )
    times, prices = [microseconds(START)], [D(100)]
    for gap in gaps:
        times.append(times[-1] + gap * SECOND)
        factor = draw(
            st.sampled_from(["0.7", "0.88", "0.95", "0.99", "1", "1.003", "1.02", "1.07", "1.13", "1.4"])
        )
        prices.append((prices[-1] * D(factor)).quantize(D("0.000001")))
    return times, prices
