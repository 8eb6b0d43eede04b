"""Deribit's trades, column by column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import compress
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
    is_spaced,
    keys_of_first,
    keys_stand_once,
    known_assets,
    negated,
    plain_numbers,
    row_type,
    signed,
)
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind, instrument_id

VENUE = MANIFEST.name
_SIDES = {"buy", "sell"}
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
    each key that states something is counted by itself, if there is but one way to write it.
    """
    keys = keys_of_first(body, _ROWS)
    page = decoded(_decoder(keys), body) if keys else None
    if page is not None:
        rows: list[_Row] = page.result.trades
        around = body[: body.find(_ROWS) + len(_ROWS)], body[body.rfind(b"]") :]
        return rows if keys_stand_once(body, len(keys) * len(rows) + sum(map(count_keys, around))) else []
    page = decoded(_MIXED, body)
    if page is None or is_spaced(body) or b"\\" in body:
        return []
    rows = page.result.trades
    return rows if all(body.count(key) == len(rows) for key in _KEYS) else []


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known markets whose profit is noted; None where the careful parser must look."""
    rows, profits = _read(body), profits_noted(evidence)
    known, markets = context.instruments.instruments, [row.instrument_name for row in rows]
    terms = {name: known.get(instrument_id(VENUE, name)) for name in set(markets)}
    listed = [one for name in markets if (one := terms[name]) is not None]
    sides = [row.direction for row in rows]
    if not rows or len(listed) < len(rows) or set(sides) - _SIDES:
        return None
    kinds = {name: one.kind in _PAID_AT_ONCE for name, one in terms.items() if one}
    paid = [kinds[name] for name in markets]
    trades, at = [row.trade_id for row in rows], [row.timestamp for row in rows]
    realised = _numbers(
        ["0" if free else profits.get(trade, "") for trade, free in zip(trades, paid, strict=True)]
    )
    size, price, charge = (
        _numbers(b"\n".join(column).decode().split("\n"))
        for column in ([row.amount for row in rows], [row.price for row in rows], [row.fee for row in rows])
    )
    if realised is None or size is None or price is None or charge is None:
        return None
    codes, labels = [row.fee_currency for row in rows], [row.label for row in rows]
    assets = known_assets(context, VENUE, compress(codes, charge), at)
    if assets is None:
        return None
    tags = {name: tag_of(name) or name or None for name in set(labels)}
    amount = signed(size, [side == "buy" for side in sides])
    return Fills(
        wallet=WALLET,
        id=[f"trade:{trade}" for trade in trades],
        at=at,
        terms=listed,
        quantity=[one / each.multiplier for one, each in zip(amount, listed, strict=True)],
        price=price,
        cost=[-one * each if free else None for one, each, free in zip(amount, price, paid, strict=True)],
        realised=[None if free else one for one, free in zip(realised, paid, strict=True)],
        fee=negated(charge),
        fee_asset=[assets.get(code) for code in codes],
        order_id=[row.order_id for row in rows],
        tag=[tags[label] for label in labels],
    )


def _numbers(texts: Sequence[str]) -> list[Decimal] | None:
    """Exact numbers of a column, or None where one is written in another way."""
    plain = plain_numbers(texts)
    if plain is None and _NUMBERS.fullmatch("\n".join((*texts, ""))):
        return list(map(Decimal, texts))
    return plain
