"""How each connection does: when it last answered, what its last gathering said, what is going on now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from truenav.app.sources.freshness import Freshness, feeds, freshness
from truenav.app.sources.jobs import GATHER_ONE
from truenav.app.sources.model import Connection
from truenav.connect.registry import installed
from truenav.connect.streaming import MarketHealth
from truenav.core.ids import AccountId, ConnectionId, TenantId
from truenav.store import progress
from truenav.store.answers import HOURS, Answers, answers_of
from truenav.store.database import Session
from truenav.store.progress import TaskProgress, TaskState

QUIET = timedelta(hours=24)
"""A connection that answered nothing for so long is told."""


Streams = Mapping[tuple[str, str], MarketHealth]
"""Streams' health by connector and base URL (empty: the venue's own)."""


class SourceState(StrEnum):
    """What to say of a connection, in one word."""

    ANSWERING = "answering"
    FAILED = "failed"
    GATHERING = "gathering"
    QUIET = "quiet"
    NEVER = "never"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One connection as people see it.

    ``delay_seconds`` is how long the newest answer took; ``hourly`` counts the answers of the last 24
    hours, the oldest hour first. ``error`` is why the last gathering failed, ``job`` the one that runs,
    ``stream`` how the live prices of its venue do; None while nobody looks at them. ``freshness`` says
    whether the account is read as it changes, ``feed`` how the streams that tell of it do.
    """

    id: ConnectionId
    connector: str
    title: str
    grade: str
    account: AccountId | None
    state: SourceState
    last_answer_at: datetime | None
    delay_seconds: float | None
    hourly: tuple[int, ...]
    error: str | None
    message: str
    done: int
    total: int | None
    job: str | None
    gathered_at: datetime | None
    stream: MarketHealth | None
    freshness: Freshness
    feed: MarketHealth | None


class StreamWatch(Protocol):
    """Who keeps the streams of this server."""

    def health(self, tenant: TenantId) -> Streams:
        """How the streams of a tenant's venues do."""
        ...


def source_health(
    session: Session, connections: Sequence[Connection], streams: Streams, *, now: datetime
) -> tuple[SourceHealth, ...]:
    """The health of these connections, in their order."""
    known = answers_of(session, {_source(one) for one in connections}, now=now)
    parts = progress.latest_parts(session, GATHER_ONE)
    fed = feeds(session, now=now)
    return tuple(
        _health(
            one,
            known.get(_source(one)),
            parts.get(one.account or one.id),
            streams.get((one.connector, one.base_url or "")),
            fed.get(one.id) if one.enabled else None,
            now=now,
        )
        for one in connections
    )


def _source(connection: Connection) -> tuple[str, str]:
    return connection.connector, connection.account or ""


def _health(
    connection: Connection,
    answers: Answers | None,
    part: TaskProgress | None,
    stream: MarketHealth | None,
    feed: MarketHealth | None,
    *,
    now: datetime,
) -> SourceHealth:
    source = installed(connection.connector)
    latest = None if answers is None else answers.latest
    running = part is not None and part.state in (TaskState.WAITING, TaskState.RUNNING)
    return SourceHealth(
        id=connection.id,
        connector=connection.connector,
        title=connection.connector if source is None else source.manifest.title,
        grade="" if source is None else source.manifest.grade,
        account=connection.account,
        state=_state(connection, None if latest is None else latest.answered_at, part, now=now),
        last_answer_at=None if latest is None else latest.answered_at,
        delay_seconds=None if latest is None else (latest.answered_at - latest.asked_at).total_seconds(),
        hourly=(0,) * HOURS if answers is None else answers.hourly,
        error=None if part is None else part.error,
        message="" if part is None else part.message,
        done=0 if part is None else part.done,
        total=None if part is None else part.total,
        job=part.id.partition(":")[0] if part is not None and running else None,
        gathered_at=None if part is None else part.updated_at,
        stream=stream,
        freshness=freshness(feed),
        feed=feed,
    )


def _state(
    connection: Connection, answered_at: datetime | None, part: TaskProgress | None, *, now: datetime
) -> SourceState:
    if not connection.enabled:
        return SourceState.OFF
    if part is not None and part.state in (TaskState.WAITING, TaskState.RUNNING):
        return SourceState.GATHERING
    if part is not None and part.state is TaskState.FAILED:
        return SourceState.FAILED
    if answered_at is None:
        return SourceState.NEVER
    return SourceState.QUIET if now - answered_at > QUIET else SourceState.ANSWERING
