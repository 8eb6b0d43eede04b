"""Take a product through a whole history of marks: only where something happens is a step made.

Between two events NAV is linear in the price, so a run of marks is quiet if its lowest and highest price lie
within the bounds of `truenav.calc.etp.stepping.bounds`; these extremes are known beforehand for blocks of
marks. Like the steps, this is written for any kind of number and compiled as it stands for floats: columns
are lists of decimals or arrays of floats.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from truenav.calc.etp.stepping import (
    CHARGED,
    RUINED,
    SCHEDULED,
    TRIGGERED,
    Bounds,
    Limits,
    Number,
    Paid,
    State,
    Stop,
    bounds,
    is_reached,
    net_value,
    step,
)

Column: TypeAlias = Any
"""A list of decimals, or an array of floats or integers."""

BLOCK = 32
"""Marks in a block; its extremes are kept."""


class Marks(NamedTuple):
    """Prices in order of time (shape (marks,)), when they were seen (microseconds since 1970), and the lowest
    and highest price of each whole block of `BLOCK` marks.
    """

    prices: Column
    times: Column
    lows: Column
    highs: Column


class Stops(NamedTuple):
    """What falls due by the calendar: ``index`` of the mark, rising, and the fields of `Stop`."""

    index: Column
    financing: Column
    fee_nav: Column
    fee_notional: Column
    roll: Column
    share: Column
    batches: Column
    follows: Column
    low: Column
    high: Column
    moved: Column
    floor: Column
    ceiling: Column


class Seen(NamedTuple):
    """What is carried along: the highest NAV of any mark, the lowest share of the highest before it, until
    when the trigger sleeps, and how often the product was rebalanced by schedule and by trigger.
    """

    peak: Number
    worst: Number
    sleeps_until: int
    scheduled: int
    triggered: int


class Events(NamedTuple):
    """Columns to be filled, a row for each step: the mark's index, what happened, what a unit holds after it,
    NAV at the mark before it, and what was paid. Rows beyond the columns' length are counted, not written.
    """

    index: Column
    kind: Column
    position: Column
    cash: Column
    before: Column
    financing: Column
    fees: Column
    costs: Column
    gap: Column
    deficit: Column


def extremes(prices: Column, start: int, stop: int) -> tuple[Number, Number]:
    """The lowest and the highest of ``prices[start:stop]``, which is not empty."""
    part = prices[start:stop]
    return min(part), max(part)


def _first_reached(prices: Column, start: int, stop: int, limit: Bounds) -> int:
    for place in range(start, stop):
        if is_reached(limit, prices[place]):
            return place
    return stop - 1


def _walk(
    prices: Column, start: int, stop: int, state: State, peak: Number, worst: Number
) -> tuple[Number, Number]:
    """Highest NAV and lowest share of it after some marks, one by one."""
    for place in range(start, stop):
        value = net_value(state, prices[place])
        if value > peak:
            peak = value
        elif value < worst * peak:
            worst = value / peak
    return peak, worst


def _quiet(
    marks: Marks, start: int, last: int, limit: Bounds, state: State, peak: Number, worst: Number
) -> tuple[int, Number, Number]:
    """The first mark from ``start`` on that reaches a bound, or ``last``; and the drawdown up to it."""
    here = start
    while here <= last:
        end = min(here - here % BLOCK + BLOCK, last + 1)
        if end - here == BLOCK:
            low, high = marks.lows[here // BLOCK], marks.highs[here // BLOCK]
        else:
            low, high = extremes(marks.prices, here, end)
        reached = is_reached(limit, low) or is_reached(limit, high)
        if reached:
            end = _first_reached(marks.prices, here, end, limit) + 1
        best = net_value(state, high if state.position > 0 else low)
        least = net_value(state, low if state.position > 0 else high)
        if best > peak or least < worst * peak:
            peak, worst = _walk(marks.prices, here, end, state, peak, worst)
        if reached:
            return end - 1, peak, worst
        here = end
    return last, peak, worst


def stop_at(stops: Stops, row: int) -> Stop:
    """One row of the calendar's columns."""
    return Stop(
        stops.financing[row],
        stops.fee_nav[row],
        stops.fee_notional[row],
        stops.roll[row],
        stops.share[row],
        stops.batches[row],
        stops.follows[row],
        stops.low[row],
        stops.high[row],
        stops.moved[row],
        stops.floor[row],
        stops.ceiling[row],
    )


def no_stop(price: Number) -> Stop:
    """Nothing is due; ``price`` tells the kind of number."""
    nothing = 0 * price
    return Stop(
        nothing, nothing, nothing, nothing + 1, nothing, 0, 0, nothing, nothing, nothing, nothing, nothing
    )


def _write(events: Events, row: int, index: int, kind: int, state: State, before: Number, paid: Paid) -> None:
    events.index[row] = index
    events.kind[row] = kind
    events.position[row] = state.position
    events.cash[row] = state.cash
    events.before[row] = before
    events.financing[row] = paid.financing
    events.fees[row] = paid.fees
    events.costs[row] = paid.costs
    events.gap[row] = paid.gap
    events.deficit[row] = paid.deficit


def run(
    marks: Marks,
    start: int,
    end: int,
    stops: Stops,
    first_stop: int,
    limits: Limits,
    rearm: int,
    state: State,
    seen: Seen,
    events: Events,
    first_event: int,
) -> tuple[State, Seen, int]:
    """Take ``state`` through the marks ``start`` to ``end``, ``end`` excluded.

    ``first_stop`` is the first row of ``stops`` that is not before ``start``, ``rearm`` how long the trigger
    sleeps after a rebalance (microseconds), ``first_event`` the row of ``events`` to write next. Drawdown is
    of NAV at the marks, before their events. Gives the state and what was seen at the end, and the next row;
    after ruin nothing happens any more.
    """
    here, due, row = start, first_stop, first_event
    peak, worst, sleeps_until, scheduled, triggered = seen
    nothing_due = no_stop(limits.target)
    while here < end and state.position != 0:
        last = end - 1
        if due < len(stops.index) and stops.index[due] < last:
            last = stops.index[due]
        armed = marks.times[here] >= sleeps_until
        if not armed:
            awake = here + 1
            while awake <= last and marks.times[awake] < sleeps_until:
                awake += 1
            last = min(last, awake - 1)
        limit = bounds(state, limits, armed)
        here, peak, worst = _quiet(marks, here, last, limit, state, peak, worst)
        price = marks.prices[here]
        at_stop = due < len(stops.index) and stops.index[due] == here
        if at_stop or is_reached(limit, price):
            before = net_value(state, price)
            stop = stop_at(stops, due) if at_stop else nothing_due
            state, paid, kind = step(state, price, stop, limits, armed)
            due += 1 if at_stop else 0
            if row < len(events.index):
                _write(events, row, here, kind, state, before, paid)
            row += 1
            scheduled += 1 if kind == SCHEDULED else 0
            triggered += 1 if kind == TRIGGERED else 0
            if kind in (SCHEDULED, TRIGGERED):
                sleeps_until = marks.times[here] + rearm
        here += 1
    return state, Seen(peak, worst, sleeps_until, scheduled, triggered), row


__all__ = ["BLOCK", "CHARGED", "RUINED", "Events", "Marks", "Seen", "Stops", "extremes", "run"]
