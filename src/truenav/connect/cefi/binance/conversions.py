"""What moves in Binance's spot wallet beside trades and transfers: conversions, small balances, dividends.

A conversion is a trade in a market of its own (``binance-convert:ETH-BNB``), which no list of markets has.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Context, Decimal

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.cefi.binance.steps import Asker
from truenav.connect.cefi.binance.windows import History
from truenav.connect.document import Node
from truenav.connect.gathering import Row, Step
from truenav.connect.reading import Reading
from truenav.core.facts import CashFlow, CashKind, Trade
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE, ZERO, Amount, AssetId

WALLET = "spot"
MARKETS = "binance-convert"
"""Namespace of the markets that conversions are trades in."""
CONVERTED = Endpoint("spot.converted/1", "/sapi/v1/convert/tradeFlow", "account", weight=3000, host="spot")
DUST = Endpoint("spot.dust/1", "/sapi/v1/asset/dribblet", "wallet", host="spot")
DIVIDENDS = Endpoint("spot.dividends/1", "/sapi/v1/asset/assetDividend", "wallet", weight=10, host="spot")
_DONE, _FAILED = "SUCCESS", ("FAIL", "FAILED", "EXPIRED")
_SMALL_INTO = "BNB"
_SHOWN = Context(prec=20)
"""A conversion's price is for reading; what moved is exact."""


def past(asker: Asker) -> list[Step]:
    """Conversions, small balances that were swept, and what was distributed."""
    return [asker.history(one) for one in (_CONVERSIONS, _SWEPT, _DISTRIBUTED)]


def _converted_row(node: Node) -> Row:
    return Row(node.instant("createTime"), node.text("orderId"))


def _swept_row(node: Node) -> Row:
    return Row(node.instant("operateTime"), node.text("transId"))


def _dividend_row(node: Node) -> Row:
    return Row(node.instant("divTime"), _dividend_id(node))


def _dividend_id(node: Node) -> str:
    """The venue's number; in old answers the transaction, which is shared by what one coin paid at once."""
    names = ("tranId", "asset", "divTime", "amount")
    return node.text_or("id") or ":".join(node.text(name) for name in names)


def _under_way(row: Node) -> bool:
    return row.text("orderStatus") not in (_DONE, *_FAILED)


_CONVERSIONS = History(
    CONVERTED, _converted_row, "list", page=1000, size="limit", turn="", pending=_under_way
)
_SWEPT = History(DUST, _swept_row, "userAssetDribblets", timedelta(days=90), page=100, size="", turn="")
_DISTRIBUTED = History(
    DIVIDENDS,
    _dividend_row,
    span=timedelta(days=90),
    page=500,
    size="limit",
    turn="",
    late=timedelta(days=2),
)


def converted(reading: Reading, document: Node) -> None:
    """Conversions at a quoted rate."""
    for row in document.field("list").items():
        if row.text("orderStatus") != _DONE:
            continue
        at, order = row.instant("createTime"), row.text("orderId")
        sold = Amount(row.decimal("fromAmount"), reading.asset(row.text("fromAsset"), at))
        bought = Amount(row.decimal("toAmount"), reading.asset(row.text("toAsset"), at))
        codes = (row.text("fromAsset"), row.text("toAsset"))
        _exchange(reading, f"convert:{order}", at, codes, sold, bought, ZERO, order)


def dust(reading: Reading, document: Node) -> None:
    """Small balances, each swept into BNB or what is named.

    ``transferedAmount`` is what they were worth, of which the charge is a share and is taken off.
    """
    for group in document.field("userAssetDribblets").items():
        for row in group.field("userAssetDribbletDetails").items():
            at, code = row.instant("operateTime"), row.text("fromAsset")
            target = row.text_or("targetAsset", _SMALL_INTO)
            sold = Amount(row.decimal("amount"), reading.asset(code, at))
            fee = row.decimal_or("serviceChargeAmount", ZERO)
            bought = Amount(row.decimal("transferedAmount"), reading.asset(target, at))
            name, order = f"dust:{row.text('transId')}:{code}", row.text("transId")
            _exchange(reading, name, at, (code, target), sold, bought, fee, order)


def dividends(reading: Reading, document: Node) -> None:
    """Distributions, and all rewards that are paid to the spot wallet."""
    rows = document.maybe("rows")
    for row in rows.items() if rows is not None else ():
        at = row.instant("divTime")
        number = row.decimal("amount")
        signed = -abs(number) if row.text_or("direction") == "-1" else number
        amount = Amount(signed, reading.asset(row.text("asset"), at))
        reading.state(f"dividend:{_dividend_id(row)}", at, CashFlow(WALLET, CashKind.REWARD, amount))


def _exchange(
    reading: Reading,
    name: str,
    at: datetime,
    codes: tuple[str, str],
    sold: Amount,
    bought: Amount,
    fee: Decimal,
    order: str,
) -> None:
    terms = _market(reading, codes, sold.asset, bought.asset)
    body = Trade(
        wallet=WALLET,
        instrument=terms.id,
        quantity=-sold.number,
        price=_SHOWN.divide(bought.number, sold.number) if sold.number else ZERO,
        cost=bought,
        realised=None,
        fees=(Amount(-fee, bought.asset),) if fee else (),
        order_id=order,
    )
    reading.state(name, at, body)


def _market(reading: Reading, codes: tuple[str, str], base: AssetId, quote: AssetId) -> Instrument:
    """Terms of a conversion's market, stated so that the master learns them."""
    code = "-".join(codes)
    name = instrument_id(MARKETS, code)
    known = reading.terms(name)
    if known is not None and (known.base, known.quote) == (base, quote):
        return known
    terms = Instrument(name, MANIFEST.name, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)
    reading.derived[name] = terms
    reading.instruments.append(terms)
    return terms
