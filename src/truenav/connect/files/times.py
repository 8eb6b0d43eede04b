"""Instants as files write them, exactly or not at all.

A `TimeRule` lists forms and a zone. Forms are ``iso`` (RFC 3339, the zone may be absent), ``unix`` and
``unix_ms`` (seconds and milliseconds since 1970), or a pattern of these marks, read without the machine's
language: ``%Y %y %m %d %H %I %M %S %f %p %b %B %a %A %z``. A local time that a change of clocks makes
ambiguous, or that it skips, is refused; so is one without any zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from truenav.core.clock import NaiveTimeError
from truenav.core.failure import InvalidInputError

ISO, UNIX, UNIX_MS = "iso", "unix", "unix_ms"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MARKS: Mapping[str, str] = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d{2})",
    "%S": r"(?P<S>\d{2})",
    "%f": r"(?P<f>\d{1,9})",
    "%p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "%b": r"(?P<b>[A-Za-z]{3,9})\.?",
    "%B": r"(?P<b>[A-Za-z]{3,9})\.?",
    "%a": r"[A-Za-z]{2,9}\.?",
    "%A": r"[A-Za-z]{2,9}\.?",
    "%z": r"(?P<z>(?:UTC|GMT|Z)(?:[+-]\d{2}:?\d{2})?|[+-]\d{2}:?\d{2}|[A-Z]{2,5})",
}
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?(?:([+-])(\d{2}):?(\d{2}))?")
_SUFFIX = re.compile(r"(.*\d(?:\s*[AaPp][Mm])?)\s*([A-Z]{2,5}(?:[+-]\d{2}:?\d{2})?|[+-]\d{2}:?\d{2})")


@dataclass(frozen=True, slots=True)
class TimeRule:
    """Forms in the order in which they are tried, and the zone of times that tell none.

    ``zone`` is ``UTC``, a name such as ``Europe/Zurich`` or an offset such as ``+08:00``; empty: every time
    must tell its own.
    ``offsets`` says what abbreviations stand for, as in ``EST`` for ``-05:00``: they have no fixed meaning.
    """

    formats: tuple[str, ...] = (ISO,)
    zone: str = ""
    offsets: Mapping[str, str] = field(default_factory=dict)


def refuse_bad_rule(rule: TimeRule) -> None:
    """Raise ``InvalidInputError`` for an unknown form, zone or offset."""
    if not rule.formats:
        raise InvalidInputError(
            "No form of times is given; give 'iso' or a pattern such as '%d.%m.%Y %H:%M'."
        )
    for form in rule.formats:
        if form not in (ISO, UNIX, UNIX_MS):
            pattern_of(form)
    if rule.zone:
        _zone(rule.zone)
    for offset in rule.offsets.values():
        _fixed(offset)


def reader(rule: TimeRule) -> Callable[[str], datetime]:
    """What reads one cell as an instant in UTC; it raises ``NaiveTimeError`` where it is none."""
    zone = _zone(rule.zone) if rule.zone else None
    offsets = {name: _fixed(offset) for name, offset in rule.offsets.items()}
    ways = [_way(form, offsets) for form in rule.formats]

    def read(text: str) -> datetime:
        for way in ways:
            found = way(text)
            if found is not None:
                return found if found.tzinfo is UTC else _to_utc(found, zone, text)
        raise NaiveTimeError(
            f"{text[:60]!r} is not a time of the form {' or '.join(rule.formats)}", value=text[:60]
        )

    return read


def abbreviation(text: str) -> str:
    """The zone's abbreviation at the end of a time, such as ``EST``, which means no offset by itself."""
    found = re.search(r"\d\s*(?:[AaPp]\.?[Mm]\.?\s*)?([A-Z]{2,5})$", text.strip())
    return found[1] if found and found[1] not in ("AM", "PM", "UTC", "GMT") else ""


def has_offset(text: str) -> bool:
    """Whether a time tells its offset: by sign, abbreviation, UTC or Z, or as seconds since 1970."""
    return bool(
        abbreviation(text) or re.search(r"(?:[+-]\d{2}:?\d{2}|UTC|GMT|Z)$|^\d{9,13}(\.\d+)?$", text.strip())
    )


def _way(form: str, offsets: Mapping[str, timezone]) -> Callable[[str], datetime | None]:
    if form == ISO:
        return lambda text: _iso(text, offsets)
    if form in (UNIX, UNIX_MS):
        return lambda text: _unix(text, 1000 if form == UNIX_MS else 1)
    pattern = pattern_of(form)

    def read(text: str) -> datetime | None:
        found = pattern.fullmatch(text)
        if found is None:
            return None
        try:
            return _built(found.groupdict(), offsets)
        except ValueError:
            return None

    return read


def _iso(text: str, offsets: Mapping[str, timezone]) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    found = _SUFFIX.fullmatch(text)
    if found is None:
        return None
    zone = _offset(found[2], offsets)
    try:
        plain = datetime.fromisoformat(found[1])
    except ValueError:
        return None
    return plain.replace(tzinfo=zone) if plain.tzinfo is None else None


def _unix(text: str, per_second: int) -> datetime | None:
    if not re.fullmatch(r"\d{1,13}(\.\d{1,9})?", text) or not text.isascii():
        return None
    microseconds = Decimal(text) * (1_000_000 // per_second)
    if microseconds != int(microseconds) or microseconds > 253_402_300_799_999_999:
        return None
    return _EPOCH + timedelta(microseconds=int(microseconds))


@cache
def pattern_of(form: str) -> re.Pattern[str]:
    """The expression of a form such as ``%d.%m.%Y``.

    Raises ``InvalidInputError`` for a mark that is unknown or stands twice.
    """
    parts = re.split(r"(%.)", form)
    if marks := [part for part in parts[1::2] if part not in _MARKS]:
        raise InvalidInputError(
            f"{marks[0]!r} in the time form {form!r} is unknown; known: {' '.join(_MARKS)}."
        )
    given = set(parts[1::2])
    if len(form) > 60 or not (given & {"%Y", "%y"}) or "%d" not in given or not given & {"%m", "%b", "%B"}:
        raise InvalidInputError(f"The time form {form[:60]!r} needs year, month and day.")
    if "%I" in given and "%p" not in given:
        raise InvalidInputError(f"The time form {form!r} has hours up to 12 (%I) without %p.")
    text = "".join(_MARKS[part] if n % 2 else re.escape(part) for n, part in enumerate(parts))
    try:
        return re.compile(text.replace(r"\ ", r"\s+"), re.ASCII)
    except re.error as error:
        raise InvalidInputError(f"The time form {form!r} names something twice.") from error


def _built(parts: Mapping[str, str | None], offsets: Mapping[str, timezone]) -> datetime:
    """A time from its parts; ValueError where they are no time."""
    given = {name: value for name, value in parts.items() if value is not None}
    year = int(given["Y"]) if "Y" in given else 2000 + int(given["y"])
    month = _MONTHS.index(given["b"][:3].lower()) + 1 if "b" in given else int(given["m"])
    hour = int(given.get("H", "0"))
    if "I" in given:
        hour = int(given["I"])
        if not 1 <= hour <= 12:
            raise ValueError("hours of a half day")
        hour = hour % 12 + (12 if given["p"][0] in "Pp" else 0)
    fraction = given.get("f", "")
    if fraction[6:].strip("0"):
        raise ValueError("finer than a microsecond")
    zone = _offset(given["z"], offsets) if given.get("z") else None
    return datetime(
        year,
        month,
        int(given["d"]),
        hour,
        int(given.get("M", "0")),
        int(given.get("S", "0")),
        int(fraction[:6].ljust(6, "0")) if fraction else 0,
        tzinfo=zone,
    )


def _offset(text: str, offsets: Mapping[str, timezone]) -> tzinfo:
    if text in offsets:
        return offsets[text]
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise NaiveTimeError(
            f"{text!r} stands for different offsets in different places; say which it is in the layout's "
            "offsets",
            value=text,
        )
    return UTC if found[1] is None else _fixed(f"{found[1]}{found[2]}:{found[3]}")


def _fixed(text: str) -> timezone:
    found = re.fullmatch(r"([+-])(\d{2}):(\d{2})", text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        raise InvalidInputError(f"{text!r} is not an offset such as -05:00.")
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(ahead if found[1] == "+" else -ahead)


@cache
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    if name[:1] in ("+", "-"):
        return _fixed(name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"{name[:60]!r} is no time zone; write UTC or one such as Europe/Zurich."
        ) from error


def _to_utc(found: datetime, zone: tzinfo | None, text: str) -> datetime:
    if found.tzinfo is None:
        if zone is None:
            raise NaiveTimeError(f"{text[:60]!r} tells no zone, and the layout gives none", value=text[:60])
        if zone is UTC:
            return found.replace(tzinfo=UTC)
        found = _placed(found, zone, text)
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise NaiveTimeError(f"{text[:60]!r} lies outside of the years 1 to 9999", value=text[:60]) from error


def _placed(local: datetime, zone: tzinfo, text: str) -> datetime:
    """A local time in its zone; refused where a change of clocks skips it or makes it happen twice."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
    what = "does not exist" if skipped else "happens twice"
    raise NaiveTimeError(
        f"{text[:60]!r} {what} in {zone}, where the clocks change then; export with UTC times or offsets",
        value=text[:60],
    )
