"""Slows down guessing: a pause after failed attempts that doubles, counted for all processes together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from truenav.access.errors import TooManyAttemptsError
from truenav.access.tickets import DOOR
from truenav.store.database import Database
from truenav.store.logins import (
    Attempts,
    forget_attempts,
    forget_attempts_before,
    keep_attempts,
    lock_attempts,
)

FREE_ATTEMPTS = 5
FREE_ATTEMPTS_PER_USER = 50
FREE_ATTEMPTS_PER_ADDRESS = 50
LONGEST_PAUSE = timedelta(minutes=15)
FORGET_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Counted:
    key: bytes
    free: int


class AttemptLimiter:
    """Counts failed attempts per user and address, per user, and per address.

    Five failures for one user from one address are free, fifty for a user from everywhere, fifty for an
    address; each further one doubles a pause, from 2 seconds to 15 minutes. An hour without attempts is
    forgiven. Nobody is locked out for good: that would let anybody lock out anybody (NIST SP 800-63B-4,
    3.2.2). Names and addresses are kept as hashes. Without the database nothing is let through.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def attempt(self, user: str, address: str, now: datetime) -> Callable[[], None]:
        """Count one attempt as failed, before it is checked, and give the function that clears it.

        Counting first means that a thousand guesses sent at once do not all pass. Raises
        ``TooManyAttemptsError`` while the pause lasts; such an attempt does not count.
        """
        counted = _counted(user.casefold(), address)
        with self._database.transaction(DOOR) as session:
            forget_attempts_before(session, now - FORGET_AFTER)
            found = lock_attempts(session, [one.key for one in counted], at=now)
            for attempts in found.values():
                _refuse_paused(attempts, now)
            for one in counted:
                keep_attempts(session, one.key, _one_more(found[one.key], one.free, now))
        return lambda: self._clear(counted, now)

    def _clear(self, counted: tuple[_Counted, ...], now: datetime) -> None:
        """Forget what failed for the user; the address is forgiven this attempt alone."""
        pair, user, address = (one.key for one in counted)
        with self._database.transaction(DOOR) as session:
            there = lock_attempts(session, (pair, user, address), at=now)[address]
            forget_attempts(session, (pair, user))
            if there.failures > 1:
                less = Attempts(there.failures - 1, there.blocked_until, there.last_at)
                keep_attempts(session, address, less)
            else:
                forget_attempts(session, (address,))


def _counted(user: str, address: str) -> tuple[_Counted, ...]:
    return (
        _Counted(_key("pair", user, address), FREE_ATTEMPTS),
        _Counted(_key("user", user), FREE_ATTEMPTS_PER_USER),
        _Counted(_key("address", address), FREE_ATTEMPTS_PER_ADDRESS),
    )


def _key(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def _refuse_paused(attempts: Attempts, now: datetime) -> None:
    if now < attempts.blocked_until:
        seconds = max(1, -(-(attempts.blocked_until - now) // timedelta(seconds=1)))
        raise TooManyAttemptsError(
            f"Too many failed attempts; try again in {seconds} seconds.", retry_after=seconds
        )


def _one_more(attempts: Attempts, free: int, now: datetime) -> Attempts:
    failures = attempts.failures + 1
    if failures < free:
        return Attempts(failures, now, now)
    doublings = min(failures - free + 1, 20)
    return Attempts(failures, now + min(timedelta(seconds=2**doublings), LONGEST_PAUSE), now)
