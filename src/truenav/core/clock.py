"""Instants and days. Every instant is UTC and aware; naive times are refused at the edge."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from truenav.core.failure import InvalidInputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class NaiveTimeError(InvalidInputError):
    """An instant without a time zone, or one that cannot be read."""

    code = "naive-time"
    title = "An instant needs a time zone"


class Clock(Protocol):
    """Where "now" comes from; calculations never ask, they are told."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


def parse_instant(text: str, *, what: str = "time") -> datetime:
    """Read an RFC 3339 instant with an offset and give it in UTC; a naive one is refused."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise NaiveTimeError(
            f"{what}: {text[:60]!r} is not an RFC 3339 time; write 2026-01-31T08:00:00Z.", value=text[:60]
        ) from error
    return as_utc(instant, what=what)


def as_utc(instant: datetime, *, what: str = "time") -> datetime:
    """The same instant in UTC; a naive one is refused."""
    if instant.utcoffset() is None:
        raise NaiveTimeError(
            f"{what}: {instant.isoformat()} has no time zone; add Z for UTC or an offset such as +08:00.",
            value=instant.isoformat(),
        )
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise NaiveTimeError(
            f"{what}: {instant.isoformat()} lies outside of the years 1 to 9999; check the year.",
            value=instant.isoformat(),
        ) from error


def instant_text(instant: datetime) -> str:
    """Canonical text: ``2026-01-31T08:00:00Z``, microseconds only when there are any."""
    return as_utc(instant).replace(tzinfo=None).isoformat() + "Z"


def from_milliseconds(milliseconds: int) -> datetime:
    """The instant a venue gives as integer milliseconds since 1970, without float rounding.

    A number that lies outside of the years 1 to 9999 is refused.
    """
    try:
        return _EPOCH + milliseconds * _MILLISECOND
    except OverflowError as error:
        raise NaiveTimeError(
            "A time in milliseconds lies outside of the years 1 to 9999; check its unit."
        ) from error


def to_milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (as_utc(instant) - _EPOCH) // _MILLISECOND


def day_text(day: date) -> str:
    """``2026-01-31``."""
    return day.isoformat()
