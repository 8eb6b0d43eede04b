"""What happens to the whole installation is told in the audit trail of each of its tenants."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.access.users import SYSTEM
from truenav.app.house import House
from truenav.store import audit
from truenav.store.database import tenant_ids


def note(house: House, action: str, subject: str, detail: Mapping[str, object] | None = None) -> None:
    """Add an entry to the trail of every tenant that is not suspended."""
    with house.database.lookup() as session:
        tenants = tenant_ids(session)
    now = house.clock.now()
    for tenant in tenants:
        with house.database.transaction(tenant) as session:
            audit.append(session, actor=SYSTEM, action=action, subject=subject, at=now, detail=detail)
