"""What each wallet holds at an instant: the latest snapshot, rolled forward by the facts after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.calc.ledger.deltas import closing, deltas
from truenav.core.facts import BalanceSnapshot, Fact, PositionSnapshot
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, exact

WalletKey = tuple[str, str, bool]
"""Account, wallet, and whether the snapshot is of positions (else of balances)."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A quantity of one asset or instrument in one wallet; ``snapshot_at`` is where it was rolled from."""

    account: str
    wallet: str
    subject: str
    is_position: bool
    quantity: Decimal
    snapshot_at: datetime


def latest_snapshots(facts: Iterable[Fact], at: datetime) -> Mapping[WalletKey, Fact]:
    """Of each wallet the last balance and the last position snapshot at or before an instant.

    Of two at one instant the one with the greater external id is taken, whatever the order of ``facts``.
    """
    found: dict[WalletKey, Fact] = {}
    for fact in facts:
        if fact.occurred_at > at or not isinstance(fact.body, BalanceSnapshot | PositionSnapshot):
            continue
        key = (fact.account, fact.body.wallet, isinstance(fact.body, PositionSnapshot))
        known = found.get(key)
        if known is None or snapshot_order(known) < snapshot_order(fact):
            found[key] = fact
    return {key: found[key] for key in sorted(found)}


def quantities(snapshot: Fact) -> Mapping[str, Decimal]:
    """Subject to quantity of one snapshot; two lines of one subject are added up."""
    found: dict[str, Decimal] = {}
    with exact():
        if isinstance(snapshot.body, BalanceSnapshot):
            for balance in snapshot.body.lines:
                found[balance.asset] = found.get(balance.asset, ZERO) + balance.total
        elif isinstance(snapshot.body, PositionSnapshot):
            for position in snapshot.body.lines:
                found[position.instrument] = found.get(position.instrument, ZERO) + position.quantity
    return found


def book_at(facts: Iterable[Fact], instruments: InstrumentBook, at: datetime) -> tuple[Holding, ...]:
    """Every nonzero quantity at an instant, sorted; a wallet without a snapshot is unknown and not listed.

    A fact at the very instant of a snapshot is taken to be in it already.
    """
    given = tuple(facts)
    snapshots = latest_snapshots(given, at)
    held = {key: dict(quantities(snapshot)) for key, snapshot in snapshots.items()}
    with exact():
        for fact in sorted(given, key=lambda one: one.occurred_at):
            if fact.occurred_at > at:
                continue
            for delta in deltas(fact, instruments):
                key = (delta.account, delta.wallet, delta.is_position)
                if key in snapshots and fact.occurred_at > snapshots[key].occurred_at:
                    before = held[key].get(delta.subject, ZERO)
                    held[key][delta.subject] = before + closing(delta, before).quantity
    return tuple(
        Holding(*key[:2], subject, key[2], held[key][subject], snapshots[key].occurred_at)
        for key in snapshots
        for subject in sorted(held[key])
        if held[key][subject]
    )


def snapshot_order(fact: Fact) -> tuple[datetime, str, str]:
    """Which of two snapshots of one wallet is the later one."""
    return fact.occurred_at, fact.external_id, fact.source
