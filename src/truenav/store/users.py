"""People of a tenant: users, their log-in sessions and API tokens. Only hashes of tokens are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Row, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import TenantId, UserId
from truenav.store.database import Session
from truenav.store.tables import api_token, app_user, login_session, tenant

_FIND_SESSION = text("SELECT * FROM find_session(:hash)")
_ENTER_BY_SESSION = text(
    "SELECT s.*, set_config('truenav.tenant', s.tenant_id, true) FROM find_session(:hash) s"
)
_ENTER_BY_TOKEN = text(
    "SELECT k.*, set_config('truenav.tenant', k.tenant_id, true) FROM find_api_token(:hash) k"
)


class TakenError(ConflictError):
    """The name or address is in use."""

    code = "already-exists"
    title = "It exists already"


class UserNotFoundError(NotFoundError):
    """There is no such user, session or token in this tenant."""

    code = "user-not-found"


@dataclass(frozen=True, slots=True)
class User:
    """One person of one tenant."""

    id: UserId
    name: str
    email: str
    password_hash: str
    roles: tuple[str, ...]
    disabled_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FoundUser:
    """Who may log in with an address; found before the tenant is known."""

    tenant: TenantId
    user_id: UserId
    password_hash: str
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundSession:
    """Whose log-in session a token opens; found before the tenant is known."""

    tenant: TenantId
    user_id: UserId
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    authenticated_at: datetime
    limited: str | None


@dataclass(frozen=True, slots=True)
class SessionProof:
    """How and from where a session was opened. ``limited``: what its user must mend before anything else."""

    methods: tuple[str, ...] = ("password",)
    address: str = "unknown"
    agent: str = ""
    limited: str | None = None


@dataclass(frozen=True, slots=True)
class LogInSession:
    """A session as its user sees it; ``id`` is the beginning of its hash and opens nothing."""

    id: str
    token_hash: bytes
    user_id: UserId
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    authenticated_at: datetime
    proof: SessionProof


@dataclass(frozen=True, slots=True)
class FoundToken:
    """Whose API token this is; found before the tenant is known."""

    tenant: TenantId
    token_id: str
    user_id: UserId
    scopes: tuple[str, ...]
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token as its owner sees it: everything but the token."""

    id: str
    user_id: UserId
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def create_tenant(session: Session, name: str, *, at: datetime) -> None:
    """Register the tenant of this transaction; `TakenError` when it exists."""
    _insert(session, insert(tenant).values(name=name, created_at=at), f"The tenant {name!r} exists already.")


def create_user(session: Session, user: User) -> None:
    """Add a user; `TakenError` when the id or e-mail address is in use."""
    values = {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "password_hash": user.password_hash,
        "roles": list(user.roles),
        "disabled_at": user.disabled_at,
        "created_at": user.created_at,
    }
    _insert(session, insert(app_user).values(values), f"A user {user.id!r} or {user.email!r} exists already.")


def get_user(session: Session, id: UserId) -> User:
    """One user; `UserNotFoundError` when there is none."""
    row = session.execute(select(app_user).where(app_user.c.id == id)).one_or_none()
    if row is None:
        raise UserNotFoundError(f"There is no user {id!r}.")
    return _user(row)


def list_users(session: Session) -> tuple[User, ...]:
    """All users of the tenant, by id."""
    return tuple(_user(row) for row in session.execute(select(app_user).order_by(app_user.c.id)))


def change_user(
    session: Session,
    id: UserId,
    *,
    name: str | None = None,
    password_hash: str | None = None,
    roles: Sequence[str] | None = None,
) -> None:
    """Change what is given; `UserNotFoundError` when there is no such user."""
    given = {"name": name, "password_hash": password_hash, "roles": roles and list(roles)}
    values = {key: value for key, value in given.items() if value is not None}
    _must_hit(session.execute(update(app_user).where(app_user.c.id == id).values(values)), id)


def disable_user(session: Session, id: UserId, *, at: datetime | None) -> None:
    """Lock a user out from ``at`` on, or let them in again with None; sessions and tokens are revoked."""
    _must_hit(session.execute(update(app_user).where(app_user.c.id == id).values(disabled_at=at)), id)
    if at is not None:
        for table in (login_session, api_token):
            session.execute(
                update(table).where(table.c.user_id == id, table.c.revoked_at.is_(None)).values(revoked_at=at)
            )


def find_users(session: Session, email: str) -> tuple[FoundUser, ...]:
    """Who may log in with this address, in any tenant. Works in `Database.lookup`."""
    rows = session.execute(text("SELECT * FROM find_users(:email)"), {"email": email})
    return tuple(FoundUser(*row) for row in rows)


def create_session(
    session: Session,
    token_hash: bytes,
    user_id: UserId,
    *,
    at: datetime,
    expires_at: datetime,
    proof: SessionProof = SessionProof(),
) -> None:
    """Open a log-in session for whoever holds the token with this SHA-256."""
    values = {
        "token_hash": token_hash,
        "user_id": user_id,
        "created_at": at,
        "last_seen_at": at,
        "expires_at": expires_at,
        "authenticated_at": at,
        "methods": list(proof.methods),
        "address": proof.address,
        "agent": proof.agent,
        "limited": proof.limited,
    }
    session.execute(insert(login_session).values(**values))


def list_sessions(session: Session, user_id: UserId, *, now: datetime) -> tuple[LogInSession, ...]:
    """A user's sessions that were neither ended nor have expired, newest first."""
    query = (
        select(login_session)
        .where(
            login_session.c.user_id == user_id,
            login_session.c.revoked_at.is_(None),
            login_session.c.expires_at > now,
        )
        .order_by(login_session.c.created_at.desc(), login_session.c.token_hash)
    )
    return tuple(
        LogInSession(
            id=row.token_hash.hex()[:16],
            token_hash=row.token_hash,
            user_id=row.user_id,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            authenticated_at=row.authenticated_at,
            proof=SessionProof(tuple(row.methods), row.address, row.agent, row.limited),
        )
        for row in session.execute(query)
    )


def find_session(session: Session, token_hash: bytes) -> FoundSession | None:
    """The log-in session of a token, in any tenant. Works in `Database.lookup`."""
    row = session.execute(_FIND_SESSION, {"hash": token_hash}).one_or_none()
    return None if row is None else FoundSession(*row)


def enter_by_session(session: Session, token_hash: bytes) -> FoundSession | None:
    """`find_session`, and the transaction goes on in the name of its tenant, as by `database.enter`."""
    row = session.execute(_ENTER_BY_SESSION, {"hash": token_hash}).one_or_none()
    return None if row is None else FoundSession(*row[:-1])


def touch_session(session: Session, token_hash: bytes, *, at: datetime) -> None:
    """Note that a log-in session was used."""
    found = login_session.c.token_hash == token_hash
    session.execute(update(login_session).where(found).values(last_seen_at=at))


def revoke_session(session: Session, token_hash: bytes, *, at: datetime) -> None:
    """End a log-in session; one that ended already keeps its time."""
    open_one = (login_session.c.token_hash == token_hash) & login_session.c.revoked_at.is_(None)
    session.execute(update(login_session).where(open_one).values(revoked_at=at))


def create_token(session: Session, token: ApiToken, token_hash: bytes) -> None:
    """Add an API token, known by its SHA-256."""
    values = {
        "id": token.id,
        "token_hash": token_hash,
        "user_id": token.user_id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
    _insert(session, insert(api_token).values(values), f"A token {token.id!r} exists already.")


def enter_by_token(session: Session, token_hash: bytes) -> FoundToken | None:
    """The API token with this SHA-256, in any tenant; the transaction goes on in the name of that one."""
    row = session.execute(_ENTER_BY_TOKEN, {"hash": token_hash}).one_or_none()
    if row is None:
        return None
    return FoundToken(
        row.tenant_id, row.token_id, row.user_id, tuple(row.scopes), row.expires_at, row.revoked_at
    )


def list_tokens(session: Session, user_id: UserId | None = None) -> tuple[ApiToken, ...]:
    """The API tokens of a user, or of all users, by id."""
    query = select(api_token).order_by(api_token.c.id)
    if user_id is not None:
        query = query.where(api_token.c.user_id == user_id)
    return tuple(
        ApiToken(
            row.id,
            row.user_id,
            row.name,
            tuple(row.scopes),
            row.created_at,
            row.expires_at,
            row.revoked_at,
        )
        for row in session.execute(query)
    )


def revoke_token(session: Session, id: str, *, at: datetime) -> None:
    """End an API token; `UserNotFoundError` when there is none, or it ended already."""
    open_one = (api_token.c.id == id) & api_token.c.revoked_at.is_(None)
    _must_hit(session.execute(update(api_token).where(open_one).values(revoked_at=at)), id)


def _user(row: Row[Any]) -> User:
    return User(
        row.id,
        row.name,
        row.email,
        row.password_hash,
        tuple(row.roles),
        row.disabled_at,
        row.created_at,
    )


def _insert(session: Session, statement: Any, refusal: str) -> None:
    try:
        with session.begin_nested():
            session.execute(statement)
    except IntegrityError as error:
        raise TakenError(f"{refusal} Choose another.") from error


def _must_hit(result: CursorResult[Any], id: str) -> None:
    if result.rowcount == 0:
        raise UserNotFoundError(f"There is no {id!r} here to change. Check the name.")
