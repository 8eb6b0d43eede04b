"""Take a product through a whole history of marks: only where something happens is a step made.

Between two events NAV is linear in the price, so a run of marks is quiet if its lowest and highest price lie
within the bounds of `truenav.calc.etp.engine.stepping.bounds`; these extremes are known beforehand for blocks
of marks. A block of which only a part belongs to the run is quiet as soon as the whole of it is. Like the
steps, this is written for any kind of number and compiled as it stands for floats: columns are lists of
decimals or of floats, or arrays.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from truenav.calc.etp.engine.stepping import (
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
"""A list of decimals or floats, or an array of floats or integers."""

BLOCK = 64
"""Marks in a block; its extremes are kept."""


class Marks(NamedTuple):
    """Prices in order of time (shape (marks,)), when they were seen (microseconds since 1970), and the lowest
    and highest price of each block of `BLOCK` marks, the last of which may be shorter.
    """

    prices: Column
    times: Column
    lows: Column
    highs: Column


class Stops(NamedTuple):
    """What falls due by the calendar: ``index`` of the mark, rising, and the ``kind`` of what does so there,
    its row in the other columns (the fields of `Stop`): through a year the same few things fall due.

    ``publishes`` is 1 where NAV is published after it.
    """

    index: Column
    kind: Column
    publishes: Column
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
    """What is carried along.

    The highest NAV of any mark, the lowest share of the highest before it, the first mark at which the
    trigger does not sleep, how often the product was rebalanced by schedule and by trigger, what was paid,
    and the next row of `Events` and of `Published`.
    """

    peak: Number
    worst: Number
    wakes_at: int
    scheduled: int
    triggered: int
    paid: Paid
    event: int
    publication: int


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


class Published(NamedTuple):
    """Columns to be filled: when a NAV was published, and the NAV of a unit as issued. As with events, rows
    beyond the columns' length are counted.
    """

    at: Column
    nav: Column


def begun(nav: Number, event: int, publication: int) -> Seen:
    """What was seen at the issue of a unit, and the rows to be written first."""
    nothing = 0 * nav
    paid = Paid(nothing, nothing, nothing, nothing, nothing)
    return Seen(nav, nothing + 1, 0, 0, 0, paid, event, publication)


def _first_at(times: Column, instant: int, start: int) -> int:
    """The first place from ``start`` on whose time is not before an instant, else how many there are.

    It is looked for nearby first: steps double until it is passed.
    """
    low, step = start, 1
    while low + step <= len(times) and times[low + step - 1] < instant:
        low, step = low + step, 2 * step
    high = min(low + step, len(times))
    while low < high:
        middle = (low + high) // 2
        if times[middle] < instant:
            low = middle + 1
        else:
            high = middle
    return low


def _walk(
    prices: Column, start: int, stop: int, limit: Bounds, state: State, peak: Number, worst: Number
) -> tuple[int, Number, Number]:
    """The first mark that reaches a bound, or ``stop``; highest NAV and lowest share of it up to there."""
    for place in range(start, stop):
        price = prices[place]
        value = net_value(state, price)
        if value > peak:
            peak = value
        elif value < worst * peak:
            worst = value / peak
        if is_reached(limit, price):
            return place, peak, worst
    return stop, peak, worst


def _look(
    marks: Marks, block: int, here: int, end: int, limit: Bounds, state: State, peak: Number, worst: Number
) -> tuple[int, Number, Number]:
    """As `_walk`, for the marks of a block from ``here`` to ``end``.

    Those of a whole block are walked through only where its extremes do not tell: where a bound is reached,
    or where NAV makes a new high and may fall deeper below it.
    """
    low, high = marks.lows[block], marks.highs[block]
    if end - here == BLOCK and not is_reached(limit, low) and not is_reached(limit, high):
        top, bottom = net_value(state, high), net_value(state, low)
        if state.position < 0:
            top, bottom = bottom, top
        if top <= peak:
            return end, peak, bottom / peak if bottom < worst * peak else worst
        if bottom >= worst * top:
            return end, top, worst
    return _walk(marks.prices, here, end, limit, state, peak, worst)


def _watched(limit: Bounds, state: State, peak: Number, worst: Number, tie: Number) -> Bounds:
    """Between these prices no bound is reached, and NAV is neither at a new high nor deeper below it."""
    rise = (peak - state.cash) / state.position
    fall = (worst * peak - state.cash) / state.position
    low, high = (fall, rise) if state.position > 0 else (rise, fall)
    low, high = low * (1 + tie), high * (1 - tie)
    return Bounds(max(low, limit.low), min(high, limit.high) if limit.high > 0 else high)


def _quiet(
    marks: Marks, start: int, last: int, limit: Bounds, tie: Number, state: State, peak: Number, worst: Number
) -> tuple[int, Number, Number]:
    """The first mark from ``start`` on that reaches a bound, or ``last``; and the drawdown up to it."""
    watched = _watched(limit, state, peak, worst, tie)
    block, last_block = start // BLOCK, last // BLOCK
    while True:
        while block <= last_block and marks.lows[block] > watched.low and marks.highs[block] < watched.high:
            block += 1
        if block > last_block:
            return last, peak, worst
        here, end = max(start, block * BLOCK), min(block * BLOCK + BLOCK, last + 1)
        found, peak, worst = _look(marks, block, here, end, limit, state, peak, worst)
        if found < end:
            return found, peak, worst
        watched = _watched(limit, state, peak, worst, tie)
        block += 1


def stop_at(stops: Stops, place: int) -> Stop:
    """What falls due at one of the stops."""
    row = stops.kind[place]
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


def _write_publication(published: Published, row: int, at: int, nav: Number) -> None:
    published.at[row] = at
    published.nav[row] = nav


def _sum(one: Paid, other: Paid) -> Paid:
    return Paid(
        one.financing + other.financing,
        one.fees + other.fees,
        one.costs + other.costs,
        one.gap + other.gap,
        one.deficit + other.deficit,
    )


def run(
    marks: Marks,
    start: int,
    end: int,
    stops: Stops,
    first_stop: int,
    end_stop: int,
    limits: Limits,
    rearm: int,
    state: State,
    seen: Seen,
    events: Events,
    published: Published,
) -> tuple[State, Seen]:
    """Take ``state`` through the marks ``start`` to ``end``, ``end`` excluded.

    The rows ``first_stop`` to ``end_stop`` of ``stops`` are those of these marks; ``rearm`` is how long the
    trigger sleeps after a rebalance (microseconds). Drawdown is of NAV at the marks, before their events.
    Ruin is published at once; after it nothing happens any more.
    """
    here, due = start, first_stop
    peak, worst, wakes_at, scheduled, triggered, total, row, publication = seen
    nothing_due = no_stop(limits.target)
    while here < end and state.position != 0:
        last = stops.index[due] if due < end_stop else end - 1
        armed = here >= wakes_at
        if not armed:
            last = min(last, wakes_at - 1)
        limit = bounds(state, limits, armed)
        here, peak, worst = _quiet(marks, here, last, limit, limits.tie, state, peak, worst)
        price = marks.prices[here]
        at_stop = due < end_stop and stops.index[due] == here
        if at_stop or is_reached(limit, price):
            before = net_value(state, price)
            stop = stop_at(stops, due) if at_stop else nothing_due
            state, paid, kind = step(state, price, stop, limits, armed)
            total = _sum(total, paid)
            if row < len(events.index):
                _write(events, row, here, kind, state, before, paid)
            row += 1
            if kind == RUINED or (at_stop and stops.publishes[stops.kind[due]]):
                if publication < len(published.at):
                    nav = net_value(state, price / stop.roll)
                    _write_publication(published, publication, marks.times[here], nav)
                publication += 1
            scheduled += 1 if kind == SCHEDULED else 0
            triggered += 1 if kind == TRIGGERED else 0
            if kind in (SCHEDULED, TRIGGERED):
                wakes_at = _first_at(marks.times, marks.times[here] + rearm, here + 1) if rearm > 0 else here
            due += 1 if at_stop else 0
        here += 1
    return state, Seen(peak, worst, wakes_at, scheduled, triggered, total, row, publication)
