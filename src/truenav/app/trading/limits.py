"""What an account may trade: pure rules, asked before each sending.

Fail closed: where a limit, the mark or the position cannot be read, an order that the venue itself lets only
reduce passes, and no other one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.core.failure import InvalidInputError
from truenav.core.ids import AccountId, InstrumentId
from truenav.core.instrument import Instrument
from truenav.core.money import ONE, ZERO, AssetId, exact
from truenav.core.orders import (
    FINAL,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Reason,
    Side,
    notional,
)

MARK_AGE = timedelta(minutes=1)
"""A mark further from the present than this, by the venue's clock, is no mark."""
DAY = timedelta(days=1)


class BadLimitsError(InvalidInputError):
    """Limits that could not limit anything."""

    code = "bad-limits"
    title = "Not valid limits"


@dataclass(frozen=True, slots=True)
class TradingLimits:
    """What one account may trade, kept as a definition. All notionals are units of ``quote``.

    ``instruments``: those alone, and only while their quote asset is ``quote``. ``order_notional``: of one
    order. ``day_notional``: of all orders since midnight UTC. ``position_notional``: of the position after
    the order. ``collar``: how much worse than the mark a price may be, as a fraction of it.
    """

    account: AccountId
    instruments: tuple[InstrumentId, ...]
    quote: AssetId
    order_notional: Decimal
    day_notional: Decimal
    position_notional: Decimal
    collar: Decimal

    def __post_init__(self) -> None:
        """Refuse what limits nothing or everything."""
        if not all(one > 0 for one in (self.order_notional, self.day_notional, self.position_notional)):
            raise BadLimitsError(f"{self.account}: each notional limit must be more than zero.")
        if not ZERO < self.collar < ONE:
            raise BadLimitsError(f"{self.account}: the collar {self.collar} is no fraction such as 0.05.")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the limits look at.

    ``position``: at the venue, in contracts. ``working``: what other orders of the same side may still add
    to it, in contracts. ``spent``: what the day's other orders came to, in quote.
    """

    limits: TradingLimits
    mark: Decimal
    position: Decimal
    working: Decimal
    spent: Decimal


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order may not be sent."""

    reason: Reason
    note: str


def protected(request: OrderRequest, limits: TradingLimits, mark: Decimal) -> OrderRequest:
    """A market order with the collar's edge as its price, so that the venue itself keeps it; others as is."""
    if request.type is not OrderType.MARKET:
        return request
    return replace(request, type=OrderType.TAKE, price=worst_price(request.side, limits, mark))


def worst_price(side: Side, limits: TradingLimits, mark: Decimal) -> Decimal:
    """The highest price at which may be bought, or the lowest at which may be sold."""
    with exact():
        return mark * (ONE + side.sign * limits.collar)


def refusal(request: OrderRequest, instrument: Instrument, standing: Standing | None) -> Refusal | None:
    """Why an order in its final form may not be sent; None where it may.

    ``standing`` None: the limiter is down, and only what reduces passes, held by nothing. Otherwise what only
    reduces is held by instrument and collar alone: getting out must not fail for want of a limit.
    """
    if standing is None:
        if request.reduce_only:
            return None
        return Refusal(
            Reason.LIMITER_DOWN, "Limits, mark or position cannot be read; only reducing is allowed."
        )
    with exact():
        return _forbidden(request, instrument, standing) or _too_much(request, instrument, standing)


def _forbidden(request: OrderRequest, instrument: Instrument, standing: Standing) -> Refusal | None:
    limits, price = standing.limits, request.price
    if instrument.id not in limits.instruments:
        return Refusal(
            Reason.NOT_ALLOWED, f"{instrument.id} is not among the instruments of {limits.account}."
        )
    if instrument.quote != limits.quote:
        return Refusal(
            Reason.NOT_ALLOWED, f"{instrument.id} is quoted in {instrument.quote}, not in the limits'."
        )
    edge = worst_price(request.side, limits, standing.mark)
    if price is not None and (price - edge) * request.side.sign > 0:
        return Refusal(
            Reason.COLLAR, f"A price of {price} is worse than {edge}, the edge of the collar around the mark."
        )
    return None


def _too_much(request: OrderRequest, instrument: Instrument, standing: Standing) -> Refusal | None:
    if request.reduce_only:
        return None
    limits = standing.limits
    worth = worth_of(request, instrument, standing.mark)
    if worth > limits.order_notional:
        return Refusal(
            Reason.ORDER_NOTIONAL, f"{worth} are more than the {limits.order_notional} of one order."
        )
    if standing.spent + worth > limits.day_notional:
        return Refusal(
            Reason.DAY_NOTIONAL,
            f"{worth} on top of the day's {standing.spent} are more than {limits.day_notional}.",
        )
    after = standing.position + request.side.sign * (standing.working + request.quantity)
    value = notional(instrument, abs(after), standing.mark)
    if abs(after) > abs(standing.position) and value > limits.position_notional:
        return Refusal(
            Reason.POSITION_NOTIONAL,
            f"A position of {after} is worth {value}, more than {limits.position_notional}.",
        )
    return None


def worth_of(request: OrderRequest, instrument: Instrument, mark: Decimal) -> Decimal:
    """What an order is worth at the most, in quote: at its price or the mark, whichever is higher."""
    with exact():
        return notional(instrument, request.quantity, max(request.price or mark, mark))


def spent_by(orders: Iterable[Order]) -> Decimal:
    """What orders came to, in quote: all of one that may go on, the filled share of one that ended.

    Those that only reduce do not count.
    """
    with exact():
        return sum((_spent(one) for one in orders if not one.request.reduce_only), ZERO)


def _spent(order: Order) -> Decimal:
    if order.sent is None or order.state is OrderState.REJECTED:
        return ZERO
    if order.state not in FINAL:
        return order.notional
    return order.notional * order.filled / order.sent.quantity


def working_beside(orders: Iterable[Order], request: OrderRequest) -> Decimal:
    """What other orders of the same instrument and side may still fill, in contracts."""
    with exact():
        return sum(
            (
                one.rest
                for one in orders
                if one.sent is not None
                and one.request.client_id != request.client_id
                and (one.request.instrument, one.request.side) == (request.instrument, request.side)
                and not one.request.reduce_only
            ),
            ZERO,
        )


def day_of(at: datetime) -> datetime:
    """The midnight, UTC, with which the day of an instant began."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
