"""Slows down guessing: a pause after failed attempts that doubles, for each user and address."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from truenav.access.errors import TooManyAttemptsError

FREE_ATTEMPTS = 5
FREE_ATTEMPTS_PER_ADDRESS = 50
LONGEST_PAUSE = timedelta(minutes=15)
FORGET_AFTER = timedelta(hours=1)
CAPACITY = 20_000


@dataclass(slots=True)
class _Record:
    failures: int
    blocked_until: datetime
    last_at: datetime


class AttemptLimiter:
    """Counts failed attempts in memory, per user and address and per address alone.

    Five failures for one user from one address are free, fifty for an address; each further one doubles
    a pause, from 2 seconds to 15 minutes. An hour without attempts is forgiven. When its memory is full
    it refuses newcomers instead of forgetting: it fails closed. Each server process counts for itself.
    """

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._records: dict[tuple[str, str], _Record] = {}
        self._lock = threading.Lock()
        self._capacity = capacity

    def attempt(self, user: str, address: str, now: datetime) -> Callable[[], None]:
        """Count one attempt as failed, before it is checked, and give the function that clears it.

        Counting first means that a thousand guesses sent at once do not all pass. Raises
        ``TooManyAttemptsError`` while the pause lasts.
        """
        pair, alone = (user.casefold(), address), ("", address)
        with self._lock:
            self._forget(now)
            for key in (pair, alone):
                self._refuse_blocked(key, now)
            for key, free in ((pair, FREE_ATTEMPTS), (alone, FREE_ATTEMPTS_PER_ADDRESS)):
                self._count(key, free, now)
        return lambda: self._clear(pair, alone)

    def _refuse_blocked(self, key: tuple[str, str], now: datetime) -> None:
        record = self._records.get(key)
        full = record is None and len(self._records) >= self._capacity - 1
        if full or (record is not None and now < record.blocked_until):
            wait = LONGEST_PAUSE if record is None else record.blocked_until - now
            seconds = max(1, -(-wait // timedelta(seconds=1)))
            raise TooManyAttemptsError(
                f"Too many log-in attempts; try again in {seconds} seconds.", retry_after=seconds
            )

    def _count(self, key: tuple[str, str], free: int, now: datetime) -> None:
        record = self._records.get(key)
        if record is None or _is_old(record, now):
            record = self._records[key] = _Record(0, now, now)
        record.failures += 1
        record.last_at = now
        if record.failures >= free:
            doublings = min(record.failures - free + 1, 20)
            record.blocked_until = now + min(timedelta(seconds=2**doublings), LONGEST_PAUSE)

    def _clear(self, pair: tuple[str, str], alone: tuple[str, str]) -> None:
        with self._lock:
            self._records.pop(pair, None)
            if (record := self._records.get(alone)) is not None:
                record.failures -= 1
                if record.failures <= 0:
                    del self._records[alone]

    def _forget(self, now: datetime) -> None:
        if len(self._records) >= self._capacity // 2:
            for key in [key for key, record in self._records.items() if _is_old(record, now)]:
                del self._records[key]


def _is_old(record: _Record, now: datetime) -> bool:
    return now - record.last_at > FORGET_AFTER
