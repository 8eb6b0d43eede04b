"""Forms of schedules and jobs on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from truenav.app.http.models import Answer, Body, Instant, ShortText, Slug
from truenav.app.schedule.model import Schedule
from truenav.app.schedule.service import next_times
from truenav.store.definitions import Definition
from truenav.store.progress import TaskProgress, TaskState


class ScheduleBody(Body):
    """When to strike which fund. ``version`` None: whatever is there is replaced; 0: it must be new."""

    fund: Slug
    cron: ShortText
    time_zone: ShortText = "UTC"
    numeraire: ShortText | None = None
    enabled: bool = True
    cut: Slug = "daily-close"
    version: int | None = None


class ScheduleAnswer(Answer):
    """A schedule; ``next_at`` is absent while it is not enabled."""

    id: str
    fund: str
    cron: str
    time_zone: str
    numeraire: str | None
    enabled: bool
    cut: str
    version: int
    changed_at: Instant
    changed_by: str
    next_at: Instant | None

    @classmethod
    def of(cls, found: Definition[Schedule], now: datetime) -> Self:
        """A stored schedule as the API shows it."""
        schedule = found.body
        upcoming = next_times(schedule, after=now, count=1)
        return cls(
            id=schedule.id,
            fund=schedule.fund,
            cron=schedule.cron,
            time_zone=schedule.time_zone,
            numeraire=schedule.numeraire,
            enabled=schedule.enabled,
            cut=schedule.cut,
            version=found.version,
            changed_at=found.created_at,
            changed_by=found.created_by,
            next_at=upcoming[0] if upcoming else None,
        )


class JobAnswer(Answer):
    """Long work: ``done`` of ``total`` steps (absent: not known); ``error`` says why it failed."""

    id: str
    kind: str
    subject: str
    state: TaskState
    done: int
    total: int | None
    message: str
    error: str | None
    updated_at: Instant

    @classmethod
    def of(cls, task: TaskProgress) -> Self:
        """Stored progress as the API shows it."""
        return cls.model_validate(task)
