"""Links that let a person in: an invitation for somebody new, a way back for who forgot the password."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from truenav.access.passwords import NO_PASSWORD, check_password, hash_password
from truenav.access.policy import Principal, Resource, authorize
from truenav.access.sessions import revoke_sessions
from truenav.access.tickets import LIFETIMES, Purpose, issue_ticket, look_at_ticket, use_ticket
from truenav.access.users import NewUser, add_user
from truenav.core.failure import ConflictError
from truenav.core.ids import UserId
from truenav.store import audit, logins
from truenav.store import users as store
from truenav.store.database import Session
from truenav.store.factors import list_factors


@dataclass(frozen=True, slots=True)
class Link:
    """A way in for one user; ``ticket`` is shown here and never again."""

    ticket: str = field(repr=False)
    expires_at: datetime


def invite(session: Session, principal: Principal, new: NewUser, *, now: datetime) -> Link:
    """Add a user who chooses the password by a link (``new`` has none), good for 72 hours and once."""
    user = add_user(session, principal, new, now=now)
    return _link(session, principal, user.id, "invitation", now)


def password_link(session: Session, principal: Principal, user_id: UserId, *, now: datetime) -> Link:
    """A link by which somebody else chooses a new password, good for 24 hours (72 as a new invitation).

    The old password stays good until then; an earlier link does not.
    """
    authorize(principal, "user:write", Resource(principal.tenant, "user", user_id))
    user = store.get_user(session, user_id)
    if user.disabled_at is not None:
        raise ConflictError("The user is disabled; let them in again first.")
    invited = user.password_hash == NO_PASSWORD
    return _link(session, principal, user_id, "invitation" if invited else "password", now)


def look_at_link(session: Session, ticket: str, *, now: datetime) -> tuple[logins.Ticket, store.User]:
    """What a link is for, and whose it is; ``TicketRefusedError`` when it can no longer be used."""
    found = look_at_ticket(session, ticket, "invitation", "password", now=now)
    assert found.user_id is not None
    return found, store.get_user(session, found.user_id)


def use_link(session: Session, ticket: str, password: str, *, now: datetime) -> store.User:
    """Set the password that the link's user chose; ends all of their sessions and uses the link up."""
    found = use_ticket(session, ticket, "invitation", "password", now=now)
    assert found.user_id is not None
    user = store.get_user(session, found.user_id)
    with_factor = bool(list_factors(session, user.id)) or logins.factor_required(session)
    check_password(password, personal=(user.email, user.name, user.id), with_factor=with_factor)
    store.change_user(session, user.id, password_hash=hash_password(password))
    revoke_sessions(session, user.id, now=now)
    audit.append(session, actor=user.id, action=f"{found.purpose}.accept", subject=user.id, at=now)
    return user


def _link(session: Session, principal: Principal, user: UserId, purpose: Purpose, now: datetime) -> Link:
    for earlier in ("invitation", "password"):
        logins.forget_tickets(session, earlier, user)
    ticket = issue_ticket(session, purpose, now=now, user=user)
    audit.append(session, actor=principal.user, action=f"{purpose}.link", subject=user, at=now)
    return Link(ticket, now + LIFETIMES[purpose])
