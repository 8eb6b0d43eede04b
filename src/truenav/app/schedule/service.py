"""Adding, removing and listing schedules."""

from __future__ import annotations

from datetime import datetime

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.schedule.model import BadScheduleError, Schedule, next_due
from truenav.app.sight import Sight
from truenav.core.canonical import encode
from truenav.core.portfolio import Node, NodeKind
from truenav.store import audit, definitions
from truenav.store.database import Session
from truenav.store.definitions import Definition, Kind

_FUNDS = (NodeKind.FUND, NodeKind.FUND_OF_FUNDS)


def put_schedule(
    session: Session,
    principal: Principal,
    schedule: Schedule,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Definition[Schedule]:
    """Add or change a schedule; it counts from ``now`` on.

    Refused where the fund does not exist (``DefinitionNotFoundError``) or is no fund (`BadScheduleError`).
    """
    authorize(principal, "job:write", _resource(principal, schedule.id))
    node = definitions.get(session, Kind.NODE, schedule.fund, Node)
    if node.kind not in _FUNDS:
        raise BadScheduleError(f"{schedule.fund!r} is a {node.kind}; only funds have a NAV to strike.")
    definitions.put(
        session,
        Kind.SCHEDULE,
        schedule.id,
        schedule,
        by=principal.user,
        at=now,
        expected_version=expected_version,
    )
    audit.append(
        session,
        actor=principal.user,
        action="schedule.put",
        subject=schedule.id,
        at=now,
        detail=encode(schedule),
    )
    return definitions.find(session, Kind.SCHEDULE, schedule.id, Schedule)


def remove_schedule(session: Session, principal: Principal, schedule: str, *, now: datetime) -> None:
    """End a schedule; ``DefinitionNotFoundError`` when there is none."""
    authorize(principal, "job:write", _resource(principal, schedule))
    definitions.delete(session, Kind.SCHEDULE, schedule, by=principal.user, at=now)
    audit.append(session, actor=principal.user, action="schedule.remove", subject=schedule, at=now)


def find_schedule(
    session: Session, principal: Principal, sight: Sight, schedule: str
) -> Definition[Schedule]:
    """One schedule with its version; one of a fund out of reach does not exist."""
    authorize(principal, "job:read")
    found = definitions.find(session, Kind.SCHEDULE, schedule, Schedule)
    if not sight.reaches(found.body.fund):
        raise definitions.not_found(Kind.SCHEDULE, schedule)
    return found


def list_schedules(session: Session, principal: Principal, sight: Sight) -> tuple[Definition[Schedule], ...]:
    """The schedules of the funds within reach, by id."""
    authorize(principal, "job:read")
    every = definitions.list_all(session, Kind.SCHEDULE, Schedule)
    return tuple(one for one in every if sight.reaches(one.body.fund))


def next_times(schedule: Schedule, *, after: datetime, count: int) -> tuple[datetime, ...]:
    """The next ``count`` due times in UTC; none for a schedule that is not enabled."""
    times: list[datetime] = []
    while schedule.enabled and len(times) < count:
        times.append(next_due(schedule, times[-1] if times else after))
    return tuple(times)


def _resource(principal: Principal, schedule: str) -> Resource:
    return Resource(principal.tenant, "schedule", schedule)
