"""Bybit v5 public data: time, instruments, tickers."""

from __future__ import annotations

from typing import Any

from truenav.simulator.bybit.rules import (
    BybitError,
    Result,
    Route,
    category,
    expired_instruments,
    live_instruments,
    pages,
    symbol_of,
)
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import fixed, plain
from truenav.simulator.protocol import Call
from truenav.simulator.scenario import Side
from truenav.simulator.tiers import Tier
from truenav.simulator.times import milliseconds
from truenav.simulator.world import Quote

RISK_LIMIT_PAGE = 15


def server_time(call: Call) -> Result:
    """GET market/time."""
    now = milliseconds(call.server_time)
    return {"timeSecond": str(now // 1000), "timeNano": f"{now}000000"}


def instruments(call: Call) -> Result:
    """GET market/instruments-info; options of one `baseCoin`, by default of BTC.

    Contracts that are traded, or of the `status` that is asked for; expired options are forgotten.
    """
    product, status = category(call), call.params.get("status") or "Trading"
    items = live_instruments(call, product) if status == "Trading" else []
    if status == "Closed" and product != "option":
        items = expired_instruments(call, product)
    if product == "option":
        items = [item for item in items if item.base == call.params.get("baseCoin", "BTC")]
    if product == "spot":
        return {"category": product, "list": [_pair(item) for item in items]}
    found, token = pages(call, items, 1000)
    rows = [_option(item, call) if product == "option" else _contract(item, call, status) for item in found]
    return {"category": product, "list": rows, "nextPageCursor": token}


def _pair(item: Instrument) -> dict[str, Any]:
    return {
        "symbol": symbol_of(item),
        "baseCoin": item.base,
        "quoteCoin": item.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": plain(item.lot),
            "quotePrecision": "0.00000001",
            "minOrderQty": plain(item.lot),
            "maxOrderQty": "10000",
            "minOrderAmt": "5",
            "maxOrderAmt": "20000000",
        },
        "priceFilter": {"tickSize": plain(item.tick)},
    }


def _contract(item: Instrument, call: Call, status: str) -> dict[str, Any]:
    profit = "Inverse" if item.inverse else "Linear"
    return {
        "symbol": symbol_of(item),
        "contractType": f"{profit}{'Futures' if item.kind == 'future' else 'Perpetual'}",
        "status": status,
        "baseCoin": item.base,
        "quoteCoin": item.quote,
        "settleCoin": item.settle,
        **_terms(item, call),
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "copyTrading": "none",
    }


def _option(item: Instrument, call: Call) -> dict[str, Any]:
    return {
        "symbol": symbol_of(item),
        "status": "Trading",
        "baseCoin": item.base,
        "quoteCoin": item.quote,
        "settleCoin": item.settle,
        "optionsType": "Call" if item.right == "C" else "Put",
        **_terms(item, call),
    }


def _terms(item: Instrument, call: Call) -> dict[str, Any]:
    return {
        "launchTime": str(milliseconds(call.world.inception)),
        "deliveryTime": str(milliseconds(item.expires_at)) if item.expires_at else "0",
        "deliveryFeeRate": "",
        "priceFilter": {"minPrice": plain(item.tick), "maxPrice": "1999999", "tickSize": plain(item.tick)},
        "lotSizeFilter": {
            "maxOrderQty": "10000000",
            "minOrderQty": plain(item.lot),
            "qtyStep": plain(item.lot),
        },
    }


def tickers(call: Call) -> Result:
    """GET market/tickers; options of one `baseCoin` or `symbol`."""
    product = category(call)
    coin = call.params.get("baseCoin")
    if product == "option" and not coin and not call.params.get("symbol"):
        raise BybitError(10001, "params error: baseCoin or symbol is required.")
    items = [item for item in live_instruments(call, product) if coin in (None, "", item.base)]
    quotes = [quote for item in items if (quote := call.world.quote(item)) is not None]
    return {"category": product, "list": [ticker(quote) for quote in quotes]}


def ticker(quote: Quote) -> dict[str, Any]:
    """One ticker as requests and streams tell it."""
    item = quote.instrument
    row = {
        "symbol": symbol_of(item),
        "lastPrice": plain(quote.last),
        "bid1Price": plain(quote.bid),
        "bid1Size": "10",
        "ask1Price": plain(quote.ask),
        "ask1Size": "10",
        "highPrice24h": plain(quote.high_24h),
        "lowPrice24h": plain(quote.low_24h),
        "volume24h": fixed(quote.volume_24h, 4),
        "turnover24h": fixed(quote.volume_24h * quote.last, 4),
    }
    if item.kind == "spot":
        return {**row, "prevPrice24h": plain(quote.open_24h), "usdIndexPrice": plain(quote.index)}
    return {**row, "markPrice": plain(quote.mark), "indexPrice": plain(quote.index)}


def book(call: Call) -> Result:
    """GET market/orderbook of `symbol`."""
    items = live_instruments(call, category(call)) if call.params.get("symbol") else []
    quote = call.world.quote(items[0]) if items else None
    if quote is None:
        raise BybitError(10001, "params error: symbol invalid")

    def told(side: Side) -> list[list[str]]:
        return [[plain(price), plain(size)] for price, size in call.world.levels(quote, side)]

    at = milliseconds(quote.at)
    sides = {"b": told("buy"), "a": told("sell")}
    return {"s": symbol_of(quote.instrument), **sides, "ts": at, "u": at, "seq": at, "cts": at}


def risk_limits(call: Call) -> Result:
    """GET market/risk-limit of linear or inverse contracts: the steps of 15 symbols a page."""
    product = category(call)
    if product not in ("linear", "inverse"):
        raise BybitError(10001, "Illegal category")
    found, token = pages(call, live_instruments(call, product), RISK_LIMIT_PAGE)
    rows = [
        _risk_limit(item, number, step)
        for item in found
        for number, step in enumerate(call.world.tiers.of("bybit", item), start=1)
    ]
    return {"category": product, "list": rows, "nextPageCursor": token}


def _risk_limit(item: Instrument, number: int, step: Tier) -> dict[str, Any]:
    return {
        "id": number,
        "symbol": symbol_of(item),
        "riskLimitValue": plain(step.cap),
        "maintenanceMargin": plain(step.rate),
        "initialMargin": fixed(1 / step.leverage, 4),
        "isLowestRisk": 1 if number == 1 else 0,
        "maxLeverage": fixed(step.leverage, 2),
        "mmDeduction": plain(step.deduction),
    }


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/v5/market/time"): Route(server_time, 120),
    ("GET", "/v5/market/instruments-info"): Route(instruments, 120),
    ("GET", "/v5/market/orderbook"): Route(book, 120),
    ("GET", "/v5/market/risk-limit"): Route(risk_limits, 120),
    ("GET", "/v5/market/tickers"): Route(tickers, 120),
}
