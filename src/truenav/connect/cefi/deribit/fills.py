"""Deribit's trades, column by column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from truenav.connect.cefi.deribit.ledger import WALLET, profits_noted
from truenav.connect.cefi.deribit.manifest import MANIFEST
from truenav.connect.contract import ParseContext
from truenav.connect.fills import (
    Fills,
    Instant,
    Keys,
    count_keys,
    decoded,
    keys_of_first,
    keys_stand_once,
    known_assets,
    row_type,
)
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind, instrument_id

VENUE = MANIFEST.name
_SIGNS = {"buy": 1, "sell": -1}
_PAID_AT_ONCE = (InstrumentKind.SPOT, InstrumentKind.OPTION)
_NUMBERS = re.compile(r"(?:-?[0-9]{1,19}(?:\.[0-9]{1,17})?(?:[eE]-[0-9])?\n)*")
"""Numbers as the venue writes them, small fees with an exponent; too short to break any limit of ours."""


class _Row(msgspec.Struct, gc=False):
    """What a trade is stated from; its other fields differ by kind and state nothing."""

    trade_id: str
    timestamp: Instant
    instrument_name: str
    direction: str
    amount: Raw
    price: Raw
    fee: Raw
    fee_currency: str
    order_id: str
    label: str


def _page(row: type[Any]) -> type[Any]:
    """A page of such rows; one with an error is none."""
    result = msgspec.defstruct("Result", [("trades", list[row])])  # type: ignore[valid-type]
    error = ("error", msgspec.UnsetType, msgspec.UNSET)
    return msgspec.defstruct("Page", [("result", result), error])


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    """A decoder of pages all of whose rows have these keys and no other."""
    return msgspec.json.Decoder(_page(row_type(_Row, keys)))


_MIXED = msgspec.json.Decoder(_page(_Row))
_KEYS = tuple(f'"{name}":'.encode() for name in _Row.__struct_fields__)
_ROWS = b'"trades":['


def _read(body: bytes) -> list[_Row]:
    """The rows of a page in which no key of a row stands twice; none where that is not sure.

    Rows of one kind have the same keys, so that it is enough to count all of them. Where kinds are mixed,
    each key that states something is counted by itself.
    """
    keys = keys_of_first(body, _ROWS)
    page = decoded(_decoder(keys), body) if keys else None
    if page is not None:
        rows: list[_Row] = page.result.trades
        around = body[: body.find(_ROWS) + len(_ROWS)], body[body.rfind(b"]") :]
        return rows if keys_stand_once(body, len(keys) * len(rows) + sum(map(count_keys, around))) else []
    page = decoded(_MIXED, body)
    rows = [] if page is None else page.result.trades
    return rows if all(body.count(key) == len(rows) for key in _KEYS) else []


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known markets whose profit is noted; None where the careful parser must look."""
    rows, profits = _read(body), profits_noted(evidence)
    known = context.instruments.instruments
    terms = {name: known.get(instrument_id(VENUE, name)) for name in {row.instrument_name for row in rows}}
    listed = [one for row in rows if (one := terms[row.instrument_name]) is not None]
    if not rows or len(listed) < len(rows) or {row.direction for row in rows} - _SIGNS.keys():
        return None
    paid = [one.kind in _PAID_AT_ONCE for one in listed]
    at = [row.timestamp for row in rows]
    realised = _numbers(
        ["0" if free else profits.get(row.trade_id, "") for row, free in zip(rows, paid, strict=True)]
    )
    size, price, charge = (
        _numbers(b"\n".join(column).decode().split("\n"))
        for column in ([row.amount for row in rows], [row.price for row in rows], [row.fee for row in rows])
    )
    if realised is None or size is None or price is None or charge is None:
        return None
    charged = {row.fee_currency for row, one in zip(rows, charge, strict=True) if one}
    assets = known_assets(context, VENUE, charged, at)
    if assets is None:
        return None
    tags = {name: tag_of(name) or name or None for name in {row.label for row in rows}}
    amount = [one * _SIGNS[row.direction] for one, row in zip(size, rows, strict=True)]
    return Fills(
        wallet=WALLET,
        id=[f"trade:{row.trade_id}" for row in rows],
        at=at,
        terms=listed,
        quantity=[one / each.multiplier for one, each in zip(amount, listed, strict=True)],
        price=price,
        cost=[-one * each if free else None for one, each, free in zip(amount, price, paid, strict=True)],
        realised=[None if free else one for one, free in zip(realised, paid, strict=True)],
        fee=[-one for one in charge],
        fee_asset=[assets.get(row.fee_currency, one.quote) for row, one in zip(rows, listed, strict=True)],
        order_id=[row.order_id for row in rows],
        tag=[tags[row.label] for row in rows],
    )


def _numbers(texts: Sequence[str]) -> list[Decimal] | None:
    """Exact numbers of a column, or None where one is written in another way."""
    if not _NUMBERS.fullmatch("\n".join((*texts, ""))):
        return None
    known = {one: Decimal(one) for one in set(texts)}
    return [known[one] for one in texts]
