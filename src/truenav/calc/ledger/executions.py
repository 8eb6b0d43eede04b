"""What fills of orders come to, and what the executor learned of them against the facts of gathering."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from truenav.core.facts import Trade
from truenav.core.ids import InstrumentId
from truenav.core.money import ZERO, Amount, AssetId, divided, exact, rounded
from truenav.core.orders import Order, OrderFill, filled_quantity


@dataclass(slots=True)
class Execution:
    """What fills come to: signed contracts, contracts times price, and fees (paid: negative) by asset."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    fees: dict[AssetId, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of an order on which its two accounts do not agree; ``gathered`` None: no fact speaks of it.

    ``instrument`` and ``venue_id`` name the order as the venue does.
    """

    instrument: InstrumentId
    venue_id: str
    what: str
    executed: Decimal
    gathered: Decimal | None


def average_price(fills: Iterable[OrderFill]) -> Decimal | None:
    """Quote per base, weighted by contracts: ``sum(quantity * price) / sum(quantity)``, 18 places, half-even.

    None without fills.
    """
    told = tuple(fills)
    if not told:
        return None
    with exact():
        worth = sum((one.quantity * one.price for one in told), ZERO)
    return rounded(divided(worth, filled_quantity(told)), 18)


def fees(fills: Iterable[OrderFill]) -> tuple[Amount, ...]:
    """What fills cost, by asset: positive when paid, negative when a rebate is more."""
    found: dict[AssetId, Decimal] = defaultdict(lambda: ZERO)
    with exact():
        for fill in fills:
            if fill.fee is not None:
                found[fill.fee.asset] += fill.fee.number
    return tuple(Amount(found[asset], asset) for asset in sorted(found))


def executed(order: Order) -> Execution:
    """What the executor was told of an order's fills."""
    found, sign = Execution(), order.request.side.sign
    with exact():
        for fill in order.fills or ():
            found.quantity += sign * fill.quantity
            found.value += sign * fill.quantity * fill.price
        for fee in fees(order.fills or ()):
            found.fees[fee.asset] = -fee.number
    return found


def gathered(trades: Iterable[Trade]) -> Mapping[tuple[InstrumentId, str], Execution]:
    """What facts say of the fills of each order, by instrument and the venue's order id, unique in it."""
    found: dict[tuple[InstrumentId, str], Execution] = defaultdict(Execution)
    with exact():
        for trade in trades:
            one = found[trade.instrument, trade.order_id]
            one.quantity += trade.quantity
            one.value += trade.quantity * trade.price
            for fee in trade.fees:
                one.fees[fee.asset] += fee.number
    return found


def differences(orders: Sequence[Order], trades: Iterable[Trade]) -> tuple[Difference, ...]:
    """Orders whose executions are not what the facts say, one row a figure; empty when all agree.

    ``trades``: the account's, of one venue, since the first of the orders.
    """
    facts = gathered(trades)
    found: list[Difference] = []
    for order in orders:
        if order.venue is None or not order.filled:
            continue
        name = (order.request.instrument, order.venue.venue_id)
        ours, theirs = executed(order), facts.get(name)
        if theirs is None:
            found.append(Difference(*name, "quantity", ours.quantity, None))
            continue
        pairs = [("quantity", ours.quantity, theirs.quantity), ("value", ours.value, theirs.value)]
        assets = sorted(ours.fees.keys() | theirs.fees.keys())
        pairs += [(f"fee in {one}", ours.fees[one], theirs.fees[one]) for one in assets]
        found += [Difference(*name, what, one, other) for what, one, other in pairs if one != other]
    return tuple(found)
