"""When indicative values are made, and for whom."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from truenav.app.baskets.follower import BasketFollower, next_tick
from truenav.store.files import StorageError

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


class _Values:
    """One tenant's, that notes what was asked of it."""

    def __init__(self, trouble=None):
        self.trouble, self.ticks, self.closed = trouble, [], False

    def streamed(self, at):
        return ()

    async def tick(self, at, streamed):
        if self.trouble is not None:
            raise self.trouble
        self.ticks.append(at)

    async def close(self):
        self.closed = True


@pytest.mark.parametrize("trouble", [StorageError("no answer"), ValueError("unexpected")])
def test_a_tenant_whose_values_fail_hinders_no_other_and_one_that_is_gone_is_left(trouble):
    follower = BasketFollower(None)
    broken, gone, well = _Values(trouble), _Values(), _Values()
    follower._tenants = {"broken": broken, "gone": gone, "well": well}
    follower._ids = lambda: ("broken", "well")
    asyncio.run(follower.tick(MIDNIGHT))
    assert (well.ticks, gone.closed, gone.ticks) == ([MIDNIGHT], True, [])
    assert follower._tenants.keys() == {"broken", "well"}
    follower._ids = lambda: None  # not known now: nobody is left
    asyncio.run(follower.tick(MIDNIGHT))
    assert (well.closed, len(well.ticks)) == (False, 1)
