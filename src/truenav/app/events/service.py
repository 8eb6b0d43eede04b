"""News inside one tenant, from whoever commits a change to everybody who is looking."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from truenav.core.failure import UnavailableError
from truenav.core.ids import TenantId
from truenav.store.changes import NEWS as CHANNEL
from truenav.store.database import Session, listen, notify

News = Mapping[str, Any]
"""A ``kind``, and names and states."""

LARGEST_BACKLOG = 1000

_log = structlog.get_logger("truenav.events")


def announce(session: Session, kind: str, **names: str) -> None:
    """Tell whoever is looking, once the transaction commits: ``announce(session, "job", id=..., state=...)``.

    News carry names and states only; who wants more reads it, and is authorised then.
    """
    notify(session, CHANNEL, {"kind": kind, **names})


class StreamsFullError(UnavailableError):
    """As many people are looking as the server allows."""

    code = "streams-full"
    title = "Too many open streams"


@dataclass(slots=True)
class _Line:
    """One tenant's connection to the database, shared by all who look, and their queues."""

    task: asyncio.Task[None]
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    queues: set[asyncio.Queue[News | None]] = field(default_factory=set)


class EventHub:
    """Hands a tenant's news to any number of streams over one database connection a tenant.

    Lives in the server's event loop. A stream that does not keep up, and every stream when the database
    goes away, is ended rather than left with a gap.
    """

    def __init__(self, dsn: str, *, max_streams: int = 200) -> None:
        self._dsn = dsn
        self._max_streams = max_streams
        self._lines: dict[TenantId, _Line] = {}
        self.streams = 0

    @contextlib.asynccontextmanager
    async def subscribe(self, tenant: TenantId) -> AsyncIterator[asyncio.Queue[News | None]]:
        """A queue of the tenant's news from now on; None in it is the end. Raises ``StreamsFullError``."""
        if self.streams >= self._max_streams:
            raise StreamsFullError(f"All {self._max_streams} event streams are in use; try again later.")
        self.streams += 1
        queue: asyncio.Queue[News | None] = asyncio.Queue(LARGEST_BACKLOG)
        line = self._lines.get(tenant) or self._open(tenant)
        line.queues.add(queue)
        try:
            await line.ready.wait()
            yield queue
        finally:
            self.streams -= 1
            line.queues.discard(queue)
            if not line.queues:
                self._close(tenant, line)

    def tenants(self) -> frozenset[TenantId]:
        """The tenants of whom somebody is looking."""
        return frozenset(self._lines)

    def tell(self, tenant: TenantId, kind: str, **names: str) -> None:
        """News for the streams of this process alone, about what this process alone knows."""
        line = self._lines.get(tenant)
        for queue in () if line is None else tuple(line.queues):
            _hand_on(queue, {"kind": kind, **names})

    async def close(self) -> None:
        """End every stream."""
        lines = dict(self._lines)
        for tenant, line in lines.items():
            self._close(tenant, line)
        await asyncio.gather(*(line.task for line in lines.values()), return_exceptions=True)

    def _open(self, tenant: TenantId) -> _Line:
        line = _Line(asyncio.get_running_loop().create_task(self._follow(tenant)))
        self._lines[tenant] = line
        return line

    def _close(self, tenant: TenantId, line: _Line) -> None:
        if self._lines.get(tenant) is line:
            del self._lines[tenant]
        line.task.cancel()

    async def _follow(self, tenant: TenantId) -> None:
        """Read the tenant's news and hand them on, until nobody looks or the database goes away."""
        line = self._lines[tenant]
        try:
            async for news in listen(self._dsn, CHANNEL, tenant):
                line.ready.set()
                if news is not None:
                    for queue in tuple(line.queues):
                        _hand_on(queue, news)
        except UnavailableError as error:
            _log.warning("event streams ended", tenant=tenant, reason=error.message)
        finally:
            if self._lines.get(tenant) is line:
                del self._lines[tenant]
            line.ready.set()
            for queue in line.queues:
                _hand_on(queue, None)


def _hand_on(queue: asyncio.Queue[News | None], news: News | None) -> None:
    """Queue the news; a full queue is emptied and ended, its reader reads anew."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        news = None
    queue.put_nowait(news)
