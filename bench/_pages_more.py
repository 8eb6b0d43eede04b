"""Pages of fills as more venues send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from operator import itemgetter

from bench._page import Page, page_of, spot
from truenav.connect.cefi.bitget.fills import fills as bitget_fills
from truenav.connect.cefi.coinbase.fills import fills as coinbase_fills
from truenav.connect.cefi.gate.fills import fills as gate_fills
from truenav.connect.cefi.htx.fills import fills as htx_fills
from truenav.connect.cefi.hyperliquid.columns import fills as hyperliquid_fills
from truenav.connect.cefi.kucoin.fills import fills as kucoin_fills
from truenav.core.asset import BTC, USDC
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE

_START = 1767225600000
_DAWN = datetime(2026, 1, 1, tzinfo=UTC)


def bitget(count: int) -> Page:
    """Bitget's spot fills."""
    rows = [
        {
            "userId": "7600000001",
            "symbol": "BTCUSDT",
            "orderId": str(1391000000000000103 + n // 3),
            "tradeId": str(1391000000000000203 + n),
            "orderType": "limit",
            "side": _side(n),
            "priceAvg": _price(n),
            "size": _size(n),
            "amount": f"{n % 97 + 1}.{n % 10**8:08d}",
            "feeDetail": {
                "deduction": "no",
                "feeCoin": "BTC",
                "totalDeductionFee": "",
                "totalFee": f"-{_fee(n)}",
            },
            "tradeScope": "taker",
            "cTime": str(_START + n * 250),
            "uTime": str(_START + n * 250),
        }
        for n in range(count)
    ]
    document = {"code": "00000", "msg": "success", "requestTime": _START, "data": rows}
    name = "spot:fill:{tradeId}"
    terms = spot("bitget", "BTCUSDT")
    return page_of("bitget", "spot.fills/1", terms, document, bitget_fills, name, itemgetter("data"))


def htx(count: int) -> Page:
    """HTX's match results."""
    rows = [
        {
            "symbol": "btcusdt",
            "fee-currency": "btc",
            "source": "spot-api",
            "price": _price(n),
            "created-at": _START + n * 250,
            "role": "taker",
            "order-id": 345487249132375 + n // 3,
            "match-id": 5019 + n,
            "trade-id": 1090 + n,
            "filled-amount": _size(n),
            "filled-fees": _fee(n),
            "filled-points": "0",
            "fee-deduct-currency": "",
            "fee-deduct-state": "done",
            "id": 313288753120905 + n,
            "type": f"{_side(n)}-limit",
        }
        for n in range(count)
    ]
    document = {"status": "ok", "ts": _START, "data": rows}
    terms = spot("htx", "btcusdt")
    return page_of("htx", "spot.fills/1", terms, document, htx_fills, "fill:{id}", itemgetter("data"))


def gate(count: int) -> Page:
    """Gate's fills of pairs."""
    rows = [
        {
            "id": str(5736713 + n),
            "create_time": str(_START // 1000 + n),
            "create_time_ms": f"{_START + n * 1000}.{n % 1000:03d}000",
            "currency_pair": "BTC_USDT",
            "side": _side(n),
            "role": "taker",
            "amount": _size(n),
            "price": _price(n),
            "order_id": str(30784428 + n // 3),
            "fee": _fee(n),
            "fee_currency": "BTC",
            "point_fee": "0",
            "gt_fee": "0",
            "sequence_id": str(1 + n),
            "text": "t-mm-1",
        }
        for n in range(count)
    ]
    terms, account = spot("gate", "BTC_USDT"), ("account", "spot")
    return page_of("gate", "spot-trades/1", terms, rows, gate_fills, "spot:{id}:{order_id}", list, account)


def kucoin(count: int) -> Page:
    """KuCoin's fills of a high frequency account."""
    rows = [
        {
            "id": 19814995255305 + n,
            "symbol": "BTC-USDT",
            "tradeId": 11616718206535681 + n,
            "orderId": f"6717422bd51c29{n // 3:010x}",
            "counterOrderId": f"671741ff1c2d5b{n:010x}",
            "side": _side(n),
            "liquidity": "taker",
            "forceTaker": False,
            "price": _price(n),
            "size": _size(n),
            "funds": f"{n % 97 + 1}.{n % 10**8:08d}",
            "fee": _fee(n),
            "feeRate": "0.001",
            "feeCurrency": "USDT",
            "stop": "",
            "tradeType": "TRADE",
            "taxRate": "0",
            "tax": "0",
            "type": "limit",
            "createdAt": _START + n * 250,
        }
        for n in range(count)
    ]
    document = {"code": "200000", "data": {"items": rows, "lastId": 19814995255305}}
    return page_of(
        "kucoin",
        "fills/1",
        spot("kucoin", "BTC-USDT"),
        document,
        kucoin_fills,
        "{symbol}:{tradeId}:{orderId}",
        lambda document: document["data"]["items"],
        ("tradeType", "TRADE"),
    )


def coinbase(count: int) -> Page:
    """Coinbase's fills of pairs."""
    rows = [
        {
            "entry_id": f"{n:064x}",
            "trade_id": f"5fcdf6aa-4c0b-4c1e-9c1e-{n:012x}",
            "order_id": f"0000-000000-{n // 3:06d}",
            "trade_time": f"{_DAWN + timedelta(milliseconds=n * 250):%Y-%m-%dT%H:%M:%S.%fZ}",
            "trade_type": "FILL",
            "price": _price(n),
            "size": _size(n),
            "commission": _fee(n),
            "product_id": "BTC-USDT",
            "sequence_timestamp": f"{_DAWN + timedelta(milliseconds=n * 250):%Y-%m-%dT%H:%M:%S.%fZ}",
            "liquidity_indicator": "TAKER",
            "size_in_quote": False,
            "user_id": "3333-333333-3333333",
            "side": _side(n).upper(),
            "retail_portfolio_id": "11111111-1111-4111-8111-111111111111",
        }
        for n in range(count)
    ]
    document = {"fills": rows, "cursor": "789100"}
    terms, name = spot("coinbase", "BTC-USDT"), "fill:{trade_id}"
    return page_of("coinbase", "fills/1", terms, document, coinbase_fills, name, itemgetter("fills"))


def hyperliquid(count: int) -> Page:
    """Hyperliquid's fills of a perpetual."""
    rows = [
        {
            "coin": "BTC",
            "px": _price(n),
            "sz": _size(n),
            "side": "B" if n % 2 else "A",
            "time": _START + n * 250,
            "startPosition": f"{n % 99}.5",
            "dir": "Open Long" if n % 2 else "Close Long",
            "closedPnl": "0.0" if n % 2 else f"{n % 97}.{n % 10**6:06d}",
            "hash": f"0x{n:064x}",
            "oid": 90542681 + n // 3,
            "crossed": True,
            "fee": _fee(n),
            "tid": 118906512037719 + n,
            "cloid": "0x00000000000000000000000000000001",
            "feeToken": "USDC",
            "twapId": None,
        }
        for n in range(count)
    ]
    terms = Instrument(
        instrument_id("hyperliquid", "BTC"),
        "hyperliquid",
        "BTC",
        InstrumentKind.PERPETUAL,
        BTC,
        USDC,
        USDC,
        ONE,
    )
    return page_of("hyperliquid", "fills/1", terms, rows, hyperliquid_fills, "fill:{tid}:{oid}", list)


def _side(n: int) -> str:
    return "buy" if n % 2 else "sell"


def _price(n: int) -> str:
    return f"{40000 + n % 977}.{n % 10}"


def _size(n: int) -> str:
    return f"0.{n % 9999 + 1:06d}"


def _fee(n: int) -> str:
    return f"0.0000{n % 9973 + 1:04d}"
