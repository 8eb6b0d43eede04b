"""On which day an order deals, and until when: cut-offs in their zone, dealing days, settlement days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from truenav.calc.etp.engine.calendar import time_of, zone_of
from truenav.core.basket import BasketInputError, BasketProduct, BasketTerms
from truenav.core.clock import as_utc

_LONGEST_PAUSE = 366
_DAY = timedelta(days=1)


def terms_on(product: BasketProduct, day: date) -> BasketTerms:
    """The terms that hold on a day."""
    held = [terms for terms in product.terms if terms.since <= day]
    if not held:
        raise BasketInputError(f"{product.id} has no terms on {day}; its first ones begin later.")
    return held[-1]


def _calendar_on(product: BasketProduct, day: date) -> BasketTerms:
    """The terms whose calendar a day follows: before the first ones, that of these."""
    return terms_on(product, max([day, *(terms.since for terms in product.terms[:1])]))


def is_dealing_day(product: BasketProduct, day: date) -> bool:
    """Whether a day is a dealing day by the calendar."""
    terms = _calendar_on(product, day)
    return day.weekday() in terms.weekdays and day not in terms.holidays


def next_dealing_day(product: BasketProduct, day: date) -> date:
    """The first dealing day after a day."""
    return _first(product, day, _DAY)


def previous_dealing_day(product: BasketProduct, day: date) -> date:
    """The last dealing day before a day."""
    return _first(product, day, -_DAY)


def dealing_days_a_year(product: BasketProduct, until: date) -> int:
    """Dealing days among the 365 days up to a day: the periods of a year of which each has a close."""
    return sum(is_dealing_day(product, until - n * _DAY) for n in range(365))


def _first(product: BasketProduct, day: date, step: timedelta) -> date:
    for _ in range(_LONGEST_PAUSE):
        day += step
        if is_dealing_day(product, day):
            return day
    raise BasketInputError(f"{product.id} has no dealing day within a year of {day}; mend its calendar.")


def cut_off_at(product: BasketProduct, day: date) -> datetime:
    """The instant (UTC) from which on an order is too late for a dealing day.

    Where clocks go forward over the time of day, it falls as long after the change as it lies in the gap;
    where they go back, the first of both counts.
    """
    terms = _calendar_on(product, day)
    return datetime.combine(day, time_of(terms.cut_off), tzinfo=zone_of(terms.zone)).astimezone(UTC)


def is_at_close_of(product: BasketProduct, day: date, at: datetime) -> bool:
    """Whether an instant can be the close of a dealing day: from its cut-off until before the next one."""
    return cut_off_at(product, day) <= at < cut_off_at(product, next_dealing_day(product, day))


def dealing_day_of(product: BasketProduct, received_at: datetime) -> date:
    """The dealing day of an order: its own day before the cut-off, else the next dealing day.

    Before the first terms nothing deals: ``BasketInputError``.
    """
    received_at = as_utc(received_at, what="received_at")
    zone = zone_of(_calendar_on(product, received_at.date()).zone)
    day = received_at.astimezone(zone).date()
    terms_on(product, day)  # refuses a day before the first ones
    if is_dealing_day(product, day) and received_at < cut_off_at(product, day):
        return day
    return next_dealing_day(product, day)


def settlement_day_of(product: BasketProduct, dealing_day: date) -> date:
    """The day on which an order of a dealing day settles."""
    day = dealing_day
    for _ in range(terms_on(product, dealing_day).settlement_days):
        day = next_dealing_day(product, day)
    return day
