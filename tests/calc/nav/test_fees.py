"""Management fee accrual: the domain's numbers, exact elapsed time, refusals."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.nav.fees import FeeTermsError, management_fee_accrual
from truenav.core.clock import NaiveTimeError

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NAV, RATE = Decimal(10_000_000), Decimal("0.02")


def test_one_day_on_ten_million_at_two_percent() -> None:
    fee = management_fee_accrual(NAV, RATE, START, START + DAY, 365)
    assert round(fee, 6) == Decimal("547.945205")


def test_thirty_one_days_on_the_opening_nav_are_simple() -> None:
    fee = management_fee_accrual(NAV, RATE, START, START + 31 * DAY, 365)
    assert round(fee, 4) == Decimal("16986.3014")


def test_thirty_one_daily_accruals_on_the_nav_after_fees_compound() -> None:
    nav = NAV
    for day in range(31):
        nav -= management_fee_accrual(nav, RATE, START + day * DAY, START + (day + 1) * DAY, 365)
    assert round(NAV - nav, 4) == Decimal("16972.3474")


def test_a_day_of_360_costs_more_than_one_of_365() -> None:
    assert management_fee_accrual(Decimal(360), Decimal(1), START, START + DAY, 360) == 1
    assert management_fee_accrual(Decimal(365), Decimal(1), START, START + DAY, 365) == 1


def test_a_nav_at_or_below_zero_accrues_nothing() -> None:
    assert management_fee_accrual(Decimal(-5), RATE, START, START + DAY, 365) == 0
    assert management_fee_accrual(Decimal(0), RATE, START, START + DAY, 365) == 0


def test_no_time_no_fee() -> None:
    assert management_fee_accrual(NAV, RATE, START, START, 365) == 0


@pytest.mark.parametrize(
    ("rate", "end", "day_count"),
    [(Decimal("-0.01"), START + DAY, 365), (RATE, START - DAY, 365), (RATE, START + DAY, 0)],
    ids=["negative rate", "end before start", "empty year"],
)
def test_terms_that_cannot_be_right_are_refused(rate: Decimal, end: datetime, day_count: int) -> None:
    with pytest.raises(FeeTermsError):
        management_fee_accrual(NAV, rate, START, end, day_count)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(NaiveTimeError):
        management_fee_accrual(NAV, RATE, START.replace(tzinfo=None), START + DAY, 365)


navs = st.decimals("0", "1e12", places=18)
rates = st.decimals("0", "0.2", places=6)
moments = st.timedeltas(timedelta(0), timedelta(days=800))


@given(navs, rates, moments, st.sampled_from([360, 365]))
def test_the_accrual_is_its_fraction_rounded_once(
    nav: Decimal, rate: Decimal, elapsed: timedelta, days: int
) -> None:
    fee = management_fee_accrual(nav, rate, START, START + elapsed, days)
    share = Fraction(elapsed // timedelta(microseconds=1), 86_400_000_000 * days)
    exact = Fraction(nav) * Fraction(rate) * share
    assert abs(Fraction(fee) - exact) <= exact / 10**77


@given(navs, rates, moments, moments)
def test_two_periods_on_one_opening_nav_add_up(
    nav: Decimal, rate: Decimal, first: timedelta, second: timedelta
) -> None:
    middle, end = START + first, START + first + second
    whole = management_fee_accrual(nav, rate, START, end, 365)
    parts = [management_fee_accrual(nav, rate, *ends, 365) for ends in ((START, middle), (middle, end))]
    assert abs(sum(map(Fraction, parts)) - Fraction(whole)) <= Fraction(whole) / 10**76
