"""What became of many runs: columns of them, of their events and of the NAVs that they published."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from truenav.calc.etp.engine.adjustments import changes_due
from truenav.calc.etp.engine.calendar import eras
from truenav.calc.etp.engine.many_paths import Floats, Integers
from truenav.calc.etp.engine.many_runs import Runs
from truenav.calc.etp.engine.running import Events, Published
from truenav.calc.etp.engine.simulate import Merge
from truenav.core.product import Product, Terms

_DIGITS, _NEARLY = 12, 1e-11  # a NAV is compared by so many digits; one that is further away need not be


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns:
    """The steps of all runs: run ``r`` has rows ``starts[r]`` to ``starts[r + 1]``.

    ``index`` is the mark's place in its path, ``kind`` one of `CHARGED`, `SCHEDULED`, `TRIGGERED` and
    `RUINED` of `truenav.calc.etp.engine.stepping`; ``position`` and ``cash`` are of a unit as issued after
    the step, ``before`` NAV before it. What was paid is positive.
    """

    starts: Integers
    index: Integers
    kind: Integers
    position: Floats
    cash: Floats
    before: Floats
    financing: Floats
    fees: Floats
    costs: Floats
    gap: Floats
    deficit: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Simulations:
    """What became of each run, columns of shape (runs,).

    Attributes
    ----------
    runs : (runs, 2) product and path of each, their places in what was given.
    nav : per unit as issued, at the last mark.
    factor : by what merges and splits multiplied NAV per unit: units as issued in one of now.
    scheduled, triggered : how many rebalances there were.
    worst : deepest drawdown of NAV at the marks, before their events, from 0 to -1.
    ruined : whether nothing is left.
    financing, fees, costs, gap, deficit : totals, per unit as issued, in the quote asset; what was paid is
        positive, a gap is what was made between triggers and the marks that they were seen at.
    merges : share merges and splits, each with its run.
    starts : run ``r`` published ``published[starts[r]:starts[r + 1]]``, NAVs per unit as holders saw them,
        at the instants of ``published_at`` (microseconds since 1970); a merge counts from the next one on.
    events : each step, where they were asked for.
    """

    runs: Integers
    nav: Floats
    factor: Floats
    scheduled: Integers
    triggered: Integers
    worst: Floats
    ruined: NDArray[np.bool_]
    financing: Floats
    fees: Floats
    costs: Floats
    gap: Floats
    deficit: Floats
    starts: Integers
    published_at: Integers
    published: Floats
    merges: tuple[tuple[int, Merge], ...]
    events: EventColumns | None

    def __len__(self) -> int:
        return int(self.nav.size)

    def published_by(self, run: int) -> tuple[Integers, Floats]:
        """Instants and NAVs that one run published."""
        rows = slice(int(self.starts[run]), int(self.starts[run + 1]))
        return self.published_at[rows], self.published[rows]


def joined(parts: Sequence[Simulations]) -> Simulations:
    """Simulations one after the other; their runs keep the numbers of products and paths that they have."""
    first = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    plain = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Simulations)
        if field.name not in ("starts", "merges", "events")
    }
    kept = [part.events for part in parts if part.events is not None]
    return Simulations(
        **plain,
        starts=starts_of(np.concatenate([np.diff(part.starts) for part in parts])),
        merges=tuple(
            (start + run, merge)
            for start, part in zip(first, parts, strict=False)
            for run, merge in part.merges
        ),
        events=_joined_events(kept) if len(kept) == len(parts) else None,
    )


def _joined_events(parts: Sequence[EventColumns]) -> EventColumns:
    starts = starts_of(np.concatenate([np.diff(part.starts) for part in parts]))
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in Events._fields)
    return EventColumns(starts, *columns)


def starts_of(counts: Sequence[int] | Integers) -> Integers:
    """Where the rows of each begin, and at the end how many there are."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def simulations(
    products: Sequence[Product],
    pairs: Sequence[tuple[int, int]],
    runs: Runs,
    published: Published,
    first_publication: Integers,
    events: Sequence[Events] | None,
) -> Simulations:
    """The columns of all runs, of each pair of a product and a path.

    ``published`` has spare rows: a run's begin at ``first_publication``. ``events`` are those of each run.
    """
    starts = starts_of(runs.publications)
    rows = np.arange(starts[-1]) + np.repeat(first_publication - starts[:-1], runs.publications)
    at, navs = published.at[rows], published.nav[rows]
    factors, merges = np.ones(len(pairs)), []
    for run, (product, _) in enumerate(pairs):
        if any(terms.merge or terms.split for terms in products[product].terms):
            own = slice(int(starts[run]), int(starts[run + 1]))
            factors[run], found = _merged(products[product], at[own], navs[own])
            merges += [(run, merge) for merge in found]
    return Simulations(
        runs=np.array(pairs, np.int64).reshape(-1, 2),
        nav=runs.nav,
        factor=factors,
        scheduled=runs.scheduled,
        triggered=runs.triggered,
        worst=np.maximum(runs.lowest - 1.0, -1.0),
        ruined=runs.position == 0,
        financing=runs.financing,
        fees=runs.fees,
        costs=runs.costs,
        gap=runs.gap,
        deficit=runs.deficit,
        starts=starts,
        published_at=at,
        published=navs,
        merges=tuple(merges),
        events=None if events is None else _event_columns(events),
    )


def _event_columns(events: Sequence[Events]) -> EventColumns:
    columns = zip(room_for_events(0), *events, strict=True)
    return EventColumns(
        starts_of([len(one.index) for one in events]), *(np.concatenate(column) for column in columns)
    )


def room_for_events(rows: int) -> Events:
    """Columns to be filled with so many events."""
    whole = ("index", "kind")
    return Events(*(np.zeros(rows, np.int64 if name in whole else np.float64) for name in Events._fields))


def _merged(product: Product, at: Integers, navs: Floats) -> tuple[float, list[Merge]]:
    """Make published NAVs of a unit as issued (in place) those that holders saw.

    Gives the factor at the end, and what NAV was multiplied by after which instant.
    """
    row, factor, merges = 0, 1.0, []
    for terms, _, until in eras(product):
        end = int(np.searchsorted(at, until))
        low, high = _unit_bounds(terms)
        while row < end and (outside := (navs[row:end] <= low) | (navs[row:end] >= high)).any():
            row += int(outside.argmax())
            for change in changes_due(terms, Decimal(f"{navs[row]:.{_DIGITS}g}")):
                merges.append(Merge(int(at[row]), change.factor))
                navs[row + 1 :] *= float(change.factor)
                factor *= float(change.factor)
            row += 1
        row = end
    return factor, merges


def _unit_bounds(terms: Terms) -> tuple[float, float]:
    """A published NAV between these calls for no merge and no split; one outside may."""
    low = 0.0 if terms.merge is None else float(terms.merge.at_or_below)
    high = math.inf if terms.split is None else float(terms.split.at_or_above)
    return low * (1 + _NEARLY), high * (1 - _NEARLY)
