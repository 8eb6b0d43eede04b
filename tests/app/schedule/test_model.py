"""When a schedule is due, daylight saving and pauses included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.app.schedule.model import BadScheduleError, Schedule, latest_due, next_due
from truenav.core.ids import NodeId


def _schedule(cron, time_zone="America/New_York"):
    return Schedule("s", NodeId("fund"), cron, time_zone)


def _times(schedule, start, count):
    times = [next_due(schedule, start)]
    while len(times) < count:
        times.append(next_due(schedule, times[-1]))
    return [time.strftime("%m-%dT%H:%M") for time in times]


YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SPRING = datetime(2026, 3, 8, 4, 0, tzinfo=UTC)  # New York goes from 02:00 to 03:00 at 07:00 UTC
AUTUMN = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)  # and from 02:00 back to 01:00 at 06:00 UTC


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        ("0 17 * * *", SPRING - timedelta(days=1), ["03-07T22:00", "03-08T21:00", "03-09T21:00"]),
        ("0 17 * * *", AUTUMN - timedelta(days=1), ["10-31T21:00", "11-01T22:00", "11-02T22:00"]),
        ("30 2 * * *", SPRING, ["03-08T07:00", "03-09T06:30"]),  # skipped: due when the gap ends
        ("30 1 * * *", AUTUMN, ["11-01T05:30", "11-02T06:30"]),  # repeated: due once
        ("0 * * * *", SPRING, ["03-08T05:00", "03-08T06:00", "03-08T07:00", "03-08T08:00"]),
        ("0 * * * *", AUTUMN, ["11-01T05:00", "11-01T06:00", "11-01T07:00", "11-01T08:00"]),
    ],
)
def test_wall_clock_times_follow_daylight_saving(cron, start, expected):
    assert _times(_schedule(cron), start, len(expected)) == expected


def test_going_back_over_a_switch_finds_the_same_times():
    daily = _schedule("30 1 * * *")
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert latest_due(daily, after=AUTUMN, until=noon) == first
    assert latest_due(daily, after=first, until=noon) is None
    assert latest_due(daily, after=AUTUMN - timedelta(days=3), until=AUTUMN) == first - timedelta(days=1)


def test_a_due_time_counts_at_its_own_instant_and_not_before():
    daily = _schedule("0 17 * * mon-fri", "UTC")
    due = datetime(2026, 3, 2, 17, tzinfo=UTC)
    past = due - timedelta(days=1)
    assert latest_due(daily, after=past, until=due - timedelta(microseconds=1)) is None
    assert latest_due(daily, after=past, until=due) == due
    assert latest_due(daily, after=due, until=due + timedelta(hours=1)) is None


@settings(max_examples=60, deadline=None)
@given(
    minute=st.integers(0, 59),
    hour=st.one_of(st.integers(0, 23).map(str), st.just("*"), st.just("*/6")),
    zone=st.sampled_from(["UTC", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe"]),
    start=st.integers(0, 330 * 24 * 60).map(lambda minutes: YEAR + timedelta(minutes=minutes)),
)
def test_due_times_move_forward_fit_the_clock_and_are_found_going_back(minute, hour, zone, start):
    schedule = _schedule(f"{minute} {hour} * * *", zone)
    earlier = start
    for _ in range(4):
        due = next_due(schedule, earlier)
        assert earlier < due <= earlier + timedelta(hours=26)
        local = due.astimezone(ZoneInfo(zone))
        skipped = (due - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).utcoffset() != local.utcoffset()
        assert local.minute == minute or skipped
        assert latest_due(schedule, after=earlier, until=due) == due
        earlier = due


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "* * * *",
        "* * * * * *",
        "61 * * * *",
        "0 0 31 2 *",
        "@daily",
        "r r * * *",
        "h h * * *",
        "0 25 * * *",
    ],
)
def test_what_is_no_cron_expression_is_refused(cron):
    with pytest.raises(BadScheduleError, match="five fields"):
        _schedule(cron)


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(BadScheduleError, match="IANA"):
        _schedule("0 17 * * *", "Mars/Olympus")
