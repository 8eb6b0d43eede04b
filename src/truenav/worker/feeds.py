"""The one worker that follows accounts: it holds a lock of the database, and lets all go when it loses it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import psycopg
import structlog

from truenav.app.house import House
from truenav.core.failure import TruenavError
from truenav.worker.leader import CONNECTION_OPTIONS

BREATH_SECONDS = 1.0
"""How often the lock is looked after, and another worker asks for it."""

_LOCK = (0x74727565, 0x66656564)  # "true", "feed"

_log = structlog.get_logger(__name__)


class Feeds:
    """Follows all accounts when nobody else does, from a thread and an event loop of its own.

    Two that believe to hold the lock, for a moment, do no harm: gathering twice states nothing twice.
    """

    def __init__(self, house: House, queue_dsn: str, *, breath_seconds: float = BREATH_SECONDS) -> None:
        self._house = house
        self._dsn = queue_dsn
        self._breath_seconds = breath_seconds

    def run(self, stop: threading.Event) -> None:
        """Stand ready, follow, and stand ready again after a lost connection, until ``stop`` is set."""
        while not stop.wait(self._breath_seconds):
            try:
                with psycopg.connect(self._dsn, autocommit=True, options=CONNECTION_OPTIONS) as connection:
                    while not _takes_lock(connection):
                        if stop.wait(self._breath_seconds):
                            return
                    _log.info("following accounts")
                    asyncio.run(self._follow(connection, stop))
            except (psycopg.Error, TruenavError) as error:
                _log.warning("not following accounts", reason=str(error))

    async def _follow(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        """Until ``stop`` is set or the lock's connection is lost."""
        from truenav.app.sources.follower import AccountFollower  # loads what connectors need

        seed = int(self._house.clock.now().timestamp())
        following = asyncio.create_task(AccountFollower(self._house, seed=seed).run())
        try:
            while not stop.is_set() and not following.done():
                await asyncio.to_thread(connection.execute, "SELECT 1")
                await asyncio.sleep(self._breath_seconds)
            if following.done():
                following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def _takes_lock(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", _LOCK).fetchone()
    return row == (True,)
