"""Running leveraged products on marks as they come: one product, and 200 of them at 10 marks a second."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from decimal import Decimal

from bench.harness import Contender, Goal, Workload
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.live.hedged import closed, filled, remaining
from truenav.calc.etp.live.product import advance, issue, watch
from truenav.calc.etp.live.state import Fill, LiveProduct, Mark, Watch
from truenav.core.product import DailyTimes, Fee, Financing, Product, Schedule, Terms, Trigger

MARKS = 20_000
PRODUCTS = 200
MARKS_A_SECOND = 10
SECONDS = 5
START = datetime(2024, 3, 9, 23, 30, tzinfo=UTC)
BEFORE_SCHEDULE = datetime(2024, 3, 10, 0, 1, 58, tzinfo=UTC)
APART = 100_000
"""Microseconds between two marks."""


def _product(number: int) -> Product:
    sign = -1 if number % 2 else 1
    at = DailyTimes(("00:02",))
    terms = Terms(
        since=START,
        target=Decimal(3) * sign,
        schedules=(Schedule(at),),
        trigger=Trigger(over_target=Decimal("0.1")),
        fees=(Fee(Decimal("0.0003"), at),),
        financing=Financing(Decimal("0.0001"), DailyTimes(("00:00", "08:00", "16:00"))),
        trading_cost=Decimal("0.0005"),
    )
    return Product(f"P{number}", "Bench", "BTC", "USDT", (terms,))


def _marks(start: datetime, count: int, apart: int) -> list[Mark]:
    """A walk whose steps make trigger and schedule fire."""
    made = random.Random(7)
    at, price, marks = microseconds(start), Decimal(60_000), []
    for _ in range(count):
        marks.append(Mark("BTC", at, price, "bench"))
        at += apart
        price = (price * (1 + Decimal(made.randrange(-100, 101)) / 100_000)).quantize(Decimal("0.01"))
    return marks


def _opened(product: Product, mark: Mark, *, hedged: bool) -> Watch:
    live = issue(product, mark, nav=Decimal(100), units=Decimal(10_000), hedged=hedged)
    return watch(product, _traded(live) if hedged else live)


def _traded(live: LiveProduct) -> LiveProduct:
    fill = Fill(str(live.proposals), live.mark.at, remaining(live), live.price)
    return closed(filled(live, fill), at=live.mark.at)[0]


def _run(product: Product, marks: list[Mark], *, hedged: bool = False) -> Watch:
    watched = _opened(product, marks[0], hedged=hedged)
    for mark in marks[1:]:
        watched, _ = advance(watched, mark, now=mark.at)
        if watched.live.proposal is not None:
            watched = watch(product, _traded(watched.live))
    return watched


def _share_of_a_core(marks: list[Mark]) -> float:
    """Seconds of one core that the marks of `SECONDS` take, all products together."""
    products = [_product(number) for number in range(PRODUCTS)]
    watched = [_opened(product, marks[0], hedged=True) for product in products]
    start = time.process_time()
    for mark in marks[1:]:
        for place, one in enumerate(watched):
            watched[place], _ = advance(one, mark, now=mark.at)
    return time.process_time() - start


def workload() -> Workload:
    # A mark a second for hours; and the seconds in which all products rebalance and nothing is traded yet.
    marks = _marks(START, MARKS, 1_000_000)
    ticks = _marks(BEFORE_SCHEDULE, SECONDS * MARKS_A_SECOND + 1, APART)
    product = _product(0)

    def check() -> str:
        history = History([one.at for one in marks], [one.price for one in marks])
        whole, live = simulate(product, history), _run(product, marks).live
        if live.model.state != whole.closing or not whole.events:
            raise AssertionError("marks one by one and the simulation differ")
        return (
            f"After {MARKS:,} marks the state is the simulation's to the last digit: {whole.scheduled} "
            f"scheduled and {whole.triggered} triggered rebalances."
        )

    return Workload(
        title=f"Running leveraged products: {MARKS:,} marks of one, and {PRODUCTS} at once",
        items=MARKS,
        unit="mark",
        ours="truenav",
        contenders=[
            Contender("truenav", lambda: _run(product, marks), note="exact, every mark a stored state"),
            Contender("hedged", lambda: _run(product, marks, hedged=True), note="with its model beside it"),
            Contender(
                f"{PRODUCTS} hedged, {SECONDS} s",
                lambda: _share_of_a_core(ticks),
                note=f"{MARKS_A_SECOND} marks a second each; processor time",
            ),
        ],
        goals=[
            Goal("marks a second", lambda seconds: MARKS / seconds["truenav"], at_least=20_000),
            Goal("marks a second, hedged", lambda seconds: MARKS / seconds["hedged"], at_least=20_000),
            Goal(
                f"share of one core for {PRODUCTS} products",
                lambda seconds: seconds[f"{PRODUCTS} hedged, {SECONDS} s"] / SECONDS,
                at_most=0.5,
            ),
        ],
        verify=check,
    )
