"""Rule files: the products of one issuer on paper, as values of `truenav.core.product`.

A file holds a *family*: issuer, sources, what contradicts itself in them, what we had to assume, terms that
all products share, and the products with what is their own. Terms are dated: an entry names what changes from
its ``since`` on, and all else stays. What a product says itself goes before what all share. Fields, an
example and the ready families: docs/reference/product-rules.md.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any, TypeAlias

from truenav.calc.etp.calendar import time_of, zone_of
from truenav.calc.etp.rules import check_product
from truenav.connect.products.tree import Node, ProductFileError, read_tree
from truenav.core.clock import parse_instant
from truenav.core.failure import InvalidInputError, NotFoundError
from truenav.core.money import parse_decimal
from truenav.core.names import parse_name, parse_note
from truenav.core.product import DailyTimes, Product, ProductRulesError, Source, Terms

ABSENT = frozenset({"", "none", "null", "~"})
"""Unquoted texts that say that there is no value."""

MOST_PRODUCTS = 1_000
"""Products that one file may hold."""

MOST_ENTRIES = 100
"""Entries that one list of dated terms may have."""

MOST_TERMS = 10_000
"""Terms that all products of a file may have together."""

_A_YEAR = 367
_TERMS = tuple(field.name for field in fields(Terms) if field.name != "since")
_NAMES = ("id", "underlying", "quote")
_LISTS = ("sources", "conflicts", "assumptions")
_FAMILY = ("issuer", *_LISTS, "terms", "products")

Rules: TypeAlias = Mapping[str, Node]
"""Fields of `Terms` as they stand in the file, ``since`` apart."""

Dated: TypeAlias = Sequence[tuple[datetime, Rules]]
"""What changes, with the instant from which on it holds; rising."""


class UnknownFamilyError(NotFoundError):
    """There is no ready rule file of this name."""

    code = "no-such-family"
    title = "No such family of products"


def families() -> tuple[str, ...]:
    """Names of the ready rule files, sorted."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def read_family(name: str) -> tuple[Product, ...]:
    """The products of a ready rule file; `UnknownFamilyError` where there is none of this name."""
    return read_products(family_text(name), name=f"{name}.yaml")


def family_text(name: str) -> str:
    """The ready rule file itself."""
    if name not in families():
        raise UnknownFamilyError(f"There is no family {name[:60]!r}; there are {', '.join(families())}.")
    return _folder().joinpath(f"{name}.yaml").read_text("utf-8")


def _folder() -> Traversable:
    return files(__package__) / "families"


def read_products(text: str, *, name: str) -> tuple[Product, ...]:
    """The products of a rule file, in its order, each checked.

    Parameters
    ----------
    text : YAML or JSON; numbers are read as exact decimals and times of day as text, never as floats.
    name : what the file is called in refusals.

    Raises
    ------
    ProductFileError
        The text is no rule file, or the rules of a product cannot be followed; with file, line and field.
    """
    family = _fields(read_tree(text, name=name), _FAMILY, "the file")
    products = _list(_required(family, "products", "the file"), "products")
    if not products or len(products) > MOST_PRODUCTS:
        raise family["products"].refusal(f"products: give 1 to {MOST_PRODUCTS} of them.")
    issuer = _name(_required(family, "issuer", "the file"), "issuer")
    common = _dated(family.get("terms"), "terms")
    seen: dict[str, Node] = {}
    found, terms = [], 0
    for place, node in enumerate(products):
        product = _product(node, f"products[{place}]", issuer, family, common)
        if product.id in seen:
            line = seen[product.id].line
            raise node.refusal(f"the product {product.id} is given twice, first on line {line}.")
        seen[product.id] = node
        found.append(product)
        terms += len(product.terms)
        if terms > MOST_TERMS:
            raise node.refusal(f"all products have more than {MOST_TERMS} terms; divide the file.")
    return tuple(found)


def _product(node: Node, path: str, issuer: str, family: Rules, common: Dated) -> Product:
    given = _fields(node, (*_NAMES, "until", *_LISTS, *_TERMS, "terms"), path)
    names = {name: _name(_required(given, name, path, node), f"{path}.{name}") for name in _NAMES}
    until = _value(datetime, given["until"], f"{path}.until") if "until" in given else None
    always = {name: given[name] for name in _TERMS if name in given}
    own = _dated(given.get("terms"), f"{path}.terms")
    product = Product(
        **names,
        issuer=issuer,
        until=until,
        terms=tuple(_terms(node, path, _layered(common, always, own, until))),
        sources=_joined(Source, family, given, "sources", path),
        conflicts=_joined(str, family, given, "conflicts", path),
        assumptions=_joined(str, family, given, "assumptions", path),
    )
    if product.underlying == product.quote:
        raise given["quote"].refusal(f"{path}.quote: the product is quoted in its own underlying.")
    try:
        check_product(product)
    except ProductRulesError as error:
        raise node.refusal(error.message) from error
    for terms in product.terms:
        for at in _daily_times(terms):
            _refuse_unclear(node, at, terms.since)
    return product


def _layered(
    common: Dated, always: Rules, own: Dated, until: datetime | None
) -> Iterator[tuple[datetime, dict[str, Node]]]:
    """The rules of a product at each instant at which some of them change."""
    first = own[0][0] if own else common[0][0] if common else None
    starts = {since for since, _ in (*common, *own) if first is not None and since >= first}
    for start in sorted(starts):
        if until is None or start < until or start == first:
            yield start, _until(common, start) | dict(always) | _until(own, start)


def _until(dated: Dated, instant: datetime) -> dict[str, Node]:
    rules: dict[str, Node] = {}
    for since, changed in dated:
        if since <= instant:
            rules |= changed
    return rules


def _terms(node: Node, path: str, layers: Iterator[tuple[datetime, dict[str, Node]]]) -> Iterator[Terms]:
    read = _record(Terms, frozenset({"since"}))
    empty = True
    for since, rules in layers:
        empty = False
        _required(rules, "target", path, node)
        yield read(Node(rules, node.file, node.line), path, since=since)
    if empty:
        raise node.refusal(f"{path}: no terms say since when they hold; give terms with a since.")


def _dated(node: Node | None, path: str) -> Dated:
    """Entries with a ``since`` each, which must rise."""
    if node is None:
        return ()
    listed = _list(node, path)
    if len(listed) > MOST_ENTRIES:
        raise node.refusal(f"{path}: {len(listed)} entries are too many; there may be {MOST_ENTRIES}.")
    entries: list[tuple[datetime, Rules]] = []
    for place, entry in enumerate(listed):
        where = f"{path}[{place}]"
        rules = dict(_fields(entry, ("since", *_TERMS), where))
        _required(rules, "since", where, entry)
        since = _value(datetime, rules.pop("since"), f"{where}.since")
        if entries and since <= entries[-1][0]:
            raise entry.refusal(f"{where}: begins no later than the entry before it; put the oldest first.")
        entries.append((since, rules))
    return entries


def _joined(kind: Any, family: Rules, given: Rules, name: str, path: str) -> tuple[Any, ...]:
    """What the family says, and then what the product adds."""
    read = _reader(tuple[kind, ...])
    shared = read(family[name], name) if name in family else ()
    return (*shared, *(read(given[name], f"{path}.{name}") if name in given else ()))


def _daily_times(value: object) -> Iterator[DailyTimes]:
    """All daily times in a value, however deep."""
    if isinstance(value, DailyTimes):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _daily_times(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _daily_times(getattr(value, field.name))


def _refuse_unclear(node: Node, at: DailyTimes, since: datetime) -> None:
    """Refuse a time that the clocks of its zone skip or show twice on a day of the first year."""
    zone = zone_of(at.zone)
    for day in _changes(at.zone, since.astimezone(zone).date()):
        for text in at.times:
            moment = datetime.combine(day, time_of(text), tzinfo=zone)
            earlier, later = _offset(moment), _offset(moment.replace(fold=1))
            if earlier != later:
                what = "do not show" if earlier < later else "show twice"
                raise node.refusal(
                    f"the clocks of {at.zone} {what} {text} on {day}; name another time, or a fixed offset "
                    "such as +01:00."
                )


@lru_cache(maxsize=1_000)
def _changes(zone: str, first: date) -> tuple[date, ...]:
    """The days of the year from ``first`` on during which the clocks of a zone change."""
    days = [first + timedelta(days=ahead) for ahead in range(_A_YEAR)]
    midnights = [datetime.combine(day, time(), tzinfo=zone_of(zone)) for day in days]
    return tuple(
        today.date() for today, tomorrow in pairwise(midnights) if _offset(today) != _offset(tomorrow)
    )


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()


# --- values by their types -------------------------------------------------------------------------------


def _fields(node: Node, known: Sequence[str], path: str) -> Rules:
    """The entries of a mapping that has no other keys than these."""
    if not isinstance(node.value, Mapping):
        raise node.refusal(f"{path}: a mapping is wanted, with some of {', '.join(known)}.")
    for key, value in node.value.items():
        if key not in known:
            raise value.refusal(f"{path}: unknown field {key[:60]!r}; known: {', '.join(known)}.")
    return node.value


def _required(given: Rules, name: str, path: str, node: Node | None = None) -> Node:
    if name in given:
        return given[name]
    place = node or next(iter(given.values()))
    raise place.refusal(f"{path}: the field {name!r} is missing.")


def _list(node: Node, path: str) -> Sequence[Node]:
    if isinstance(node.value, str | Mapping):
        raise node.refusal(f"{path}: a list is wanted; begin each of its items with a dash.")
    return node.value


def _text(node: Node, path: str) -> str:
    if not isinstance(node.value, str):
        raise node.refusal(f"{path}: a single value is wanted, not a list or mapping.")
    return node.value


def _value(hint: Any, node: Node, path: str) -> Any:
    return _reader(hint)(node, path)


@cache
def _reader(hint: Any) -> Callable[[Node, str], Any]:
    """What reads a value of this type; ``path`` is the field's name in a refusal."""
    if hint in _LEAVES:
        return _leaf(_LEAVES[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        read = _reader(next(one for one in arguments if one is not type(None)))
        return lambda node, path: None if _is_absent(node) else read(node, path)
    if origin is tuple:
        each = _reader(arguments[0])
        return lambda node, path: tuple(
            each(item, f"{path}[{place}]") for place, item in enumerate(_list(node, path))
        )
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _leaf(lambda text, path: _member(hint, text, path))
    return _record(hint)


def _is_absent(node: Node) -> bool:
    return isinstance(node.value, str) and not node.quoted and node.value in ABSENT


def _leaf(parse: Callable[[str, str], Any]) -> Callable[[Node, str], Any]:
    def read(node: Node, path: str) -> Any:
        try:
            return parse(_text(node, path), path)
        except ProductFileError:
            raise
        except InvalidInputError as error:
            raise node.refusal(error.message) from error

    return read


@cache
def _record(kind: Any, given: frozenset[str] = frozenset()) -> Callable[..., Any]:
    """What reads a dataclass from a mapping; fields ``given`` by the caller stand not in it."""
    hints = typing.get_type_hints(kind)
    wanted = [field for field in fields(kind) if field.name not in given]
    names = [field.name for field in wanted]
    required = [one.name for one in wanted if one.default is MISSING and one.default_factory is MISSING]

    def read(node: Node, path: str, **more: Any) -> Any:
        entries = _fields(node, names, path)
        for name in required:
            _required(entries, name, path, node)
        return kind(
            **more, **{name: _value(hints[name], entry, f"{path}.{name}") for name, entry in entries.items()}
        )

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
    for word in words:
        time_of(word)
    if not words:
        raise InvalidInputError(
            f"{path}: {text[:60]!r} names no time of day; write 00:02 or 17:00 Europe/Berlin."
        )
    zone_of(zone)
    return DailyTimes(tuple(words), zone)


def _sentence(text: str, path: str) -> str:
    if not text.strip():
        raise InvalidInputError(f"{path}: the text is empty; write it or leave the field out.")
    return parse_note(text, what=path)


def _name(node: Node, path: str) -> str:
    read = _leaf(lambda text, where: parse_name(text, what=where))
    return str(read(node, path))


_LEAVES: dict[Any, Callable[[str, str], Any]] = {
    str: _sentence,
    int: _whole,
    bool: _truth,
    Decimal: lambda text, path: parse_decimal(text, what=path),
    datetime: _instant,
    DailyTimes: _times,
}
