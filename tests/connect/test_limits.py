"""Budgets, the breaker and the ban, on a clock that only moves when somebody waits."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.contract import Budget
from truenav.connect.errors import RateLimitedError, VenueStoppedError, VenueUnavailableError
from truenav.connect.limits import BREAKER_FAILURES, BREAKER_SECONDS, VenueGate


class Time:
    def __init__(self):
        self.now = 0.0

    async def sleep(self, seconds):
        self.now += seconds

    def gate(self, *budgets):
        return VenueGate("venue", budgets, monotonic=lambda: self.now, sleep=self.sleep)


@given(weights=st.lists(st.integers(1, 10), max_size=60))
def test_no_window_ever_holds_more_than_the_budget(weights):
    time, spent = Time(), []
    gate = time.gate(Budget("spot", 20, 10))

    async def run():
        for weight in weights:
            await gate.enter("spot", weight, "a")
            spent.append((time.now, weight))

    asyncio.run(run())
    for at, _ in spent:
        assert sum(weight for when, weight in spent if at - 10 < when <= at) <= 20


def test_a_budget_per_key_is_not_shared_and_one_per_address_is():
    time = Time()
    gate = time.gate(Budget("own", 1, 10, per="key"), Budget("all", 1, 10))

    async def run():
        await gate.enter("own", 1, "a")
        await gate.enter("own", 1, "b")
        assert time.now == 0
        await gate.enter("all", 1, "a")
        await gate.enter("all", 1, "b")
        assert time.now == 10

    asyncio.run(run())


def test_what_is_left_of_the_slow_budgets_of_an_address_is_told():
    time = Time()
    gate = time.gate(
        Budget("spot", 6000, 60),
        Budget("quick", 20, 2),
        Budget("own", 600, 60, per="key"),
        Budget("few", 10, 100),
    )
    assert gate.spare() == 1
    for name, weight in (("quick", 20), ("own", 600), ("few", 10), ("spot", 4500)):
        asyncio.run(gate.enter(name, weight, ""))
    assert gate.spare() == 0.25
    assert time.gate(Budget("quick", 20, 2)).spare() == 1


def test_waiting_has_an_end():
    time = Time()
    gate = time.gate(Budget("all", 1, 100))
    asyncio.run(gate.enter("all", 1, "a"))
    with pytest.raises(RateLimitedError):
        asyncio.run(gate.enter("all", 1, "a"))


def test_the_breaker_opens_after_failures_in_a_row_and_tries_again():
    time = Time()
    gate = time.gate(Budget("all", 99, 1))
    for _ in range(BREAKER_FAILURES):
        asyncio.run(gate.enter("all", 1, "a"))
        gate.failed("the test says so")
    with pytest.raises(VenueUnavailableError, match="the test says so"):
        asyncio.run(gate.enter("all", 1, "a"))
    time.now += BREAKER_SECONDS
    asyncio.run(gate.enter("all", 1, "a"))
    gate.failed("the test says so")
    with pytest.raises(VenueUnavailableError):
        asyncio.run(gate.enter("all", 1, "a"))
    time.now += BREAKER_SECONDS
    gate.succeeded()
    gate.failed("the test says so")
    asyncio.run(gate.enter("all", 1, "a"))


def test_a_ban_refuses_at_once_and_ends():
    time = Time()
    gate = time.gate(Budget("all", 99, 1))
    gate.ban(60)
    with pytest.raises(VenueStoppedError, match="60"):
        asyncio.run(gate.enter("all", 1, "a"))
    time.now = 61
    asyncio.run(gate.enter("all", 1, "a"))
