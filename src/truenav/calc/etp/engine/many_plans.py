"""The rules of many products on the times of many paths, as columns of numbers for `many_runs`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenav.calc.etp.engine.calendar import dues, eras
from truenav.calc.etp.engine.many_paths import Integers, Path
from truenav.calc.etp.engine.many_runs import Eras, Plans
from truenav.calc.etp.engine.rules import limits_of
from truenav.calc.etp.engine.running import Stops
from truenav.calc.etp.engine.simulate import terms_at
from truenav.core.money import exact
from truenav.core.product import Product

TIE = 1e-12
"""Relative distance within which floats count as equal."""

_BY_PLACE = {"index", "kind"}  # of a stop; its other columns are by kind
_WHOLE = {"index", "kind", "publishes", "batches", "follows", "end", "first_stop", "end_stop", "rearm"} | {
    "to_edge",
    "exposure",
    "first_era",
    "end_era",
}


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """All plans as columns of arrays, and which of them each run follows.

    ``publications`` is how many NAVs the stops of a plan publish, shape (plans,).
    """

    of_runs: Integers
    plans: Plans
    eras: Eras
    stops: Stops
    publications: Integers


def planned(products: Sequence[Product], paths: Sequence[Path], pairs: Sequence[tuple[int, int]]) -> Planned:
    """The plans of pairs of a product and a path; what is alike is found once.

    Products with the same times of everything share their stops, and so do paths with the same times and
    charges.
    """
    tables = _Tables()
    rows: dict[Hashable, int] = {}
    charges = {place: _charges(paths[place]) for _, place in pairs}
    with exact():
        for one, place in pairs:
            key = one, charges[place]
            if key not in rows:
                rows[key] = tables.add(products[one], paths[place], charges[place])
    return tables.columns([rows[one, charges[place]] for one, place in pairs])


def _charges(path: Path) -> Hashable:
    """All of a path that the calendar depends on."""
    return id(path.times), tuple(path.rates), tuple(path.rolls)


def _timing(product: Product) -> Hashable:
    """All of the rules that the calendar depends on."""
    terms = [(one.since, one.schedules, one.fees, one.financing) for one in product.terms]
    return (*terms, product.until)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Stops, and the rows that their places and their kinds begin at among those of all calendars."""

    stops: Stops
    index: Integers
    publications: int
    first: int
    first_kind: int


class _Tables:
    """Rows of plans, eras and stops while they are found."""

    def __init__(self) -> None:
        self._calendars: dict[Hashable, _Calendar] = {}
        self._plans: list[tuple[Any, ...]] = []
        self._publications: list[int] = []
        self._eras: list[tuple[Any, ...]] = []

    def add(self, product: Product, path: Path, charges: Hashable) -> int:
        """Add a plan; gives its row."""
        key = _timing(product), charges
        if key not in self._calendars:
            self._calendars[key] = self._calendar(product, path)
        calendar = self._calendars[key]
        first_era, start = len(self._eras), 1
        for terms, _, until in eras(product):
            end = int(np.searchsorted(path.times, until))
            if end > start:
                stops = (calendar.index.searchsorted([start, end]) + calendar.first).tolist()
                self._eras.append((end, *stops, terms.trigger.rearm_seconds * 1_000_000, *limits_of(terms)))
                start = end
        target = terms_at(product, int(path.times[0])).target
        end_stop = calendar.first + calendar.index.size
        self._plans.append((target, first_era, len(self._eras), calendar.first, end_stop))
        self._publications.append(calendar.publications)
        return len(self._plans) - 1

    def _calendar(self, product: Product, path: Path) -> _Calendar:
        times: Any = path.times
        stops = dues(product, times, rates=path.rates or None, rolls=path.rolls).stops
        before = self._calendars.values()
        return _Calendar(
            stops,
            np.array(stops.index, np.int64),
            sum(stops.publishes[kind] for kind in stops.kind),
            sum(one.index.size for one in before),
            sum(len(one.stops.publishes) for one in before),
        )

    def columns(self, of_runs: Sequence[int]) -> Planned:
        """All rows as columns."""
        table = Eras(*_columns(Eras._fields, self._eras))
        return Planned(
            of_runs=np.array(of_runs, np.int64),
            plans=Plans(*_columns(Plans._fields, self._plans)),
            eras=table._replace(tie=np.full(len(self._eras), TIE)),
            stops=self._stops(),
            publications=np.array(self._publications, np.int64),
        )

    def _stops(self) -> Stops:
        calendars = list(self._calendars.values())
        kinds = [np.array(one.stops.kind, np.int64) + one.first_kind for one in calendars]
        by_kind = Stops._fields[2:]
        rows = (row for one in calendars for row in zip(*one.stops[2:], strict=True))
        return Stops(_joined(one.index for one in calendars), _joined(kinds), *_columns(by_kind, list(rows)))


def _joined(columns: Iterable[Integers]) -> Integers:
    return np.concatenate([np.empty(0, np.int64), *columns])


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Iterable[NDArray[Any]]:
    """The columns of rows by their names: whole numbers or floats."""
    values = zip(*rows, strict=True) if rows else [()] * len(names)
    for name, column in zip(names, values, strict=True):
        yield np.array(column, np.int64 if name in _WHOLE else np.float64)
