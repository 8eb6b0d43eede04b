"""One's own rights and API tokens, and the users of the tenant."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request

from truenav.access import tokens, users
from truenav.access.users import NewUser
from truenav.app.access.schemas import (
    Me,
    NewToken,
    NewTokenBody,
    NewUserBody,
    TokenAnswer,
    UserAnswer,
    UserChangeBody,
)
from truenav.app.http.context import CallerDep, NowDep, PrincipalDep, SessionDep
from truenav.app.http.etags import refuse_edited_meanwhile
from truenav.app.http.pages import Page, PageQueryDep
from truenav.app.http.routes import Router, requires
from truenav.core.ids import UserId
from truenav.store import roles
from truenav.store import users as store

router = Router(tags=["access"])

UserIdPath = Annotated[str, Path(max_length=64)]


@router.get("/me", dependencies=[requires("self:read")])
def get_me(caller: CallerDep, session: SessionDep) -> Me:
    """Who calls, what they may do and see, and how they want the screens."""
    return Me.of(caller, roles.get_preferences(session, caller.principal.user))


@router.get("/tokens", dependencies=[requires("self:read")])
def list_tokens(principal: PrincipalDep, session: SessionDep, query: PageQueryDep) -> Page[TokenAnswer]:
    """One's own API tokens, ended ones too."""
    after = query.after or ""
    rows = [token for token in store.list_tokens(session, principal.user) if token.id > after]
    return query.page(rows, key=lambda row: row.id, show=TokenAnswer.of)


@router.post(
    "/tokens", status_code=201, dependencies=[requires("self:write", secret_answer=True, fresh=True)]
)
def issue_token(body: NewTokenBody, principal: PrincipalDep, session: SessionDep, now: NowDep) -> NewToken:
    """Make an API token of one's own, limited to some actions. Its secret is in this answer only."""
    issued = tokens.issue_token(
        session, principal, name=body.name, scopes=body.scopes, expires_at=body.expires_at, now=now
    )
    return NewToken.of(issued)


@router.delete("/tokens/{token_id}", status_code=204, dependencies=[requires("self:write")])
def revoke_token(token_id: UserIdPath, principal: PrincipalDep, session: SessionDep, now: NowDep) -> None:
    """End an API token of one's own, at once."""
    tokens.revoke_token(session, principal, token_id, now=now)


@router.get("/users", dependencies=[requires("user:read")])
def list_users(session: SessionDep, query: PageQueryDep) -> Page[UserAnswer]:
    """The users of the tenant, disabled ones too."""
    after = query.after or ""
    rows = [user for user in store.list_users(session) if user.id > after]
    return query.page(rows, key=lambda row: row.id, show=UserAnswer.of)


@router.post(
    "/users", status_code=201, dependencies=[requires("user:write", secret_request=True, fresh=True)]
)
def add_user(body: NewUserBody, principal: PrincipalDep, session: SessionDep, now: NowDep) -> UserAnswer:
    """Add a user."""
    new = NewUser(body.id, body.name, body.email, tuple(body.roles), body.password)
    return UserAnswer.of(users.add_user(session, principal, new, now=now))


@router.get("/users/{user_id}", dependencies=[requires("user:read")])
def get_user(user_id: UserIdPath, session: SessionDep) -> UserAnswer:
    """One user."""
    return UserAnswer.of(store.get_user(session, UserId(user_id)))


@router.patch("/users/{user_id}", dependencies=[requires("user:write", secret_request=True, fresh=True)])
def change_user(
    user_id: UserIdPath,
    body: UserChangeBody,
    *,
    request: Request,
    principal: PrincipalDep,
    session: SessionDep,
    now: NowDep,
) -> UserAnswer:
    """Change another user. ``If-Match`` with the user's ETag refuses to overwrite what one has not seen."""
    refuse_edited_meanwhile(request, UserAnswer.of(store.get_user(session, UserId(user_id))))
    changed = users.change_user(
        session,
        principal,
        UserId(user_id),
        now=now,
        name=body.name,
        roles=body.roles,
        password=body.password,
        disabled=body.disabled,
    )
    return UserAnswer.of(changed)


@router.delete("/users/{user_id}", status_code=204, dependencies=[requires("user:write", fresh=True)])
def disable_user(user_id: UserIdPath, principal: PrincipalDep, session: SessionDep, now: NowDep) -> None:
    """Disable another user: sessions and tokens end at once; the name stays, for the audit trail."""
    users.change_user(session, principal, UserId(user_id), now=now, disabled=True)
