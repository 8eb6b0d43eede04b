"""Rule sets by their names: ready families, the products that are run here, and rules that are sent along."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import accumulate
from typing import TypeVar

from truenav.calc.etp.engine.rules import as_if_always
from truenav.connect.products.rules import families, find_product, read_family, read_products
from truenav.connect.products.tree import ProductFileError
from truenav.core.canonical import canonical_text
from truenav.core.failure import InvalidInputError
from truenav.core.product import Product, Source

T = TypeVar("T")

LISTED, GIVEN = "listed", "given"
"""What may stand before the colon of a rule set's name, beside a family's: ``listed:btc3l``, ``given:UP``."""

MOST_SETS = 12
"""Rule sets of one question."""

MOST_LETTERS = 8_000_000
"""Of the rules that a check gives back."""

TEXT_NAME = "the rules"
"""What rules that are sent along are called in refusals."""


class RuleSetsError(InvalidInputError):
    """The rule sets of a question are none, too many, or not named as they should be."""

    code = "rule-sets"
    title = "The rule sets cannot be read"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A product's rules, under the name that they were asked for by."""

    name: str
    product: Product


@dataclass(frozen=True, slots=True)
class ReadyProduct:
    """A product of rules, by its last terms. ``rules`` is the name to ask for it by."""

    rules: str
    id: str
    underlying: str
    quote: str
    target: Decimal
    target_is_published: bool
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ReadyFamily:
    """A ready rule file: its products, where its rules were published, what contradicts itself there, and
    what was assumed.
    """

    family: str
    issuer: str
    products: tuple[ReadyProduct, ...]
    sources: tuple[Source, ...]
    conflicts: tuple[str, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """What is wrong with rules, on which line."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class CheckedRules:
    """Rules that were sent: their products, in short and with all their ``rules``, or the first thing that is
    wrong with them.
    """

    products: tuple[ReadyProduct, ...]
    rules: tuple[Product, ...]
    problem: RuleProblem | None


@cache
def ready_families() -> tuple[ReadyFamily, ...]:
    """All ready rule files, by name."""
    return tuple(_family(name, _ready_products(name)) for name in families())


def check_rules(text: str) -> CheckedRules:
    """Whether rules (YAML or JSON) can be followed; the message says what is wrong and how to mend it.

    `RuleSetsError` where they can, and are too long to be given back: what products share is each one's own
    there.
    """
    try:
        products = read_products(text, name=TEXT_NAME)
    except ProductFileError as error:
        line = error.context["line"]
        assert isinstance(line, int)
        return CheckedRules((), (), RuleProblem(line, error.message))
    if any(size > MOST_LETTERS for size in accumulate(len(canonical_text(one)) for one in products)):
        raise RuleSetsError(
            f"Each with all that they share, these {len(products)} products have more than "
            f"{MOST_LETTERS:,} letters; check fewer of them at once."
        )
    return CheckedRules(tuple(_ready(GIVEN, one) for one in products), products, None)


def rule_sets(
    names: Iterable[str], text: str | None, listed: Callable[[str], Product]
) -> tuple[RuleSet, ...]:
    """The rules of each name, in their order.

    Parameters
    ----------
    names : ``hbtc:BTC3L`` of a ready family, ``listed:btc3l`` that is run here, ``given:UP`` of ``text``.
    text : rules that were sent along.
    listed : gives the product of a listing that the caller may see.

    Raises
    ------
    RuleSetsError, UnknownFamilyError, NoSuchProductError, ProductFileError
        For names that lead nowhere, or a text that is no rule file.
    """
    wanted = tuple(dict.fromkeys(names))
    if not 1 <= len(wanted) <= MOST_SETS:
        raise RuleSetsError(f"Name 1 to {MOST_SETS} rule sets, not {len(wanted)}.")
    given = None if text is None else read_products(text, name=TEXT_NAME)
    return tuple(RuleSet(name, _find(name, given, listed)) for name in wanted)


def followed(product: Product, rules_as_of: datetime | None, *, last_rules: bool) -> Product:
    """The product; or what it would be had its rules of an instant, or its last ones, always held."""
    if last_rules:
        return as_if_always(product, product.terms[-1].since)
    return product if rules_as_of is None else as_if_always(product, rules_as_of)


def _find(name: str, given: tuple[Product, ...] | None, listed: Callable[[str], Product]) -> Product:
    family, colon, id = name.partition(":")
    if not colon:
        raise RuleSetsError(
            f"{name[:60]!r} names no rule set; write hbtc:BTC3L, {LISTED}:ID for a product that is run here, "
            f"or {GIVEN}:ID for one of the rules that are sent along."
        )
    if family == LISTED:
        return listed(id)
    if family != GIVEN:
        return find_product(_ready_products(family), id, name=f"{family}.yaml")
    if given is None:
        raise RuleSetsError(f"{name[:60]!r} names rules that were sent along, and none were.")
    return find_product(given, id, name=TEXT_NAME)


@cache
def _ready_products(family: str) -> tuple[Product, ...]:
    return read_family(family)


def _family(name: str, products: tuple[Product, ...]) -> ReadyFamily:
    return ReadyFamily(
        family=name,
        issuer=products[0].issuer,
        products=tuple(_ready(name, one) for one in products),
        sources=_each(source for one in products for source in one.sources),
        conflicts=_each(text for one in products for text in one.conflicts),
        assumptions=_each(text for one in products for text in one.assumptions),
    )


def _each(values: Iterable[T]) -> tuple[T, ...]:
    """Each value once, in its first place."""
    return tuple(dict.fromkeys(values))


def _ready(family: str, product: Product) -> ReadyProduct:
    last = product.terms[-1]
    return ReadyProduct(
        rules=f"{family}:{product.id}",
        id=product.id,
        underlying=product.underlying,
        quote=product.quote,
        target=last.target,
        target_is_published=last.target_is_published,
        since=product.terms[0].since,
        until=product.until,
    )
