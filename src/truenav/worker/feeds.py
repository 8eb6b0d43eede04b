"""What one worker follows for all: it holds a lock of the database, and lets all go when it loses it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
import structlog

from truenav.app.house import House
from truenav.core.failure import TruenavError
from truenav.worker.leader import CONNECTION_OPTIONS

BREATH_SECONDS = 1.0
"""How often the lock is looked after, and another worker asks for it."""

_OURS = 0x74727565  # "true"

_log = structlog.get_logger(__name__)


class Follower(Protocol):
    """What follows until it is cancelled."""

    async def run(self) -> None:
        """Until cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Feed:
    """Something to follow: what it is called, the number of its lock, and what follows it."""

    name: str
    lock: int
    follower: Callable[[House], Follower]


def _accounts(house: House) -> Follower:
    from truenav.app.sources.follower import AccountFollower  # loads what connectors need

    return AccountFollower(house, seed=int(house.clock.now().timestamp()))


def _products(house: House) -> Follower:
    from truenav.app.etp.live.follower import ProductFollower  # loads what connectors need

    return ProductFollower(house)


def _baskets(house: House) -> Follower:
    from truenav.app.baskets.follower import BasketFollower  # loads what connectors need

    return BasketFollower(house)


ACCOUNTS = Feed("accounts", 0x66656564, _accounts)  # "feed"
PRODUCTS = Feed("products", 0x70726F64, _products)  # "prod"
BASKETS = Feed("baskets", 0x6261736B, _baskets)  # "bask"


class Feeds:
    """Follows a feed when nobody else does, from a thread and an event loop of its own.

    Two that believe to hold the lock, for a moment, do no harm: gathering twice states nothing twice, and a
    chapter of a product is written once.
    """

    def __init__(
        self, house: House, queue_dsn: str, feed: Feed, *, breath_seconds: float = BREATH_SECONDS
    ) -> None:
        self._house = house
        self._feed = feed
        self._dsn = queue_dsn
        self._breath_seconds = breath_seconds

    def run(self, stop: threading.Event) -> None:
        """Stand ready, follow, and stand ready again after a lost connection, until ``stop`` is set."""
        while not stop.wait(self._breath_seconds):
            try:
                with psycopg.connect(self._dsn, autocommit=True, options=CONNECTION_OPTIONS) as connection:
                    while not _takes_lock(connection, self._feed.lock):
                        if stop.wait(self._breath_seconds):
                            return
                    _log.info("following", what=self._feed.name)
                    asyncio.run(self._follow(connection, stop))
            except (psycopg.Error, TruenavError) as error:
                _log.warning("not following", what=self._feed.name, reason=str(error))

    async def _follow(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        """Until ``stop`` is set or the lock's connection is lost."""
        following = asyncio.create_task(self._feed.follower(self._house).run())
        try:
            while not stop.is_set() and not following.done():
                await asyncio.to_thread(connection.execute, "SELECT 1")
                await asyncio.sleep(self._breath_seconds)
            if following.done():
                following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def _takes_lock(connection: psycopg.Connection[Any], lock: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [_OURS, lock]).fetchone()
    return row == (True,)
