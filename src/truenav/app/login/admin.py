"""What an administrator does about other people's log-in: invitations, new passwords, factors, sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from truenav.access import factors, links, sessions
from truenav.access.policy import Resource, authorize
from truenav.access.users import NewUser
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep
from truenav.app.http.routes import Router, requires
from truenav.app.login.schemas import InviteBody, NewLink, Rules, RulesBody, SessionAnswer, Sessions
from truenav.core.ids import UserId
from truenav.store import audit, logins
from truenav.store import users as people

router = Router(tags=["log-in"])

UserIdPath = Annotated[str, Path(max_length=64)]
PAGE = "/welcome#"
"""Behind the sign the ticket stays in the browser: no server log or referrer ever holds it."""


@router.post(
    "/invitations", status_code=201, dependencies=[requires("user:write", secret_answer=True, fresh=True)]
)
def invite(body: InviteBody, principal: PrincipalDep, session: SessionDep, now: NowDep) -> NewLink:
    """Add a user who chooses the password by a link, good once and for 72 hours."""
    new = NewUser(body.id, body.name, body.email, tuple(body.roles))
    return _shown(links.invite(session, principal, new, now=now))


@router.post(
    "/users/{user_id}/password-link",
    status_code=201,
    dependencies=[requires("user:write", secret_answer=True, fresh=True)],
)
def make_password_link(
    user_id: UserIdPath, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> NewLink:
    """A link for who forgot the password, good once and for 24 hours; hand it over yourself."""
    return _shown(links.password_link(session, principal, UserId(user_id), now=now))


@router.post(
    "/users/{user_id}/reset-factors",
    status_code=204,
    dependencies=[requires("user:write", fresh=True)],
)
def reset_factors(
    user_id: UserIdPath, principal: PrincipalDep, session: SessionDep, house: HouseDep, now: NowDep
) -> None:
    """Forget somebody's second factors and recovery codes, and end their sessions."""
    factors.reset_factors(session, house.vault, principal, UserId(user_id), now=now)


@router.get("/users/{user_id}/sessions", dependencies=[requires("user:read")])
def list_user_sessions(user_id: UserIdPath, session: SessionDep, now: NowDep) -> Sessions:
    """Where a user is logged in."""
    people.get_user(session, UserId(user_id))
    found = people.list_sessions(session, UserId(user_id), now=now)
    return Sessions(items=[SessionAnswer.of(one, current=False) for one in found])


@router.delete(
    "/users/{user_id}/sessions", status_code=204, dependencies=[requires("user:write", fresh=True)]
)
def end_user_sessions(user_id: UserIdPath, principal: PrincipalDep, session: SessionDep, now: NowDep) -> None:
    """End every session of somebody else."""
    authorize(principal, "user:write", Resource(principal.tenant, "user", user_id))
    user = people.get_user(session, UserId(user_id)).id
    sessions.revoke_sessions(session, user, now=now)
    audit.append(session, actor=principal.user, action="session.revoke-all", subject=user, at=now)


@router.get("/login-rules", dependencies=[requires("user:read")])
def get_rules(session: SessionDep) -> Rules:
    """What the tenant asks of everybody who logs in."""
    return Rules(factor_required=logins.factor_required(session))


@router.put("/login-rules", dependencies=[requires("user:write", fresh=True)])
def set_rules(body: RulesBody, principal: PrincipalDep, session: SessionDep, now: NowDep) -> Rules:
    """Ask everybody for a second factor; who has none can do nothing but add one."""
    factors.require_factor(session, principal, body.factor_required, now=now)
    return Rules(factor_required=body.factor_required)


def _shown(link: links.Link) -> NewLink:
    return NewLink(ticket=link.ticket, path=f"{PAGE}{link.ticket}", expires_at=link.expires_at)
