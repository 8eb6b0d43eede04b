"""Counts requests and enforces the venues' rate limits, on a clock of its own (real seconds)."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0
BAN_AFTER = 20
"""Refused requests in one minute after which Binance answers 418 instead of 429."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of one weighing: weight used in the running minute, and the refusal, if any."""

    used: int
    status: int
    retry_after: int


class Meter:
    """Weights per minute (Binance) and requests per window (OKX)."""

    def __init__(self, limits: dict[str, int], seconds: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._seconds = seconds
        self._minute = 0
        self._used: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._windows: dict[tuple[str, ...], deque[float]] = {}
        self.requests: Counter[str] = Counter()
        self.weight: Counter[str] = Counter()

    def weigh(self, pool: str, weight: int, default_limit: int) -> Verdict:
        """Charge `weight` to `pool` in this minute; the limit may be set by the scenario."""
        minute, rest = divmod(self._seconds(), MINUTE)
        if minute != self._minute:
            self._minute = int(minute)
            self._used.clear()
            self._refused.clear()
        limit = self._limits.get(pool, default_limit)
        self.weight[pool] += weight
        if self._used[pool] + weight > limit:
            self._refused[pool] += 1
            status = 418 if self._refused[pool] > BAN_AFTER else 429
            return Verdict(self._used[pool], status, int(MINUTE - rest) + 1)
        self._used[pool] += weight
        return Verdict(self._used[pool], 200, 0)

    def admit(self, window: tuple[str, ...], count: int, seconds: float) -> bool:
        """Whether one more request fits into `count` per sliding `seconds`."""
        now = self._seconds()
        limit = self._limits.get(window[0], count)
        stamps = self._windows.setdefault(window, deque())
        while stamps and stamps[0] <= now - seconds:
            stamps.popleft()
        if len(stamps) >= limit:
            return False
        stamps.append(now)
        return True

    def reset(self) -> None:
        """Forget all counts."""
        self._used.clear()
        self._refused.clear()
        self._windows.clear()
        self.requests.clear()
        self.weight.clear()
