"""Pages of fills as venues send them, and what either reading of them needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ccxt

from truenav.connect.bulk import ReadFills
from truenav.connect.cefi.binance.fills import spot_trades
from truenav.connect.cefi.bybit.fills import fills as bybit_fills
from truenav.connect.cefi.deribit.fills import fills as deribit_fills
from truenav.connect.cefi.deribit.ledger import PROFITS
from truenav.connect.cefi.okx.fills import fills as okx_fills
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills
from truenav.connect.reading import TAGS
from truenav.connect.registry import parse
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, USD, USDT, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, instrument_id
from truenav.core.money import ONE, exact

FILLS = 100_000
ORDERS = 30_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAIR = {"symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "baseId": "BTC", "quoteId": "USDT"}
SPOT = {**PAIR, "type": "spot", "spot": True}
INVERSE = {
    "symbol": "BTC/USD:BTC",
    "base": "BTC",
    "quote": "USD",
    "settle": "BTC",
    "baseId": "BTC",
    "quoteId": "USD",
    "settleId": "BTC",
    "type": "swap",
    "swap": True,
    "contract": True,
    "inverse": True,
    "linear": False,
    "contractSize": 10,
}


@dataclass(frozen=True)
class Page:
    """One venue's page of fills; ``number`` is the field by which the venue numbers them."""

    venue: str
    body: bytes
    evidence: Evidence
    context: ParseContext
    read: ReadFills
    number: str
    rows_of: Callable[[Any], list[Any]]
    exchange: Any
    market: Any
    size: Decimal

    def columns(self) -> Fills:
        """Ours, as columns of exact numbers."""
        with exact():
            found = self.read(self.evidence, self.body, self.context)
        assert found is not None, "the page is as documented"
        return found

    def facts(self) -> Sequence[Fact]:
        """Ours, as a gathering hands them to the journal: a sequence of facts in columns."""
        return parse(self.evidence, self.body, self.context).facts

    def rows(self) -> list[dict[str, Any]]:
        """ccxt's, as dictionaries."""
        rows = self.rows_of(json.loads(self.body))
        found: list[dict[str, Any]] = self.exchange.parse_trades(rows, self.market)
        return found


def pages() -> list[Page]:
    """One page of each venue."""
    return [_binance(), _okx(), _bybit(), _deribit()]


def _binance() -> Page:
    rows = [
        {
            "symbol": "BTCUSDT",
            "id": 28457 + n,
            "orderId": 1 + n % ORDERS,
            "orderListId": -1,
            "price": f"{40000 + n % 977}.{n % 100:02d}000000",
            "qty": f"0.{n % 9999 + 1:08d}",
            "quoteQty": f"{n % 97 + 1}.{n % 10**8:08d}",
            "commission": f"0.0000{n % 9973 + 1:04d}",
            "commissionAsset": "BTC",
            "time": 1499865549590 + n * 250,
            "isBuyer": n % 2 == 0,
            "isMaker": False,
            "isBestMatch": True,
        }
        for n in range(FILLS)
    ]
    tags = ",".join(f"{order}=mm" for order in range(1, ORDERS + 1))
    return _page(
        "binance", "spot.trades/1", _spot("binance", "BTCUSDT"), rows, spot_trades, "id", (TAGS, tags)
    )


def _okx() -> Page:
    empty = dict.fromkeys(
        ("fillPxVol", "fillFwdPx", "fillPxUsd", "fillMarkVol", "fillIdxPx", "fillMarkPx", "tag"), ""
    )
    rows = [
        {
            **empty,
            "side": "buy" if n % 2 else "sell",
            "fillSz": f"0.{n % 9999 + 1:08d}",
            "fillPx": f"{40000 + n % 977}.{n % 10}",
            "fee": f"-0.0000{n % 9973 + 1:04d}",
            "feeRate": "-0.001",
            "fillPnl": "0",
            "ordId": str(680800019749904384 + n // 3),
            "instType": "SPOT",
            "instId": "BTC-USDT",
            "clOrdId": "mm-1",
            "posSide": "net",
            "billId": str(680800019754098688 + n),
            "subType": "1",
            "fillTime": str(1708587373361 + n * 250),
            "execType": "T",
            "tradeId": str(744876980 + n),
            "feeCcy": "BTC",
            "ts": str(1708587373362 + n * 250),
        }
        for n in range(FILLS)
    ]
    document = {"code": "0", "data": rows, "msg": ""}
    return _page("okx", "fills/1", _spot("okx", "BTC-USDT"), document, okx_fills, "billId")


def _bybit() -> Page:
    empty = dict.fromkeys(
        ("underlyingPrice", "indexPrice", "tradeIv", "markIv", "markPrice", "blockTradeId", "closedSize"), ""
    )
    rows = [
        {
            **empty,
            "symbol": "BTCUSDT",
            "orderType": "Market",
            "orderLinkId": "mm-1",
            "side": "Buy" if n % 2 else "Sell",
            "orderId": str(1590000000000000000 + n // 3),
            "stopOrderType": "UNKNOWN",
            "leavesQty": "0",
            "execTime": str(1708587373361 + n * 250),
            "feeCurrency": "BTC" if n % 2 else "USDT",
            "isMaker": False,
            "execFee": f"0.0000{n % 9973 + 1:04d}",
            "feeRate": "0.001",
            "execId": str(2290000000000000000 + n),
            "execPrice": f"{40000 + n % 977}.{n % 10}",
            "orderQty": "1",
            "orderPrice": "0",
            "execValue": f"{n % 97 + 1}.{n % 10**8:08d}",
            "execType": "Trade",
            "execQty": f"0.{n % 9999 + 1:06d}",
            "seq": 4688002127 + n,
        }
        for n in range(FILLS)
    ]
    result = {"nextPageCursor": "", "category": "spot", "list": rows}
    document = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 1708587373361}
    return _page("bybit", "executions/1", _spot("bybit", "BTCUSDT"), document, bybit_fills, "execId")


def _deribit() -> Page:
    rows = [
        {
            "trade_seq": 30289730 + n,
            "trade_id": f"BTC-{48079289 + n}",
            "timestamp": 1590480758664 + n * 250,
            "tick_direction": 2,
            "state": "filled",
            "self_trade": False,
            "reduce_only": False,
            "profit_loss": 0.00003,
            "price": 40000.5 + n % 977,
            "post_only": False,
            "order_type": "market",
            "order_id": str(4008965646 + n // 3),
            "mmp": False,
            "matching_id": None,
            "mark_price": 40000.25,
            "liquidity": "T",
            "label": "mm-1",
            "instrument_name": "BTC-PERPETUAL",
            "index_price": 40000.0,
            "fee_currency": "BTC",
            "fee": (n % 100 + 1) / 10**4,
            "direction": "buy" if n % 2 else "sell",
            "api": True,
            "amount": 10.0 * (n % 999 + 1),
        }
        for n in range(FILLS)
    ]
    terms = Instrument(
        instrument_id("deribit", "BTC-PERPETUAL"),
        "deribit",
        "BTC-PERPETUAL",
        InstrumentKind.PERPETUAL,
        BTC,
        USD,
        BTC,
        Decimal(10),
        inverse=True,
    )
    profits = ",".join(f"{row['trade_id']}=0.00003" for row in rows)
    document = {"jsonrpc": "2.0", "id": 9292, "result": {"trades": rows, "has_more": True}}
    return _page("deribit", "trades/1", terms, document, deribit_fills, "trade_id", (PROFITS, profits))


def _spot(venue: str, code: str) -> Instrument:
    name = instrument_id(venue, code)
    return Instrument(name, venue, code, InstrumentKind.SPOT, BTC, USDT, USDT, ONE)


def _page(
    venue: str,
    endpoint: str,
    terms: Instrument,
    document: object,
    read: ReadFills,
    number: str,
    *notes: tuple[str, str],
) -> Page:
    body = json.dumps(document, separators=(",", ":")).encode()
    request = Request("GET", "https://venue.test", notes)
    evidence = Evidence(
        Sha256(sha256_hex(body)), len(body), venue, "1", endpoint, "a", request, NOW, NOW, 200
    )
    exchange = getattr(ccxt, venue)({"number": str})
    market = {**(INVERSE if terms.inverse else SPOT), "id": terms.code}
    exchange.set_markets([exchange.safe_market_structure(market)])
    context = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook([terms]))
    return Page(
        venue,
        body,
        evidence,
        context,
        read,
        number,
        _ROWS[venue],
        exchange,
        exchange.market(market["symbol"]),
        terms.multiplier,
    )


_ROWS: dict[str, Callable[[Any], list[Any]]] = {
    "binance": lambda document: document,
    "okx": lambda document: document["data"],
    "bybit": lambda document: document["result"]["list"],
    "deribit": lambda document: document["result"]["trades"],
}
