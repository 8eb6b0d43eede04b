"""Instants: UTC and aware, one text for each, venue milliseconds without rounding."""

import contextlib
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.core.clock import (
    NaiveTimeError,
    SystemClock,
    as_utc,
    day_text,
    from_milliseconds,
    instant_text,
    parse_instant,
    to_milliseconds,
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        ("2026-01-31T16:00:00+08:00", "2026-01-31T08:00:00Z"),
        (" 2026-01-31 08:00:00.500+00:00 ", "2026-01-31T08:00:00.500000Z"),
        ("2026-01-31T08:00:00.000000Z", "2026-01-31T08:00:00Z"),
    ],
)
def test_an_instant_has_one_text(text: str, canonical: str) -> None:
    assert instant_text(parse_instant(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T08:00:00",
        "2026-01-31",
        "31.01.2026 08:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-31T23:59:60Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "",
        "now",
        "1769846400",
    ],
)
def test_a_naive_or_unreadable_instant_is_refused_by_name(text: str) -> None:
    with pytest.raises(NaiveTimeError, match=r"^trades\.csv row 2: "):
        parse_instant(text, what="trades.csv row 2")


def test_a_zone_turns_into_utc_and_none_is_refused() -> None:
    singapore = timezone(timedelta(hours=8))
    assert as_utc(datetime(2026, 1, 31, 8, tzinfo=singapore)) == datetime(2026, 1, 31, 0, tzinfo=UTC)
    with pytest.raises(NaiveTimeError):
        as_utc(datetime(2026, 1, 31))  # noqa: DTZ001


@pytest.mark.parametrize("milliseconds", [10**15, -(10**15), 10**30])
def test_milliseconds_in_another_unit_are_refused(milliseconds: int) -> None:
    with pytest.raises(NaiveTimeError, match="unit"):
        from_milliseconds(milliseconds)


def test_a_day_is_its_iso_text() -> None:
    assert day_text(date(2026, 1, 31)) == "2026-01-31"


def test_the_machine_clock_is_aware() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_every_millisecond_survives_the_round_trip(milliseconds: int) -> None:
    instant = from_milliseconds(milliseconds)
    assert to_milliseconds(instant) == milliseconds
    assert parse_instant(instant_text(instant)) == instant


@given(st.datetimes(timezones=st.just(UTC)))
def test_milliseconds_are_rounded_down(instant: datetime) -> None:
    floor = from_milliseconds(to_milliseconds(instant))
    assert timedelta(0) <= instant - floor < timedelta(milliseconds=1)


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_a_refusal(text: str) -> None:
    with contextlib.suppress(NaiveTimeError):
        assert parse_instant(text).utcoffset() == timedelta(0)
