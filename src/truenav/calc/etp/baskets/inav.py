"""Indicative NAV through the day, the premium of the market price, and how well an index is tracked.

Exact: a creation unit of 50 constituents takes some microseconds a tick, so no float is needed.
Method: docs/methods/baskets.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from truenav.core.basket import BasketInputError, CreationList, Substitution
from truenav.core.clock import as_utc
from truenav.core.money import ONE, ZERO, AssetId, exact

INTERVAL = timedelta(seconds=15)
"""How often an indicative value is published, on most exchanges."""

DAYS_A_YEAR = 365
"""Periods by which daily figures of assets that trade all week are annualised."""


class LastPrice(NamedTuple):
    """The last price seen of an asset, in the product's quote asset."""

    price: Decimal
    at: datetime


class PriceTick(NamedTuple):
    """A price that was quoted at an instant."""

    at: datetime
    asset: AssetId
    price: Decimal


@dataclass(frozen=True, slots=True)
class Inav:
    """The indicative value of one share (iNAV, IOPV, 份额参考净值) at an instant, unrounded.

    None where a constituent has never had a price: missing is not zero. ``coverage`` is the part of
    the constituents' value whose prices are fresh; ``stale`` and ``missing`` name the others.
    """

    at: datetime
    per_share: Decimal | None
    coverage: Decimal
    stale: tuple[AssetId, ...]
    missing: tuple[AssetId, ...]


def inav(
    listed: CreationList,
    prices: Mapping[AssetId, LastPrice],
    at: datetime,
    *,
    stale_after: timedelta,
) -> Inav:
    """The indicative value of a share at one instant.

    Parameters
    ----------
    listed : the creation list of the day.
    prices : the last price of each constituent at or before ``at``.
    stale_after : a price that is older counts, but is flagged.

    Notes
    -----
    ``(sum(quantity * price) + fixed cash amounts + estimated cash) / unit_size``. Cash that the list
    requires in place of an asset counts with its fixed amount and is always fresh.
    """
    with exact():
        return _inav(listed, prices, as_utc(at, what="at"), stale_after)


def inav_path(
    listed: CreationList,
    quotes: Iterable[PriceTick],
    times: Sequence[datetime],
    *,
    stale_after: timedelta,
    before: Mapping[AssetId, LastPrice] | None = None,
) -> Iterator[Inav]:
    """The indicative value at each of ``times`` (rising), each with the prices quoted until then.

    ``quotes`` are in order of time; one out of order is refused with ``BasketInputError`` where it is
    reached, and so are times that do not rise. ``before`` are the last prices of the day before, so that the
    first value of a day is not missing.
    """
    last: dict[AssetId, LastPrice] = dict(before or {})
    coming = iter(quotes)
    quote = next(coming, None)
    newest = seen_at = datetime.min.replace(tzinfo=UTC)
    for at in times:
        if at < seen_at:
            raise BasketInputError(f"The times do not rise: {at.isoformat()} comes after a later one.")
        seen_at = at
        while quote is not None and quote.at <= at:
            known = last.get(quote.asset)
            if quote.at < newest or (known is not None and quote.at < known.at):
                raise BasketInputError(
                    f"A price of {quote.asset} at {quote.at.isoformat()} comes after a later one; sort them."
                )
            newest = quote.at
            last[quote.asset] = LastPrice(quote.price, quote.at)
            quote = next(coming, None)
        with exact():  # closed before each value is handed out: the caller's numbers are its own
            value = _inav(listed, last, at, stale_after)
        yield value


def _inav(
    listed: CreationList, prices: Mapping[AssetId, LastPrice], at: datetime, stale_after: timedelta
) -> Inav:
    value = fresh = gross = ZERO
    stale: list[AssetId] = []
    missing: list[AssetId] = []
    oldest = at - stale_after
    for line in listed.lines:
        if line.substitution is Substitution.REQUIRED:
            worth, is_fresh = line.cash_amount, True
        else:
            last = prices.get(line.asset)
            if last is None or last.price <= 0:
                missing.append(line.asset)
                continue
            worth, is_fresh = line.quantity * last.price, last.at >= oldest
        value += worth
        gross += worth
        if is_fresh:
            fresh += worth
        else:
            stale.append(line.asset)
    if missing:
        return Inav(at, None, ZERO, tuple(stale), tuple(missing))
    per_share = (value + listed.estimated_cash) / listed.unit_size
    return Inav(at, per_share, fresh / gross if gross else ONE, tuple(stale), ())


def ticks(start: datetime, end: datetime, interval: timedelta = INTERVAL) -> list[datetime]:
    """Instants from ``start`` until before ``end``; a whole day of 15 seconds has 5,760."""
    start, end = as_utc(start, what="start"), as_utc(end, what="end")
    if interval <= timedelta(0) or end < start:
        raise BasketInputError("An interval is above zero, and a day does not end before it begins.")
    return [start + interval * n for n in range(-((start - end) // interval))]


def premium(market_price: Decimal, value: Decimal) -> Decimal:
    """What a market price lies above a NAV or iNAV, as a fraction; below is a discount and negative."""
    if market_price <= 0 or value <= 0:
        raise BasketInputError("A premium needs a market price and a value above zero.")
    with exact():
        return market_price / value - 1


def returns(values: Sequence[Decimal]) -> list[Decimal]:
    """Simple returns from one value to the next; each value is above zero."""
    if any(value <= 0 for value in values):
        raise BasketInputError("A return needs values above zero.")
    with exact():
        return [later / earlier - 1 for earlier, later in pairwise(values)]


def tracking_difference(product: Sequence[Decimal], index: Sequence[Decimal]) -> Decimal:
    """Return of the product over a window less that of its index, from their returns period by period.

    ``prod(1 + p) - prod(1 + i)``. Not annualised: a return of less than a year never is.
    """
    _refuse_unequal(product, index, least=1)
    with exact():
        return _compounded(product) - _compounded(index)


def tracking_error(
    product: Sequence[Decimal], index: Sequence[Decimal], *, periods_a_year: int = DAYS_A_YEAR
) -> Decimal:
    """Tracking error after the fact: the annualised standard deviation of active returns.

    Parameters
    ----------
    product, index : returns of the same periods, at least two.
    periods_a_year : 365 for daily returns of assets that trade all week, 252 for weekdays, 12 for months.

    Notes
    -----
    ``sqrt(sum((a - mean(a)) ** 2) / (n - 1)) * sqrt(periods_a_year)`` with ``a = product - index``.
    """
    _refuse_unequal(product, index, least=2)
    with exact():
        active = [one - other for one, other in zip(product, index, strict=True)]
        mean = sum(active, ZERO) / len(active)
        variance = sum(((one - mean) ** 2 for one in active), ZERO) / (len(active) - 1)
        return (variance * periods_a_year).sqrt()


def _refuse_unequal(product: Sequence[Decimal], index: Sequence[Decimal], *, least: int) -> None:
    if len(product) != len(index) or len(product) < least:
        raise BasketInputError(
            f"{len(product)} returns of the product cannot be compared with {len(index)} of the index; give "
            f"as many of both, at least {least}."
        )


def _compounded(some: Sequence[Decimal]) -> Decimal:
    growth = ONE
    for one in some:
        growth *= 1 + one
    return growth
