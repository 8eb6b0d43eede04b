"""The desk of one account: takes orders in, matches them, and takes them out again.

Everything here follows from the market and the account's commands; nobody's looking changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from truenav.simulator.bookkeeper import Bookkeeper, Execution
from truenav.simulator.contracts import ZERO, notional
from truenav.simulator.fees import fee_rate
from truenav.simulator.margin import pays_premium
from truenav.simulator.market import Instrument, Leg, Market
from truenav.simulator.orders import (
    REFILL,
    Command,
    Order,
    Placed,
    Printed,
    Status,
    Withdrawn,
    aims_at,
    depth,
    is_beyond,
    reached,
    taken,
)


class Desk:
    """Works the orders in a bookkeeper's books."""

    def __init__(self, keeper: Bookkeeper, market: Market) -> None:
        self.keeper = keeper
        self.market = market

    @property
    def working(self) -> dict[int, Order]:
        """Orders that may still be filled."""
        return self.keeper.books.working

    def obey(self, command: Command) -> None:
        """Do what a client or the operator did."""
        match command:
            case Placed():
                self._place(command)
            case Withdrawn():
                order = self.working.get(command.order)
                if order is not None:
                    self._end(order, command.at, "cancelled")
            case Printed():
                for order in list(self.working.values()):
                    if order.terms.key == command.key and is_beyond(command.price, *aims_at(order)):
                        self.touch(order, command.at)
            case _:
                assert_never(command)

    def _place(self, placed: Placed) -> None:
        item = self.market.instrument(self.keeper.plan.venue.prices, placed.terms.key)
        waits = placed.terms.trigger is not None
        order = Order(
            id=self.keeper.new_id(),
            at=placed.at,
            instrument=item,
            terms=placed.terms,
            since=placed.since,
            wakes=placed.at,
            updated_at=placed.at,
            status="waiting" if waits else "open",
        )
        self.keeper.books.keep(order)
        if not waits:
            self._enter(order, placed.at, placed.bid, placed.ask)

    # -- what the path of prices reaches ------------------------------------------------------

    def next_touch(self, begin: datetime, until: datetime) -> tuple[datetime, Order] | None:
        """The working order whose price is reached first between two instants of one bar, both included."""
        found: tuple[datetime, Order] | None = None
        for order in self.working.values():
            at = self._touched_at(order, begin, until)
            if at is not None and (found is None or at < found[0]):
                found = at, order
        return found

    def _touched_at(self, order: Order, begin: datetime, until: datetime) -> datetime | None:
        start = max(begin, order.wakes)
        if start > until:
            return None
        level, rising = aims_at(order)
        for leg in self._way(order, start):
            at = reached(leg, level, rising, start, until)
            if at is not None:
                return at
        return None

    def _way(self, order: Order, at: datetime) -> tuple[Leg, ...]:
        item = order.instrument
        return self.market.way(item.venue, item.key, at, since=order.since)

    def touch(self, order: Order, at: datetime) -> None:
        """The price that an order waits for is reached: it is triggered, or a part of it filled."""
        terms, tick = order.terms, order.instrument.tick
        if order.status == "waiting" and terms.trigger is not None:
            order = replace(order, status="open", updated_at=at)
            self.keeper.books.keep(order)
            self._enter(order, at, terms.trigger - tick, terms.trigger + tick)
        elif terms.price is not None:
            self._fill(order, at, min(order.rest, self._depth(order, at)), terms.price, maker=True)

    # -- matching -----------------------------------------------------------------------------

    def _enter(self, order: Order, at: datetime, bid: Decimal, ask: Decimal) -> None:
        """Take what the book gives, and leave the rest in it, where the terms allow that."""
        terms = order.terms
        level = self._depth(order, at)
        parts = taken(terms, order.rest, bid, ask, order.instrument.tick, level)
        enough = sum((size for size, _ in parts), ZERO) >= order.rest
        if (terms.post_only and parts) or (terms.duration == "fok" and not enough):
            self._end(order, at, "expired")
            return
        for size, price in parts:
            if order.working:
                order = self._fill(order, at, size, price, maker=False)
        if order.working and (terms.price is None or terms.duration != "gtc"):
            self._end(order, at, "expired")

    def _fill(self, order: Order, at: datetime, size: Decimal, price: Decimal, *, maker: bool) -> Order:
        """Book a part of an order; one that cannot be booked any more is ended. Gives the order after."""
        keeper = self.keeper
        size = min(size, self._room(order)) if order.terms.reduce_only else size
        if size <= 0 or not self._affordable(order, size, price):
            return self._end(order, at, "expired")
        rate = fee_rate(keeper.plan.venue.dialect, order.instrument, maker=maker)
        terms = order.terms
        keeper.trade(
            at,
            Execution(order.instrument, terms.side, size, price, rate, maker, terms.tag, order),
        )
        after = keeper.books.orders[order.id]
        if after.working:
            after = replace(after, wakes=at + REFILL)
            keeper.books.keep(after)
        return after

    def _room(self, order: Order) -> Decimal:
        """How much an order that only reduces may trade."""
        position = self.keeper.books.positions.get(order.terms.key)
        if position is None or (position.size > 0) == (order.terms.side == "buy"):
            return ZERO
        return abs(position.size)

    def _affordable(self, order: Order, size: Decimal, price: Decimal) -> bool:
        """Whether the wallet still has what a spot trade or a premium spends."""
        item, keeper = order.instrument, self.keeper
        if pays_premium(keeper.plan.venue.dialect, item, order.terms.side):
            return keeper.books.balance(keeper.wallet(item), item.settle) >= notional(item, size, price)
        if item.kind != "spot" or keeper.plan.borrows:
            return True
        buys = order.terms.side == "buy"
        asset, spent = (item.quote, keeper.spot_cost(size, price)) if buys else (item.base, size)
        return keeper.books.balance(keeper.wallet(item), asset) >= spent

    def _depth(self, order: Order, at: datetime) -> Decimal:
        item = order.instrument
        return depth(item, self.market.bar(item.venue, item.key, at), at)

    def _end(self, order: Order, at: datetime, status: Status) -> Order:
        ended = replace(order, status=status, updated_at=at)
        self.keeper.books.keep(ended)
        return ended

    def expire(self, at: datetime) -> None:
        """Take out the orders of contracts that have expired."""
        self.give_up(at, lambda item: item.expires_at is None or at < item.expires_at)

    def give_up(self, at: datetime, stays: Callable[[Instrument], bool]) -> None:
        """Take out the orders of instruments that do not stay."""
        for order in list(self.working.values()):
            if not stays(order.instrument):
                self._end(order, at, "expired")
