"""Log-in sessions: kept on the server, opened by a random token of which only the SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import update

from truenav.core.failure import UnauthenticatedError
from truenav.core.ids import UserId
from truenav.store import users as store
from truenav.store.database import Session
from truenav.store.tables import login_session

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=1)
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


def open_session(session: Session, user: UserId, *, now: datetime) -> OpenedSession:
    """Start a session of at most 12 hours."""
    opened = OpenedSession(secrets.token_urlsafe(32), now + LONGEST)
    store.create_session(session, hash_token(opened.token), user, at=now, expires_at=opened.expires_at)
    return opened


def check_session(found: store.FoundSession | None, *, now: datetime) -> store.FoundSession:
    """The session if it may still be used: known, not ended, younger than 12 hours, used within the hour."""
    if found is None or found.revoked_at is not None:
        raise UnauthenticatedError("The session is unknown or has ended; log in again.")
    if now >= found.expires_at or now - found.last_seen_at >= IDLE:
        raise UnauthenticatedError("The session has expired; log in again.")
    return found


def touch_session(session: Session, token: str, found: store.FoundSession, *, now: datetime) -> None:
    """Note that the session is in use, at most once a minute: reading must not write each time."""
    if now - found.last_seen_at >= _TOUCH_EVERY:
        store.touch_session(session, hash_token(token), at=now)


def revoke_sessions(session: Session, user: UserId, *, now: datetime) -> None:
    """End every session of a user."""
    theirs = (login_session.c.user_id == user) & login_session.c.revoked_at.is_(None)
    session.execute(update(login_session).where(theirs).values(revoked_at=now))
