"""The doctor's checks, one by one, at their bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import metadata

import pytest

from truenav.access.bootstrap import create_tenant
from truenav.access.users import NewUser
from truenav.app.doctor import (
    BACKUP_WARN,
    DISK_BAD,
    DISK_WARN,
    MIRROR_WARN,
    State,
    aged_row,
    backup_row,
    disk_row,
    files_rows,
    key_row,
    migration_row,
    mirror_row,
    offset_row,
    package_rows,
    python_row,
)
from truenav.app.house import House
from truenav.app.operations.sealing import seal_files
from truenav.app.settings import Settings
from truenav.core.clock import SystemClock
from truenav.core.ids import TenantId
from truenav.store import audit, migrate
from truenav.store.database import Database
from truenav.store.objects import ObjectName
from truenav.store.postgres import Role


@pytest.mark.parametrize(("version", "state"), [((3, 10), "bad"), ((3, 11), "ok"), ((3, 13), "ok")])
def test_python_from_3_11_on_is_well(version, state):
    assert python_row(version).state == state


def test_a_missing_package_is_named():
    def version(name: str) -> str:
        if name == "gone":
            raise metadata.PackageNotFoundError(name)
        return "1.2"

    rows = package_rows(["here", "gone"], version)
    assert [(row.name, row.state) for row in rows] == [
        ("package here", State.OK),
        ("package gone", State.BAD),
    ]
    assert all(row.state is State.OK for row in package_rows())


@pytest.mark.parametrize(
    ("free", "state"),
    [(DISK_BAD - 1, "bad"), (DISK_BAD, "warn"), (DISK_WARN - 1, "warn"), (DISK_WARN, "ok")],
)
def test_disk_space_at_its_bounds(tmp_path, free, state):
    row = disk_row(tmp_path / "not" / "made", lambda path: (0, 0, free))
    assert row.state == state
    assert bool(row.mend) == (state != "ok")


@pytest.mark.parametrize(
    ("milliseconds", "state"),
    [(0, "ok"), (1000, "ok"), (-1000, "ok"), (1001, "warn"), (-5000, "warn"), (5001, "bad"), (-5001, "bad")],
)
def test_clock_offsets_at_their_bounds(milliseconds, state):
    assert offset_row("clock x", timedelta(milliseconds=milliseconds)).state == state


@pytest.mark.parametrize(
    ("here", "state"), [("0002", "ok"), ("0001", "warn"), (None, "warn"), ("0003", "bad")]
)
def test_a_newer_database_is_bad_and_an_older_one_is_brought_up(here, state):
    assert migration_row(here, "0002").state == state


def test_the_master_key_is_made_later_or_must_be_whole(tmp_path):
    assert key_row(Settings(data_dir=tmp_path)).state is State.OK
    assert key_row(Settings(data_dir=tmp_path, master_key="nonsense")).state is State.BAD
    path = tmp_path / "master.key"
    path.write_text("A" * 43 + "=")
    path.chmod(0o640)
    assert "chmod 600" in key_row(Settings(data_dir=tmp_path)).detail
    path.chmod(0o600)
    assert key_row(Settings(data_dir=tmp_path)).state is State.OK


@pytest.mark.parametrize(
    ("age", "state"),
    [(None, "warn"), (timedelta(0), "ok"), (BACKUP_WARN, "ok"), (BACKUP_WARN + timedelta(seconds=1), "warn")],
)
def test_the_age_of_a_copy_at_its_bounds(age, state):
    now = datetime(2026, 1, 31, tzinfo=UTC)
    row = aged_row("backup", None if age is None else now - age, now, BACKUP_WARN, "Make one.")
    assert row.state == state
    assert bool(row.mend) == (state != "ok")
    assert age is None or "48" in row.detail


def test_a_mirrors_copy_grows_old_and_having_none_is_said(tmp_path):
    now = datetime.now(UTC)
    assert "none" in mirror_row(Settings(data_dir=tmp_path), now).detail
    mirrored = Settings(data_dir=tmp_path, mirror_dir=tmp_path / "mirror")
    assert mirror_row(mirrored, now).state is State.WARN
    (tmp_path / "mirror" / "base-1").mkdir(parents=True)
    assert mirror_row(mirrored, now).state is State.OK
    assert mirror_row(mirrored, now + MIRROR_WARN + timedelta(minutes=1)).state is State.WARN


def test_plain_files_and_a_missing_backup_are_told(fresh_database, tmp_path):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    try:
        house = House.of(Settings(data_dir=tmp_path), database, SystemClock())
        assert backup_row(house).state is State.OK  # nobody is there yet
        root = NewUser("root", "Root", "root@acme.test", ("administrator",), "violet otter climbs 7 stairs")
        create_tenant(database, "acme", name="Acme", administrator=root, now=house.clock.now())
        house.blobs(TenantId("acme")).write(b"sealed")
        assert [row.state for row in files_rows(house)] == [State.OK]
        house.objects.stored.put(ObjectName("blobs", TenantId("acme"), "ab/cd"), b"plain")
        (row,) = files_rows(house)
        assert (row.state, row.detail) == (State.WARN, "1 of 2 looked at are not encrypted")
        assert seal_files(house) == 1
        assert [row.state for row in files_rows(house)] == [State.OK]
        assert backup_row(house).detail == "none yet"
        with database.transaction("acme") as session:
            audit.append(session, actor="system", action="backup.make", subject="x", at=house.clock.now())
        assert backup_row(house).state is State.OK
    finally:
        database.close()
