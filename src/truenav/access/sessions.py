"""Log-in sessions: kept on the server, opened by a random token of which only the SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import update

from truenav.access.errors import FreshLogInNeededError
from truenav.core.failure import NotFoundError, UnauthenticatedError
from truenav.core.ids import UserId
from truenav.store import users as store
from truenav.store.database import Session
from truenav.store.tables import login_session

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=1)
FRESH = timedelta(minutes=10)
"""For how long after a proof sensitive changes are allowed: factors, tokens, users, keys."""
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session; the token is shown here and never again."""

    token: str = field(repr=False)
    expires_at: datetime


def hash_token(token: str) -> bytes:
    """SHA-256 of a session or API token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def csrf_token(token: str) -> str:
    """What a browser page must send back with each change; only who got the session's answer knows it."""
    return hashlib.sha256(b"truenav csrf\0" + token.encode("utf-8", "surrogatepass")).hexdigest()


def open_session(
    session: Session, user: UserId, *, now: datetime, proof: store.SessionProof, end: datetime | None = None
) -> OpenedSession:
    """Start a session of at most 12 hours, or one that ends at ``end`` as the one before it would have."""
    opened = OpenedSession(secrets.token_urlsafe(32), end or now + LONGEST)
    store.create_session(
        session, hash_token(opened.token), user, at=now, expires_at=opened.expires_at, proof=proof
    )
    return opened


def check_session(found: store.FoundSession | None, *, now: datetime) -> store.FoundSession:
    """The session if it may still be used: known, not ended, younger than 12 hours, used within the hour."""
    if found is None or found.revoked_at is not None:
        raise UnauthenticatedError("The session is unknown or has ended; log in again.")
    if now >= found.expires_at or now - found.last_seen_at >= IDLE:
        raise UnauthenticatedError("The session has expired; log in again.")
    return found


def is_touch_due(found: store.FoundSession, *, now: datetime) -> bool:
    """Whether the use of the session is to be noted: once a minute, reading must not write each time."""
    return now - found.last_seen_at >= _TOUCH_EVERY


def revoke_sessions(session: Session, user: UserId, *, now: datetime) -> None:
    """End every session of a user."""
    theirs = (login_session.c.user_id == user) & login_session.c.revoked_at.is_(None)
    session.execute(update(login_session).where(theirs).values(revoked_at=now))


def revoke_others(session: Session, user: UserId, keep: str, *, now: datetime) -> None:
    """End every session of a user but the one of this token."""
    theirs = (login_session.c.user_id == user) & login_session.c.revoked_at.is_(None)
    others = theirs & (login_session.c.token_hash != hash_token(keep))
    session.execute(update(login_session).where(others).values(revoked_at=now))


def revoke_one(session: Session, user: UserId, session_id: str, *, now: datetime) -> None:
    """End one session of a user; ``NotFoundError`` when they have no such open one."""
    for one in store.list_sessions(session, user, now=now):
        if one.id == session_id:
            store.revoke_session(session, one.token_hash, at=now)
            return
    raise NotFoundError(f"There is no open session {session_id[:60]!r}; list them to see which are.")


def lift_limits(session: Session, user: UserId) -> None:
    """Let the user's sessions do all that their roles allow: what was missing is there."""
    session.execute(update(login_session).where(login_session.c.user_id == user).values(limited=None))


def refuse_stale(found: store.FoundSession, *, now: datetime) -> None:
    """Refuse a sensitive change unless the user proved within ten minutes who they are."""
    if now - found.authenticated_at > FRESH:
        raise FreshLogInNeededError(
            "This change needs a fresh proof of who you are; confirm with your password or passkey, then "
            "send it again."
        )
