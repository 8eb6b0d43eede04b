"""The band around NAV that orders for a product's units must keep to, and whether an order does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.app.etp import reading
from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.calc.etp.engine.simulate import terms_at
from truenav.calc.etp.live.dealing import (
    OutsideBandError,
    PriceBand,
    Sweep,
    check_limit,
    check_sweep,
    price_band,
)
from truenav.calc.etp.live.disclosure import PLACES
from truenav.core.failure import InvalidInputError, NotFoundError
from truenav.core.listing import Listing
from truenav.core.money import rounded
from truenav.core.orders import Side
from truenav.store.database import Session


class NoBandError(NotFoundError):
    """The rules of the product let its units be traded at any price."""

    code = "no-price-band"
    title = "The product has no price band"


@dataclass(frozen=True, slots=True)
class Band:
    """Prices of a unit, in the product's quote asset: orders buy at ``max_buy`` or below and sell at
    ``min_sell`` or above, in whole ticks. It is of the NAV of ``as_of``, and no longer holds after ``until``.
    """

    listing: str
    quote: str
    as_of: datetime
    until: datetime
    nav: Decimal
    tick: Decimal
    max_buy: Decimal
    min_sell: Decimal


@dataclass(frozen=True, slots=True)
class Level:
    """Units that are offered or wanted in a book at one price."""

    price: Decimal
    units: Decimal


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """An order for units: a limit order by its ``price``, a market order by its ``quantity`` and the levels
    of the other side's ``book``, the best first.
    """

    side: Side
    price: Decimal | None = None
    quantity: Decimal | None = None
    book: tuple[Level, ...] | None = None


@dataclass(frozen=True, slots=True)
class BandCheck:
    """Whether an order keeps to the band, and if not, why.

    ``average`` and ``worst`` are the prices that a market order would trade at; ``within`` are the units of
    one that is not allowed that lie within the band and the book.
    """

    is_allowed: bool
    reason: str | None
    average: Decimal | None
    worst: Decimal | None
    within: Decimal | None
    band: Band


def band_of(session: Session, listing: Listing, *, now: datetime) -> Band:
    """The band at the last written mark; `NoBandError` where the rules have none.

    Refused as `truenav.calc.etp.live.dealing.price_band` says, and where the product has not opened yet.
    """
    found, stale_after = _price_band(session, listing, now)
    return _shown(listing, found, stale_after)


def check_order(session: Session, listing: Listing, order: UnitOrder, *, now: datetime) -> BandCheck:
    """Whether an order keeps to the band; refused where there is no band to check it against."""
    found, stale_after = _price_band(session, listing, now)
    band = _shown(listing, found, stale_after)
    try:
        sweep = _judged(found, order)
    except OutsideBandError as error:
        within = error.context.get("within")
        return BandCheck(
            is_allowed=False,
            reason=error.message,
            average=None,
            worst=None,
            within=within if isinstance(within, Decimal) else None,
            band=band,
        )
    average, worst = (None, None) if sweep is None else (rounded(sweep.average, PLACES), sweep.worst)
    return BandCheck(is_allowed=True, reason=None, average=average, worst=worst, within=None, band=band)


def _price_band(session: Session, listing: Listing, now: datetime) -> tuple[PriceBand, timedelta]:
    at = microseconds(now)
    live = reading.last_chapter(session, listing).live
    terms = terms_at(listing.product, at)
    found = price_band(live, terms, tick=listing.tick, now=at)
    if found is None:
        raise NoBandError(f"The rules of {listing.product.id} have no price band.", listing=listing.id)
    return found, timedelta(seconds=terms.stale_after_seconds)


def _shown(listing: Listing, found: PriceBand, stale_after: timedelta) -> Band:
    as_of = instant_of(found.at)
    return Band(
        listing=listing.id,
        quote=listing.product.quote,
        as_of=as_of,
        until=as_of + stale_after,
        nav=rounded(found.nav, PLACES),
        tick=found.tick,
        max_buy=found.max_buy,
        min_sell=found.min_sell,
    )


def _judged(found: PriceBand, order: UnitOrder) -> Sweep | None:
    """What a market order would take; none for a limit order."""
    if order.price is not None and order.quantity is None and order.book is None:
        check_limit(found, order.side, order.price)
        return None
    if order.price is None and order.quantity is not None and order.book is not None:
        return check_sweep(found, order.side, order.quantity, _best_first(order.side, order.book))
    raise InvalidInputError(
        "A limit order has a price alone; a market order has a quantity and the book that it would meet."
    )


def _best_first(side: Side, book: Sequence[Level]) -> list[tuple[Decimal, Decimal]]:
    levels = [(one.price, one.units) for one in book]
    wanted = sorted({price for price, _ in levels}, reverse=side is Side.SELL)
    if [price for price, _ in levels] != wanted or any(price <= 0 or units <= 0 for price, units in levels):
        raise InvalidInputError(
            "The book's levels must have prices and units above 0, each price once, the best first: for a "
            "purchase the lowest, for a sale the highest."
        )
    return levels
