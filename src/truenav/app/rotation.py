"""Rotation of the master key: secrets and tenants' keys are wrapped anew; the former keys keep opening."""

from __future__ import annotations

from truenav.access.users import SYSTEM
from truenav.app.house import House
from truenav.store import audit
from truenav.store.database import tenant_ids
from truenav.store.secrets import renew_master_key


def rotate_master_key(house: House) -> int:
    """Make a new master key and wrap the secrets and keys of all tenants with it; gives how many there were.

    Where the key comes from the environment, they are wrapped with that one and no key is made. A
    process killed in between has lost nothing: run it again. Only somebody at the machine can call this.
    """
    if house.settings.master_key is None:
        renew_master_key(house.settings.data_dir)
    vault = house.vault
    with house.database.lookup() as session:
        tenants = tenant_ids(session)
    wrapped = 0
    for tenant in tenants:
        with house.database.transaction(tenant) as session:
            count = vault.rotate(session)
            audit.append(
                session,
                actor=SYSTEM,
                action="secret.rotate",
                subject=vault.current.id,
                at=house.clock.now(),
                detail={"secrets": count},
            )
        wrapped += count + house.objects.rewrap_keys(tenant)
    return wrapped
