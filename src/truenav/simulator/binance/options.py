"""Binance European options (``/eapi``): terms, marks, and the options wallet of an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from truenav.simulator.binance.rules import (
    BinanceError,
    Route,
    account,
    books,
    is_between,
    limit,
    listed,
    pair_of,
    symbol_of,
    time_span,
)
from truenav.simulator.books import Entry, Fill
from truenav.simulator.contracts import ZERO, Position
from truenav.simulator.margin import Pool, premiums
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import fixed, plain, round8
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

WALLET = "options"
MAINTENANCE_RATE = Decimal("0.075")
YEAR = timedelta(days=366)
TOO_LONG = (-1127, "The interval of startTime and endTime is too long.")
BILLS = {"trade": "CONTRACT", "settlement": "CONTRACT", "fee": "FEE", "transfer": "TRANSFER"}
SIDES = {"C": "CALL", "P": "PUT"}


def _live(call: Call) -> list[Instrument]:
    """Options that this venue lists and that have not expired."""
    options = listed(call, "option")
    return [item for item in options if item.expires_at is not None and item.expires_at > call.at]


# -- market -----------------------------------------------------------------------------------------


def exchange_info(call: Call) -> dict[str, Any]:
    """GET exchangeInfo."""
    items = _live(call)
    coins = {pair_of(item): item for item in items}
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(call.server_time),
        "optionContracts": [
            {
                "baseAsset": item.base,
                "quoteAsset": item.quote,
                "underlying": pair,
                "settleAsset": item.settle,
            }
            for pair, item in sorted(coins.items())
        ],
        "optionAssets": [{"name": name} for name in sorted({item.settle for item in items})],
        "optionSymbols": [_listing(item) for item in items],
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 400}
        ],
    }


def _listing(item: Instrument) -> dict[str, Any]:
    assert item.expires_at is not None
    return {
        "expiryDate": milliseconds(item.expires_at),
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": plain(item.tick),
                "maxPrice": "100000",
                "tickSize": plain(item.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": plain(item.lot),
                "maxQty": "1000",
                "stepSize": plain(item.lot),
            },
        ],
        "symbol": symbol_of(item),
        "side": SIDES[item.right or "C"],
        "strikePrice": fixed(item.strike or ZERO),
        "underlying": pair_of(item),
        "unit": int(item.multiplier),
        "initialMargin": "0.15000000",
        "maintenanceMargin": fixed(MAINTENANCE_RATE),
        "priceScale": 1,
        "quantityScale": 2,
        "quoteAsset": item.quote,
    }


def marks(call: Call) -> list[dict[str, Any]]:
    """GET mark: of `symbol` or of all; hidden ones are left out."""
    wanted = call.params.get("symbol")
    items = [item for item in _live(call) if wanted in (None, "", symbol_of(item))]
    if wanted and not items:
        raise BinanceError(400, -1121, "Invalid symbol.")
    quotes = [quote for item in items if (quote := call.world.quote(item)) is not None]
    return [
        {
            "symbol": symbol_of(quote.instrument),
            "markPrice": plain(quote.mark),
            "bidIV": "0.5",
            "askIV": "0.5",
            "markIV": "0.5",
            "delta": "0",
            "theta": "0",
            "gamma": "0",
            "vega": "0",
            "highPriceLimit": plain(quote.mark * 2),
            "lowPriceLimit": "0",
            "riskFreeInterest": "0.1",
        }
        for quote in quotes
    ]


def index(call: Call) -> dict[str, Any]:
    """GET index of the mandatory `underlying`."""
    for item in _live(call):
        quote = call.world.quote(item)
        if pair_of(item) == call.params.get("underlying") and quote is not None:
            return {"time": milliseconds(call.server_time), "indexPrice": plain(quote.index)}
    raise BinanceError(400, -1121, "Invalid symbol.")


# -- account ----------------------------------------------------------------------------------------


def _open(call: Call) -> list[tuple[Position, Decimal]]:
    """Open options with their marks; the last replayed one where prices are hidden."""
    found = []
    for _, position in sorted(books(call).positions.items()):
        item = position.instrument
        if item.kind == "option":
            quote = call.world.quote(item)
            mark = quote.mark if quote else call.world.market.price(item.venue, item.key, call.at)
            found.append((position, mark))
    return found


def margin_account(call: Call) -> dict[str, Any]:
    """GET marginAccount: the balance has all premiums, equity the value of open options, too."""
    state, positions = books(call), _open(call)
    rows = []
    for asset in sorted({"USDT", *state.assets(WALLET)}):
        mine = [(one, mark) for one, mark in positions if one.instrument.settle == asset]
        value = sum((_units(one) * mark for one, mark in mine), ZERO)
        profit = sum((_units(one) * (mark - one.entry) for one, mark in mine), ZERO)
        needed = sum((-_units(one) * mark * MAINTENANCE_RATE for one, mark in mine if one.size < 0), ZERO)
        balance = state.balance(WALLET, asset)
        ordered = premiums(state, "binance", Pool(WALLET, asset))
        rows.append(
            {
                "asset": asset,
                "marginBalance": fixed(balance),
                "equity": fixed(round8(balance + value)),
                "available": fixed(max(ZERO, round8(balance + value - needed - ordered))),
                "initialMargin": fixed(round8(needed * 2)),
                "maintMargin": fixed(round8(needed)),
                "unrealizedPNL": fixed(round8(profit)),
                "adjustedEquity": fixed(round8(balance + value)),
            }
        )
    trades = "trade" in account(call).permissions
    return {
        "asset": rows,
        "greek": [],
        "time": milliseconds(call.server_time),
        "canTrade": trades,
        "canDeposit": True,
        "canWithdraw": False,
        "reduceOnly": False,
    }


def _units(position: Position) -> Decimal:
    return position.size * position.instrument.multiplier


def positions(call: Call) -> list[dict[str, Any]]:
    """GET position."""
    return [_position(one, mark) for one, mark in _open(call)]


def _position(position: Position, mark: Decimal) -> dict[str, Any]:
    item = position.instrument
    assert item.expires_at is not None
    units = _units(position)
    return {
        "entryPrice": plain(position.entry),
        "symbol": symbol_of(item),
        "side": "LONG" if position.size > 0 else "SHORT",
        "quantity": plain(position.size),
        "markValue": fixed(round8(units * mark)),
        "unrealizedPNL": fixed(round8(units * (mark - position.entry))),
        "markPrice": plain(mark),
        "strikePrice": fixed(item.strike or ZERO),
        "expiryDate": milliseconds(item.expires_at),
        "priceScale": 1,
        "quantityScale": 2,
        "optionSide": SIDES[item.right or "C"],
        "quoteAsset": item.quote,
        "time": milliseconds(position.updated_at),
    }


def _page(call: Call, rows: list[tuple[datetime, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of a span of time, the newest first and at most `limit` of them."""
    span = time_span(call, default=None, longest=YEAR, too_long=TOO_LONG)
    found = [row for at, row in rows if is_between(at, span)]
    return found[::-1][: limit(call, 100, 1000)]


def user_trades(call: Call) -> list[dict[str, Any]]:
    """GET userTrades, of `symbol` or of all."""
    wanted = call.params.get("symbol")
    fills = [one for one in books(call).fills if one.instrument.kind == "option"]
    return _page(
        call,
        [(one.at, _trade(one)) for one in fills if wanted in (None, "", symbol_of(one.instrument))],
    )


def _trade(fill: Fill) -> dict[str, Any]:
    sold = fill.side == "sell"
    return {
        "id": fill.id,
        "tradeId": fill.id,
        "orderId": fill.order_id,
        "symbol": symbol_of(fill.instrument),
        "price": plain(fill.price),
        "quantity": plain(-fill.size if sold else fill.size),
        "fee": fixed(fill.fee),
        "realizedProfit": fixed(fill.realized),
        "side": fill.side.upper(),
        "type": "LIMIT",
        "volatility": "0.5",
        "liquidity": "MAKER" if fill.maker else "TAKER",
        "quoteAsset": fill.instrument.quote,
        "priceScale": 1,
        "quantityScale": 2,
        "time": milliseconds(fill.at),
        "optionSide": SIDES[fill.instrument.right or "C"],
    }


def _own_entries(call: Call) -> list[Entry]:
    return [entry for entry in books(call).entries if entry.wallet == WALLET]


def exercise_records(call: Call) -> list[dict[str, Any]]:
    """GET exerciseRecord."""
    expired = [entry for entry in _own_entries(call) if entry.cause == "settlement"]
    return _page(call, [(entry.at, _exercise(entry)) for entry in expired])


def _exercise(entry: Entry) -> dict[str, Any]:
    item = entry.tie.instrument
    assert item is not None
    return {
        "id": str(entry.id),
        "currency": entry.asset,
        "symbol": symbol_of(item),
        "exercisePrice": fixed(item.strike or ZERO),
        "markPrice": fixed(entry.tie.price),
        "quantity": plain(abs(entry.tie.size)),
        "amount": fixed(entry.amount),
        "fee": "0.00000000",
        "createDate": milliseconds(entry.at),
        "priceScale": 0,
        "quantityScale": 2,
        "optionSide": SIDES[item.right or "C"],
        "positionSide": "LONG" if entry.tie.size > 0 else "SHORT",
        "quoteAsset": item.quote,
    }


def bills(call: Call) -> list[dict[str, Any]]:
    """GET bill of the mandatory `currency`."""
    currency = call.params.get("currency")
    if not currency:
        raise BinanceError(400, -1102, "Mandatory parameter 'currency' was not sent.")
    return _page(
        call,
        [
            (
                entry.at,
                {
                    "id": entry.id,
                    "asset": entry.asset,
                    "amount": plain(entry.amount),
                    "type": BILLS[entry.cause],
                    "createDate": milliseconds(entry.at),
                },
            )
            for entry in _own_entries(call)
            if entry.asset == currency and entry.amount
        ],
    )


def _route(handler: Any, weight: int, *, signed: bool = True, paged: bool = False) -> Route:
    return Route(handler, "options", weight, signed=signed, paged=paged)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/eapi/v1/exchangeInfo"): _route(exchange_info, 1, signed=False),
    ("GET", "/eapi/v1/mark"): _route(marks, 5, signed=False),
    ("GET", "/eapi/v1/index"): _route(index, 1, signed=False),
    ("GET", "/eapi/v1/marginAccount"): _route(margin_account, 3),
    ("GET", "/eapi/v1/position"): _route(positions, 5, paged=True),
    ("GET", "/eapi/v1/userTrades"): _route(user_trades, 5, paged=True),
    ("GET", "/eapi/v1/exerciseRecord"): _route(exercise_records, 5, paged=True),
    ("GET", "/eapi/v1/bill"): _route(bills, 1, paged=True),
}
