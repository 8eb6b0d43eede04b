"""Gathering as a job: added with a change or by hand, done by a worker, each account's progress its own."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from truenav.access.policy import Principal, authorize
from truenav.app.house import House
from truenav.app.sources.gather import Outcome, gather
from truenav.connect.contract import Progress
from truenav.core.ids import AccountId, TenantId
from truenav.store import progress, queue
from truenav.store.database import Session
from truenav.store.progress import TaskProgress, TaskState

GATHER = "source.gather"
GATHER_ONE = "source.gather.one"

GATHERED_BY = "follow"
"""Stands for the job in the progress of a gathering that a private stream, and nobody, asked for."""

_REPORT_SECONDS = 0.5


def start_gathering(
    session: Session, principal: Principal, *, now: datetime, accounts: Collection[AccountId] = ()
) -> str | None:
    """Have a worker gather these accounts, or all; the id of its progress, None if that waits already."""
    return start_for_accounts(session, principal, GATHER, accounts, now=now)


def start_for_accounts(
    session: Session, principal: Principal, job: str, accounts: Collection[AccountId], *, now: datetime
) -> str | None:
    """Add a job about these accounts, or all, that runs once at a time and waits once."""
    authorize(principal, "source:gather")
    names = " ".join(sorted(accounts))
    return queue.enqueue(
        session,
        job,
        {"accounts": names},
        subject=names or "all",
        at=now,
        lock=job,
        queueing_lock=f"{job}:{names}",
    )


def gather_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: gather ``accounts`` (names with spaces between; none: all). An unread account fails alone."""
    names = frozenset(AccountId(name) for name in arguments["accounts"].split())
    board = Board(house, tenant, arguments["task"])
    outcomes = gather(house, tenant, accounts=names or None, report=board.show)
    board.close(outcomes)


class Board:
    """Where the accounts of one gathering stand, as people see it."""

    def __init__(self, house: House, tenant: TenantId, task: str) -> None:
        self._house = house
        self._tenant = tenant
        self._task = task
        self._shown: dict[str, float] = {}

    def show(self, step: Progress) -> None:
        """Write down a step, but not more often than people can read."""
        last = self._shown.get(step.subject)
        if last is not None and time.monotonic() - last < _REPORT_SECONDS:
            return
        self._shown[step.subject] = time.monotonic()
        running = _part(self._task, step.subject, TaskState.RUNNING, self._house.clock.now())
        with self._house.database.transaction(self._tenant) as session:
            progress.report(session, replace(running, done=step.done, total=step.total, message=step.message))

    def close(self, outcomes: Collection[Outcome]) -> None:
        """Write down how each account ended, and how many could not be read."""
        unread = sum(1 for one in outcomes if one.failures)
        with self._house.database.transaction(self._tenant) as session:
            tell_parts(session, self._task, outcomes, at=self._house.clock.now())
            whole = progress.get(session, self._task)
            count = len(outcomes)
            progress.report(
                session,
                replace(whole, done=count - unread, total=count, message=f"{unread} could not be read"),
            )


def tell_parts(session: Session, task: str, outcomes: Collection[Outcome], *, at: datetime) -> None:
    """Write down how each account ended, as parts of the gathering ``task``."""
    for one in outcomes:
        state = TaskState.FAILED if one.failures else TaskState.DONE
        ended = replace(
            _part(task, one.subject, state, at),
            done=one.facts,
            message=f"{one.facts} new facts, {one.duplicates} known",
            error="; ".join(failure.message for failure in one.failures) or None,
        )
        progress.report(session, ended)


def ended_gatherings(session: Session, *, jobs: int) -> Iterator[TaskProgress]:
    """How gatherings of accounts ended: of so many latest jobs, and the last of each followed account."""
    tasks = [one.id for one in progress.list_tasks(session, kind=GATHER, limit=jobs)]
    for task in (*tasks, GATHERED_BY):
        for part in progress.list_parts(session, task):
            if part.kind == GATHER_ONE and part.state in (TaskState.FAILED, TaskState.DONE):
                yield part


def _part(task: str, subject: str, state: TaskState, at: datetime) -> TaskProgress:
    return TaskProgress(f"{task}:{subject}", GATHER_ONE, subject, state, at)
