"""Log in and out: password, second factor, passkey, and the links that let people in."""

from __future__ import annotations

from fastapi import Request, Response

from truenav.access import links
from truenav.access.service import FactorStep, LogIn
from truenav.access.tickets import tenant_of_ticket
from truenav.app.access.schemas import Me
from truenav.app.house import House
from truenav.app.http.context import CallerDep, HouseDep
from truenav.app.http.login import (
    COOKIE,
    Caller,
    clear_cookie,
    cookie_name,
    refuse_foreign_origin,
    set_cookie,
    visitor,
)
from truenav.app.http.routes import Router, public, requires
from truenav.app.login.parties import relying_party
from truenav.app.login.schemas import (
    CodeBody,
    FactorNeeded,
    LinkAnswer,
    LinkBody,
    LinkUseBody,
    LoggedIn,
    LogInBody,
    PasskeyBody,
    PasskeyChallenge,
)
from truenav.store import roles

router = Router(tags=["log-in"])


@router.post("/login", dependencies=[public()])
def log_in(body: LogInBody, request: Request, response: Response, house: HouseDep) -> LoggedIn | FactorNeeded:
    """Open a browser session, or ask for the second factor.

    The answer sets a cookie, good for 12 hours and for one hour without use.
    """
    refuse_foreign_origin(request)
    step = house.access.begin_log_in(body.email, body.password, visitor=visitor(request), tenant=body.tenant)
    if isinstance(step, FactorStep):
        return FactorNeeded.of(step)
    return enter(request, response, house, step)


@router.post("/login/code", dependencies=[public()])
def give_code(body: CodeBody, request: Request, response: Response, house: HouseDep) -> LoggedIn:
    """The second step: a code of the generator, or a recovery code, which is used up."""
    refuse_foreign_origin(request)
    login = house.access.finish_log_in(body.ticket, body.code, visitor=visitor(request))
    return enter(request, response, house, login)


@router.post("/login/passkey/challenge", dependencies=[public()])
def challenge_passkey(request: Request, house: HouseDep) -> PasskeyChallenge:
    """A challenge for any passkey of this installation: to log in, as the second step, or to confirm."""
    refuse_foreign_origin(request)
    return PasskeyChallenge.of(house.access.begin_passkey(relying_party(request, house.settings)))


@router.post("/login/passkey", dependencies=[public()])
def log_in_by_passkey(body: PasskeyBody, request: Request, response: Response, house: HouseDep) -> LoggedIn:
    """Open a browser session by a passkey alone; the authenticator has verified its user."""
    refuse_foreign_origin(request)
    party = relying_party(request, house.settings)
    login = house.access.log_in_by_passkey(party, body.ticket, body.credential, visitor=visitor(request))
    return enter(request, response, house, login)


@router.post("/login/link/look", dependencies=[public()])
def look_at_link(body: LinkBody, request: Request, house: HouseDep) -> LinkAnswer:
    """Whom an invitation or a link for a new password is for; it stays good."""
    refuse_foreign_origin(request)
    tenant = tenant_of_ticket(body.ticket)
    with house.database.transaction(tenant) as session:
        ticket, user = links.look_at_link(session, body.ticket, now=house.clock.now())
    return LinkAnswer(
        purpose=ticket.purpose, tenant=tenant, name=user.name, email=user.email, expires_at=ticket.expires_at
    )


@router.post("/login/link", dependencies=[public()])
def use_link(
    body: LinkUseBody, request: Request, response: Response, house: HouseDep
) -> LoggedIn | FactorNeeded:
    """Choose a password by a link, and log in with it; the link is used up and other sessions end."""
    refuse_foreign_origin(request)
    tenant = tenant_of_ticket(body.ticket)
    with house.database.transaction(tenant) as session:
        user = links.use_link(session, body.ticket, body.password, now=house.clock.now())
    step = house.access.begin_log_in(user.email, body.password, visitor=visitor(request), tenant=tenant)
    if isinstance(step, FactorStep):
        return FactorNeeded.of(step)
    return enter(request, response, house, step)


@router.post("/logout", status_code=204, dependencies=[requires("self:write", transaction=False)])
def log_out(request: Request, response: Response, caller: CallerDep, house: HouseDep) -> None:
    """End the browser session, on the server too."""
    house.access.log_out(caller.principal, caller.token)
    clear_cookie(request, response)


def enter(request: Request, response: Response, house: House, login: LogIn) -> LoggedIn:
    """Give the browser its session in place of the one it had, and tell who is in."""
    if earlier := request.cookies.get(cookie_name(request, COOKIE)):
        house.access.leave(earlier)
    set_cookie(request, response, login)
    with house.database.transaction(login.principal.tenant) as session:
        preferences = roles.get_preferences(session, login.principal.user)
    principal = login.principal if login.limited is None else house.access.authenticate(login.token)
    return LoggedIn.of(login, Me.of(Caller(principal, login.token, from_cookie=True), preferences))
