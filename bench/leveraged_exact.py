"""One leveraged product, exact to 78 digits: over a history at once, and mark by mark as a product runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

from bench import leveraged
from bench.harness import Contender, Goal, Workload
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import Simulation, simulate
from truenav.calc.etp.live.product import advance, issue, watch
from truenav.calc.etp.live.state import LiveProduct, Mark
from truenav.core.product import Product

MARKS = 100_000
LIVE_MARKS = 40_000
LOOP_MARKS = 20_000


def workload() -> Workload:
    w = leveraged.world()
    times = w.times[:MARKS].tolist()
    prices = [Decimal(repr(round(price, 4))) for price in w.prices[0, :MARKS].tolist()]
    rules = leveraged.products()[0]
    live = [Mark("X", at, price, "bench") for at, price in zip(times, prices, strict=True)][:LIVE_MARKS]
    contenders = [
        Contender("truenav", partial(simulate, rules, History(times, prices)), "checked rules, all events"),
        Contender(
            "truenav, live",
            partial(run_live, rules, live),
            f"each mark checked and acted on, a minute apart; {LIVE_MARKS:,} marks, scaled",
            MARKS / LIVE_MARKS,
        ),
        Contender(
            "Decimal loop",
            partial(leveraged.loop, prices[:LOOP_MARKS], Decimal(3), Decimal),
            f"28 digits; {LOOP_MARKS:,} marks, scaled",
            MARKS / LOOP_MARKS,
        ),
    ]
    return Workload(
        title="One leveraged product, exact, 100,000 marks",
        items=MARKS,
        unit="mark",
        ours="truenav",
        contenders=contenders,
        goals=(
            Goal("marks a second, a history", _rate("truenav"), at_least=20_000),
            Goal("marks a second, live", _rate("truenav, live"), at_least=20_000),
        ),
        verify=partial(_verify, rules, times, prices, live),
    )


def _rate(name: str) -> Callable[[Any], float]:
    return lambda seconds: MARKS / seconds[name]


def run_live(rules: Product, marks: Sequence[Mark]) -> LiveProduct:
    """A product that sees each mark as it comes."""
    watched = watch(rules, issue(rules, marks[0], nav=Decimal(100)))
    for mark in marks[1:]:
        watched, _ = advance(watched, mark, now=mark.at)
    return watched.live


def _verify(rules: Product, times: list[int], prices: list[Decimal], marks: Sequence[Mark]) -> str:
    whole: Simulation = simulate(rules, History(times, prices))
    part = simulate(rules, History(times[:LIVE_MARKS], prices[:LIVE_MARKS]))
    if run_live(rules, marks).model.state != part.closing:
        raise AssertionError("the live product holds something else than the simulated one")
    if any(later.at <= earlier.at for earlier, later in pairwise(whole.events)):
        raise AssertionError("events are out of order")
    nav, count, lowest, _ = leveraged.loop(prices[:LOOP_MARKS], Decimal(3), Decimal)
    few = simulate(rules, History(times[:LOOP_MARKS], prices[:LOOP_MARKS]))
    if abs(few.nav / nav - 1) > Decimal("1e-20") or few.scheduled + few.triggered != count:
        raise AssertionError("the simulated product differs from the Decimal loop")
    if abs(few.worst + 1 - lowest) > Decimal("1e-20"):
        raise AssertionError("the drawdown differs from the Decimal loop")
    return (
        f"After {LIVE_MARKS:,} marks the live product holds what the simulated one does, to the last digit; "
        f"NAV, drawdown and rebalances equal those of the Decimal loop to 1e-20 after {LOOP_MARKS:,}."
    )
