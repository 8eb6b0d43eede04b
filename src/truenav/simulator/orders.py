"""Orders as values, and the pure arithmetic of matching: what is taken at once, and when a price is reached.

An order takes what the book has at the touch and one tick behind it, each of a depth drawn from the market's
volume, as the venues publish it. The rest of a limit order rests at its price and is filled there, as maker,
when the path of the replayed bars carries the other side of the book to it: a depth in five minutes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from truenav.simulator.market import FUNDING_INTERVAL, Bar, Instrument, Leg
from truenav.simulator.scenario import Side
from truenav.simulator.times import EPOCH

Duration = Literal["gtc", "ioc", "fok"]
Status = Literal["waiting", "open", "filled", "cancelled", "expired"]
"""``waiting`` for its trigger; ``cancelled`` by its owner, ``expired`` by the venue."""

ZERO = Decimal(0)
MS = timedelta(milliseconds=1)
REFILL = timedelta(minutes=5)
"""How long a price that was emptied has nothing more to give."""
LEAST_LOTS = 1000
"""Lots that any level has, however little was traded."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client asks for. Without `price` it is a market order; `size` counts lots' units (contracts).

    trigger : it waits until the price is reached, from below when `rising`.
    budget : what a market order was told to spend, where it was told that and no size.
    """

    key: str
    side: Side
    size: Decimal
    price: Decimal | None = None
    duration: Duration = "gtc"
    post_only: bool = False
    reduce_only: bool = False
    trigger: Decimal | None = None
    rising: bool = False
    client_id: str = ""
    tag: str = ""
    budget: Decimal | None = None

    @property
    def stops(self) -> bool:
        """Whether the trigger limits a loss (it else takes a profit)."""
        return self.rising == (self.side == "buy")


@dataclass(frozen=True, slots=True)
class Order:
    """One order as its venue knows it; `cost` is the sum of size times price of its fills.

    since : where the path of prices that may fill it begins.     wakes : before this it is not filled.
    forced : the venue's own, which takes a position over.
    """

    id: int
    at: datetime
    instrument: Instrument
    terms: Terms
    since: datetime
    wakes: datetime
    updated_at: datetime
    status: Status = "open"
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    fee_asset: str = ""
    forced: bool = False

    @property
    def working(self) -> bool:
        """Whether it may still be filled."""
        return self.status in ("open", "waiting")

    @property
    def rest(self) -> Decimal:
        """What is not filled."""
        return self.terms.size - self.filled

    @property
    def average(self) -> Decimal:
        """Average price of its fills; 0 without one."""
        return self.cost / self.filled if self.filled else ZERO


@dataclass(frozen=True, slots=True)
class Placed:
    """A client placed an order; the book as it was published then, and since when prices were walking."""

    at: datetime
    terms: Terms
    bid: Decimal
    ask: Decimal
    since: datetime


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A client cancelled an order."""

    at: datetime
    order: int


@dataclass(frozen=True, slots=True)
class Printed:
    """The operator had a price published."""

    at: datetime
    key: str
    price: Decimal


Command = Placed | Withdrawn | Printed


def aims_at(order: Order) -> tuple[Decimal, bool]:
    """The price that a working order waits for, and whether it comes from below.

    A resting order is filled when the other side of the book, a tick from the price, stands at its limit.
    """
    terms = order.terms
    if order.status == "waiting" and terms.trigger is not None:
        return terms.trigger, terms.rising
    assert terms.price is not None
    tick = order.instrument.tick
    return (terms.price - tick, False) if terms.side == "buy" else (terms.price + tick, True)


def is_beyond(price: Decimal, level: Decimal, rising: bool) -> bool:
    """Whether a price has reached a level."""
    return price >= level if rising else price <= level


def reached(leg: Leg, level: Decimal, rising: bool, begin: datetime, until: datetime) -> datetime | None:
    """The first whole millisecond from `begin` up to `until` at which a leg of the path reaches a level."""
    start = _whole(max(begin, leg.begins))
    if start > until or start >= leg.ends:
        return None
    if is_beyond(leg.price(start), level, rising):
        return start
    if not is_beyond(leg.end, level, rising):
        return None
    share = (level - leg.start) / (leg.end - leg.start)
    micros = int(share * ((leg.ends - leg.begins) // timedelta.resolution))
    at = _whole(leg.begins + micros * timedelta.resolution)
    return at if at <= until and at < leg.ends else None


def _whole(instant: datetime) -> datetime:
    """The millisecond at or after an instant."""
    over = instant.microsecond % 1000
    return instant if not over else instant + timedelta(microseconds=1000 - over)


def depth(instrument: Instrument, bar: Bar, at: datetime) -> Decimal:
    """What one level of the book holds: a drawn 0.5 to 5 % of five minutes' volume, in whole lots.

    It is drawn anew every five minutes, for each market, and always the same.
    """
    salt = f"{instrument.venue}/{instrument.key}/{(at - EPOCH) // REFILL}"
    drawn = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:4], "big")
    share = Decimal(5 + drawn % 46) / 1000
    traded = bar.volume / (FUNDING_INTERVAL // REFILL)
    units = traded * bar.open if instrument.inverse else traded
    lots = (units * share / instrument.multiplier / instrument.lot).to_integral_value(ROUND_FLOOR)
    return max(lots, Decimal(LEAST_LOTS)) * instrument.lot


def taken(
    terms: Terms, size: Decimal, bid: Decimal, ask: Decimal, tick: Decimal, level: Decimal
) -> tuple[tuple[Decimal, Decimal], ...]:
    """Sizes and prices that an order takes at once: at the touch, then a tick behind it, a depth each."""
    first, step = (ask, tick) if terms.side == "buy" else (bid, -tick)
    found = []
    for price in (first, first + step):
        part = min(size, level)
        if part > 0 and price > 0 and crosses(terms, price):
            found.append((part, price))
            size -= part
    return tuple(found)


def crosses(terms: Terms, price: Decimal) -> bool:
    """Whether an order accepts to trade at a price."""
    if terms.price is None:
        return True
    return terms.price >= price if terms.side == "buy" else terms.price <= price
