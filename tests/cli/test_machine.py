"""What is done on the machine itself: database, doctor, keys; and bundles, offline."""

from __future__ import annotations

import json
import stat

import pytest

from truenav.store.files import write_durably


def test_doctor_is_well_on_a_fresh_installation(shell):
    ran = shell("doctor", "--offline", "--output", "json")
    assert ran.code == 0, ran.out
    names = [row["check"] for row in json.loads(ran.out)]
    for name in ("python", "disk", "database", "migrations", "master key", "queue"):
        assert name in names


def test_doctor_names_a_database_that_does_not_answer(shell):
    shell.monkeypatch.setenv("TRUENAV_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    ran = shell("doctor", "--output", "json")
    assert ran.code == 1
    bad = {row["check"]: row for row in json.loads(ran.out) if row["state"] == "bad"}
    assert bad.keys() == {"database"}
    assert bad["database"]["mend"]


def test_a_master_key_that_others_may_read_is_bad(manager):
    manager.ok("nav", "key")
    path = manager.data_dir / "master.key"
    path.chmod(0o644)
    try:
        ran = manager("doctor", "--offline", "--output", "json")
        assert ran.code == 1
        assert "chmod 600" in ran.out
    finally:
        path.chmod(0o600)


def test_rotation_makes_a_new_key_and_every_secret_still_opens(manager):
    before = manager.ok("nav", "key")
    path = manager.data_dir / "master.key"
    old = path.read_text()
    manager.ok("secret", "rotate")
    assert path.read_text() != old
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert manager.ok("nav", "key") == before
    assert manager("doctor", "--offline").code == 0
    former = manager.data_dir / "former-master.keys"
    assert old.strip() in former.read_text().split()
    assert stat.S_IMODE(former.stat().st_mode) == 0o600


def test_a_rotation_that_was_killed_before_wrapping_has_lost_nothing(manager):
    from truenav.store.secrets import renew_master_key

    before = manager.ok("nav", "key")
    renew_master_key(manager.data_dir)
    assert manager.ok("nav", "key") == before
    manager.ok("secret", "rotate")
    assert manager.ok("nav", "key") == before


def test_doctor_names_a_secret_whose_key_is_lost(manager):
    manager.ok("nav", "key")
    paths = [manager.data_dir / name for name in ("master.key", "former-master.keys")]
    kept = {path: path.read_bytes() for path in paths if path.exists()}
    for path in kept:
        path.unlink()
    try:
        write_durably(paths[0], b"A" * 43 + b"=\n", mode=0o600)
        ran = manager("doctor", "--offline", "--output", "json")
        assert ran.code == 1
        assert f"secret {manager.tenant} signing-key" in ran.out
    finally:
        for path, data in kept.items():
            write_durably(path, data, mode=0o600)


def test_the_database_tells_its_state_and_migrates_twice_without_harm(shell):
    (row,) = json.loads(shell.ok("db", "status", "--output", "json"))
    assert row["state"] == "running"
    assert row["migration"] == row["wanted"]
    shell.ok("db", "migrate")
    shell.ok("db", "start")
    assert shell.ok("db", "url", "--role", "backup").startswith("postgresql://truenav_backup:")


def test_a_database_of_your_own_is_not_started_or_stopped(shell):
    shell.monkeypatch.setenv("TRUENAV_DATABASE_URL", "postgresql://me@127.0.0.1/x")
    for verb in ("start", "stop", "status"):
        ran = shell("db", verb)
        assert ran.code == 2
        assert "of your own" in ran.err


def test_a_bundle_is_looked_into_offline(fund):
    fund.ok("nav", "strike", "alpha", "--as-of", "2026-01-31T08:00:00Z")
    (run,) = json.loads(fund.ok("nav", "list", "--output", "json"))
    seen = fund("nav", "show", run["run"]).err.rsplit("Result ", 1)[1].strip()
    assert fund("nav", "approve", run["run"], "--result", seen).code == 5
    assert fund("nav", "export", run["run"]).code == 4
    fund.log_in("finance")
    fund.ok("nav", "approve", run["run"], "--result", seen)
    fund.ok("nav", "publish", run["run"])
    path = fund.ok("nav", "export", run["run"]).strip()
    fund.ok("logout")
    names = [row["name"] for row in json.loads(fund.ok("bundle", "list", path, "--output", "json"))]
    signed = [row["name"] for row in json.loads(fund.ok("bundle", "manifest", path, "--output", "json"))]
    assert names == [*signed, "manifest.jsonl", "signature.jsonl"]
    assert json.loads(fund.ok("bundle", "cat", path, "run.jsonl"))["id"] == run["run"]
    assert fund("bundle", "cat", path, "nothing").code == 3
    assert fund("verify", path).code == 7


@pytest.mark.parametrize("content", ["", "no zip"])
def test_what_is_no_bundle_is_told_so(shell, content):
    ran = shell("bundle", "list", shell.write("x.zip", content))
    assert ran.code == 2
    assert "zip archive" in ran.err
