"""Channels, what went through them, the mail server, and allowed hosts."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.app.notices import service
from truenav.app.notices.delivery import NoMailServerError, enqueue_notices, read_mail_server
from truenav.app.notices.schemas import (
    ChannelAnswer,
    ChannelBody,
    ChannelChange,
    HostBody,
    MailServerAnswer,
    MailServerBody,
    NoticeAnswer,
    SentAnswer,
)
from truenav.store import notices

router = Router(prefix="/notices", tags=["notices"], module="notices")

ChannelPath = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
HostPath = Annotated[str, Path(max_length=253)]


@router.get("", dependencies=[requires("notice:read", sight="narrowed")])
def list_notices(
    principal: PrincipalDep,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=500, description="Most notices in the list")] = 100,
) -> list[NoticeAnswer]:
    """What was told through one's own channels (administrators: the tenant's too), the latest first."""
    tenants = service.sees_tenants(principal)
    found = notices.list_deliveries(session, reader=principal.user, tenants=tenants, limit=limit)
    return [NoticeAnswer.of(one) for one in found]


@router.get("/channels", dependencies=[requires("notice:read", sight="narrowed")])
def list_channels(principal: PrincipalDep, session: SessionDep) -> list[ChannelAnswer]:
    """One's own channels; administrators see the tenant's too."""
    tenants = service.sees_tenants(principal)
    return [
        ChannelAnswer.of(one)
        for one in notices.list_channels(session, reader=principal.user, tenants=tenants)
    ]


@router.post(
    "/channels",
    status_code=201,
    dependencies=[requires("notice:write", sight="narrowed", secret_answer=True)],
)
def add_channel(
    body: ChannelBody, *, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> ChannelAnswer:
    """Add a channel. The secret of a webhook is shown now and never again."""
    channel, secret = service.add_channel(
        session,
        house,
        principal,
        kind=body.kind,
        target=body.target,
        events=body.events,
        for_tenant=body.for_tenant,
    )
    return ChannelAnswer.of(channel, secret)


@router.put("/channels/{id}", dependencies=[requires("notice:write", sight="narrowed")])
def change_channel(
    id: ChannelPath, body: ChannelChange, *, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> ChannelAnswer:
    """Change what a channel tells, or switch it off."""
    return ChannelAnswer.of(
        service.change_channel(session, house, principal, id, events=body.events, enabled=body.enabled)
    )


@router.delete("/channels/{id}", status_code=204, dependencies=[requires("notice:write", sight="narrowed")])
def remove_channel(id: ChannelPath, house: HouseDep, principal: PrincipalDep, session: SessionDep) -> None:
    """Forget a channel and what was still to go through it."""
    service.remove_channel(session, house, principal, id)


@router.post(
    "/channels/{id}/test", status_code=202, dependencies=[requires("notice:write", sight="narrowed")]
)
def send_test(
    id: ChannelPath, *, house: HouseDep, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> SentAnswer:
    """Have a worker send a test notice; the list of notices shows how it went."""
    sent = service.send_test(session, house, principal, id)
    enqueue_notices(session, now=now)
    return SentAnswer(id=sent.id)


@router.get("/mail-server", dependencies=[requires("notice:manage")], responses=refusals(404))
def get_mail_server(house: HouseDep, session: SessionDep) -> MailServerAnswer:
    """The tenant's mail server, without its password."""
    server = read_mail_server(house, session)
    if server is None:
        raise NoMailServerError("There is no mail server yet.")
    return MailServerAnswer.model_validate(server)


@router.put("/mail-server", dependencies=[requires("notice:manage", secret_request=True)])
def put_mail_server(
    body: MailServerBody, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> MailServerAnswer:
    """Enter the mail server; its password is kept encrypted and never shown."""
    service.put_mail_server(session, house, principal, body.server())
    return MailServerAnswer.model_validate(body.server())


@router.get("/hosts", dependencies=[requires("notice:manage")])
def list_hosts(session: SessionDep) -> list[str]:
    """Hosts that notices may go to although they are not public."""
    return list(notices.allowed_hosts(session))


@router.post("/hosts", status_code=204, dependencies=[requires("notice:manage")])
def allow_host(body: HostBody, house: HouseDep, principal: PrincipalDep, session: SessionDep) -> None:
    """Allow a host, wherever its name leads."""
    service.allow_host(session, house, principal, body.host)


@router.delete("/hosts/{host}", status_code=204, dependencies=[requires("notice:manage")])
def forbid_host(host: HostPath, house: HouseDep, principal: PrincipalDep, session: SessionDep) -> None:
    """Allow it no longer."""
    service.forbid_host(session, house, principal, host)
