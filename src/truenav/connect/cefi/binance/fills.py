"""Binance's spot trades, column by column."""

from __future__ import annotations

from operator import not_

import msgspec

from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.contract import ParseContext
from truenav.connect.fills import (
    Fills,
    decoded,
    keys_stand_once,
    known_assets,
    negated,
    plain_numbers,
    signed,
)
from truenav.connect.reading import noted_tags
from truenav.core.evidence import Evidence
from truenav.core.instrument import instrument_id

VENUE = MANIFEST.name
_LAST_PLAIN = 10**14


class _Row(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A trade as documented: all these fields and no other."""

    symbol: str
    id: int
    orderId: int  # noqa: N815 - the venue's name
    orderListId: int  # noqa: N815
    price: str
    qty: str
    quoteQty: str  # noqa: N815
    commission: str
    commissionAsset: str  # noqa: N815
    time: int
    isBuyer: bool  # noqa: N815
    isMaker: bool  # noqa: N815
    isBestMatch: bool  # noqa: N815


_DECODER = msgspec.json.Decoder(list[_Row])
_KEYS = len(_Row.__struct_fields__)


def spot_trades(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Spot trades whose orders are noted; None where the careful parser must look."""
    rows, tags = decoded(_DECODER, body), noted_tags(evidence)
    if not rows or tags is None or not keys_stand_once(body, _KEYS * len(rows)):
        return None
    at = [row.time for row in rows]
    numbers = [[row.id for row in rows], [row.orderId for row in rows], at]
    if b":-0" in body or b": -0" in body or min(map(min, numbers)) < 0 or max(at) >= _LAST_PLAIN:
        return None
    known, symbols = context.instruments.instruments, [row.symbol for row in rows]
    terms = {name: known.get(instrument_id(VENUE, name)) for name in set(symbols)}
    listed = [one for name in symbols if (one := terms[name]) is not None]
    price, quantity, cost, fee = (
        plain_numbers(column)
        for column in (
            [row.price for row in rows],
            [row.qty for row in rows],
            [row.quoteQty for row in rows],
            [row.commission for row in rows],
        )
    )
    codes = [row.commissionAsset for row in rows]
    assets = known_assets(context, VENUE, codes, at)
    orders = [str(row.orderId) for row in rows]
    if price is None or quantity is None or cost is None or fee is None or assets is None:
        return None
    if len(listed) < len(rows) or not all(map(tags.__contains__, orders)):
        return None
    bought = [row.isBuyer for row in rows]
    return Fills(
        wallet="spot",
        id=[f"{VENUE}:{row.symbol}:{row.id}" for row in rows],
        at=at,
        terms=listed,
        quantity=signed(quantity, bought),
        price=price,
        cost=signed(cost, list(map(not_, bought))),
        realised=[None] * len(rows),
        fee=negated(fee),
        fee_asset=[assets[code] for code in codes],
        order_id=orders,
        tag=[tags[order] for order in orders],
    )
