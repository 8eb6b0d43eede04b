"""What private streams have to tell: how an account's books differ from what a client was told before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from truenav.simulator.books import Books, Fill
from truenav.simulator.contracts import ZERO, Position
from truenav.simulator.market import Instrument
from truenav.simulator.orders import Order
from truenav.simulator.streams import News


@dataclass(frozen=True, slots=True)
class Change:
    """An order as it is now, with the fill that changed it if one did."""

    id: int
    client_id: str
    instrument: Instrument
    buys: bool
    price: Decimal | None
    size: Decimal
    filled: Decimal
    average: Decimal
    status: str
    at: datetime
    fill: Fill | None = None


@dataclass(frozen=True, slots=True)
class Novelty:
    """What is new: wallets and assets whose balance changed, positions (None: closed), and orders."""

    balances: tuple[tuple[str, str], ...] = ()
    positions: tuple[tuple[Instrument, Position | None], ...] = ()
    orders: tuple[Change, ...] = ()


@dataclass(slots=True)
class Watch:
    """What one client knows of an account."""

    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    fills: int = 0
    begun: bool = False

    def look(self, books: Books) -> Novelty:
        """What is new since the last look; nothing at the first one."""
        found = self._compared(books) if self.begun else Novelty()
        self.balances, self.positions = dict(books.balances), dict(books.positions)
        self.orders, self.fills, self.begun = dict(books.orders), len(books.fills), True
        return found

    def _compared(self, books: Books) -> Novelty:
        moved = tuple(key for key, amount in books.balances.items() if self.balances.get(key, ZERO) != amount)
        held = {**self.positions, **books.positions}
        positions = tuple(
            (one.instrument, books.positions.get(key))
            for key, one in held.items()
            if self.positions.get(key) != books.positions.get(key)
        )
        return Novelty(moved, positions, tuple(self._orders(books)))

    def _orders(self, books: Books) -> Iterable[Change]:
        fills = books.fills[self.fills :]
        for fill in fills:
            yield _of(books.orders[fill.order_id], fill)
        filled = {fill.order_id for fill in fills}
        for order in books.orders.values():
            if order.id not in filled and self.orders.get(order.id) != order:
                yield _of(order, None)


def _of(order: Order, fill: Fill | None) -> Change:
    partly = order.status == "open" and order.filled > 0
    terms = order.terms
    return Change(
        order.id,
        terms.client_id,
        order.instrument,
        terms.side == "buy",
        terms.price,
        terms.size,
        order.filled,
        order.average,
        "partly" if partly else order.status,
        order.updated_at,
        fill,
    )


def once(payload: object) -> News:
    """Something that happened: it is told when it is new, and never again."""
    return News("once", None, 0.0, payload)
