"""OKX v5 history: fills and bills of the trading account, deposits and withdrawals of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from truenav.simulator.books import Entry, Fill, Movement
from truenav.simulator.contracts import ZERO
from truenav.simulator.numbers import plain
from truenav.simulator.okx.rules import TYPE_OF, Route, account, books, live_instruments, page
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

THREE_DAYS = timedelta(days=3)
WEEK = timedelta(days=7)
QUARTER = timedelta(days=90)
ACCOUNT_CODES = {"funding": "6", "trading": "18"}
CHAINS = {"BTC": "Bitcoin", "ETH": "ERC20", "USDT": "ERC20", "USDC": "ERC20"}


# -- fills ----------------------------------------------------------------------------------------


def fills_of_three_days(call: Call) -> list[dict[str, Any]]:
    """GET trade/fills."""
    return _fills(call, THREE_DAYS)


def fills_of_three_months(call: Call) -> list[dict[str, Any]]:
    """GET trade/fills-history."""
    return _fills(call, QUARTER)


def _fills(call: Call, age: timedelta) -> list[dict[str, Any]]:
    kind, name = call.params.get("instType"), call.params.get("instId")
    family = call.params.get("instFamily") or call.params.get("uly")
    rows = [
        fill
        for fill in books(call).fills
        if fill.at > call.at - age
        and kind in (None, "", TYPE_OF[fill.instrument.kind])
        and name in (None, "", fill.instrument.id)
        and family in (None, "", f"{fill.instrument.base}-{fill.instrument.quote}")
    ]
    chosen = page(call, rows, lambda fill: fill.id, lambda fill: milliseconds(fill.at))
    return [_fill(fill) for fill in chosen]


def _fill(fill: Fill) -> dict[str, Any]:
    at = str(milliseconds(fill.at))
    return {
        "billId": str(fill.id),
        "clOrdId": fill.client_id,
        "execType": "M" if fill.maker else "T",
        "fee": plain(-fill.fee),
        "feeCcy": fill.fee_asset,
        "feeRate": plain(-fill.fee_rate),
        "fillFwdPx": "",
        "fillIdxPx": "",
        "fillMarkPx": "",
        "fillMarkVol": "",
        "fillPnl": plain(fill.realized),
        "fillPx": plain(fill.price),
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillSz": plain(fill.size),
        "fillTime": at,
        "instId": fill.instrument.id,
        "instType": TYPE_OF[fill.instrument.kind],
        "ordId": str(fill.order_id),
        "posSide": "net",
        "side": fill.side,
        "subType": "1" if fill.side == "buy" else "2",
        "tag": fill.tag,
        "tradeId": str(fill.id),
        "tradeQuoteCcy": fill.instrument.quote,
        "ts": at,
    }


# -- bills ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bill:
    """One balance change as the venue bills it: a trade with its profit and fee is one bill a coin."""

    entry: Entry
    change: Decimal
    profit: Decimal
    fee: Decimal


def _bills_of(entries: list[Entry]) -> Iterator[Bill]:
    """Entries of the trading wallet; those of one fill and coin become one bill, in order."""
    open_bill: Bill | None = None
    for entry in entries:
        if entry.wallet != "trading":
            continue
        fee = entry.amount if entry.cause == "fee" else ZERO
        profit = entry.amount if entry.cause in ("realized", "settlement") else ZERO
        if open_bill is not None and _same_fill(open_bill.entry, entry):
            open_bill = Bill(
                entry,
                open_bill.change + entry.amount,
                open_bill.profit + profit,
                open_bill.fee + fee,
            )
            continue
        if open_bill is not None:
            yield open_bill
        open_bill = Bill(entry, entry.amount, profit, fee)
    if open_bill is not None:
        yield open_bill


def _same_fill(first: Entry, second: Entry) -> bool:
    trading = ("trade", "realized", "fee")
    return (
        first.cause in trading
        and second.cause in trading
        and (first.tie.reference, first.asset) == (second.tie.reference, second.asset)
    )


def bills_of_a_week(call: Call) -> list[dict[str, Any]]:
    """GET account/bills."""
    return _bills(call, WEEK)


def bills_of_three_months(call: Call) -> list[dict[str, Any]]:
    """GET account/bills-archive."""
    return _bills(call, QUARTER)


def _bills(call: Call, age: timedelta) -> list[dict[str, Any]]:
    state = books(call)
    fills = {fill.id: fill for fill in state.fills}
    rows = []
    for bill in _bills_of(state.entries):
        if bill.entry.at > call.at - age:
            row = _bill(bill, fills.get(bill.entry.tie.reference))
            if _matches(call, bill, row):
                rows.append(row)
    return page(call, rows, lambda row: int(row["billId"]), lambda row: int(row["ts"]))


def _matches(call: Call, bill: Bill, row: dict[str, Any]) -> bool:
    """The filters instType, instId, ccy, type, subType and ctType."""
    for name in ("instType", "instId", "ccy", "type", "subType"):
        wanted = call.params.get(name)
        if wanted and row[name] != wanted:
            return False
    contract = call.params.get("ctType")
    item = bill.entry.tie.instrument
    if not contract or item is None:
        return True
    return item.inverse == (contract == "inverse")


def _bill_type(bill: Bill, fill: Fill | None) -> tuple[str, str]:
    """OKX's type and subType of a bill."""
    entry = bill.entry
    if entry.cause == "transfer":
        return ("1", "11" if entry.amount > 0 else "12")
    if entry.cause == "funding":
        return ("8", "174" if entry.amount > 0 else "173")
    if entry.cause == "interest":
        return ("7", "9")
    if entry.cause == "settlement":
        return ("3", _settlement_type(entry))
    buys = fill is None or fill.side == "buy"
    if fill is not None and fill.forced:
        return ("5", "106" if buys else "107")
    return ("2", "1" if buys else "2")


def _settlement_type(entry: Entry) -> str:
    """Delivery of a long or short; an option exercised, exercised against us, or expired worthless."""
    long = entry.tie.size > 0
    if entry.tie.instrument is None or entry.tie.instrument.kind != "option":
        return "112" if long else "113"
    if not entry.amount:
        return "172"
    return "170" if long else "171"


def _bill(bill: Bill, fill: Fill | None) -> dict[str, Any]:
    entry, item = bill.entry, bill.entry.tie.instrument
    kind, sub_kind = _bill_type(bill, fill)
    moved = entry.cause == "transfer"
    source, target = entry.wallet, entry.tie.counter_wallet
    if moved and entry.amount > 0:
        source, target = target, source
    size = fill.size if fill else abs(entry.tie.size or entry.amount)
    price = fill.price if fill else entry.tie.price
    at = str(milliseconds(entry.at))
    return {
        "bal": plain(entry.balance),
        "balChg": plain(bill.change),
        "billId": str(entry.id),
        "ccy": entry.asset,
        "clOrdId": fill.client_id if fill else "",
        "earnAmt": "",
        "earnApr": "",
        "execType": "" if fill is None else "M" if fill.maker else "T",
        "fee": plain(bill.fee),
        "fillTime": at if fill else "",
        "from": ACCOUNT_CODES[source] if moved else "",
        "instId": item.id if item else "",
        "instType": TYPE_OF[item.kind] if item else "",
        "interest": plain(entry.amount) if entry.cause == "interest" else "0",
        "mgnMode": "cross" if item and item.kind != "spot" else "",
        "notes": "",
        "ordId": str(fill.order_id) if fill else "",
        "pnl": plain(entry.amount if entry.cause == "funding" else bill.profit),
        "posBal": "0",
        "posBalChg": "0",
        "px": plain(price) if price else "",
        "subType": sub_kind,
        "sz": plain(size),
        "tag": fill.tag if fill else "",
        "to": ACCOUNT_CODES[target] if moved else "",
        "tradeId": str(fill.id) if fill else "",
        "ts": at,
        "type": kind,
    }


def interest(call: Call) -> list[dict[str, Any]]:
    """GET account/interest-accrued: what was charged for debt, by hour and coin."""
    coin = call.params.get("ccy")
    rows = [
        entry
        for entry in books(call).entries
        if entry.cause == "interest" and coin in (None, "", entry.asset)
    ]
    return [
        {
            "ccy": entry.asset,
            "instId": "",
            "interest": plain(-entry.amount),
            "interestRate": plain(entry.tie.price),
            "liab": plain(entry.tie.size),
            "mgnMode": "",
            "totalLiab": plain(entry.tie.size),
            "ts": str(milliseconds(entry.at)),
            "type": "2",
        }
        for entry in page(call, rows, lambda one: milliseconds(one.at), lambda one: milliseconds(one.at))
    ]


# -- funding account ------------------------------------------------------------------------------


def funding_balances(call: Call) -> list[dict[str, Any]]:
    """GET asset/balances."""
    state = books(call)
    wanted = set(filter(None, call.params.get("ccy", "").split(",")))
    return [
        {
            "availBal": plain(state.balance("funding", coin)),
            "bal": plain(state.balance("funding", coin)),
            "ccy": coin,
            "frozenBal": "0",
        }
        for coin in state.assets("funding")
        if (not wanted or coin in wanted) and state.balance("funding", coin)
    ]


def funding_bills(call: Call) -> list[dict[str, Any]]:
    """GET asset/bills and asset/bills-history: `after` and `before` are times."""
    state = books(call)
    rows = [entry for entry in state.entries if entry.wallet == "funding"]
    own = {move.id for move in state.movements if move.own}
    return [
        {
            "bal": plain(entry.balance),
            "balChg": plain(entry.amount),
            "billId": str(entry.id),
            "ccy": entry.asset,
            "clientId": "",
            "notes": "",
            "ts": str(milliseconds(entry.at)),
            "type": _funding_bill_type(entry, entry.tie.reference in own),
        }
        for entry in page(call, rows, lambda one: milliseconds(one.at), lambda one: milliseconds(one.at))
    ]


def _funding_bill_type(entry: Entry, own: bool) -> str:
    if own:
        return "21" if entry.amount > 0 else "20"
    if entry.cause == "transfer":
        return "130" if entry.amount > 0 else "131"
    return "1" if entry.cause == "deposit" else "2"


def no_product(_: Call) -> list[Any]:
    """GET finance/...: nobody here saves or stakes."""
    return []


def _movements(call: Call, direction: str) -> list[Movement]:
    coin = call.params.get("ccy")
    rows = [
        move
        for move in books(call).movements
        if move.direction == direction and not move.own and coin in (None, "", move.asset)
    ]
    return page(call, rows, lambda m: milliseconds(m.at), lambda m: milliseconds(m.at))


def deposits(call: Call) -> list[dict[str, Any]]:
    """GET asset/deposit-history: `after` and `before` are times."""
    return [
        {
            "actualDepBlkConfirm": "17",
            "amt": plain(move.amount),
            "areaCodeFrom": "",
            "ccy": move.asset,
            "chain": _chain(move.asset),
            "depId": str(move.id),
            "from": "",
            "fromWdId": "",
            "state": "2",
            "to": move.address,
            "ts": str(milliseconds(move.at)),
            "txId": move.transaction,
        }
        for move in _movements(call, "in")
    ]


def withdrawals(call: Call) -> list[dict[str, Any]]:
    """GET asset/withdrawal-history: `after` and `before` are times."""
    return [
        {
            "addrEx": None,
            "amt": plain(move.amount),
            "areaCodeFrom": "",
            "areaCodeTo": "",
            "ccy": move.asset,
            "chain": _chain(move.asset),
            "clientId": "",
            "fee": plain(move.fee),
            "feeCcy": move.asset,
            "from": str(440000000 + account(call).number),
            "nonTradableAsset": False,
            "note": "",
            "state": "2",
            "to": move.address,
            "ts": str(milliseconds(move.at)),
            "txId": move.transaction,
            "wdId": str(move.id),
        }
        for move in _movements(call, "out")
    ]


def currencies(call: Call) -> list[dict[str, Any]]:
    """GET asset/currencies."""
    spots = [item for item in live_instruments(call) if item.kind == "spot"]
    names = {coin for item in spots for coin in (item.base, item.quote)}
    return [
        {
            "burningFeeRate": "0",
            "canDep": True,
            "canInternal": True,
            "canWd": True,
            "ccy": name,
            "chain": _chain(name),
            "ctAddr": "",
            "depQuotaFixed": "",
            "fee": "0.0001",
            "logoLink": "",
            "mainNet": True,
            "maxFee": "0.0001",
            "maxWd": "1000000000",
            "minDep": "0.00001",
            "minDepArrivalConfirm": "6",
            "minFee": "0.0001",
            "minWd": "0.001",
            "minWdUnlockConfirm": "12",
            "name": name,
            "needTag": False,
            "usedWdQuota": "0",
            "wdQuota": "10000000",
            "wdTickSz": "8",
        }
        for name in sorted(names)
    ]


def _chain(coin: str) -> str:
    return f"{coin}-{CHAINS.get(coin, 'ERC20')}"


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v5/trade/fills"): Route(fills_of_three_days, 60, signed=True),
    ("GET", "/api/v5/trade/fills-history"): Route(fills_of_three_months, 10, signed=True),
    ("GET", "/api/v5/account/bills"): Route(bills_of_a_week, 5, 1.0, signed=True),
    ("GET", "/api/v5/account/bills-archive"): Route(bills_of_three_months, 5, 2.0, signed=True),
    ("GET", "/api/v5/account/interest-accrued"): Route(interest, 5, signed=True),
    ("GET", "/api/v5/asset/balances"): Route(funding_balances, 6, 1.0, signed=True),
    ("GET", "/api/v5/asset/bills"): Route(funding_bills, 6, 1.0, signed=True),
    ("GET", "/api/v5/asset/bills-history"): Route(funding_bills, 1, 1.0, signed=True),
    ("GET", "/api/v5/finance/savings/balance"): Route(no_product, 6, 1.0, signed=True),
    ("GET", "/api/v5/finance/savings/lending-history"): Route(no_product, 6, 1.0, signed=True),
    ("GET", "/api/v5/finance/staking-defi/orders-active"): Route(no_product, 3, 1.0, signed=True),
    ("GET", "/api/v5/asset/currencies"): Route(currencies, 6, 1.0, signed=True),
    ("GET", "/api/v5/asset/deposit-history"): Route(deposits, 6, 1.0, signed=True),
    ("GET", "/api/v5/asset/withdrawal-history"): Route(withdrawals, 6, 1.0, signed=True),
}
