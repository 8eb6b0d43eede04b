"""Binance COIN-M futures (``/dapi``): inverse contracts of a fixed number of dollars, settled in coin."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from truenav.simulator.binance.orders import FUTURES_TYPES, coinm_row
from truenav.simulator.binance.rules import (
    Route,
    account,
    books,
    find_symbol,
    listed,
    pair_of,
    ping,
    server_time,
    symbol_of,
)
from truenav.simulator.binance.spot import per_symbol
from truenav.simulator.binance.usdm import futures_levels
from truenav.simulator.binance.usdm_account import (
    LEVERAGE,
    brackets,
    fills_by_trade,
    income_of,
    open_positions,
    orders_by_id,
    orders_margin,
)
from truenav.simulator.books import Fill
from truenav.simulator.contracts import Position, notional
from truenav.simulator.market import FUNDING_INTERVAL, Instrument
from truenav.simulator.numbers import fixed, plain, round8
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds
from truenav.simulator.world import Quote

KIND = "coinm"
ASSETS = ("BTC", "ETH")
ORDERS_PAGE = 100
PERPETUAL_DELIVERY = 4133404800000


def exchange_info(call: Call) -> dict[str, Any]:
    """GET exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(call.server_time),
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [_listing(item, call) for item in listed(call, KIND)],
    }


def _listing(item: Instrument, call: Call) -> dict[str, Any]:
    return {
        "symbol": symbol_of(item),
        "pair": pair_of(item),
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY,
        "onboardDate": milliseconds(call.world.inception),
        "contractStatus": "TRADING",
        "contractSize": int(item.multiplier),
        "quoteAsset": item.quote,
        "baseAsset": item.base,
        "marginAsset": item.settle,
        "pricePrecision": -int(item.tick.as_tuple().exponent),
        "quantityPrecision": 0,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "equalQtyPrecision": 4,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "triggerProtect": "0.0500",
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "filters": [],
        "orderTypes": list(FUTURES_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def premium_index(call: Call) -> list[dict[str, Any]]:
    """GET premiumIndex: a list, of one contract, of one pair, or of all."""
    items = [find_symbol(call, KIND)] if "symbol" in call.params else listed(call, KIND)
    pair = call.params.get("pair")
    quotes = (call.world.quote(item) for item in items if pair in (None, pair_of(item)))
    return [_premium(call, quote) for quote in quotes if quote is not None]


def _premium(call: Call, quote: Quote) -> dict[str, Any]:
    item, at = quote.instrument, milliseconds(quote.at)
    rate = call.world.market.funding_rate(item.venue, item.key, call.at)
    interval = FUNDING_INTERVAL // timedelta(milliseconds=1)
    return {
        "symbol": symbol_of(item),
        "pair": pair_of(item),
        "markPrice": fixed(quote.mark),
        "indexPrice": fixed(quote.index),
        "estimatedSettlePrice": fixed(quote.index),
        "lastFundingRate": fixed(rate.number if rate else Decimal(0)),
        "interestRate": "0.00010000",
        "nextFundingTime": (at // interval + 1) * interval,
        "time": at,
    }


def depth(call: Call) -> Any:
    """GET depth."""
    return per_symbol(call, KIND, lambda quote: futures_levels(call, quote) | _names(quote))


def _names(quote: Quote) -> dict[str, str]:
    return {"symbol": symbol_of(quote.instrument), "pair": pair_of(quote.instrument)}


def account_information(call: Call) -> dict[str, Any]:
    """GET account: each coin is margined by itself."""
    plan = account(call)
    return {
        "assets": _assets(call),
        "positions": [_position(call, position, mark) for position, mark in open_positions(call, KIND)],
        "canDeposit": True,
        "canTrade": "trade" in plan.permissions,
        "canWithdraw": "withdraw" in plan.permissions,
        "feeTier": 0,
        "updateTime": 0,
    }


def _assets(call: Call) -> list[dict[str, Any]]:
    state, positions = books(call), open_positions(call, KIND)
    updated = milliseconds(state.updated_at) if state.updated_at else 0
    rows = []
    for asset in sorted({*ASSETS, *state.assets(KIND)}):
        wallet = state.balance(KIND, asset)
        mine = [(p, mark) for p, mark in positions if p.instrument.settle == asset]
        profit = sum((_profit(p, mark) for p, mark in mine), Decimal(0))
        value = sum((notional(p.instrument, abs(p.size), mark) for p, mark in mine), Decimal(0))
        needed = sum((_needed(call, p, mark) for p, mark in mine), Decimal(0))
        asked = orders_margin(call, KIND, asset)
        free = max(Decimal(0), wallet + profit - value / LEVERAGE - asked)
        rows.append(
            {
                "asset": asset,
                "walletBalance": fixed(wallet),
                "unrealizedProfit": fixed(profit),
                "marginBalance": fixed(wallet + profit),
                "maintMargin": fixed(needed),
                "initialMargin": fixed(value / LEVERAGE + asked),
                "positionInitialMargin": fixed(value / LEVERAGE),
                "openOrderInitialMargin": fixed(asked),
                "maxWithdrawAmount": fixed(min(free, max(wallet, Decimal(0)))),
                "crossWalletBalance": fixed(wallet),
                "crossUnPnl": fixed(profit),
                "availableBalance": fixed(free),
                "updateTime": updated,
            }
        )
    return rows


def leverage_bracket(call: Call) -> list[dict[str, Any]]:
    """GET leverageBracket: bounds in coins."""
    items = [find_symbol(call, KIND)] if "symbol" in call.params else listed(call, KIND)
    return [{"symbol": symbol_of(item), "brackets": brackets(call, item, "qty")} for item in items]


def _needed(call: Call, position: Position, mark: Decimal) -> Decimal:
    """Maintenance margin, in coins."""
    return call.world.tiers.maintenance("binance", position.instrument, position.size, mark)


def _profit(position: Position, mark: Decimal) -> Decimal:
    contracts = position.size * position.instrument.multiplier
    return round8(contracts * (mark - position.entry) / (mark * position.entry))


def _position(call: Call, position: Position, mark: Decimal) -> dict[str, Any]:
    value = notional(position.instrument, abs(position.size), mark)
    return {
        "symbol": symbol_of(position.instrument),
        "positionAmt": plain(position.size),
        "initialMargin": fixed(value / LEVERAGE),
        "maintMargin": fixed(_needed(call, position, mark)),
        "unrealizedProfit": fixed(_profit(position, mark)),
        "positionInitialMargin": fixed(value / LEVERAGE),
        "openOrderInitialMargin": "0",
        "leverage": str(LEVERAGE),
        "isolated": False,
        "positionSide": "BOTH",
        "entryPrice": plain(position.entry),
        "breakEvenPrice": plain(position.entry),
        "maxQty": "1000000",
        "updateTime": milliseconds(position.updated_at),
    }


def user_trades(call: Call) -> list[dict[str, Any]]:
    """GET userTrades, by symbol: by fromId, or a span of at most 7 days."""
    return [_trade(fill) for fill in fills_by_trade(call, KIND)]


def all_orders(call: Call) -> list[dict[str, Any]]:
    """GET allOrders, by symbol: at most 100 a page."""
    return [coinm_row(order) for order in orders_by_id(call, KIND, ORDERS_PAGE)]


def _coins(fill: Fill) -> str:
    return fixed(notional(fill.instrument, fill.size, fill.price))


def _trade(fill: Fill) -> dict[str, Any]:
    return {
        "symbol": symbol_of(fill.instrument),
        "id": fill.id,
        "orderId": fill.order_id,
        "pair": pair_of(fill.instrument),
        "side": fill.side.upper(),
        "price": plain(fill.price),
        "qty": plain(fill.size),
        "realizedPnl": fixed(fill.realized),
        "marginAsset": fill.instrument.settle,
        "baseQty": _coins(fill),
        "commission": fixed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": milliseconds(fill.at),
        "positionSide": "BOTH",
        "buyer": fill.side == "buy",
        "maker": fill.maker,
    }


def income(call: Call) -> list[dict[str, Any]]:
    """GET income."""
    return income_of(call, KIND)


def nothing(call: Call) -> list[Any]:
    """An empty list: no tickers are published."""
    if "symbol" in call.params:
        find_symbol(call, KIND)
    return []


def _public(handler: Any, weight: int) -> Route:
    return Route(handler, KIND, weight)


def _signed(handler: Any, weight: int, **terms: Any) -> Route:
    return Route(handler, KIND, weight, signed=True, **terms)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/dapi/v1/ping"): _public(ping, 1),
    ("GET", "/dapi/v1/time"): _public(server_time, 1),
    ("GET", "/dapi/v1/exchangeInfo"): _public(exchange_info, 1),
    ("GET", "/dapi/v1/premiumIndex"): _public(premium_index, 10),
    ("GET", "/dapi/v1/depth"): _public(depth, 2),
    ("GET", "/dapi/v1/ticker/24hr"): _public(nothing, 40),
    ("GET", "/dapi/v1/account"): _signed(account_information, 5),
    ("GET", "/dapi/v2/leverageBracket"): _signed(leverage_bracket, 1),
    ("GET", "/dapi/v1/income"): _signed(income, 20, paged=True),
    ("GET", "/dapi/v1/userTrades"): _signed(user_trades, 20, paged=True),
    ("GET", "/dapi/v1/allOrders"): _signed(all_orders, 20, paged=True),
}
