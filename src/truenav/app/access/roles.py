"""Roles in plain words, roles of the tenant's own, the scope of users, and one's own preferences."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from truenav.access import roles
from truenav.access.policy import Resource, authorize
from truenav.app.access.role_schemas import (
    PreferencesAnswer,
    PreferencesBody,
    RoleAnswer,
    RoleBody,
    RolesAnswer,
    ScopeAnswer,
    ScopeBody,
)
from truenav.app.http.context import NowDep, PrincipalDep, SessionDep
from truenav.app.http.routes import Router, requires
from truenav.core.ids import UserId
from truenav.store import roles as store
from truenav.store import users as user_store
from truenav.store.roles import Preferences

router = Router(tags=["roles"])

IdPath = Annotated[str, Path(max_length=64)]


@router.get("/roles", dependencies=[requires("role:read")])
def list_roles(principal: PrincipalDep, session: SessionDep) -> RolesAnswer:
    """Every role with what it allows and hides, and every action and mask, in English and Chinese."""
    return RolesAnswer.of(roles.list_roles(session, principal))


@router.put("/roles/{id}", dependencies=[requires("role:write", fresh=True)])
def put_role(
    id: IdPath, body: RoleBody, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> RoleAnswer:
    """Make a role of the tenant's own, or change it for everybody who has it."""
    return RoleAnswer.of(roles.put_role(session, principal, body.draft(id), now=now))


@router.delete("/roles/{id}", status_code=204, dependencies=[requires("role:write", fresh=True)])
def remove_role(id: IdPath, principal: PrincipalDep, session: SessionDep, now: NowDep) -> None:
    """Forget a role of the tenant's own; refused (409) while somebody has it."""
    roles.remove_role(session, principal, id, now=now)


@router.get("/users/{user_id}/scope", dependencies=[requires("user:read")])
def get_scope(user_id: IdPath, session: SessionDep) -> ScopeAnswer:
    """Which nodes a user sees, and whose units are theirs."""
    user_store.get_user(session, UserId(user_id))
    return ScopeAnswer.of(store.get_scope(session, UserId(user_id)))


@router.put("/users/{user_id}/scope", dependencies=[requires("user:write", fresh=True)])
def put_scope(
    user_id: IdPath, body: ScopeBody, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> ScopeAnswer:
    """Limit another user to some nodes, or name the holders whose units are theirs."""
    return ScopeAnswer.of(roles.put_scope(session, principal, UserId(user_id), body.scope(), now=now))


@router.put("/me/preferences", dependencies=[requires("self:write")])
def put_preferences(body: PreferencesBody, principal: PrincipalDep, session: SessionDep) -> PreferencesAnswer:
    """Keep one's own language, theme and numeraire."""
    authorize(principal, "self:write", Resource(principal.tenant, "user", principal.user))
    kept = Preferences(body.language, body.theme, body.numeraire)
    store.put_preferences(session, principal.user, kept)
    return PreferencesAnswer.of(kept)
