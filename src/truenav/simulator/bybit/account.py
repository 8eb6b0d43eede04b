"""Bybit v5 account: the key, the unified balance, positions, the funding account and earn products."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from truenav.simulator.books import Books
from truenav.simulator.bybit.rules import (
    Result,
    Route,
    account,
    books,
    category,
    category_of,
    live_instruments,
    owner,
    pages,
    symbol_of,
)
from truenav.simulator.contracts import ZERO, Position, notional
from truenav.simulator.margin import Pool, locked, margin_of
from truenav.simulator.numbers import plain, round8
from truenav.simulator.protocol import Call
from truenav.simulator.times import iso, milliseconds

MARGIN_RATE = Decimal("0.1")
_RATE = Decimal("0.0001")
_ALL_RIGHTS = {
    "ContractTrade": ["Order", "Position"],
    "Spot": ["SpotTrade"],
    "Options": ["OptionsTrade"],
    "Wallet": ["AccountTransfer", "SubMemberTransferList"],
    "Earn": ["Earn"],
}


def key(call: Call) -> Result:
    """GET user/query-api: a key that only reads has the areas that it may read."""
    plan = account(call)
    rights = {name: list(values) for name, values in _ALL_RIGHTS.items()}
    if "withdraw" in plan.permissions:
        rights["Wallet"].append("Withdraw")
    return {
        "id": str(plan.number),
        "note": plan.label,
        "apiKey": plan.api_key,
        "readOnly": 0 if {"trade", "withdraw"} & plan.permissions else 1,
        "secret": "",
        "permissions": rights,
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 90,
        "expiredAt": "",
        "createdAt": iso(call.world.inception),
        "unified": 0,
        "uta": 1,
        "userID": int(owner(plan)),
        "inviterID": 0,
        "vipLevel": "No VIP",
        "isMaster": True,
        "parentUid": "0",
    }


def information(call: Call) -> Result:
    """GET account/info."""
    account(call)
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(milliseconds(call.world.inception)),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


# -- unified account ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Valued:
    """A position with its mark; ``profit`` is rounded as the venue shows it, ``worth`` is an option's.

    ``needed`` is its maintenance margin.
    """

    position: Position
    mark: Decimal
    profit: Decimal
    worth: Decimal
    value: Decimal
    needed: Decimal


def _valued(call: Call, state: Books) -> list[Valued]:
    rows = []
    for _, position in sorted(state.positions.items()):
        item = position.instrument
        quote = call.world.quote(item) or call.world.quote(item, call.at)
        assert quote is not None
        size, mark = position.size * item.multiplier, quote.mark
        profit = size * (mark - position.entry)
        if item.inverse:
            profit /= mark * position.entry
        option = item.kind == "option"
        value = abs(size) * mark if option else notional(item, abs(position.size), mark)
        worth = size * mark if option else ZERO
        needed = call.world.tiers.maintenance("bybit", item, position.size, mark)
        rows.append(Valued(position, mark, round8(profit), worth, round8(value), needed))
    return rows


def wallet(call: Call) -> Result:
    """GET account/wallet-balance of the unified account."""
    state = books(call)
    valued = _valued(call, state)
    held = {row.position.instrument.settle for row in valued}
    coins = [_coin(call, state, coin, valued) for coin in sorted({*state.assets("unified"), *held})]
    equity = sum((Decimal(row["usdValue"]) for row in coins), ZERO)
    initial = round8(sum((_dollars(call, row, row.value * MARGIN_RATE) for row in valued), ZERO))
    initial += round8(_orders_margin(call, state))
    maintenance = round8(sum((_dollars(call, row, row.needed) for row in valued), ZERO))
    balance = max(equity, _RATE)
    total = {
        "accountType": "UNIFIED",
        "accountLTV": "",
        "accountIMRate": plain((initial / balance).quantize(_RATE)),
        "accountMMRate": plain((maintenance / balance).quantize(_RATE)),
        "totalEquity": plain(equity),
        "totalWalletBalance": plain(equity),
        "totalMarginBalance": plain(equity),
        "totalAvailableBalance": plain(max(ZERO, equity - initial)),
        "totalPerpUPL": "0",
        "totalInitialMargin": plain(initial),
        "totalMaintenanceMargin": plain(maintenance),
        "coin": coins,
    }
    return {"list": [total]}


def _orders_margin(call: Call, state: Books) -> Decimal:
    """Initial margin of open orders, in dollars."""
    world, venue = call.world, account(call).venue.prices
    pool = Pool("unified", "")
    figures = margin_of("bybit", state, pool, world.marked, lambda coin: world.spot_price(venue, coin))
    return figures.orders * world.usd_price("USDT-USD", call.at)


def _price(call: Call, coin: str) -> Decimal:
    """Dollars for one of a coin."""
    price = call.world.spot_price(account(call).venue.prices, coin) or ZERO
    return price * call.world.usd_price("USDT-USD", call.at)


def _dollars(call: Call, row: Valued, figure: Decimal) -> Decimal:
    return figure * _price(call, row.position.instrument.settle)


def _coin(call: Call, state: Books, coin: str, valued: list[Valued]) -> dict[str, Any]:
    cash = state.balance("unified", coin)
    owed = max(ZERO, -cash)
    mine = [row for row in valued if row.position.instrument.settle == coin]
    profit = sum((row.profit for row in mine if row.position.instrument.kind != "option"), ZERO)
    equity = cash + profit + sum((row.worth for row in mine), ZERO)
    value = sum((row.value for row in mine), ZERO)
    return {
        "coin": coin,
        "equity": plain(equity),
        "usdValue": plain(round8(equity * _price(call, coin))),
        "walletBalance": plain(cash + owed),
        "locked": plain(locked(state, coin)),
        "spotHedgingQty": "0",
        "borrowAmount": plain(owed),
        "spotBorrow": plain(owed),
        "availableToBorrow": "",
        "availableToWithdraw": "",
        "accruedInterest": "0",
        "totalOrderIM": "0",
        "totalPositionIM": plain(round8(value * MARGIN_RATE)),
        "totalPositionMM": plain(round8(sum((row.needed for row in mine), ZERO))),
        "unrealisedPnl": plain(profit),
        "cumRealisedPnl": "0",
        "bonus": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
    }


def positions(call: Call) -> Result:
    """GET position/list of one category; linear ones of one `settleCoin` or `symbol`."""
    product, coin, name = category(call), call.params.get("settleCoin"), call.params.get("symbol")
    rows = [
        row
        for row in _valued(call, books(call))
        if category_of(row.position.instrument) == product
        and coin in (None, "", row.position.instrument.settle)
        and name in (None, "", symbol_of(row.position.instrument))
    ]
    found, token = pages(call, rows, 200)
    return {"category": product, "list": [_position(row) for row in found], "nextPageCursor": token}


def _position(row: Valued) -> dict[str, Any]:
    position, item = row.position, row.position.instrument
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "symbol": symbol_of(item),
        "side": "Buy" if position.size > 0 else "Sell",
        "size": plain(abs(position.size)),
        "avgPrice": plain(position.entry),
        "positionValue": plain(row.value),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 2,
        "leverage": "" if item.kind == "option" else "10",
        "positionBalance": "0",
        "markPrice": plain(row.mark),
        "liqPrice": "",
        "positionMM": plain(round8(row.needed)),
        "positionIM": plain(round8(row.value * MARGIN_RATE)),
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": plain(row.profit),
        "curRealisedPnl": plain(position.realized),
        "cumRealisedPnl": plain(position.realized - position.fees + position.funding),
        "seq": milliseconds(position.updated_at),
        "isReduceOnly": False,
        "createdTime": str(milliseconds(position.opened_at)),
        "updatedTime": str(milliseconds(position.updated_at)),
    }


# -- funding account and earn products ------------------------------------------------------------


def funding(call: Call) -> Result:
    """GET asset/transfer/query-account-coins-balance of the funding account."""
    state, plan = books(call), account(call)
    rows = [
        {"coin": coin, "transferBalance": plain(amount), "walletBalance": plain(amount), "bonus": ""}
        for coin in state.assets("funding")
        if (amount := state.balance("funding", coin))
    ]
    return {"accountType": "FUND", "memberId": owner(plan), "balance": rows}


def coins(call: Call) -> Result:
    """GET asset/coin/query-info: every coin over one chain."""
    account(call)
    items = [item for product in ("spot", "linear", "inverse") for item in live_instruments(call, product)]
    names = sorted({coin for item in items for coin in (item.base, item.settle)})
    return {"rows": [_coin_terms(name) for name in names]}


def _coin_terms(name: str) -> dict[str, Any]:
    chain = "BTC" if name == "BTC" else "ETH"
    terms = {
        "chain": chain,
        "chainType": chain,
        "confirmation": "6",
        "withdrawFee": "0.0001",
        "depositMin": "0",
        "withdrawMin": "0.001",
        "chainDeposit": "1",
        "chainWithdraw": "1",
        "minAccuracy": "8",
        "withdrawPercentageFee": "0",
    }
    return {"name": name, "coin": name, "remainAmount": "10000000", "chains": [terms]}


def staked(call: Call) -> Result:
    """GET earn/position: everything is in flexible savings."""
    state = books(call)
    if call.params.get("category") != "FlexibleSaving":
        return {"list": []}
    rows = [
        {
            "coin": coin,
            "productId": "430",
            "amount": plain(state.balance("earn", coin)),
            "totalPnl": "0",
            "claimableYield": "0",
            "status": "",
        }
        for coin in state.assets("earn")
    ]
    return {"list": rows}


def overview(call: Call) -> Result:
    """GET asset/asset-overview: what each kind of account is worth in dollars."""
    state = books(call)
    fund, earn = (_dollars_in(call, state, name) for name in ("funding", "earn"))
    unified = Decimal(wallet(call)["list"][0]["totalEquity"])
    rows = [
        {"accountType": "UnifiedTradingAccount", "totalEquity": plain(unified)},
        {"accountType": "FundingAccount", "totalEquity": plain(fund)},
        {"accountType": "Earn", "categories": [{"category": "Easy Earn", "equity": plain(earn)}]},
    ]
    return {"totalEquity": plain(unified + fund + earn), "list": rows}


def _dollars_in(call: Call, state: Books, name: str) -> Decimal:
    return sum((state.balance(name, coin) * _price(call, coin) for coin in state.assets(name)), ZERO)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/v5/user/query-api"): Route(key, 10, signed=True),
    ("GET", "/v5/account/info"): Route(information, 10, signed=True),
    ("GET", "/v5/account/wallet-balance"): Route(wallet, 50, signed=True),
    ("GET", "/v5/position/list"): Route(positions, 50, signed=True),
    ("GET", "/v5/asset/transfer/query-account-coins-balance"): Route(funding, 2, signed=True),
    ("GET", "/v5/asset/coin/query-info"): Route(coins, 5, signed=True),
    ("GET", "/v5/earn/position"): Route(staked, 10, signed=True),
    ("GET", "/v5/asset/asset-overview"): Route(overview, 5, signed=True),
}
