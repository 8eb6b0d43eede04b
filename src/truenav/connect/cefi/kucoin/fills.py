"""KuCoin's fills of pairs, column by column."""

from __future__ import annotations

import msgspec

from truenav.connect.cefi.kucoin.answers import CODES, VENUE, spot_id
from truenav.connect.cefi.kucoin.errors import GOOD
from truenav.connect.cefi.kucoin.ledger import FILL_WALLETS
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills, decoded, each_stands, known_assets, plain_numbers
from truenav.core.evidence import Evidence

_SIGNS = {"buy": 1, "sell": -1}
_LAST_PLAIN = 10**14


class _Row(msgspec.Struct, gc=False):
    """What a fill is stated from; its other fields state nothing."""

    symbol: str
    tradeId: int | str  # noqa: N815 - the venue's name
    orderId: str  # noqa: N815
    side: str
    price: str
    size: str
    funds: str
    fee: str
    feeCurrency: str  # noqa: N815
    createdAt: int  # noqa: N815
    tax: str = ""


class _Items(msgspec.Struct):
    items: list[_Row]


class _Page(msgspec.Struct):
    code: str
    data: _Items


_DECODER = msgspec.json.Decoder(_Page)
_KEYS = tuple(name for name in _Row.__struct_fields__ if name != "tax")


def fills(evidence: Evidence, body: bytes, context: ParseContext) -> Fills | None:
    """Fills of known pairs without taxes; None where the careful parser must look."""
    wallet = FILL_WALLETS.get(dict(evidence.request.params).get("tradeType", ""))
    page = decoded(_DECODER, body)
    if page is None or page.code not in GOOD or not page.data.items or wallet is None:
        return None
    if b":-" in body or b": -" in body:
        return None
    rows = page.data.items
    if not each_stands(body, _KEYS, len(rows)) or not each_stands(body, ("code", "data", "items"), 1):
        return None
    if not each_stands(body, ("tax",), sum(bool(row.tax) for row in rows)):
        return None
    if any(row.side not in _SIGNS for row in rows):
        return None
    known = context.instruments.instruments
    terms = {name: known.get(spot_id(name)) for name in {row.symbol for row in rows}}
    listed = [one for row in rows if (one := terms[row.symbol]) is not None]
    at = [row.createdAt for row in rows]
    price, size, funds, fee, tax = (
        plain_numbers(column)
        for column in (
            [row.price for row in rows],
            [row.size for row in rows],
            [row.funds for row in rows],
            [row.fee or "0" for row in rows],
            [row.tax or "0" for row in rows],
        )
    )
    if price is None or size is None or funds is None or fee is None or tax is None or any(tax):
        return None
    if len(listed) < len(rows) or max(at) >= _LAST_PLAIN:
        return None
    codes = {code: CODES.get(code, code) for code in {row.feeCurrency for row in rows} if code}
    assets = known_assets(context, VENUE, codes.values(), at)
    if assets is None:
        return None
    coins = {code: assets[name] for code, name in codes.items()}
    signs = [_SIGNS[row.side] for row in rows]
    return Fills(
        wallet=wallet,
        id=[f"{row.symbol}:{row.tradeId}:{row.orderId}" for row in rows],
        at=at,
        terms=listed,
        quantity=[sign * one for sign, one in zip(signs, size, strict=True)],
        price=price,
        cost=[-sign * one for sign, one in zip(signs, funds, strict=True)],
        realised=[None] * len(rows),
        fee=[-one for one in fee],
        fee_asset=[coins.get(row.feeCurrency, one.quote) for row, one in zip(rows, listed, strict=True)],
        order_id=[row.orderId for row in rows],
        tag=[None] * len(rows),
    )
