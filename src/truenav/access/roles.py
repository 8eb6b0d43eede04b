"""Roles in plain words, roles of the tenant's own, and how far a user may look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from truenav.access.actions import ACTIONS, ROLES
from truenav.access.masking import ROLE_MASKS, parse_masks
from truenav.access.policy import Principal, Resource, allowed_actions, authorize, role_actions
from truenav.access.words import ROLE_NAMES, ROLES_ZH
from truenav.core.canonical import encode
from truenav.core.failure import ForbiddenError, InvalidInputError
from truenav.core.ids import UserId, parse_slug
from truenav.core.names import parse_name, parse_note
from truenav.store import audit
from truenav.store import roles as store
from truenav.store import users as user_store
from truenav.store.database import Session
from truenav.store.roles import Scope
from truenav.store.standing import CustomRole, list_custom_roles

_MACHINE_ONLY = frozenset({"tenant:read", "tenant:write"})
_LARGEST_SCOPE = 500


class TooMuchGrantedError(ForbiddenError):
    """Somebody wants to give away more than they have."""

    code = "too-much-granted"
    title = "This would grant more than you have"


@dataclass(frozen=True, slots=True)
class RoleInWords:
    """A role as people read it; ``custom``: made by the tenant, its words are the tenant's own."""

    id: str
    name_en: str
    name_zh: str
    description_en: str
    description_zh: str
    actions: tuple[str, ...]
    masks: tuple[str, ...]
    nodes: tuple[str, ...] | None
    custom: bool


@dataclass(frozen=True, slots=True)
class RoleDraft:
    """What an administrator says of a role."""

    id: str
    name: str
    description: str
    actions: tuple[str, ...]
    masks: tuple[str, ...]
    nodes: tuple[str, ...] | None


def list_roles(session: Session, principal: Principal) -> tuple[RoleInWords, ...]:
    """The packaged roles, then the tenant's own by id."""
    authorize(principal, "role:read")
    packaged = tuple(_packaged(role) for role in ROLES)
    return packaged + tuple(_in_words(role) for role in list_custom_roles(session))


def put_role(session: Session, principal: Principal, draft: RoleDraft, *, now: datetime) -> RoleInWords:
    """Make a role, or change it for everybody who has it.

    ``TooMuchGrantedError`` where it would allow, show or reach more than its maker does; ``ForbiddenError``
    for a role that the maker has.
    """
    role = _checked(draft, by=principal.user, at=now)
    authorize(principal, "role:write", Resource(principal.tenant, "role", role.id))
    _refuse_more(principal, role)
    store.put_custom_role(session, role)
    detail = encode(
        {"actions": list(role.actions), "masks": list(role.masks), "nodes": role.nodes and list(role.nodes)}
    )
    audit.append(session, actor=principal.user, action="role.put", subject=role.id, at=now, detail=detail)
    return _in_words(role)


def remove_role(session: Session, principal: Principal, role: str, *, now: datetime) -> None:
    """Forget a role of the tenant's own; refused while somebody has it."""
    authorize(principal, "role:write", Resource(principal.tenant, "role", role))
    store.delete_custom_role(session, role)
    audit.append(session, actor=principal.user, action="role.remove", subject=role, at=now)


def put_scope(session: Session, principal: Principal, user: UserId, scope: Scope, *, now: datetime) -> Scope:
    """Say which nodes a user sees (None: all) and which holders' units are theirs."""
    authorize(principal, "user:write", Resource(principal.tenant, "user", user))
    user_store.get_user(session, user)
    kept = Scope(
        None if scope.nodes is None else _names(scope.nodes, "nodes"), _names(scope.investors, "investors")
    )
    if not _within(kept.nodes, principal.nodes):
        raise TooMuchGrantedError("nodes: name only nodes that you see yourself.")
    store.put_scope(session, user, kept)
    detail = {"nodes": kept.nodes and list(kept.nodes), "investors": list(kept.investors)}
    audit.append(session, actor=principal.user, action="user.scope", subject=user, at=now, detail=detail)
    return kept


def refuse_greater_roles(session: Session, principal: Principal, roles: Iterable[str]) -> None:
    """Raise ``TooMuchGrantedError`` unless everything that the roles allow may be given by the principal."""
    custom = {role.id: role.actions for role in list_custom_roles(session)}
    for role in roles:
        actions = custom[role] if role in custom else role_actions(role)
        _refuse_actions(principal, actions, what=f"The role {role!r}")


def grantable_actions(principal: Principal) -> frozenset[str]:
    """What the principal may put into roles: an administrator everything, others what they have."""
    if "administrator" in principal.roles:
        return frozenset(ACTIONS) - _MACHINE_ONLY
    return frozenset(allowed_actions(principal))


def _checked(draft: RoleDraft, *, by: UserId, at: datetime) -> CustomRole:
    id = parse_slug(draft.id, what="id")
    if id in ROLES:
        raise InvalidInputError(f"id: {id!r} is a packaged role, which cannot be changed; choose another.")
    if unknown := sorted(set(draft.actions) - ACTIONS.keys()):
        raise InvalidInputError(
            f"actions: {unknown[0][:60]!r} is not an action; known: {', '.join(ACTIONS)}."
        )
    nodes = None if draft.nodes is None else _names(draft.nodes, "nodes")
    actions = tuple(action for action in ACTIONS if action in draft.actions)
    name = parse_name(draft.name, what="name")
    description = parse_note(draft.description, what="description")
    return CustomRole(id, name, description, actions, parse_masks(draft.masks), nodes, at, by)


def _refuse_more(principal: Principal, role: CustomRole) -> None:
    _refuse_actions(principal, role.actions, what="The role")
    if shown := principal.masks - set(role.masks):
        raise TooMuchGrantedError(
            f"masks: you do not see {', '.join(sorted(shown))}; mask it in the role too."
        )
    if not _within(role.nodes, principal.nodes):
        raise TooMuchGrantedError("nodes: name only nodes that you see yourself.")


def _refuse_actions(principal: Principal, actions: Iterable[str], *, what: str) -> None:
    if more := sorted(set(actions) - grantable_actions(principal)):
        raise TooMuchGrantedError(f"{what} allows {', '.join(more)}, which you may not give away.")


def _within(nodes: tuple[str, ...] | None, limit: frozenset[str] | None) -> bool:
    return limit is None or (nodes is not None and limit.issuperset(nodes))


def _names(names: Iterable[str], field: str) -> tuple[str, ...]:
    kept = tuple(sorted(set(names)))
    if len(kept) > _LARGEST_SCOPE or not all(0 < len(name) <= 200 and name.isprintable() for name in kept):
        raise InvalidInputError(f"{field}: give at most {_LARGEST_SCOPE} names of 1 to 200 characters.")
    return kept


def _packaged(role: str) -> RoleInWords:
    name_en, name_zh = ROLE_NAMES[role]
    masks = tuple(sorted(ROLE_MASKS.get(role, ())))
    return RoleInWords(
        role, name_en, name_zh, ROLES[role], ROLES_ZH[role], role_actions(role), masks, None, custom=False
    )


def _in_words(role: CustomRole) -> RoleInWords:
    return RoleInWords(
        role.id,
        role.name,
        role.name,
        role.description,
        role.description,
        role.actions,
        role.masks,
        role.nodes,
        custom=True,
    )
