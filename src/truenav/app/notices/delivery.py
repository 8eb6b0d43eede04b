"""Emptying the outbox: each delivery on its own, tried again with growing pauses, given up with a word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from truenav.app.house import House
from truenav.app.notices.events import collect
from truenav.app.notices.texts import mail_of, payload_of
from truenav.connect.notify import mail, webhook
from truenav.connect.notify.mail import MailSecurity, MailServer
from truenav.core.failure import NotFoundError, TruenavError
from truenav.core.ids import TenantId
from truenav.store import issues, notices, queue
from truenav.store.database import Session
from truenav.store.issues import Issue
from truenav.store.notices import ChannelKind, Delivery, DeliveryState
from truenav.store.secrets import SecretNotFoundError

DELIVER = "notice.deliver"
ATTEMPTS = 8
"""With pauses that grow fourfold from half a minute to six hours: about a day."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
MAIL_SECRET = "notice.mail"  # noqa: S105 - a name


class NoMailServerError(NotFoundError):
    """The tenant has no mail server yet."""

    code = "no-mail-server"


@dataclass(frozen=True, slots=True)
class _Ways:
    """How the tenant tells: allowed hosts, the mail server, and each webhook's secret."""

    allowed: frozenset[str]
    server: MailServer | None = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)


def enqueue_notices(session: Session, *, now: datetime) -> None:
    """Find what is new in the transaction's tenant, and have a worker deliver what is due."""
    collect(session, now=now)
    if notices.any_due(session, now):
        queue.enqueue(session, DELIVER, {}, subject="notices", at=now, lock=DELIVER, queueing_lock=DELIVER)


def deliver_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: try every delivery that is due. Killed in between, one may go out twice, under the same id."""
    del arguments
    now = house.clock.now()
    with house.database.transaction(tenant) as session:
        waiting = notices.due(session, now)
        ways = _ways(house, session, waiting)
    for delivery in waiting:
        error = _error_of(delivery, ways, now)
        with house.database.transaction(tenant) as session:
            _settle(session, delivery, error, house.clock.now())


def channel_secret_name(channel: str) -> str:
    """Where the vault keeps what signs a channel's webhooks."""
    return f"notice.channel.{channel}"


def read_mail_server(house: House, session: Session) -> MailServer | None:
    """The tenant's mail server; None before there is one."""
    try:
        kept = json.loads(house.vault.get(session, MAIL_SECRET))
    except SecretNotFoundError:
        return None
    return MailServer(**{**kept, "security": MailSecurity(kept["security"])})


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << 2 * min(attempts - 1, 10)))


def _ways(house: House, session: Session, waiting: tuple[Delivery, ...]) -> _Ways:
    hooks = {one.channel.id for one in waiting if one.channel.kind is ChannelKind.WEBHOOK}
    return _Ways(
        frozenset(notices.allowed_hosts(session)),
        read_mail_server(house, session),
        {id: house.vault.get(session, channel_secret_name(id)) for id in hooks},
    )


def _error_of(delivery: Delivery, ways: _Ways, now: datetime) -> TruenavError | None:
    """Try once; what went wrong, or None."""
    channel, notice = delivery.channel, delivery.notice
    try:
        if channel.kind is ChannelKind.MAIL:
            if ways.server is None:
                raise NoMailServerError("There is no mail server; an administrator enters it under Notices.")
            mail.send(ways.server, mail_of(notice, channel.target), at=now, allowed=ways.allowed)
        else:
            hook = webhook.Webhook(channel.target, ways.secrets[channel.id])
            webhook.post(hook, payload_of(notice), notice=notice.id, at=now, allowed=ways.allowed)
    except TruenavError as error:
        return error
    return None


def _settle(session: Session, delivery: Delivery, error: TruenavError | None, now: datetime) -> None:
    if error is None:
        notices.settle(session, delivery, DeliveryState.SENT, next_at=now, sent_at=now)
        return
    attempts = delivery.attempts + 1
    if attempts < ATTEMPTS:
        later = now + pause_after(attempts)
        notices.settle(session, delivery, DeliveryState.WAITING, next_at=later, error=error.message)
        return
    notices.settle(session, delivery, DeliveryState.FAILED, next_at=now, error=error.message)
    issue = Issue(
        id=f"notice-undelivered-{delivery.channel.id}",
        kind="notice_undelivered",
        subject=delivery.channel.id,
        message=f"A notice could not be delivered after {ATTEMPTS} attempts: {error.message}",
        mend="Mend or remove the channel under Notices.",
        opened_at=now,
        blocking=False,
    )
    issues.open_many(session, [issue])
