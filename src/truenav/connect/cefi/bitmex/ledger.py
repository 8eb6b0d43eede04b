"""BitMEX's wallet history as facts: what moved the balance and is no execution.

Trades, funding and settlements are in it as well, as ``RealisedPNL``, ``Funding`` and ``SpotTrade``:
executions state them. Executions of former years do not tell their profit; there the day's ``RealisedPNL`` of
a contract (one row at 12:00 UTC) and the fees and funding that they did tell are the profit, stated here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise

from truenav.connect.cefi.bitmex.answers import WALLET, Money, bitmex_id, moment, tell
from truenav.connect.cefi.bitmex.executions import tells_profit
from truenav.connect.cefi.bitmex.units import units_noted
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.clock import instant_text, parse_instant
from truenav.core.facts import CashFlow, CashKind, Transfer, TransferKind
from truenav.core.money import ZERO, Amount, exact, parse_decimal

EXECUTED = "local:executed"
"""Name of the note on a page: what executions told of its days, as ``row=told`` or ``row=charges``.

``told``: they stated the whole of it; else the fees and funding that they stated, in smallest units, less the
profit that some of them stated.
"""
DUE = "local:due"
"""Name of the note on a page: from when, and until when, its executions are read, as ``from/until``.

Rows before that may repeat an execution were stated; rows after, where ``until`` is not empty, wait.
"""
TOLD = "told"
SESSION = timedelta(days=1)
DONE = "Completed"
_PROFIT = "RealisedPNL"
_BY_EXECUTIONS = frozenset({"Funding", "SpotTrade", "UnrealisedPNL"})
_NO_ID = "00000000-0000-0000-0000-000000000000"
_CASH: Mapping[str, CashKind] = {
    "Conversion": CashKind.REALISED,
    "AffiliatePayout": CashKind.REWARD,
    "ReferralPayout": CashKind.REWARD,
    "Bonus": CashKind.REWARD,
    "Airdrop": CashKind.REWARD,
    "StakingReward": CashKind.REWARD,
    "Rebate": CashKind.FEE,
}
"""Kinds of cash; a conversion is two rows, one for each coin."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What turns pages and proves them: a row's identity, kind, market, order, instants and what it moved."""

    id: str
    kind: str
    currency: str
    symbol: str
    order: str
    at: datetime
    asked_at: datetime
    amount: Decimal
    balance: Decimal


def entry(row: Node) -> Entry | None:
    """The entry of a row that has come to rest; None of one under way, cancelled, or only a valuation."""
    number = row.text("transactID")
    if row.text_or("transactStatus") != DONE or not row.text_or("timestamp") or number == _NO_ID:
        return None
    at = moment(row, "timestamp")
    return Entry(
        id=number,
        kind=row.text("transactType"),
        currency=row.text("currency"),
        symbol=row.text_or("address"),
        order=row.text_or("orderID"),
        at=at,
        asked_at=moment(row, "transactTime") if row.text_or("transactTime") else at,
        amount=row.decimal_or("amount", ZERO),
        balance=row.decimal_or("walletBalance", ZERO),
    )


@dataclass(frozen=True, slots=True)
class Due:
    """From when, and until when, executions are read: what of the wallet can be stated.

    The end is open where all are read. A row that repeats none is stated however old it is: it may have come
    to rest late.
    """

    start: datetime
    end: datetime | None = None

    def __contains__(self, one: Entry) -> bool:
        if self.end is not None and one.at > self.end:
            return False
        return self.start <= one.at or not (one.order or one.kind == _PROFIT)

    def __str__(self) -> str:
        return f"{instant_text(self.start)}/{'' if self.end is None else instant_text(self.end)}"


def _noted_due(text: str) -> Due:
    start, _, end = text.partition("/")
    return Due(parse_instant(start), parse_instant(end) if end else None)


def executed(rows: Iterable[Entry], executions: Iterable[Node]) -> dict[str, str]:
    """What the executions say of each row of profit: see ``EXECUTED``.

    An execution belongs to the first row of its order, else of its contract's days, at or after it, if that
    is within a day.
    """
    days: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for one in rows:
        if one.kind == _PROFIT:
            days[one.order or one.symbol].append((one.asked_at, one.id))
    for found in days.values():
        found.sort()
    notes: dict[str, str] = {}
    charges: dict[str, Decimal] = {}
    profits: dict[str, Decimal] = defaultdict(Decimal)
    for row in executions:
        at = moment(row, "transactTime")
        name = _first(days.get(row.text_or("orderID"), []), at) or _first(
            days.get(row.text_or("symbol"), []), at
        )
        if not name:
            continue
        notes.setdefault(name, TOLD)
        with exact():
            if tells_profit(row):
                profits[name] += row.decimal_or("realisedPnl", ZERO)
            else:
                charges[name] = charges.get(name, ZERO) + row.decimal_or("execComm", ZERO)
    with exact():
        return notes | {name: str(number - profits[name]) for name, number in charges.items()}


def _first(rows: list[tuple[datetime, str]], at: datetime) -> str:
    place = bisect_left(rows, (at, ""))
    return rows[place][1] if place < len(rows) and rows[place][0] - at < SESSION else ""


def read_ledger(reading: Reading, document: Node) -> None:
    """State each row of a page, newest first; tell where a balance does not follow from the one before."""
    money = Money(reading, units_noted(reading.evidence, document))
    notes = dict(reading.evidence.request.params)
    if EXECUTED not in notes:
        raise document.wrong("it is not noted what the executions told")
    told = dict(part.split("=", 1) for part in notes[EXECUTED].split(",") if part)
    due = _noted_due(notes[DUE]) if DUE in notes else None
    entries: list[Entry] = []
    for row in document.items():
        if (found := entry(row)) is not None:
            entries.append(found)
            if due is None or found in due:
                _state(reading, money, row, found, told.get(found.id, ""))
    _tell_gaps(reading, entries)


def _state(reading: Reading, money: Money, row: Node, one: Entry, told: str) -> None:
    external_id = f"wallet:{one.id}"
    match one.kind:
        case kind if kind in _BY_EXECUTIONS:
            return
        case "RealisedPNL":
            _profit(reading, money, row, one, told)
        case "Deposit" | "Withdrawal":
            reading.state(external_id, one.at, _moved(money, row, one, TransferKind.EXTERNAL))
        case "Transfer" if one.symbol.strip("0"):
            reading.state(external_id, one.at, _moved(money, row, one, TransferKind.INTERNAL))
        case _:
            cash = CashKind.REWARD if one.kind == "Transfer" else _CASH.get(one.kind)
            amount = money.number(row, "amount", one.currency)
            if amount:
                flow = money.amount(row, amount, one.currency, one.at)
                reading.state(
                    external_id, one.at, CashFlow(WALLET, cash or _by_sign(reading, one, amount), flow)
                )


def _profit(reading: Reading, money: Money, row: Node, one: Entry, told: str) -> None:
    """The profit of a day that its executions did not tell, before the fees and funding that they told."""
    if told == TOLD or (one.order and not told):
        return
    unit = money.units.unit(one.currency, row)
    number = money.number(row, "amount", one.currency)
    if told:
        number += parse_decimal(told) * unit.size
    if number:
        amount = money.amount(row, number, one.currency, one.at)
        name = bitmex_id(one.symbol) if one.symbol else None
        reading.state(f"wallet:{one.id}", one.at, CashFlow(WALLET, CashKind.REALISED, amount, name))


def _moved(money: Money, row: Node, one: Entry, kind: TransferKind) -> Transfer:
    """``amount`` is what the balance changed by, the network's fee included."""
    fee = abs(money.number(row, "fee", one.currency))
    moved = money.amount(row, money.number(row, "amount", one.currency) + fee, one.currency, one.at)
    return Transfer(
        wallet=WALLET,
        amount=moved,
        kind=kind,
        counterpart=one.symbol,
        txid=row.text_or("tx"),
        fee=Amount(-fee, moved.asset) if fee else None,
    )


def _by_sign(reading: Reading, one: Entry, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    tell(
        reading,
        one.kind,
        f"A row of the unknown type {one.kind[:60]!r} is taken as a fee where negative, else as a reward.",
        "Nothing is missing from the balance; report the type so that it gets its own kind.",
    )
    return CashKind.FEE if number < 0 else CashKind.REWARD


def _tell_gaps(reading: Reading, entries: list[Entry]) -> None:
    """Rows of one moment may share the balance after them, or stand in any order.

    The first and the last moment of a page may go on elsewhere.
    """
    by_currency: dict[str, list[Entry]] = defaultdict(list)
    for one in entries:
        by_currency[one.currency].append(one)
    for currency, rows in by_currency.items():
        moments = [list(group) for _, group in groupby(rows, key=lambda one: one.at)]
        for later, earlier in pairwise(moments[1:]):
            with exact():
                change = sum((one.amount for one in later), ZERO)
                if {one.balance - change for one in later} & {one.balance for one in earlier}:
                    continue
            tell(
                reading,
                f"{currency} {later[0].id}",
                f"The {currency} balance after the row {later[0].id} is not the one before and its change.",
                "A row is missing at the venue; compare the balance with its statement.",
            )
