"""Prices at which a product's units may be traded, and how units are created and redeemed at NAV.

Fees of creation and redemption go to the issuer: nothing of them reaches the product. Instants are
microseconds since 1970 (UTC); amounts are in the product's quote asset, unrounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from truenav.calc.etp.engine.calendar import instant_of, instants
from truenav.calc.etp.live.state import SECOND, LiveProduct, basket, halts
from truenav.core.basket import Side
from truenav.core.clock import instant_text
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.money import ZERO, exact, to_text
from truenav.core.orders import Side as TradeSide
from truenav.core.product import SECONDS_A_DAY, Terms

_DAY = SECONDS_A_DAY * SECOND


class StaleNavError(ConflictError):
    """The last mark is too old for its NAV to be relied on."""

    code = "stale-nav"
    title = "The NAV is too old"


class OutsideBandError(InvalidInputError):
    """An order for units would trade outside of the band around NAV."""

    code = "outside-price-band"
    title = "The order lies outside of the price band"


class DealingHaltedError(ConflictError):
    """Units are not created or redeemed now, or not traded either."""

    code = "dealing-halted"
    title = "Dealing is halted"


class DealingRefusedError(InvalidInputError):
    """Units cannot be created or redeemed in this number."""

    code = "dealing-refused"
    title = "Units cannot be created or redeemed like this"


# Price band


@dataclass(frozen=True, slots=True)
class PriceBand:
    """Units are bought at ``max_buy`` or below and sold at ``min_sell`` or above, in whole ticks; of the NAV
    of ``at``.
    """

    nav: Decimal
    at: int
    tick: Decimal
    max_buy: Decimal
    min_sell: Decimal


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a market order takes from a book: all of its quantity, on average and at worst at these prices."""

    quantity: Decimal
    average: Decimal
    worst: Decimal


def price_band(live: LiveProduct, terms: Terms, *, tick: Decimal, now: int) -> PriceBand | None:
    """The band around the last NAV, rounded inward to the tick; none where the rules have no band.

    `StaleNavError` where the last mark is older than the rules allow, `DealingHaltedError` after ruin and
    while a share merge or split is due: orders would be for units that are about to be others.
    """
    if terms.price_band is None:
        return None
    if not tick > 0:
        raise InvalidInputError(f"The tick {to_text(tick)} is not above 0.")
    nav = fresh_nav(live, terms, now)
    if live.changes:
        raise DealingHaltedError(
            f"A share merge or split of {live.product} is due; its units are traded again once it is done.",
            causes=["merge"],
        )
    with exact():
        return PriceBand(
            nav=nav,
            at=live.mark.at,
            tick=tick,
            max_buy=_to_tick(nav * (1 + terms.price_band), tick, ROUND_FLOOR),
            min_sell=_to_tick(nav * (1 - terms.price_band), tick, ROUND_CEILING),
        )


def check_limit(band: PriceBand, side: TradeSide, price: Decimal) -> None:
    """Refuse a limit order at a price outside of the band, or between two ticks."""
    with exact():
        if not price > 0 or price != _to_tick(price, band.tick, ROUND_FLOOR):
            raise OutsideBandError(
                f"The price {to_text(price)} is not a whole number of ticks of {to_text(band.tick)} above 0."
            )
    _check_price(band, side, price)


def check_sweep(
    band: PriceBand, side: TradeSide, quantity: Decimal, book: Sequence[tuple[Decimal, Decimal]]
) -> Sweep:
    """What a market order takes from the other side's ``book`` (price, quantity; the best first).

    The band holds for every level that is touched. `OutsideBandError` names the quantity that lies within it;
    a book that does not hold the quantity is refused, too, since nobody knows where the rest would trade.
    """
    if not quantity > 0:
        raise OutsideBandError(f"A market order needs a quantity above 0, not {to_text(quantity)}.")
    with exact():
        taken = value = ZERO
        worst = None
        for price, offered in book:
            if taken == quantity:
                break
            if _is_outside(band, side, price):
                raise OutsideBandError(
                    f"The order would trade at {to_text(price)}, and {_bound_text(band, side)}; of "
                    f"{to_text(quantity)} units {to_text(taken)} lie within.",
                    within=taken,
                )
            part = min(offered, quantity - taken)
            taken, value, worst = taken + part, value + part * price, price
        if taken < quantity or worst is None:
            raise OutsideBandError(
                f"The book holds {to_text(taken)} of {to_text(quantity)} units; send a limit order, or a "
                "smaller one.",
                within=taken,
            )
        return Sweep(quantity, value / taken, worst)


def _check_price(band: PriceBand, side: TradeSide, price: Decimal) -> None:
    if _is_outside(band, side, price):
        raise OutsideBandError(f"{to_text(price)} is not allowed: {_bound_text(band, side)}.")


def _is_outside(band: PriceBand, side: TradeSide, price: Decimal) -> bool:
    return price > band.max_buy if side is TradeSide.BUY else price < band.min_sell


def _bound_text(band: PriceBand, side: TradeSide) -> str:
    if side is TradeSide.BUY:
        return f"buying is allowed up to {to_text(band.max_buy)} at a NAV of {to_text(band.nav)}"
    return f"selling is allowed down to {to_text(band.min_sell)} at a NAV of {to_text(band.nav)}"


def _to_tick(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    return (price / tick).to_integral_value(rounding=rounding) * tick


def fresh_nav(live: LiveProduct, terms: Terms, now: int) -> Decimal:
    """NAV of a unit; `StaleNavError` where its mark is too old, `DealingHaltedError` where it is not above 0:
    after ruin, or once trades alone have lost everything.
    """
    if now - live.mark.at > terms.stale_after_seconds * SECOND:
        raise StaleNavError(
            f"The NAV of {live.product} is of {instant_text(instant_of(live.mark.at))}; it may be "
            f"{terms.stale_after_seconds} s old. Wait for the next mark.",
            product=live.product,
        )
    nav = basket(live).nav
    if nav <= 0:
        raise DealingHaltedError(f"{live.product} has lost everything and is halted.", causes=["ruin"])
    return nav


# Creation and redemption


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody's wish to have ``units`` created or redeemed."""

    id: str
    side: Side
    units: Decimal
    received_at: int


@dataclass(frozen=True, slots=True)
class DealingQuote:
    """What a request comes to at the NAV of ``at``.

    ``position`` and ``cash`` are what the units stand for (a loan is negative), ``amount`` their NAV, ``fee``
    the issuer's. ``total`` is what is paid at creation, and received at redemption.
    """

    request: Request
    at: int
    price: Decimal
    nav: Decimal
    position: Decimal
    cash: Decimal
    amount: Decimal
    fee_rate: Decimal
    fee: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Execution:
    """How the hedge of a request was traded: underlying bought (sold is negative), on average at ``price``,
    and the venue's fees in the quote asset.
    """

    quantity: Decimal
    price: Decimal
    fees: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Settlement:
    """A request dealt: final amounts, and by how much they differ from the estimate.

    ``true_up`` is paid by the participant where it is positive, and to them where it is negative.
    ``position`` and ``cash`` are what the product gets (at redemption: gives, then negative).
    """

    quote: DealingQuote
    hedge_cost: Decimal
    amount: Decimal
    fee: Decimal
    total: Decimal
    true_up: Decimal
    position: Decimal
    cash: Decimal

    @property
    def units(self) -> Decimal:
        """Units created; redeemed ones are negative."""
        request = self.quote.request
        return request.units if request.side is Side.CREATE else -request.units


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that was not dealt, and why."""

    request: Request
    why: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The requests of one dealing time, in the order they came, as far as the cap went."""

    at: int
    quotes: tuple[DealingQuote, ...]
    refused: tuple[Refused, ...]


def dealing_instant(terms: Terms, received_at: int) -> int:
    """When a request is dealt: at the first dealing time that is not before it, else at once.

    The time itself is the cut-off: a request that arrives at that very instant is still dealt.
    """
    at = terms.dealing.at
    if at is None:
        return received_at
    return next(instants(at, received_at - 1, received_at + 3 * _DAY))


def halted_until(terms: Terms, at: int) -> int | None:
    """When a halt ends that the rules hold at an instant; none where there is none."""
    halt = terms.dealing.halt
    if halt is None:
        return None
    length = halt.seconds * SECOND
    begun = list(instants(halt.at, at - length, at))
    return begun[-1] + length if begun else None


def quote(
    live: LiveProduct, terms: Terms, request: Request, *, now: int, dealt: Decimal = ZERO
) -> DealingQuote:
    """What a request comes to at the last mark, if it can be dealt ``now``.

    ``dealt`` is what was dealt of the daily cap. Refused with the reason: a halt, a stale NAV, a number of
    units that is not of the unit size, more than is outstanding, or an amount over the cap.
    """
    _check_halts(live, terms, now)
    nav = fresh_nav(live, terms, now)
    _check_units(live, terms, request)
    with exact():
        one, units = basket(live), request.units
        amount = units * nav
        _check_cap(terms, amount, dealt)
        create = request.side is Side.CREATE
        rate = terms.dealing.creation_fee if create else terms.dealing.redemption_fee
        fee = amount * rate
        return DealingQuote(
            request=request,
            at=live.mark.at,
            price=live.price,
            nav=nav,
            position=units * one.position,
            cash=units * one.cash,
            amount=amount,
            fee_rate=rate,
            fee=fee,
            total=amount + fee if create else amount - fee,
        )


def settle(estimate: DealingQuote, execution: Execution | None = None) -> Settlement:
    """The final amounts of a request.

    With an ``execution`` the participant bears what the hedge cost beside the mark: slippage and fees. What
    the product gets then leaves everybody else's NAV as it was, whatever was traded, at the mark of the
    estimate. Without one (in kind, or where the issuer bears it) the estimate is final. A hedge that cost
    more than a redemption brings leaves an amount below zero, on which there is no fee.
    """
    with exact():
        create = estimate.request.side is Side.CREATE
        sign = 1 if create else -1
        position, cost = sign * estimate.position, ZERO
        if execution is not None:
            _check_execution(estimate, execution, sign)
            position = execution.quantity
            cost = execution.quantity * (execution.price - estimate.price) + execution.fees
        amount = estimate.amount + sign * cost
        fee = max(amount, ZERO) * estimate.fee_rate
        total = amount + sign * fee
        return Settlement(
            quote=estimate,
            hedge_cost=cost,
            amount=amount,
            fee=fee,
            total=total,
            true_up=sign * (total - estimate.total),
            position=position,
            cash=sign * estimate.amount - position * estimate.price,
        )


def dealt(live: LiveProduct, settlement: Settlement) -> LiveProduct:
    """The product with the units of a settlement created or redeemed.

    A hedged product gets, or gives, the position that was traded and the cash that belongs to it; what an
    open proposal still has to trade stays the same.
    """
    with exact():
        units = live.units + settlement.units
        _check_left(live, live.units, -settlement.units)
        if live.actual is None:
            return replace(live, units=units)
        actual = replace(
            live.actual,
            position=live.actual.position + settlement.position,
            cash=live.actual.cash + settlement.cash,
        )
        proposal = live.proposal
        if proposal is not None:
            proposal = replace(
                proposal,
                held=proposal.held + settlement.position,
                wanted=proposal.wanted + settlement.position,
            )
        return replace(live, units=units, actual=actual, proposal=proposal)


def batch(
    live: LiveProduct,
    terms: Terms,
    requests: Sequence[Request],
    *,
    at: int,
    dealt: Decimal = ZERO,
    bound: Decimal = ZERO,
) -> Batch:
    """The requests due at a dealing time: first come, first served, each whole or not at all.

    All are dealt at the same NAV. A halt or a stale NAV refuses the batch as a whole. ``bound`` are the units
    whose redemption is under way: quoted, and not settled yet.
    """
    _check_halts(live, terms, at)
    quotes: list[DealingQuote] = []
    refused: list[Refused] = []
    with exact():
        free = live.units - bound
        for request in sorted(requests, key=lambda one: (one.received_at, one.id)):
            try:
                found = quote(live, terms, request, now=at, dealt=dealt)
                if request.side is Side.REDEEM:
                    _check_left(live, free, request.units)
            except DealingRefusedError as error:
                refused.append(Refused(request, error.message))
                continue
            dealt += found.amount
            free -= request.units if request.side is Side.REDEEM else ZERO
            quotes.append(found)
    return Batch(at, tuple(quotes), tuple(refused))


def _check_halts(live: LiveProduct, terms: Terms, now: int) -> None:
    causes = sorted(halts(live, terms))
    if causes:
        raise DealingHaltedError(
            f"{live.product} is not created or redeemed now: {', '.join(causes)}.", causes=causes
        )
    until = halted_until(terms, now)
    if until is not None and now < until:
        text = instant_text(instant_of(until))
        raise DealingHaltedError(f"Dealing in {live.product} rests until {text}.", until=text)


def _check_units(live: LiveProduct, terms: Terms, request: Request) -> None:
    size = terms.dealing.unit_size
    if not (request.units.is_finite() and request.units > 0):
        raise DealingRefusedError(f"{request.units} units cannot be dealt; ask for a number above 0.")
    with exact():
        if size is not None and request.units % size != 0:
            raise DealingRefusedError(
                f"{to_text(request.units)} units are not a multiple of the unit size {to_text(size)}."
            )
        if request.side is Side.REDEEM:
            _check_left(live, live.units, request.units)


def _check_left(live: LiveProduct, free: Decimal, units: Decimal) -> None:
    """Refuse to redeem more units than are ``free``, and the last ones of a product that holds a position."""
    if units > free:
        raise DealingRefusedError(
            f"Of {to_text(live.units)} units outstanding {to_text(free)} are left to redeem."
        )
    if units == free and live.actual is not None:
        raise DealingRefusedError(
            f"The last units of {live.product} end it: close its position at its venue, pay its cash out, "
            "and end the listing."
        )


def _check_cap(terms: Terms, amount: Decimal, dealt: Decimal) -> None:
    cap = terms.dealing.daily_cap
    if cap is not None and dealt + amount > cap:
        left = max(cap - dealt, ZERO)
        raise DealingRefusedError(
            f"{to_text(amount)} are over what is left of the daily cap, {to_text(left)}; ask for less, or "
            "tomorrow.",
            left=left,
        )


def _check_execution(estimate: DealingQuote, execution: Execution, sign: int) -> None:
    wanted = sign * estimate.position
    if not execution.price > 0 or execution.quantity * wanted < 0:
        raise DealingRefusedError(
            f"A trade of {to_text(execution.quantity)} at {to_text(execution.price)} cannot hedge "
            f"{to_text(wanted)}; its price must be above 0 and its side the same."
        )
