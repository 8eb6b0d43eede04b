"""Deribit's history: trades, the transaction log, deposits, withdrawals and transfers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from truenav.simulator.books import Fill, Movement
from truenav.simulator.contracts import ZERO
from truenav.simulator.deribit.names import KINDS, amount, belongs, deribit_name
from truenav.simulator.deribit.rules import DeribitError, Route, account, books, currency, integer
from truenav.simulator.deribit.sessions import LogEntry, replay
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

DAY = timedelta(days=1)
INDEXING = timedelta(hours=1)
"""How late a trade comes into the store of historical ones; the quick store forgets it after a day."""
LONG_AGO, FAR_AHEAD = 0, 10**14


def _span(call: Call) -> tuple[int, int]:
    return (
        integer(call, "start_timestamp", LONG_AGO),
        integer(call, "end_timestamp", FAR_AHEAD),
    )


# -- trades ---------------------------------------------------------------------------------------


def trades(call: Call) -> dict[str, Any]:
    """private/get_user_trades_by_currency(_and_time): recent ones, or with `historical` the older ones."""
    wanted, kind, (start, end) = currency(call), call.params.get("kind"), _span(call)
    historical = call.params.get("historical") == "true"
    rows = [
        fill
        for fill in books(call).fills
        if belongs(fill.instrument, wanted)
        and start <= milliseconds(fill.at) <= end
        and kind in (None, "", "any", KINDS[fill.instrument.kind])
        and (fill.at <= call.at - INDEXING if historical else fill.at > call.at - DAY)
    ]
    rows.sort(key=lambda fill: fill.id, reverse=call.params.get("sorting") != "asc")
    count = min(integer(call, "count", 10), 1000)
    return {"trades": [trade_row(fill) for fill in rows[:count]], "has_more": len(rows) > count}


def trade_row(fill: Fill) -> dict[str, Any]:
    """A trade as Deribit writes it."""
    item = fill.instrument
    row: dict[str, Any] = {
        "amount": amount(item, fill.size),
        "api": True,
        "contracts": fill.size,
        "direction": fill.side,
        "fee": fill.fee,
        "fee_currency": fill.fee_asset,
        "index_price": fill.price if item.kind != "option" else None,
        "instrument_name": deribit_name(item),
        "label": fill.client_id,
        "liquidity": "M" if fill.maker else "T",
        "mark_price": fill.price,
        "matching_id": None,
        "order_id": str(fill.order_id),
        "order_type": "limit",
        "post_only": fill.maker,
        "price": fill.price,
        "reduce_only": False,
        "self_trade": False,
        "state": "filled",
        "tick_direction": 0,
        "timestamp": milliseconds(fill.at),
        "trade_id": str(fill.id),
        "trade_seq": fill.id,
    }
    if fill.forced:
        row["liquidation"] = "T"
    if item.kind in ("swap", "future"):
        row["profit_loss"] = fill.realized
    return row


# -- transaction log ------------------------------------------------------------------------------


def log(call: Call) -> dict[str, Any]:
    """private/get_transaction_log: newest first; `continuation` is where the next page begins."""
    wanted, (start, end) = currency(call), _span(call)
    state, plan = books(call), account(call)
    begin = integer(call, "continuation", FAR_AHEAD)
    rows = [
        one
        for one in reversed(replay(state).log)
        if one.entry.asset == wanted
        and start <= milliseconds(one.entry.at) <= end
        and one.entry.id <= begin
        and call.params.get("query", "") in ("", one.kind)
    ]
    count = min(integer(call, "count", 100), 250)
    fills = {fill.id: fill for fill in state.fills}
    moves = {move.id: move for move in state.movements}
    logs = [_log_row(one, fills, moves) | {"username": plan.label} for one in rows[:count]]
    return {"logs": logs, "continuation": rows[count].entry.id if len(rows) > count else None}


def _log_row(one: LogEntry, fills: dict[int, Fill], moves: dict[int, Movement]) -> dict[str, Any]:
    entry, item = one.entry, one.entry.tie.instrument
    row: dict[str, Any] = {
        "balance": one.balance,
        "cashflow": one.cashflow,
        "change": one.change,
        "commission": one.fee,
        "currency": entry.asset,
        "id": entry.id,
        "info": None,
        "instrument_name": deribit_name(item) if item else None,
        "interest_pl": None,
        "order_id": None,
        "position": None,
        "price": None,
        "side": "-",
        "timestamp": milliseconds(entry.at),
        "trade_id": None,
        "type": one.kind,
        "user_seq": entry.id,
    }
    if one.kind == "trade":
        return row | _trade_details(fills[entry.tie.reference])
    if item is not None:
        return row | _settlement_details(one)
    return row | {"info": _movement_details(moves[entry.tie.reference])}


def _trade_details(fill: Fill) -> dict[str, Any]:
    return {
        "amount": amount(fill.instrument, fill.size),
        "contracts": fill.size,
        "order_id": str(fill.order_id),
        "price": fill.price,
        "price_currency": fill.instrument.quote,
        "side": f"open {fill.side}",
        "trade_id": str(fill.id),
        "user_role": "maker" if fill.maker else "taker",
    }


def _settlement_details(one: LogEntry) -> dict[str, Any]:
    tie, item = one.entry.tie, one.entry.tie.instrument
    assert item is not None
    row: dict[str, Any] = {
        "amount": abs(amount(item, tie.size)),
        "commission": None,
        "price": tie.price,
        "price_currency": item.quote,
        "session_rpl": one.session_realised,
        "session_upl": one.entry.amount,
    }
    if one.kind == "delivery":
        side = "close sell" if tie.size > 0 else "close buy"
        return row | {"index_price": tie.price, "position": ZERO, "side": side}
    side = "long" if tie.size >= 0 else "short"
    return row | {
        "info": {"floating_pl": one.entry.amount, "settlement_price": tie.price},
        "interest_pl": one.funding,
        "position": amount(item, tie.size),
        "side": side,
        "total_interest_pl": one.funding if item.kind == "swap" else None,
    }


def _movement_details(move: Movement) -> dict[str, Any]:
    if move.own:
        return {"other_user": "Subaccount", "other_user_id": 27, "transfer_type": "subaccount"}
    return {"addr": move.address, "transaction": move.transaction}


# -- movements ------------------------------------------------------------------------------------


def _movements(call: Call, *, own: bool, direction: str = "") -> list[Movement]:
    wanted = currency(call)
    return [
        move
        for move in reversed(books(call).movements)
        if move.asset == wanted and move.own == own and direction in ("", move.direction)
    ]


def _paged(call: Call, rows: list[dict[str, Any]]) -> dict[str, Any]:
    offset, count = integer(call, "offset", 0), min(integer(call, "count", 10), 1000)
    return {"count": len(rows), "data": rows[offset : offset + count]}


def deposits(call: Call) -> dict[str, Any]:
    """private/get_deposits."""
    return _paged(
        call,
        [
            {
                "address": move.address,
                "amount": move.amount,
                "currency": move.asset,
                "received_timestamp": milliseconds(move.at),
                "state": "completed",
                "transaction_id": move.transaction,
                "updated_timestamp": milliseconds(move.at),
            }
            for move in _movements(call, own=False, direction="in")
        ],
    )


def withdrawals(call: Call) -> dict[str, Any]:
    """private/get_withdrawals."""
    return _paged(
        call,
        [
            {
                "address": move.address,
                "amount": move.amount,
                "confirmed_timestamp": milliseconds(move.at),
                "created_timestamp": milliseconds(move.at),
                "currency": move.asset,
                "fee": move.fee,
                "id": move.id,
                "priority": Decimal(1),
                "state": "completed",
                "transaction_id": move.transaction,
                "updated_timestamp": milliseconds(move.at),
            }
            for move in _movements(call, own=False, direction="out")
        ],
    )


def transfers(call: Call) -> dict[str, Any]:
    """private/get_transfers: between sub-accounts."""
    return _paged(
        call,
        [
            {
                "amount": move.amount,
                "created_timestamp": milliseconds(move.at),
                "currency": move.asset,
                "direction": "income" if move.direction == "in" else "payment",
                "id": move.id,
                "other_side": "Subaccount",
                "state": "confirmed",
                "type": "subaccount",
                "updated_timestamp": milliseconds(move.at),
            }
            for move in _movements(call, own=True)
        ],
    )


def single(call: Call) -> dict[str, Any]:
    """private/get_user_trades_by_instrument(_and_time): those of one market."""
    name = call.params.get("instrument_name", "")
    found = [fill for fill in books(call).fills if deribit_name(fill.instrument) == name]
    if not name:
        raise DeribitError(-32602, "Invalid params", "instrument_name is missing")
    start, end = _span(call)
    rows = [fill for fill in found if start <= milliseconds(fill.at) <= end]
    count = min(integer(call, "count", 10), 1000)
    return {"trades": [trade_row(fill) for fill in rows[:count]], "has_more": len(rows) > count}


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v2/private/get_user_trades_by_currency"): Route(trades, private=True),
    ("GET", "/api/v2/private/get_user_trades_by_currency_and_time"): Route(trades, private=True),
    ("GET", "/api/v2/private/get_user_trades_by_instrument"): Route(single, private=True),
    ("GET", "/api/v2/private/get_user_trades_by_instrument_and_time"): Route(single, private=True),
    ("GET", "/api/v2/private/get_transaction_log"): Route(log, 10, 10.0, private=True),
    ("GET", "/api/v2/private/get_deposits"): Route(deposits, private=True),
    ("GET", "/api/v2/private/get_withdrawals"): Route(withdrawals, private=True),
    ("GET", "/api/v2/private/get_transfers"): Route(transfers, private=True),
}
