"""Pages of fills as venues send them."""

from __future__ import annotations

from decimal import Decimal
from operator import itemgetter

from bench._page import Page, page_of, spot
from bench._pages_more import bitget, coinbase, gate, htx, hyperliquid, kucoin
from truenav.connect.cefi.binance.fills import spot_trades
from truenav.connect.cefi.bybit.fills import fills as bybit_fills
from truenav.connect.cefi.deribit.fills import fills as deribit_fills
from truenav.connect.cefi.deribit.ledger import PROFITS
from truenav.connect.cefi.okx.fills import fills as okx_fills
from truenav.connect.reading import TAGS
from truenav.core.asset import BTC, USD
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id

FILLS = 100_000
ORDERS = 30_000


def pages() -> list[Page]:
    """One page of each venue."""
    venues = (_binance, _okx, _bybit, _deribit, bitget, htx, gate, kucoin, coinbase, hyperliquid)
    return [page(FILLS) for page in venues]


def _binance(count: int) -> Page:
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
        for n in range(count)
    ]
    tags = ",".join(f"{order}=mm" for order in range(1, ORDERS + 1))
    return page_of(
        "binance",
        "spot.trades/1",
        spot("binance", "BTCUSDT"),
        rows,
        spot_trades,
        "binance:{symbol}:{id}",
        lambda document: document,
        (TAGS, tags),
    )


def _okx(count: int) -> Page:
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
        for n in range(count)
    ]
    document = {"code": "0", "data": rows, "msg": ""}
    return page_of(
        "okx", "fills/1", spot("okx", "BTC-USDT"), document, okx_fills, "fill:{billId}", itemgetter("data")
    )


def _bybit(count: int) -> Page:
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
        for n in range(count)
    ]
    result = {"nextPageCursor": "", "category": "spot", "list": rows}
    document = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 1708587373361}
    return page_of(
        "bybit",
        "executions/1",
        spot("bybit", "BTCUSDT"),
        document,
        bybit_fills,
        "exec:{execId}",
        lambda document: document["result"]["list"],
    )


def _deribit(count: int) -> Page:
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
        for n in range(count)
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
    return page_of(
        "deribit",
        "trades/1",
        terms,
        document,
        deribit_fills,
        "trade:{trade_id}",
        lambda document: document["result"]["trades"],
        (PROFITS, profits),
    )
