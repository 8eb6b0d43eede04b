"""Does one job, and tells how it went: in its progress, to listeners, and as a data issue when it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from truenav.access.modules import module_of, refuse_module_off
from truenav.app.events.service import announce
from truenav.app.house import House
from truenav.app.jobs import Handler
from truenav.core.failure import TruenavError, UnavailableError
from truenav.core.ids import TenantId
from truenav.store import issues, progress
from truenav.store.issues import Issue
from truenav.store.progress import TaskNotFoundError, TaskProgress, TaskState
from truenav.store.roles import modules_off
from truenav.store.tenants import refuse_suspended

MAX_RETRIES = 3

_log = structlog.get_logger(__name__)


def is_refusal(error: BaseException) -> bool:
    """Whether doing the job again could only fail again."""
    return isinstance(error, TruenavError) and not isinstance(error, UnavailableError)


def execute(
    house: House, name: str, task: str, arguments: Mapping[str, str], handler: Handler, *, attempts: int
) -> None:
    """Do a job that was tried ``attempts`` times before; an error is told, then raised again."""
    tenant = TenantId(arguments["tenant"])
    _report(house, tenant, name, task, TaskState.RUNNING)
    given = {key: value for key, value in arguments.items() if key != "tenant"} | {"task": task}
    try:
        _refuse_stopped(house, tenant, name)
        handler(house, tenant, given)
    except Exception as error:
        if is_refusal(error) or attempts >= MAX_RETRIES:
            report_failure(house, tenant, name, task, _sentence(error))
        _log.warning("job failed", job=name, task=task, attempts=attempts, error=str(error))
        raise
    _report(house, tenant, name, task, TaskState.DONE)


def _refuse_stopped(house: House, tenant: TenantId, name: str) -> None:
    """A suspended tenant works at nothing, and a module that is off at nothing of its own."""
    with house.database.transaction(tenant) as session:
        refuse_suspended(session)
        refuse_module_off(module_of(name), modules_off(session))


def report_failure(house: House, tenant: TenantId, name: str, task: str, message: str) -> None:
    """Say that a job failed for good, where people see it."""
    _report(house, tenant, name, task, TaskState.FAILED, error=message)


def _report(
    house: House, tenant: TenantId, name: str, task: str, state: TaskState, error: str | None = None
) -> None:
    now = house.clock.now()
    with house.database.transaction(tenant) as session:
        try:
            known = progress.get(session, task)
        except TaskNotFoundError:  # forgotten meanwhile
            known = TaskProgress(task, name, "", state, now)
        progress.report(session, replace(known, state=state, updated_at=now, error=error))
        if error is not None:
            issue = Issue(
                id=task,
                kind="job_failed",
                subject=known.subject,
                message=f"The job {name} failed: {error}",
                mend="Mend what it names, then start it again.",
                opened_at=now,
                blocking=False,
            )
            issues.open_many(session, [issue])
            announce(session, "issue", id=issue.id, state=issue.state)
        announce(session, "job", id=task, state=state)


def _sentence(error: Exception) -> str:
    return error.message if isinstance(error, TruenavError) else f"{type(error).__name__}: {error}"
