"""Bybit v5 history: executions, the transaction log, expiries, transfers, deposits and withdrawals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from truenav.simulator.books import Books, Entry, Fill, Movement
from truenav.simulator.bybit.rules import (
    Result,
    Route,
    Window,
    account,
    books,
    category,
    category_of,
    owner,
    symbol_of,
    unique,
    window,
)
from truenav.simulator.contracts import ZERO
from truenav.simulator.numbers import plain, round8
from truenav.simulator.orders import Order
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

WEEK, MONTH = Window(timedelta(days=7)), Window(timedelta(days=30))
EXECUTIONS = Window(timedelta(days=7), largest=100)
FUND = Window(timedelta(days=7), 100, "createTimeFrom", "createTimeTo", 1000)
ACCOUNTS = {"funding": "FUND", "unified": "UNIFIED"}
_TRADING = ("trade", "realized", "fee")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a history with what places it in a window."""

    at: datetime
    id: str
    row: dict[str, Any]


def paged(call: Call, lines: Iterable[Line], shape: Window, name: str = "list", **more: Any) -> Result:
    """One page of a history."""
    found, token = window(call, list(lines), shape, lambda line: line.at, lambda line: line.id)
    return {**more, name: [line.row for line in found], "nextPageCursor": token}


# -- executions -----------------------------------------------------------------------------------


def executions(call: Call) -> Result:
    """GET execution/list: fills, and of perpetuals the funding as well."""
    product, state = category(call), books(call)
    fills = [
        _execution(fill, state.orders[fill.order_id])
        for fill in state.fills
        if category_of(fill.instrument) == product
    ]
    paid = [
        _funded(entry) for entry in state.entries if entry.cause == "funding" and _product(entry) == product
    ]
    return paged(call, [*fills, *paid], EXECUTIONS, category=product)


def _product(entry: Entry) -> str:
    return category_of(entry.tie.instrument) if entry.tie.instrument else ""


def _execution(fill: Fill, order: Order) -> Line:
    item, at = fill.instrument, str(milliseconds(fill.at))
    value = round8(fill.size * fill.price)
    row = {
        "symbol": symbol_of(item),
        "orderId": unique(fill.order_id),
        "orderLinkId": fill.client_id,
        "side": fill.side.capitalize(),
        "orderPrice": plain(order.terms.price or ZERO),
        "orderQty": plain(order.terms.size),
        "leavesQty": plain(order.rest),
        "createType": "CreateByUser",
        "orderType": "Limit" if fill.maker else "Market",
        "stopOrderType": "UNKNOWN",
        "execFee": plain(fill.fee),
        "execId": unique(fill.id),
        "execPrice": plain(fill.price),
        "execQty": plain(fill.size),
        "execType": "BustTrade" if fill.forced else "Trade",
        "execValue": plain(value),
        "execTime": at,
        "feeCurrency": fill.fee_asset,
        "isMaker": fill.maker,
        "feeRate": plain(fill.fee_rate),
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(fill.price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "0",
        "seq": fill.id,
        "extraFees": "",
    }
    return Line(fill.at, unique(fill.id), row)


def _funded(entry: Entry) -> Line:
    item = entry.tie.instrument
    assert item is not None
    row = {
        "symbol": symbol_of(item),
        "orderId": unique(entry.id),
        "orderLinkId": "",
        "side": "Sell" if entry.amount < 0 else "Buy",
        "execFee": plain(-entry.amount),
        "execId": unique(entry.id),
        "execPrice": plain(entry.tie.price),
        "execQty": plain(entry.tie.size),
        "execType": "Funding",
        "execValue": plain(round8(entry.tie.size * entry.tie.price)),
        "execTime": str(milliseconds(entry.at)),
        "feeCurrency": entry.asset,
        "isMaker": False,
        "feeRate": "",
        "orderType": "UNKNOWN",
        "orderPrice": "0",
        "orderQty": plain(entry.tie.size),
        "leavesQty": "0",
        "markPrice": plain(entry.tie.price),
        "seq": entry.id,
        "extraFees": "",
    }
    return Line(entry.at, unique(entry.id), row)


# -- transaction log ------------------------------------------------------------------------------


def log(call: Call) -> Result:
    """GET account/transaction-log of the unified account."""
    lines = list(_log_lines(books(call)))
    for name in ("type", "category", "currency"):
        wanted = call.params.get(name)
        if wanted:
            lines = [line for line in lines if line.row[name] == wanted]
    return paged(call, lines, WEEK)


def _log_lines(state: Books) -> Iterable[Line]:
    """One line for each coin that a fill moved, and for a contract even where it moved none."""
    fills = {fill.id: fill for fill in state.fills}
    grouped: dict[tuple[int, str], list[Entry]] = {}
    for fill in state.fills:
        if fill.instrument.kind != "spot":
            grouped[fill.id, fill.instrument.settle] = []
    for entry in state.entries:
        if entry.wallet == "unified":
            own = entry.tie.reference if entry.cause in _TRADING else entry.id
            grouped.setdefault((own, entry.asset), []).append(entry)
    for (number, coin), entries in grouped.items():
        if number in fills:
            yield _trade_line(fills[number], coin, entries)
        elif not (entries[0].cause == "settlement" and not entries[0].amount):
            yield _entry_line(entries[0])


def _trade_line(fill: Fill, coin: str, entries: list[Entry]) -> Line:
    fee = -sum((entry.amount for entry in entries if entry.cause == "fee"), ZERO)
    cash = sum((entry.amount for entry in entries if entry.cause != "fee"), ZERO)
    spot = fill.instrument.kind == "spot"
    row = _line(
        id=f"{fill.id}_{coin}",
        at=fill.at,
        kind="LIQUIDATION" if fill.forced else "TRADE",
        currency=coin,
        cash=cash,
        fee=fee,
        balance=entries[-1].balance if entries else None,
    )
    row |= {
        "symbol": symbol_of(fill.instrument),
        "category": category_of(fill.instrument),
        "side": fill.side.capitalize(),
        "qty": plain(cash if spot else fill.size),
        "size": "0",
        "tradePrice": plain(fill.price),
        "feeRate": plain(fill.fee_rate),
        "tradeId": unique(fill.id),
        "orderId": unique(fill.order_id),
        "orderLinkId": fill.client_id,
    }
    return Line(fill.at, row["id"], row)


def _entry_line(entry: Entry) -> Line:
    funding = entry.amount if entry.cause == "funding" else ZERO
    row = _line(
        id=f"{entry.id}_{entry.asset}",
        at=entry.at,
        kind=_kind(entry),
        currency=entry.asset,
        cash=entry.amount - funding,
        funding=funding,
        balance=entry.balance,
    )
    if (item := entry.tie.instrument) is not None:
        closing = "Sell" if entry.tie.size > 0 else "Buy"
        row |= {
            "symbol": symbol_of(item),
            "category": category_of(item),
            "side": closing if entry.cause == "settlement" else "None",
            "qty": plain(abs(entry.tie.size)),
            "tradePrice": plain(entry.tie.price),
        }
    return Line(entry.at, row["id"], row)


def _kind(entry: Entry) -> str:
    """Bybit's type of a line that is no trade."""
    if entry.cause == "funding":
        return "SETTLEMENT"
    if entry.cause == "settlement":
        return "DELIVERY"
    if entry.cause == "interest":
        return "INTEREST"
    if entry.tie.counter_wallet == "earn":
        return f"FLEXIBLE_STAKING_{'REDEMPTION' if entry.amount > 0 else 'SUBSCRIPTION'}"
    return "TRANSFER_IN" if entry.amount > 0 else "TRANSFER_OUT"


def _line(
    *,
    id: str,
    at: datetime,
    kind: str,
    currency: str,
    cash: Decimal,
    fee: Decimal = ZERO,
    funding: Decimal = ZERO,
    balance: Decimal | None,
) -> dict[str, Any]:
    return {
        "id": id,
        "symbol": "",
        "category": "",
        "side": "None",
        "transactionTime": str(milliseconds(at)),
        "type": kind,
        "transSubType": "",
        "qty": "0",
        "size": "0",
        "currency": currency,
        "tradePrice": "0",
        "funding": plain(funding) if funding else "",
        "fee": plain(fee),
        "cashFlow": plain(cash),
        "change": plain(cash + funding - fee),
        "cashBalance": "" if balance is None else plain(balance),
        "feeRate": "0",
        "bonusChange": "0",
        "tradeId": "",
        "orderId": "",
        "orderLinkId": "",
        "extraFees": "",
    }


def borrowings(call: Call) -> Result:
    """GET account/borrow-history: what was charged for debt, by hour and coin."""
    coin = call.params.get("currency")
    lines = [
        _borrowing(entry)
        for entry in books(call).entries
        if entry.cause == "interest" and coin in (None, "", entry.asset)
    ]
    return paged(call, lines, MONTH)


def _borrowing(entry: Entry) -> Line:
    row = {
        "currency": entry.asset,
        "createdTime": milliseconds(entry.at),
        "borrowCost": plain(-entry.amount),
        "hourlyBorrowRate": plain(entry.tie.price),
        "InterestBearingBorrowSize": plain(entry.tie.size),
        "costExemption": "0",
        "borrowAmount": plain(entry.tie.size),
        "unrealisedLoss": "0",
        "freeBorrowedAmount": "0",
    }
    return Line(entry.at, str(entry.id), row)


def deliveries(call: Call) -> Result:
    """GET asset/delivery-record: expiries of one category, those without cash as well."""
    product = category(call)
    lines = [
        _delivery(entry)
        for entry in books(call).entries
        if entry.cause == "settlement" and _product(entry) == product
    ]
    return paged(call, lines, MONTH, category=product)


def _delivery(entry: Entry) -> Line:
    item = entry.tie.instrument
    assert item is not None
    row = {
        "deliveryTime": milliseconds(entry.at),
        "symbol": symbol_of(item),
        "side": "Sell" if entry.tie.size > 0 else "Buy",
        "position": plain(abs(entry.tie.size)),
        "deliveryPrice": plain(entry.tie.price),
        "strike": plain(item.strike) if item.strike else "0",
        "fee": "0",
        "deliveryRpl": plain(entry.amount),
    }
    return Line(entry.at, str(entry.id), row)


# -- funding account ------------------------------------------------------------------------------


def transfers(call: Call) -> Result:
    """GET asset/transfer/query-inter-transfer-list: between the funding and the unified account."""
    lines = [
        _transfer(entry)
        for entry in books(call).entries
        if entry.cause == "transfer"
        and entry.amount < 0
        and {entry.wallet, entry.tie.counter_wallet} == set(ACCOUNTS)
    ]
    return paged(call, lines, WEEK)


def _transfer(entry: Entry) -> Line:
    row = {
        "transferId": unique(entry.tie.reference),
        "coin": entry.asset,
        "amount": plain(-entry.amount),
        "fromAccountType": ACCOUNTS[entry.wallet],
        "toAccountType": ACCOUNTS[entry.tie.counter_wallet],
        "timestamp": str(milliseconds(entry.at)),
        "status": "SUCCESS",
    }
    return Line(entry.at, row["transferId"], row)


def universal_transfers(call: Call) -> Result:
    """GET asset/transfer/query-universal-transfer-list: between the funding accounts of one owner."""
    member = owner(account(call))
    return paged(call, [_between(move, member) for move in books(call).movements if move.own], WEEK)


def _between(move: Movement, member: str) -> Line:
    other = str(int(member) + 1_000_000)
    giver, taker = (other, member) if move.direction == "in" else (member, other)
    row = {
        "transferId": unique(move.id),
        "coin": move.asset,
        "amount": plain(move.amount),
        "fromMemberId": giver,
        "toMemberId": taker,
        "fromAccountType": "FUND",
        "toAccountType": "FUND",
        "timestamp": str(milliseconds(move.at)),
        "status": "SUCCESS",
    }
    return Line(move.at, row["transferId"], row)


def deposits(call: Call) -> Result:
    """GET asset/deposit/query-record."""
    return paged(call, _movements(call, "in", _deposit), MONTH, "rows")


def withdrawals(call: Call) -> Result:
    """GET asset/withdraw/query-record."""
    return paged(call, _movements(call, "out", _withdrawal), MONTH, "rows")


def _movements(call: Call, direction: str, row: Callable[[Movement], dict[str, Any]]) -> list[Line]:
    found = [move for move in books(call).movements if move.direction == direction and not move.own]
    return [Line(move.at, str(move.id), row(move)) for move in found]


def _deposit(move: Movement) -> dict[str, Any]:
    return {
        "id": str(move.id),
        "coin": move.asset,
        "chain": move.network,
        "amount": plain(move.amount),
        "txID": move.transaction,
        "status": 3,
        "toAddress": move.address,
        "tag": "",
        "depositFee": "",
        "successAt": str(milliseconds(move.at)),
        "confirmations": "64",
        "txIndex": "0",
        "blockHash": "",
        "batchReleaseLimit": "-1",
        "depositType": "0",
        "fromAddress": "",
    }


def _withdrawal(move: Movement) -> dict[str, Any]:
    at = str(milliseconds(move.at))
    return {
        "coin": move.asset,
        "chain": move.network,
        "amount": plain(move.amount),
        "txID": move.transaction,
        "status": "success",
        "toAddress": move.address,
        "tag": "",
        "withdrawFee": plain(move.fee),
        "createTime": at,
        "updateTime": at,
        "withdrawId": str(move.id),
        "withdrawType": 0,
    }


def fund_lines(call: Call) -> Result:
    """GET asset/fundinghistory: every change of the funding account, in whole seconds."""
    member = owner(account(call))
    state = books(call)
    own = {move.id for move in state.movements if move.own}
    lines = [
        _fund_line(entry, member, entry.tie.reference in own)
        for entry in state.entries
        if entry.wallet == "funding"
    ]
    return paged(call, lines, FUND)


def _fund_line(entry: Entry, member: str, own: bool) -> Line:
    kind, words = ("Transfer", "Transfer") if own else _fund_kind(entry)
    row = {
        "memberId": member,
        "currency": entry.asset,
        "ioDirection": "I" if entry.amount > 0 else "O",
        "txnAmt": plain(abs(entry.amount)),
        "afterAmt": plain(entry.balance),
        "createTime": str(milliseconds(entry.at) // 1000),
        "showBusiType": f"fundingAccountRecord{kind}",
        "showBusiTypeEn": kind,
        "description": f"fundingAccountRecord{words.replace(' ', '')}",
        "descriptionEn": words,
    }
    return Line(entry.at, f"{entry.id:020d}", row)


def _fund_kind(entry: Entry) -> tuple[str, str]:
    """Business and description of a change of the funding account."""
    if entry.cause == "deposit":
        return "Deposit", "Deposit"
    if entry.cause == "transfer" and entry.tie.counter_wallet == "earn":
        return "Earn", f"Flex Saving {'Redemption' if entry.amount > 0 else 'Subscription'}"
    return ("Transfer", "Transfer") if entry.cause == "transfer" else ("Withdraw", "Withdrawal")


def nothing(call: Call) -> Result:
    """Histories in which nothing happens here: internal deposits, yields."""
    account(call)
    return {"list": [], "rows": [], "nextPageCursor": ""}


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/v5/execution/list"): Route(executions, 50, signed=True),
    ("GET", "/v5/account/transaction-log"): Route(log, 30, signed=True),
    ("GET", "/v5/account/borrow-history"): Route(borrowings, 30, signed=True),
    ("GET", "/v5/asset/delivery-record"): Route(deliveries, 50, signed=True),
    ("GET", "/v5/asset/transfer/query-inter-transfer-list"): Route(transfers, 1, signed=True),
    ("GET", "/v5/asset/transfer/query-universal-transfer-list"): Route(universal_transfers, 2, signed=True),
    ("GET", "/v5/asset/deposit/query-record"): Route(deposits, 5, signed=True),
    ("GET", "/v5/asset/deposit/query-internal-record"): Route(nothing, 5, signed=True),
    ("GET", "/v5/asset/withdraw/query-record"): Route(withdrawals, 5, signed=True),
    ("GET", "/v5/asset/fundinghistory"): Route(fund_lines, 5, signed=True),
    ("GET", "/v5/earn/yield"): Route(nothing, 10, signed=True),
}
