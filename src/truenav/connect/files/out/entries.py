"""A journal as double entries: each balances in each commodity by itself, so no price has to be rounded.

What an account gains, another loses: the exchange of two assets passes through *Equity:Conversion*, a
contract through *Equity:Contracts*, what was held at the beginning comes from *Equity:Opening*. A contract
is a commodity of its own, counted in contracts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey, quantities
from truenav.calc.ledger.deltas import Reason, closing, deltas
from truenav.connect.files.out.journal import MOVEMENTS, Journal
from truenav.connect.files.out.names import Names, account_part, commodity
from truenav.core.asset import AssetBook
from truenav.core.clock import instant_text
from truenav.core.facts import BalanceSnapshot, CashFlow, Fact, PositionSnapshot, Settlement, Trade, Transfer
from truenav.core.money import ZERO, AssetId, exact, to_text

OPENING = "Equity:Opening"
_CONTRACTS = "Equity:Contracts"
_COUNTER = {
    Reason.TRADE: "Equity:Conversion",
    Reason.FEE: "Expenses:Fees",
    Reason.REALISED: "Income:Realised",
    Reason.SETTLEMENT: "Income:Settlement",
    Reason.FUNDING: "Income:Funding",
    Reason.INTEREST: "Income:Interest",
    Reason.REWARD: "Income:Rewards",
    Reason.EXTERNAL: "Equity:External",
    Reason.INTERNAL: "Equity:Transfers",
}


@dataclass(frozen=True, slots=True)
class Posting:
    """A change of one account in one commodity."""

    account: str
    number: Decimal
    commodity: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction; ``details`` are names and texts, never empty ones."""

    at: datetime
    title: str
    details: tuple[tuple[str, str], ...]
    postings: tuple[Posting, ...]


@dataclass(slots=True)
class Declared:
    """What the entries of a journal use: to be declared before them.

    ``commodities``: name to the asset or instrument and the most decimals. ``unread``: wallets without any
    snapshot, of which only changes are known.
    """

    first_at: datetime | None = None
    accounts: set[str] = field(default_factory=set)
    commodities: dict[str, tuple[str, int]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        """Note what an entry uses."""
        self.first_at = min(entry.at, self.first_at or entry.at)
        for posting in entry.postings:
            self.accounts.add(posting.account)
            subject, scale = self.commodities.get(posting.commodity, ("", 0))
            self.commodities[posting.commodity] = (subject, max(scale, _scale(posting.number)))


class Ledger:
    """Turns the journal's facts into entries, with the same names however often it is asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._commodities = Names(commodity)
        self._accounts = Names(account_part)
        self._wallets: dict[str, Names] = {}
        self._subjects: dict[str, str] = {}
        for asset in journal.assets.assets.values():
            self._commodity(asset.id, False)
        self._opening = _openings(journal)

    def declared(self) -> Declared:
        """All that the entries use; reads them once."""
        found = Declared()
        for entry in self.entries():
            found.add(entry)
        for name in found.commodities:
            found.commodities[name] = (self._subjects[name], found.commodities[name][1])
        known = {(account, wallet) for account, wallet, _ in self._opening.held}
        found.unread = {self._wallet(*one) for one in self._opening.moved - known}
        return found

    def entries(self) -> Iterator[Entry]:
        """Openings, then every fact that moved something, oldest first."""
        held = {key: dict(lines) for key, lines in self._opening.held.items()}
        yield from self._opening_entries()
        for fact in self._journal.facts(MOVEMENTS):
            with exact():
                entry = self._entry(fact, held)
            if entry.postings:
                yield entry

    def _opening_entries(self) -> Iterator[Entry]:
        at = self._opening.at
        for (account, wallet, is_position), lines in sorted(self._opening.held.items()):
            postings = [
                posting
                for subject, quantity in sorted(lines.items())
                if quantity and at is not None
                for posting in self._pair(account, wallet, subject, is_position, quantity, OPENING)
            ]
            if postings and at is not None:
                yield Entry(at, f"opening {account} {wallet}", (), tuple(postings))

    def _entry(self, fact: Fact, held: dict[WalletKey, dict[str, Decimal]]) -> Entry:
        postings: list[Posting] = []
        for change in deltas(fact, self._journal.instruments):
            lines = held.setdefault((change.account, change.wallet, change.is_position), {})
            before = lines.get(change.subject, ZERO)
            moved = closing(change, before)
            lines[change.subject] = before + moved.quantity
            if moved.quantity:
                counter = _CONTRACTS if moved.is_position else _COUNTER[moved.reason]
                postings += self._pair(
                    moved.account, moved.wallet, moved.subject, moved.is_position, moved.quantity, counter
                )
        return Entry(fact.occurred_at, _title(fact), _details(fact), tuple(postings))

    def _pair(
        self, account: str, wallet: str, subject: str, is_position: bool, quantity: Decimal, counter: str
    ) -> tuple[Posting, Posting]:
        name = self._commodity(subject, is_position)
        own = Posting(self._wallet(account, wallet), quantity, name)
        return own, Posting(counter, quantity.copy_negate(), name)

    def _commodity(self, subject: str, is_position: bool) -> str:
        wish = subject.partition(":")[2] if is_position else _symbol(self._journal.assets, subject)
        name = self._commodities.of(f"{is_position}\0{subject}", wish)
        self._subjects[name] = subject
        return name

    def _wallet(self, account: str, wallet: str) -> str:
        compartments = self._wallets.setdefault(account, Names(account_part))
        return f"Assets:{self._accounts.of(account, account)}:{compartments.of(wallet, wallet)}"


@dataclass(slots=True)
class _Openings:
    """What each wallet held before the first entry, and which wallets are moved at all."""

    at: datetime | None
    held: dict[WalletKey, dict[str, Decimal]]
    moved: set[tuple[str, str]]


def _openings(journal: Journal) -> _Openings:
    """A wallet's first snapshot without what had moved by then."""
    held: dict[WalletKey, dict[str, Decimal]] = {}
    taken: dict[WalletKey, datetime] = {}
    for fact in journal.opening:
        assert isinstance(fact.body, BalanceSnapshot | PositionSnapshot)
        key = (fact.account, fact.body.wallet, isinstance(fact.body, PositionSnapshot))
        held[key], taken[key] = dict(quantities(fact)), fact.occurred_at
    found = _Openings(min(taken.values(), default=None), held, set())
    for fact in journal.facts(MOVEMENTS):
        found.at = min(fact.occurred_at, found.at or fact.occurred_at)
        with exact():
            for change in deltas(fact, journal.instruments):
                key = (change.account, change.wallet, change.is_position)
                found.moved.add(key[:2])
                if key in taken and fact.occurred_at <= taken[key]:
                    held[key][change.subject] = held[key].get(change.subject, ZERO) - change.quantity
    return found


def _symbol(assets: AssetBook, asset: str) -> str:
    return assets.symbol(AssetId(asset))


def _scale(number: Decimal) -> int:
    text = to_text(number)
    return len(text.partition(".")[2])


def _title(fact: Fact) -> str:
    match fact.body:
        case Trade(_, instrument, quantity, price):
            side = "buy" if quantity > 0 else "sell"
            return f"{side} {to_text(quantity.copy_abs())} {instrument} at {to_text(price)}"
        case Settlement(_, instrument, _, price):
            return f"settlement of {instrument} at {to_text(price)}"
        case CashFlow(_, kind, _, instrument):
            return f"{kind} {instrument}" if instrument else str(kind)
        case Transfer(_, amount, kind):
            return f"{kind} {'deposit' if amount.number > 0 else 'withdrawal'}"
        case _:
            return fact.kind


def _details(fact: Fact) -> tuple[tuple[str, str], ...]:
    told = [
        ("time", instant_text(fact.occurred_at)),
        ("source", fact.source),
        ("id", fact.external_id),
        ("fact", fact.content_hash),
    ]
    if isinstance(fact.body, Trade):
        told += [("order", fact.body.order_id), ("tag", fact.body.tag or "")]
    elif isinstance(fact.body, Transfer):
        told += [("counterpart", fact.body.counterpart), ("transaction", fact.body.txid)]
    return tuple((name, text) for name, text in told if text)
