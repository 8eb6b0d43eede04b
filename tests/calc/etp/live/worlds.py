"""Rules, marks and small helpers for tests of running products."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

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
def all_terms(draw: st.DrawFn, since: datetime) -> Terms:
    """Rules of every kind that the schema knows."""
    target = draw(st.sampled_from([D(3), D(-3), D(2), D(-1), D("1.5"), D("0.5"), D(5)]))
    size = abs(target)
    batches = draw(st.sampled_from([1, 1, 3]))
    schedule = Schedule(
        draw(DAILY),
        below=draw(st.sampled_from([None, size / 2])),
        above=draw(st.sampled_from([None, size * 4 / 3])),
        moved=draw(st.sampled_from([None, D("0.01")])),
        batches=batches,
        batch_seconds=300 if batches > 1 else 0,
        speed=draw(st.sampled_from([D(1), D("0.4")])),
        ceiling=draw(st.sampled_from([None, size * 2])),
    )
    to_edge = draw(st.booleans())
    trigger = Trigger(
        above=draw(st.sampled_from([None, size * D("1.2")])),
        below=draw(st.sampled_from([None, size * D("0.7")])),
        adverse_move=None if to_edge else draw(st.sampled_from([None, D("0.1")])),
        favourable_move=None if to_edge else draw(st.sampled_from([None, D("0.12")])),
        aim=Aim.EDGE if to_edge else Aim.TARGET,
        rearm_seconds=draw(st.sampled_from([0, 600, 7200])),
    )
    exposure = draw(st.sampled_from([Exposure.PERPETUAL, Exposure.INVERSE, Exposure.SPOT]))
    return Terms(
        since=since,
        target=target,
        exposure=exposure,
        schedules=draw(st.sampled_from([(), (schedule,)])),
        trigger=trigger,
        fees=(
            Fee(D("0.0003"), draw(DAILY)),
            Fee(D("0.0001"), draw(DAILY), FeeBasis.NOTIONAL, "hedge"),
        )[: draw(st.integers(0, 2))],
        financing=draw(
            st.sampled_from([Financing(), Financing(D("0.0001"), DailyTimes(("08:00", "16:00")))])
        ),
        trading_cost=draw(st.sampled_from([D(0), D("0.001")])),
        merge=draw(st.sampled_from([None, ShareMerge(D(80), 3)])),
        split=draw(st.sampled_from([None, ShareSplit(D(300), 3)])),
    )


@st.composite
def products(draw: st.DrawFn) -> Product:
    """A product with one or two sets of terms that can be followed."""
    first = draw(all_terms(START - timedelta(days=1)))
    second = draw(all_terms(START + timedelta(hours=7, minutes=1)))
    rules = product(*(first, second)[: draw(st.integers(1, 2))])
    try:
        return check_product(rules)
    except ProductRulesError:
        return product(Terms(first.since, first.target, fees=first.fees))


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
