"""When indicative values are made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from truenav.app.baskets.follower import next_tick

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "seconds"), [(0.0, 15), (0.000001, 15), (14.999999, 15), (15.0, 30), (86_399.0, 86_400)]
)
def test_values_are_made_at_whole_quarters_of_a_minute(after, seconds):
    at = MIDNIGHT + timedelta(seconds=after)
    assert next_tick(at) == MIDNIGHT + timedelta(seconds=seconds)


def test_a_day_has_a_value_every_15_seconds():
    at, found = MIDNIGHT - timedelta(microseconds=1), 0
    while (at := next_tick(at)) < MIDNIGHT + timedelta(days=1):
        found += 1
    assert found == 5_760
