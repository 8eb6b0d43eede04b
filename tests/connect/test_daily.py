"""What is asked for once a day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from truenav.connect.contract import Cursor
from truenav.connect.daily import MOST, each_daily

NOW = datetime(2026, 1, 20, tzinfo=UTC)


def asked(codes, ages):
    """The steps of these codes, of which some were asked for before: by code, how long ago in hours."""
    cursors = {f"tiers?{code}": Cursor("", NOW - timedelta(hours=age)) for code, age in ages.items()}

    async def ask(code):
        return code

    async def run():
        steps = each_daily("tiers", codes, ask, cursors, NOW)
        pages = [await step for _, step in steps]
        assert all(one.cursor == Cursor("", NOW) for one in pages)
        assert [f"tiers?{one.payloads[0]}" for one in pages] == [name for name, _ in steps]
        return [one.payloads[0] for one in pages]

    return asyncio.run(run())


def test_what_was_never_asked_for_comes_first_then_what_was_longest_ago():
    assert asked("abcd", {"a": 25, "b": 23, "c": 49}) == ["d", "c", "a"]


def test_one_gathering_asks_for_so_many_and_the_next_for_the_others():
    codes = [f"{number:03}" for number in range(MOST + 2)]
    first = asked(codes, {})
    assert first == codes[:MOST]
    assert asked(codes, dict.fromkeys(first, 1)) == codes[MOST:]
