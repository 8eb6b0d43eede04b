"""Switching modules on and off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from truenav.access.modules import parse_module
from truenav.access.policy import Principal, Resource, authorize
from truenav.store import audit, roles
from truenav.store.database import Session


def switch_modules(
    session: Session, principal: Principal, switches: Mapping[str, bool], *, now: datetime
) -> frozenset[str]:
    """Switch what is named, and give what is off now. It holds from everybody's next request or job on."""
    for name, enabled in sorted(switches.items()):
        module = parse_module(name)
        authorize(principal, "module:write", Resource(principal.tenant, "module", module.id))
        roles.switch_module(session, module.id, enabled=enabled, by=principal.user, at=now)
        action = "module.on" if enabled else "module.off"
        audit.append(session, actor=principal.user, action=action, subject=module.id, at=now)
    return roles.modules_off(session)
