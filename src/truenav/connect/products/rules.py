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
from truenav.calc.etp.engine.rules import faults
from truenav.connect.products.tree import Node, Problems, read_tree
from truenav.connect.products.values import Read, items_of, read_fields, read_items, read_name, reader_of
from truenav.core.failure import NotFoundError
from truenav.core.product import DailyTimes, Product, Source, Terms

MOST_PRODUCTS = 1_000
"""Products that one file may hold."""

MOST_ENTRIES = 100
"""Entries that one list of dated terms may have."""

MOST_TERMS = 2_000
"""Terms that all products of a file may have together."""

_A_YEAR = 367
_NAMES = ("id", "underlying", "quote")

Rules: TypeAlias = Mapping[str, Any]
"""Fields of `Terms` with their values, ``since`` apart."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What changes in the rules from an instant on."""

    since: datetime
    rules: Rules


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
        The text is no rule file, or the rules of a product cannot be followed: all that is wrong, each with
        file, line and field. Of a text that is no YAML the first thing is told; a product whose own fields
        cannot be read, or those that all share, is not looked at for contradictions.
    """
    root, problems = read_tree(text, name=name), Problems()
    file = read_fields(root, "", _FILE, ("issuer", "products"), problems)
    family = None if problems.found else file
    products: dict[str, tuple[Product, int]] = {}
    terms = 0
    for place, node in enumerate(file.get("products", ())):
        with problems.kept():
            product = _product(node, f"products[{place}]", family)
            if product is None:
                continue
            terms += len(product.terms)
            if terms > MOST_TERMS:
                raise node.refusal(f"all products have more than {MOST_TERMS} terms; divide the file.")
            if product.id in products:
                line = products[product.id][1]
                raise node.refusal(f"the product {product.id} is given twice, first on line {line}.")
            products[product.id] = product, node.line
            _check(node, product)
        if terms > MOST_TERMS:
            break
    problems.refuse()
    return tuple(product for product, _ in products.values())


def _product(node: Node, path: str, family: Mapping[str, Any] | None) -> Product | None:
    """A product of a family, not checked yet; None where what all share cannot be read."""
    problems = Problems()
    own = read_fields(node, path, _PRODUCT, _NAMES, problems)
    if "quote" in own and own["quote"] == own.get("underlying"):
        assert isinstance(node.value, Mapping)
        with problems.kept():
            raise node.value["quote"].refusal(f"{path}.quote: the product is quoted in its own underlying.")
    problems.refuse()
    if family is None:
        return None
    return Product(
        **{name: own[name] for name in _NAMES},
        issuer=family["issuer"],
        terms=tuple(_terms(node, path, family.get("terms", ()), own)),
        until=own.get("until"),
        **{name: family.get(name, ()) + own.get(name, ()) for name in _NOTES},
    )


def _terms(node: Node, path: str, common: Sequence[_Entry], product: Mapping[str, Any]) -> Iterator[Terms]:
    """The rules of a product at each instant at which some of them change, until it ends."""
    own, until = product.get("terms", ()), product.get("until")
    if not common and not own:
        raise node.refusal(f"{path}: no terms say since when they hold; give terms with a since.")
    first = (own or common)[0].since
    changes = {entry.since for entry in (*common, *own) if entry.since >= first}
    for since in sorted(changes):
        if until is not None and since >= until and since != first:
            break
        rules = {**_standing(common, since), **_rules(product), **_standing(own, since)}
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


def _rules(fields: Mapping[str, Any]) -> Rules:
    """The rules among the fields of a product or entry."""
    return {name: value for name, value in fields.items() if name in _RULES}


def _dated(node: Node, path: str) -> Sequence[_Entry]:
    """The entries of ``terms``, whose ``since`` must rise."""
    entries: tuple[_Entry, ...] = read_items(node, path, _entry, most=MOST_ENTRIES)
    problems = Problems()
    for place, (earlier, later) in enumerate(pairwise(entries), start=1):
        with problems.kept():
            if later.since <= earlier.since:
                raise items_of(node, path, most=MOST_ENTRIES)[place].refusal(
                    f"{path}[{place}]: begins no later than the entry before it; put the oldest first."
                )
    problems.refuse()
    return entries


def _entry(node: Node, path: str) -> _Entry:
    problems = Problems()
    given = read_fields(node, path, {"since": reader_of(datetime), **_RULES}, ("since",), problems)
    problems.refuse()
    return _Entry(given["since"], _rules(given))


def _listed(node: Node, path: str) -> Sequence[Node]:
    """The products of a file, not read yet."""
    listed = items_of(node, path, most=MOST_PRODUCTS)
    if not listed:
        raise node.refusal("products: there is none; give at least one.")
    return listed


_RULES: Mapping[str, Read] = {
    name: reader_of(hint) for name, hint in typing.get_type_hints(Terms).items() if name != "since"
}
_NOTES = {
    "sources": reader_of(tuple[Source, ...]),
    "conflicts": reader_of(tuple[str, ...]),
    "assumptions": reader_of(tuple[str, ...]),
}
_FILE: Mapping[str, Read] = {"issuer": read_name, **_NOTES, "terms": _dated, "products": _listed}
_PRODUCT: Mapping[str, Read] = {
    **dict.fromkeys(_NAMES, read_name),
    "until": reader_of(datetime),
    **_NOTES,
    **_RULES,
    "terms": _dated,
}


def _check(node: Node, product: Product) -> None:
    """Refuse rules that cannot be followed, and times that clocks skip or show twice."""
    problems = Problems()
    for fault in (*faults(product), *_unclear_times(product)):
        with problems.kept():
            raise node.refusal(f"The rules of {product.id} cannot be followed: {fault}")
    problems.refuse()


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


def _unclear_times(product: Product) -> Iterator[str]:
    """What clocks do with times that they skip or show twice in the year from when these first hold."""
    first: dict[DailyTimes, datetime] = {}
    for terms in product.terms:
        for at in _daily_times(terms):
            first.setdefault(at, terms.since)
    for at, since in first.items():
        if unclear := _unclear(at, since.astimezone(zone_of(at.zone)).date()):
            yield f"{unclear}; name another time, or a fixed offset such as +01:00."


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
