"""What one server takes on: so many requests at once and waiting, and so many a second of one user.

What is more is refused at once with 429 and when to come back, so that what is taken on is answered in time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager

from truenav.core.failure import TruenavError

AT_ONCE = 24
"""Requests that are served. Each holds a database connection while it waits for a thread, so of the
`truenav.app.house.POOL_SIZE` (and as many again) some must be left for those who have a thread already."""

QUICK = 4
"""Of them, those that began just now. Most are answered before they wait for anything but the processor, and
more of them at a time would only take it from each other."""

QUICK_SECONDS = 0.25
"""A request that takes longer no longer counts as quick: it waits for something, or computes for long."""

WAITING = 100
"""Requests that wait for their turn: all open pages read at once when there are new figures."""

A_SECOND = 100
AT_A_STROKE = 500
"""Of one user: a page opens with dozens of requests, a program may hurry for some seconds."""

_USERS_KEPT = 10_000


class OverloadedError(TruenavError):
    """More was asked than is taken on; ``retry_after`` says for how many whole seconds to wait."""

    code = "overloaded"
    title = "Too many requests"
    status = 429
    exit_code = 6
    retry_after = 1


class Load:
    """Counts requests. Lives in the server's event loop; streams count until they have begun.

    A user has a bucket of ``at_a_stroke`` requests, which fills by ``a_second``.
    """

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        quick: int = QUICK,
        waiting: int = WAITING,
        a_second: float = A_SECOND,
        at_a_stroke: float = AT_A_STROKE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._quick = asyncio.Semaphore(quick)
        self._most = at_once + waiting
        self._a_second = a_second
        self._at_a_stroke = at_a_stroke
        self._clock = clock
        self._present = 0
        self._left: dict[Hashable, tuple[float, float]] = {}

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Serve one request when it is its turn. Raises ``OverloadedError`` where too many wait already."""
        if self._present >= self._most:
            raise OverloadedError("The server has as many requests as it can serve; try again in a second.")
        self._present += 1
        try:
            async with self._turns, self._quick_at_first():
                yield
        finally:
            self._present -= 1

    @asynccontextmanager
    async def _quick_at_first(self) -> AsyncIterator[None]:
        """Hold one of the quick turns, but not for long."""
        await self._quick.acquire()
        held = True

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self._quick.release()

        timer = asyncio.get_running_loop().call_later(QUICK_SECONDS, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()

    def count(self, user: Hashable) -> None:
        """Count a request of a user. Raises ``OverloadedError`` where they asked too much."""
        now = self._clock()
        left, since = self._left.get(user, (self._at_a_stroke, now))
        left = min(self._at_a_stroke, left + (now - since) * self._a_second)
        if left < 1:
            raise OverloadedError(
                f"You asked more than {self._a_second:g} times a second for long; try again in a second."
            )
        self._left[user] = (left - 1, now)
        if len(self._left) > _USERS_KEPT:
            self._left = {one: kept for one, kept in self._left.items() if not self._is_full(kept, now)}

    def _is_full(self, kept: tuple[float, float], now: float) -> bool:
        left, since = kept
        return left + (now - since) * self._a_second >= self._at_a_stroke
