"""Secrets open with their key, in their place, and nowhere else."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import psycopg
import pytest

from truenav.store.postgres import Role
from truenav.store.secrets import (
    MasterKey,
    MasterKeyError,
    SecretNotFoundError,
    SecretUnreadableError,
    Vault,
    load_master_key,
)

NOW = datetime(2024, 1, 1, tzinfo=UTC)
OLD, NEW = MasterKey(b"o" * 32), MasterKey(b"n" * 32)
PLAIN = b'{"key":"canary-key","secret":"canary-secret"}'


def put(database, tenant, id="binance", plain=PLAIN, key=OLD):
    with database.transaction(tenant) as session:
        Vault(key).put(session, id, plain, at=NOW)


def get(database, tenant, id="binance", key=OLD, former=()):
    with database.transaction(tenant) as session:
        return Vault(key, former).get(session, id)


def test_a_secret_comes_back_and_its_row_does_not_show_it(database, tenant, store_dsns):
    put(database, tenant)
    assert get(database, tenant) == PLAIN
    with psycopg.connect(store_dsns[Role.ADMIN]) as admin:
        row = admin.execute("SELECT secret::text FROM secret WHERE tenant_id = %s", [tenant]).fetchone()
    assert "canary" not in row[0]
    assert b"canary".hex() not in row[0]


def test_putting_again_replaces_and_deleting_forgets(database, tenant):
    put(database, tenant)
    put(database, tenant, plain=b"second")
    assert get(database, tenant) == b"second"
    with database.transaction(tenant) as session:
        Vault(OLD).delete(session, "binance")
    with pytest.raises(SecretNotFoundError):
        get(database, tenant)


def test_another_master_key_does_not_open_it(database, tenant):
    put(database, tenant)
    with pytest.raises(SecretUnreadableError, match="master key"):
        get(database, tenant, key=NEW)


@pytest.mark.parametrize("moved", ["tenant", "id"])
def test_a_row_moved_to_another_tenant_or_name_does_not_open(database, tenant, store_dsns, moved):
    put(database, tenant)
    place = {"tenant_id": str(tenant), "id": "binance"}
    place["tenant_id" if moved == "tenant" else "id"] = f"{tenant}-moved"
    with psycopg.connect(store_dsns[Role.ADMIN]) as admin:
        admin.execute(
            "UPDATE secret SET tenant_id = %(tenant_id)s, id = %(id)s WHERE tenant_id = %(was)s",
            {**place, "was": tenant},
        )
    with pytest.raises(SecretUnreadableError):
        get(database, place["tenant_id"], place["id"])


@pytest.mark.parametrize("column", ["wrapped_key", "nonce", "ciphertext"])
def test_a_changed_row_does_not_open(database, tenant, store_dsns, column):
    put(database, tenant)
    with psycopg.connect(store_dsns[Role.ADMIN]) as admin:
        admin.execute(
            f"UPDATE secret SET {column} = set_byte({column}, 3, 255 - get_byte({column}, 3)) "
            "WHERE tenant_id = %s",
            [tenant],
        )
    with pytest.raises(SecretUnreadableError):
        get(database, tenant)


def test_rotation_leaves_no_use_for_the_old_key(database, tenant):
    put(database, tenant)
    put(database, tenant, id="okx")
    assert get(database, tenant, key=NEW, former=(OLD,)) == PLAIN
    with database.transaction(tenant) as session:
        assert Vault(NEW, (OLD,)).rotate(session) == 2
        assert Vault(NEW, (OLD,)).rotate(session) == 0
    assert get(database, tenant, key=NEW) == PLAIN
    with pytest.raises(SecretUnreadableError):
        get(database, tenant, key=OLD)


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path):
    key = load_master_key(tmp_path, {})
    assert load_master_key(tmp_path, {}) == key
    path = tmp_path / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(MasterKeyError, match="chmod 600"):
        load_master_key(tmp_path, {})


def test_the_environment_wins_over_the_file_and_is_checked(tmp_path):
    encoded = base64.b64encode(NEW.key).decode()
    assert load_master_key(tmp_path, {"TRUENAV_MASTER_KEY": encoded}) == NEW
    assert not (tmp_path / "master.key").exists()
    for bad in ("short", base64.b64encode(b"x" * 31).decode(), "ü" * 44):
        with pytest.raises(MasterKeyError):
            load_master_key(tmp_path, {"TRUENAV_MASTER_KEY": bad})


def test_a_key_does_not_show_when_printed():
    assert "ooo" not in repr(Vault(OLD))
