"""Definitions, evidence, cursors, issues, runs, idempotency keys and progress on a real PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from truenav.core.account import Account, AccountKind
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import NodeId
from truenav.core.portfolio import Node, NodeKind, SubBookRule
from truenav.store import cursors, definitions, evidence, idempotency, issues, progress, runs
from truenav.store.blobs import BlobDamagedError, BlobMissingError, Blobs
from truenav.store.definitions import DefinitionNotFoundError, Definitions, EditConflictError, Kind
from truenav.store.files import StorageError, write_durably
from truenav.store.objects import FolderObjects
from truenav.store.runs import RunConflictError, RunNotFoundError, RunState

T0 = datetime(2024, 1, 1, tzinfo=UTC)


def at(hours):
    return T0 + timedelta(hours=hours)


@pytest.fixture
def session(database, tenant):
    with database.transaction(tenant) as opened:
        yield opened


def account(name):
    return Account("a", name, "binance", AccountKind.EXCHANGE, ("spot", "usdm"))


def put(session, name, hour, **options):
    return definitions.put(session, Kind.ACCOUNT, "a", account(name), by="ana", at=at(hour), **options)


def test_a_definition_keeps_all_its_versions_and_tells_what_was_in_force(session):
    assert [put(session, "one", 1), put(session, "two", 2)] == [1, 2]
    definitions.delete(session, Kind.ACCOUNT, "a", by="ben", at=at(3))
    history = definitions.history(session, Kind.ACCOUNT, "a", Account)
    assert [(one.version, one.body.name, one.deleted) for one in history] == [
        (1, "one", False),
        (2, "two", False),
        (3, "two", True),
    ]
    with pytest.raises(DefinitionNotFoundError):
        definitions.get(session, Kind.ACCOUNT, "a", Account)
    assert definitions.bodies(session, Kind.ACCOUNT, Account) == ()
    assert definitions.bodies(session, Kind.ACCOUNT, Account, known_at=at(1)) == (account("one"),)
    assert put(session, "three", 4) == 4
    assert definitions.get(session, Kind.ACCOUNT, "a", Account) == account("three")


def test_several_kinds_are_read_at_once_as_they_are_one_by_one(session):
    fund = Node(NodeId("f"), "F", NodeKind.FUND)
    put(session, "one", 1)
    put(session, "two", 2)
    definitions.put(session, Kind.ACCOUNT, "b", account("gone"), by="ana", at=at(1))
    definitions.delete(session, Kind.ACCOUNT, "b", by="ana", at=at(2))
    definitions.put(session, Kind.NODE, "f", fund, by="ana", at=at(1))
    known = Definitions(session, (Kind.ACCOUNT, Kind.NODE, Kind.RULE))
    assert known.bodies(Kind.ACCOUNT, Account) == (account("two"),)
    assert known.bodies(Kind.NODE, Node) == (fund,) == definitions.bodies(session, Kind.NODE, Node)
    assert known.bodies(Kind.RULE, SubBookRule) == ()


def test_an_edit_of_an_older_version_is_refused(session):
    put(session, "one", 1, expected_version=0)
    put(session, "two", 2, expected_version=1)
    for stale in (0, 1, 3):
        with pytest.raises(EditConflictError, match="version 2"):
            put(session, "three", 3, expected_version=stale)


def test_of_two_edits_at_once_one_is_refused(database, tenant):
    with database.transaction(tenant) as first:
        put(first, "one", 1)
        results = []

        def second():
            try:
                with database.transaction(tenant) as session:
                    results.append(put(session, "two", 2))
            except EditConflictError as error:
                results.append(error.code)

        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
        assert results == []
    other.join()
    assert results == ["edit-conflict"]


def payload(data, account="a"):
    request = Request("GET", "https://venue.example/balance", (("type", "spot"),))
    return Evidence(
        sha256_hex(data), len(data), "binance", "1", "balance", account, request, at(1), at(1), 200
    ), data


def test_evidence_is_archived_once_and_read_by_its_hash(session, tenant, tmp_path):
    blobs = Blobs(FolderObjects(tmp_path), tenant)
    items = [payload(b"[1]"), payload(b"[2]"), payload(b"[1]", account="b")]
    for _ in range(2):
        evidence.put_many(session, blobs, items)
    first = items[0][0].sha256
    assert {one.account for one in evidence.meta(session, first)} == {"a", "b"}
    assert evidence.read(session, blobs, first) == b"[1]"
    assert len(list((tmp_path / "blobs").rglob("*"))) == 1 + 2 + 2
    assert evidence.meta_many(session, [first]).keys() == {first}


def test_a_payload_that_is_not_what_its_evidence_says_is_refused(session, tenant, tmp_path):
    described, _ = payload(b"[1]")
    with pytest.raises(evidence.EvidenceMismatchError):
        evidence.put_many(session, Blobs(FolderObjects(tmp_path), tenant), [(described, b"[2]")])


def test_another_tenants_payload_is_not_found_even_by_its_hash(database, tenant, tmp_path):
    item = payload(b"[1]")
    with database.transaction(tenant) as session:
        evidence.put_many(session, Blobs(FolderObjects(tmp_path), tenant), [item])
    other = f"{tenant}-other"
    with database.transaction(other) as session, pytest.raises(evidence.EvidenceNotFoundError):
        evidence.read(session, Blobs(FolderObjects(tmp_path), other), item[0].sha256)


def test_a_damaged_and_a_lost_blob_are_named(tmp_path):
    blobs = Blobs(FolderObjects(tmp_path), "t")
    name = blobs.write(b"payload")
    path = tmp_path / "blobs" / "t" / name[:2] / name[2:]
    path.write_bytes(b"payloaD")
    with pytest.raises(BlobDamagedError):
        blobs.read(name)
    path.unlink()
    with pytest.raises(BlobMissingError):
        blobs.read(name)


def test_a_refusing_disk_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").write_text("a file where a folder is wanted")
    with pytest.raises(StorageError, match="nothing was recorded"):
        write_durably(tmp_path / "folder" / "file", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    target = tmp_path / "place"
    target.mkdir()
    with pytest.raises(StorageError):
        write_durably(target, b"data")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "place"]


def test_a_cursor_moves(session):
    assert cursors.get(session, "a", "trades") is None
    cursors.move(session, "a", "trades", {"id": "7", "at": at(1)}, at=at(1))
    cursors.move(session, "a", "trades", {"id": "9"}, at=at(2))
    assert cursors.get(session, "a", "trades") == {"id": "9"}


def test_an_issue_is_opened_once_and_stays_closed(session):
    issue = issues.Issue("i1", "gap", "a", "A page is missing.", "Sync again.", at(1))
    issues.open_many(session, [issue, issue])
    assert issues.list_issues(session) == (issue,)
    closing = {"by": "ana", "at": at(2), "explanation": "The venue confirmed it."}
    issues.close(session, "i1", issues.IssueState.EXPLAINED, **closing)
    issues.open_many(session, [issue])
    assert issues.list_issues(session) == ()
    assert issues.list_issues(session, None)[0].explanation == "The venue confirmed it."
    with pytest.raises(issues.IssueNotFoundError):
        issues.close(session, "i1", issues.IssueState.FIXED, **closing)


def start(session, id, as_of=T0, restates=None):
    return runs.create(session, id, fund="fund", as_of=as_of, known_at=T0, by="ana", at=T0, restates=restates)


def walk(session, run, *states):
    for state in states:
        run = runs.advance(session, run, state, by="ben", at=at(1), note="checked")
    return run


PUBLISHED = (RunState.CALCULATED, RunState.APPROVED, RunState.PUBLISHED)


def test_a_run_walks_to_published_and_leaves_a_trail(session):
    run = start(session, "r1")
    run = runs.advance(
        session, run, RunState.CALCULATED, by="ana", at=at(1), quality="complete", result_sha="ab" * 32
    )
    run = walk(session, run, RunState.APPROVED, RunState.PUBLISHED)
    assert (run.state, run.quality, run.result_sha, run.version) == ("published", "complete", "ab" * 32, 4)
    trail = [(one.version, one.state, one.actor) for one in runs.events(session, "r1")]
    assert trail == [
        (1, "collecting", "ana"),
        (2, "calculated", "ana"),
        (3, "approved", "ben"),
        (4, "published", "ben"),
    ]
    assert runs.published(session, "fund", as_of=T0) == run
    assert runs.previous_published(session, "fund", before=at(1)) == run
    assert runs.previous_published(session, "fund", before=T0) is None


@pytest.mark.parametrize(
    ("states", "refused"),
    [
        ((), RunState.APPROVED),
        ((), RunState.PUBLISHED),
        ((RunState.CALCULATED,), RunState.PUBLISHED),
        ((RunState.REJECTED,), RunState.CALCULATED),
        (PUBLISHED, RunState.REJECTED),
        (PUBLISHED, RunState.COLLECTING),
    ],
)
def test_a_step_that_is_not_in_the_life_of_a_run_is_refused(session, states, refused):
    run = walk(session, start(session, "r1"), *states)
    with pytest.raises(RunConflictError, match="cannot become"):
        walk(session, run, refused)


def test_of_two_who_move_a_run_the_second_is_refused(session):
    run = start(session, "r1")
    walk(session, run, RunState.CALCULATED)
    with pytest.raises(RunConflictError, match="meanwhile"):
        walk(session, run, RunState.CALCULATED)


def test_one_fund_and_instant_has_one_published_nav_until_it_is_restated(session):
    first = walk(session, start(session, "r1"), *PUBLISHED)
    second = walk(session, start(session, "r2", restates="r1"), RunState.CALCULATED, RunState.APPROVED)
    with pytest.raises(RunConflictError, match="published already"):
        walk(session, second, RunState.PUBLISHED)
    walk(session, first, RunState.SUPERSEDED)
    walk(session, second, RunState.PUBLISHED)
    assert runs.published(session, "fund", as_of=T0).id == "r2"
    assert [run.id for run in runs.list_runs(session, states=[RunState.SUPERSEDED])] == ["r1"]


def test_a_published_run_is_not_edited(session):
    run = walk(session, start(session, "r1"), *PUBLISHED)
    with pytest.raises(RunConflictError, match="not edited"):
        runs.advance(session, run, RunState.PUBLISHED, by="ana", at=at(2), result_sha="cd" * 32)


def test_an_unknown_or_repeated_run_is_refused(session):
    with pytest.raises(RunNotFoundError):
        runs.get(session, "r1")
    start(session, "r1")
    with pytest.raises(RunConflictError):
        start(session, "r1")
    with pytest.raises(RunConflictError):
        start(session, "r2", restates="r0")


def test_the_same_key_and_request_gets_the_first_answer(session):
    assert idempotency.claim(session, "k", b"request", at=T0) is None
    with pytest.raises(idempotency.KeyInUseError):
        idempotency.claim(session, "k", b"request", at=T0)
    idempotency.finish(session, "k", 201, '{"id":"1"}')
    assert idempotency.claim(session, "k", b"request", at=at(1)) == idempotency.StoredResponse(
        201, '{"id":"1"}'
    )
    with pytest.raises(idempotency.KeyReusedError):
        idempotency.claim(session, "k", b"another", at=at(1))
    assert idempotency.forget_before(session, at(1)) == 1
    assert idempotency.claim(session, "k", b"another", at=at(2)) is None


def test_progress_shows_the_last_report(session):
    def report(done, state=progress.TaskState.RUNNING):
        return progress.TaskProgress("t1", "gather", "a", state, at(done), done, 3, f"{done} of 3")

    for one in (report(1), report(3, progress.TaskState.DONE)):
        progress.report(session, one)
    assert progress.get(session, "t1") == report(3, progress.TaskState.DONE)
    assert progress.list_tasks(session, kind="gather") == (report(3, progress.TaskState.DONE),)
    with pytest.raises(progress.TaskNotFoundError):
        progress.get(session, "t2")
    assert progress.forget_before(session, at(4)) == 1
