"""Bitget's spot fills, column by column."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from truenav.connect.cefi.bitget.answers import SPOT, VENUE, spot_id
from truenav.connect.cefi.bitget.errors import DONE
from truenav.connect.contract import ParseContext
from truenav.connect.fills import (
    Fills,
    Keys,
    decoded,
    keys_of_first,
    keys_stand_once,
    known_assets,
    plain_instants,
    plain_numbers,
    row_type,
    signed,
)
from truenav.core.evidence import Evidence

_SIDES = {"buy", "sell"}
_NO_DEDUCTION = frozenset({"", "0"})


class _Fee(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    deduction: msgspec.Raw
    feeCoin: str  # noqa: N815 - the venue's name
    totalFee: str  # noqa: N815
    totalDeductionFee: str  # noqa: N815


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    symbol: str
    orderId: str  # noqa: N815
    tradeId: str  # noqa: N815
    side: str
    priceAvg: str  # noqa: N815
    size: str
    amount: str
    cTime: str  # noqa: N815
    feeDetail: _Fee  # noqa: N815


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    """A decoder of pages as documented, all of whose rows have these keys and no other."""
    said = [(name, msgspec.Raw) for name in ("msg", "requestTime")]
    page = [("code", str), ("data", list[row_type(_Row, keys)]), *said]  # type: ignore[misc]
    return msgspec.json.Decoder(msgspec.defstruct("Page", page, forbid_unknown_fields=True))


_FEE_KEYS, _PAGE_KEYS = len(_Fee.__struct_fields__), 4


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs with a fee in one coin; None where the careful parser must look."""
    del evidence
    keys = keys_of_first(body, b'"data":[')
    page = decoded(_decoder(keys), body) if keys else None
    if page is None or page.code != DONE:
        return None
    rows: list[_Row] = page.data
    if not keys_stand_once(body, (len(keys) + _FEE_KEYS) * len(rows) + _PAGE_KEYS):
        return None
    sides = [row.side for row in rows]
    if set(sides) - _SIDES:
        return None
    fees = [row.feeDetail for row in rows]
    codes = [fee.feeCoin for fee in fees]
    known, symbols = context.instruments.instruments, [row.symbol for row in rows]
    terms = {name: known.get(spot_id(name)) for name in set(symbols)}
    listed = [one for name in symbols if (one := terms[name]) is not None]
    at = plain_instants([row.cTime for row in rows])
    price, size, amount, fee = (
        plain_numbers(column)
        for column in (
            [row.priceAvg for row in rows],
            [row.size for row in rows],
            [row.amount for row in rows],
            [fee.totalFee for fee in fees],
        )
    )
    if (
        at is None
        or price is None
        or size is None
        or amount is None
        or fee is None
        or len(listed) < len(rows)
    ):
        return None
    deducted = any(
        not paid and one.totalDeductionFee not in _NO_DEDUCTION for paid, one in zip(fee, fees, strict=True)
    )
    assets = known_assets(context, VENUE, codes, at)
    if assets is None or deducted or any(code != code.upper() for code in (*terms, *assets)):
        return None
    bought, sold = [side == "buy" for side in sides], [side == "sell" for side in sides]
    return Fills(
        wallet=SPOT,
        id=[f"{SPOT}:fill:{row.tradeId}" for row in rows],
        at=at,
        terms=listed,
        quantity=signed(size, bought),
        price=price,
        cost=signed(amount, sold),
        realised=[None] * len(rows),
        fee=fee,
        fee_asset=[assets[code] for code in codes],
        order_id=[row.orderId for row in rows],
        tag=[None] * len(rows),
    )
