"""The book of orders: what each order is after its facts, and how many shares that left outstanding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from truenav.core.ap_orders import (
    ApOrder,
    ApOrderStateError,
    BoughtIn,
    DeliveryInstructed,
    DeliverySeen,
    FailFeeCharged,
    OrderAccepted,
    OrderCancelled,
    OrderFact,
    OrderFailed,
    OrderKey,
    OrderPriced,
    OrderReceived,
    OrderRejected,
    OrderSettled,
    OrderState,
    OrderValidated,
    TruedUp,
)
from truenav.core.basket import Side
from truenav.core.money import ZERO, Amount, AssetId, exact, to_text

_MOVES: Mapping[type, tuple[frozenset[OrderState], OrderState | None]] = {
    OrderValidated: (frozenset({OrderState.RECEIVED}), OrderState.VALIDATED),
    OrderRejected: (frozenset({OrderState.RECEIVED, OrderState.VALIDATED}), OrderState.REJECTED),
    OrderAccepted: (frozenset({OrderState.VALIDATED}), OrderState.ACCEPTED),
    OrderCancelled: (
        frozenset({OrderState.RECEIVED, OrderState.VALIDATED, OrderState.ACCEPTED}),
        OrderState.CANCELLED,
    ),
    OrderPriced: (frozenset({OrderState.ACCEPTED}), OrderState.PRICED),
    DeliveryInstructed: (frozenset({OrderState.PRICED}), OrderState.DELIVERY_PENDING),
    DeliverySeen: (frozenset({OrderState.PRICED, OrderState.DELIVERY_PENDING}), None),
    FailFeeCharged: (frozenset({OrderState.DELIVERY_PENDING}), None),
    BoughtIn: (frozenset({OrderState.DELIVERY_PENDING}), None),
    OrderSettled: (frozenset({OrderState.DELIVERY_PENDING}), OrderState.SETTLED),
    OrderFailed: (frozenset({OrderState.DELIVERY_PENDING}), OrderState.FAILED),
    TruedUp: (frozenset({OrderState.SETTLED}), None),
}
"""From which states a fact may follow, and to which it leads (None: it stays where it is)."""


AnyFact = TypeVar("AnyFact", bound=OrderFact)


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """An order as its facts left it.

    ``due_in`` is all that the participant owes by now, with fail fees and buy-ins, ``seen`` all that arrived.
    """

    order: ApOrder
    received_at: datetime
    state: OrderState = OrderState.RECEIVED
    validated: OrderValidated | None = None
    priced: OrderPriced | None = None
    due_at: datetime | None = None
    due_in: tuple[Amount, ...] = ()
    seen: tuple[Amount, ...] = ()
    late_days: int = 0
    trued_up: frozenset[AssetId] = frozenset()


@dataclass(frozen=True, slots=True)
class OrderBook:
    """All orders of one product. Its shares outstanding change when an order settles, and only then."""

    shares_outstanding: int
    orders: Mapping[OrderKey, OrderStatus]
    references: Mapping[str, DeliverySeen | BoughtIn]

    @classmethod
    def opening(cls, shares_outstanding: int = 0) -> OrderBook:
        """A book without orders."""
        return cls(shares_outstanding, {}, {})

    def applied(self, facts: Iterable[OrderFact]) -> OrderBook:
        """The book after some facts, in their order. A fact that cannot follow is ``ApOrderStateError``."""
        shares, orders, references = self.shares_outstanding, dict(self.orders), dict(self.references)
        for fact in facts:
            if isinstance(fact, OrderReceived):
                if fact.order.key in orders:
                    raise ApOrderStateError(f"{named(fact.order.key)} was received before.")
                orders[fact.order.key] = OrderStatus(fact.order, fact.at)
                continue
            before = _status(orders, fact.key)
            orders[fact.key] = _after(before, fact)
            if isinstance(fact, DeliverySeen | BoughtIn):
                if fact.reference in references:
                    raise ApOrderStateError(f"Transfer {fact.reference!r} was counted before.")
                references[fact.reference] = fact
            if isinstance(fact, OrderSettled):
                shares += change_of_shares(before)
                if shares < 0:
                    raise ApOrderStateError(f"{named(fact.key)} redeems more shares than there are.")
        return OrderBook(shares, orders, references)

    def may_follow(self, fact: AnyFact) -> AnyFact:
        """The fact itself, if it can follow now; else ``ApOrderStateError``."""
        self.applied((fact,))
        return fact

    def status(self, key: OrderKey) -> OrderStatus:
        """The order of a key; ``ApOrderStateError`` where there is none."""
        return _status(self.orders, key)


def _status(orders: Mapping[OrderKey, OrderStatus], key: OrderKey) -> OrderStatus:
    found = orders.get(key)
    if found is None:
        raise ApOrderStateError(f"{named(key)} is not known; record its arrival first.")
    return found


def _after(status: OrderStatus, fact: OrderFact) -> OrderStatus:
    """One order after one more fact."""
    may_follow, leads_to = _MOVES[type(fact)]
    if status.state not in may_follow:
        raise ApOrderStateError(
            f"{named(status.order.key)} is {status.state.value}; only an order that is "
            f"{' or '.join(sorted(may_follow))} can have this happen to it.",
            state=status.state.value,
        )
    moved = replace(status, state=leads_to or status.state)
    match fact:
        case OrderValidated():
            return replace(moved, validated=fact)
        case OrderPriced():
            return replace(moved, priced=fact, due_in=fact.due_in)
        case DeliveryInstructed():
            return replace(moved, due_at=fact.due_at)
        case DeliverySeen():
            return replace(moved, seen=amounts_of(totals((*moved.seen, fact.amount))))
        case FailFeeCharged():
            if fact.late_day != status.late_days + 1:
                raise ApOrderStateError(
                    f"Day {fact.late_day} of {named(fact.key)} is not the next to be charged."
                )
            due = amounts_of(totals((*moved.due_in, fact.amount)))
            return replace(moved, due_in=due, late_days=fact.late_day)
        case BoughtIn():
            less = Amount(-fact.missing.number, fact.missing.asset)
            return replace(moved, due_in=amounts_of(totals((*moved.due_in, less, fact.cost))))
        case OrderSettled():
            if missing(status):
                raise ApOrderStateError(
                    f"{named(fact.key)} cannot settle before all that is due has arrived."
                )
        case TruedUp():
            if fact.asset in status.trued_up:
                raise ApOrderStateError(f"{named(fact.key)} was trued up for {fact.asset} before.")
            return replace(moved, trued_up=moved.trued_up | {fact.asset})
    return moved


def change_of_shares(status: OrderStatus) -> int:
    """Shares that come into being (+) or cease to be (-) when a priced order settles."""
    assert status.priced is not None
    return status.priced.shares if status.order.side is Side.CREATE else -status.priced.shares


def missing(status: OrderStatus) -> tuple[Amount, ...]:
    """What the participant still owes, by asset."""
    return _beyond(status.due_in, status.seen)


def excess(status: OrderStatus) -> tuple[Amount, ...]:
    """What arrived beyond what is due, by asset."""
    return _beyond(status.seen, status.due_in)


def _beyond(some: tuple[Amount, ...], others: tuple[Amount, ...]) -> tuple[Amount, ...]:
    """By asset, what is more of the one than of the other."""
    less = totals(others)
    with exact():
        rest = {asset: number - less.get(asset, ZERO) for asset, number in totals(some).items()}
    return amounts_of({asset: number for asset, number in rest.items() if number > 0})


def totals(amounts: Iterable[Amount]) -> dict[AssetId, Decimal]:
    """The sum of some amounts by asset."""
    found: dict[AssetId, Decimal] = {}
    with exact():
        for one in amounts:
            found[one.asset] = found.get(one.asset, ZERO) + one.number
    return found


def amounts_of(sums: Mapping[AssetId, Decimal]) -> tuple[Amount, ...]:
    """Sums by asset as amounts, without those of zero."""
    return tuple(Amount(number, asset) for asset, number in sums.items() if number)


def told(amount: Amount) -> str:
    """An amount as messages show it."""
    return f"{to_text(amount.number)} {amount.asset}"


def named(key: OrderKey) -> str:
    """An order as messages call it."""
    return f"Order {key.client_id!r} of {key.participant}"
