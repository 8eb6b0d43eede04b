"""The path of a simulated product's NAV, by mark or as published, with share merges and without."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import prod
from typing import NamedTuple

from truenav.calc.etp.engine.history import rolls_by_mark
from truenav.calc.etp.engine.simulate import Simulation
from truenav.core.money import ONE, exact


class Point(NamedTuple):
    """What a unit was worth after the events of a mark.

    ``at`` is in microseconds since 1970, ``price`` the mark. ``nav`` is of the units of that time,
    ``nav_adjusted`` of those of the end, so that no share merge or split shows in it. ``leverage`` is None
    where nothing is left.
    """

    at: int
    price: Decimal
    nav: Decimal
    nav_adjusted: Decimal
    leverage: Decimal | None


def nav_path(
    simulation: Simulation, *, published_only: bool = False, most: int | None = None
) -> Iterator[Point]:
    """The path at all marks; or at those that published a NAV, the first mark and the last.

    Of more than ``most`` marks only so many are taken, evenly apart, the first and the last among them. A NAV
    that leads to a share merge is still one of the old units. Method: docs/methods/leveraged.md.
    """
    times = simulation.history.times
    places: Sequence[int] = range(len(times))
    if published_only:
        published = (bisect_left(times, at) for at, _ in simulation.published)
        places = sorted({0, *published, len(times) - 1})
    if most is not None and len(places) > most:
        places = [places[row * (len(places) - 1) // (most - 1)] for row in range(most)]
    with exact():
        points = list(_points(simulation, places))
    yield from points


def _points(simulation: Simulation, places: Sequence[int]) -> Iterator[Point]:
    history, events, merges = simulation.history, simulation.events, simulation.merges
    rolls = rolls_by_mark(history)
    position, cash = simulation.opening.position, simulation.opening.cash
    total = prod((merge.ratio for merge in merges), start=ONE)
    event, merge_row, factor = 0, 0, ONE
    for place in places:
        at, mark = history.times[place], history.prices[place]
        while event < len(events) and events[event].place <= place:
            position, cash = events[event].position, events[event].cash
            event += 1
        while merge_row < len(merges) and merges[merge_row].at < at:
            factor *= merges[merge_row].ratio
            merge_row += 1
        exposure = position * mark / rolls.get(place, ONE)
        nav = exposure + cash
        yield Point(at, mark, nav * factor, nav * total, exposure / nav if nav > 0 else None)
