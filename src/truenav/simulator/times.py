"""Clocks and the texts of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol

from truenav.simulator.errors import ControlError, ScenarioError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"\+(\d{1,4})d(\d{2}):(\d{2})(?::(\d{2}))?")
_SPAN = re.compile(r"(\d{1,6})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class Clock(Protocol):
    """Where the venue's time comes from."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime) -> None:
        self._now = require_utc(start)

    def now(self) -> datetime:
        """The instant last set."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Jump to `instant`, forwards or backwards."""
        self._now = require_utc(instant)

    def advance(self, span: timedelta) -> None:
        """Move by `span`."""
        self._now += span


def require_utc(instant: datetime) -> datetime:
    """`instant` in UTC; a naive one is refused."""
    if instant.tzinfo is None:
        raise ControlError(f"{instant.isoformat()} has no time zone; add Z for UTC.")
    return instant.astimezone(UTC)


def parse_time(text: str) -> datetime:
    """Read an RFC 3339 instant; anything else, or a naive one, is refused."""
    try:
        return require_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise ControlError(f"{text[:40]!r} is not a time; write 2026-01-31T08:00:00Z.") from error


def parse_clock(text: str) -> Clock:
    """``wall``, or ``fixed:2026-01-31T08:00:00Z`` for a clock that is moved by the control path."""
    if text == "wall":
        return WallClock()
    if text.startswith("fixed:"):
        return VirtualClock(parse_time(text.removeprefix("fixed:")))
    raise ControlError(f"{text[:40]!r} is not a clock; write wall or fixed:2026-01-31T08:00:00Z.")


def parse_offset(text: str, *, where: str) -> timedelta:
    """A time after inception: ``+2d03:15`` or ``+2d03:15:30``."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ScenarioError(f"{where}: {text[:40]!r} is not an offset; write +2d03:15.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def parse_span(text: str, *, where: str) -> timedelta:
    """A duration with one unit: ``8h``, ``15m``, ``2d``."""
    match = _SPAN.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise ScenarioError(f"{where}: {text[:40]!r} is not a duration; write 8h, 15m or 2d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def iso(instant: datetime) -> str:
    """``2026-01-31T08:00:00Z``, microseconds only when there are any."""
    return instant.replace(tzinfo=None).isoformat() + "Z"
