"""Many products through the same marks, one after the other, in one call: only columns go in and out.

Like `truenav.calc.etp.engine.running`, this is written for lists as well as arrays and compiled as it stands.
"""

from __future__ import annotations

from typing import NamedTuple

from truenav.calc.etp.engine.running import Column, Events, Marks, Published, Seen, Stops, begun, run
from truenav.calc.etp.engine.stepping import Limits, Number, State, net_value


class Eras(NamedTuple):
    """Rules as numbers, a row for each time that they hold: up to the mark ``end``, from which the next row
    holds. The rows ``first_stop`` to ``end_stop`` of the stops fall due under them; ``rearm`` is how long the
    trigger sleeps after a rebalance (microseconds), the others are the fields of `Limits`.
    """

    end: Column
    first_stop: Column
    end_stop: Column
    rearm: Column
    target: Column
    above: Column
    below: Column
    adverse: Column
    favourable: Column
    to_edge: Column
    cost: Column
    exposure: Column
    tie: Column
    speed: Column


class Plans(NamedTuple):
    """What the rules of a product come to on the times of a path, a row for each: the target of the issue,
    and its rows of eras and of stops.
    """

    target: Column
    first_era: Column
    end_era: Column
    first_stop: Column
    end_stop: Column


class Runs(NamedTuple):
    """Columns to be filled, a row for each run: what became of it.

    ``nav`` is that of the last mark, ``lowest`` the lowest share of the highest NAV before it; ``events`` and
    ``publications`` are how many there were.
    """

    position: Column
    nav: Column
    lowest: Column
    scheduled: Column
    triggered: Column
    financing: Column
    fees: Column
    costs: Column
    gap: Column
    deficit: Column
    events: Column
    publications: Column


def _limits(eras: Eras, era: int) -> Limits:
    return Limits(
        eras.target[era],
        eras.above[era],
        eras.below[era],
        eras.adverse[era],
        eras.favourable[era],
        eras.to_edge[era],
        eras.cost[era],
        eras.exposure[era],
        eras.tie[era],
        eras.speed[era],
    )


def _last_price(marks: Marks, stops: Stops, first_stop: int, end_stop: int) -> Number:
    """The last mark, on the scale of the next future where it rolled there."""
    last = len(marks.prices) - 1
    price = marks.prices[last]
    if end_stop > first_stop and stops.index[end_stop - 1] == last:
        return price / stops.roll[stops.kind[end_stop - 1]]
    return price


def _write_run(runs: Runs, row: int, position: Number, nav: Number, seen: Seen) -> None:
    runs.position[row] = position
    runs.nav[row] = nav
    runs.lowest[row] = seen.worst
    runs.scheduled[row] = seen.scheduled
    runs.triggered[row] = seen.triggered
    runs.financing[row] = seen.paid.financing
    runs.fees[row] = seen.paid.fees
    runs.costs[row] = seen.paid.costs
    runs.gap[row] = seen.paid.gap
    runs.deficit[row] = seen.paid.deficit


def run_all(
    marks: Marks,
    rows: Column,
    of_runs: Column,
    first_publication: Column,
    plans: Plans,
    eras: Eras,
    stops: Stops,
    nav: Number,
    runs: Runs,
    events: Events,
    published: Published,
) -> int:
    """Do the runs of ``rows``, each issued at the first mark for ``nav``; gives how many events there were.

    ``of_runs`` is the plan of each run, ``first_publication`` its first row of ``published``, both for all
    runs. The events of a run are written after those of the one before it.
    """
    event, price = 0, marks.prices[0]
    for row in rows:
        plan = of_runs[row]
        target = plans.target[plan]
        state = State(target * nav / price, (1 - target) * nav, price, 0)
        seen, start = begun(nav, event, first_publication[row]), 1
        for era in range(plans.first_era[plan], plans.end_era[plan]):
            first, end = eras.first_stop[era], eras.end_stop[era]
            limits, rearm = _limits(eras, era), eras.rearm[era]
            state, seen = run(
                marks, start, eras.end[era], stops, first, end, limits, rearm, state, seen, events, published
            )
            start = eras.end[era]
        last_price = _last_price(marks, stops, plans.first_stop[plan], plans.end_stop[plan])
        _write_run(runs, row, state.position, net_value(state, last_price), seen)
        runs.events[row] = seen.event - event
        runs.publications[row] = seen.publication - first_publication[row]
        event = seen.event
    return event
