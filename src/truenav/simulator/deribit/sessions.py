"""Deribit's own books from the ledger's: what is settled, what waits for it, and the log that tells.

The ledger books every profit at once. Deribit's ``balance`` has fees, premiums, spot and movements at once,
and the profit of contracts with its funding when the session is settled: here at each funding, at the venue
once a day. Nothing is computed twice: the numbers are the ledger's entries, added up in another order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from truenav.simulator.books import SUBACCOUNT, Books, Entry, Fill, Tie
from truenav.simulator.contracts import ZERO, Position, changed_position

_FILL = ("trade", "realized", "fee")
_WITHDRAWAL = ("withdrawal", "withdrawal_fee")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of the transaction log; of a settlement, what its session realised and exchanged."""

    entry: Entry
    kind: str
    change: Decimal
    cashflow: Decimal
    fee: Decimal
    balance: Decimal
    session_realised: Decimal = ZERO
    funding: Decimal = ZERO


@dataclass(slots=True)
class Session:
    """Settled balances by coin, and by contract what the running session realised and exchanged."""

    balances: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    realised: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    funding: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    settles: dict[str, str] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)

    def waiting(self, coin: str) -> Decimal:
        """What contracts settled in `coin` realised since the last settlement, with funding."""
        keys = [key for key, settle in self.settles.items() if settle == coin]
        return sum((self.realised[key] + self.funding[key] for key in keys), ZERO)


def replay(state: Books) -> Session:
    """The log of an account and where it leads to."""
    session = Session()
    networks = {move.id: move.network for move in state.movements}
    entries = sorted((*state.entries, *_free_fills(state)), key=lambda entry: entry.id)
    for group in _groups(entries):
        _book(session, group, networks)
    return session


def _free_fills(state: Books) -> Iterator[Entry]:
    """Fills that moved no cash, which the log has, too."""
    booked = {entry.tie.reference for entry in state.entries}
    for fill in state.fills:
        if fill.id not in booked:
            item = fill.instrument
            tie = Tie(fill.id, item, size=fill.size, price=fill.price)
            yield Entry(fill.id, fill.at, "trade", "main", item.settle, ZERO, ZERO, tie)


def _groups(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Entries of one fill and coin, or of one withdrawal with its fee, together."""
    group: list[Entry] = []
    for entry in entries:
        if group and not _together(group[0], entry):
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _together(first: Entry, second: Entry) -> bool:
    same = (first.tie.reference, first.asset) == (second.tie.reference, second.asset)
    return same and any(first.cause in causes and second.cause in causes for causes in (_FILL, _WITHDRAWAL))


def _book(session: Session, group: list[Entry], networks: dict[int, str]) -> None:
    entry = group[-1]
    if entry.cause in ("realized", "funding", "session", "settlement") or entry.tie.instrument is not None:
        _book_contract(session, group)
        return
    change = sum((one.amount for one in group), ZERO)
    fee = -sum((one.amount for one in group if one.cause == "withdrawal_fee"), ZERO)
    kind = "deposit" if group[0].cause == "deposit" else "withdrawal"
    if networks.get(entry.tie.reference) == SUBACCOUNT:
        kind = "transfer"
    _write(session, entry, kind, (change, change), fee=fee)


def _book_contract(session: Session, group: list[Entry]) -> None:
    entry, item = group[-1], group[-1].tie.instrument
    assert item is not None
    key = item.key
    session.settles[key] = item.settle
    if entry.cause == "funding":
        session.funding[key] += entry.amount
    elif entry.cause in ("session", "settlement"):
        realised, funding = session.realised.pop(key, ZERO), session.funding.pop(key, ZERO)
        change = entry.amount + realised + funding
        kind = "settlement" if entry.cause == "session" else "delivery"
        _write(session, entry, kind, (change, change), realised=realised + funding, funding=funding)
    else:
        realised = sum((one.amount for one in group if one.cause == "realized"), ZERO)
        session.realised[key] += realised
        change = sum((one.amount for one in group if one.cause != "realized"), ZERO)
        fee = -sum((one.amount for one in group if one.cause == "fee"), ZERO)
        premium = sum((one.amount for one in group if one.cause == "trade"), ZERO)
        _write(session, entry, "trade", (change, realised or premium), fee=fee)


def _write(
    session: Session,
    entry: Entry,
    kind: str,
    moved: tuple[Decimal, Decimal],
    *,
    fee: Decimal = ZERO,
    realised: Decimal = ZERO,
    funding: Decimal = ZERO,
) -> None:
    change, cashflow = moved
    session.balances[entry.asset] += change
    balance = session.balances[entry.asset]
    session.log.append(LogEntry(entry, kind, change, cashflow, fee, balance, realised, funding))


def averages(fills: list[Fill]) -> dict[str, Position]:
    """Positions by contract with the average price of all trades that built them, settled or not."""
    found: dict[str, Position] = {}
    for fill in fills:
        key = fill.instrument.key
        change = fill.size if fill.side == "buy" else -fill.size
        position = changed_position(
            found.get(key),
            fill.instrument,
            change,
            fill.price,
            at=fill.at,
            realized=fill.realized,
            fee=fill.fee,
        )
        if position.size:
            found[key] = position
        else:
            found.pop(key, None)
    return found
