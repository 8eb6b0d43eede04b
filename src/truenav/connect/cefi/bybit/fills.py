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
    negated,
    plain_instants,
    plain_numbers,
    row_type,
    signed,
)
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence

_SIDES = {"Buy", "Sell"}


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
    sides = [row.side for row in rows]
    if any(row.extraFees for row in rows) or set(sides) - _SIDES:
        return None
    known, symbols = context.instruments.instruments, [row.symbol for row in rows]
    terms = {name: known.get(spot_id(name)) for name in set(symbols)}
    listed = [one for name in symbols if (one := terms[name]) is not None]
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
    codes, links = [row.feeCurrency for row in rows], [row.orderLinkId for row in rows]
    assets = known_assets(context, VENUE, codes, at) if all(codes) else None
    if assets is None:
        return None
    tags = {name: tag_of(name) for name in set(links)}
    bought, sold = [side == "Buy" for side in sides], [side == "Sell" for side in sides]
    return Fills(
        wallet=UNIFIED,
        id=[f"exec:{row.execId}" for row in rows],
        at=at,
        terms=listed,
        quantity=signed(size, bought),
        price=price,
        cost=signed(value, sold),
        realised=[None] * len(rows),
        fee=negated(fee),
        fee_asset=[assets[code] for code in codes],
        order_id=[row.orderId for row in rows],
        tag=[tags[name] for name in links],
    )
