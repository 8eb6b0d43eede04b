"""A server takes on what it can serve, and a user gets no more than their part of it."""

import asyncio

import pytest

from truenav.app.http.load import Load, OverloadedError


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


def test_what_can_neither_be_served_nor_wait_is_refused():
    async def run():
        load, order = Load(at_once=1, waiting=1), []

        async def second():
            async with load.turn():
                order.append("second")

        async with load.turn():
            waiting = asyncio.create_task(second())
            await asyncio.sleep(0)
            with pytest.raises(OverloadedError) as refused:
                async with load.turn():
                    pass
            order.append("first")
        await waiting
        return refused.value, order

    refused, order = asyncio.run(run())
    assert (refused.status, refused.retry_after) == (429, 1)
    assert order == ["first", "second"]


def test_a_request_that_fails_gives_its_room_back():
    async def run():
        load = Load(at_once=1, waiting=0)
        with pytest.raises(ValueError, match="fault"):
            async with load.turn():
                raise ValueError("fault")
        async with load.turn():
            return True

    assert asyncio.run(run())


def test_who_takes_long_does_not_keep_others_from_their_quick_turn(monkeypatch):
    monkeypatch.setattr("truenav.app.http.load.QUICK_SECONDS", 0.01)

    async def run():
        load, order = Load(at_once=3, quick=1), []

        async def one(name, seconds):
            async with load.turn():
                await asyncio.sleep(seconds)
                order.append(name)

        slow = asyncio.create_task(one("slow", 0.2))
        await asyncio.sleep(0)
        for name in ("first", "second", "third"):
            await one(name, 0)
        await slow
        await one("last", 0)
        return order, load._quick._value

    order, free = asyncio.run(run())
    assert order == ["first", "second", "third", "slow", "last"]
    assert free == 1


def test_a_user_may_hurry_for_a_while_and_then_only_so_fast():
    clock = Clock()
    load = Load(a_second=2, at_a_stroke=3, clock=clock)
    for _ in range(3):
        load.count("ada")
    with pytest.raises(OverloadedError):
        load.count("ada")
    clock.now = 0.5
    load.count("ada")
    with pytest.raises(OverloadedError):
        load.count("ada")


def test_one_user_takes_nothing_from_another():
    load = Load(at_a_stroke=1, clock=Clock())
    load.count("ada")
    load.count("max")


def test_an_idle_user_saves_up_no_more_than_one_stroke():
    clock = Clock()
    load = Load(a_second=100, at_a_stroke=2, clock=clock)
    load.count("ada")
    clock.now = 1_000
    load.count("ada")
    load.count("ada")
    with pytest.raises(OverloadedError):
        load.count("ada")
