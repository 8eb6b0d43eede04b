"""Who is there: log-in, log-out, and from a token to a principal. API and CLI come in through here alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from truenav.access import factors, users
from truenav.access.errors import BadCredentialsError, FactorNeededError, WrongFactorError, WrongPasswordError
from truenav.access.limiter import AttemptLimiter
from truenav.access.passwords import hash_password, needs_rehash, suffices_alone, verify_password
from truenav.access.policy import Principal
from truenav.access.principals import load_principal
from truenav.access.sessions import (
    check_session,
    hash_token,
    is_touch_due,
    open_session,
    refuse_stale,
)
from truenav.access.tickets import issue_ticket, look_at_ticket, tenant_of_ticket, use_ticket
from truenav.access.tokens import PREFIX, check_token
from truenav.core.clock import Clock
from truenav.core.failure import InvalidInputError, UnauthenticatedError
from truenav.core.ids import TenantId, UserId
from truenav.store import audit, logins
from truenav.store import users as store
from truenav.store.database import Database, Session
from truenav.store.logins import Standing
from truenav.store.secrets import Vault
from truenav.store.users import SessionProof

if TYPE_CHECKING:  # loading what checks passkeys takes a third of a second; a strike needs none of it
    from truenav.access.passkeys import Challenge, RelyingParty

_WRONG = "The e-mail address or the password is wrong."
_WRONG_CODE = "The code is wrong, or was used already; wait for the next one."
_LIMITED = frozenset({"self:read", "self:write"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where somebody comes: the address, and what the browser says it is."""

    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in that went well; ``token`` opens the session and is shown here only.

    ``limited``: the session allows no more than to mend this (``factor``: add one, ``password``: choose a
    longer one or add a factor). ``before``: the user's last log-in, and the failed ones since.
    """

    principal: Principal
    token: str = field(repr=False)
    expires_at: datetime
    limited: str | None = None
    before: Standing = field(default_factory=Standing)


@dataclass(frozen=True, slots=True)
class FactorStep:
    """The password is right; one of these factors is asked for as well, within five minutes."""

    ticket: str = field(repr=False)
    factors: tuple[str, ...]


class Access:
    """The door of one installation. Safe to use from many threads."""

    def __init__(self, database: Database, clock: Clock, open_vault: Callable[[], Vault]) -> None:
        self._database = database
        self._clock = clock
        self._open_vault = open_vault
        self._limiter = AttemptLimiter(database)

    def log_in(self, email: str, password: str, *, address: str, tenant: str | None = None) -> LogIn:
        """Open a session of somebody who has no second factor; see `begin_log_in`."""
        step = self.begin_log_in(email, password, visitor=Visitor(address), tenant=tenant)
        if isinstance(step, FactorStep):
            raise FactorNeededError("This user has a second factor; give it as well.")
        return step

    def begin_log_in(
        self, email: str, password: str, *, visitor: Visitor, tenant: str | None = None
    ) -> LogIn | FactorStep:
        """Open a session of at most 12 hours, idle for at most one, or ask for the second factor.

        ``tenant`` is needed only by people who have the same address and password in several. Raises
        ``BadCredentialsError``, the same for an unknown address, a wrong password and a disabled user, and
        ``TooManyAttemptsError``.
        """
        now = self._clock.now()
        wanted = email.strip().lower()
        clear = self._limiter.attempt(wanted, visitor.address, now)
        with self._database.lookup() as session:
            known = store.find_users(session, wanted)
        candidates = [one for one in known if tenant is None or one.tenant == tenant]
        fitting = [one for one in candidates if verify_password(one.password_hash, password)]
        if not candidates:
            verify_password(None, password)
        welcome = [one for one in fitting if one.disabled_at is None]
        if not welcome:
            for one in candidates:
                self._note_failure(one.tenant, one.user_id, visitor, "password")
            raise BadCredentialsError(_WRONG)
        if len(welcome) > 1:
            raise InvalidInputError("This log-in fits several tenants; name the tenant as well.")
        clear()
        return self._enter_by_password(welcome[0], password, visitor, now)

    def finish_log_in(self, ticket: str, code: str, *, visitor: Visitor) -> LogIn:
        """Open the session after `FactorStep`, by a code of the generator or a recovery code."""
        now = self._clock.now()
        tenant = tenant_of_ticket(ticket)
        with self._database.transaction(tenant) as session:
            user = look_at_ticket(session, ticket, "factor", now=now).user_id
        assert user is not None
        clear = self._limiter.attempt(_factor_key(tenant, user), visitor.address, now)
        with self._database.transaction(tenant) as session:
            look_at_ticket(session, ticket, "factor", now=now)
            method = factors.code_fits(session, self._open_vault(), user, code, now=now)
            if method is not None:
                use_ticket(session, ticket, "factor", now=now)
                login = open_log_in(session, tenant, user, ("password", method), visitor, now=now)
        if method is None:
            self._note_failure(tenant, user, visitor, "code")
            raise BadCredentialsError(_WRONG_CODE)
        clear()
        return login

    def log_in_by_passkey(
        self, party: RelyingParty, ticket: str, credential: Mapping[str, Any], *, visitor: Visitor
    ) -> LogIn:
        """Open a session for whoever answered the challenge of `passkeys.begin_log_in`."""
        from truenav.access import passkeys

        now = self._clock.now()
        challenge, found = passkeys.find_answerer(self._database, ticket, credential, now=now)
        try:
            with self._database.transaction(found.tenant) as session:
                passkeys.check_answer(
                    session, party, found, challenge=challenge, credential=credential, now=now
                )
                return open_log_in(session, found.tenant, found.user_id, ("passkey",), visitor, now=now)
        except BadCredentialsError:
            self._note_failure(found.tenant, found.user_id, visitor, "passkey")
            raise

    def leave(self, token: str) -> None:
        """End the session of a browser that was given another; one that ended already is no error."""
        with self._database.lookup() as session:
            found = store.find_session(session, hash_token(token))
        if found is not None:
            with self._database.transaction(found.tenant) as session:
                store.revoke_session(session, hash_token(token), at=self._clock.now())

    def log_out(self, principal: Principal, token: str) -> None:
        """End the session of a token."""
        now = self._clock.now()
        with self._database.transaction(principal.tenant) as session:
            store.revoke_session(session, hash_token(token), at=now)
            audit.append(session, actor=principal.user, action="log-out", subject=principal.user, at=now)

    def confirm(
        self, principal: Principal, token: str, *, password: str, code: str | None, visitor: Visitor
    ) -> LogIn:
        """Prove again who one is: a session with a new token takes over, as fresh as a log-in.

        Who has a second factor gives a code of it too. The new session ends when the old one would have.
        """
        now = self._clock.now()
        clear = self._limiter.attempt(_own_key(principal), visitor.address, now)
        methods: tuple[str, ...] = ("password",)
        with self._database.transaction(principal.tenant) as session:
            user = store.get_user(session, principal.user)
            if not verify_password(user.password_hash, password):
                raise WrongPasswordError("password: this is not your password; type it again.")
            if factors.kinds(session, user.id):
                method = factors.code_fits(session, self._open_vault(), user.id, code or "", now=now)
                if method is None:
                    raise WrongFactorError(f"code: {_WRONG_CODE}")
                methods = ("password", method)
            login = self._renew(session, principal, token, methods, visitor, now)
        clear()
        return login

    def confirm_by_passkey(
        self,
        party: RelyingParty,
        principal: Principal,
        token: str,
        *,
        ticket: str,
        credential: Mapping[str, Any],
        visitor: Visitor,
    ) -> LogIn:
        """As `confirm`, by the answer to a challenge of `begin_passkey`."""
        from truenav.access import passkeys

        now = self._clock.now()
        try:
            challenge, found = passkeys.find_answerer(self._database, ticket, credential, now=now)
            if (found.tenant, found.user_id) != (principal.tenant, principal.user):
                raise WrongFactorError("credential: this is somebody else's passkey; use your own.")
            with self._database.transaction(found.tenant) as session:
                passkeys.check_answer(
                    session, party, found, challenge=challenge, credential=credential, now=now
                )
                return self._renew(session, principal, token, ("passkey",), visitor, now)
        except UnauthenticatedError as error:  # the session itself is good
            raise WrongFactorError(f"credential: {error.message}") from error

    def begin_passkey(self, party: RelyingParty) -> Challenge:
        """A challenge for whoever answers it, to log in or to confirm."""
        from truenav.access import passkeys

        return passkeys.begin_log_in(self._database, party, now=self._clock.now())

    def refuse_stale(self, token: str) -> None:
        """Refuse unless the session's user proved within ten minutes who they are; tokens prove nothing."""
        with self._database.lookup() as session:
            found = store.find_session(session, hash_token(token))
        now = self._clock.now()
        refuse_stale(check_session(found, now=now), now=now)

    def change_own_password(
        self, session: Session, principal: Principal, *, present: str, new: str, address: str
    ) -> None:
        """Replace one's own password in the caller's transaction; guessing the present one is slowed down."""
        now = self._clock.now()
        clear = self._limiter.attempt(_own_key(principal), address, now)
        users.change_own_password(session, principal, present=present, new=new, now=now)
        clear()

    def confirm_generator(
        self, session: Session, principal: Principal, factor_id: str, *, code: str, address: str
    ) -> tuple[str, ...]:
        """`factors.confirm_generator` in the caller's transaction; guessing the code is slowed down."""
        now = self._clock.now()
        clear = self._limiter.attempt(_own_key(principal), address, now)
        codes = factors.confirm_generator(
            session, self._open_vault(), principal, factor_id, code=code, now=now
        )
        clear()
        return codes

    def authenticate(self, token: str, *, in_use: bool = True) -> Principal:
        """Who holds this session token or API token; ``UnauthenticatedError`` when nobody may, any more.

        ``in_use`` False asks without counting as use, so that an idle session still ends.
        """
        now = self._clock.now()
        with self._database.lookup() as session:
            found, principal = _holder(session, token, now)
            if in_use and found is not None and is_touch_due(found, now=now):
                store.touch_session(session, hash_token(token), at=now)
        return principal

    @contextmanager
    def reading(self, token: str) -> Iterator[tuple[Principal, Session]]:
        """`authenticate`, in a transaction that the request goes on to read in: it sees one state throughout.

        The use is noted when it has ended: a transaction that sees one state may not meet another's note.
        """
        now, found = self._clock.now(), None
        try:
            with self._database.lookup(snapshot=True) as session:
                found, principal = _holder(session, token, now)
                yield principal, session
        finally:
            if found is not None and is_touch_due(found, now=now):
                with self._database.transaction(found.tenant) as session:
                    store.touch_session(session, hash_token(token), at=now)

    def _enter_by_password(
        self, found: store.FoundUser, password: str, visitor: Visitor, now: datetime
    ) -> LogIn | FactorStep:
        with self._database.transaction(found.tenant) as session:
            if store.get_user(session, found.user_id).password_hash != found.password_hash:
                raise BadCredentialsError(_WRONG)  # replaced while we were checking it
            if needs_rehash(found.password_hash):
                store.change_user(session, found.user_id, password_hash=hash_password(password))
            if kinds := factors.kinds(session, found.user_id):
                return FactorStep(issue_ticket(session, "factor", now=now, user=found.user_id), kinds)
            limited = _limit(session, password)
            return open_log_in(
                session, found.tenant, found.user_id, ("password",), visitor, now=now, limited=limited
            )

    def _renew(
        self,
        session: Session,
        principal: Principal,
        token: str,
        methods: tuple[str, ...],
        visitor: Visitor,
        now: datetime,
    ) -> LogIn:
        old = check_session(store.find_session(session, hash_token(token)), now=now)
        store.revoke_session(session, hash_token(token), at=now)
        proof = SessionProof(methods, visitor.address, visitor.agent, old.limited)
        opened = open_session(session, principal.user, now=now, proof=proof, end=old.expires_at)
        _audit(session, "log-in.confirm", principal.user, methods, visitor, now)
        return LogIn(principal, opened.token, opened.expires_at, old.limited)

    def _note_failure(self, tenant: TenantId, user: UserId, visitor: Visitor, what: str) -> None:
        with self._database.transaction(tenant) as session:
            logins.note_failure(session, user)
            audit.append(
                session,
                actor="unknown",
                action="log-in.failed",
                subject=user,
                at=self._clock.now(),
                detail={"address": visitor.address, "wrong": what},
            )


def _holder(session: Session, token: str, now: datetime) -> tuple[store.FoundSession | None, Principal]:
    """Who holds a token, with the session that it opened if it did; the transaction enters their tenant."""
    if token.startswith(PREFIX):
        key = check_token(store.enter_by_token(session, hash_token(token)), now=now)
        scopes = frozenset(key.scopes)
        return None, load_principal(session, key.tenant, key.user_id, via="token", scopes=scopes)
    found = check_session(store.enter_by_session(session, hash_token(token)), now=now)
    limits = None if found.limited is None else _LIMITED
    return found, load_principal(session, found.tenant, found.user_id, via="session", scopes=limits)


def open_log_in(
    session: Session,
    tenant: TenantId,
    user: UserId,
    methods: tuple[str, ...],
    visitor: Visitor,
    *,
    now: datetime,
    limited: str | None = None,
) -> LogIn:
    """A session for somebody who has proved who they are by these ``methods``; noted in the audit trail."""
    principal = load_principal(session, tenant, user, via="session")
    proof = SessionProof(methods, visitor.address, visitor.agent, limited)
    opened = open_session(session, user, now=now, proof=proof)
    before = logins.standing(session, user)
    logins.note_log_in(session, user, at=now, address=visitor.address)
    _audit(session, "log-in", user, methods, visitor, now)
    return LogIn(principal, opened.token, opened.expires_at, limited, before)


def _limit(session: Session, password: str) -> str | None:
    """What somebody with a password alone must mend first."""
    if logins.factor_required(session):
        return "factor"
    return None if suffices_alone(password) else "password"


def _audit(
    session: Session, action: str, user: UserId, methods: tuple[str, ...], visitor: Visitor, now: datetime
) -> None:
    detail = {"address": visitor.address, "methods": list(methods)}
    audit.append(session, actor=user, action=action, subject=user, at=now, detail=detail)


def _own_key(principal: Principal) -> str:
    return f"{principal.user} of {principal.tenant}"


def _factor_key(tenant: TenantId, user: UserId) -> str:
    return f"factor of {user} of {tenant}"
