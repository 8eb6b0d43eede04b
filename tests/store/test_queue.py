"""Jobs and the state they belong to are one; a run has one worker."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from truenav.core.ids import NodeId, RunId
from truenav.store import progress, queue, runs
from truenav.store.postgres import Role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def jobs(store_dsns, tenant):
    """What the queue's role sees of this test's tenant: (name, status, queueing lock), oldest first."""

    def listing():
        with psycopg.connect(store_dsns[Role.QUEUE]) as connection:
            return connection.execute(
                "SELECT task_name, status, queueing_lock FROM procrastinate_jobs "
                "WHERE args->>'tenant' = %s ORDER BY id",
                [tenant],
            ).fetchall()

    return listing


def _enqueue(session, **options):
    return queue.enqueue(session, "tiny", {"run": "r"}, subject="r", at=NOW, **options)


def test_a_job_exists_when_its_transaction_commits_and_shows_as_waiting(database, tenant, jobs):
    with database.transaction(tenant) as session:
        task = _enqueue(session)
        assert jobs() == []
    assert jobs() == [("tiny", "todo", None)]
    with database.transaction(tenant) as session:
        assert progress.get(session, task).state is progress.TaskState.WAITING


def test_a_job_goes_with_the_transaction_that_is_rolled_back(database, tenant, jobs):
    def fail_after_enqueueing():
        with database.transaction(tenant) as session:
            _enqueue(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_enqueueing()
    assert jobs() == []


def test_no_second_job_waits_under_the_same_queueing_lock(database, tenant, jobs):
    with database.transaction(tenant) as session:
        assert _enqueue(session, queueing_lock="one") is not None
        assert _enqueue(session, queueing_lock="one") is None
    with database.transaction(f"{tenant}-other") as session:
        assert _enqueue(session, queueing_lock="one") is not None
    assert len(jobs()) == 1


def test_a_job_being_done_does_not_hold_back_the_next_one(database, store_dsns, tenant, jobs):
    with database.transaction(tenant) as session:
        _enqueue(session, queueing_lock="one")
    with psycopg.connect(store_dsns[Role.QUEUE]) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
    with database.transaction(tenant) as session:
        assert _enqueue(session, queueing_lock="one") is not None
    with psycopg.connect(store_dsns[Role.QUEUE]) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'todo' WHERE status = 'doing'")
    assert [status for _, status, _ in jobs()] == ["todo", "todo"]


def test_the_application_may_neither_see_nor_change_jobs(store_dsns):
    with psycopg.connect(store_dsns[Role.APP]) as connection, pytest.raises(psycopg.Error, match="denied"):
        connection.execute("SELECT * FROM procrastinate_jobs")


def test_a_run_is_worked_on_by_one_at_a_time(database, tenant):
    order = []

    def second():
        with queue.run_lock(database, tenant, RunId("r")):
            order.append("second")

    with queue.run_lock(database, tenant, RunId("r")):
        waiting = threading.Thread(target=second)
        waiting.start()
        with database.transaction(tenant) as session:
            assert not queue.try_lock_run(session, RunId("r"))
            assert queue.try_lock_run(session, RunId("another"))
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def _collecting(database, tenant, name="r"):
    with database.transaction(tenant) as session:
        runs.create(session, RunId(name), fund=NodeId("fund"), as_of=NOW, known_at=NOW, by="anna", at=NOW)


def _abandoned(database, tenant, *, now=NOW + timedelta(seconds=10)):
    with database.transaction(tenant) as session:
        return queue.abandoned_runs(session, now=now, idle=timedelta(seconds=3))


def test_a_run_is_abandoned_when_nobody_works_on_it_for_a_while(database, tenant):
    _collecting(database, tenant)
    assert _abandoned(database, tenant, now=NOW + timedelta(seconds=1)) == ()
    with queue.run_lock(database, tenant, RunId("r")):
        assert _abandoned(database, tenant) == ()
    assert _abandoned(database, tenant) == ("r",)


def test_a_run_whose_job_failed_is_left_to_people(database, tenant):
    _collecting(database, tenant)
    with database.transaction(tenant) as session:
        failed = progress.TaskProgress("t", queue.ADVANCE_RUN, "r", progress.TaskState.FAILED, NOW)
        progress.report(session, failed)
    assert _abandoned(database, tenant) == ()


def test_a_due_time_is_taken_once(database, tenant):
    with database.transaction(tenant) as session:
        assert queue.last_due(session, "daily") is None
        assert queue.claim_due(session, "daily", NOW, at=NOW)
    with database.transaction(tenant) as session:
        assert not queue.claim_due(session, "daily", NOW, at=NOW)
        assert queue.claim_due(session, "other", NOW, at=NOW)
        assert queue.last_due(session, "daily") == NOW
