"""Keeps streams open for the tenants of whom somebody is looking, and their figures at the latest marks.

It lives where the server lives. A stream is opened only for a venue that the tenant has an enabled connection
to, and only for prices that a fund on screen is valued by.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from starlette.concurrency import run_in_threadpool

from truenav.app.events.service import EventHub
from truenav.app.house import House
from truenav.app.marks.board import MarkBoard, MarkBoards
from truenav.app.marks.market import LiveMarket, VenueKey, narrowed
from truenav.app.sources.context import parse_context
from truenav.app.sources.model import Connection
from truenav.calc.pricing.quotes import QuoteKey
from truenav.connect.contract import ParseContext, StreamingConnector
from truenav.connect.registry import connector, installed
from truenav.connect.streaming import MarketHealth, StreamState
from truenav.core.asset import AssetBook
from truenav.core.facts import Fact
from truenav.core.failure import TruenavError
from truenav.core.ids import NodeId, TenantId
from truenav.core.instrument import InstrumentBook
from truenav.store import definitions, roles
from truenav.store.changes import changed_since, snapshot_of
from truenav.store.database import Session
from truenav.store.definitions import Kind

LOOK_SECONDS = 1.0
"""How often it is asked who looks at what."""

LINGER_SECONDS = 15.0
"""Streams stay so long after the last look: a page that is opened anew finds them standing."""

FASTEST_SECONDS = 0.25
SLOWEST_SECONDS = 0.75
STREAMS_A_SECOND = 100
"""Each valuation makes every open page read; with many of them the valuations come less often, never later
than one sees it."""

SPARING = 2
"""Valuing takes at most one second in three: after a long one the next waits so many times as long."""

_NEEDED = "sources"
_SHOWN_BY = frozenset(("overview", "portfolio", "explore"))

_log = structlog.get_logger("truenav.marks")


class FollowedViews(Protocol):
    """The figures on screen, which the marks move."""

    def wanted(self, tenant: TenantId) -> frozenset[QuoteKey]:
        """The quotes that move what somebody of the tenant looks at."""
        ...

    def reprice(self, tenant: TenantId) -> tuple[NodeId, ...]:
        """Move the tenant's figures to the board's marks; gives the funds whose figures are new."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What a tenant's definitions say, with the snapshot that they were read in."""

    snapshot: str
    venues: frozenset[VenueKey]
    context: ParseContext


_OFF = _Known("", frozenset(), ParseContext(AssetBook((), ()), InstrumentBook(())))
"""What is known where the modules are switched off: no venue."""


@dataclass(slots=True)
class _Follower:
    """One tenant that is looked at."""

    house: House
    hub: EventHub
    views: FollowedViews
    board: MarkBoard
    tenant: TenantId
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    markets: dict[VenueKey, LiveMarket] = field(default_factory=dict)
    adjusted_to: tuple[_Known, frozenset[QuoteKey]] | None = None

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_streams())
                tasks.create_task(self._keep_priced())
        finally:
            for market in self.markets.values():
                await market.close()
            self.board.forget()

    async def _keep_streams(self) -> None:
        """Open and close streams as funds are looked at and connections change."""
        known: _Known | None = None
        while True:
            try:
                known = await run_in_threadpool(self._read, known)
                await self._adjust(known, self.views.wanted(self.tenant))
            except TruenavError as error:
                _log.warning("live marks wait", tenant=self.tenant, reason=error.message)
            self._note_standing()
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_priced(self) -> None:
        """Move the views whenever marks moved, at once and then not more often than the pause allows."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.moved.wait()
            self.moved.clear()
            began = time.monotonic()
            try:
                funds = await run_in_threadpool(self.views.reprice, self.tenant)
            except TruenavError as error:
                _log.warning("not repriced", tenant=self.tenant, reason=error.message)
                funds = ()
            for fund in funds:
                self.hub.tell(self.tenant, "valued", fund=fund)
            if funds:
                await asyncio.sleep(pause_after(time.monotonic() - began, self.hub.streams))

    def _read(self, known: _Known | None) -> _Known:
        """The enabled connections to venues with streams, and what parsers need; read when they changed."""
        with self.house.database.transaction(self.tenant, snapshot=True) as session:
            off = roles.modules_off(session)
            if _NEEDED in off or off >= _SHOWN_BY:
                return _OFF
            if known is not None and known is not _OFF and not _changed(session, known.snapshot):
                return known
            connections = definitions.bodies(session, Kind.CONNECTION, Connection)
            venues = frozenset(
                (one.connector, one.base_url or "")
                for one in connections
                if one.enabled and isinstance(installed(one.connector), StreamingConnector)
            )
            return _Known(snapshot_of(session), venues, parse_context(session))

    async def _adjust(self, known: _Known, wanted: frozenset[QuoteKey]) -> None:
        if self.adjusted_to is not None and self.adjusted_to[0] is known and self.adjusted_to[1] == wanted:
            return
        self.adjusted_to = known, wanted
        for venue in known.venues | self.markets.keys():
            source = connector(venue[0])
            assert isinstance(source, StreamingConnector)
            context = narrowed(known.context, venue[0], wanted if venue in known.venues else ())
            market = self.markets.get(venue)
            if market is not None and market.plans == source.market_streams(context):
                continue
            if market is not None:
                await self.markets.pop(venue).close()
            if source.market_streams(context):
                self.markets[venue] = LiveMarket(self.house, venue, source, context, self._take)

    def _take(self, facts: Collection[Fact]) -> None:
        if self.board.take(facts, at=self.house.clock.now()):
            self.moved.set()

    def _note_standing(self) -> None:
        every = [health for market in self.markets.values() if (health := market.health) is not None]
        standing = bool(every) and all(one.state is StreamState.STANDING for one in every)
        if self.board.stand(max(one.since for one in every) if standing else None):
            self.moved.set()


class MarkFollower:
    """The live marks of a server: one follower for each tenant of whom somebody is looking."""

    def __init__(self, house: House, hub: EventHub, views: FollowedViews, boards: MarkBoards) -> None:
        self._house = house
        self._hub = hub
        self._views = views
        self._boards = boards
        self._followers: dict[TenantId, tuple[_Follower, asyncio.Task[None]]] = {}
        self._seen: dict[TenantId, float] = {}

    async def run(self) -> None:
        """Until cancelled; then every stream is closed."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await asyncio.gather(*(self._leave(tenant) for tenant in tuple(self._followers)))

    def health(self, tenant: TenantId) -> Mapping[VenueKey, MarketHealth]:
        """How the streams of a tenant's venues do; a venue that nobody looks at has none."""
        found = self._followers.get(tenant)
        markets = () if found is None else tuple(found[0].markets.items())
        return {venue: health for venue, market in markets if (health := market.health) is not None}

    def every_health(self) -> tuple[MarketHealth, ...]:
        """How all venues' streams do, for measurements."""
        return tuple(health for tenant in tuple(self._followers) for health in self.health(tenant).values())

    async def _look(self) -> None:
        now = time.monotonic()
        self._seen.update(dict.fromkeys(self._hub.tenants(), now))
        for tenant, seen in tuple(self._seen.items()):
            if now - seen > LINGER_SECONDS:
                del self._seen[tenant]
                await self._leave(tenant)
            elif tenant not in self._followers or self._followers[tenant][1].done():
                self._begin(tenant)

    def _begin(self, tenant: TenantId) -> None:
        board = self._boards.of(tenant)
        follower = _Follower(self._house, self._hub, self._views, board, tenant)
        task = asyncio.create_task(follower.run())
        task.add_done_callback(_tell_trouble)
        self._followers[tenant] = (follower, task)

    async def _leave(self, tenant: TenantId) -> None:
        _, task = self._followers.pop(tenant)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def pause_after(seconds: float, streams: int) -> float:
    """Seconds between a valuation that took ``seconds`` and the next, with so many open streams."""
    shared = min(SLOWEST_SECONDS, max(FASTEST_SECONDS, streams / STREAMS_A_SECOND))
    return max(shared, SPARING * seconds)


def _changed(session: Session, snapshot: str) -> bool:
    return changed_since(session, snapshot, ("definition",))


def _tell_trouble(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("live marks ended, they begin anew", exc_info=error)
