"""Starts what is due: each due time once, and after a pause the latest one alone."""

from __future__ import annotations

from datetime import datetime

from truenav.access.modules import module_of
from truenav.app.schedule.model import Schedule, latest_due
from truenav.core.clock import instant_text
from truenav.store import definitions, queue
from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.roles import modules_off

STRIKE_SCHEDULED = "nav.strike_scheduled"


def enqueue_due(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Add a job for each schedule of the transaction's tenant that is due; gives the schedules' ids.

    A schedule counts from its last change on. Any number of callers at once make one job a due time.
    Nothing is due while the tenant has switched the module off.
    """
    if module_of(STRIKE_SCHEDULED) in modules_off(session):
        return ()
    started = []
    for found in definitions.list_all(session, Kind.SCHEDULE, Schedule):
        schedule = found.body
        if not schedule.enabled:
            continue
        last = queue.last_due(session, schedule.id)
        since = found.created_at if last is None else max(last, found.created_at)
        due = latest_due(schedule, after=since, until=now)
        if due is not None and queue.claim_due(session, schedule.id, due, at=now):
            arguments = {"schedule": schedule.id, "fund": schedule.fund, "due_at": instant_text(due)}
            queue.enqueue(session, STRIKE_SCHEDULED, arguments, subject=schedule.fund, at=now)
            started.append(schedule.id)
    return tuple(started)
