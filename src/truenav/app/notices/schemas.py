"""Forms of notices on the wire."""

from __future__ import annotations

import json
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from truenav.app.http.models import Answer, Body, Instant
from truenav.app.notices.events import Event
from truenav.connect.notify.mail import MailSecurity, MailServer
from truenav.store.notices import Channel, ChannelKind, Delivery, DeliveryState

Target = Annotated[str, StringConstraints(min_length=3, max_length=500)]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$", max_length=253)]
"""A host name or address, in lower case."""

Events = Annotated[list[Annotated[Event, Field(strict=False)]], Field(min_length=1, max_length=10)]


class ChannelBody(Body):
    """A new channel; ``for_tenant``: the tenant's own, which administrators keep."""

    kind: ChannelKind = Field(strict=False)
    target: Target
    events: Events
    for_tenant: bool = False


class ChannelChange(Body):
    """What a channel tells, and whether it does."""

    events: Events
    enabled: bool


class ChannelAnswer(Answer):
    """A channel. ``secret`` signs its webhooks and is shown once, when it is made."""

    id: str
    kind: ChannelKind
    target: str
    events: list[str]
    enabled: bool
    for_tenant: bool
    created_at: Instant
    secret: str | None = None

    @classmethod
    def of(cls, channel: Channel, secret: str | None = None) -> Self:
        """A channel as the API shows it."""
        return cls(
            id=channel.id,
            kind=channel.kind,
            target=channel.target,
            events=[one for one in channel.events if one != Event.TEST],
            enabled=channel.enabled,
            for_tenant=channel.user_id is None,
            created_at=channel.created_at,
            secret=secret,
        )


class NoticeAnswer(Answer):
    """One notice through one channel; ``about`` names what it tells of."""

    id: str
    event: str
    about: dict[str, str]
    at: Instant
    channel: str
    kind: ChannelKind
    state: DeliveryState
    attempts: int
    next_at: Instant
    sent_at: Instant | None
    error: str | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """A delivery as the API shows it."""
        return cls(
            id=delivery.notice.id,
            event=delivery.notice.event,
            about=json.loads(delivery.notice.body),
            at=delivery.notice.at,
            channel=delivery.channel.id,
            kind=delivery.channel.kind,
            state=delivery.state,
            attempts=delivery.attempts,
            next_at=delivery.next_at,
            sent_at=delivery.sent_at,
            error=delivery.error,
        )


class MailServerBody(Body):
    """Where mails are handed in; ``user`` empty: without a log-in."""

    host: Host
    port: Annotated[int, Field(ge=1, le=65535)]
    security: MailSecurity = Field(strict=False)
    sender: Target
    user: Annotated[str, StringConstraints(max_length=254)] = ""
    password: Annotated[str, StringConstraints(max_length=4096)] = ""

    def server(self) -> MailServer:
        """The server as the mailer takes it."""
        return MailServer(self.host, self.port, self.security, self.sender, self.user, self.password)


class MailServerAnswer(Answer):
    """The tenant's mail server without its password."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    user: str


class HostBody(Body):
    """A host that notices may go to although it is not public."""

    host: Host


class SentAnswer(Answer):
    """The id of a notice that is on its way."""

    id: str
