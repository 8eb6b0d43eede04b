"""The first steps of a tenant: itself, and the administrator who adds everybody else."""

from __future__ import annotations

from datetime import datetime

from truenav.access.tickets import DOOR
from truenav.access.users import SYSTEM, NewUser, make_user
from truenav.core.failure import InvalidInputError
from truenav.core.ids import TenantId, parse_slug
from truenav.core.names import parse_name
from truenav.store import audit
from truenav.store import users as store
from truenav.store.database import Database


def create_tenant(
    database: Database, tenant: str, *, name: str, administrator: NewUser, now: datetime
) -> store.User:
    """Make a tenant and its first user, who must be an administrator; both or neither.

    Raises ``TakenError`` when the tenant exists already. Only somebody at the machine can call this: no
    endpoint does.
    """
    if "administrator" not in administrator.roles:
        raise InvalidInputError("The first user of a tenant must have the role 'administrator'.")
    tenant_id = TenantId(parse_slug(tenant, what="tenant"))
    if tenant_id == DOOR:
        raise InvalidInputError(f"tenant: {DOOR!r} is a reserved name; choose another.")
    user = make_user(administrator, now=now)
    with database.transaction(tenant_id) as session:
        store.create_tenant(session, parse_name(name, what="name"), at=now)
        store.create_user(session, user)
        audit.append(session, actor=SYSTEM, action="tenant.create", subject=tenant_id, at=now)
        audit.append(
            session,
            actor=SYSTEM,
            action="user.add",
            subject=user.id,
            at=now,
            detail={"email": user.email, "roles": list(user.roles)},
        )
    return user
