"""Bitget's spot fills, column by column."""

from __future__ import annotations

import msgspec

from truenav.connect.cefi.bitget.answers import SPOT, VENUE, spot_id
from truenav.connect.cefi.bitget.errors import DONE
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills, decoded, known_assets, plain_instants, plain_numbers
from truenav.core.evidence import Evidence

_SIGNS = {"buy": 1, "sell": -1}
_NO_DEDUCTION = frozenset({"", "0"})


class _Fee(msgspec.Struct, gc=False):
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


class _Page(msgspec.Struct):
    code: str
    data: list[_Row]


_DECODER = msgspec.json.Decoder(_Page)
_KEYS = tuple(f'"{name}":'.encode() for name in (*_Row.__struct_fields__, *_Fee.__struct_fields__))
_PAGE_KEYS = (b'"code":', b'"data":')


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs with a fee in one coin; None where the careful parser must look."""
    del evidence
    page = decoded(_DECODER, body)
    if page is None or page.code != DONE or not page.data:
        return None
    rows = page.data
    if any(body.count(key) != len(rows) for key in _KEYS) or any(body.count(key) != 1 for key in _PAGE_KEYS):
        return None
    fees = [row.feeDetail for row in rows]
    codes = {fee.feeCoin for fee in fees}
    known = context.instruments.instruments
    terms = {name: known.get(spot_id(name)) for name in {row.symbol for row in rows}}
    listed = [one for row in rows if (one := terms[row.symbol]) is not None]
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
    if assets is None or deducted or any(code != code.upper() for code in (*terms, *codes)):
        return None
    if any(row.side not in _SIGNS for row in rows):
        return None
    signs = [_SIGNS[row.side] for row in rows]
    return Fills(
        wallet=SPOT,
        id=[f"{SPOT}:fill:{row.tradeId}" for row in rows],
        at=at,
        terms=listed,
        quantity=[sign * one for sign, one in zip(signs, size, strict=True)],
        price=price,
        cost=[-sign * one for sign, one in zip(signs, amount, strict=True)],
        realised=[None] * len(rows),
        fee=fee,
        fee_asset=[assets[one.feeCoin] for one in fees],
        order_id=[row.orderId for row in rows],
        tag=[None] * len(rows),
    )
