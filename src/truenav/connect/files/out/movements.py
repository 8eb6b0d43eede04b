"""Facts as programs for taxes see them: something received, something sent, or both, and a fee.

These programs know assets and no contracts, so of a derivative only the cash that it moved is told. What
the movements of a fact add up to is what `truenav.calc.ledger` says it moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from truenav.calc.ledger.deltas import Delta, Reason, deltas
from truenav.core.facts import CashFlow, Fact, Settlement, Trade, Transfer
from truenav.core.instrument import InstrumentBook
from truenav.core.money import Amount, AssetId


@dataclass(frozen=True, slots=True)
class Movement:
    """Assets that one fact moved, for one reason; all numbers are positive.

    With both ``received`` and ``sent`` it is an exchange of the two. ``fee`` was paid besides.
    """

    fact: Fact
    wallet: str
    reason: Reason
    received: Amount | None
    sent: Amount | None
    fee: Amount | None = None


def movements(fact: Fact, instruments: InstrumentBook, *, fee_beside: bool) -> Iterator[Movement]:
    """The movements of a fact; none for what moves no asset.

    ``fee_beside``: one paid fee goes with what was sent; else each fee is a movement of its own.
    """
    changes = [one for one in deltas(fact, instruments) if one.quantity and not one.is_position]
    fees = [one for one in changes if one.reason is Reason.FEE]
    others = [one for one in changes if one.reason is not Reason.FEE]
    told = [_exchange(fact, others)] if _is_exchange(others) else [_single(fact, one) for one in others]
    if fee_beside and len(told) == 1 and told[0].sent and len(fees) == 1 and fees[0].quantity < 0:
        told = [replace(told[0], fee=_amount(fees.pop()))]
    yield from told
    yield from (_single(fact, one) for one in fees)


def description(fact: Fact) -> str:
    """What a person, and a search for the id, finds in the other program."""
    match fact.body:
        case Trade() | Settlement():
            about = f" {fact.body.instrument}"
        case CashFlow():
            about = f" {fact.body.kind}" + (f" {fact.body.instrument}" if fact.body.instrument else "")
        case Transfer():
            about = f" {fact.body.kind}" + (f" {fact.body.counterpart}" if fact.body.counterpart else "")
        case _:
            about = ""
    return f"{fact.kind}{about} {fact.source} {fact.external_id}"


def transaction(fact: Fact) -> str:
    """The hash of the transaction on a chain; empty where there is none."""
    return fact.body.txid if isinstance(fact.body, Transfer) else ""


def _is_exchange(changes: Sequence[Delta]) -> bool:
    return (
        len(changes) == 2
        and all(one.reason is Reason.TRADE for one in changes)
        and changes[0].quantity * changes[1].quantity < 0
    )


def _exchange(fact: Fact, changes: Sequence[Delta]) -> Movement:
    sent, received = sorted(changes, key=lambda one: one.quantity)
    return Movement(fact, sent.wallet, Reason.TRADE, _amount(received), _amount(sent))


def _single(fact: Fact, change: Delta) -> Movement:
    amount = _amount(change)
    received, sent = (amount, None) if change.quantity > 0 else (None, amount)
    return Movement(fact, change.wallet, change.reason, received, sent)


def _amount(change: Delta) -> Amount:
    return Amount(abs(change.quantity), AssetId(change.subject))
