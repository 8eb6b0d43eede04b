"""Figures as printed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.app.statements.figures import (
    age,
    direction,
    instant,
    number,
    per_unit,
    percent,
    quantity,
    share_of,
    signed,
)
from truenav.core.money import NotANumberError, rounded

exact_numbers = st.decimals(
    allow_nan=False, allow_infinity=False, places=18, min_value=-(10**15), max_value=10**15
)


@given(exact_numbers, st.integers(0, 8))
def test_a_printed_number_reads_back_as_the_number_rounded_half_even(value, places):
    text = number(value, places)
    assert Decimal(text.replace(",", "").replace("−", "-")) == rounded(value, places)
    assert "-" not in text


@given(exact_numbers)
def test_sign_and_direction_never_disagree(value):
    text = signed(value)
    assert {"up": text[0] == "+", "down": text[0] == "−", "flat": text == "0.00"}[direction(value)]


@pytest.mark.parametrize(
    ("value", "text"),
    [("-0.004", "0.00"), ("0.005", "0.00"), ("0.015", "0.02"), ("-1234567.5", "−1,234,567.50")],
)
def test_rounding_is_half_even_and_leaves_no_negative_zero(value, text):
    assert number(Decimal(value)) == text


def test_the_unknown_is_a_dash_and_zero_is_a_number():
    assert [number(None), signed(None), per_unit(None), percent(None)] == ["—"] * 4
    assert direction(None) == "unknown"
    assert number(Decimal(0)) == "0.00"


def test_a_nav_per_unit_has_six_places_with_a_thin_space_after_three():
    assert per_unit(Decimal("1067.2952955523")) == "1,067.295\u2009296"


def test_a_quantity_keeps_what_it_has_and_two_places_at_least():
    assert [quantity(Decimal(one)) for one in ("181500", "0.5", "1.23456789")] == [
        "181,500.00",
        "0.50",
        "1.23456789",
    ]


def test_a_share_of_nothing_is_unknown():
    assert share_of(Decimal(1), Decimal(0)) is None
    assert share_of(None, Decimal(1)) is None
    assert percent(share_of(Decimal(1), Decimal(3))) == "33.33"


def test_times_are_utc_and_naive_ones_are_refused():
    at = datetime(2026, 1, 31, 8, 0, 5, 999, tzinfo=UTC)
    assert instant(at) == "2026-01-31 08:00:05"
    assert age(datetime(2026, 1, 29, 7, 30, tzinfo=UTC), at) == "2 d 00:30"
    assert age(datetime(2026, 1, 31, 7, 59, tzinfo=UTC), at) == "00:01:05"
    with pytest.raises(Exception, match="time zone"):
        instant(datetime(2026, 1, 31))  # noqa: DTZ001
    with pytest.raises((NotANumberError, ArithmeticError)):
        number(Decimal("NaN")) and number(Decimal("Infinity"))
