"""Index prices that one bad venue cannot move: multi-venue index, reference rate, shadow mark.

Formulas and sources: docs/methods/pricing.md. All numbers are exact decimals; a quotient has 78 digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, ZERO, divided, exact


class IndexInputError(InvalidInputError):
    """An index was asked of prices, sizes or limits that cannot be right."""

    code = "index-input"
    title = "The index cannot be computed from this input"


@dataclass(frozen=True, slots=True)
class VenuePrice:
    """What one venue says: price in quote per base, volume in base (None: not known), age of the quote."""

    venue: str
    price: Decimal
    volume: Decimal | None
    age: timedelta


class IndexStatus(StrEnum):
    """Whether an index price may be dealt on."""

    OK = "ok"
    DISPUTED = "disputed"
    HELD = "held"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class IndexPrice:
    """A multi-venue index and what became of each venue (names sorted).

    ``price`` is None only where ``status`` is *unavailable*; *held* repeats an earlier value; *disputed*
    stands on two venues that lie further apart than the cut. ``median`` is the yardstick of the cut.
    """

    status: IndexStatus
    price: Decimal | None
    median: Decimal | None
    survivors: tuple[str, ...]
    outliers: tuple[str, ...]
    stale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SizedPrice:
    """A trade: price in quote per base and size in base."""

    price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True)
class ShadowMark:
    """A blend of last and index price, with all its parts kept."""

    last: Decimal
    clamped_last: Decimal
    index: Decimal
    mark: Decimal


def median(prices: Sequence[Decimal]) -> Decimal:
    """The middle price; the mean of the two middle ones of an even count. Empty is refused."""
    if not prices:
        raise IndexInputError("A median needs at least one price.")
    ordered = sorted(prices)
    half = len(ordered) // 2
    with exact():
        return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def weighted_mean(prices: Sequence[VenuePrice]) -> Decimal:
    """Mean weighted by volume; equally weighted unless every volume is known and some is positive."""
    volumes = [price.volume for price in prices if price.volume is not None]
    with exact():
        if len(volumes) < len(prices) or not any(volumes):
            volumes = [ONE] * len(prices)
        total = sum((price.price * volume for price, volume in zip(prices, volumes, strict=True)), ZERO)
        return divided(total, sum(volumes, ZERO))


def multi_venue_index(
    prices: Iterable[VenuePrice],
    *,
    outlier_cut: Decimal,
    stale_after: timedelta,
    minimum_venues: int = 2,
    excluded_before: Set[str] = frozenset(),
    held: Decimal | None = None,
) -> IndexPrice:
    """The volume-weighted price of the venues that agree with the median of all fresh ones.

    Parameters
    ----------
    prices : one price per venue, all in the same quote asset.
    outlier_cut : fraction; a venue with ``|p / median - 1| > outlier_cut`` is cut.
    stale_after : a venue whose age is greater is dropped before the median is taken.
    minimum_venues : with fewer survivors the index holds ``held`` (or is unavailable).
    excluded_before : venues cut last time; they return only below half the cut (``is_excluded``).
    held : the last good value.

    Raises ``IndexInputError`` on a price that is not positive, a negative volume or a venue given twice.
    """
    given = sorted(prices, key=lambda price: price.venue)
    _check(given, outlier_cut)
    fresh = [price for price in given if price.age <= stale_after]
    stale = tuple(price.venue for price in given if price.age > stale_after)
    if not fresh:
        return IndexPrice(_without_quorum(held), held, None, (), (), stale)
    middle = median([price.price for price in fresh])
    outliers = tuple(
        price.venue
        for price in fresh
        if is_excluded(price.price, middle, cut=outlier_cut, was_excluded=price.venue in excluded_before)
    )
    kept = [price for price in fresh if price.venue not in outliers]
    survivors = tuple(price.venue for price in kept)
    if len(kept) < max(minimum_venues, 1):
        return IndexPrice(_without_quorum(held), held, middle, survivors, outliers, stale)
    status = IndexStatus.DISPUTED if _two_disagree(kept, outlier_cut) else IndexStatus.OK
    return IndexPrice(status, weighted_mean(kept), middle, survivors, outliers, stale)


def is_excluded(price: Decimal, middle: Decimal, *, cut: Decimal, was_excluded: bool) -> bool:
    """Whether a venue is out: beyond the cut, or out before and not yet below half the cut.

    The pure step of a two-state machine; the caller keeps ``was_excluded`` between ticks.
    """
    with exact():
        deviation, limit = abs(price - middle), cut * middle
        return 2 * deviation >= limit if was_excluded else deviation > limit


def volume_weighted_median(trades: Iterable[SizedPrice]) -> Decimal:
    """The lowest price whose cumulative size reaches half of the total size. Empty is refused."""
    ordered = sorted(trades, key=lambda trade: trade.price)
    if any(trade.size <= 0 or trade.price <= 0 for trade in ordered):
        raise IndexInputError("Every trade needs a positive price and size; drop the others first.")
    with exact():
        total, below = sum((trade.size for trade in ordered), ZERO), ZERO
        for trade in ordered:
            below += trade.size
            if 2 * below >= total:
                return trade.price
    raise IndexInputError("A volume-weighted median needs at least one trade.")


def partitioned(
    trades: Iterable[tuple[datetime, SizedPrice]], *, start_at: datetime, length: timedelta, parts: int
) -> tuple[tuple[SizedPrice, ...], ...]:
    """Trades by consecutive parts of ``length`` from ``start_at`` (start inclusive, end exclusive).

    Trades outside of all parts are left out.
    """
    bins: list[list[SizedPrice]] = [[] for _ in range(parts)]
    for at, trade in trades:
        part = (at - start_at) // length
        if 0 <= part < parts:
            bins[part].append(trade)
    return tuple(tuple(one) for one in bins)


def reference_rate(partitions: Iterable[Sequence[SizedPrice]]) -> Decimal | None:
    """CME CF style rate: the plain mean of the volume-weighted medians of all parts that have trades.

    In production 12 parts of five minutes. None if no part has a trade.
    """
    medians = [volume_weighted_median(part) for part in partitions if part]
    if not medians:
        return None
    with exact():
        return divided(sum(medians, ZERO), Decimal(len(medians)))


def shadow_mark(last: Decimal, index: Decimal, *, last_weight: Decimal, clamp: Decimal) -> ShadowMark:
    """``w * clamped(last) + (1 - w) * index``; the last price is first clamped to ``index * (1 +- clamp)``.

    A clamp of zero therefore gives the index itself.
    """
    with exact():
        clamped = min(max(last, index * (ONE - clamp)), index * (ONE + clamp))
        return ShadowMark(last, clamped, index, last_weight * clamped + (ONE - last_weight) * index)


def _check(given: Sequence[VenuePrice], cut: Decimal) -> None:
    if cut < 0:
        raise IndexInputError(f"The outlier cut is {cut}; give a fraction of zero or more, such as 0.05.")
    for price in given:
        if price.price <= 0 or (price.volume is not None and price.volume < 0):
            raise IndexInputError(
                f"{price.venue}: a price must be positive and a volume not negative; drop this venue.",
                venue=price.venue,
            )
    if len({price.venue for price in given}) < len(given):
        raise IndexInputError("A venue appears twice in an index; give one price per venue.")


def _without_quorum(held: Decimal | None) -> IndexStatus:
    return IndexStatus.UNAVAILABLE if held is None else IndexStatus.HELD


def _two_disagree(kept: Sequence[VenuePrice], cut: Decimal) -> bool:
    if len(kept) != 2:
        return False
    low, high = sorted(price.price for price in kept)
    with exact():
        return high - low > cut * low
