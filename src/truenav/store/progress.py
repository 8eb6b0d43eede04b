"""Progress of long work, shown while it goes on. Written in short transactions of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from truenav.core.failure import NotFoundError
from truenav.store.database import Session
from truenav.store.tables import task_progress


class TaskState(StrEnum):
    """Where a piece of work stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class TaskNotFoundError(NotFoundError):
    """There is no such piece of work."""

    code = "task-not-found"


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """``done`` of ``total`` steps (None: not known yet) of some work on ``subject``.

    A part of other work (one account of a gathering) has the id of the whole, a colon, and its own name.
    """

    id: str
    kind: str
    subject: str
    state: TaskState
    updated_at: datetime
    done: int = 0
    total: int | None = None
    message: str = ""
    error: str | None = None


def report(session: Session, progress: TaskProgress) -> None:
    """Say where a piece of work stands now."""
    values = {
        "kind": progress.kind,
        "subject": progress.subject,
        "state": progress.state,
        "updated_at": progress.updated_at,
        "done": progress.done,
        "total": progress.total,
        "message": progress.message,
        "error": progress.error,
    }
    statement = insert(task_progress).values(id=progress.id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[task_progress.c.tenant_id, task_progress.c.id], set_=values
        )
    )


def get(session: Session, id: str) -> TaskProgress:
    """Where one piece of work stands; `TaskNotFoundError` when there is none."""
    row = session.execute(select(task_progress).where(task_progress.c.id == id)).one_or_none()
    if row is None:
        raise TaskNotFoundError(f"There is no task {id!r}.")
    return _progress(row)


def list_tasks(session: Session, *, kind: str | None = None, limit: int = 100) -> tuple[TaskProgress, ...]:
    """The latest pieces of work, newest first, without their parts."""
    query = select(task_progress).where(~task_progress.c.id.contains(":"))
    query = query.order_by(task_progress.c.updated_at.desc(), task_progress.c.id)
    if kind is not None:
        query = query.where(task_progress.c.kind == kind)
    return tuple(_progress(row) for row in session.execute(query.limit(limit)))


def list_parts(session: Session, id: str) -> tuple[TaskProgress, ...]:
    """The parts of a piece of work, by subject."""
    mine = task_progress.c.id.startswith(f"{id}:", autoescape=True)
    query = select(task_progress).where(mine).order_by(task_progress.c.subject)
    return tuple(_progress(row) for row in session.execute(query))


def latest_parts(session: Session, kind: str) -> dict[str, TaskProgress]:
    """The newest part of each subject, of all work of this kind that is still remembered."""
    query = (
        select(task_progress).where(task_progress.c.kind == kind).ext(distinct_on(task_progress.c.subject))
    )
    query = query.order_by(task_progress.c.subject, task_progress.c.updated_at.desc())
    return {row.subject: _progress(row) for row in session.execute(query)}


def forget_before(session: Session, instant: datetime) -> int:
    """Drop work last heard of before ``instant``; gives how many."""
    return session.execute(delete(task_progress).where(task_progress.c.updated_at < instant)).rowcount


def _progress(row: Row[tuple[object, ...]]) -> TaskProgress:
    return TaskProgress(
        row.id,
        row.kind,
        row.subject,
        TaskState(row.state),
        row.updated_at,
        row.done,
        row.total,
        row.message,
        row.error,
    )
