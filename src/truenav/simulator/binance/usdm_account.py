"""Binance USD-M futures (``/fapi``): balances, positions, trades and income of an account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from truenav.simulator.binance.orders import usdm_row
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
    symbol_of,
    time_span,
)
from truenav.simulator.books import Entry, Fill
from truenav.simulator.contracts import Position
from truenav.simulator.margin import Pool, margin_of
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import fixed, plain, round8
from truenav.simulator.orders import Order
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

R = TypeVar("R", Fill, Order)
ASSETS = ("USDT", "USDC")
LEVERAGE = 20
WEEK = timedelta(days=7)
WEEK_ONLY = (-4165, "Invalid time interval: maximum query interval is 7 days.")
INCOME = {
    "funding": "FUNDING_FEE",
    "realized": "REALIZED_PNL",
    "fee": "COMMISSION",
    "transfer": "TRANSFER",
}


def open_positions(call: Call, kind: str = "swap") -> list[tuple[Position, Decimal]]:
    """Open positions with the venue's mark; the last replayed one where prices are hidden."""
    found = []
    mine = {item.key for item in listed(call, kind)}
    for key, position in sorted(books(call).positions.items()):
        if key not in mine:
            continue
        item = position.instrument
        quote = call.world.quote(item)
        mark = quote.mark if quote else call.world.market.price(item.venue, item.key, call.at)
        found.append((position, mark))
    if "symbol" in call.params:
        item = find_symbol(call, kind)
        found = [pair for pair in found if pair[0].instrument.key == item.key]
    return found


def _profit(position: Position, mark: Decimal) -> Decimal:
    return round8(position.size * (mark - position.entry))


def _needed(call: Call, position: Position, mark: Decimal) -> Decimal:
    """Maintenance margin."""
    return call.world.tiers.maintenance("binance", position.instrument, position.size, mark)


def orders_margin(call: Call, wallet: str, asset: str) -> Decimal:
    """Initial margin of open orders."""
    prices = account(call).venue.prices
    pool = Pool(wallet, asset)
    world = call.world
    return margin_of(
        "binance", books(call), pool, world.marked, lambda coin: world.spot_price(prices, coin)
    ).orders


def _balances(call: Call) -> list[dict[str, Any]]:
    """One row per margin asset, with the fields that account and balance share."""
    state = books(call)
    positions = open_positions(call)
    updated = milliseconds(state.updated_at) if state.updated_at else 0
    rows = []
    for asset in sorted({*ASSETS, *state.assets("usdm")}):
        wallet = state.balance("usdm", asset)
        mine = [(p, mark) for p, mark in positions if p.instrument.settle == asset]
        profit = sum((_profit(p, mark) for p, mark in mine), Decimal(0))
        margin = sum((abs(p.size) * mark / LEVERAGE for p, mark in mine), Decimal(0))
        needed = sum((_needed(call, p, mark) for p, mark in mine), Decimal(0))
        asked = orders_margin(call, "usdm", asset)
        free = max(Decimal(0), wallet + profit - margin - asked)
        rows.append(
            {
                "asset": asset,
                "walletBalance": fixed(wallet),
                "unrealizedProfit": fixed(profit),
                "marginBalance": fixed(wallet + profit),
                "maintMargin": fixed(needed),
                "initialMargin": fixed(margin + asked),
                "positionInitialMargin": fixed(margin),
                "openOrderInitialMargin": fixed(asked),
                "crossWalletBalance": fixed(wallet),
                "crossUnPnl": fixed(profit),
                "availableBalance": fixed(free),
                "maxWithdrawAmount": fixed(min(free, max(wallet, Decimal(0)))),
                "marginAvailable": True,
                "updateTime": updated,
            }
        )
    return rows


def account_information(call: Call) -> dict[str, Any]:
    """GET account, version 3; the totals are those of USDT (single-asset mode)."""
    rows = _balances(call)
    usdt = next(row for row in rows if row["asset"] == "USDT")
    return {
        "totalInitialMargin": usdt["initialMargin"],
        "totalMaintMargin": usdt["maintMargin"],
        "totalWalletBalance": usdt["walletBalance"],
        "totalUnrealizedProfit": usdt["unrealizedProfit"],
        "totalMarginBalance": usdt["marginBalance"],
        "totalPositionInitialMargin": usdt["positionInitialMargin"],
        "totalOpenOrderInitialMargin": usdt["openOrderInitialMargin"],
        "totalCrossWalletBalance": usdt["crossWalletBalance"],
        "totalCrossUnPnl": usdt["crossUnPnl"],
        "availableBalance": usdt["availableBalance"],
        "maxWithdrawAmount": usdt["maxWithdrawAmount"],
        "assets": rows,
        "positions": [_account_position(call, p, mark) for p, mark in open_positions(call)],
    }


def account_information_v2(call: Call) -> dict[str, Any]:
    """GET account, version 2: version 3 with rights, entry prices and leverage."""
    plan = account(call)
    head = {
        "feeTier": 0,
        "canTrade": "trade" in plan.permissions,
        "canDeposit": True,
        "canWithdraw": "withdraw" in plan.permissions,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    body = account_information(call)
    body["positions"] = [
        {
            **_account_position(call, p, mark),
            "leverage": str(LEVERAGE),
            "isolated": False,
            "entryPrice": plain(p.entry),
            "breakEvenPrice": plain(p.entry),
            "maxNotional": "50000000",
            "bidNotional": "0",
            "askNotional": "0",
        }
        for p, mark in open_positions(call)
    ]
    return head | body


def _account_position(call: Call, position: Position, mark: Decimal) -> dict[str, Any]:
    value = position.size * mark
    return {
        "symbol": symbol_of(position.instrument),
        "positionSide": "BOTH",
        "positionAmt": plain(position.size),
        "unrealizedProfit": fixed(_profit(position, mark)),
        "isolatedMargin": "0",
        "notional": fixed(value),
        "isolatedWallet": "0",
        "initialMargin": fixed(abs(value) / LEVERAGE),
        "maintMargin": fixed(_needed(call, position, mark)),
        "updateTime": milliseconds(position.updated_at),
    }


def balance(call: Call) -> list[dict[str, Any]]:
    """GET balance, versions 2 and 3."""
    names = ("crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount")
    return [
        {
            "accountAlias": f"S{account(call).number:03d}",
            "asset": row["asset"],
            "balance": row["walletBalance"],
            **{name: row[name] for name in names},
            "marginAvailable": True,
            "updateTime": row["updateTime"],
        }
        for row in _balances(call)
    ]


def position_risk(call: Call) -> list[dict[str, Any]]:
    """GET positionRisk, version 3: open positions only."""
    return [_risk(call, p, mark) for p, mark in open_positions(call)]


def position_risk_v2(call: Call) -> list[dict[str, Any]]:
    """GET positionRisk, version 2: adds leverage and margin mode."""
    return [
        _risk(call, p, mark)
        | {
            "leverage": str(LEVERAGE),
            "maxNotionalValue": "50000000",
            "marginType": "cross",
            "isAutoAddMargin": "false",
        }
        for p, mark in open_positions(call)
    ]


def _risk(call: Call, position: Position, mark: Decimal) -> dict[str, Any]:
    value = position.size * mark
    return {
        "symbol": symbol_of(position.instrument),
        "positionSide": "BOTH",
        "positionAmt": plain(position.size),
        "entryPrice": plain(position.entry),
        "breakEvenPrice": plain(position.entry),
        "markPrice": fixed(mark),
        "unRealizedProfit": fixed(_profit(position, mark)),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": fixed(value),
        "marginAsset": position.instrument.settle,
        "isolatedWallet": "0",
        "initialMargin": fixed(abs(value) / LEVERAGE),
        "maintMargin": fixed(_needed(call, position, mark)),
        "positionInitialMargin": fixed(abs(value) / LEVERAGE),
        "openOrderInitialMargin": "0",
        "adl": 2,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": milliseconds(position.updated_at),
    }


def leverage_bracket(call: Call) -> list[dict[str, Any]]:
    """GET leverageBracket: the steps of every contract, or of one."""
    items = [find_symbol(call, "swap")] if "symbol" in call.params else listed(call, "swap")
    return [
        {"symbol": symbol_of(item), "notionalCoef": 1.0, "brackets": brackets(call, item)} for item in items
    ]


def brackets(call: Call, item: Instrument, unit: str = "notional") -> list[dict[str, Any]]:
    """A contract's steps; `unit` names what their bounds count."""
    steps = call.world.tiers.of("binance", item)
    return [
        {
            "bracket": number,
            "initialLeverage": int(step.leverage),
            f"{unit}Cap": int(step.cap),
            f"{unit}Floor": int(step.floor),
            "maintMarginRatio": float(step.rate),
            "cum": float(step.deduction),
        }
        for number, step in enumerate(steps, start=1)
    ]


def one_way(_: Call) -> dict[str, bool]:
    """GET positionSide/dual: positions are netted."""
    return {"dualSidePosition": False}


def income(call: Call) -> list[dict[str, Any]]:
    """GET income: ascending; the last 7 days when no time is given; `page` and `limit`."""
    return income_of(call, "usdm")


def income_of(call: Call, wallet: str) -> list[dict[str, Any]]:
    """Income of one futures wallet."""
    size = limit(call, 100, 1000)
    first = (max(1, integer(call, "page", 1)) - 1) * size
    span = (
        (integer(call, "startTime", 0), integer(call, "endTime", milliseconds(call.at)))
        if "startTime" in call.params or "endTime" in call.params
        else (milliseconds(call.at - WEEK), milliseconds(call.at))
    )
    wanted, symbol = call.params.get("incomeType"), call.params.get("symbol")
    rows = [
        _income(entry)
        for entry in books(call).entries
        if entry.wallet == wallet and is_between(entry.at, span)
    ]
    if wanted:
        rows = [row for row in rows if row["incomeType"] == wanted]
    if symbol:
        rows = [row for row in rows if row["symbol"] == symbol]
    return rows[first : first + size]


def _income(entry: Entry) -> dict[str, Any]:
    return {
        "symbol": symbol_of(entry.tie.instrument) if entry.tie.instrument else "",
        "incomeType": INCOME[entry.cause],
        "income": fixed(entry.amount),
        "asset": entry.asset,
        "info": INCOME[entry.cause] if entry.cause == "transfer" else "",
        "time": milliseconds(entry.at),
        "tranId": entry.id,
        "tradeId": str(entry.tie.reference) if entry.cause in ("realized", "fee") else "",
    }


def fills_by_trade(call: Call, kind: str = "swap") -> list[Fill]:
    """Fills by fromId, or of a span of at most 7 days (the last 7 by default); of one `orderId` if told."""
    fills = books(call).fills
    if "orderId" in call.params:
        order = integer(call, "orderId")
        fills = [fill for fill in fills if fill.order_id == order]
    return _page_of(call, fills, kind, "fromId", 1000)


def orders_by_id(call: Call, kind: str = "swap", most: int = 1000) -> list[Order]:
    """Like :func:`fills_by_trade`, by orderId, at most `most` a page."""
    return _page_of(call, books(call).orders.values(), kind, "orderId", most)


def _page_of(call: Call, rows: Iterable[R], kind: str, cursor: str, most: int) -> list[R]:
    size = limit(call, 500, most)
    item = find_symbol(call, kind)
    mine = [row for row in rows if row.instrument.key == item.key]
    if cursor in call.params:
        if "startTime" in call.params or "endTime" in call.params:
            message = f"Parameter '{cursor}' cannot be sent with startTime or endTime."
            raise BinanceError(400, -1106, message)
        first = integer(call, cursor)
        return page([row for row in mine if row.id >= first], size, newest=False)
    span = time_span(call, default=WEEK, longest=WEEK, too_long=WEEK_ONLY)
    inside = [row for row in mine if is_between(row.at, span)]
    return page(inside, size, newest="startTime" not in call.params)


def user_trades(call: Call) -> list[dict[str, Any]]:
    """GET userTrades: by fromId, or a span of at most 7 days (the last 7 by default)."""
    return [_trade(fill) for fill in fills_by_trade(call)]


def all_orders(call: Call) -> list[dict[str, Any]]:
    """GET allOrders: like userTrades, by orderId."""
    return [usdm_row(order) for order in orders_by_id(call)]


def _trade(fill: Fill) -> dict[str, Any]:
    return {
        "symbol": symbol_of(fill.instrument),
        "id": fill.id,
        "orderId": fill.order_id,
        "side": fill.side.upper(),
        "price": plain(fill.price),
        "qty": plain(fill.size),
        "realizedPnl": fixed(fill.realized),
        "quoteQty": plain(fill.size * fill.price),
        "commission": fixed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": milliseconds(fill.at),
        "positionSide": "BOTH",
        "buyer": fill.side == "buy",
        "maker": fill.maker,
        "marginAsset": fill.instrument.settle,
    }


def _signed(handler: Any, weight: int, **terms: Any) -> Route:
    return Route(handler, "usdm", weight, signed=True, **terms)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/fapi/v2/account"): _signed(account_information_v2, 5),
    ("GET", "/fapi/v3/account"): _signed(account_information, 5),
    ("GET", "/fapi/v2/balance"): _signed(balance, 5),
    ("GET", "/fapi/v3/balance"): _signed(balance, 5),
    ("GET", "/fapi/v2/positionRisk"): _signed(position_risk_v2, 5),
    ("GET", "/fapi/v3/positionRisk"): _signed(position_risk, 5),
    ("GET", "/fapi/v1/leverageBracket"): _signed(leverage_bracket, 1),
    ("GET", "/fapi/v1/positionSide/dual"): _signed(one_way, 30),
    ("GET", "/fapi/v1/income"): _signed(income, 30, paged=True),
    ("GET", "/fapi/v1/userTrades"): _signed(user_trades, 5, paged=True),
    ("GET", "/fapi/v1/allOrders"): _signed(all_orders, 5, paged=True),
}
