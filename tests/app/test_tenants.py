"""Tenants: made with an invitation, stopped and resumed, exported whole, erased for good."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from truenav.access.policy import INSTALLATION, Principal
from truenav.app.house import House
from truenav.app.proof.signing import check_signature
from truenav.app.settings import Settings
from truenav.app.tenants import service
from truenav.app.tenants.export import export_tenant
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.failure import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from truenav.store import audit, migrate, queue, tenants
from truenav.store.database import Database
from truenav.store.postgres import Role
from truenav.worker.execute import execute

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
HOST = service.machine_host()


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def house(fresh_database, tmp_path):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    yield House.of(Settings(data_dir=tmp_path), database, StoppedClock())
    database.close()


def _made(house, id="north"):
    return service.provision(house, HOST, id, name="North", administrator="ann", email="ann@north.test")


def test_a_tenant_is_made_with_an_invited_administrator(house):
    made = _made(house)
    assert made.link.ticket.startswith("north.")
    assert [one.id for one in service.list_tenants(house, HOST)] == ["north"]
    with pytest.raises(ConflictError, match="exists already"):
        _made(house)
    for reserved in (INSTALLATION, "truenav-door"):
        with pytest.raises(InvalidInputError, match="installation itself"):
            _made(house, reserved)


def test_nobody_but_a_host_of_the_installation_runs_tenants(house):
    _made(house)
    for who in (
        Principal("ann", "north", frozenset({"administrator"})),
        Principal("ann", "north", frozenset({"host"})),
        Principal("ann", INSTALLATION, frozenset({"administrator"})),
    ):
        with pytest.raises(ForbiddenError):
            service.suspend(house, who, "north")
    with pytest.raises(NotFoundError):
        service.suspend(house, HOST, "south")


def test_the_jobs_of_a_suspended_tenant_are_refused(house):
    _made(house)
    service.suspend(house, HOST, "north")
    done = []
    with pytest.raises(ConflictError, match="suspended"):
        execute(
            house, "nav.advance", "job-1", {"tenant": "north"}, lambda *given: done.append(given), attempts=9
        )
    assert not done
    assert service.resume(house, HOST, "north").suspended_at is None


def test_an_export_holds_every_row_and_file_and_no_way_in(house, tmp_path):
    made = _made(house)
    sha = house.blobs("north").write(b"a payload")
    counts = export_tenant(house, HOST, "north", tmp_path / "north.zip")
    with zipfile.ZipFile(tmp_path / "north.zip") as archive:
        (user,) = [json.loads(line) for line in archive.read("tables/app_user.jsonl").splitlines()]
        manifest = json.loads(archive.read("manifest.json"))
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert archive.read(f"blobs/{sha[:2]}/{sha[2:]}") == b"a payload"
    assert (user["id"], user["email"], user["roles"]) == ("ann", "ann@north.test", ["administrator"])
    assert manifest["counts"] == counts
    assert counts["files"] == 1
    assert set(manifest["left_out"]) | set(counts) == {*tenants.tables(), "files"}
    assert "password_hash" not in user
    assert made.link.ticket.encode() not in everything


def test_only_a_suspended_tenant_is_erased_and_then_nothing_of_it_is_left(house):
    _made(house)
    _made(house, "south")
    house.blobs("north").write(b"a payload")
    with pytest.raises(ConflictError, match="suspended"):
        service.erase(house, HOST, "north", confirm="north")
    service.suspend(house, HOST, "north")
    with pytest.raises(InvalidInputError, match="confirm"):
        service.erase(house, HOST, "north", confirm="south")
    with house.database.transaction("north") as session:
        house.vault.put(session, "venue", b"key", at=NOW)
    signed = service.erase(house, HOST, "north", confirm="north")
    assert signed.record.files == {"keys": 1, "blobs": 1, "segments": 0, "uploads": 0}
    assert signed.record.rows["secret"] == 1
    with house.database.transaction("north") as session:
        assert all(not list(tenants.rows(session, table)) for table in tenants.tables())
    with house.database.transaction("south") as session:
        assert len(list(tenants.rows(session, "app_user"))) == 1
    assert [one.id for one in service.list_tenants(house, HOST)] == ["south"]


def test_the_id_of_an_erased_tenant_is_free_again_once_no_process_remembers_its_keys(house, monkeypatch):
    _made(house)
    service.suspend(house, HOST, "north")
    service.erase(house, HOST, "north", confirm="north")
    with pytest.raises(ConflictError, match="a moment ago"):
        _made(house)
    monkeypatch.setattr(service, "KEYS_REMEMBERED", timedelta(0))  # two minutes later
    _made(house)
    house.blobs("north").write(b"of the new one")


def test_a_tenant_is_not_erased_under_a_job_that_is_at_work(house, fresh_database):
    _made(house)
    with house.database.transaction("north") as session:
        queue.enqueue(session, "nav.advance", {"run": "r"}, subject="alpha", at=NOW)
    service.suspend(house, HOST, "north")
    with psycopg.connect(fresh_database.dsn(Role.QUEUE)) as worker:
        worker.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    with pytest.raises(ConflictError, match="still at work"):
        service.erase(house, HOST, "north", confirm="north")
    with psycopg.connect(fresh_database.dsn(Role.QUEUE)) as worker:
        worker.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert service.erase(house, HOST, "north", confirm="north").record.rows["procrastinate_jobs"] == 1


def test_an_erasure_leaves_a_signed_record_in_the_audit_of_the_installation(house):
    _made(house)
    service.suspend(house, HOST, "north")
    signed = service.erase(house, HOST, "north", confirm="north")
    assert sha256_hex(canonical_json(signed.record)) == signed.sha256
    check_signature(signed.signature, bytes.fromhex(signed.sha256), None)
    with house.database.transaction(INSTALLATION) as session:
        told = [row.action for row in audit.entries(session, after_seq=0, limit=20)]
        assert audit.verify(session).ok
    assert told == ["tenant.create", "tenant.suspend", "tenant.erase.begin", "tenant.erase"]
