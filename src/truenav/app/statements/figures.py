"""Exact numbers, shares and times as they are printed: each is rounded here, once, half-even.

Comma groups, U+2212 for minus, a dash for what is unknown. A figure is never computed here.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from truenav.core.clock import as_utc
from truenav.core.money import divided, rounded

MINUS = "\u2212"
UNKNOWN = "\u2014"
THIN_SPACE = "\u2009"
NO_BREAK = "\u00a0"

MONEY_PLACES = 2
UNIT_PLACES = 6


def number(value: Decimal | None, places: int = MONEY_PLACES) -> str:
    """A number with comma groups and fixed decimals: ``−1,234.50``; ``—`` where it is unknown."""
    if value is None:
        return UNKNOWN
    shown = rounded(value, places)
    sign = MINUS if shown < 0 else ""  # no negative zero: -0 < 0 is false
    return f"{sign}{shown.copy_abs():,.{places}f}"  # not abs(): it would round to the caller's context


def signed(value: Decimal | None, places: int = MONEY_PLACES) -> str:
    """A change: as ``number``, with its sign; a change that rounds to zero has none."""
    if value is None:
        return UNKNOWN
    return ("+" if rounded(value, places) > 0 else "") + number(value, places)


def direction(value: Decimal | None, places: int = MONEY_PLACES) -> str:
    """``up``, ``down`` or ``flat`` as printed with these places; ``unknown`` where the value is."""
    if value is None:
        return "unknown"
    shown = rounded(value, places)
    return "up" if shown > 0 else "down" if shown < 0 else "flat"


def per_unit(value: Decimal | None) -> str:
    """A value per unit: six decimals, a thin space after the third."""
    if value is None:
        return UNKNOWN
    text = number(value, UNIT_PLACES)
    return f"{text[:-3]}{THIN_SPACE}{text[-3:]}"


def percent(share: Decimal | None, places: int = 2) -> str:
    """A fraction as percent, without the sign of percent: ``0.1234`` gives ``12.34``."""
    return UNKNOWN if share is None else number(share * 100, places)


def share_of(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """The fraction ``part / whole``; unknown where either is, or where the whole is not positive."""
    if part is None or whole is None or whole <= 0:
        return None
    return divided(part, whole)


def quantity(value: Decimal) -> str:
    """A quantity of an asset: up to eight decimals, two at least, no empty ones behind."""
    text = number(value, 8)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def instant(at: datetime) -> str:
    """A UTC instant to the second: ``2026-01-31 08:00:00``; the words beside it say UTC."""
    return f"{as_utc(at, what='instant'):%Y-%m-%d %H:%M:%S}"


def age(since: datetime, until: datetime) -> str:
    """How long before ``until``: ``00:05:12``, from a day on ``3 d 04:00``."""
    seconds = int((until - since).total_seconds())
    days, rest = divmod(max(0, seconds), 86_400)
    hours, minutes = divmod(rest // 60, 60)
    return f"{days} d {hours:02}:{minutes:02}" if days else f"{hours:02}:{minutes:02}:{rest % 60:02}"
