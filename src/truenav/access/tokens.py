"""API tokens for programs: ``tn_...``, limited to scopes, with an end, revocable; only the hash is stored."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from truenav.access.policy import Principal, Resource, authorize, parse_scopes
from truenav.access.sessions import hash_token
from truenav.core.clock import as_utc, instant_text
from truenav.core.failure import InvalidInputError, NotFoundError, UnauthenticatedError
from truenav.core.names import parse_name
from truenav.store import audit
from truenav.store import users as store
from truenav.store.database import Session

PREFIX = "tn_"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new API token; ``secret`` is shown here and never again."""

    token: store.ApiToken
    secret: str = field(repr=False)


def issue_token(
    session: Session,
    principal: Principal,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    now: datetime,
) -> IssuedToken:
    """Make a token of one's own. It never allows more than its owner's roles do at the time of use."""
    authorize(principal, "self:write", Resource(principal.tenant, "token"))
    end = None if expires_at is None else as_utc(expires_at, what="expires_at")
    if end is not None and end <= now:
        raise InvalidInputError(f"expires_at: {instant_text(end)} is over; give a later instant.")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = store.ApiToken(
        id=f"token-{secrets.token_hex(6)}",
        user_id=principal.user,
        name=parse_name(name, what="name"),
        scopes=parse_scopes(scopes),
        created_at=now,
        expires_at=end,
        revoked_at=None,
    )
    store.create_token(session, token, hash_token(secret))
    detail = {"name": name, "scopes": list(token.scopes), "expires_at": end}
    audit.append(session, actor=principal.user, action="token.issue", subject=token.id, at=now, detail=detail)
    return IssuedToken(token, secret)


def revoke_token(session: Session, principal: Principal, token_id: str, *, now: datetime) -> None:
    """End a token of one's own; somebody else's does not exist as far as the caller may know."""
    authorize(principal, "self:write", Resource(principal.tenant, "token"))
    own = {token.id for token in store.list_tokens(session, principal.user) if token.revoked_at is None}
    if token_id not in own:
        raise NotFoundError(f"You have no working token {token_id[:60]!r}; list yours to see them.")
    store.revoke_token(session, token_id, at=now)
    audit.append(session, actor=principal.user, action="token.revoke", subject=token_id, at=now)


def check_token(found: store.FoundToken | None, *, now: datetime) -> store.FoundToken:
    """The token if it may still be used."""
    if found is None or found.revoked_at is not None:
        raise UnauthenticatedError("The API token is unknown or was revoked; make a new one.")
    if found.expires_at is not None and now >= found.expires_at:
        raise UnauthenticatedError("The API token has expired; make a new one.")
    return found
