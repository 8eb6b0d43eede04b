"""Files that an older version kept plain are sealed where they lie."""

from __future__ import annotations

from truenav.app.house import House
from truenav.store import tenants
from truenav.store.objects import KINDS


def seal_files(house: House) -> int:
    """Seal every plain file of every tenant; gives how many there were.

    Each file is replaced whole, so readers and writers go on meanwhile, and a process killed in between is
    run again. Only somebody at the machine can call this.
    """
    with house.database.lookup() as session:
        every = tenants.list_tenants(session)
    return sum(
        house.objects.seal(name)
        for tenant in every
        for kind in KINDS
        for name in [name for name, _ in house.objects.names(kind, tenant.id)]
    )
