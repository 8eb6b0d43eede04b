"""An import that is left and found again: checked and kept by workers that may die, doubled never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from truenav.access.bootstrap import create_tenant
from truenav.access.policy import Principal
from truenav.access.users import NewUser, add_user, change_user
from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.app.sources import import_jobs, imports
from truenav.app.sources.import_jobs import (
    ImportForgottenError,
    accept_import,
    check_job,
    import_state,
    run_job,
    send_file,
)
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files import parse as files_parse
from truenav.core.account import Account, AccountKind
from truenav.core.clock import SystemClock
from truenav.core.failure import ConflictError, ForbiddenError, UnauthenticatedError
from truenav.core.ids import AccountId, TenantId, UserId
from truenav.store import definitions, migrate, progress
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.journal import FactQuery, Journal
from truenav.store.postgres import Role
from truenav.store.progress import TaskState
from truenav.store.uploads import Uploads

TENANT = TenantId("acme")
ROOT = Principal(UserId("root"), TENANT, frozenset({"administrator"}))
MAX = Principal(UserId("max"), TENANT, frozenset({"manager"}))
PASSWORD = "violet otter climbs 7 stairs"
HEADER = "account,wallet,external_id,occurred_at,instrument,side,quantity,price\n"


def _trades(count: int) -> bytes:
    rows = (f"desk,main,t-{n},2026-01-05T00:00:00Z,BTC-USD,buy,1,{60000 + n}\n" for n in range(count))
    return (HEADER + "".join(rows)).encode()


@pytest.fixture
def house(fresh_database, tmp_path):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    opened = House.of(Settings(data_dir=tmp_path), database, SystemClock())
    now = opened.clock.now()
    root = NewUser("root", "Root", "root@acme.test", ("administrator",), PASSWORD)
    create_tenant(database, TENANT, name="Acme", administrator=root, now=now)
    with database.transaction(TENANT) as session:
        add_user(session, ROOT, NewUser("max", "Max", "max@acme.test", ("manager",), PASSWORD), now=now)
        desk = Account(AccountId("desk"), "Desk", "bank", AccountKind.EXCHANGE, ("main",))
        definitions.put(session, Kind.ACCOUNT, desk.id, desk, by="max", at=now)
    yield opened
    database.close()


def _send(house, data, name="trades.csv", by=MAX):
    with house.database.transaction(TENANT) as session:
        return send_file(session, house, by, name, data, None)


def _work(house, job, handler):
    """What a worker does around a handler."""
    _set(house, job, TaskState.RUNNING)
    handler(house, TENANT, {"task": job})
    _set(house, job, TaskState.DONE)


def _set(house, job, state):
    with house.database.transaction(TENANT) as session:
        progress.report(session, replace(progress.get(session, job), state=state))


def _state(house, job):
    with house.database.transaction(TENANT) as session:
        return import_state(session, house, MAX, job)


def _accept(house, job):
    with house.database.transaction(TENANT) as session:
        return accept_import(session, house, MAX, job)


def _facts(house):
    with house.database.transaction(TENANT) as session:
        return len(Journal(session, house.objects, TENANT).facts(FactQuery()))


def test_a_file_is_sent_checked_accepted_and_kept(house, monkeypatch):
    monkeypatch.setattr(files_parse, "PART_ROWS", 4)
    job = _send(house, _trades(10))
    waiting = _state(house, job)
    assert (waiting.given.name, waiting.given.template, waiting.progress.state) == (
        "trades.csv",
        "trades",
        TaskState.WAITING,
    )
    assert waiting.checked is None
    _work(house, job, check_job)
    found = _state(house, job)
    assert (found.checked.rows, found.checked.facts, found.checked.problem_count) == (10, 10, 0)
    assert (found.progress.done, found.progress.total) == (10, 10)
    assert _facts(house) == 0
    run = _accept(house, job)
    assert _accept(house, job) == run
    _work(house, run, run_job)
    kept = _state(house, job).acceptance.kept
    assert (kept.facts, kept.duplicates, kept.rows) == (10, 0, 10)
    assert _facts(house) == 10
    assert house.blobs(TENANT).read(kept.sha256) == _trades(10)


def test_a_file_with_problems_tells_them_and_is_not_accepted(house):
    job = _send(house, _trades(3) + b"desk,main,t-9,yesterday,BTC-USD,buy,1,60000\n")
    with pytest.raises(ConflictError, match="not checked"):
        _accept(house, job)
    _work(house, job, check_job)
    checked = _state(house, job).checked
    assert (checked.problem_count, checked.facts, checked.problems[0].line) == (1, 0, 5)
    with pytest.raises(ConflictError, match="problems"):
        _accept(house, job)


@pytest.mark.parametrize("dies", ["before its commit", "after its commit"])
def test_what_a_killed_worker_left_is_finished_by_the_next_and_nothing_is_doubled(house, monkeypatch, dies):
    job = _send(house, _trades(5))
    _work(house, job, check_job)
    run = _accept(house, job)
    _set(house, run, TaskState.RUNNING)

    def die(name):
        raise SystemExit(name)

    place = imports if dies == "before its commit" else import_jobs
    with monkeypatch.context() as patch:
        patch.setattr(place, "commit_point", die)
        with pytest.raises(SystemExit):
            run_job(house, TENANT, {"task": run})
    assert _facts(house) == (0 if place is imports else 5)
    _work(house, run, run_job)
    kept = _state(house, job).acceptance.kept
    assert (kept.facts, kept.duplicates) == (5, 0)
    assert _facts(house) == 5


def test_a_file_of_many_parts_with_a_late_problem_leaves_nothing(house, monkeypatch):
    monkeypatch.setattr(files_parse, "PART_ROWS", 2)
    job = _send(house, _trades(6))
    _work(house, job, check_job)
    run = _accept(house, job)
    with house.database.transaction(TENANT) as session:  # the account goes between check and acceptance
        definitions.delete(session, Kind.ACCOUNT, "desk", by="max", at=house.clock.now())
    with pytest.raises(imports.ImportProblemsError):
        run_job(house, TENANT, {"task": run})
    assert _facts(house) == 0


def test_only_those_who_may_send_and_accept_and_only_as_long_as_they_may(house):
    auditor = Principal(UserId("max"), TENANT, frozenset({"auditor"}))
    with pytest.raises(ForbiddenError):
        _send(house, _trades(1), by=auditor)
    job = _send(house, _trades(1))
    with house.database.transaction(TENANT) as session:
        change_user(session, ROOT, UserId("max"), disabled=True, now=house.clock.now())
    with pytest.raises(UnauthenticatedError):
        check_job(house, TENANT, {"task": job})


def test_a_name_that_says_no_template_is_refused_before_anything_is_kept(house):
    with pytest.raises(ImportRefusedError, match="names no template"):
        _send(house, b"x", name="holiday.csv")
    assert list(house.objects.names("uploads", TENANT)) == []


def test_what_was_sent_is_sealed_and_forgotten_after_a_while(house):
    job = _send(house, _trades(1))
    for name, _ in house.objects.names("uploads", TENANT):
        assert b"desk" not in house.objects.stored.get(name)
    uploads = Uploads(house.objects, TENANT)
    assert uploads.forget_before(house.clock.now() - timedelta(days=1)) == 0
    assert uploads.forget_before(house.clock.now() + timedelta(days=1)) == 2
    with pytest.raises(ImportForgottenError, match="Send the file again"):
        _state(house, job)
