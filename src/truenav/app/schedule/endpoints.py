"""Schedules, and the progress of jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.context import NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Instant
from truenav.app.http.pages import Page
from truenav.app.http.routes import Router, requires
from truenav.app.schedule import service
from truenav.app.schedule.model import Schedule
from truenav.app.schedule.schemas import JobAnswer, ScheduleAnswer, ScheduleBody
from truenav.core.ids import NodeId
from truenav.store import progress

router = Router(tags=["jobs"])

IdPath = Annotated[str, Path(max_length=64)]

_READ = [requires("job:read", sight="narrowed")]


@router.get("/schedules", dependencies=_READ)
def list_schedules(
    principal: PrincipalDep, session: SessionDep, sight: SightDep, now: NowDep, query: TableQueryDep
) -> Page[ScheduleAnswer]:
    """The schedules of the funds that one reaches, and when each is due next."""
    after = query.after or ""
    rows = [found for found in service.list_schedules(session, principal, sight) if found.id > after]
    return query.page(
        rows[: query.limit + 1], key=lambda row: row.id, show=lambda row: ScheduleAnswer.of(row, now)
    )


@router.get("/schedule-times", dependencies=_READ)
def preview_times(
    now: NowDep,
    cron: Annotated[str, Query(max_length=200)] = "0 0 * * *",
    time_zone: Annotated[str, Query(max_length=200)] = "UTC",
    count: Annotated[int, Query(ge=1, le=100, description="How many times")] = 3,
) -> list[Instant]:
    """The next times, in UTC, that a schedule would be due at if it were saved like this."""
    schedule = Schedule(id="preview", fund=NodeId("preview"), cron=cron, time_zone=time_zone)
    return list(service.next_times(schedule, after=now, count=count))


@router.get("/schedules/{schedule_id}", dependencies=_READ)
def get_schedule(
    schedule_id: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep, now: NowDep
) -> ScheduleAnswer:
    """One schedule."""
    return ScheduleAnswer.of(service.find_schedule(session, principal, sight, schedule_id), now)


@router.get("/schedules/{schedule_id}/next", dependencies=_READ)
def list_next_times(
    schedule_id: IdPath,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    now: NowDep,
    count: Annotated[int, Query(ge=1, le=100, description="How many times")] = 10,
) -> list[Instant]:
    """The next times a schedule is due, in UTC."""
    schedule = service.find_schedule(session, principal, sight, schedule_id).body
    return list(service.next_times(schedule, after=now, count=count))


@router.put("/schedules/{schedule_id}", dependencies=[requires("job:write")])
def put_schedule(
    schedule_id: IdPath, body: ScheduleBody, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> ScheduleAnswer:
    """Add or change a schedule; with ``version`` a change that somebody else made meanwhile is not lost."""
    schedule = Schedule(
        id=schedule_id,
        fund=NodeId(body.fund),
        cron=body.cron,
        time_zone=body.time_zone,
        numeraire=body.numeraire,
        enabled=body.enabled,
        cut=body.cut,
    )
    written = service.put_schedule(session, principal, schedule, now=now, expected_version=body.version)
    return ScheduleAnswer.of(written, now)


@router.delete("/schedules/{schedule_id}", status_code=204, dependencies=[requires("job:write")])
def remove_schedule(
    schedule_id: IdPath, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> Response:
    """End a schedule."""
    service.remove_schedule(session, principal, schedule_id, now=now)
    return Response(status_code=204)


@router.get("/jobs", dependencies=[requires("job:read")])
def list_jobs(
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=500, description="Most jobs in the list")] = 100,
) -> list[JobAnswer]:
    """The latest jobs and other long work, newest first."""
    return [JobAnswer.of(task) for task in progress.list_tasks(session, limit=limit)]


@router.get("/jobs/{job_id}", dependencies=[requires("job:read")])
def get_job(job_id: IdPath, session: SessionDep) -> JobAnswer:
    """Where one piece of work stands."""
    return JobAnswer.of(progress.get(session, job_id))
