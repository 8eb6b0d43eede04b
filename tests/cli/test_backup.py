"""Backup and restore by hand, as the page *Back up and restore* has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conftest import ends_with_this_process

from truenav.store.postgres import EmbeddedPostgres

from .conftest import Shell


def test_what_was_backed_up_is_restored_elsewhere_and_people_can_log_in(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, target, new = tmp_path / "keys", tmp_path / "backups", tmp_path / "new"
    made = json.loads(shell.ok("backup", "--to", str(target), "--keys-to", str(keys), "--output", "json"))[0]
    assert (keys / "master.key").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("TRUENAV_DATA_DIR", str(new))
    given = ("--from", str(target), "--keys", str(keys), "--output", "json")
    checked = json.loads(shell.ok("restore", *given, "--check-only"))[0]
    assert checked["fingerprint"] == made["fingerprint"]
    assert not new.exists()
    with ends_with_this_process(new / "postgres"):
        try:
            ran = shell("restore", "--from", str(target), "--keys", str(keys), "--output", "json")
            assert ran.code == 0, ran.err
            done = json.loads(ran.out)[0]
            shell.log_in("auditor")
            trail = shell.ok("audit", "list", "--output", "json")
            again = shell("restore", "--from", str(target), "--keys", str(keys))
        finally:
            EmbeddedPostgres(new / "postgres").stop()
    assert done["fingerprint"] == made["fingerprint"]
    assert done["facts"] == made["facts"]
    assert "backup.restore" in {one["action"] for one in json.loads(trail)}
    assert again.code == 4
    assert "is not empty" in again.err


def test_a_backup_that_is_none_is_one_clear_line(shell: Shell, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TRUENAV_DATA_DIR", str(tmp_path / "new"))
    (tmp_path / "empty").mkdir()
    ran = shell("restore", "--from", str(tmp_path / "empty"))
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "no finished backup" in ran.err
    assert not (tmp_path / "new").exists()
