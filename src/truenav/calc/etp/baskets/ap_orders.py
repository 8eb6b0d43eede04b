"""The life of an order of an authorised participant until its amounts are final.

    received -> validated -> accepted -> priced -> delivery pending -> settled | failed
             `-> rejected  `-> rejected | cancelled (until the cut-off)

Each function looks at the `OrderBook` and says which fact comes next, or refuses; whoever records a fact
applies it to the book. Nothing is edited. What follows pricing is in
`truenav.calc.etp.baskets.ap_delivery`; four eyes, storing and telling are the application's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from truenav.calc.etp.baskets.ap_amounts import cash_ratio, order_amounts
from truenav.calc.etp.baskets.ap_book import OrderBook, OrderStatus, named
from truenav.calc.etp.baskets.dealing_days import cut_off_at, dealing_day_of, settlement_day_of, terms_on
from truenav.core.ap_orders import (
    ApOrder,
    ApOrderConflictError,
    ApOrderStateError,
    OrderAccepted,
    OrderCancelled,
    OrderKey,
    OrderPriced,
    OrderReceived,
    OrderRejected,
    OrderState,
    OrderValidated,
)
from truenav.core.basket import (
    AuthorisedParticipant,
    BasketInputError,
    BasketProduct,
    CreationList,
    Prices,
    Side,
    Substitution,
)
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.ids import Sha256
from truenav.core.money import to_text

_OPEN = frozenset({OrderState.VALIDATED, OrderState.ACCEPTED, OrderState.PRICED, OrderState.DELIVERY_PENDING})
_COUNTED = _OPEN | {OrderState.SETTLED, OrderState.FAILED}
_BY_ASSET = (Substitution.FORBIDDEN, Substitution.ALLOWED)


def receive(book: OrderBook, order: ApOrder, at: datetime) -> tuple[OrderReceived, ...]:
    """An order came in. The same order again says nothing new; the same id with other content is refused."""
    known = book.orders.get(order.key)
    if known is None:
        return (OrderReceived(order, at),)
    if known.order == order:
        return ()
    raise ApOrderConflictError(
        f"{named(order.key)} was received before with other content; give the new order an id of its own.",
        client_id=order.client_id,
    )


def validate(
    book: OrderBook,
    key: OrderKey,
    at: datetime,
    *,
    product: BasketProduct,
    participant: AuthorisedParticipant | None,
    halted: bool = False,
) -> OrderValidated | OrderRejected:
    """Check an order against terms and limits; the instant at which it was received fixes its dealing day.

    ``participant`` None: nobody of this name is authorised. ``halted``: dealing is suspended.
    """
    status = book.status(key)
    order = status.order
    if order.product != product.id:
        raise BasketInputError(f"{named(key)} is for {order.product}, not for {product.id}.")
    day = dealing_day_of(product, status.received_at)
    reasons = (
        *(("Dealing in the product is halted.",) if halted else ()),
        *_participant_faults(order, product, participant, day),
        *_limit_faults(book, order, product, participant, day),
    )
    if reasons:
        return book.may_follow(OrderRejected(key, at, reasons))
    return book.may_follow(
        OrderValidated(key, at, day, settlement_day_of(product, day), cut_off_at(product, day))
    )


def _participant_faults(
    order: ApOrder, product: BasketProduct, participant: AuthorisedParticipant | None, day: date
) -> Iterator[str]:
    flags = {one.asset: one.substitution for one in terms_on(product, day).constituents}
    for asset in sorted(order.cash_for):
        if flags.get(asset) is not Substitution.ALLOWED:
            yield f"Cash cannot be chosen in place of {asset}."
    if participant is None or participant.id != order.participant:
        yield f"{order.participant} is not an authorised participant."
        return
    if not participant.active:
        yield f"{participant.id} is not active."
    in_kind = {asset for asset, flag in flags.items() if flag in _BY_ASSET and asset not in order.cash_for}
    if participant.assets is not None:
        for asset in sorted(in_kind - participant.assets):
            yield f"{participant.id} may not deliver or receive {asset}; choose cash if the list allows it."


def _limit_faults(
    book: OrderBook,
    order: ApOrder,
    product: BasketProduct,
    participant: AuthorisedParticipant | None,
    day: date,
) -> Iterator[str]:
    terms = terms_on(product, day)
    if order.units < 1:
        yield "An order is for at least one whole creation unit."
        return
    same_day = [
        one.order
        for one in book.orders.values()
        if one.state in _COUNTED and one.validated is not None and one.validated.dealing_day == day
    ]
    of_side = sum(one.units for one in same_day if one.side is order.side)
    own = sum(one.units for one in same_day if one.participant == order.participant)
    limits = [("an order", terms.order_limit, 0), (f"{day} and this side", terms.daily_limit, of_side)]
    if participant is not None:
        limits.append((f"an order of {participant.id}", participant.order_limit, 0))
        limits.append((f"{participant.id} on {day}", participant.daily_limit, own))
    for what, limit, used in limits:
        if limit is not None and used + order.units > limit:
            left = max(limit - used, 0)
            yield f"The limit for {what} is {limit} creation units, of which {left} are left."
    if order.side is Side.REDEEM:
        pending = sum(
            _shares_of(one, product)
            for one in book.orders.values()
            if one.order.side is Side.REDEEM and one.state in _OPEN
        )
        if order.units * terms.unit_size > book.shares_outstanding - pending:
            yield f"Only {book.shares_outstanding - pending} shares are left to redeem."


def _shares_of(status: OrderStatus, product: BasketProduct) -> int:
    """Shares that an order in `_OPEN` is about."""
    if status.priced is not None:
        return status.priced.shares
    assert status.validated is not None
    return status.order.units * terms_on(product, status.validated.dealing_day).unit_size


def accept(
    book: OrderBook, key: OrderKey, at: datetime, listed: CreationList
) -> OrderAccepted | OrderRejected:
    """Bind the issuer, if the list of the order's dealing day lets it deal."""
    order = book.status(key).order
    _refuse_other_list(book, key, listed)
    open_for = listed.creation if order.side is Side.CREATE else listed.redemption
    most = listed.max_cash_ratio
    if not open_for:
        reason = f"The list of {listed.trade_day} is closed for this side."
    elif cash_ratio(listed, order.cash_for) > most:
        reason = f"More than {to_text(most)} of the value would be cash by choice."
    else:
        return book.may_follow(OrderAccepted(key, at))
    return book.may_follow(OrderRejected(key, at, (reason,)))


def _refuse_other_list(book: OrderBook, key: OrderKey, listed: CreationList) -> None:
    status = book.status(key)
    if status.validated is None:
        raise ApOrderStateError(f"{named(key)} is {status.state.value}; it has no dealing day yet.")
    if (listed.product, listed.trade_day) != (status.order.product, status.validated.dealing_day):
        raise ApOrderStateError(
            f"{named(key)} deals by the list of {status.order.product} on {status.validated.dealing_day}, "
            f"not by that of {listed.product} on {listed.trade_day}."
        )


def reject(book: OrderBook, key: OrderKey, at: datetime, reason: str) -> OrderRejected:
    """Refuse an order by a person's decision, before it was accepted."""
    if not reason.strip():
        raise BasketInputError("A rejection needs a reason; the participant is told it.")
    return book.may_follow(OrderRejected(key, at, (reason,)))


def cancel(book: OrderBook, key: OrderKey, at: datetime) -> OrderCancelled:
    """Take an order back; from the cut-off of its dealing day on it is irrevocable."""
    status = book.status(key)
    if status.validated is not None and at >= status.validated.cut_off_at:
        raise ApOrderStateError(f"The cut-off of {named(key)} has passed; it cannot be taken back any more.")
    return book.may_follow(OrderCancelled(key, at))


def price(
    book: OrderBook,
    key: OrderKey,
    at: datetime,
    *,
    product: BasketProduct,
    listed: CreationList,
    prices: Prices,
    value: Decimal,
) -> OrderPriced:
    """Fix the amounts from the list and the close of the dealing day (forward pricing, 未知价).

    ``prices`` and ``value`` as in `order_amounts`. Before the cut-off nothing is priced: whoever knows the
    price may not order any more.
    """
    status = book.status(key)
    _refuse_other_list(book, key, listed)
    assert status.validated is not None
    if at < status.validated.cut_off_at:
        raise ApOrderStateError(f"{named(key)} cannot be priced before the cut-off of its dealing day.")
    order = status.order
    amounts = order_amounts(
        listed,
        product,
        side=order.side,
        units=order.units,
        prices=prices,
        value=value,
        cash_for=order.cash_for,
    )
    return book.may_follow(
        OrderPriced(
            key,
            at,
            Sha256(sha256_hex(canonical_json(listed))),
            amounts.shares,
            amounts.due_in,
            amounts.due_out,
            amounts.fee,
            amounts.substituted,
        )
    )
