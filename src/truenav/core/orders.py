"""Orders: what was asked for, what became of it, and which way it may go.

An order is known by its *client id*, which follows from what asked for it and from nothing else: whoever asks
again, after a crash for instance, asks for the same order and never for a second one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from truenav.core.canonical import canonical_json
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.ids import AccountId, InstrumentId
from truenav.core.instrument import Instrument
from truenav.core.money import ONE, ZERO, Amount, exact

_TAG = re.compile(r"[a-z0-9]{1,11}")
_DIGEST = 24
"""Hexadecimal digits; with the longest tag and the hyphen an id has 36 letters, as many as venues take."""


class BadOrderError(InvalidInputError):
    """The request contradicts itself or is not complete."""

    code = "bad-order"
    title = "Not a valid order"


class OrderStepError(ConflictError):
    """An order was told to go where an order in its state cannot go."""

    code = "order-step"
    title = "The order cannot go there"


class Side(StrEnum):
    """What is done to the position."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """1 for a purchase, -1 for a sale."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """``market`` takes what the book has; ``limit`` has a price and waits; ``take`` has one and does not."""

    MARKET = "market"
    LIMIT = "limit"
    TAKE = "take"


class OrderState(StrEnum):
    """Where an order stands.

    ``intended``: written down here, not sent. ``sent``: it may be on its way. ``unknown``: sent, and nobody
    told what became of it. ``rejected``: it was never placed, by the venue's will or by ours.
    """

    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    OPEN = "open"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


_TOLD = frozenset(
    {
        OrderState.OPEN,
        OrderState.PARTLY_FILLED,
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.REJECTED,
        OrderState.EXPIRED,
    }
)
NEXT: Mapping[OrderState, frozenset[OrderState]] = MappingProxyType(
    {
        OrderState.INTENDED: frozenset({OrderState.SENT, OrderState.REJECTED}),
        OrderState.SENT: _TOLD | {OrderState.UNKNOWN},
        OrderState.UNKNOWN: _TOLD | {OrderState.SENT},
        OrderState.OPEN: _TOLD - {OrderState.OPEN, OrderState.REJECTED},
        OrderState.PARTLY_FILLED: frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED}),
        OrderState.FILLED: frozenset(),
        OrderState.CANCELLED: frozenset(),
        OrderState.REJECTED: frozenset(),
        OrderState.EXPIRED: frozenset(),
    }
)
"""Every step that an order may take. A second sending is the one way back: from ``unknown``, and only when
the venue is known not to have it (`may_be_sent_again`)."""

FINAL = frozenset(state for state, following in NEXT.items() if not following)
"""States that no order leaves."""
AT_VENUE = frozenset({OrderState.OPEN, OrderState.PARTLY_FILLED})
"""States in which the venue may still fill an order."""


class Reason(StrEnum):
    """Why an order was not placed, or ended."""

    # The venue's.
    MARGIN = "margin"
    REDUCE_ONLY = "reduce_only"
    WOULD_TRIGGER = "would_trigger"
    WOULD_TAKE = "would_take"
    PRICE = "price"
    QUANTITY = "quantity"
    POSITION_LIMIT = "position_limit"
    CLOSED = "closed"
    KEY = "key"
    TOO_LATE = "too_late"
    TOO_MANY = "too_many"
    MALFORMED = "malformed"
    # Ours.
    TOO_SMALL = "too_small"
    NOT_ALLOWED = "not_allowed"
    ORDER_NOTIONAL = "order_notional"
    DAY_NOTIONAL = "day_notional"
    POSITION_NOTIONAL = "position_notional"
    COLLAR = "collar"
    LIMITER_DOWN = "limiter_down"
    CLOCK = "clock"
    UNRESOLVED = "unresolved"
    DEADLINE = "deadline"
    NOT_PLACED = "not_placed"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What is asked for, by whom: ``origin`` names the decision (``etp/btc3l/2026-11-22T00:02:00Z``).

    ``leg`` counts the orders of one decision. ``quantity`` is in contracts (units of base for spot), more
    than zero; ``price``, in quote per base, belongs to a limit order and to no other, but a ``take`` order,
    which ends at once with what it got, must have one too. ``reduce_only``: the venue itself lets it only
    make a position smaller. ``tag`` names the strategy, and stands before the hyphen of the client id.
    """

    account: AccountId
    origin: str
    leg: int
    instrument: InstrumentId
    side: Side
    quantity: Decimal
    type: OrderType = OrderType.MARKET
    price: Decimal | None = None
    reduce_only: bool = False
    tag: str = "truenav"

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        wanted = self.type is not OrderType.MARKET
        if not (self.quantity.is_finite() and self.quantity > 0):
            raise BadOrderError(
                f"{self.origin}: a quantity of {self.quantity} cannot be traded; ask for more."
            )
        if wanted != (self.price is not None):
            raise BadOrderError(
                f"{self.origin}: a {self.type} order {'needs a' if wanted else 'has no'} price."
            )
        if self.price is not None and not (self.price.is_finite() and self.price > 0):
            raise BadOrderError(f"{self.origin}: {self.price} is no price.")
        if not self.origin or len(self.origin) > 200 or self.leg < 0:
            raise BadOrderError("An order names the decision that asked for it, and its number therein.")
        if _TAG.fullmatch(self.tag) is None:
            raise BadOrderError(f"The tag {self.tag[:20]!r} is not 1 to 11 lower-case letters and digits.")

    @property
    def client_id(self) -> str:
        """The id under which the venue knows the order: of account, origin and leg alone."""
        asked = canonical_json([self.account, self.origin, self.leg])
        return f"{self.tag}-{hashlib.sha256(asked).hexdigest()[:_DIGEST]}"

    @property
    def signed(self) -> Decimal:
        """What the position changes by when all of it is filled."""
        return self.side.sign * self.quantity


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What a venue accepts of an instrument: whole steps and ticks, between bounds.

    ``step`` and the bounds of quantity count contracts, ``tick`` quote per base; ``least_notional`` is in
    quote, and does not hold for orders that only reduce.
    """

    step: Decimal
    tick: Decimal
    least: Decimal
    most: Decimal
    least_notional: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Window:
    """When the venue may take one sending: its own clock decides, and takes nothing after ``until``."""

    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class OrderFill:
    """One execution as the venue tells it; ``fee`` is positive when paid, None where there was none."""

    id: str
    at: datetime
    quantity: Decimal
    price: Decimal
    fee: Amount | None
    maker: bool


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as its venue tells it; ``filled`` in contracts."""

    venue_id: str
    client_id: str
    instrument: InstrumentId
    side: Side
    quantity: Decimal
    filled: Decimal
    state: OrderState
    at: datetime

    def answers(self, request: OrderRequest) -> bool:
        """Whether this is what was asked for, and not another order under the same client id."""
        return (self.client_id, self.instrument, self.side, self.quantity) == (
            request.client_id,
            request.instrument,
            request.side,
            request.quantity,
        )


def advanced(state: OrderState, to: OrderState) -> OrderState:
    """The next state, or ``OrderStepError``; the same state again is no step."""
    if to is not state and to not in NEXT[state]:
        raise OrderStepError(f"An order that is {state} cannot become {to}.")
    return to


class OthersOrderError(ConflictError):
    """Under our client id the venue has an order that we did not ask for."""

    code = "others-order"
    title = "The client id belongs to another order"


@dataclass(frozen=True, slots=True)
class Order:
    """One order of ours with all that is known of it; each step gives the next one.

    ``sent`` is the request as the venue was sent it, in its steps and ticks, ``window`` that of the last
    sending and ``sendings`` how many there were. ``notional`` is what it was worth when it was sent, in the
    instrument's quote. ``good_until``: what is not done by then is taken out. ``fills`` None: not asked for.
    """

    request: OrderRequest
    good_until: datetime
    created_at: datetime
    updated_at: datetime
    state: OrderState = OrderState.INTENDED
    reason: Reason | None = None
    note: str = ""
    sent: OrderRequest | None = None
    window: Window | None = None
    sendings: int = 0
    notional: Decimal = ZERO
    venue: VenueOrder | None = None
    fills: tuple[OrderFill, ...] | None = None
    version: int = 1

    @property
    def filled(self) -> Decimal:
        """What was filled as far as the venue told, in contracts."""
        return ZERO if self.venue is None else self.venue.filled

    @property
    def rest(self) -> Decimal:
        """What may still be filled, in contracts; zero of an order that ended."""
        if self.state in FINAL:
            return ZERO
        asked = self.sent or self.request
        return asked.quantity - self.filled

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be learned: it ended, and its fills come to what was filled."""
        if self.state not in FINAL:
            return False
        return not self.filled or (self.fills is not None and filled_quantity(self.fills) == self.filled)

    def sending(self, sent: OrderRequest, window: Window, worth: Decimal, *, at: datetime) -> Order:
        """It may be on its way from now on."""
        return self._step(
            OrderState.SENT, at, sent=sent, window=window, notional=worth, sendings=self.sendings + 1
        )

    def lost(self, note: str, *, at: datetime) -> Order:
        """Nobody told what became of it."""
        return self._step(OrderState.UNKNOWN, at, note=note)

    def rejected(self, reason: Reason, note: str, *, at: datetime) -> Order:
        """It was never placed."""
        return self._step(OrderState.REJECTED, at, reason=reason, note=note)

    def forgotten(self, note: str, *, at: datetime) -> Order:
        """The venue had it and has it no more; what it told of fills stays as it was told last."""
        return self._step(OrderState.CANCELLED, at, note=note)

    def told(self, venue: VenueOrder, *, at: datetime) -> Order:
        """As the venue tells it now; an answer older than what is known changes nothing.

        Raises ``OthersOrderError`` where the venue speaks of something that was not asked for.
        """
        known = self.venue is not None and venue.venue_id == self.venue.venue_id
        if self.sent is None or not (known or venue.answers(self.sent)):
            raise OthersOrderError(
                f"{self.request.account}: the venue's order {venue.venue_id} has a client id "
                "of ours and is not what was asked for. Look at it at the venue."
            )
        steps = venue.state is self.state or venue.state in NEXT[self.state]
        if not steps or venue.filled < self.filled:
            return self
        return self._step(venue.state, at, venue=venue)

    def with_fills(self, fills: Sequence[OrderFill], *, at: datetime) -> Order:
        """With its executions as the venue tells them."""
        return self._step(self.state, at, fills=tuple(fills))

    def _step(self, state: OrderState, at: datetime, **changes: Any) -> Order:
        following = replace(self, state=advanced(self.state, state), **changes)
        same = replace(following, updated_at=self.updated_at) == self
        return self if same else replace(following, updated_at=at, version=self.version + 1)


CLOCK_JITTER = timedelta(seconds=1)
"""By how much the clocks of a venue's machines may differ, or go back, without an order being doubled."""


def may_be_sent_again(window: Window, *, venue_at: datetime, found: bool) -> bool:
    """Whether an order of unknown fate may be sent once more, under the same client id.

    ``venue_at`` is the venue's clock read *before* it was asked for the order. Only when that clock had
    passed the window, and `CLOCK_JITTER`, can the sending not be taken any more; only a look-up after that
    proves that it never was.
    """
    return not found and venue_at > window.until + CLOCK_JITTER


def fitted(
    request: OrderRequest, terms: OrderTerms, mark: Decimal | None, instrument: Instrument
) -> OrderRequest:
    """The request in whole steps and ticks of the venue, never for more and never at a worse price.

    A quantity is rounded down, to the venue's maximum at most; a purchase's limit is rounded down, a sale's
    up. Raises ``TooSmallError`` where nothing is left, or too little for the venue.
    """
    with exact():
        steps = (min(request.quantity, terms.most) / terms.step).to_integral_value(ROUND_FLOOR)
        quantity = steps * terms.step
        if quantity < terms.least or quantity <= 0:
            raise TooSmallError(
                f"{request.instrument}: {request.quantity} is less than the {max(terms.least, terms.step)} "
                "that the venue trades at least."
            )
        price = request.price
        if price is not None:
            way = ROUND_FLOOR if request.side is Side.BUY else ROUND_CEILING
            price = (price / terms.tick).to_integral_value(way) * terms.tick
            if price <= 0:
                raise TooSmallError(
                    f"{request.instrument}: {request.price} is less than one tick, {terms.tick}."
                )
        value = price or mark
        small = value is not None and notional(instrument, quantity, value) < terms.least_notional
        if small and not request.reduce_only:
            raise TooSmallError(
                f"{request.instrument}: {quantity} are worth less than the {terms.least_notional} that the "
                "venue trades at least."
            )
    return replace(request, quantity=quantity, price=price)


class TooSmallError(InvalidInputError):
    """What is left in whole steps is less than the venue trades."""

    code = "order-too-small"
    title = "The order is too small for the venue"


def notional(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """What contracts are worth, in the instrument's quote asset; exact under ``money.exact()``.

    ``quantity * multiplier * price``, and for an inverse contract, whose multiplier is money already,
    ``quantity * multiplier``.
    """
    return quantity * instrument.multiplier * (ONE if instrument.inverse else price)


def filled_quantity(fills: Sequence[OrderFill]) -> Decimal:
    """What all fills together come to, in contracts."""
    with exact():
        return sum((one.quantity for one in fills), ZERO)
