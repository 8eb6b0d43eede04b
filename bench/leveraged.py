"""A year of minutes of 100 leveraged products: 20 underlyings with five leverages each.

A rebalance at 00:02 and one when the price has moved 0.45 / leverage against the product, 0.03 % fee a day,
0.01 % funding three times a day, 0.05 % trading cost. Found are the NAV of each day and at the end, how often
each was rebalanced, and the deepest drawdown at any minute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import Contender, Goal, Workload
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.many_paths import Path
from truenav.calc.etp.engine.many_results import Simulations
from truenav.calc.etp.engine.simulate_many import simulate_many, warm_up
from truenav.core.product import (
    Aim,
    DailyTimes,
    Exposure,
    Fee,
    FeeBasis,
    Financing,
    Product,
    Schedule,
    ShareMerge,
    ShareSplit,
    Terms,
    Trigger,
)

UNDERLYINGS = 20
BARS = 525_600
TARGETS = ("3", "-3", "2", "-2", "5")
EVENTS = 37_326
THREADS = 2
FLOAT_BARS = 100_000
DECIMAL_BARS = 20_000
START = datetime(2025, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000

D = Decimal
EIGHT_HOURLY = DailyTimes(("00:00", "08:00", "16:00"))


def prices() -> NDArray[np.float64]:
    """Minute prices of all underlyings; 0.15 % a minute is 5.7 % a day, so triggers do fire."""
    steps = np.random.default_rng(31).standard_normal((UNDERLYINGS, BARS)) * 0.0015
    walks: NDArray[np.float64] = 100.0 * np.exp(np.cumsum(steps, axis=1))
    return walks


def terms(target: str) -> Terms:
    size = abs(D(target))
    return Terms(
        START,
        D(target),
        schedules=(Schedule(DailyTimes(("00:02",))),),
        trigger=Trigger(adverse_move=D("0.45") / size),
        fees=(Fee(D("0.0003"), DailyTimes(("00:02",))),),
        financing=Financing(D("0.0001"), EIGHT_HOURLY),
        trading_cost=D("0.0005"),
    )


def products(change: Callable[[Terms], Sequence[Terms]] = lambda one: [one]) -> list[Product]:
    return [Product(target, "bench", "X", "USDT", tuple(change(terms(target)))) for target in TARGETS]


def _size(one: Terms, factor: str) -> Decimal:
    return abs(one.target) * D(factor)


def _batches(one: Terms) -> Schedule:
    return replace(one.schedules[0], batches=3, batch_seconds=600, speed=D("0.5"), ceiling=_size(one, "1.5"))


KINDS: dict[str, Callable[[Terms], Sequence[Terms]]] = {
    "range, both sides": lambda one: [
        replace(one, schedules=(), trigger=Trigger(above=_size(one, "1.3"), below=_size(one, "0.75")))
    ],
    "to the edge of a narrow band": lambda one: [
        replace(one, trigger=Trigger(above=_size(one, "1.1"), below=_size(one, "0.9"), aim=Aim.EDGE))
    ],
    "moves of a twentieth, both sides": lambda one: [
        replace(one, trigger=Trigger(adverse_move=D("0.05"), favourable_move=D("0.05")))
    ],
    "sleeping trigger": lambda one: [
        replace(one, trigger=Trigger(over_target=D("0.1"), under_target=D("0.1"), rearm_seconds=3600))
    ],
    "three fees a day, on notional too": lambda one: [
        replace(
            one,
            fees=(
                Fee(D("0.001"), EIGHT_HOURLY),
                Fee(D("0.0001"), DailyTimes(("07:55",), "Asia/Shanghai"), FeeBasis.NOTIONAL),
            ),
        )
    ],
    "batches on condition": lambda one: [
        replace(one, schedules=(replace(_batches(one), moved=D("0.01"), below=_size(one, "0.9")),))
    ],
    "inverse": lambda one: [replace(one, exposure=Exposure.INVERSE)],
    "spot": lambda one: [replace(one, exposure=Exposure.SPOT)],
    "futures": lambda one: [replace(one, exposure=Exposure.FUTURE, financing=Financing())],
    "merges and splits": lambda one: [
        replace(one, merge=ShareMerge(D(50), 10), split=ShareSplit(D(1000), 10))
    ],
    "new terms each month": lambda one: [
        replace(one, since=START + timedelta(days=30 * month), trading_cost=D(month) / 10_000)
        for month in range(12)
    ],
}
"""Rules of every kind; each is run on all underlyings with all leverages."""


@dataclass(frozen=True)
class World:
    """The paths, as columns and as rows of floats."""

    times: NDArray[np.int64]
    prices: NDArray[np.float64]

    def paths(self, bars: int = BARS) -> list[Path]:
        times = self.times[:bars]
        return [Path(times, row[:bars]) for row in self.prices]


def world() -> World:
    return World(microseconds(START) + np.arange(BARS) * MINUTE, prices())


def workload() -> Workload:
    warm_up()
    w = world()
    paths, first = w.paths(), w.prices[0]
    floats = first[:FLOAT_BARS].tolist()
    decimals = [D(repr(price)) for price in first[:DECIMAL_BARS].tolist()]
    all_bars = UNDERLYINGS * len(TARGETS) * BARS
    contenders = [
        Contender(
            "truenav",
            partial(simulate_many, products(), paths, threads=THREADS),
            f"public function: rules, calendar and every price checked, {THREADS} threads",
        ),
        Contender("truenav, 1 thread", partial(simulate_many, products(), paths, threads=1), "the same"),
        Contender(
            "truenav, plain Python",
            partial(simulate_many, products()[:1], paths[:1], accelerator="python"),
            "the same steps on Python's floats; one product, scaled",
            UNDERLYINGS * len(TARGETS),
        ),
        Contender(
            "float loop",
            partial(loop, floats, 3.0, float),
            f"each bar; {FLOAT_BARS:,} bars of one product, scaled",
            all_bars / FLOAT_BARS,
        ),
        Contender(
            "Decimal loop",
            partial(loop, decimals, D(3), D),
            f"each bar, 28 digits; {DECIMAL_BARS:,} bars of one product, scaled",
            all_bars / DECIMAL_BARS,
        ),
    ]
    contenders += [
        Contender(name, partial(simulate_many, products(change), paths, threads=THREADS), "other rules")
        for name, change in KINDS.items()
    ]
    return Workload(
        title="A year of minutes of 100 leveraged products",
        items=all_bars,
        unit="bar",
        ours="truenav",
        contenders=contenders,
        goals=(
            Goal("times as fast as a float loop", _over("float loop", "truenav"), at_least=400),
            Goal("times as fast as a Decimal loop", _over("Decimal loop", "truenav"), at_least=1_500),
            Goal("time over the memory limit", _over("truenav", "limit"), at_most=1.3),
            Goal(
                "slowest of the other rules, over these",
                lambda seconds: max(seconds[name] for name in KINDS) / seconds["truenav"],
                at_most=8,
            ),
        ),
        limit_bytes=all_bars * 8,
        verify=partial(_verify, w),
        notes=["The memory limit is that each product reads its path once: 8 bytes a bar."],
    )


def _over(one: str, other: str) -> Callable[[Any], float]:
    return lambda seconds: seconds[one] / seconds[other]


def loop(marks: Sequence[Any], target: Any, number: Callable[[str], Any]) -> tuple[Any, int, Any, list[Any]]:
    """One product, bar by bar: NAV at the end, rebalances, lowest share of a peak, NAV of each day."""
    cost, fee, funding = number("0.0005"), number("0.0003"), number("0.0001")
    limit = number("0.45") / abs(target)
    reference = marks[0]
    units = target * 100 / reference
    cash = (1 - target) * 100
    peak, lowest, count, days = number("100"), number("1"), 0, []
    for bar in range(1, len(marks)):
        price = marks[bar]
        nav = units * price + cash
        if nav > peak:  # noqa: PLR1730 - a plain loop, and max() would be slower
            peak = nav
        if nav / peak < lowest:  # noqa: PLR1730
            lowest = nav / peak
        if bar % 480 == 0:
            cash -= units * price * funding
        daily = bar % 1440 == 2
        against = reference - price if target > 0 else price - reference
        if daily or against >= limit * reference:
            nav = units * price + cash
            if daily:
                cash -= nav * fee
                nav -= nav * fee
            wanted = target * nav / price - units
            trade = wanted / (1 + cost * target) if wanted > 0 else wanted / (1 - cost * target)
            units += trade
            cash -= trade * price + abs(trade) * price * cost
            reference = price
            count += 1
            if daily:
                days.append(units * price + cash)
    return units * marks[-1] + cash, count, lowest, days


def _verify(w: World) -> str:
    found = simulate_many(products(), w.paths(), threads=THREADS)
    events = int(found.scheduled.sum() + found.triggered.sum())
    if events != EVENTS:
        raise AssertionError(f"there are {events} rebalances, not {EVENTS}")
    last = len(found) - len(TARGETS)
    for run in (0, 1, 2, 3, 4, last, last + 1):
        product, path = found.runs[run].tolist()
        _compare(found, run, loop(w.prices[path].tolist(), float(TARGETS[product]), float))
    few = simulate_many(products(), w.paths(DECIMAL_BARS)[:1], threads=1)
    marks = [D(repr(price)) for price in w.prices[0, :DECIMAL_BARS].tolist()]
    for run, target in enumerate(TARGETS):
        _compare(few, run, loop(marks, D(target), D))
    return (
        f"{EVENTS:,} rebalances; seven products equal the float loop, and all leverages the Decimal loop "
        f"over {DECIMAL_BARS:,} bars, to 1e-10 in NAV of each day, NAV at the end, drawdown and "
        "number of rebalances."
    )


def _compare(found: Simulations, run: int, expected: tuple[Any, int, Any, list[Any]]) -> None:
    nav, count, lowest, days = expected
    if found.scheduled[run] + found.triggered[run] != count:
        raise AssertionError(f"run {run}: a different number of rebalances")
    ours = [found.nav[run], found.worst[run], *found.published_by(run)[1]]
    np.testing.assert_allclose(ours, [float(one) for one in (nav, lowest - 1, *days)], rtol=1e-10)
