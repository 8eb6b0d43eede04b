"""A basket product over time: indicative values, premium, and how its benchmark is tracked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from truenav.calc.etp.baskets.dealing_days import dealing_days_a_year
from truenav.calc.etp.baskets.inav import premium, returns, tracking_difference, tracking_error
from truenav.core.basket import BasketListing
from truenav.core.failure import InvalidInputError
from truenav.core.money import rounded
from truenav.store import baskets
from truenav.store.baskets import InavPoint, KeptList
from truenav.store.database import Session

PLACES = 6
"""Decimals of premiums and of tracking figures, which are fractions."""

LONGEST_TRACKING = 1_000

LONGEST_SPAN = timedelta(days=7)
"""Of indicative values that are asked for at once."""

PRESENT = timedelta(minutes=1)
"""How long an indicative value is the present one; the next should come after 15 seconds."""


@dataclass(frozen=True, slots=True)
class InavView(InavPoint):
    """The indicative value of a share, its last price, and what that lay above it (below: negative).

    None: unknown. ``coverage`` is the part of the constituents' value whose prices are fresh.
    """

    premium: Decimal | None


@dataclass(frozen=True, slots=True)
class ClosePoint:
    """A close that was approved, with the level of the benchmark and the share's last price, where known."""

    day: date
    nav_per_share: Decimal
    benchmark: Decimal | None
    market_price: Decimal | None
    premium: Decimal | None


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a product follows its benchmark over its closes, oldest first.

    ``difference`` is the product's return less the benchmark's, not annualised; ``error`` the annualised
    deviation of daily active returns. None where closes or levels are too few.
    """

    benchmark: str
    closes: tuple[ClosePoint, ...]
    difference: Decimal | None
    error: Decimal | None


def present_inav(session: Session, product: str, now: datetime) -> InavView | None:
    """The last value; None where there was none in the last minute: an old one is no indication."""
    last = baskets.latest_inav(session, product)
    return None if last is None or now - last.at > PRESENT else _view(last)


def inav_series(
    session: Session, product: str, since: datetime, until: datetime, *, most: int
) -> tuple[InavView, ...]:
    """The values of a span, thinned evenly to ``most``; the last one stays."""
    if not timedelta(0) < until - since <= LONGEST_SPAN:
        raise InvalidInputError(f"A span must be longer than nothing and at most {LONGEST_SPAN.days} days.")
    return tuple(_view(one) for one in baskets.inav_points(session, product, since, until, most=most))


def _view(point: InavPoint) -> InavView:
    value, market = point.per_share, point.market_price
    above = None
    if value is not None and market is not None and value > 0:
        above = rounded(premium(market, value), PLACES)
    return InavView(point.at, value, point.coverage, market, above)


def tracking(session: Session, listing: BasketListing) -> Tracking:
    """The closes behind approved and published lists, and how they follow the benchmark."""
    kept = baskets.lists(session, listing.id, limit=LONGEST_TRACKING, states=baskets.STANDING)
    closes = tuple(_close(one) for one in reversed(kept))
    compared = [one for one in closes if one.benchmark is not None and one.benchmark > 0]
    own = returns([one.nav_per_share for one in compared])
    index = returns([one.benchmark for one in compared if one.benchmark is not None])
    error = None
    if len(own) > 1:
        days = dealing_days_a_year(listing.product, compared[-1].day)
        error = rounded(tracking_error(own, index, periods_a_year=days), PLACES)
    return Tracking(
        listing.benchmark,
        closes,
        rounded(tracking_difference(own, index), PLACES) if own else None,
        error,
    )


def _close(kept: KeptList) -> ClosePoint:
    close, per_share = kept.document.close, kept.document.listed.nav_per_share
    market = close.market_price
    above = None if market is None else rounded(premium(market, per_share), PLACES)
    return ClosePoint(close.day, per_share, close.benchmark, market, above)
