"""How fresh an account's figures are: told by its venue as they change, or polled.

Whoever follows an account's streams writes down how they do, and goes on doing so; what nobody confirms any
more is not believed, and the account counts as polled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from truenav.connect.streaming import MarketHealth, StreamState
from truenav.core.canonical import canonical_text, decode
from truenav.core.ids import ConnectionId
from truenav.store import progress
from truenav.store.database import Session
from truenav.store.progress import TaskProgress, TaskState

FOLLOW = "source.follow"
"""Kind of the progress that says how the streams of an account do."""
BEAT_SECONDS = 10.0
BELIEVED = timedelta(seconds=3 * BEAT_SECONDS)

_STATES: Mapping[StreamState, TaskState] = {
    StreamState.CONNECTING: TaskState.WAITING,
    StreamState.STANDING: TaskState.RUNNING,
    StreamState.BROKEN: TaskState.FAILED,
}


class Freshness(StrEnum):
    """Whether an account is read as it changes, or when it is gathered."""

    STREAMED = "streamed"
    POLLED = "polled"


def freshness(feed: MarketHealth | None) -> Freshness:
    """What the streams of an account make of it."""
    standing = feed is not None and feed.state is StreamState.STANDING
    return Freshness.STREAMED if standing else Freshness.POLLED


def show_feed(session: Session, connection: ConnectionId, health: MarketHealth, *, at: datetime) -> None:
    """Say how the streams of a connection's account do now."""
    report = TaskProgress(
        id=f"feed:{connection}",
        kind=FOLLOW,
        subject=connection,
        state=_STATES[health.state],
        updated_at=at,
        message=canonical_text(health),
        error=health.trouble or None,
    )
    progress.report(session, report)


def feeds(session: Session, *, now: datetime) -> Mapping[str, MarketHealth]:
    """How the streams of each followed connection's account do; only what is confirmed at this moment."""
    return {
        name: decode(MarketHealth, json.loads(one.message))
        for name, one in progress.latest_parts(session, FOLLOW).items()
        if now - one.updated_at <= BELIEVED
    }
