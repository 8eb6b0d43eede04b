"""Cut-offs in their zone, weekends, holidays, and the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.baskets.samples import product, terms

from truenav.calc.etp.baskets.dealing_days import (
    cut_off_at,
    dealing_day_of,
    dealing_days_a_year,
    is_dealing_day,
    next_dealing_day,
    previous_dealing_day,
    settlement_day_of,
)
from truenav.core.basket import EVERY_DAY, BasketInputError
from truenav.core.clock import NaiveTimeError

SECOND = timedelta(seconds=1)
HOLIDAY = date(2026, 11, 26)
NEW_YORK = product(holidays=(HOLIDAY,))


@pytest.mark.parametrize(
    ("received", "day"),
    [
        ("2026-11-23T20:59:59Z", date(2026, 11, 23)),
        ("2026-11-23T21:00:00Z", date(2026, 11, 24)),
        ("2026-11-24T03:00:00Z", date(2026, 11, 24)),
        ("2026-11-25T21:00:01Z", date(2026, 11, 27)),
        ("2026-11-27T22:00:00Z", date(2026, 11, 30)),
        ("2026-11-28T12:00:00Z", date(2026, 11, 30)),
    ],
    ids=[
        "a second before the cut-off",
        "at the cut-off",
        "in the evening before, over there",
        "late before a holiday",
        "late on a Friday",
        "on a Saturday",
    ],
)
def test_the_dealing_day_of_an_order(received, day):
    assert dealing_day_of(NEW_YORK, datetime.fromisoformat(received)) == day


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2026, 3, 6), 21),
        (date(2026, 3, 9), 20),
        (date(2026, 10, 30), 20),
        (date(2026, 11, 2), 21),
    ],
    ids=["before summer time", "after it began", "before it ended", "after"],
)
def test_the_cut_off_moves_in_utc_with_summer_time(day, utc):
    assert cut_off_at(NEW_YORK, day) == datetime(day.year, day.month, day.day, utc, tzinfo=UTC)


def test_a_cut_off_in_the_gap_of_the_clocks_falls_as_long_after_the_change():
    early = product(cut_off="02:30", weekdays=EVERY_DAY)
    assert cut_off_at(early, date(2026, 3, 8)) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_a_cut_off_in_the_doubled_hour_is_the_first_of_both():
    early = product(cut_off="01:30", weekdays=EVERY_DAY)
    assert cut_off_at(early, date(2026, 11, 1)) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_cut_off_with_a_fixed_offset():
    asia = product(cut_off="15:00", zone="+08:00", weekdays=EVERY_DAY)
    assert cut_off_at(asia, date(2026, 7, 1)) == datetime(2026, 7, 1, 7, tzinfo=UTC)


@given(st.integers(0, 700 * 86_400))
def test_an_order_deals_at_the_first_cut_off_after_it_came(seconds):
    received = datetime(2026, 1, 6, tzinfo=UTC) + seconds * SECOND
    day = dealing_day_of(NEW_YORK, received)
    assert is_dealing_day(NEW_YORK, day)
    assert received < cut_off_at(NEW_YORK, day)
    assert cut_off_at(NEW_YORK, previous_dealing_day(NEW_YORK, day)) <= received


def test_settlement_skips_weekends_and_holidays():
    two = product(settlement_days=2, holidays=(HOLIDAY,))
    assert settlement_day_of(two, date(2026, 11, 25)) == date(2026, 11, 30)
    assert settlement_day_of(product(settlement_days=0), date(2026, 11, 25)) == date(2026, 11, 25)


def test_the_terms_of_each_day_give_its_cut_off():
    dated = product(terms(), terms(since=date(2026, 11, 24), cut_off="14:00"))
    assert cut_off_at(dated, date(2026, 11, 24)) - cut_off_at(dated, date(2026, 11, 23)) == timedelta(
        hours=22
    )


@pytest.mark.parametrize(
    ("calendar", "days"),
    [(product(weekdays=EVERY_DAY), 365), (product(), 261), (NEW_YORK, 260), (product(weekdays=(0,)), 52)],
    ids=["all week", "on weekdays", "but for a holiday", "on Mondays"],
)
def test_a_year_has_as_many_dealing_days_as_the_calendar_says(calendar, days):
    """The 365 days to the end of 2026: 52 weeks and a Thursday."""
    assert dealing_days_a_year(calendar, date(2026, 12, 31)) == days


def test_a_calendar_without_dealing_days_is_refused():
    with pytest.raises(BasketInputError, match="no dealing day within a year"):
        next_dealing_day(product(weekdays=()), date(2026, 11, 23))


def test_before_the_first_terms_no_order_deals():
    with pytest.raises(BasketInputError, match="no terms"):
        dealing_day_of(NEW_YORK, datetime(2025, 12, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "received", "day"),
    [
        ("Asia/Shanghai", "2025-12-31T16:30:00Z", date(2026, 1, 1)),
        ("Asia/Shanghai", "2025-12-31T15:59:59Z", None),
        ("Pacific/Honolulu", "2026-01-01T09:59:59Z", None),
        ("Pacific/Honolulu", "2026-01-01T10:00:00Z", date(2026, 1, 1)),
    ],
    ids=["after midnight there", "before", "still the day before there", "its midnight"],
)
def test_the_first_terms_begin_with_their_day_in_its_zone(zone, received, day):
    first = product(zone=zone, weekdays=EVERY_DAY)
    if day is not None:
        assert dealing_day_of(first, datetime.fromisoformat(received)) == day
        return
    with pytest.raises(BasketInputError, match="no terms"):
        dealing_day_of(first, datetime.fromisoformat(received))


def test_an_order_without_a_time_zone_is_refused():
    with pytest.raises(NaiveTimeError):
        dealing_day_of(NEW_YORK, datetime(2026, 11, 23, 12))  # noqa: DTZ001
