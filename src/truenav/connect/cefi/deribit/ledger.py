"""Deribit's transaction log as facts: every change of cash that is not a trade's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from truenav.connect.cefi.deribit.terms import deribit_id, known_terms
from truenav.connect.contract import Problem
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import CashFlow, CashKind, Settlement, Transfer, TransferKind
from truenav.core.instrument import InstrumentKind
from truenav.core.money import ZERO, Amount, AssetId, exact

WALLET = "main"
DUST = Decimal("0.000001")
"""The log's numbers are rounded one by one; what they miss each other by stays below this."""
TRADE = "trade"
PROFITS = "local:session_profits"
"""Name of the note on a page of trades: what the log says that they realised, as ``id=number,id=number``.

A trade's own ``profit_loss`` does not say from which price it counts; the log's ``cashflow`` counts from the
last settlement, as the balance does. It is noted there, so that one payload still states one fact.
"""
_CASH: Mapping[str, CashKind] = {
    "swap": CashKind.REALISED,
    "correction": CashKind.REALISED,
    "bankruptcy": CashKind.REALISED,
    "socialized_loss": CashKind.REALISED,
    "insurance": CashKind.REALISED,
    "liquidation": CashKind.REALISED,
    "liquidation_fee": CashKind.FEE,
    "fee": CashKind.FEE,
    "negative_balance_fee": CashKind.INTEREST,
    "interest": CashKind.INTEREST,
    "usdc_reward": CashKind.REWARD,
    "usde_reward": CashKind.REWARD,
    "reward": CashKind.REWARD,
    "staking_reward": CashKind.REWARD,
    "bonus": CashKind.REWARD,
    "affiliate": CashKind.REWARD,
}
_OWN_TRANSFERS = frozenset({"subaccount"})


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What turns pages and proves them: a row's identity, instant, change, and the balance that it left."""

    at: datetime
    id: str
    change: Decimal
    balance: Decimal

    def leads_to(self, later: LogEntry) -> bool:
        """Whether nothing happened to the balance between this row and a later one."""
        with exact():
            return abs(later.balance - later.change - self.balance) <= DUST


def log_entry(node: Node) -> LogEntry:
    """The entry of one row."""
    change, balance = node.decimal_or("change", ZERO), node.decimal("balance")
    return LogEntry(node.instant("timestamp"), node.text("id"), change, balance)


@lru_cache(maxsize=1)
def profits_noted(evidence: Evidence) -> Mapping[str, str]:
    """What trades realised, by trade, as noted in the evidence of their page.

    The last one is kept, for each part of a large page asks.
    """
    noted = dict(evidence.request.params).get(PROFITS, "")
    parts = (part.partition("=") for part in noted.split(",") if part)
    return {trade: number for trade, _, number in parts}


def read_log(reading: Reading, result: Node) -> None:
    """State each row of a page, and tell where a balance does not follow from the one before it."""
    rows = list(result.field("logs").items())
    for row in rows:
        _entry(reading, row)
    for later, earlier in pairwise(rows):
        if not log_entry(earlier).leads_to(log_entry(later)):
            _tell_gap(reading, later)


def _entry(reading: Reading, row: Node) -> None:
    kind, at = row.text("type"), row.instant("timestamp")
    change = row.decimal_or("change", ZERO)
    if kind == TRADE:
        return
    currency = row.text("currency")
    external_id = f"log:{currency}:{row.text('id')}"
    asset = reading.asset(currency, at)
    match kind:
        case "deposit" | "withdrawal" | "transfer":
            reading.state(external_id, at, _transfer(row, kind, change, asset))
        case "settlement":
            _settled(reading, row, external_id, (at, asset, change))
        case "delivery":
            _delivered(reading, row, external_id, (at, asset, change))
        case _ if change:
            cash = _CASH.get(kind) or _by_sign(reading, kind, change)
            name = row.text_or("instrument_name")
            flow = CashFlow(WALLET, cash, Amount(change, asset), deribit_id(name) if name else None)
            reading.state(external_id, at, flow)


def _transfer(row: Node, kind: str, change: Decimal, asset: AssetId) -> Transfer:
    """To and from the chain, another account of ours, or another user; ``change`` has the fee in it."""
    info = row.maybe("info")
    details = info if info is not None and isinstance(info.value, dict) else Node({}, row.path)
    own = kind == "transfer" and details.text_or("transfer_type") in _OWN_TRANSFERS
    fee = abs(row.decimal_or("commission", ZERO))
    return Transfer(
        wallet=WALLET,
        amount=Amount(change + fee, asset),
        kind=TransferKind.INTERNAL if own else TransferKind.EXTERNAL,
        counterpart=details.text_or("other_user") or details.text_or("addr"),
        txid=details.text_or("transaction"),
        fee=Amount(-fee, asset) if fee else None,
    )


def _settled(reading: Reading, row: Node, external_id: str, moved: tuple[datetime, AssetId, Decimal]) -> None:
    """The session's end: its trades have stated their profit, so its funding and the open profit are left.

    ``change`` is ``session_upl`` + ``session_rpl``, each rounded, and funding is within ``session_rpl``.
    """
    at, asset, change = moved
    name = deribit_id(row.text("instrument_name"))
    funding = row.decimal_or("total_interest_pl", ZERO)
    open_profit = change - row.decimal_or("session_rpl", ZERO)
    for kind, amount in ((CashKind.FUNDING, funding), (CashKind.REALISED, open_profit)):
        if amount:
            flow = CashFlow(WALLET, kind, Amount(amount, asset), name)
            reading.state(f"{external_id}:{kind.value}", at, flow)


def _delivered(
    reading: Reading, row: Node, external_id: str, moved: tuple[datetime, AssetId, Decimal]
) -> None:
    """An expiry; what the last session's trades of a future realised was stated by them."""
    at, asset, change = moved
    name = row.text("instrument_name")
    terms = known_terms(reading, name)
    if terms is None:
        reading.instrument(deribit_id(name), lost=True)
        return
    option = terms.kind is InstrumentKind.OPTION
    cash = change if option else change - row.decimal_or("session_rpl", ZERO)
    size = abs(row.decimal("amount")) / terms.multiplier
    bought = row.text("side").endswith("buy")
    price = row.decimal("index_price" if row.maybe("index_price") is not None else "price")
    body = Settlement(WALLET, terms.id, size if bought else -size, price, Amount(cash, asset))
    reading.state(external_id, at, body)


def _by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    message = (
        f"A log entry of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    )
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    _note(reading, Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=kind))
    return CashKind.FEE if number < 0 else CashKind.REWARD


def _tell_gap(reading: Reading, row: Node) -> None:
    entry = f"{row.text('currency')} {row.text('id')}"
    message = f"The balance after the log entry {entry} is not the one before it and its change."
    mend = "An entry is missing at the venue; compare the balance with its statement."
    _note(reading, Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=entry))


def _note(reading: Reading, problem: Problem) -> None:
    reading.problems.setdefault((problem.subject, problem.message), problem)
