"""Custom roles, the scope of users, their preferences, and which modules are off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import any_, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import UserId
from truenav.store.database import Session
from truenav.store.standing import CustomRole, list_custom_roles
from truenav.store.tables import app_user, custom_role, module_switch, user_preference, user_scope


class RoleNotFoundError(NotFoundError):
    """There is no such role in this tenant."""

    code = "role-not-found"


class RoleInUseError(ConflictError):
    """Somebody still has the role."""

    code = "role-in-use"
    title = "The role is in use"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a user may see: ``nodes`` with all below them (None: every node), and whose units are theirs."""

    nodes: tuple[str, ...] | None = None
    investors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a user wants the screens. ``language`` en or zh; ``theme`` light, dark or system."""

    language: str
    theme: str
    numeraire: str


def get_custom_role(session: Session, id: str) -> CustomRole:
    """One custom role; `RoleNotFoundError` when there is none."""
    found = list_custom_roles(session, among=(id,))
    if not found:
        raise RoleNotFoundError(f"There is no custom role {id[:60]!r}; list the roles.")
    return found[0]


def put_custom_role(session: Session, role: CustomRole) -> None:
    """Add a custom role, or change it."""
    values = asdict(role)
    statement = insert(custom_role).values(values)
    keys = [custom_role.c.tenant_id, custom_role.c.id]
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def delete_custom_role(session: Session, id: str) -> None:
    """Forget a custom role; `RoleInUseError` while a user has it."""
    get_custom_role(session, id)
    holders = session.scalar(select(func.count()).where(literal(id) == any_(app_user.c.roles)))
    if holders:
        raise RoleInUseError(f"{holders} users have the role {id!r}; give them other roles first.")
    session.execute(delete(custom_role).where(custom_role.c.id == id))


def get_scope(session: Session, user: UserId) -> Scope:
    """The scope of a user; without any they are not limited and hold nothing."""
    row = session.execute(select(user_scope).where(user_scope.c.user_id == user)).one_or_none()
    if row is None:
        return Scope()
    return Scope(None if row.nodes is None else tuple(row.nodes), tuple(row.investors))


def put_scope(session: Session, user: UserId, scope: Scope) -> None:
    """Replace the scope of a user."""
    nodes: Sequence[str] | None = None if scope.nodes is None else list(scope.nodes)
    values = {"nodes": nodes, "investors": list(scope.investors)}
    statement = insert(user_scope).values(user_id=user, **values)
    keys = [user_scope.c.tenant_id, user_scope.c.user_id]
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def get_preferences(session: Session, user: UserId) -> Preferences | None:
    """What a user prefers; None where nothing was kept."""
    row = session.execute(select(user_preference).where(user_preference.c.user_id == user)).one_or_none()
    return None if row is None else Preferences(row.language, row.theme, row.numeraire)


def put_preferences(session: Session, user: UserId, preferences: Preferences) -> None:
    """Keep what a user prefers."""
    statement = insert(user_preference).values(user_id=user, **asdict(preferences))
    keys = [user_preference.c.tenant_id, user_preference.c.user_id]
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=asdict(preferences)))


def modules_off(session: Session) -> frozenset[str]:
    """The modules that are switched off in the tenant."""
    query = select(module_switch.c.module).where(~module_switch.c.enabled)
    return frozenset(session.scalars(query))


def switch_module(session: Session, module: str, *, enabled: bool, by: str, at: datetime) -> None:
    """Switch a module on or off."""
    values = {"enabled": enabled, "changed_at": at, "changed_by": by}
    statement = insert(module_switch).values(module=module, **values)
    keys = [module_switch.c.tenant_id, module_switch.c.module]
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
