"""Coinbase's fills of pairs, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from truenav.connect.cefi.coinbase.answers import INTERNATIONAL, SPOT, market_id
from truenav.connect.cefi.coinbase.ledger import QUANTITY_PLACES
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills, decoded, each_stands, plain_numbers
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind
from truenav.core.money import rounded
from truenav.core.trades import MICROSECOND

_SIGNS = {"BUY": 1, "SELL": -1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_PLAIN = 10**17


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    trade_id: str
    order_id: str
    trade_time: str
    trade_type: str
    price: str
    size: str
    commission: str
    product_id: str
    size_in_quote: bool
    side: str


class _Page(msgspec.Struct):
    fills: list[_Row]


_DECODER = msgspec.json.Decoder(_Page)
_KEYS = _Row.__struct_fields__


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs; None where the careful parser must look."""
    del evidence
    page = decoded(_DECODER, body)
    if page is None or not page.fills:
        return None
    rows = page.fills
    if not each_stands(body, _KEYS, len(rows)) or not each_stands(body, ("fills",), 1):
        return None
    if any(row.side not in _SIGNS or row.trade_type != "FILL" for row in rows):
        return None
    known = context.instruments.instruments
    terms = {name: known.get(market_id(name)) for name in {row.product_id for row in rows}}
    listed = [one for row in rows if (one := terms[row.product_id]) is not None]
    at = _microseconds([row.trade_time for row in rows])
    price, size, fee = (
        plain_numbers(column)
        for column in (
            [row.price for row in rows],
            [row.size for row in rows],
            [row.commission or "0" for row in rows],
        )
    )
    if at is None or price is None or size is None or fee is None or min(price) <= 0:
        return None
    if len(listed) < len(rows) or any(name.endswith(INTERNATIONAL) for name in terms):
        return None
    if any(one.kind is not InstrumentKind.SPOT for one in listed):
        return None
    signs = [_SIGNS[row.side] for row in rows]
    paid = [
        one if row.size_in_quote else one * each for row, one, each in zip(rows, size, price, strict=True)
    ]
    return Fills(
        wallet=SPOT,
        id=[f"fill:{row.trade_id}" for row in rows],
        at=at,
        step=MICROSECOND,
        terms=listed,
        quantity=[
            sign * (rounded(one / each, QUANTITY_PLACES) if row.size_in_quote else one)
            for row, sign, one, each in zip(rows, signs, size, price, strict=True)
        ],
        price=price,
        cost=[-sign * one for sign, one in zip(signs, paid, strict=True)],
        realised=[None] * len(rows),
        fee=[-one for one in fee],
        fee_asset=[one.quote for one in listed],
        order_id=[row.order_id for row in rows],
        tag=[None] * len(rows),
    )


def _microseconds(texts: Sequence[str]) -> list[int] | None:
    """Microseconds of RFC 3339 times, or None where one is none, naive, or far from any trade."""
    try:
        found = [(one - _EPOCH) // MICROSECOND for one in map(datetime.fromisoformat, texts)]
    except (ValueError, TypeError):
        return None
    return found if min(found) >= 0 and max(found) < _LAST_PLAIN else None
