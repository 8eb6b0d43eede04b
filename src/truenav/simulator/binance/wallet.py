"""Binance wallet (``/sapi/v1``): key permissions, coins, deposits, withdrawals, transfers."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

from truenav.simulator.binance.rules import (
    BinanceError,
    Route,
    account,
    books,
    integer,
    is_between,
    listed,
    time_span,
    utc_text,
)
from truenav.simulator.books import Entry, Movement
from truenav.simulator.numbers import fixed, plain
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

MARGIN_ASSETS = ("BTC", "ETH", "USDC", "USDT")
NINETY_DAYS = timedelta(days=90)
SPAN_TOO_LONG = (-1127, "The interval of startTime and endTime cannot be longer than 90 days.")
WALLETS = {"MAIN": "spot", "UMFUTURE": "usdm", "CMFUTURE": "coinm", "MARGIN": "margin", "OPTION": "options"}
UNLINKED = ({"UMFUTURE", "CMFUTURE"}, {"CMFUTURE", "OPTION"})
TRANSFERS = {
    f"{source}_{target}": (WALLETS[source], WALLETS[target])
    for source, target in permutations(WALLETS, 2)
    if {source, target} not in UNLINKED
}


def restrictions(call: Call) -> dict[str, Any]:
    """GET /sapi/v1/account/apiRestrictions."""
    plan = account(call)
    trades = "trade" in plan.permissions
    return {
        "ipRestrict": True,
        "createTime": milliseconds(call.world.inception),
        "enableReading": "read" in plan.permissions,
        "enableWithdrawals": "withdraw" in plan.permissions,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": trades,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": trades,
        "enablePortfolioMarginTrading": False,
    }


def coins(call: Call) -> list[dict[str, Any]]:
    """GET /sapi/v1/capital/config/getall."""
    state = books(call)
    names = {asset for item in listed(call, "spot") for asset in (item.base, item.quote)}
    return [_coin(name, fixed(state.balance("spot", name))) for name in sorted(names)]


def _coin(name: str, free: str) -> dict[str, Any]:
    network = "BTC" if name == "BTC" else "ETH"
    return {
        "coin": name,
        "depositAllEnable": True,
        "withdrawAllEnable": True,
        "name": name,
        "free": free,
        "locked": "0",
        "freeze": "0",
        "withdrawing": "0",
        "ipoing": "0",
        "ipoable": "0",
        "storage": "0",
        "isLegalMoney": False,
        "trading": True,
        "networkList": [
            {
                "network": network,
                "coin": name,
                "withdrawIntegerMultiple": "0.00000001",
                "isDefault": True,
                "depositEnable": True,
                "withdrawEnable": True,
                "depositDesc": "",
                "withdrawDesc": "",
                "name": network,
                "withdrawFee": "0.0001",
                "withdrawMin": "0.001",
                "withdrawMax": "9999999",
                "minConfirm": "12",
                "unLockConfirm": "0",
                "sameAddress": False,
            }
        ],
    }


def deposits(call: Call) -> list[dict[str, Any]]:
    """GET capital/deposit/hisrec: newest first, offset and limit."""
    return [_deposit(move) for move in _movements(call, "in")]


def withdrawals(call: Call) -> list[dict[str, Any]]:
    """GET capital/withdraw/history: newest first, offset and limit."""
    return [_withdrawal(move) for move in _movements(call, "out")]


def _movements(call: Call, direction: str) -> list[Movement]:
    span = time_span(call, default=NINETY_DAYS, longest=NINETY_DAYS, too_long=SPAN_TOO_LONG)
    coin = call.params.get("coin")
    found = [
        move
        for move in reversed(books(call).movements)
        if move.direction == direction
        and not move.own
        and is_between(move.at, span)
        and coin in (None, "", move.asset)
    ]
    offset = integer(call, "offset", 0)
    return found[offset : offset + min(integer(call, "limit", 1000), 1000)]


def _deposit(move: Movement) -> dict[str, Any]:
    return {
        "id": str(move.id),
        "amount": plain(move.amount),
        "coin": move.asset,
        "network": move.network,
        "status": 1,
        "address": move.address,
        "addressTag": "",
        "txId": move.transaction,
        "insertTime": milliseconds(move.at),
        "completeTime": milliseconds(move.at),
        "transferType": 0,
        "confirmTimes": "12/12",
        "unlockConfirm": 12,
        "walletType": 0,
    }


def _withdrawal(move: Movement) -> dict[str, Any]:
    return {
        "id": str(move.id),
        "amount": plain(move.amount),
        "transactionFee": plain(move.fee),
        "coin": move.asset,
        "status": 6,
        "address": move.address,
        "txId": move.transaction,
        "applyTime": utc_text(move.at),
        "network": move.network,
        "transferType": 0,
        "withdrawOrderId": "",
        "info": "",
        "confirmNo": 12,
        "walletType": 0,
        "txKey": "",
        "completeTime": utc_text(move.at),
    }


def transfers(call: Call) -> dict[str, Any]:
    """GET asset/transfer: one direction (`type`), newest first, pages of `size`."""
    kind = call.params.get("type", "")
    if kind not in TRANSFERS:
        raise BinanceError(400, -1102, "Mandatory parameter 'type' was not sent or is unknown.")
    span = time_span(call, default=timedelta(days=7), longest=timedelta(days=180), too_long=SPAN_TOO_LONG)
    source, target = TRANSFERS[kind]
    rows = [
        entry
        for entry in reversed(books(call).entries)
        if entry.cause == "transfer"
        and entry.wallet == source
        and entry.amount < 0
        and entry.tie.counter_wallet == target
        and is_between(entry.at, span)
    ]
    size = max(1, min(integer(call, "size", 10), 100))
    first = (max(1, integer(call, "current", 1)) - 1) * size
    return {
        "total": len(rows),
        "rows": [_transfer(row, kind) for row in rows[first : first + size]],
    }


def _transfer(entry: Entry, kind: str) -> dict[str, Any]:
    return {
        "asset": entry.asset,
        "amount": plain(-entry.amount),
        "type": kind,
        "status": "CONFIRMED",
        "tranId": entry.tie.reference,
        "timestamp": milliseconds(entry.at),
    }


def margin_account(call: Call) -> dict[str, Any]:
    """GET margin/account: cross margin, where nothing is lent."""
    state = books(call)
    coins = sorted({*MARGIN_ASSETS, *state.assets("margin")})
    return {
        "borrowEnabled": False,
        "marginLevel": "999.00000000",
        "tradeEnabled": False,
        "transferEnabled": True,
        "accountType": "MARGIN_1",
        "userAssets": [_margin_asset(one, fixed(state.balance("margin", one))) for one in coins],
    }


def _margin_asset(name: str, free: str) -> dict[str, str]:
    nothing = "0.00000000"
    return {
        "asset": name,
        "borrowed": nothing,
        "free": free,
        "interest": nothing,
        "locked": nothing,
        "netAsset": free,
    }


def no_margin_rows(_: Call) -> list[Any]:
    """GET margin/myTrades, allOrders and openOrders: money only rests in that wallet."""
    return []


def no_interest(_: Call) -> dict[str, Any]:
    """GET margin/interestHistory: nothing is owed."""
    return {"rows": [], "total": 0}


def no_margin_pairs(_: Call) -> list[Any]:
    """GET margin/allPairs and margin/isolated/allPairs: this venue lends nothing."""
    return []


def _route(handler: Any, weight: int, *, paged: bool = False) -> Route:
    return Route(handler, "wallet", weight, signed=True, paged=paged)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/sapi/v1/account/apiRestrictions"): _route(restrictions, 1),
    ("GET", "/sapi/v1/capital/config/getall"): _route(coins, 10),
    ("GET", "/sapi/v1/capital/deposit/hisrec"): _route(deposits, 1, paged=True),
    ("GET", "/sapi/v1/capital/withdraw/history"): _route(withdrawals, 1, paged=True),
    ("GET", "/sapi/v1/asset/transfer"): _route(transfers, 1),
    ("GET", "/sapi/v1/margin/account"): _route(margin_account, 10),
    ("GET", "/sapi/v1/margin/myTrades"): _route(no_margin_rows, 10, paged=True),
    ("GET", "/sapi/v1/margin/allOrders"): _route(no_margin_rows, 200, paged=True),
    ("GET", "/sapi/v1/margin/openOrders"): _route(no_margin_rows, 10),
    ("GET", "/sapi/v1/margin/interestHistory"): _route(no_interest, 1),
    ("GET", "/sapi/v1/margin/allPairs"): Route(no_margin_pairs, "wallet"),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): _route(no_margin_pairs, 10),
}
