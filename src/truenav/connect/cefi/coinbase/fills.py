"""Coinbase's fills of pairs, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from truenav.connect.cefi.coinbase.answers import INTERNATIONAL, SPOT, market_id
from truenav.connect.cefi.coinbase.ledger import QUANTITY_PLACES
from truenav.connect.contract import ParseContext
from truenav.connect.fills import (
    Fills,
    Keys,
    decoded,
    keys_of_first,
    keys_stand_once,
    negated,
    plain_numbers,
    row_type,
    signed,
)
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind
from truenav.core.money import rounded
from truenav.core.trades import MICROSECOND

_SIDES = {"BUY", "SELL"}
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


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    """A decoder of pages as documented, all of whose rows have these keys and no other."""
    told = [("fills", list[row_type(_Row, keys)]), ("cursor", msgspec.Raw)]  # type: ignore[misc]
    return msgspec.json.Decoder(msgspec.defstruct("Page", told, forbid_unknown_fields=True))


_PAGE_KEYS = 2


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs; None where the careful parser must look."""
    del evidence
    keys = keys_of_first(body, b'"fills":[')
    page = decoded(_decoder(keys), body) if keys else None
    if page is None:
        return None
    rows: list[_Row] = page.fills
    sides = [row.side for row in rows]
    if not keys_stand_once(body, len(keys) * len(rows) + _PAGE_KEYS) or set(sides) - _SIDES:
        return None
    if {row.trade_type for row in rows} != {"FILL"}:
        return None
    known, products = context.instruments.instruments, [row.product_id for row in rows]
    terms = {name: known.get(market_id(name)) for name in set(products)}
    listed = [one for name in products if (one := terms[name]) is not None]
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
    if any(name.endswith(INTERNATIONAL) for name in terms):
        return None
    if any(one is None or one.kind is not InstrumentKind.SPOT for one in terms.values()):
        return None
    bought, sold = [side == "BUY" for side in sides], [side == "SELL" for side in sides]
    in_quote = [row.size_in_quote for row in rows]
    paid = [one if quote else one * each for one, each, quote in zip(size, price, in_quote, strict=True)]
    got = [
        rounded(one / each, QUANTITY_PLACES) if quote else one
        for one, each, quote in zip(size, price, in_quote, strict=True)
    ]
    return Fills(
        wallet=SPOT,
        id=[f"fill:{row.trade_id}" for row in rows],
        at=at,
        step=MICROSECOND,
        terms=listed,
        quantity=signed(got, bought),
        price=price,
        cost=signed(paid, sold),
        realised=[None] * len(rows),
        fee=negated(fee),
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
