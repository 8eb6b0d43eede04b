"""Delivery against payment of priced orders: what arrived, what is late, buy-in, settlement, true-up.

As in `truenav.calc.etp.baskets.ap_orders`, each function says which fact comes next, or refuses.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from truenav.calc.etp.baskets.ap_book import OrderBook, excess, missing, named, told, totals
from truenav.calc.etp.baskets.dealing_days import cut_off_at, terms_on
from truenav.core.ap_orders import (
    ApOrderConflictError,
    ApOrderStateError,
    BoughtIn,
    DeliveryInstructed,
    DeliverySeen,
    FailFeeCharged,
    OrderFailed,
    OrderKey,
    OrderSettled,
    OrderState,
    TruedUp,
)
from truenav.core.basket import BasketInputError, BasketProduct, Prices, Side
from truenav.core.money import ONE, ZERO, Amount, AssetId, exact, to_text

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


def instruct(book: OrderBook, key: OrderKey, at: datetime, product: BasketProduct) -> DeliveryInstructed:
    """Tell both sides to deliver until the time of the cut-off on the settlement day."""
    validated = book.status(key).validated
    if validated is None:
        raise ApOrderStateError(f"{named(key)} has no dealing day yet.")
    return book.may_follow(DeliveryInstructed(key, at, cut_off_at(product, validated.settles_on)))


def see(book: OrderBook, delivery: DeliverySeen) -> tuple[DeliverySeen, ...]:
    """Something arrived. The same transfer again says nothing new; with other content it is refused."""
    if delivery.amount.number <= 0:
        raise BasketInputError("A delivery is above zero; what goes back is a fact of its own.")
    known = book.references.get(delivery.reference)
    if known is None:
        return (book.may_follow(delivery),)
    same = (known.key, getattr(known, "amount", None)) == (delivery.key, delivery.amount)
    if same:
        return ()
    raise ApOrderConflictError(
        f"Transfer {delivery.reference!r} was counted for {named(known.key)}; each counts once.",
        reference=delivery.reference,
    )


def settle(book: OrderBook, key: OrderKey, at: datetime) -> OrderSettled:
    """Delivery against payment: release the issuer's side once all of the participant's has arrived."""
    status = book.status(key)
    if status.priced is None:
        raise ApOrderStateError(f"{named(key)} is {status.state.value}; it has no amounts yet.")
    if rest := missing(status):
        raise ApOrderStateError(
            f"{named(key)} cannot settle: {', '.join(told(one) for one in rest)} are still to come.",
            missing=[told(one) for one in rest],
        )
    return book.may_follow(OrderSettled(key, at, status.priced.due_out, excess(status)))


def charge_lateness(
    book: OrderBook, key: OrderKey, at: datetime, *, product: BasketProduct, prices: Prices
) -> tuple[FailFeeCharged, ...]:
    """The fail fees of all days begun since delivery was due that were not charged yet.

    Each is ``rate`` of the value of what is missing at ``at``, unpaid fail fees with it, rounded up.
    ``prices`` give the value of missing assets and of the product's own share; asking again on the same day
    says nothing new.
    """
    status = book.status(key)
    if status.state is not OrderState.DELIVERY_PENDING or status.due_at is None or at <= status.due_at:
        return ()
    assert status.validated is not None
    days = (at - status.due_at - _MICROSECOND) // _DAY + 1
    terms = terms_on(product, status.validated.dealing_day)
    known = {**prices, product.quote: ONE}
    rest = missing(status)
    if unpriced := sorted(one.asset for one in rest if one.asset not in known):
        raise BasketInputError(f"A fail fee needs the price of {unpriced[0]}.")
    with exact():
        worth = sum((one.number * known[one.asset] for one in rest), ZERO)
        fee = (terms.fail.rate * worth).quantize(ONE.scaleb(-terms.places), ROUND_CEILING)
    if not fee:
        return ()
    return tuple(
        FailFeeCharged(key, at, day, Amount(fee, product.quote))
        for day in range(status.late_days + 1, days + 1)
    )


def buy_in(book: OrderBook, bought: BoughtIn, product: BasketProduct) -> tuple[BoughtIn, ...]:
    """The issuer bought what was missing for long enough; the participant owes the cost in its place."""
    status = book.status(bought.key)
    known = book.references.get(bought.reference)
    if known is not None and known == bought:
        return ()
    if known is not None:
        raise ApOrderConflictError(
            f"Trade {bought.reference!r} was counted before.", reference=bought.reference
        )
    if status.due_at is None or status.validated is None:
        raise ApOrderStateError(f"{named(bought.key)} is {status.state.value}; nothing is due yet.")
    wait = terms_on(product, status.validated.dealing_day).fail.buy_in_after_days
    if bought.at < status.due_at + wait * _DAY:
        raise ApOrderStateError(f"{named(bought.key)} is bought in {wait} days after it was due, not before.")
    open_in = totals(missing(status)).get(bought.missing.asset, ZERO)
    if not 0 < bought.missing.number <= open_in or bought.missing.asset == product.quote:
        raise ApOrderStateError(
            f"Only {to_text(open_in)} {bought.missing.asset} are missing, and can be bought."
        )
    if bought.cost.asset != product.quote or bought.cost.number <= 0:
        raise BasketInputError("The cost of a buy-in is money, and above zero.")
    return (book.may_follow(bought),)


def fail(book: OrderBook, key: OrderKey, at: datetime, reason: str) -> OrderFailed:
    """Give an overdue order up; what had come in goes back."""
    status = book.status(key)
    if status.due_at is None or at <= status.due_at:
        raise ApOrderStateError(f"{named(key)} is not overdue; it can still be delivered.")
    return book.may_follow(OrderFailed(key, at, reason, status.seen))


def true_up(
    book: OrderBook, key: OrderKey, at: datetime, *, asset: AssetId, realised: Decimal, product: BasketProduct
) -> TruedUp:
    """Settle the cash that stood for an asset against what the product's own trade came to (多退少补).

    ``realised`` is what all of the asset cost to buy, or brought when sold, fees of the trade included.
    What the participant owes is rounded up to the product's decimals.
    """
    if realised < 0:
        raise BasketInputError(f"A trade in {asset} cannot come to {to_text(realised)}, below zero.")
    status = book.status(key)
    if status.priced is None or status.validated is None:
        raise ApOrderStateError(f"{named(key)} has no amounts yet.")
    taken = dict(status.priced.substituted).get(asset)
    if taken is None or asset in status.trued_up:
        raise ApOrderStateError(f"No cash of {named(key)} for {asset} is left to true up.")
    places = terms_on(product, status.validated.dealing_day).places
    with exact():
        owed = realised - taken if status.order.side is Side.CREATE else taken - realised
        owed = owed.quantize(ONE.scaleb(-places), ROUND_CEILING)
    return book.may_follow(TruedUp(key, at, asset, Amount(owed, product.quote)))
