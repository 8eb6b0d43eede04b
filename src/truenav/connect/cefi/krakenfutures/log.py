"""The past of a Kraken Futures account: its log, which books every change of a balance or position once.

A fill is two lines with one execution: the position and the cash, which is the profit that it realised less
its fee plus the funding that it settled. Where the fee is paid in fee credits there is no line of cash. The
log knows no orders, so its pages are noted with those of the list of fills.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.krakenfutures.terms import (
    asset,
    contract_id,
    entries,
    instant,
    known_terms,
    wallet_of,
)
from truenav.connect.contract import ParseContext, Parsed, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading, tag_of
from truenav.core.evidence import Evidence
from truenav.core.facts import CashFlow, CashKind, Settlement, Trade, Transfer, TransferKind
from truenav.core.instrument import Instrument
from truenav.core.money import ZERO, Amount, AssetId, exact

NOTE = "local:fills"
"""Name of the note on a page of the log: orders of its executions, and where the next page takes over."""
_TRADES = frozenset(
    {
        "futures trade",
        "futures liquidation",
        "futures partial liquidation",
        "futures assignor",
        "futures assignee",
        "futures unwind bankrupt",
        "futures unwind counterparty",
        "futures_unwind",
        "liquidation",
        "assignor",
        "assignee",
        "unwind bankrupt",
        "unwind counterparty",
        "covered liquidation",
        "rfq",
        "hedging trade",
    }
)
_SETTLEMENT = "settlement"
_CASH: Mapping[str, CashKind] = {
    **dict.fromkeys(_TRADES, CashKind.REALISED),
    "settlement": CashKind.REALISED,
    "funding rate change": CashKind.FUNDING,
    "interest payment": CashKind.INTEREST,
    "conversion": CashKind.REALISED,
    "conversion credit": CashKind.REALISED,
    "kfee applied": CashKind.FEE,
    "tax withheld": CashKind.FEE,
    "tax refund": CashKind.FEE,
    "futures tax withheld": CashKind.FEE,
    "futures tax refund": CashKind.FEE,
}
"""Kinds of cash; a conversion is two lines, one for each currency."""
_TRANSFERS: Mapping[str, str] = {
    "transfer": "",
    "cross-exchange transfer": "kraken",
    "subaccount transfer": "sub-account",
}
"""Transfers between own places, and where the other end is."""
_FEE_CREDITS = "fee"
"""What the log calls fee credits: they are no money, and nothing lists what is left of them."""


@dataclass(frozen=True, slots=True)
class LogNotes:
    """Beside a page: order and client's id by execution; lines from ``until`` on the next page states."""

    orders: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``change`` of a balance, or of a position where ``is_position``."""

    id: int
    at: datetime
    info: str
    account: str
    asset: str
    contract: str
    execution: str
    old: Decimal
    new: Decimal
    price: Decimal
    realised: Decimal
    funding: Decimal
    fee: Decimal
    liquidation_fee: Decimal

    @property
    def is_position(self) -> bool:
        """Whether it books a position, by the contract's symbol."""
        return "_" in self.asset or ":" in self.asset

    @property
    def wallet(self) -> str:
        """The wallet that it books in."""
        return wallet_of(self.account, "" if self.is_position else self.asset)

    @property
    def change(self) -> Decimal:
        """What it moved."""
        return self.new - self.old

    @property
    def taken(self) -> Decimal:
        """The fee, with a liquidation's where the cash shows that it came on top."""
        both = self.fee + self.liquidation_fee
        return both if self.change == self.realised + self.funding - both else self.fee

    @property
    def event(self) -> tuple[str, ...]:
        """What lines of one fill or settlement have in common."""
        if self.execution and self.info in _TRADES:
            return (self.account, self.contract, self.execution)
        if self.info == _SETTLEMENT and self.contract:
            return (self.account, self.contract, self.at.isoformat())
        return (str(self.id),)


def executions(body: bytes) -> dict[str, datetime]:
    """The fills that a page books, and when."""
    found = (_line(row) for row in _logs(body))
    return {one.execution: one.at for one in found if one.execution and one.info in _TRADES}


def write_notes(notes: LogNotes) -> str:
    """The note of a page of the log."""
    orders = {one: list(notes.orders[one]) for one in sorted(notes.orders)}
    return json.dumps({"orders": orders, "until": str(notes.until or "")}, separators=(",", ":"))


def _noted(evidence: Evidence) -> LogNotes:
    for name, value in evidence.request.params:
        if name == NOTE:
            note = read_json(value.encode())
            orders = {one: _pair(pair) for one, pair in entries(note.field("orders"))}
            return LogNotes(orders, _number(note, "until") if note.text_or("until") else None)
    return LogNotes()


def _pair(node: Node) -> tuple[str, str]:
    parts = [str(one.value) for one in node.items()]
    if len(parts) != 2:
        raise node.wrong("an order and a client's id are expected")
    return parts[0], parts[1]


def _number(row: Node, name: str) -> int:
    text = row.text(name)
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise row.wrong(f"field {name!r} is no number of a line")
    return int(text)


def account_log(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """A page of the log."""
    reading, notes = Reading(evidence, context), _noted(evidence)
    with exact():
        lines = sorted((_line(row) for row in _logs(body)), key=lambda line: line.id)
        _tell_gaps(reading, lines)
        events: dict[tuple[str, ...], list[Line]] = {}
        for line in lines:
            if line.asset != _FEE_CREDITS and (notes.until is None or line.id < notes.until):
                events.setdefault(line.event, []).append(line)
        for event in events.values():
            _event(reading, event, notes)
    return reading.done()


def _logs(body: bytes) -> Iterable[Node]:
    return read_json(body).field("logs").items()


def _line(row: Node) -> Line:
    return Line(
        id=_number(row, "id"),
        at=instant(row, "date"),
        info=row.text("info"),
        account=row.text("margin_account"),
        asset=row.text("asset").lower(),
        contract=row.text_or("contract").lower(),
        execution=row.text_or("execution"),
        old=row.decimal("old_balance"),
        new=row.decimal("new_balance"),
        price=row.decimal_or("trade_price", ZERO) or row.decimal_or("mark_price", ZERO),
        realised=row.decimal_or("realized_pnl", ZERO),
        funding=row.decimal_or("realized_funding", ZERO),
        fee=row.decimal_or("fee", ZERO),
        liquidation_fee=row.decimal_or("liquidation_fee", ZERO),
    )


def _event(reading: Reading, lines: Sequence[Line], notes: LogNotes) -> None:
    """One fill or settlement with its cash, or lines that stand for themselves."""
    legs = [one for one in lines if one.is_position]
    cash = [one for one in lines if not one.is_position]
    for n, leg in enumerate(legs):
        last = n == len(legs) - 1
        own = [one for one in cash if (one.id > leg.id or n == 0) and (last or one.id < legs[n + 1].id)]
        _position(reading, leg, own, notes)
    if not legs:
        for one in cash:
            _other(reading, one)


def _position(reading: Reading, leg: Line, cash: Sequence[Line], notes: LogNotes) -> None:
    """A position changed, with its cash; what is booked in another asset than its own flows by itself."""
    if not leg.change or leg.info not in (_TRADES | {_SETTLEMENT}):
        _tell_position(reading, leg)
        for line in cash:
            _other(reading, line)
        return
    terms = known_terms(reading, leg.contract or leg.asset)
    if terms is None:
        reading.instrument(contract_id(leg.contract or leg.asset), lost=True)
        return
    realised, fees = ZERO, []
    for line in cash:
        code = asset(reading, line.asset, line.at)
        profit = line.change - line.funding + line.taken
        if code == terms.settle:
            realised += profit
        elif profit:
            _flow(reading, line, "", CashKind.REALISED, profit, code)
        if line.funding:
            _flow(reading, line, ":funding", CashKind.FUNDING, line.funding, code)
        if line.taken:
            fees.append((line, Amount(-line.taken, code)))
    if leg.info == _SETTLEMENT:
        _settled(reading, leg, terms, realised, fees)
    else:
        _trade(reading, leg, terms, realised, [fee for _, fee in fees], notes)


def _trade(
    reading: Reading, leg: Line, terms: Instrument, realised: Decimal, fees: list[Amount], notes: LogNotes
) -> None:
    order, client_id = notes.orders.get(leg.execution, ("", ""))
    body = Trade(
        wallet=leg.wallet,
        instrument=terms.id,
        quantity=leg.change,
        price=leg.price,
        cost=None,
        realised=Amount(realised, terms.settle),
        fees=tuple(fees),
        order_id=order,
        tag=tag_of(client_id),
    )
    reading.state(f"log:{leg.id}", leg.at, body)


def _settled(
    reading: Reading, leg: Line, terms: Instrument, realised: Decimal, fees: list[tuple[Line, Amount]]
) -> None:
    body = Settlement(leg.wallet, terms.id, leg.change, leg.price, Amount(realised, terms.settle))
    reading.state(f"log:{leg.id}", leg.at, body)
    for line, fee in fees:
        reading.state(f"log:{line.id}:fee", line.at, CashFlow(leg.wallet, CashKind.FEE, fee, terms.id))


def _other(reading: Reading, line: Line) -> None:
    """A line of cash that stands for itself."""
    if not line.change:
        return
    code = asset(reading, line.asset, line.at)
    if line.info in _TRANSFERS:
        amount, place = Amount(line.change, code), _TRANSFERS[line.info]
        body = Transfer(line.wallet, amount, TransferKind.INTERNAL, place)
        reading.state(f"log:{line.id}", line.at, body)
        return
    kind = _CASH.get(line.info) or _by_sign(reading, line)
    if kind is not CashKind.REALISED:
        _flow(reading, line, "", kind, line.change, code)
        return
    parts = (
        ("", kind, line.change - line.funding + line.taken),
        (":funding", CashKind.FUNDING, line.funding),
        (":fee", CashKind.FEE, -line.taken),
    )
    for suffix, what, number in parts:
        if number:
            _flow(reading, line, suffix, what, number, code)


def _flow(reading: Reading, line: Line, suffix: str, kind: CashKind, number: Decimal, code: AssetId) -> None:
    instrument = contract_id(line.contract) if line.contract else None
    flow = CashFlow(line.wallet, kind, Amount(number, code), instrument)
    reading.state(f"log:{line.id}{suffix}", line.at, flow)


def _by_sign(reading: Reading, line: Line) -> CashKind:
    """Cash of a kind that is not documented, and bookings by the venue: taken, by its sign, and told."""
    _tell(
        reading,
        line.info[:60],
        f"A line of the type {line.info[:60]!r} is taken as a fee where negative, else as a reward.",
        "Nothing is missing from the balance; look it up at the venue.",
    )
    return CashKind.FEE if line.change < 0 else CashKind.REWARD


def _tell_position(reading: Reading, leg: Line) -> None:
    if leg.change:
        message = f"A position in {leg.asset[:60]} changed by a line of the type {leg.info[:60]!r}, no fill."
        _tell(
            reading, leg.asset[:60], message, "The list of positions counts; look the line up at the venue."
        )


def _tell_gaps(reading: Reading, lines: Iterable[Line]) -> None:
    """Tell where a balance does not begin with what the line before it on the page left."""
    left: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        before = left.get((line.account, line.asset), line.old)
        if before != line.old:
            _tell(
                reading,
                f"{line.account}:{line.asset}"[:60],
                f"Line {line.id} of the log begins with {line.old} {line.asset[:60]}, not with {before}.",
                "Compare this page with the venue's own log; the reconciliation shows what is missing.",
            )
        left[line.account, line.asset] = line.new


def _tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)
