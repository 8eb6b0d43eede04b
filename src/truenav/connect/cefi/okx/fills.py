"""OKX's fills, column by column."""

from __future__ import annotations

from itertools import compress

import msgspec

from truenav.connect.cefi.okx.manifest import MANIFEST
from truenav.connect.contract import ParseContext
from truenav.connect.fills import (
    Fills,
    decoded,
    keys_stand_once,
    known_assets,
    plain_instants,
    plain_numbers,
    signed,
)
from truenav.connect.reading import tag_of
from truenav.core.evidence import Evidence
from truenav.core.instrument import InstrumentKind, instrument_id

VENUE = MANIFEST.name
_SIDES = {"buy", "sell"}
_PAID_AT_ONCE = (InstrumentKind.SPOT, InstrumentKind.OPTION)


class _Row(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A fill as documented: all these fields and no other."""

    instType: str  # noqa: N815 - the venue's name
    instId: str  # noqa: N815
    tradeId: str  # noqa: N815
    ordId: str  # noqa: N815
    clOrdId: str  # noqa: N815
    billId: str  # noqa: N815
    subType: str  # noqa: N815
    tag: str
    fillPx: str  # noqa: N815
    fillSz: str  # noqa: N815
    fillIdxPx: str  # noqa: N815
    fillPnl: str  # noqa: N815
    fillPxVol: str  # noqa: N815
    fillPxUsd: str  # noqa: N815
    fillMarkVol: str  # noqa: N815
    fillFwdPx: str  # noqa: N815
    fillMarkPx: str  # noqa: N815
    fillTime: str  # noqa: N815
    side: str
    posSide: str  # noqa: N815
    execType: str  # noqa: N815
    feeCcy: str  # noqa: N815
    fee: str
    feeRate: str  # noqa: N815
    ts: str


class _Page(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    msg: str
    data: list[_Row]


_DECODER = msgspec.json.Decoder(_Page)
_KEYS, _PAGE_KEYS = len(_Row.__struct_fields__), len(_Page.__struct_fields__)


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known markets; None where the careful parser must look."""
    del evidence
    page = decoded(_DECODER, body)
    if page is None or page.code != "0" or not page.data:
        return None
    rows = page.data
    sides = [row.side for row in rows]
    if not keys_stand_once(body, _KEYS * len(rows) + _PAGE_KEYS) or set(sides) - _SIDES:
        return None
    known, markets = context.instruments.instruments, [row.instId for row in rows]
    terms = {name: known.get(instrument_id(VENUE, name)) for name in set(markets)}
    listed = [one for name in markets if (one := terms[name]) is not None]
    at = plain_instants([row.ts for row in rows])
    price = plain_numbers([row.fillPx for row in rows])
    size = plain_numbers([row.fillSz for row in rows])
    fee = plain_numbers([row.fee or "0" for row in rows])
    profit = plain_numbers([row.fillPnl or "0" for row in rows])
    if at is None or price is None or size is None or fee is None or profit is None:
        return None
    codes, names = [row.feeCcy for row in rows], [row.clOrdId for row in rows]
    assets = known_assets(context, VENUE, compress(codes, fee), at)
    if assets is None or len(listed) < len(rows):
        return None
    quantity = signed(size, [side == "buy" for side in sides])
    paid = {name: one.multiplier for name, one in terms.items() if one and one.kind in _PAID_AT_ONCE}
    sizes = [paid.get(name) for name in markets]
    tags = {name: tag_of(name) for name in set(names)}
    return Fills(
        wallet="trading",
        id=[f"fill:{row.billId}" for row in rows],
        at=at,
        terms=listed,
        quantity=quantity,
        price=price,
        cost=[
            None if one is None else -number * one * each
            for one, number, each in zip(sizes, quantity, price, strict=True)
        ],
        realised=[won if one is None else None for one, won in zip(sizes, profit, strict=True)],
        fee=fee,
        fee_asset=[assets.get(code) for code in codes],
        order_id=[row.ordId for row in rows],
        tag=[row.tag or tags[name] for row, name in zip(rows, names, strict=True)],
    )
