"""Hyperliquid's fills, column by column."""

from __future__ import annotations

from functools import lru_cache
from itertools import compress
from typing import Any

import msgspec

from truenav.connect.cefi.hyperliquid.answers import MAIN, USDC, VENUE, hyperliquid_id, is_foreign
from truenav.connect.cefi.hyperliquid.fills import SETTLEMENT, SIGNS
from truenav.connect.contract import ParseContext
from truenav.connect.fills import (
    Fills,
    Instant,
    Keys,
    Number,
    decoded,
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
from truenav.core.instrument import InstrumentKind
from truenav.core.money import ONE


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    coin: str
    px: str
    sz: str
    side: str
    time: Instant
    dir: str
    closedPnl: str  # noqa: N815 - the venue's name
    oid: Number
    tid: Number
    fee: str
    feeToken: str = ""  # noqa: N815
    cloid: str = ""
    builderFee: str = ""  # noqa: N815


_BOUGHT = "B"
_AT_TIMES = frozenset({"cloid", "builderFee"})
"""Fields that some rows of a page have and others have not."""


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[row_type(_Row, keys)])  # type: ignore[misc]


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known markets that are trades; None where the careful parser must look."""
    del evidence
    keys = keys_of_first(body, b"[")
    rows: list[_Row] | None = decoded(_decoder(keys), body) if keys else None
    if not rows:
        return None
    more = sum(bool(row.cloid) + bool(row.builderFee) for row in rows)
    if not keys_stand_once(body, len({key.name for key in keys} - _AT_TIMES) * len(rows) + more):
        return None
    sides = [row.side for row in rows]
    if set(sides) - SIGNS.keys() or SETTLEMENT in [row.dir for row in rows]:
        return None
    known, coins = context.instruments.instruments, [row.coin for row in rows]
    terms = {name: known.get(hyperliquid_id(name)) for name in set(coins)}
    listed = [one for name in coins if (one := terms[name]) is not None]
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
    if price is None or size is None or fee is None or profit is None:
        return None
    if len(listed) < len(rows) or any(map(is_foreign, terms)):
        return None
    tokens = [row.feeToken or USDC for row in rows]
    assets = known_assets(context, VENUE, compress(tokens, fee), at)
    if assets is None:
        return None
    quantity = signed(size, [side == _BOUGHT for side in sides])
    thousands = {one.id: one.multiplier for one in terms.values() if one and one.multiplier != ONE}
    paid = [one.kind is InstrumentKind.SPOT for one in listed]
    return Fills(
        wallet=MAIN,
        id=[f"fill:{row.tid}:{row.oid}" for row in rows],
        at=at,
        terms=listed,
        quantity=quantity,
        price=[
            one / thousands[each.id] if each.id in thousands else one
            for one, each in zip(price, listed, strict=True)
        ],
        cost=[-one * each if spot else None for one, each, spot in zip(quantity, price, paid, strict=True)],
        realised=[None if spot else won for won, spot in zip(profit, paid, strict=True)],
        fee=negated(fee),
        fee_asset=[assets.get(token) for token in tokens],
        order_id=[str(row.oid) for row in rows],
        tag=[tag_of(row.cloid) for row in rows],
    )
