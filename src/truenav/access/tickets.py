"""Tickets: random tokens that allow one thing, once, for a short while. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from truenav.core.failure import InvalidInputError, UnauthenticatedError
from truenav.core.ids import TenantId, UserId, parse_slug
from truenav.store import logins
from truenav.store.database import Session, tenant_of
from truenav.store.logins import Ticket

DOOR = TenantId("truenav-door")
"""Holds what belongs to nobody yet: attempts, challenges of unknown people, the first run's token."""

Purpose = Literal["factor", "invitation", "passkey", "passkey-enrolment", "password", "setup", "sign-on"]

LIFETIMES: Mapping[Purpose, timedelta] = {
    "factor": timedelta(minutes=5),
    "invitation": timedelta(hours=72),
    "passkey": timedelta(minutes=5),
    "passkey-enrolment": timedelta(minutes=5),
    "password": timedelta(hours=24),
    "setup": timedelta(days=7),
    "sign-on": timedelta(minutes=10),
}


class TicketRefusedError(UnauthenticatedError):
    """The ticket was used, has expired, or never was."""

    code = "ticket-refused"
    title = "This step has expired"


def issue_ticket(
    session: Session,
    purpose: Purpose,
    *,
    now: datetime,
    user: UserId | None = None,
    body: Mapping[str, Any] | None = None,
) -> str:
    """A new ticket of the transaction's tenant; its token names the tenant, so that it can be found again."""
    token = f"{tenant_of(session)}.{secrets.token_urlsafe(32)}"
    ticket = Ticket(purpose, user, body or {}, now + LIFETIMES[purpose])
    logins.add_ticket(session, _hash(token), ticket, at=now)
    return token


def tenant_of_ticket(token: str) -> TenantId:
    """In whose transaction a ticket can be looked at; says nothing about whether it is good."""
    try:
        return TenantId(parse_slug(token.partition(".")[0], what="ticket"))
    except InvalidInputError as error:
        raise _refused() from error


def look_at_ticket(session: Session, token: str, *purposes: Purpose, now: datetime) -> Ticket:
    """A ticket that can still be used; nobody else can use it until the transaction ends.

    Raises ``TicketRefusedError``.
    """
    ticket = logins.find_ticket(session, _hash(token), now=now)
    if ticket is None or ticket.purpose not in purposes:
        raise _refused()
    return ticket


def use_ticket(session: Session, token: str, *purposes: Purpose, now: datetime) -> Ticket:
    """The ticket, which is used up when the transaction commits."""
    ticket = look_at_ticket(session, token, *purposes, now=now)
    logins.use_ticket(session, _hash(token), at=now)
    return ticket


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _refused() -> TicketRefusedError:
    return TicketRefusedError("This link or step was used, replaced or has expired; begin again.")
