"""Rule files: the products of one issuer on paper, as values of `truenav.core.product`.

A file holds a *family*: issuer, sources, what contradicts itself in them, what we had to assume, terms that
all products share, and the products with what is their own. Terms are dated: an entry names what changes from
its ``since`` on, and all else stays. What a product says itself goes before what all share. Fields, an
example and the ready families: docs/reference/product-rules.md.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any, TypeAlias

from truenav.calc.etp.engine.calendar import time_of, zone_of
from truenav.calc.etp.engine.rules import check_product
from truenav.connect.products.tree import Node, read_tree
from truenav.connect.products.values import entries_of, items_of, read_name, read_value, required
from truenav.core.failure import NotFoundError
from truenav.core.product import DailyTimes, Product, ProductRulesError, Source, Terms

MOST_PRODUCTS = 1_000
"""Products that one file may hold."""

MOST_ENTRIES = 100
"""Entries that one list of dated terms may have."""

MOST_TERMS = 2_000
"""Terms that all products of a file may have together."""

_A_YEAR = 367
_TERMS = typing.get_type_hints(Terms)
_FIELDS = tuple(field for field in _TERMS if field != "since")
_NAMES = ("id", "underlying", "quote")
_NOTES = {"sources": tuple[Source, ...], "conflicts": tuple[str, ...], "assumptions": tuple[str, ...]}

Rules: TypeAlias = Mapping[str, Any]
"""Fields of `Terms` with their values, ``since`` apart."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What changes in the rules from an instant on."""

    since: datetime
    rules: Rules


@dataclass(frozen=True, slots=True)
class _Family:
    """What all products of a file have in common."""

    issuer: str
    notes: Mapping[str, tuple[Any, ...]]
    terms: Sequence[_Entry]


class UnknownFamilyError(NotFoundError):
    """There is no ready rule file of this name."""

    code = "no-such-family"
    title = "No such family of products"


class NoSuchProductError(NotFoundError):
    """A rule file has no product of this name, or several and none was chosen."""

    code = "no-such-product"
    title = "No such product in these rules"


def families() -> tuple[str, ...]:
    """Names of the ready rule files, sorted."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def read_family(name: str) -> tuple[Product, ...]:
    """The products of a ready rule file; `UnknownFamilyError` where there is none of this name."""
    return read_products(family_text(name), name=f"{name}.yaml")


def find_product(products: Sequence[Product], id: str, *, name: str) -> Product:
    """The product of this id in the rules called ``name``; `NoSuchProductError` where there is none."""
    for product in products:
        if product.id == id:
            return product
    names = ", ".join(product.id for product in products)
    raise NoSuchProductError(f"{name} holds no product {id[:60]!r}; it has {names}.")


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
    root = read_tree(text, name=name)
    given = entries_of(root, ("issuer", *_NOTES, "terms", "products"), "the file")
    listed = items_of(required(given, "products", "the file", root), "products", most=MOST_PRODUCTS)
    if not listed:
        raise given["products"].refusal("products: there is none; give at least one.")
    family = _Family(
        read_name(required(given, "issuer", "the file", root), "issuer"),
        _notes(given, ""),
        _dated(given, ""),
    )
    seen: dict[str, Node] = {}
    products: list[Product] = []
    terms = 0
    for place, node in enumerate(listed):
        product = _product(node, f"products[{place}]", family)
        if product.id in seen:
            line = seen[product.id].line
            raise node.refusal(f"the product {product.id} is given twice, first on line {line}.")
        terms += len(product.terms)
        if terms > MOST_TERMS:
            raise node.refusal(f"all products have more than {MOST_TERMS} terms; divide the file.")
        seen[product.id] = node
        products.append(product)
    return tuple(products)


def _product(node: Node, path: str, family: _Family) -> Product:
    given = entries_of(node, (*_NAMES, "until", *_NOTES, *_FIELDS, "terms"), path)
    id, underlying, quote = (
        read_name(required(given, field, path, node), f"{path}.{field}") for field in _NAMES
    )
    if underlying == quote:
        raise given["quote"].refusal(f"{path}.quote: the product is quoted in its own underlying.")
    until = read_value(datetime, given["until"], f"{path}.until") if "until" in given else None
    own, dated = _rules(given, path), _dated(given, f"{path}.")
    notes = _notes(given, f"{path}.")
    product = Product(
        id=id,
        issuer=family.issuer,
        underlying=underlying,
        quote=quote,
        terms=tuple(_terms(node, path, family.terms, own, dated, until)),
        until=until,
        sources=family.notes["sources"] + notes["sources"],
        conflicts=family.notes["conflicts"] + notes["conflicts"],
        assumptions=family.notes["assumptions"] + notes["assumptions"],
    )
    try:
        check_product(product)
    except ProductRulesError as error:
        raise node.refusal(error.message) from error
    _refuse_unclear(node, product)
    return product


def _terms(
    node: Node,
    path: str,
    common: Sequence[_Entry],
    always: Rules,
    own: Sequence[_Entry],
    until: datetime | None,
) -> Iterator[Terms]:
    """The rules of a product at each instant at which some of them change, until it ends."""
    if not common and not own:
        raise node.refusal(f"{path}: no terms say since when they hold; give terms with a since.")
    first = (own or common)[0].since
    changes = {entry.since for entry in (*common, *own) if entry.since >= first}
    for since in sorted(changes):
        if until is not None and since >= until and since != first:
            break
        rules = {**_standing(common, since), **always, **_standing(own, since)}
        if "target" not in rules:
            raise node.refusal(f"{path}: the field 'target' is missing.")
        yield Terms(since=since, **rules)


def _standing(entries: Sequence[_Entry], instant: datetime) -> dict[str, Any]:
    """What holds at an instant of what dated entries say."""
    rules: dict[str, Any] = {}
    for entry in entries:
        if entry.since <= instant:
            rules |= entry.rules
    return rules


def _dated(given: Mapping[str, Node], prefix: str) -> Sequence[_Entry]:
    """The entries of ``terms``, whose ``since`` must rise."""
    entries: list[_Entry] = []
    listed = items_of(given["terms"], f"{prefix}terms", most=MOST_ENTRIES) if "terms" in given else ()
    for place, node in enumerate(listed):
        path = f"{prefix}terms[{place}]"
        changes = entries_of(node, ("since", *_FIELDS), path)
        since = read_value(datetime, required(changes, "since", path, node), f"{path}.since")
        if entries and since <= entries[-1].since:
            raise node.refusal(f"{path}: begins no later than the entry before it; put the oldest first.")
        entries.append(_Entry(since, _rules(changes, path)))
    return entries


def _rules(given: Mapping[str, Node], path: str) -> Rules:
    """The rules among the entries of a mapping."""
    rules = {field: node for field, node in given.items() if field in _FIELDS}
    return {field: read_value(_TERMS[field], node, f"{path}.{field}") for field, node in rules.items()}


def _notes(given: Mapping[str, Node], prefix: str) -> Mapping[str, tuple[Any, ...]]:
    """Sources, conflicts and assumptions."""
    return {
        field: read_value(hint, given[field], f"{prefix}{field}") if field in given else ()
        for field, hint in _NOTES.items()
    }


def _daily_times(rules: object) -> Iterator[DailyTimes]:
    """All daily times in a value, however deep."""
    if isinstance(rules, DailyTimes):
        yield rules
    elif isinstance(rules, tuple):
        for item in rules:
            yield from _daily_times(item)
    elif is_dataclass(rules):
        for field in fields(rules):
            yield from _daily_times(getattr(rules, field.name))


def _refuse_unclear(node: Node, product: Product) -> None:
    """Refuse times that clocks skip or show twice in the year from when they first hold."""
    first: dict[DailyTimes, datetime] = {}
    for terms in product.terms:
        for at in _daily_times(terms):
            first.setdefault(at, terms.since)
    for at, since in first.items():
        if unclear := _unclear(at, since.astimezone(zone_of(at.zone)).date()):
            raise node.refusal(f"{unclear}; name another time, or a fixed offset such as +01:00.")


@lru_cache(maxsize=1_000)
def _unclear(at: DailyTimes, first: date) -> str:
    """What clocks do with one of the times in the year from ``first`` on; empty where all is clear."""
    for day in _changes(at.zone, first):
        for text in at.times:
            moment = datetime.combine(day, time_of(text), tzinfo=zone_of(at.zone))
            earlier, later = _offset(moment), _offset(moment.replace(fold=1))
            if earlier != later:
                what = "do not show" if earlier < later else "show twice"
                return f"the clocks of {at.zone} {what} {text} on {day}"
    return ""


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
