"""Which layout a header belongs to: names are compared, order and case do not count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, lru_cache

from truenav.connect.files.layouts import known_headers
from truenav.connect.files.mapping import ANY, Layout, column_names, reference
from truenav.connect.files.templates import TEMPLATES

LEAST_COLUMNS = 4
"""Fewer names than these do not tell a layout when others stand beside them."""

MOST_EXTRA = 4
_UTC_IN_NAME = re.compile(r"UTC\s*(?:([+-])(\d{1,2})(?::?(\d{2}))?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What fits a header best. ``rank``: 5 a template, 4 and 3 layouts, 2 and 1 only a name, 0 nothing.

    At 4 and 2 all names are the same; at 3 and 1 the file has more columns than are known.
    """

    rank: int = 0
    template: str = ""
    layouts: tuple[Layout, ...] = ()
    title: str = ""


def recognise(header: tuple[str, ...], own: tuple[Layout, ...], built_in: tuple[Layout, ...]) -> Recognised:
    """What a header, as ``column_names`` gives it, belongs to; ``own`` layouts go before built-in ones."""
    if template := _template(header):
        return Recognised(5, template=template)
    for layouts in (own, built_in):
        fits = [(max((fit(one, header) for one in layout.headers), default=0), layout) for layout in layouts]
        best = max((rank for rank, _ in fits), default=0)
        if best:
            fitting = _most_specific([layout for rank, layout in fits if rank == best])
            return Recognised(
                best + 2, layouts=tuple(fitted(one, header) for one in fitting), title=fitting[0].title
            )
    rank, title = max(((fit(names, header), title) for title, names in known_headers()), default=(0, ""))
    return Recognised(rank, title=title) if rank else Recognised()


def fit(names: tuple[str, ...], header: tuple[str, ...]) -> int:
    """2: the same names; 1: the header has a few more; 0: it is another one."""
    plain, wild = _split(names)
    left = _keys(header)
    if len(header) < len(names) or not plain <= left.keys():
        return 0
    rest = [name.casefold() for key, name in left.items() if key not in plain]
    for pattern in wild:
        found = next((name for name in rest if fnmatchcase(name, pattern)), None)
        if found is None:
            return 0
        rest.remove(found)
    if not rest:
        return 2
    return 1 if len(names) >= LEAST_COLUMNS and len(rest) <= MOST_EXTRA else 0


@lru_cache(256)
def _keys(header: tuple[str, ...]) -> Mapping[str, str]:
    """The names of a header by what is compared of them."""
    return {reference(name): name for name in header}


@cache
def _split(names: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names to compare, and patterns, the longest (which say most) first."""
    unique = column_names(names)
    wild = sorted((name.casefold() for name in unique if ANY in name), key=len, reverse=True)
    return frozenset(reference(name) for name in unique if ANY not in name), tuple(wild)


def _template(header: tuple[str, ...]) -> str:
    for template in TEMPLATES.values():
        columns = {column.name for column in template.columns}
        required = {column.name for column in template.columns if column.required}
        if required <= set(header) <= columns:
            return template.name
    return ""


def _most_specific(layouts: list[Layout]) -> list[Layout]:
    """Without those whose header is part of another's."""
    names = {one.name: [_split(header)[0] for header in one.headers] for one in layouts}

    def is_part(one: Layout) -> bool:
        return any(
            all(any(mine < theirs for theirs in names[other.name]) for mine in names[one.name])
            for other in layouts
            if other is not one
        )

    return [one for one in layouts if not is_part(one)] or layouts


def fitted(layout: Layout, header: tuple[str, ...]) -> Layout:
    """A layout whose column patterns are the names of a header, with the zone that its time column tells."""
    columns = {field: _named(column, header) for field, column in layout.columns.items()}
    zone = layout.times.zone or zone_in(columns.get("time", ""))
    return replace(layout, columns=columns, times=replace(layout.times, zone=zone))


def _named(column: str, header: Iterable[str]) -> str:
    if ANY not in column:
        return column
    found = [name for name in header if fnmatchcase(name.casefold(), column.casefold())]
    return found[0] if len(found) == 1 else column


def zone_in(column: str) -> str:
    """The zone that a column's name tells, as in ``Date(UTC+8)``; empty where it tells none."""
    found = _UTC_IN_NAME.search(column)
    if found is None:
        return ""
    if found[1] is None or (not int(found[2]) and not int(found[3] or 0)):
        return "UTC"
    return f"{found[1]}{int(found[2]):02d}:{found[3] or '00'}"
