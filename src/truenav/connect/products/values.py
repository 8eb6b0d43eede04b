"""Values of the rules' types from the tree of a file; what has another form is refused with its line."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeAlias

from truenav.calc.etp.engine.calendar import time_of, zone_of
from truenav.connect.products.tree import Node, Problems
from truenav.core.clock import parse_instant
from truenav.core.failure import InvalidInputError
from truenav.core.money import parse_decimal
from truenav.core.names import parse_name, parse_note
from truenav.core.product import DailyTimes, ProductRulesError

ABSENT = frozenset({"", "none", "null", "~"})
"""Unquoted texts that say that there is no value."""

MOST_ITEMS = 30
"""Items that a list of schedules, fees, sources or sentences may have."""


Read: TypeAlias = Callable[[Node, str], Any]
"""Reads a value; the text is the field's name in a refusal."""


def read_fields(
    node: Node, path: str, readers: Mapping[str, Read], needed: Sequence[str], problems: Problems
) -> dict[str, Any]:
    """The fields of a mapping that can be read, each by its reader.

    Those that cannot, that are unknown, or ``needed`` and missing, are kept among ``problems``. ``path`` is
    empty for the file itself.
    """
    where, prefix = (path, f"{path}.") if path else ("the file", "")
    if not isinstance(node.value, Mapping):
        raise node.refusal(f"{where}: a mapping is wanted, with some of {', '.join(readers)}.")
    values: dict[str, Any] = {}
    for name, entry in node.value.items():
        with problems.kept():
            if name not in readers:
                raise entry.refusal(f"{where}: unknown field {name[:60]!r}; known: {', '.join(readers)}.")
            values[name] = readers[name](entry, f"{prefix}{name}")
    for name in needed:
        with problems.kept():
            if name not in node.value:
                raise node.refusal(f"{where}: the field {name!r} is missing.")
    return values


def read_items(node: Node, path: str, read: Read, *, most: int = MOST_ITEMS) -> tuple[Any, ...]:
    """The items of a list that has no more than so many; one refusal of all that cannot be read."""
    values, problems = [], Problems()
    for place, item in enumerate(items_of(node, path, most=most)):
        with problems.kept():
            values.append(read(item, f"{path}[{place}]"))
    problems.refuse()
    return tuple(values)


def items_of(node: Node, path: str, *, most: int = MOST_ITEMS) -> Sequence[Node]:
    """The items of a list that has no more than so many."""
    if isinstance(node.value, str | Mapping):
        raise node.refusal(f"{path}: a list is wanted; begin each of its items with a dash.")
    if len(node.value) > most:
        raise node.refusal(f"{path}: {len(node.value)} items are too many; there may be {most}.")
    return node.value


def _text(node: Node, path: str) -> str:
    if not isinstance(node.value, str):
        raise node.refusal(f"{path}: a single value is wanted, not a list or mapping.")
    return node.value


def read_name(node: Node, path: str) -> str:
    """A name: text of one line."""
    read = _leaf(lambda text, where: parse_name(text, what=where))
    return str(read(node, path))


@cache
def reader_of(hint: Any) -> Read:
    """What reads a value of this type."""
    if hint in _LEAVES:
        return _leaf(_LEAVES[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        read = reader_of(next(one for one in arguments if one is not type(None)))
        return lambda node, path: None if _is_absent(node) else read(node, path)
    if origin is tuple:
        each = reader_of(arguments[0])
        return lambda node, path: read_items(node, path, each)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _leaf(lambda text, path: _member(hint, text, path))
    return _record(hint)


def _is_absent(node: Node) -> bool:
    return isinstance(node.value, str) and not node.quoted and node.value in ABSENT


def _leaf(parse: Callable[[str, str], Any]) -> Read:
    def read(node: Node, path: str) -> Any:
        text = _text(node, path)
        try:
            return parse(text, path)
        except InvalidInputError as error:
            raise node.refusal(error.message) from error

    return read


@cache
def _record(kind: Any) -> Read:
    """What reads a dataclass from a mapping."""
    readers = {name: reader_of(hint) for name, hint in typing.get_type_hints(kind).items()}
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]

    def read(node: Node, path: str) -> Any:
        problems = Problems()
        values = read_fields(node, path, readers, needed, problems)
        problems.refuse()
        return kind(**values)

    return read


def _whole(text: str, path: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 9):
        raise InvalidInputError(f"{path}: {text[:60]!r} is no whole number of at most 9 digits.")
    return int(text)


def _truth(text: str, path: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidInputError(f"{path}: {text[:60]!r} is neither true nor false.")
    return text == "true"


def _member(kind: type[Enum], text: str, path: str) -> Enum:
    try:
        return kind(text)
    except ValueError as error:
        known = ", ".join(str(member.value) for member in kind)
        raise InvalidInputError(f"{path}: {text[:60]!r} is none of {known}.") from error


def _instant(text: str, path: str) -> datetime:
    """An instant with its offset, or a day, which begins at midnight UTC."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        instant = parse_instant(text, what=path)
    else:
        instant = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if not 1970 <= instant.year < 3000:
        raise InvalidInputError(f"{path}: {text[:60]!r} lies outside of the years 1970 to 2999.")
    return instant


def _times(text: str, path: str) -> DailyTimes:
    """Times of day and, last and if it is not UTC, their zone: ``00:00 08:00 16:00 Asia/Shanghai``."""
    words = text.split()
    zone = words.pop() if words and not words[-1][0].isdigit() else "UTC"
    if not words:
        raise InvalidInputError(
            f"{path}: {text[:60]!r} names no time of day; write 00:02 or 17:00 Europe/Berlin."
        )
    try:
        zone_of(zone)
        for word in words:
            time_of(word)
    except ProductRulesError as error:
        raise InvalidInputError(f"{path}: {error.message}") from error
    return DailyTimes(tuple(words), zone)


def _sentence(text: str, path: str) -> str:
    if not text.strip():
        raise InvalidInputError(f"{path}: the text is empty; write it or leave the field out.")
    return parse_note(text, what=path)


_LEAVES: dict[Any, Callable[[str, str], Any]] = {
    str: _sentence,
    int: _whole,
    bool: _truth,
    Decimal: lambda text, path: parse_decimal(text, what=path),
    datetime: _instant,
    DailyTimes: _times,
}
