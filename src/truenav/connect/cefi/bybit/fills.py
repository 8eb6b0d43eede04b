"""Bybit's spot fills, column by column."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from truenav.connect.cefi.bybit.answers import SPOT, UNIFIED, VENUE, spot_id
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
)
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence

_SIGNS = {"Buy": 1, "Sell": -1}


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    symbol: str
    side: str
    orderId: str  # noqa: N815 - the venue's name
    orderLinkId: str  # noqa: N815
    execId: str  # noqa: N815
    execTime: str  # noqa: N815
    execPrice: str  # noqa: N815
    execQty: str  # noqa: N815
    execValue: str  # noqa: N815
    execFee: str  # noqa: N815
    feeCurrency: str  # noqa: N815
    extraFees: str = ""  # noqa: N815


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    """A decoder of pages as documented, all of whose rows have these keys and no other."""
    row = row_type(_Row, keys)
    result = msgspec.defstruct(
        "Result",
        [("category", str), ("rows", list[row]), ("nextPageCursor", msgspec.Raw)],  # type: ignore[valid-type]
        rename={"rows": "list"},
        forbid_unknown_fields=True,
    )
    said = ("retMsg", "retExtInfo", "time")
    page = [("retCode", int), ("result", result), *((name, msgspec.Raw) for name in said)]
    return msgspec.json.Decoder(msgspec.defstruct("Page", page, forbid_unknown_fields=True))


_PAGE_KEYS = 5 + 3


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs without taxes; None where the careful parser must look."""
    del evidence
    keys = keys_of_first(body, b'"list":[')
    page = decoded(_decoder(keys), body) if keys else None
    if page is None or page.retCode != 0 or page.result.category != SPOT:
        return None
    rows: list[_Row] = page.result.rows
    if not keys_stand_once(body, len(keys) * len(rows) + _PAGE_KEYS):
        return None
    if {row.extraFees for row in rows} != {""} or {row.side for row in rows} - _SIGNS.keys():
        return None
    known = context.instruments.instruments
    terms = {name: known.get(spot_id(name)) for name in {row.symbol for row in rows}}
    listed = [one for row in rows if (one := terms[row.symbol]) is not None]
    at = plain_instants([row.execTime for row in rows])
    price, size, value, fee = (
        plain_numbers(column)
        for column in (
            [row.execPrice for row in rows],
            [row.execQty for row in rows],
            [row.execValue for row in rows],
            [row.execFee or "0" for row in rows],
        )
    )
    if at is None or price is None or size is None or value is None or fee is None or len(listed) < len(rows):
        return None
    codes = {row.feeCurrency for row in rows}
    assets = known_assets(context, VENUE, codes, at) if all(codes) else None
    if assets is None:
        return None
    tags = {name: tag_of(name) for name in {row.orderLinkId for row in rows}}
    signs = [_SIGNS[row.side] for row in rows]
    return Fills(
        wallet=UNIFIED,
        id=[f"exec:{row.execId}" for row in rows],
        at=at,
        terms=listed,
        quantity=[one if sign > 0 else -one for sign, one in zip(signs, size, strict=True)],
        price=price,
        cost=[-one if sign > 0 else one for sign, one in zip(signs, value, strict=True)],
        realised=[None] * len(rows),
        fee=[-one for one in fee],
        fee_asset=[assets[row.feeCurrency] for row in rows],
        order_id=[row.orderId for row in rows],
        tag=[tags[row.orderLinkId] for row in rows],
    )
