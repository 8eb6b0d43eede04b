"""Binance spot: market data, account, trades and orders (``/api/v3``)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeVar

from truenav.simulator.binance.orders import SPOT_TYPES, spot_row
from truenav.simulator.binance.rules import (
    BinanceError,
    Route,
    account,
    books,
    find_symbol,
    integer,
    is_between,
    limit,
    listed,
    page,
    ping,
    server_time,
    symbol_of,
    time_span,
)
from truenav.simulator.books import Fill
from truenav.simulator.margin import locked
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import fixed, round8
from truenav.simulator.orders import Order
from truenav.simulator.protocol import Call
from truenav.simulator.scenario import Side
from truenav.simulator.times import milliseconds
from truenav.simulator.world import Quote

R = TypeVar("R", Fill, Order)
DAY_MS = 86_400_000
TOO_LONG = (-1127, "More than 24 hours between startTime and endTime.")


def exchange_info(call: Call) -> dict[str, Any]:
    """GET exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(call.server_time),
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 6000,
            }
        ],
        "exchangeFilters": [],
        "symbols": [_listing(item) for item in listed(call, "spot")],
    }


def _listing(item: Instrument) -> dict[str, Any]:
    return {
        "symbol": symbol_of(item),
        "status": "TRADING",
        "baseAsset": item.base,
        "baseAssetPrecision": 8,
        "quoteAsset": item.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(SPOT_TYPES),
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": fixed(item.tick),
                "maxPrice": "1000000.00000000",
                "tickSize": fixed(item.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": fixed(item.lot),
                "maxQty": "9000.00000000",
                "stepSize": fixed(item.lot),
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def account_information(call: Call) -> dict[str, Any]:
    """GET account."""
    plan, state = account(call), books(call)
    updated = milliseconds(state.updated_at) if state.updated_at else 0
    hide_zero = call.params.get("omitZeroBalances") == "true"
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": "0.00100000",
            "taker": "0.00100000",
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": "trade" in plan.permissions,
        "canWithdraw": "withdraw" in plan.permissions,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": updated,
        "accountType": "SPOT",
        "balances": [
            {
                "asset": asset,
                "free": fixed(state.balance("spot", asset) - locked(state, asset)),
                "locked": fixed(locked(state, asset)),
            }
            for asset in state.assets("spot")
            if state.balance("spot", asset) or not hide_zero
        ],
        "permissions": ["SPOT"],
        "uid": plan.number,
    }


def my_trades(call: Call) -> list[dict[str, Any]]:
    """GET myTrades: by fromId, by time (at most 24 hours when both ends are given), else the latest."""
    return [_trade(fill) for fill in _page_of(call, books(call).fills, "fromId")]


def all_orders(call: Call) -> list[dict[str, Any]]:
    """GET allOrders: like myTrades, by orderId."""
    return [spot_row(order) for order in _page_of(call, books(call).orders.values(), "orderId")]


def _page_of(call: Call, rows: Iterable[R], cursor: str) -> list[R]:
    item = find_symbol(call, "spot")
    size = limit(call, 500, 1000)
    mine = [row for row in rows if row.instrument.key == item.key]
    if cursor in call.params:
        first = integer(call, cursor)
        return page([row for row in mine if row.id >= first], size, newest=False)
    if "startTime" not in call.params and "endTime" not in call.params:
        return page(mine, size, newest=True)
    span = _span(call)
    return page([row for row in mine if is_between(row.at, span)], size, newest=False)


def _span(call: Call) -> tuple[int, int]:
    if "endTime" not in call.params:
        return integer(call, "startTime"), milliseconds(call.at)
    day = timedelta(days=1)
    return time_span(call, default=None, longest=day, too_long=TOO_LONG)


def _trade(fill: Fill) -> dict[str, Any]:
    return {
        "symbol": symbol_of(fill.instrument),
        "id": fill.id,
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": fixed(fill.price),
        "qty": fixed(fill.size),
        "quoteQty": fixed(round8(fill.size * fill.price)),
        "commission": fixed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": milliseconds(fill.at),
        "isBuyer": fill.side == "buy",
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def ticker_price(call: Call) -> Any:
    """GET ticker/price."""
    return per_symbol(call, "spot", _price)


def ticker_24hr(call: Call) -> Any:
    """GET ticker/24hr."""
    return per_symbol(call, "spot", _day)


def book_ticker(call: Call) -> Any:
    """GET ticker/bookTicker."""
    return per_symbol(call, "spot", _book)


def per_symbol(call: Call, kind: str, render: Any) -> Any:
    """One object for `symbol`, a list for `symbols` or for all; hidden instruments are left out."""
    if "symbol" in call.params:
        quote = call.world.quote(find_symbol(call, kind))
        if quote is None:
            raise BinanceError(400, -1121, "Invalid symbol.")
        return render(quote)
    items = listed(call, kind)
    if "symbols" in call.params:
        items = _named(call, items)
    quotes = (call.world.quote(item) for item in items)
    return [render(quote) for quote in quotes if quote is not None]


def _named(call: Call, items: list[Instrument]) -> list[Instrument]:
    try:
        wanted = set(json.loads(call.params["symbols"]))
    except (ValueError, TypeError) as error:
        message = "Illegal characters found in parameter 'symbols'."
        raise BinanceError(400, -1100, message) from error
    found = [item for item in items if symbol_of(item) in wanted]
    if len(found) != len(wanted):
        raise BinanceError(400, -1121, "Invalid symbol.")
    return found


def depth(call: Call) -> Any:
    """GET depth."""
    return per_symbol(call, "spot", lambda quote: levels(call, quote))


def levels(call: Call, quote: Quote) -> dict[str, Any]:
    """Both sides of the book, best prices first."""

    def told(side: Side) -> list[list[str]]:
        return [[fixed(price), fixed(size)] for price, size in call.world.levels(quote, side)]

    return {"lastUpdateId": milliseconds(quote.at), "bids": told("buy"), "asks": told("sell")}


def _price(quote: Quote) -> dict[str, Any]:
    return {"symbol": symbol_of(quote.instrument), "price": fixed(quote.last)}


def _book(quote: Quote) -> dict[str, Any]:
    return {
        "symbol": symbol_of(quote.instrument),
        "bidPrice": fixed(quote.bid),
        "bidQty": "1.00000000",
        "askPrice": fixed(quote.ask),
        "askQty": "1.00000000",
    }


def _day(quote: Quote) -> dict[str, Any]:
    change = quote.last - quote.open_24h
    at = milliseconds(quote.at)
    return {
        "symbol": symbol_of(quote.instrument),
        "priceChange": fixed(change),
        "priceChangePercent": fixed(change / quote.open_24h * 100, 3),
        "weightedAvgPrice": fixed((quote.high_24h + quote.low_24h + quote.last) / 3),
        "prevClosePrice": fixed(quote.open_24h),
        "lastPrice": fixed(quote.last),
        "lastQty": "1.00000000",
        "bidPrice": fixed(quote.bid),
        "bidQty": "1.00000000",
        "askPrice": fixed(quote.ask),
        "askQty": "1.00000000",
        "openPrice": fixed(quote.open_24h),
        "highPrice": fixed(quote.high_24h),
        "lowPrice": fixed(quote.low_24h),
        "volume": fixed(quote.volume_24h),
        "quoteVolume": fixed(quote.volume_24h * quote.last),
        "openTime": at - DAY_MS,
        "closeTime": at,
        "firstId": 1,
        "lastId": 1,
        "count": 1,
    }


def _route(handler: Any, weight: int, **terms: Any) -> Route:
    return Route(handler, "spot", weight, **terms)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v3/ping"): _route(ping, 1),
    ("GET", "/api/v3/time"): _route(server_time, 1),
    ("GET", "/api/v3/exchangeInfo"): _route(exchange_info, 20),
    ("GET", "/api/v3/ticker/price"): _route(ticker_price, 2, weight_all=4),
    ("GET", "/api/v3/ticker/24hr"): _route(ticker_24hr, 2, weight_all=80),
    ("GET", "/api/v3/ticker/bookTicker"): _route(book_ticker, 2, weight_all=4),
    ("GET", "/api/v3/depth"): _route(depth, 5),
    ("GET", "/api/v3/account"): _route(account_information, 20, signed=True),
    ("GET", "/api/v3/myTrades"): _route(my_trades, 20, signed=True, paged=True),
    ("GET", "/api/v3/allOrders"): _route(all_orders, 20, signed=True, paged=True),
}
