"""Deribit's trades, column by column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import Raw

from truenav.connect.cefi.deribit.ledger import WALLET, profits_noted
from truenav.connect.cefi.deribit.manifest import MANIFEST
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills, decoded, known_assets, plain_instants
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind, instrument_id

VENUE = MANIFEST.name
_SIGNS = {"buy": 1, "sell": -1}
_PAID_AT_ONCE = (InstrumentKind.SPOT, InstrumentKind.OPTION)
_NUMBERS = re.compile(rb"(?:-?[0-9]{1,19}(?:\.[0-9]{1,17})?(?:[eE]-[0-9])?\n)*")
"""Numbers as the venue writes them, small fees with an exponent; too short to break any limit of ours."""


class _Row(msgspec.Struct, gc=False):
    """What a trade is stated from; its other fields differ by kind and state nothing."""

    trade_id: str
    timestamp: Raw
    instrument_name: str
    direction: str
    amount: Raw
    price: Raw
    fee: Raw
    fee_currency: str
    order_id: str
    label: str


class _Result(msgspec.Struct):
    trades: list[_Row]


class _Page(msgspec.Struct):
    result: _Result


_DECODER = msgspec.json.Decoder(_Page)
_KEYS = tuple(f'"{name}":'.encode() for name in _Row.__struct_fields__)


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known markets whose profit is noted; None where the careful parser must look."""
    page = decoded(_DECODER, body)
    if page is None or b'"error"' in body:
        return None
    rows, profits = page.result.trades, profits_noted(evidence)
    if any(body.count(key) != len(rows) for key in _KEYS):  # one twice, or legs of a combination
        return None
    known = context.instruments.instruments
    terms = {name: known.get(instrument_id(VENUE, name)) for name in {row.instrument_name for row in rows}}
    listed = [one for row in rows if (one := terms[row.instrument_name]) is not None]
    if not rows or len(listed) < len(rows) or {row.direction for row in rows} - _SIGNS.keys():
        return None
    paid = [one.kind in _PAID_AT_ONCE for one in listed]
    realised = _numbers(
        [
            b"0" if free else profits.get(row.trade_id, "").encode()
            for row, free in zip(rows, paid, strict=True)
        ]
    )
    at = plain_instants(b"\n".join([row.timestamp for row in rows]).decode().split("\n"))
    size = _numbers([row.amount for row in rows])
    price = _numbers([row.price for row in rows])
    charge = _numbers([row.fee for row in rows])
    if at is None or realised is None or size is None or price is None or charge is None:
        return None
    charged = {row.fee_currency for row, one in zip(rows, charge, strict=True) if one}
    assets = known_assets(context, VENUE, charged, at)
    if assets is None:
        return None
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
        tag=[tag_of(row.label) or row.label or None for row in rows],
    )


def _numbers(column: Sequence[bytes | Raw]) -> list[Decimal] | None:
    """Exact numbers of a column, or None where one is written in another way."""
    text = b"\n".join(column)
    return list(map(Decimal, text.decode().split("\n"))) if _NUMBERS.fullmatch(text + b"\n") else None
