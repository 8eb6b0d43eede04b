"""A product watched without pause: marks are joined by monotone paths, a trigger fills at its own price.

For tables and theory. A running product sees marks, and trades at the mark it saw (`simulate`); what lies
between both is the gap. All else (charges, schedules, their order) is the same step at the same mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from truenav.calc.etp.engine.calendar import dues
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.rules import limits_of
from truenav.calc.etp.engine.running import no_stop, stop_at
from truenav.calc.etp.engine.simulate import (
    Event,
    EventKind,
    Simulation,
    check_replay,
    event_of,
    issued,
    last_price,
    published_navs,
    terms_at,
)
from truenav.calc.etp.engine.stepping import (
    RUINED,
    TRIGGERED,
    Limits,
    Paid,
    State,
    bounds,
    is_reached,
    net_value,
    step,
    trigger_bounds,
)
from truenav.core.money import ONE, ZERO, exact
from truenav.core.product import Product, ProductRulesError

MOST_FILLS = 10_000
"""Rebalances between two marks; more mean that the trigger lies too near to the target."""


class Fill(NamedTuple):
    """A rebalance, or the end, between two marks: at a price, from one state to another."""

    price: Decimal
    kind: int
    before: State
    after: State
    paid: Paid


def fills_between(state: State, limits: Limits, price: Decimal, mark: Decimal) -> Iterator[Fill]:
    """What the trigger does while the price goes from one mark to the next without turning.

    A state that is beyond a bound already is rebalanced at ``price``. A trigger that returns to the edge only
    would trade at every price beyond it: that is one fill along the rest of the way (`_slide`).
    `ProductRulesError` after `MOST_FILLS`.
    """
    nothing_due = no_stop(price)
    slides = limits.to_edge and limits.speed == 0
    for _ in range(MOST_FILLS):
        if state.position == 0:
            return
        limit = bounds(state, limits, True)
        if not is_reached(limit, price):
            if not is_reached(limit, mark):
                return
            edges, side = trigger_bounds(state, limits), int(mark > price)
            if slides and edges[side] > 0:
                yield _slide(state, limits, edges[side], mark)
                return
            price = limit[side]
        after, paid, kind = step(state, price, nothing_due, limits, True)
        yield Fill(price, kind, state, after, paid)
        state = after
    raise ProductRulesError(
        f"The trigger fires more than {MOST_FILLS} times between two marks; move it away from the target."
    )


def _slide(state: State, limits: Limits, price: Decimal, mark: Decimal) -> Fill:
    """Hold the leverage of an edge from where it is reached (``price``) to the mark, trading all the way.

    With ``g`` the leverage, ``c`` the cost and ``s`` the side of the trades, ``dNAV = B dP - c s P dB`` and
    ``B = g NAV / P`` give ``NAV ~ P^a`` with ``a = g (1 + c s) / (1 + c s g)``.
    """
    nav = net_value(state, price)
    goal = state.position * price / nav
    side = 1 if (goal * goal - goal) * (mark - price) > 0 else -1
    friction = limits.cost * side
    power = goal * (1 + friction) / (1 + friction * goal)
    value = nav * (mark / price) ** power
    paid = friction * goal * (power - 1) / power * (value - nav)
    after = State(goal * value / mark, (1 - goal) * value, mark, 0)
    return Fill(mark, TRIGGERED, state, after, Paid(ZERO, ZERO, paid, ZERO, ZERO))


def simulate_continuously(product: Product, history: History, *, nav: Decimal = Decimal(100)) -> Simulation:
    """Run a product over a history as if its price were watched without pause between the marks.

    The result is that of `simulate`; an event between two marks has the place and instant of the later one.
    Refusals are those of `simulate`; beside them `ProductRulesError` where a trigger sleeps after a
    rebalance: a path between marks says nothing of the time it takes.
    """
    check_replay(product, history, nav)
    if any(terms.trigger.rearm_seconds for terms in product.terms):
        raise ProductRulesError(
            f"{product.id}: a trigger that sleeps after a rebalance cannot be followed between marks; "
            "simulate it mark by mark."
        )
    with exact():
        due = dues(product, history.times, rates=history.rates or None, rolls=history.rolls)
        rows = {place: stop_at(due.stops, row) for row, place in enumerate(due.stops.index)}
        prices = history.prices
        opening = state = issued(terms_at(product, history.times[0]), prices[0], nav)
        price, peak, worst = prices[0], nav, ONE
        events: list[Event] = []
        told: list[Event] = []
        for place in range(1, len(prices)):
            at, mark = history.times[place], prices[place]
            limits = limits_of(terms_at(product, at))
            for fill in fills_between(state, limits, price, mark):
                before = net_value(fill.before, fill.price)
                held, state = state.position, fill.after
                events.append(event_of(place, at, fill.kind, fill.price, ONE, held, before, state, fill.paid))
                told += [events[-1]] if fill.kind == RUINED else []
            value, price = net_value(state, mark), mark
            peak = max(peak, value)
            worst = min(worst, value / peak)
            if place in rows and state.position != 0:
                stop, held = rows[place], state.position
                state, paid, kind = step(state, mark, stop, limits, True)
                events.append(event_of(place, at, kind, mark, stop.roll, held, value, state, paid))
                told.append(events[-1])
                price = mark / stop.roll
        published, merges = published_navs(product, told, due)
        worth = state.position * last_price(history) + state.cash
        kinds = [event.kind for event in events]
        return Simulation(
            product,
            history,
            opening,
            tuple(events),
            state,
            worth,
            published,
            merges,
            kinds.count(EventKind.SCHEDULED),
            kinds.count(EventKind.TRIGGERED),
            max(worst - 1, -ONE),
        )
