"""Asking a venue: what a key or a header says that nobody expects is refused by our own name for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest

from truenav.connect.asking import Endpoint, Params, Signed
from truenav.connect.errors import KeyRevokedError, RateLimitedError, VenueError
from truenav.connect.registry import connector

from .line import Line, open_line

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def asked(answer: Callable[[httpx.Request], httpx.Response], key: str = "key") -> list[httpx.Request]:
    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        return Signed("", {"X-Key": key})

    async def scenario() -> list[httpx.Request]:
        async with open_line(Line, "okx", answer, now=NOW) as line:
            budget = connector("okx").manifest.budgets[0].name
            await line.transport().get(Endpoint("time/1", "/api/v5/public/time", budget), signer=sign)
            return line.asked

    return asyncio.run(scenario())


@pytest.mark.parametrize("key", ["кеу", "key\u200b", "ke\ny"])
def test_a_key_with_a_letter_that_no_key_has_is_refused_before_anybody_is_asked(key: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("the venue was asked")

    with pytest.raises(KeyRevokedError, match="Copy it again") as refusal:
        asked(answer, key)
    assert key not in str(refusal.value)


@pytest.mark.parametrize("wait", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "soon", "1.5", ""])
def test_patience_that_nobody_can_read_is_a_short_one(wait: str) -> None:
    with pytest.raises(RateLimitedError) as refusal:
        asked(lambda request: httpx.Response(429, headers={"retry-after": wait}))
    assert refusal.value.context["seconds"] == 1.0


def test_patience_that_is_longer_than_a_request_waits_is_kept_by_the_next_ones() -> None:
    """Whoever asks on while the venue wants to be left alone is banned next."""

    def answer(request: httpx.Request) -> httpx.Response:
        wait = {"retry-after": "120"}
        return httpx.Response(429, headers=wait) if len(line.asked) == 1 else httpx.Response(200, json={})

    async def scenario() -> None:
        nonlocal line
        async with open_line(Line, "okx", answer, now=NOW) as line:
            time = Endpoint("time/1", "/api/v5/public/time", connector("okx").manifest.budgets[0].name)
            for seconds in (0, 50):
                await line.network.sleep(seconds)
                with pytest.raises(RateLimitedError, match="patience"):
                    await line.transport().get(time)
            assert len(line.asked) == 1
            await line.network.sleep(71)
            with suppress(VenueError):  # what it says does not matter here
                await line.transport().get(time)
            assert len(line.asked) > 1

    line: Line
    asyncio.run(scenario())
