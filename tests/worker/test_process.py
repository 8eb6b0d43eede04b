"""Worker processes on a real queue: done, refused, retried, drained, killed."""

from __future__ import annotations

import os
import signal
import threading
import time

import psycopg

from truenav.store import issues
from truenav.worker import process
from truenav.worker.execute import MAX_RETRIES
from truenav.worker.leader import MAX_RESCUES


def test_a_job_is_done_with_its_tenant_and_its_progress(workshop):
    workshop.start_worker()
    task = workshop.enqueue("tiny.note", run="r1")
    workshop.wait_for(task, "done")
    (note,) = workshop.notes()
    assert (note["tenant"], note["run"], note["task"]) == (workshop.tenant, "r1", task)
    workshop.until(lambda: workshop.statuses() == ["succeeded"], seconds=5, what="status")


def test_a_refusal_ends_the_job_with_its_sentence_and_an_issue(workshop):
    workshop.start_worker()
    task = workshop.enqueue("tiny.refuse")
    assert workshop.wait_for(task, "failed").error == "The fund 'alpha' is closed. Open it first."
    with workshop.house.database.transaction(workshop.tenant) as session:
        (issue,) = issues.list_issues(session)
    assert issue.kind == "job_failed"
    assert "The fund 'alpha' is closed" in issue.message
    assert not issue.blocking
    workshop.until(lambda: workshop.statuses() == ["failed"], seconds=5, what="status")
    assert len(workshop.notes()) == 1


def test_what_breaks_down_is_tried_again_three_times(workshop):
    workshop.start_worker()
    task = workshop.enqueue("tiny.break_down")
    assert workshop.wait_for(task, "failed").error == "RuntimeError: out of luck"
    assert len(workshop.notes()) == 1 + MAX_RETRIES


def test_a_killed_workers_job_is_taken_over_within_five_seconds(workshop):
    first = workshop.start_worker()
    task = workshop.enqueue("tiny.sleep_at_first")
    workshop.until(lambda: len(workshop.notes()) == 1, seconds=20, what="begun")
    workshop.start_worker()
    workshop.await_workers(2)
    os.kill(first.pid, signal.SIGKILL)
    killed_at = time.time()
    workshop.wait_for(task, "done")
    begun_again = workshop.notes()[1]
    assert begun_again["pid"] != first.pid
    assert begun_again["at"] - killed_at < 5
    assert [note["step"] for note in workshop.notes()] == ["begun", "begun", "ended"]


def test_a_stopped_worker_ends_what_it_began_and_begins_nothing(workshop):
    worker = workshop.start_worker()
    tasks = [workshop.enqueue("tiny.sleep", seconds="4") for _ in range(3)]
    workshop.until(lambda: len(workshop.notes()) == 2, seconds=20, what="begun")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    states = sorted(workshop.progress(task).state for task in tasks)
    assert states == ["done", "done", "waiting"]
    assert sorted(workshop.statuses()) == ["succeeded", "succeeded", "todo"]


def test_a_draining_worker_is_not_taken_for_dead(workshop):
    worker = workshop.start_worker()
    task = workshop.enqueue("tiny.sleep", seconds="6")
    workshop.until(lambda: len(workshop.notes()) == 1, seconds=20, what="begun")
    workshop.start_worker()
    worker.send_signal(signal.SIGTERM)
    workshop.wait_for(task, "done")
    assert len({note["pid"] for note in workshop.notes()}) == 1


def test_a_job_longer_than_the_drain_is_left_to_another_worker(workshop):
    worker = workshop.start_worker()
    task = workshop.enqueue("tiny.sleep_at_first")
    workshop.until(lambda: len(workshop.notes()) == 1, seconds=20, what="begun")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    workshop.start_worker()
    workshop.wait_for(task, "done")


def test_a_lost_database_connection_does_not_end_a_worker(workshop):
    worker = workshop.start_worker()
    workshop.wait_for(workshop.enqueue("tiny.note"), "done")
    with psycopg.connect(workshop.queue_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid()"
        )
    workshop.wait_for(workshop.enqueue("tiny.note"), "done", seconds=8)
    assert worker.poll() is None


def test_a_job_that_kills_its_workers_fails_in_the_end(workshop):
    task = workshop.enqueue("tiny.note")
    with psycopg.connect(workshop.queue_dsn) as connection:
        for status in ["doing", "todo"] * MAX_RESCUES + ["doing"]:
            connection.execute("UPDATE procrastinate_jobs SET status = %s", [status])
    workshop.start_worker()
    assert "died of it" in (workshop.wait_for(task, "failed").error or "")


def test_a_duty_that_a_fault_ends_is_begun_again_until_the_worker_stops(monkeypatch):
    monkeypatch.setattr(process, "DUTY_PAUSE_SECONDS", 0.01)
    stop, done = threading.Event(), []

    def duty(stopping):
        done.append(len(done))
        if len(done) < 3:
            raise KeyError("nobody thought of this")
        stopping.set()

    process._stand_by(duty, stop)
    assert done == [0, 1, 2]
