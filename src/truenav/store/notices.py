"""Notices and where they go: an outbox, written with what it tells, emptied by a worker.

A notice's id says what it is about, so the same news twice is one notice. Each goes to every channel that
wants its kind of event; a delivery is tried until it is taken or given up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert

from truenav.core.failure import NotFoundError
from truenav.core.ids import UserId
from truenav.store.database import Session
from truenav.store.tables import allowed_host, notice, notice_channel, notice_delivery


class ChannelKind(StrEnum):
    """How a channel delivers."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class ChannelNotFoundError(NotFoundError):
    """There is no such channel, or it is somebody else's."""

    code = "channel-not-found"


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to tell; ``user_id`` None: the tenant's own. ``target`` is an address or a URL."""

    id: str
    user_id: UserId | None
    kind: ChannelKind
    target: str
    events: tuple[str, ...]
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of news; ``body`` is canonical JSON text of what it names."""

    id: str
    event: str
    subject: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice on its way through one channel. ``attempts`` counts those made."""

    notice: Notice
    channel: Channel
    state: DeliveryState
    attempts: int
    next_at: datetime
    sent_at: datetime | None
    error: str | None


def add_channel(session: Session, channel: Channel) -> None:
    """Keep a new channel."""
    values = {name: getattr(channel, name) for name in Channel.__dataclass_fields__}
    session.execute(plain_insert(notice_channel).values({**values, "events": list(channel.events)}))


def change_channel(
    session: Session, id: str, *, owner: UserId | None, events: Sequence[str], enabled: bool
) -> Channel:
    """Change what one's own (None: the tenant's) channel tells."""
    done = session.execute(
        update(notice_channel).where(_owned(id, owner)).values(events=list(events), enabled=enabled)
    )
    if not done.rowcount:
        raise _not_found(id)
    return _channel(session.execute(select(notice_channel).where(_owned(id, owner))).one())


def remove_channel(session: Session, id: str, *, owner: UserId | None) -> None:
    """Forget a channel and what was still to go through it."""
    if not session.execute(delete(notice_channel).where(_owned(id, owner))).rowcount:
        raise _not_found(id)


def find_channel(session: Session, id: str, *, reader: UserId, tenants: bool) -> Channel:
    """One's own channel, or one of the tenant's where the reader may see them."""
    for channel in list_channels(session, reader=reader, tenants=tenants):
        if channel.id == id:
            return channel
    raise _not_found(id)


def list_channels(session: Session, *, reader: UserId, tenants: bool) -> tuple[Channel, ...]:
    """One's own channels, and with ``tenants`` the tenant's own."""
    mine = notice_channel.c.user_id == reader
    wanted = mine | notice_channel.c.user_id.is_(None) if tenants else mine
    rows = session.execute(select(notice_channel).where(wanted).order_by(notice_channel.c.created_at))
    return tuple(_channel(row) for row in rows)


def enabled_channels(session: Session) -> tuple[Channel, ...]:
    """Every channel of the tenant that is switched on."""
    rows = session.execute(select(notice_channel).where(notice_channel.c.enabled))
    return tuple(_channel(row) for row in rows)


def add(session: Session, found: Notice, channels: Collection[Channel]) -> bool:
    """Put a notice into the outbox for these channels; False where it is known already."""
    values = {name: getattr(found, name) for name in Notice.__dataclass_fields__}
    new = insert(notice).values(values).on_conflict_do_nothing().returning(notice.c.id)
    if session.execute(new).one_or_none() is None:
        return False
    rows = [
        {
            "notice_id": found.id,
            "channel_id": channel.id,
            "state": DeliveryState.WAITING,
            "attempts": 0,
            "next_at": found.at,
        }
        for channel in channels
    ]
    if rows:
        session.execute(plain_insert(notice_delivery), rows)
    return True


def known(session: Session, ids: Collection[str]) -> frozenset[str]:
    """Which of these notices exist."""
    return frozenset(session.scalars(select(notice.c.id).where(notice.c.id.in_(list(ids)))))


def any_due(session: Session, now: datetime) -> bool:
    """Whether a delivery is to be tried now."""
    return bool(due(session, now, limit=1))


def due(session: Session, now: datetime, *, limit: int = 50) -> tuple[Delivery, ...]:
    """Deliveries to be tried now, the longest waiting first."""
    query = _deliveries().where(_due(now), notice_channel.c.enabled)
    return tuple(
        _delivery(row) for row in session.execute(query.order_by(notice_delivery.c.next_at).limit(limit))
    )


def list_deliveries(session: Session, *, reader: UserId, tenants: bool, limit: int) -> tuple[Delivery, ...]:
    """The latest deliveries through one's own channels, and with ``tenants`` the tenant's."""
    mine = notice_channel.c.user_id == reader
    wanted = mine | notice_channel.c.user_id.is_(None) if tenants else mine
    query = _deliveries().where(wanted).order_by(notice.c.at.desc(), notice.c.id, notice_channel.c.id)
    return tuple(_delivery(row) for row in session.execute(query.limit(limit)))


def settle(
    session: Session,
    delivery: Delivery,
    state: DeliveryState,
    *,
    next_at: datetime,
    sent_at: datetime | None = None,
    error: str | None = None,
) -> None:
    """Write down how an attempt ended."""
    session.execute(
        update(notice_delivery)
        .where(
            notice_delivery.c.notice_id == delivery.notice.id,
            notice_delivery.c.channel_id == delivery.channel.id,
        )
        .values(state=state, attempts=delivery.attempts + 1, next_at=next_at, sent_at=sent_at, error=error)
    )


def allow_host(session: Session, host: str, *, by: str, at: datetime) -> None:
    """Let notices go to a host that is not public; twice is once."""
    values = {"host": host, "allowed_by": by, "allowed_at": at}
    session.execute(insert(allowed_host).values(values).on_conflict_do_nothing())


def forbid_host(session: Session, host: str) -> bool:
    """Take that back; False where it was not allowed."""
    return bool(session.execute(delete(allowed_host).where(allowed_host.c.host == host)).rowcount)


def allowed_hosts(session: Session) -> tuple[str, ...]:
    """The hosts that are allowed, by name."""
    return tuple(session.scalars(select(allowed_host.c.host).order_by(allowed_host.c.host)))


def _owned(id: str, owner: UserId | None) -> ColumnElement[bool]:
    whose = notice_channel.c.user_id.is_(None) if owner is None else notice_channel.c.user_id == owner
    return (notice_channel.c.id == id) & whose


def _due(now: datetime) -> ColumnElement[bool]:
    return (notice_delivery.c.state == DeliveryState.WAITING) & (notice_delivery.c.next_at <= now)


def _deliveries() -> Select[Any]:
    channel = [column.label(f"via_{column.name}") for column in notice_channel.c]
    return (
        select(notice_delivery, notice.c.event, notice.c.subject, notice.c.body, notice.c.at, *channel)
        .join(notice, notice.c.id == notice_delivery.c.notice_id)
        .join(notice_channel, notice_channel.c.id == notice_delivery.c.channel_id)
    )


def _not_found(id: str) -> ChannelNotFoundError:
    return ChannelNotFoundError(f"There is no channel {id[:60]!r} of yours. List those that exist.")


def _channel(row: Row[Any], prefix: str = "") -> Channel:
    found = {name: getattr(row, f"{prefix}{name}") for name in Channel.__dataclass_fields__}
    return Channel(**{**found, "kind": ChannelKind(found["kind"]), "events": tuple(found["events"])})


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        notice=Notice(row.notice_id, row.event, row.subject, row.body, row.at),
        channel=_channel(row, "via_"),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_at=row.next_at,
        sent_at=row.sent_at,
        error=row.error,
    )
