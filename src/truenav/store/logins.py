"""Around a log-in: attempts, tickets used once, what a user last did, a tenant's rules and single sign-on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from truenav.core.ids import UserId
from truenav.store.database import Session
from truenav.store.tables import (
    login_attempt,
    login_rules,
    login_standing,
    one_time_ticket,
    single_sign_on,
    user_identity,
)

_KEPT_TICKETS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something was tried in vain of late, and until when it is paused."""

    failures: int
    blocked_until: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a one-time ticket allows; whoever holds its token may use it once."""

    purpose: str
    user_id: UserId | None
    body: Mapping[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A user's last log-in, and the failed ones since."""

    failures: int = 0
    logged_in_at: datetime | None = None
    logged_in_from: str | None = None


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """The identity provider of a tenant (OpenID Connect); its client secret lies in the vault.

    ``hosts`` may be asked besides the issuer's own; ``domains`` are those of accepted e-mail addresses;
    ``role_map`` turns values of ``roles_claim`` into roles.
    """

    issuer: str
    client_id: str
    hosts: tuple[str, ...]
    domains: tuple[str, ...]
    roles_claim: str | None
    role_map: Mapping[str, Sequence[str]]
    creates_users: bool
    default_roles: tuple[str, ...]


def lock_attempts(session: Session, keys: Sequence[bytes], *, at: datetime) -> dict[bytes, Attempts]:
    """The counts under these keys, made where there are none and locked until the transaction ends."""
    ordered = sorted(keys)  # everybody locks in the same order
    rows = [{"key": key, "failures": 0, "blocked_until": at, "last_at": at} for key in ordered]
    session.execute(insert(login_attempt).on_conflict_do_nothing(), rows)
    query = select(login_attempt).where(login_attempt.c.key.in_(ordered)).order_by(login_attempt.c.key)
    return {
        row.key: Attempts(row.failures, row.blocked_until, row.last_at)
        for row in session.execute(query.with_for_update())
    }


def keep_attempts(session: Session, key: bytes, attempts: Attempts) -> None:
    """Store a count that was locked."""
    session.execute(
        update(login_attempt)
        .where(login_attempt.c.key == key)
        .values(failures=attempts.failures, blocked_until=attempts.blocked_until, last_at=attempts.last_at)
    )


def forget_attempts(session: Session, keys: Sequence[bytes]) -> None:
    """Forget these counts."""
    session.execute(delete(login_attempt).where(login_attempt.c.key.in_(keys)))


def forget_attempts_before(session: Session, before: datetime) -> None:
    """Forget counts that have rested since ``before``."""
    session.execute(delete(login_attempt).where(login_attempt.c.last_at < before))


def add_ticket(session: Session, token_hash: bytes, ticket: Ticket, *, at: datetime) -> None:
    """Keep a ticket; those that expired long ago are forgotten."""
    session.execute(delete(one_time_ticket).where(one_time_ticket.c.expires_at < at - _KEPT_TICKETS))
    values = {
        "token_hash": token_hash,
        "purpose": ticket.purpose,
        "user_id": ticket.user_id,
        "body": dict(ticket.body),
        "created_at": at,
        "expires_at": ticket.expires_at,
        "used_at": None,
    }
    session.execute(insert(one_time_ticket).values(values))


def find_ticket(session: Session, token_hash: bytes, *, now: datetime) -> Ticket | None:
    """The ticket of a token, if it can still be used; locked until the transaction ends."""
    query = select(one_time_ticket).where(
        one_time_ticket.c.token_hash == token_hash,
        one_time_ticket.c.used_at.is_(None),
        one_time_ticket.c.expires_at > now,
    )
    row = session.execute(query.with_for_update()).one_or_none()
    return None if row is None else Ticket(row.purpose, row.user_id, row.body, row.expires_at)


def use_ticket(session: Session, token_hash: bytes, *, at: datetime) -> None:
    """Nobody can use the ticket again."""
    session.execute(
        update(one_time_ticket).where(one_time_ticket.c.token_hash == token_hash).values(used_at=at)
    )


def forget_tickets(session: Session, purpose: str, user_id: UserId | None = None) -> None:
    """Forget the tickets of one purpose, of one user or of nobody in particular."""
    found = one_time_ticket.c.purpose == purpose
    whose = one_time_ticket.c.user_id.is_(None) if user_id is None else one_time_ticket.c.user_id == user_id
    session.execute(delete(one_time_ticket).where(found, whose))


def standing(session: Session, user_id: UserId) -> Standing:
    """When the user last logged in, and what failed since."""
    row = session.execute(select(login_standing).where(login_standing.c.user_id == user_id)).one_or_none()
    return Standing() if row is None else Standing(row.failures, row.logged_in_at, row.logged_in_from)


def note_failure(session: Session, user_id: UserId) -> None:
    """Count a failed log-in of a user."""
    statement = insert(login_standing).values(user_id=user_id, failures=1)
    keys = [login_standing.c.tenant_id, login_standing.c.user_id]
    more = {"failures": login_standing.c.failures + 1}
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=more))


def note_log_in(session: Session, user_id: UserId, *, at: datetime, address: str) -> None:
    """Note a log-in; failures are counted anew."""
    values = {"failures": 0, "logged_in_at": at, "logged_in_from": address}
    statement = insert(login_standing).values(user_id=user_id, **values)
    keys = [login_standing.c.tenant_id, login_standing.c.user_id]
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def factor_required(session: Session) -> bool:
    """Whether everybody in the tenant needs a second factor."""
    return bool(session.scalar(select(login_rules.c.factor_required)))


def require_factor(session: Session, required: bool) -> None:
    """Ask everybody in the tenant for a second factor, or no longer."""
    statement = insert(login_rules).values(factor_required=required)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[login_rules.c.tenant_id], set_={"factor_required": required}
        )
    )


def get_single_sign_on(session: Session) -> SingleSignOn | None:
    """The tenant's identity provider, if it has one."""
    row = session.execute(select(single_sign_on)).one_or_none()
    if row is None:
        return None
    return SingleSignOn(
        issuer=row.issuer,
        client_id=row.client_id,
        hosts=tuple(row.hosts),
        domains=tuple(row.domains),
        roles_claim=row.roles_claim,
        role_map=row.role_map,
        creates_users=row.creates_users,
        default_roles=tuple(row.default_roles),
    )


def keep_single_sign_on(session: Session, provider: SingleSignOn, *, at: datetime) -> None:
    """Set the tenant's identity provider, in place of an earlier one."""
    values = {
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "hosts": list(provider.hosts),
        "domains": list(provider.domains),
        "roles_claim": provider.roles_claim,
        "role_map": {claim: list(roles) for claim, roles in provider.role_map.items()},
        "creates_users": provider.creates_users,
        "default_roles": list(provider.default_roles),
        "changed_at": at,
    }
    statement = insert(single_sign_on).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=[single_sign_on.c.tenant_id], set_=values))


def forget_single_sign_on(session: Session) -> None:
    """The tenant has no identity provider any more."""
    session.execute(delete(single_sign_on))


def find_identity(session: Session, issuer: str, subject: str) -> UserId | None:
    """The user that a provider knows by this subject."""
    found = (user_identity.c.issuer == issuer) & (user_identity.c.subject == subject)
    return session.scalar(select(user_identity.c.user_id).where(found))


def link_identity(session: Session, issuer: str, subject: str, user_id: UserId, *, at: datetime) -> None:
    """From now on the provider's subject is this user."""
    values = {"issuer": issuer, "subject": subject, "user_id": user_id, "created_at": at}
    session.execute(insert(user_identity).values(values))
