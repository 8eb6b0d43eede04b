"""The doctor's checks, one by one, at their bounds."""

from __future__ import annotations

from datetime import timedelta
from importlib import metadata

import pytest

from truenav.app.doctor import (
    DISK_BAD,
    DISK_WARN,
    State,
    disk_row,
    key_row,
    migration_row,
    offset_row,
    package_rows,
    python_row,
)
from truenav.app.settings import Settings


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
