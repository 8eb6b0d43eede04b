"""The job queue, as the application sees it: adding work, and knowing who works on what.

A job is added inside the caller's transaction, so it exists exactly when the state it belongs to does. Its
arguments are names (of a run, a connection, a schedule), never data: whoever does the job reads the rest in
a transaction of its tenant. Adding is all that the application's database role may do with jobs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from truenav.core.ids import RunId, TenantId
from truenav.store import progress
from truenav.store.database import Database, Session, tenant_of
from truenav.store.progress import TaskProgress, TaskState
from truenav.store.runs import RunState
from truenav.store.tables import nav_run, schedule_due, task_progress

ADVANCE_RUN = "nav.advance"

_QUEUEING_LOCK = "procrastinate_jobs_queueing_lock_idx_v1"
_DEFER = text(
    "SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW('default', CAST(:name AS text), :priority, "
    "CAST(:lock AS text), CAST(:queueing_lock AS text), CAST(:args AS jsonb), "
    "CAST(:not_before AS timestamptz))]::procrastinate_job_to_defer_v1[]))"
)


def enqueue(
    session: Session,
    name: str,
    arguments: Mapping[str, str],
    *,
    subject: str,
    at: datetime,
    lock: str | None = None,
    queueing_lock: str | None = None,
    not_before: datetime | None = None,
    priority: int = 0,
) -> str | None:
    """Add a job of the transaction's tenant; it exists when the transaction commits.

    Parameters
    ----------
    name : a key of `truenav.app.jobs.JOBS`.
    arguments : names only; ``tenant`` and ``task`` are added for the handler.
    subject : what the job is about, as its progress shows it.
    lock : jobs of the tenant with the same lock are done one after the other.
    queueing_lock : a job is not added while another one with this lock waits.
    not_before : when to start at the earliest; None: at once.
    priority : higher ones first.

    Returns
    -------
    The id of its progress (`truenav.store.progress`), or None when one was waiting already.
    """
    tenant = tenant_of(session)
    values = {
        "name": name,
        "priority": priority,
        "lock": lock and f"{tenant}:{lock}",
        "queueing_lock": queueing_lock and f"{tenant}:{queueing_lock}",
        "args": json.dumps({"tenant": tenant, **arguments}),
        "not_before": not_before,
    }
    try:
        with session.begin_nested():
            task = task_id(session.execute(_DEFER, values).scalar_one())
    except IntegrityError as error:
        if _QUEUEING_LOCK not in str(error.orig):
            raise
        return None
    progress.report(session, TaskProgress(task, name, subject, TaskState.WAITING, at))
    return task


def task_id(job: int) -> str:
    """The id under which a job's progress is kept."""
    return f"job-{job}"


def enqueue_advance(session: Session, run: RunId, *, at: datetime) -> str | None:
    """Have a worker bring a run to *calculated*; None when that is waiting to be done already."""
    lock = f"run:{run}"
    return enqueue(session, ADVANCE_RUN, {"run": run}, subject=run, at=at, lock=lock, queueing_lock=lock)


@contextmanager
def run_lock(database: Database, tenant: TenantId | str, run: RunId) -> Iterator[None]:
    """Work on a run alone: waits for whoever works on it, and is freed when the holder dies."""
    with database.transaction(tenant) as session:
        session.execute(select(func.pg_advisory_xact_lock(_run_key(session, run))))
        yield


def try_lock_run(session: Session, run: RunId) -> bool:
    """Whether nobody works on a run; then nobody else will until this transaction ends."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(_run_key(session, run)))))


def abandoned_runs(session: Session, *, now: datetime, idle: timedelta) -> tuple[RunId, ...]:
    """Runs left *collecting* for longer than ``idle`` that nobody works on, oldest first.

    One whose last job failed is not abandoned: a person decides whether to strike again.
    """
    failed = select(task_progress.c.id).where(
        task_progress.c.kind == ADVANCE_RUN,
        task_progress.c.subject == nav_run.c.id,
        task_progress.c.state == TaskState.FAILED,
        task_progress.c.updated_at >= nav_run.c.updated_at,
    )
    query = (
        select(nav_run.c.id)
        .where(
            nav_run.c.state == RunState.COLLECTING,
            nav_run.c.failure.is_(None),
            nav_run.c.updated_at <= now - idle,
            ~failed.exists(),
        )
        .order_by(nav_run.c.created_at, nav_run.c.id)
    )
    found = [RunId(id) for id in session.scalars(query)]
    return tuple(run for run in found if try_lock_run(session, run))


def claim_due(session: Session, schedule: str, due_at: datetime, *, at: datetime) -> bool:
    """Take one due time of a schedule; True for one caller only, and only if its transaction commits."""
    statement = insert(schedule_due).values(schedule=schedule, due_at=due_at, claimed_at=at)
    taken = statement.on_conflict_do_nothing().returning(schedule_due.c.schedule)
    return session.execute(taken).one_or_none() is not None


def last_due(session: Session, schedule: str) -> datetime | None:
    """The latest due time of a schedule that was taken; None before the first."""
    query = select(func.max(schedule_due.c.due_at)).where(schedule_due.c.schedule == schedule)
    latest: datetime | None = session.scalar(query)
    return latest


def _run_key(session: Session, run: RunId) -> int:
    """A lock's number: the tenant and run, hashed to 64 bits by the database."""
    name = f"run:{tenant_of(session)}:{run}"
    return int(session.scalar(select(func.hashtextextended(name, 0))) or 0)
