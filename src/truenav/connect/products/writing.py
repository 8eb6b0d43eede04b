"""Products as a rule file, which `truenav.connect.products.rules` reads; defaults are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise, takewhile
from typing import Any

import yaml

from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.money import to_text
from truenav.core.product import DailyTimes, Product

_LISTS = ("sources", "conflicts", "assumptions")


def write_products(products: Sequence[Product]) -> str:
    """The YAML text of a rule file that reads as these products, which have one issuer.

    What all products share of sources, conflicts and assumptions stands once; defaults are left out, and of
    later terms only what changes is written.
    """
    issuers = {product.issuer for product in products}
    if len(issuers) != 1:
        raise InvalidInputError(f"A rule file holds the products of one issuer, not of {len(issuers)}.")
    shared = {name: _shared([getattr(product, name) for product in products]) for name in _LISTS}
    family = {
        "issuer": issuers.pop(),
        **{name: _plain(value) for name, value in shared.items() if value},
        "products": [_product(product, shared) for product in products],
    }
    return yaml.dump(family, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _shared(lists: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """What all lists begin with."""
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*lists, strict=False))
    return tuple(column[0] for column in columns)


def _product(product: Product, shared: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    own = {name: getattr(product, name)[len(shared[name]) :] for name in _LISTS}
    ended = {} if product.until is None else {"until": _plain(product.until)}
    first = [_plain(terms) for terms in product.terms[:1]]
    later = [_differences(terms, _values(before)) for before, terms in pairwise(product.terms)]
    return {
        "id": product.id,
        "underlying": product.underlying,
        "quote": product.quote,
        **ended,
        **{name: _plain(value) for name, value in own.items() if value},
        "terms": first + later,
    }


def _differences(value: Any, standing: Sequence[Any]) -> dict[str, Any]:
    """The fields of a dataclass that are not what stands without saying."""
    return {
        field.name: _plain(given)
        for field, given, known in zip(fields(value), _values(value), standing, strict=True)
        if given != known
    }


def _values(value: Any) -> list[Any]:
    return [getattr(value, field.name) for field in fields(value)]


def _plain(value: Any) -> Any:
    """Texts, lists and dicts of a value."""
    if value is None:
        return "none"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return to_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, DailyTimes):
        return " ".join(value.times if value.zone == "UTC" else (*value.times, value.zone))
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int):
        return str(value)
    return _differences(value, [field.default for field in fields(value)])


class _Dumper(yaml.SafeDumper):
    """Writes texts without quotation marks where YAML allows, since nothing is read as another type."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as the base has it

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value as often as it stands: aliases are refused when reading."""
        return True
