"""From a stored user to a principal: roles, what they grant and hide, and where the person may look."""

from __future__ import annotations

from truenav.access.masking import ROLE_MASKS, masks_of
from truenav.access.policy import Principal, Via
from truenav.core.failure import NotFoundError, UnauthenticatedError
from truenav.core.ids import TenantId, UserId
from truenav.store.database import Session
from truenav.store.standing import Standing, read_standing


def load_principal(
    session: Session, tenant: TenantId, user: UserId, *, via: Via, scopes: frozenset[str] | None = None
) -> Principal:
    """The user as they stand now; ``UnauthenticatedError`` for one gone, disabled or of a stopped tenant."""
    try:
        standing = read_standing(session, user)
    except NotFoundError as error:
        raise UnauthenticatedError("The user of this log-in does not exist any more.") from error
    if standing.disabled_at is not None:
        raise UnauthenticatedError("This user is disabled; ask an administrator.")
    if standing.suspended_at is not None:
        raise UnauthenticatedError("This tenant is suspended; ask whoever hosts the installation.")
    return _principal(standing, tenant, via, scopes)


def _principal(standing: Standing, tenant: TenantId, via: Via, scopes: frozenset[str] | None) -> Principal:
    custom = {role.id: role for role in standing.custom}
    packaged = [role for role in standing.roles if role not in custom]
    hidden = [ROLE_MASKS.get(role, frozenset()) for role in packaged]
    return Principal(
        user=standing.id,
        tenant=tenant,
        roles=frozenset(standing.roles),
        name=standing.name,
        scopes=scopes,
        via=via,
        custom=frozenset(custom),
        granted=frozenset(action for role in custom.values() for action in role.actions),
        masks=masks_of([*hidden, *(frozenset(role.masks) for role in custom.values())]),
        nodes=_nodes(standing, everywhere=bool(packaged)),
        investors=frozenset(standing.investors),
        modules_off=frozenset(standing.modules_off),
    )


def _nodes(standing: Standing, *, everywhere: bool) -> frozenset[str] | None:
    """The user's own limit, else what the roles reach together; a role without a limit reaches everywhere."""
    if standing.nodes is not None:
        return frozenset(standing.nodes)
    limits = [role.nodes for role in standing.custom]
    if everywhere or not limits or None in limits:
        return None
    return frozenset(node for nodes in limits if nodes is not None for node in nodes)
