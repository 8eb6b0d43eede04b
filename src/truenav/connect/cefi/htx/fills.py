"""HTX's match results, column by column."""

from __future__ import annotations

from functools import lru_cache
from operator import mul
from typing import Any

import msgspec

from truenav.connect.cefi.htx.answers import SPOT, VENUE, spot_id
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
from truenav.core.evidence import Evidence

_OTHER_WALLETS = ("fl-", "super-margin", "cross-margin", "margin")
_SIDES = {"buy", "sell"}


class _Row(msgspec.Struct, gc=False, rename="kebab"):
    """What a fill is stated from; its other fields state nothing."""

    symbol: str
    fee_currency: str
    source: str
    price: str
    created_at: Instant
    order_id: Number
    filled_amount: str
    filled_fees: str
    filled_points: str
    id: Number
    type: str
    fee_deduct_state: str = ""


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    """A decoder of pages as documented, all of whose rows have these keys and no other."""
    rows: Any = list[row_type(_Row, keys)]  # type: ignore[misc]
    page: list[tuple[str, Any, Any]] = [("status", str, ""), ("data", rows, ()), ("ts", int, 0)]
    return msgspec.json.Decoder(msgspec.defstruct("Page", page, forbid_unknown_fields=True))


_PAGE_KEYS = 2


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs of the spot wallet, with one fee; None where the careful parser must look."""
    del evidence
    keys = keys_of_first(body, b'"data":[')
    page = decoded(_decoder(keys), body) if keys else None
    if page is None or page.status != "ok":
        return None
    rows: list[_Row] = page.data
    if not keys_stand_once(body, len(keys) * len(rows) + _PAGE_KEYS + bool(page.ts)):
        return None
    types = [row.type for row in rows]
    sides = {name: name.partition("-")[0] for name in set(types)}
    if not _SIDES.issuperset(sides.values()):
        return None
    if any(source.startswith(_OTHER_WALLETS) for source in {row.source for row in rows}):
        return None
    if any(row.fee_deduct_state == "ongoing" for row in rows):
        return None
    known, symbols = context.instruments.instruments, [row.symbol for row in rows]
    terms = {name: known.get(spot_id(name)) for name in set(symbols)}
    listed = [one for name in symbols if (one := terms[name]) is not None]
    at = [row.created_at for row in rows]
    price, size, fee, points = (
        plain_numbers(column)
        for column in (
            [row.price for row in rows],
            [row.filled_amount for row in rows],
            [row.filled_fees for row in rows],
            list({row.filled_points for row in rows}),
        )
    )
    if price is None or size is None or fee is None or points is None or any(points):
        return None
    coins = [row.fee_currency for row in rows]
    assets = known_assets(context, VENUE, map(str.upper, set(coins)), at)
    if assets is None or len(listed) < len(rows):
        return None
    charged = {coin: assets[coin.upper()] for coin in set(coins)}
    quantity = signed(size, [sides[name] == "buy" for name in types])
    return Fills(
        wallet=SPOT,
        id=[f"fill:{row.id}" for row in rows],
        at=at,
        terms=listed,
        quantity=quantity,
        price=price,
        cost=negated(list(map(mul, quantity, price))),
        realised=[None] * len(rows),
        fee=negated(fee),
        fee_asset=[charged[coin] for coin in coins],
        order_id=[str(row.order_id) for row in rows],
        tag=[None] * len(rows),
    )
