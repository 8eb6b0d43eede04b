"""KuCoin's fills of pairs, column by column."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from truenav.connect.cefi.kucoin.answers import CODES, VENUE, spot_id
from truenav.connect.cefi.kucoin.errors import GOOD
from truenav.connect.cefi.kucoin.ledger import FILL_WALLETS
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

_SIDES = {"buy", "sell"}


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    symbol: str
    tradeId: Number | str  # noqa: N815 - the venue's name
    orderId: str  # noqa: N815
    side: str
    price: str
    size: str
    funds: str
    fee: str
    feeCurrency: str  # noqa: N815
    createdAt: Instant  # noqa: N815
    tax: str = ""


@lru_cache(maxsize=64)
def _decoder(keys: Keys) -> msgspec.json.Decoder[Any]:
    """A decoder of pages as documented, all of whose rows have these keys and no other."""
    row = row_type(_Row, keys)
    told = [("items", list[row]), ("lastId", msgspec.Raw)]  # type: ignore[valid-type]
    data = msgspec.defstruct("Data", told, forbid_unknown_fields=True)
    page = msgspec.defstruct("Page", [("code", str), ("data", data)], forbid_unknown_fields=True)
    return msgspec.json.Decoder(page)


_PAGE_KEYS = 2 + 2


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs without taxes; None where the careful parser must look."""
    wallet = FILL_WALLETS.get(dict(evidence.request.params).get("tradeType", ""))
    keys = keys_of_first(body, b'"items":[')
    page = decoded(_decoder(keys), body) if keys and wallet is not None else None
    if page is None or wallet is None or page.code not in GOOD:
        return None
    rows: list[_Row] = page.data.items
    sides = [row.side for row in rows]
    if not keys_stand_once(body, len(keys) * len(rows) + _PAGE_KEYS) or set(sides) - _SIDES:
        return None
    known, symbols = context.instruments.instruments, [row.symbol for row in rows]
    terms = {name: known.get(spot_id(name)) for name in set(symbols)}
    listed = [one for name in symbols if (one := terms[name]) is not None]
    at = [row.createdAt for row in rows]
    price, size, funds, fee, tax = (
        plain_numbers(column)
        for column in (
            [row.price for row in rows],
            [row.size for row in rows],
            [row.funds for row in rows],
            [row.fee or "0" for row in rows],
            [tax or "0" for tax in {row.tax for row in rows}],
        )
    )
    if price is None or size is None or funds is None or fee is None or tax is None or any(tax):
        return None
    charged = [row.feeCurrency for row in rows]
    codes = {code: CODES.get(code, code) for code in set(charged) if code}
    assets = known_assets(context, VENUE, codes.values(), at)
    if assets is None or len(listed) < len(rows):
        return None
    coins = {code: assets[name] for code, name in codes.items()}
    bought, sold = [side == "buy" for side in sides], [side == "sell" for side in sides]
    return Fills(
        wallet=wallet,
        id=[f"{row.symbol}:{row.tradeId}:{row.orderId}" for row in rows],
        at=at,
        terms=listed,
        quantity=signed(size, bought),
        price=price,
        cost=signed(funds, sold),
        realised=[None] * len(rows),
        fee=negated(fee),
        fee_asset=[coins.get(code, one.quote) for code, one in zip(charged, listed, strict=True)],
        order_id=[row.orderId for row in rows],
        tag=[None] * len(rows),
    )
