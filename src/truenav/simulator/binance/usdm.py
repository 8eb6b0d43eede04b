"""Binance USD-M futures (``/fapi``): market data."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from truenav.simulator.binance.orders import FUTURES_TYPES
from truenav.simulator.binance.rules import (
    Route,
    find_symbol,
    integer,
    is_between,
    limit,
    listed,
    page,
    ping,
    server_time,
    symbol_of,
)
from truenav.simulator.binance.spot import levels, per_symbol
from truenav.simulator.market import FUNDING_INTERVAL, Instrument
from truenav.simulator.numbers import fixed, plain
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds
from truenav.simulator.world import Quote

DAY_MS = 86_400_000
ASSETS = ("USDT", "USDC")


def exchange_info(call: Call) -> dict[str, Any]:
    """GET exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(call.server_time),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 2400,
            }
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in ASSETS
        ],
        "symbols": [_listing(item, call) for item in listed(call, "swap")],
    }


def _listing(item: Instrument, call: Call) -> dict[str, Any]:
    tick = plain(item.tick)
    return {
        "symbol": symbol_of(item),
        "pair": symbol_of(item),
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": milliseconds(call.world.inception),
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": item.base,
        "quoteAsset": item.quote,
        "marginAsset": item.settle,
        "pricePrecision": -int(item.tick.as_tuple().exponent),
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "4529764",
                "tickSize": tick,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": plain(item.lot),
                "maxQty": "1000",
                "stepSize": plain(item.lot),
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": plain(item.lot),
                "maxQty": "120",
                "stepSize": plain(item.lot),
            },
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
        ],
        "orderTypes": list(FUTURES_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def premium_index(call: Call) -> Any:
    """GET premiumIndex."""
    return per_symbol(call, "swap", lambda quote: _premium(call, quote))


def _premium(call: Call, quote: Quote) -> dict[str, Any]:
    item = quote.instrument
    rate = call.world.market.funding_rate(item.venue, item.key, call.at)
    at = milliseconds(quote.at)
    interval = FUNDING_INTERVAL // timedelta(milliseconds=1)
    return {
        "symbol": symbol_of(item),
        "markPrice": fixed(quote.mark),
        "indexPrice": fixed(quote.index),
        "estimatedSettlePrice": fixed(quote.index),
        "lastFundingRate": fixed(rate.number if rate else Decimal(0)),
        "interestRate": "0.00010000",
        "nextFundingTime": (at // interval + 1) * interval,
        "time": at,
    }


def ticker_price(call: Call) -> Any:
    """GET ticker/price."""
    return per_symbol(
        call,
        "swap",
        lambda quote: {
            "symbol": symbol_of(quote.instrument),
            "price": fixed(quote.last, 2),
            "time": milliseconds(quote.at),
        },
    )


def book_ticker(call: Call) -> Any:
    """GET ticker/bookTicker."""
    return per_symbol(
        call,
        "swap",
        lambda quote: {
            "symbol": symbol_of(quote.instrument),
            "bidPrice": plain(quote.bid),
            "bidQty": "10.000",
            "askPrice": plain(quote.ask),
            "askQty": "10.000",
            "time": milliseconds(quote.at),
        },
    )


def depth(call: Call) -> Any:
    """GET depth."""
    return per_symbol(call, "swap", lambda quote: futures_levels(call, quote))


def futures_levels(call: Call, quote: Quote) -> dict[str, Any]:
    """The book of a contract, with its times."""
    at = milliseconds(quote.at)
    return levels(call, quote) | {"E": at, "T": at}


def ticker_24hr(call: Call) -> Any:
    """GET ticker/24hr."""
    return per_symbol(call, "swap", _day)


def _day(quote: Quote) -> dict[str, Any]:
    change, at = quote.last - quote.open_24h, milliseconds(quote.at)
    return {
        "symbol": symbol_of(quote.instrument),
        "priceChange": plain(change),
        "priceChangePercent": fixed(change / quote.open_24h * 100, 3),
        "weightedAvgPrice": fixed((quote.high_24h + quote.low_24h + quote.last) / 3, 2),
        "lastPrice": plain(quote.last),
        "lastQty": "0.001",
        "openPrice": plain(quote.open_24h),
        "highPrice": plain(quote.high_24h),
        "lowPrice": plain(quote.low_24h),
        "volume": fixed(quote.volume_24h, 3),
        "quoteVolume": fixed(quote.volume_24h * quote.last, 2),
        "openTime": at - DAY_MS,
        "closeTime": at,
        "firstId": 1,
        "lastId": 1,
        "count": 1,
    }


def funding_rates(call: Call) -> list[dict[str, Any]]:
    """GET fundingRate: ascending; the latest when no time is given."""
    size = limit(call, 100, 1000)
    items = [find_symbol(call, "swap")] if "symbol" in call.params else listed(call, "swap")
    start, end = integer(call, "startTime", 0), integer(call, "endTime", milliseconds(call.at))
    rows = [
        {
            "symbol": symbol_of(item),
            "fundingTime": milliseconds(at),
            "fundingRate": fixed(rate.number),
            "markPrice": fixed(call.world.market.price(item.venue, item.key, at)),
        }
        for item in items
        for at, rate in call.world.market.funding[item.venue, item.key].between(
            call.world.inception - timedelta(days=1), call.at
        )
        if is_between(at, (start, end))
    ]
    rows.sort(key=lambda row: str(row["fundingTime"]))
    return page(rows, size, newest="startTime" not in call.params)


def _public(handler: Any, weight: int, **terms: Any) -> Route:
    return Route(handler, "usdm", weight, **terms)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/fapi/v1/ping"): _public(ping, 1),
    ("GET", "/fapi/v1/time"): _public(server_time, 1),
    ("GET", "/fapi/v1/exchangeInfo"): _public(exchange_info, 1),
    ("GET", "/fapi/v1/premiumIndex"): _public(premium_index, 1, weight_all=10),
    ("GET", "/fapi/v1/fundingRate"): _public(funding_rates, 1, paged=True),
    ("GET", "/fapi/v1/ticker/price"): _public(ticker_price, 1, weight_all=2),
    ("GET", "/fapi/v2/ticker/price"): _public(ticker_price, 1, weight_all=2),
    ("GET", "/fapi/v1/depth"): _public(depth, 2),
    ("GET", "/fapi/v1/ticker/24hr"): _public(ticker_24hr, 1, weight_all=40),
    ("GET", "/fapi/v1/ticker/bookTicker"): _public(book_ticker, 2, weight_all=5),
}
