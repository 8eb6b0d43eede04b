"""Keeping channels, the mail server, and the hosts that notices may go to."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import asdict

from truenav.access.policy import Principal, authorize, may
from truenav.app.house import House
from truenav.app.notices.delivery import MAIL_SECRET, channel_secret_name
from truenav.app.notices.events import Event
from truenav.connect.notify.mail import MailServer, parse_mail_address
from truenav.connect.notify.webhook import parse_webhook_url
from truenav.core.canonical import canonical_json
from truenav.core.failure import ForbiddenError, InvalidInputError, NotFoundError
from truenav.core.ids import UserId
from truenav.store import audit, notices, users
from truenav.store.database import Session
from truenav.store.notices import Channel, ChannelKind, Notice

MOST_CHANNELS = 20
"""Of one person, and of the tenant."""


class ForeignMailError(ForbiddenError):
    """People's own notices go to their own address."""

    code = "foreign-mail"
    title = "Not your own address"


def add_channel(
    session: Session,
    house: House,
    principal: Principal,
    *,
    kind: ChannelKind,
    target: str,
    events: Collection[Event],
    for_tenant: bool,
) -> tuple[Channel, str | None]:
    """A new channel, and the secret that signs its webhooks (shown once; None for mail)."""
    authorize(principal, "notice:manage" if for_tenant else "notice:write")
    owner = None if for_tenant else principal.user
    present = [
        one
        for one in notices.list_channels(session, reader=principal.user, tenants=True)
        if one.user_id == owner
    ]
    if len(present) >= MOST_CHANNELS:
        raise InvalidInputError(f"There are {MOST_CHANNELS} channels already; remove one first.")
    now = house.clock.now()
    channel = Channel(
        id=secrets.token_hex(8),
        user_id=owner,
        kind=kind,
        target=_parse_target(session, kind, target, owner),
        events=_parse_events(events),
        enabled=True,
        created_at=now,
    )
    notices.add_channel(session, channel)
    secret = None
    if kind is ChannelKind.WEBHOOK:
        secret = secrets.token_hex(32)
        house.vault.put(session, channel_secret_name(channel.id), secret.encode(), at=now)
    _told(session, house, principal, "notice.channel-added", channel.id)
    return channel, secret


def change_channel(
    session: Session,
    house: House,
    principal: Principal,
    id: str,
    *,
    events: Collection[Event],
    enabled: bool,
) -> Channel:
    """Change what one's own channel tells; the tenant's needs ``notice:manage``."""
    owner = _owner_of(session, principal, id)
    changed = notices.change_channel(session, id, owner=owner, events=_parse_events(events), enabled=enabled)
    _told(session, house, principal, "notice.channel-changed", id)
    return changed


def remove_channel(session: Session, house: House, principal: Principal, id: str) -> None:
    """Forget a channel and its secret."""
    notices.remove_channel(session, id, owner=_owner_of(session, principal, id))
    house.vault.delete(session, channel_secret_name(id))
    _told(session, house, principal, "notice.channel-removed", id)


def send_test(session: Session, house: House, principal: Principal, id: str) -> Notice:
    """Send a notice that says no more than that the channel works."""
    _owner_of(session, principal, id)
    channel = notices.find_channel(session, id, reader=principal.user, tenants=sees_tenants(principal))
    now = house.clock.now()
    found = Notice(f"{Event.TEST}:{id}:{secrets.token_hex(4)}", Event.TEST, id, "{}", now)
    notices.add(session, found, [channel])
    return found


def put_mail_server(session: Session, house: House, principal: Principal, server: MailServer) -> None:
    """Keep the tenant's mail server, its password encrypted."""
    authorize(principal, "notice:manage")
    parse_mail_address(server.sender)
    house.vault.put(session, MAIL_SECRET, canonical_json(asdict(server)), at=house.clock.now())
    _told(session, house, principal, "notice.mail-server", server.host)


def allow_host(session: Session, house: House, principal: Principal, host: str) -> None:
    """Let notices go to a host that is not public."""
    authorize(principal, "notice:manage")
    notices.allow_host(session, host, by=principal.user, at=house.clock.now())
    _told(session, house, principal, "notice.host-allowed", host)


def forbid_host(session: Session, house: House, principal: Principal, host: str) -> None:
    """Take that back."""
    authorize(principal, "notice:manage")
    if not notices.forbid_host(session, host):
        raise NotFoundError(f"{host[:100]!r} is not among the allowed hosts.")
    _told(session, house, principal, "notice.host-forbidden", host)


def sees_tenants(principal: Principal) -> bool:
    """Whether somebody sees the tenant's own channels."""
    return may(principal, "notice:manage")


def _owner_of(session: Session, principal: Principal, id: str) -> UserId | None:
    tenants = sees_tenants(principal)
    return notices.find_channel(session, id, reader=principal.user, tenants=tenants).user_id


def _parse_target(session: Session, kind: ChannelKind, target: str, owner: UserId | None) -> str:
    if kind is ChannelKind.WEBHOOK:
        parse_webhook_url(target)
        return target
    address = parse_mail_address(target)
    if owner is not None and address.lower() != users.get_user(session, owner).email.lower():
        raise ForeignMailError("Your own notices go to the address that you log in with.")
    return address


def _parse_events(events: Collection[Event]) -> tuple[str, ...]:
    wanted = sorted(set(events) - {Event.TEST})
    if not wanted:
        raise InvalidInputError("Choose at least one kind of event.")
    return (*wanted, Event.TEST)


def _told(session: Session, house: House, principal: Principal, action: str, subject: str) -> None:
    audit.append(
        session, actor=principal.user, action=action, subject=subject, at=house.clock.now(), detail={}
    )
