"""Who is there: log-in, log-out, and from a token to a principal. API and CLI come in through here alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from truenav.access import users
from truenav.access.errors import BadCredentialsError
from truenav.access.limiter import AttemptLimiter
from truenav.access.passwords import hash_password, needs_rehash, verify_password
from truenav.access.policy import Principal
from truenav.access.principals import load_principal
from truenav.access.sessions import check_session, hash_token, open_session, touch_session
from truenav.access.tokens import PREFIX, check_token
from truenav.core.clock import Clock
from truenav.core.failure import InvalidInputError
from truenav.store import audit
from truenav.store import users as store
from truenav.store.database import Database, Session

_WRONG = "The e-mail address or the password is wrong."


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in that went well; ``token`` opens the session and is shown here only."""

    principal: Principal
    token: str = field(repr=False)
    expires_at: datetime


class Access:
    """The door of one installation. Safe to use from many threads."""

    def __init__(self, database: Database, clock: Clock, limiter: AttemptLimiter | None = None) -> None:
        self._database = database
        self._clock = clock
        self._limiter = limiter or AttemptLimiter()

    def log_in(self, email: str, password: str, *, address: str, tenant: str | None = None) -> LogIn:
        """Open a session of at most 12 hours, idle for at most one.

        ``address`` is where the attempt comes from; ``tenant`` is needed only by people who have the same
        address and password in several. Raises ``BadCredentialsError``, the same for an unknown address,
        a wrong password and a disabled user, and ``TooManyAttemptsError``.
        """
        now = self._clock.now()
        wanted = email.strip().lower()
        clear = self._limiter.attempt(wanted, address, now)
        with self._database.lookup() as session:
            known = store.find_users(session, wanted)
        candidates = [one for one in known if tenant is None or one.tenant == tenant]
        fitting = [one for one in candidates if verify_password(one.password_hash, password)]
        if not candidates:
            verify_password(None, password)
        welcome = [one for one in fitting if one.disabled_at is None]
        if not welcome:
            self._note_failures(candidates, address, now)
            raise BadCredentialsError(_WRONG)
        if len(welcome) > 1:
            raise InvalidInputError("This log-in fits several tenants; name the tenant as well.")
        clear()
        return self._enter(welcome[0], password, address, now)

    def log_out(self, principal: Principal, token: str) -> None:
        """End the session of a token."""
        now = self._clock.now()
        with self._database.transaction(principal.tenant) as session:
            store.revoke_session(session, hash_token(token), at=now)
            audit.append(session, actor=principal.user, action="log-out", subject=principal.user, at=now)

    def change_own_password(
        self, session: Session, principal: Principal, *, present: str, new: str, address: str
    ) -> None:
        """Replace one's own password in the caller's transaction; guessing the present one is slowed down."""
        now = self._clock.now()
        clear = self._limiter.attempt(f"{principal.user} of {principal.tenant}", address, now)
        users.change_own_password(session, principal, present=present, new=new, now=now)
        clear()

    def authenticate(self, token: str, *, in_use: bool = True) -> Principal:
        """Who holds this session token or API token; ``UnauthenticatedError`` when nobody may, any more.

        ``in_use`` False asks without counting as use, so that an idle session still ends.
        """
        return self._from_api_token(token) if token.startswith(PREFIX) else self._from_session(token, in_use)

    def _from_session(self, token: str, in_use: bool) -> Principal:
        now = self._clock.now()
        with self._database.lookup() as session:
            found = check_session(store.find_session(session, hash_token(token)), now=now)
        with self._database.transaction(found.tenant) as session:
            principal = load_principal(session, found.tenant, found.user_id, via="session")
            if in_use:
                touch_session(session, token, found, now=now)
        return principal

    def _from_api_token(self, token: str) -> Principal:
        with self._database.lookup() as session:
            found = check_token(store.find_token(session, hash_token(token)), now=self._clock.now())
        with self._database.transaction(found.tenant) as session:
            return load_principal(
                session, found.tenant, found.user_id, via="token", scopes=frozenset(found.scopes)
            )

    def _enter(self, found: store.FoundUser, password: str, address: str, now: datetime) -> LogIn:
        with self._database.transaction(found.tenant) as session:
            principal = load_principal(session, found.tenant, found.user_id, via="session")
            if store.get_user(session, found.user_id).password_hash != found.password_hash:
                raise BadCredentialsError(_WRONG)  # replaced while we were checking it
            if needs_rehash(found.password_hash):
                store.change_user(session, found.user_id, password_hash=hash_password(password))
            opened = open_session(session, found.user_id, now=now)
            audit.append(
                session,
                actor=found.user_id,
                action="log-in",
                subject=found.user_id,
                at=now,
                detail={"address": address},
            )
        return LogIn(principal, opened.token, opened.expires_at)

    def _note_failures(self, candidates: list[store.FoundUser], address: str, now: datetime) -> None:
        for one in candidates:
            with self._database.transaction(one.tenant) as session:
                audit.append(
                    session,
                    actor="unknown",
                    action="log-in.failed",
                    subject=one.user_id,
                    at=now,
                    detail={"address": address},
                )
