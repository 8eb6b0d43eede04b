"""One's own log-in: password, second factors, recovery codes, sessions, and proving again who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response

from truenav.access import factors, passkeys, sessions
from truenav.access.passwords import NO_PASSWORD
from truenav.app.http.context import CallerDep, HouseDep, NowDep, PrincipalDep, SessionDep
from truenav.app.http.login import client_address, visitor
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.app.login.endpoints import enter
from truenav.app.login.parties import relying_party
from truenav.app.login.schemas import (
    ConfirmBody,
    FactorAnswer,
    GeneratorCodeBody,
    LoggedIn,
    NewGeneratorAnswer,
    NewGeneratorBody,
    NewPasskeyBody,
    PasskeyBody,
    PasskeyChallenge,
    PasswordChangeBody,
    RecoveryCodes,
    Security,
    SessionAnswer,
    Sessions,
)
from truenav.store import audit, logins
from truenav.store import factors as factor_store
from truenav.store import users as people

router = Router(prefix="/me", tags=["log-in"])

ShortId = Annotated[str, Path(max_length=64)]


@router.get("/security", dependencies=[requires("self:read")])
def get_security(caller: CallerDep, session: SessionDep, now: NowDep) -> Security:
    """How one logs in, and until when sensitive changes need no new proof (null: now already)."""
    who = caller.principal
    found = people.find_session(session, sessions.hash_token(caller.token)) if caller.from_cookie else None
    fresh_until = None if found is None else found.authenticated_at + sessions.FRESH
    return Security(
        factors=[FactorAnswer.of(one) for one in factor_store.list_factors(session, who.user)],
        recovery_codes=factor_store.count_recovery_codes(session, who.user),
        factor_required=logins.factor_required(session),
        has_password=people.get_user(session, who.user).password_hash != NO_PASSWORD,
        limited=None if found is None else found.limited,
        fresh_until=fresh_until if fresh_until is not None and fresh_until > now else None,
    )


@router.post("/password", status_code=204, dependencies=[requires("self:write", secret_request=True)])
def change_own_password(
    body: PasswordChangeBody, request: Request, principal: PrincipalDep, session: SessionDep, house: HouseDep
) -> None:
    """Replace one's own password; every session of the user ends, this one too."""
    house.access.change_own_password(
        session, principal, present=body.present, new=body.new, address=client_address(request)
    )


@router.post("/confirm", dependencies=[requires("self:write", transaction=False, secret_request=True)])
def confirm(
    body: ConfirmBody, request: Request, response: Response, caller: CallerDep, house: HouseDep
) -> LoggedIn:
    """Prove again who one is; a new session takes over, and with it a new ``csrf``."""
    login = house.access.confirm(
        caller.principal, caller.token, password=body.password, code=body.code, visitor=visitor(request)
    )
    return enter(request, response, house, login)


@router.post(
    "/confirm/passkey", dependencies=[requires("self:write", transaction=False, secret_request=True)]
)
def confirm_by_passkey(
    body: PasskeyBody, request: Request, response: Response, caller: CallerDep, house: HouseDep
) -> LoggedIn:
    """As ``/me/confirm``, by a passkey; the challenge comes from ``/login/passkey/challenge``."""
    login = house.access.confirm_by_passkey(
        relying_party(request, house.settings),
        caller.principal,
        caller.token,
        ticket=body.ticket,
        credential=body.credential,
        visitor=visitor(request),
    )
    return enter(request, response, house, login)


@router.post(
    "/factors/totp",
    status_code=201,
    dependencies=[requires("self:write", secret_answer=True, fresh=True)],
)
def begin_generator(
    body: NewGeneratorBody, principal: PrincipalDep, session: SessionDep, house: HouseDep, now: NowDep
) -> NewGeneratorAnswer:
    """A secret for a code generator (TOTP). It counts once ``.../confirm`` has seen its first code."""
    made = factors.begin_generator(session, house.vault, principal, name=body.name, now=now)
    return NewGeneratorAnswer(id=made.id, secret=made.secret, uri=made.uri)


@router.post(
    "/factors/totp/{factor_id}/confirm",
    dependencies=[requires("self:write", secret_request=True, secret_answer=True, fresh=True)],
)
def confirm_generator(
    factor_id: ShortId,
    body: GeneratorCodeBody,
    *,
    request: Request,
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
) -> RecoveryCodes:
    """Take the generator into use. With one's first factor come ten recovery codes."""
    codes = house.access.confirm_generator(
        session, principal, factor_id, code=body.code, address=client_address(request)
    )
    return RecoveryCodes(codes=list(codes))


@router.post(
    "/factors/passkey/challenge",
    dependencies=[requires("self:write", secret_answer=True, fresh=True)],
)
def challenge_new_passkey(
    request: Request, principal: PrincipalDep, session: SessionDep, house: HouseDep, now: NowDep
) -> PasskeyChallenge:
    """Options to make a passkey on one's authenticator."""
    party = relying_party(request, house.settings)
    return PasskeyChallenge.of(passkeys.begin_enrolment(session, party, principal, now=now))


@router.post(
    "/factors/passkey",
    status_code=201,
    dependencies=[requires("self:write", secret_answer=True, fresh=True)],
)
def add_passkey(
    body: NewPasskeyBody,
    *,
    request: Request,
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
    now: NowDep,
) -> RecoveryCodes:
    """Add the passkey that the authenticator made. With one's first factor come ten recovery codes."""
    codes = passkeys.finish_enrolment(
        session,
        relying_party(request, house.settings),
        principal,
        ticket=body.ticket,
        credential=body.credential,
        name=body.name,
        now=now,
    )
    return RecoveryCodes(codes=list(codes))


@router.delete("/factors/{factor_id}", status_code=204, dependencies=[requires("self:write", fresh=True)])
def remove_factor(
    factor_id: ShortId, principal: PrincipalDep, session: SessionDep, house: HouseDep, now: NowDep
) -> None:
    """Forget a second factor; the recovery codes go with the last one."""
    factors.remove_factor(session, house.vault, principal, factor_id, now=now)


@router.post(
    "/recovery-codes",
    status_code=201,
    responses=refusals(404),
    dependencies=[requires("self:write", secret_answer=True, fresh=True)],
)
def renew_recovery_codes(principal: PrincipalDep, session: SessionDep, now: NowDep) -> RecoveryCodes:
    """Ten new recovery codes; the old ones are good no more."""
    return RecoveryCodes(codes=list(factors.renew_recovery_codes(session, principal, now=now)))


@router.get("/sessions", dependencies=[requires("self:read")])
def list_sessions(caller: CallerDep, session: SessionDep, now: NowDep) -> Sessions:
    """Where one is logged in."""
    mine = sessions.hash_token(caller.token)
    found = people.list_sessions(session, caller.principal.user, now=now)
    return Sessions(items=[SessionAnswer.of(one, current=one.token_hash == mine) for one in found])


@router.delete("/sessions", status_code=204, dependencies=[requires("self:write")])
def end_other_sessions(caller: CallerDep, session: SessionDep, now: NowDep) -> None:
    """End every session of one's own but this one."""
    user = caller.principal.user
    sessions.revoke_others(session, user, caller.token, now=now)
    audit.append(session, actor=user, action="session.revoke-others", subject=user, at=now)


@router.delete("/sessions/{session_id}", status_code=204, dependencies=[requires("self:write")])
def end_session(session_id: ShortId, principal: PrincipalDep, session: SessionDep, now: NowDep) -> None:
    """End one session of one's own."""
    sessions.revoke_one(session, principal.user, session_id, now=now)
    audit.append(
        session,
        actor=principal.user,
        action="session.revoke",
        subject=principal.user,
        at=now,
        detail={"session": session_id},
    )
