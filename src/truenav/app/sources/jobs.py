"""Gathering as a job: added with a change or by hand, done by a worker, each account's progress its own."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
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

_REPORT_SECONDS = 0.5


def start_gathering(
    session: Session, principal: Principal, *, now: datetime, accounts: Collection[AccountId] = ()
) -> str | None:
    """Have a worker gather these accounts, or all; the id of its progress, None if that waits already."""
    authorize(principal, "source:gather")
    names = " ".join(sorted(accounts))
    return queue.enqueue(
        session,
        GATHER,
        {"accounts": names},
        subject=names or "all",
        at=now,
        lock=GATHER,
        queueing_lock=f"{GATHER}:{names}",
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
        running = self._row(step.subject, TaskState.RUNNING)
        with self._house.database.transaction(self._tenant) as session:
            progress.report(session, replace(running, done=step.done, total=step.total, message=step.message))

    def close(self, outcomes: Collection[Outcome]) -> None:
        """Write down how each account ended, and how many could not be read."""
        unread = sum(1 for one in outcomes if one.failures)
        with self._house.database.transaction(self._tenant) as session:
            for one in outcomes:
                progress.report(session, self._ended(one))
            whole = progress.get(session, self._task)
            count = len(outcomes)
            progress.report(
                session,
                replace(whole, done=count - unread, total=count, message=f"{unread} could not be read"),
            )

    def _ended(self, outcome: Outcome) -> TaskProgress:
        state = TaskState.FAILED if outcome.failures else TaskState.DONE
        return replace(
            self._row(outcome.subject, state),
            done=outcome.facts,
            message=f"{outcome.facts} new facts, {outcome.duplicates} known",
            error="; ".join(failure.message for failure in outcome.failures) or None,
        )

    def _row(self, subject: str, state: TaskState) -> TaskProgress:
        now = self._house.clock.now()
        return TaskProgress(f"{self._task}:{subject}", GATHER_ONE, subject, state, now)
