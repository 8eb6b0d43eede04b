"""The effect of one fact on quantities: the single place that knows what a trade or transfer moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from truenav.core.facts import CashFlow, CashKind, Fact, Settlement, Trade, Transfer, TransferKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import InstrumentBook, InstrumentKind
from truenav.core.money import Amount


class Reason(StrEnum):
    """Why a quantity changed."""

    TRADE = "trade"
    FEE = "fee"
    REALISED = "realised"
    SETTLEMENT = "settlement"
    FUNDING = "funding"
    INTEREST = "interest"
    REWARD = "reward"
    EXTERNAL = "external"
    INTERNAL = "internal"


_CASH_REASON = {
    CashKind.FUNDING: Reason.FUNDING,
    CashKind.FEE: Reason.FEE,
    CashKind.INTEREST: Reason.INTEREST,
    CashKind.REWARD: Reason.REWARD,
    CashKind.SETTLEMENT: Reason.SETTLEMENT,
    CashKind.REALISED: Reason.REALISED,
}


@dataclass(frozen=True, slots=True)
class Delta:
    """A change of one quantity in one wallet.

    ``is_position``: ``subject`` is an instrument and ``quantity`` is in contracts; otherwise ``subject`` is
    an asset and ``quantity`` in its units. ``instrument`` is the contract behind a cash movement where
    there is one. ``tag`` is set on what a strategy tag owns: positions, and all legs of a spot fill.
    """

    account: str
    wallet: str
    subject: str
    is_position: bool
    quantity: Decimal
    reason: Reason
    occurred_at: datetime
    instrument: InstrumentId | None = None
    tag: str | None = None


def deltas(fact: Fact, instruments: InstrumentBook) -> tuple[Delta, ...]:
    """All changes of quantity that a fact states; none for snapshots, quotes and fund-level facts.

    Raises ``UnknownInstrumentError`` for a trade in an instrument without terms.
    """
    match fact.body:
        case Trade():
            return _trade(fact, fact.body, instruments)
        case Settlement(wallet, instrument, quantity, _, cash):
            settled = _cash(fact, wallet, cash, Reason.SETTLEMENT)
            return (
                _position(fact, wallet, instrument, quantity, Reason.SETTLEMENT),
                replace(settled, instrument=instrument),
            )
        case CashFlow(wallet, kind, amount, instrument):
            return (replace(_cash(fact, wallet, amount, _CASH_REASON[kind]), instrument=instrument),)
        case Transfer(wallet, amount, kind, _, _, fee):
            reason = Reason.EXTERNAL if kind is TransferKind.EXTERNAL else Reason.INTERNAL
            moved = _cash(fact, wallet, amount, reason)
            return (moved,) if fee is None else (moved, _cash(fact, wallet, fee, Reason.FEE))
        case _:
            return ()


def closing(delta: Delta, held: Decimal) -> Delta:
    """The change, seen from what is ``held``: an expiry closes a position and never adds to it.

    Of an option that expired worthless no cash tells a venue's side of it, so its size alone is sure.
    """
    adds = delta.is_position and delta.reason is Reason.SETTLEMENT and delta.quantity * held > 0
    return replace(delta, quantity=-delta.quantity) if adds else delta


def _trade(fact: Fact, trade: Trade, instruments: InstrumentBook) -> tuple[Delta, ...]:
    terms = instruments.get(trade.instrument, fact.occurred_at)
    changes: list[Delta] = []
    if terms.kind is InstrumentKind.SPOT:
        changes.append(_cash(fact, trade.wallet, Amount(trade.quantity, terms.base), Reason.TRADE))
    if trade.cost is not None:
        changes.append(_cash(fact, trade.wallet, trade.cost, Reason.TRADE))
    if trade.realised is not None:
        changes.append(_cash(fact, trade.wallet, trade.realised, Reason.REALISED))
    changes.extend(_cash(fact, trade.wallet, fee, Reason.FEE) for fee in trade.fees)
    if terms.kind is InstrumentKind.SPOT:
        return tuple(replace(one, instrument=trade.instrument, tag=trade.tag) for one in changes)
    position = _position(fact, trade.wallet, trade.instrument, trade.quantity, Reason.TRADE)
    cash = (replace(one, instrument=trade.instrument) for one in changes)
    return (replace(position, tag=trade.tag), *cash)


def _cash(fact: Fact, wallet: str, amount: Amount, reason: Reason) -> Delta:
    return Delta(fact.account, wallet, amount.asset, False, amount.number, reason, fact.occurred_at)


def _position(fact: Fact, wallet: str, instrument: InstrumentId, quantity: Decimal, reason: Reason) -> Delta:
    return Delta(fact.account, wallet, instrument, True, quantity, reason, fact.occurred_at, instrument)
