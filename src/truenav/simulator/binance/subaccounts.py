"""Binance sub-accounts (``/sapi/v1/sub-account``): a master lists them, and what went there and came back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from truenav.simulator.binance.rules import Route, account, books, integer, is_between, time_span
from truenav.simulator.books import Movement
from truenav.simulator.numbers import plain
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

SUB = "sub@desk.example"
MONTH = timedelta(days=30)
TOO_LONG = (-1127, "The interval of startTime and endTime cannot be longer than 30 days.")


def sub_accounts(call: Call) -> dict[str, Any]:
    """GET sub-account/list: one, where money ever moved between it and the account."""
    moved = any(move.own for move in books(call).movements)
    row = {
        "email": SUB,
        "subUserId": account(call).number + 1_000_000,
        "isFreeze": False,
        "createTime": milliseconds(call.world.inception),
        "isManagedSubAccount": False,
        "isAssetManagementSubAccount": False,
    }
    first = integer(call, "page", 1) == 1
    return {"subAccounts": [row] if moved and first else []}


def transfers(call: Call) -> dict[str, Any]:
    """GET sub-account/universalTransfer: what `fromEmail` gave (the master by default), by page."""
    giver = call.params.get("fromEmail", "")
    span = time_span(call, default=MONTH, longest=MONTH, too_long=TOO_LONG)
    found = [
        move
        for move in books(call).movements
        if move.own and is_between(move.at, span) and (move.direction == "in") == (giver == SUB)
    ]
    size = max(1, min(integer(call, "limit", 500), 500))
    first = (max(1, integer(call, "page", 1)) - 1) * size
    master = f"{account(call).id}@venue.example"
    rows = [_transfer(move, master) for move in found[first : first + size]]
    return {"result": rows, "totalCount": len(found)}


def _transfer(move: Movement, master: str) -> dict[str, Any]:
    giver, taker = (SUB, master) if move.direction == "in" else (master, SUB)
    return {
        "tranId": move.id,
        "fromEmail": giver,
        "toEmail": taker,
        "asset": move.asset,
        "amount": plain(move.amount),
        "createTimeStamp": milliseconds(move.at),
        "fromAccountType": "SPOT",
        "toAccountType": "SPOT",
        "status": "SUCCESS",
        "clientTranId": "",
    }


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/sapi/v1/sub-account/list"): Route(sub_accounts, "wallet", 1, signed=True),
    ("GET", "/sapi/v1/sub-account/universalTransfer"): Route(transfers, "wallet", 1, signed=True),
}
