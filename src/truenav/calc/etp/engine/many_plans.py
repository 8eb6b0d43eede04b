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
from truenav.calc.etp.engine.simulate import check_span, terms_at
from truenav.core.money import exact
from truenav.core.product import Product

TIE = 1e-12
"""Relative distance within which floats count as equal."""

_WHOLE = frozenset(
    [
        "batches",
        "end",
        "end_era",
        "end_stop",
        "exposure",
        "first_era",
        "first_stop",
        "follows",
        "publishes",
        "rearm",
        "to_edge",
    ]
)
"""Columns of whole numbers; all others are floats."""

_BY_KIND = 2
"""From this column on stops are by their kind, before it by their place."""


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
    first_alike: dict[Hashable, int] = {}
    used = {place for _, place in pairs}
    alike = {place: first_alike.setdefault(_charges(paths[place]), place) for place in used}
    tables = _Tables()
    rows: dict[tuple[int, int], int] = {}
    with exact():
        for one, place in pairs:
            key = one, alike[place]
            if key not in rows:
                rows[key] = tables.add(products[one], paths[alike[place]], alike[place])
    return tables.columns([rows[one, alike[place]] for one, place in pairs])


def _charges(path: Path) -> Hashable:
    """All of a path that the calendar depends on."""
    return id(path.times), tuple(path.rates), tuple(path.rolls)


def _timing(product: Product) -> Hashable:
    """All of the rules that the calendar depends on."""
    terms = [(one.since, one.schedules, one.fees, one.financing) for one in product.terms]
    return (*terms, product.until)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The stops of products with the same times, from the row ``first`` on; how many of them publish."""

    index: Integers
    kind: Integers
    first: int
    publications: int


class _Tables:
    """Rows of plans, eras and stops while they are found."""

    def __init__(self) -> None:
        self._calendars: dict[Hashable, _Calendar] = {}
        self._stops = 0
        self._kinds: list[tuple[Any, ...]] = []
        self._plans: list[tuple[Any, ...]] = []
        self._publications: list[int] = []
        self._eras: list[tuple[Any, ...]] = []

    def add(self, product: Product, path: Path, place: int) -> int:
        """Add the plan of a product on the path of a place; gives its row."""
        first_mark, last_mark = int(path.times[0]), int(path.times[-1])
        check_span(product, first_mark, last_mark)
        key = _timing(product), place
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
        target = terms_at(product, first_mark).target
        end_stop = calendar.first + calendar.index.size
        self._plans.append((target, first_era, len(self._eras), calendar.first, end_stop))
        self._publications.append(calendar.publications)
        return len(self._plans) - 1

    def _calendar(self, product: Product, path: Path) -> _Calendar:
        times: Any = path.times
        stops = dues(product, times, rates=path.rates or None, rolls=path.rolls).stops
        kind = np.array(stops.kind, np.int64)
        publications = int(np.array(stops.publishes, np.int64)[kind].sum())
        index = np.array(stops.index, np.int64)
        found = _Calendar(index, kind + len(self._kinds), self._stops, publications)
        self._kinds += zip(*stops[_BY_KIND:], strict=True)
        self._stops += index.size
        return found

    def columns(self, of_runs: Sequence[int]) -> Planned:
        """All rows as columns."""
        table = Eras(*_columns(Eras._fields, self._eras))
        return Planned(
            of_runs=np.array(of_runs, np.int64),
            plans=Plans(*_columns(Plans._fields, self._plans)),
            eras=table._replace(tie=np.full(len(self._eras), TIE)),
            stops=Stops(
                _joined(one.index for one in self._calendars.values()),
                _joined(one.kind for one in self._calendars.values()),
                *_columns(Stops._fields[_BY_KIND:], self._kinds),
            ),
            publications=np.array(self._publications, np.int64),
        )


def _joined(columns: Iterable[Integers]) -> Integers:
    return np.concatenate([np.empty(0, np.int64), *columns])


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Iterable[NDArray[Any]]:
    """The columns of rows by their names: whole numbers or floats."""
    values = zip(*rows, strict=True) if rows else [()] * len(names)
    for name, column in zip(names, values, strict=True):
        yield np.array(column, np.int64 if name in _WHOLE else np.float64)
