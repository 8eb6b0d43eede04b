"""Hyperliquid's fills, column by column."""

from __future__ import annotations

import msgspec

from truenav.connect.cefi.hyperliquid.answers import MAIN, USDC, VENUE, hyperliquid_id, is_foreign
from truenav.connect.cefi.hyperliquid.fills import SETTLEMENT, SIGNS
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills, decoded, each_stands, known_assets, plain_numbers
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind

_LAST_PLAIN = 10**14


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    coin: str
    px: str
    sz: str
    side: str
    time: int
    dir: str
    closedPnl: str  # noqa: N815 - the venue's name
    oid: int
    tid: int
    fee: str
    feeToken: str = ""  # noqa: N815
    cloid: str = ""


_DECODER = msgspec.json.Decoder(list[_Row])
_KEYS = tuple(name for name in _Row.__struct_fields__ if name not in ("feeToken", "cloid"))


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known markets that are trades; None where the careful parser must look."""
    del evidence
    rows = decoded(_DECODER, body)
    if not rows or b":-" in body or b": -" in body or not each_stands(body, _KEYS, len(rows)):
        return None
    tokens, clients = sum(bool(row.feeToken) for row in rows), sum(bool(row.cloid) for row in rows)
    if not each_stands(body, ("feeToken",), tokens) or not each_stands(body, ("cloid",), clients):
        return None
    if any(row.side not in SIGNS or row.dir == SETTLEMENT or not row.tid for row in rows):
        return None
    known = context.instruments.instruments
    terms = {name: known.get(hyperliquid_id(name)) for name in {row.coin for row in rows}}
    listed = [one for row in rows if (one := terms[row.coin]) is not None]
    at = [row.time for row in rows]
    price, size, fee, profit = (
        plain_numbers(column)
        for column in (
            [row.px for row in rows],
            [row.sz for row in rows],
            [row.fee for row in rows],
            [row.closedPnl for row in rows],
        )
    )
    if price is None or size is None or fee is None or profit is None or max(at) >= _LAST_PLAIN:
        return None
    if len(listed) < len(rows) or any(map(is_foreign, terms)):
        return None
    charged = {row.feeToken or USDC for row, one in zip(rows, fee, strict=True) if one}
    assets = known_assets(context, VENUE, charged, at)
    if assets is None:
        return None
    quantity = [SIGNS[row.side] * one for row, one in zip(rows, size, strict=True)]
    paid = [one.kind is InstrumentKind.SPOT for one in listed]
    return Fills(
        wallet=MAIN,
        id=[f"fill:{row.tid}:{row.oid}" for row in rows],
        at=at,
        terms=listed,
        quantity=quantity,
        price=[one / each.multiplier for one, each in zip(price, listed, strict=True)],
        cost=[-one * each if spot else None for one, each, spot in zip(quantity, price, paid, strict=True)],
        realised=[None if spot else won for won, spot in zip(profit, paid, strict=True)],
        fee=[-one for one in fee],
        fee_asset=[
            assets.get(row.feeToken or USDC, one.quote) for row, one in zip(rows, listed, strict=True)
        ],
        order_id=[str(row.oid) for row in rows],
        tag=[tag_of(row.cloid) for row in rows],
    )
