"""The signing key of a tenant is made once, however many ask for it first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from truenav.app.house import House
from truenav.app.proof.signer import tenant_signer
from truenav.app.settings import Settings
from truenav.core.clock import SystemClock
from truenav.core.ids import TenantId
from truenav.store import migrate
from truenav.store.database import Database
from truenav.store.postgres import Role


@pytest.fixture
def house(fresh_database, tmp_path):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    yield House.of(Settings(data_dir=tmp_path), database, SystemClock())
    database.close()


def public_key(house: House, tenant: str, barrier: Barrier | None = None) -> str:
    with house.database.transaction(TenantId(tenant)) as session:
        if barrier is not None:
            barrier.wait()
        return tenant_signer(session, house).public_key


def test_the_key_stays_and_each_tenant_has_its_own(house):
    assert public_key(house, "acme") == public_key(house, "acme")
    assert public_key(house, "acme") != public_key(house, "other")


def test_two_first_uses_at_once_get_the_same_key(house):
    for tenant in ("t-1", "t-2", "t-3"):
        barrier = Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            keys = [pool.submit(public_key, house, tenant, barrier).result for _ in range(2)]
            assert keys[0]() == keys[1]() == public_key(house, tenant)
