"""A schedule, and when it is due."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter

from truenav.core.clock import as_utc
from truenav.core.failure import InvalidInputError
from truenav.core.ids import NodeId, parse_slug

_HORIZON_YEARS = 5
_NAMES = re.compile(
    r"\b(mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b", re.I
)
_SIGNS = re.compile(r"[\d*,/\-\s]+")


class BadScheduleError(InvalidInputError):
    """A cron expression or time zone that cannot be used."""

    code = "bad-schedule"
    title = "The schedule is not valid"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Strike a fund whenever ``cron`` (minute hour day month weekday) fits the clock in ``time_zone``.

    ``numeraire`` is the one to show first (None: the fund's own); ``cut`` names the valuation point, for
    example ``daily-close``. A schedule that is not enabled is never due.
    """

    id: str
    fund: NodeId
    cron: str
    time_zone: str = "UTC"
    numeraire: str | None = None
    enabled: bool = True
    cut: str = "daily-close"

    def __post_init__(self) -> None:
        parse_slug(self.id, what="schedule")
        parse_slug(self.cut, what="cut")
        if not _is_cron(self.cron):
            raise BadScheduleError(
                f"{self.cron[:60]!r} is not a cron expression of five fields; write minute, hour, day, month "
                "and weekday, for example '0 17 * * mon-fri'."
            )
        if self.time_zone not in available_timezones():
            raise BadScheduleError(
                f"{self.time_zone[:60]!r} is not an IANA time zone; write for example 'Europe/London'."
            )


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """The first due time later than ``after``, in UTC.

    A wall-clock time that daylight saving skips is due at the end of the gap. One that it repeats is due
    once, at the first passing; hours given as ``*`` follow real time and are due at both.
    """
    times = _times(schedule, as_utc(after))
    while True:
        due: datetime = times.get_next(datetime)
        if _counts(schedule, due):
            return due.astimezone(UTC)


def latest_due(schedule: Schedule, *, after: datetime, until: datetime) -> datetime | None:
    """The last due time later than ``after`` and not later than ``until``; None when there is none."""
    # Due times are whole minutes; going back from the minute after `until` finds that of `until` itself.
    minute = as_utc(until).replace(second=0, microsecond=0)
    times = _times(schedule, minute + timedelta(minutes=1))
    while True:
        due: datetime = times.get_prev(datetime)
        if due <= as_utc(after):
            return None
        if _counts(schedule, due):
            return due.astimezone(UTC)


def _is_cron(text: str) -> bool:
    if len(text.split()) != 5 or not _SIGNS.fullmatch(_NAMES.sub("", text)):
        return False
    try:
        # An expression that never fits (31 February) is as good as none.
        croniter(text, datetime(2024, 1, 1, tzinfo=UTC), max_years_between_matches=_HORIZON_YEARS).get_next()
    except (ValueError, KeyError):
        return False
    return True


def _times(schedule: Schedule, start: datetime) -> croniter:
    local = start.astimezone(ZoneInfo(schedule.time_zone))
    return croniter(schedule.cron, local, max_years_between_matches=_HORIZON_YEARS)


def _counts(schedule: Schedule, due: datetime) -> bool:
    """Whether a due time is not merely the second passing of a repeated wall-clock time."""
    is_second_passing = due.fold == 1 and due.utcoffset() != due.replace(fold=0).utcoffset()
    return not is_second_passing or schedule.cron.split()[1].startswith("*")
