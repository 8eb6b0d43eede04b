"""What a user is and may see, read at once: it is asked with every request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from truenav.core.ids import UserId
from truenav.store.database import Session
from truenav.store.tables import custom_role
from truenav.store.users import UserNotFoundError


@dataclass(frozen=True, slots=True)
class CustomRole:
    """A role that a tenant made: what it allows, what it does not show, and where.

    ``nodes`` None: everywhere; otherwise these nodes of the portfolio tree and all below them.
    """

    id: str
    name: str
    description: str
    actions: tuple[str, ...]
    masks: tuple[str, ...]
    nodes: tuple[str, ...] | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One user with everything that decides about them.

    ``nodes`` None: not limited by name. ``investors`` are the holders whose units are the user's own.
    """

    id: UserId
    name: str
    roles: tuple[str, ...]
    disabled_at: datetime | None
    tenant_name: str
    suspended_at: datetime | None
    nodes: tuple[str, ...] | None
    investors: tuple[str, ...]
    modules_off: tuple[str, ...]
    custom: tuple[CustomRole, ...]


_USER = text(
    """
    SELECT u.id, u.name, u.roles, u.disabled_at, t.name AS tenant_name, t.suspended_at, s.nodes, s.investors,
        ARRAY(SELECT m.module FROM module_switch m WHERE NOT m.enabled ORDER BY m.module) AS modules_off,
        EXISTS (SELECT 1 FROM custom_role r WHERE r.id = ANY (u.roles)) AS has_custom
    FROM app_user u
        LEFT JOIN tenant t ON t.tenant_id = u.tenant_id
        LEFT JOIN user_scope s ON s.tenant_id = u.tenant_id AND s.user_id = u.id
    WHERE u.id = :id
    """
)


def read_standing(session: Session, user: UserId) -> Standing:
    """The standing of a user of the transaction's tenant; `UserNotFoundError` when there is none."""
    row = session.execute(_USER, {"id": user}).one_or_none()
    if row is None:
        raise UserNotFoundError(f"There is no user {user!r}.")
    custom = list_custom_roles(session, among=tuple(row.roles)) if row.has_custom else ()
    return Standing(
        id=row.id,
        name=row.name,
        roles=tuple(row.roles),
        disabled_at=row.disabled_at,
        tenant_name=row.tenant_name or "",
        suspended_at=row.suspended_at,
        nodes=None if row.nodes is None else tuple(row.nodes),
        investors=tuple(row.investors or ()),
        modules_off=tuple(row.modules_off),
        custom=custom,
    )


def list_custom_roles(session: Session, *, among: tuple[str, ...] | None = None) -> tuple[CustomRole, ...]:
    """The custom roles of the tenant, by id; with ``among`` those of these ids."""
    query = select(custom_role).order_by(custom_role.c.id)
    if among is not None:
        query = query.where(custom_role.c.id.in_(among))
    return tuple(
        CustomRole(
            row.id,
            row.name,
            row.description,
            tuple(row.actions),
            tuple(row.masks),
            None if row.nodes is None else tuple(row.nodes),
            row.changed_at,
            row.changed_by,
        )
        for row in session.execute(query)
    )
