"""Fees of a share class. Only what accrues by time; dealing and performance fees have their own rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from truenav.core.clock import as_utc
from truenav.core.failure import InvalidInputError
from truenav.core.money import ZERO, divided, exact

_MICROSECONDS_A_DAY = 86_400_000_000


class FeeTermsError(InvalidInputError):
    """A fee was asked of terms or a period that cannot be right."""

    code = "fee-terms"
    title = "The fee cannot be computed from these terms"


def management_fee_accrual(
    nav_open: Decimal, rate: Decimal, start: datetime, end: datetime, day_count: int
) -> Decimal:
    """Management fee that accrues from ``start`` to ``end`` on one opening NAV.

    Parameters
    ----------
    nav_open : NAV of the class at ``start``, any numeraire; one at or below zero accrues nothing.
    rate : fraction a year; ``Decimal("0.02")`` is 2 %.
    start, end : instants; the exact elapsed time counts, to the microsecond, also within a day.
    day_count : days of a fee year, 365 or 360 (ACT/365, ACT/360).

    Returns
    -------
    The fee in the numeraire of ``nav_open``, zero or more, unrounded.

    Notes
    -----
    ``nav_open * rate * elapsed_seconds / (86400 * day_count)``: products first, one quotient at 78 digits.
    Raises ``FeeTermsError`` on a negative rate, a day count below 1 or an end before the start.
    Method: docs/methods/fees.md.
    """
    if rate < 0 or day_count < 1:
        raise FeeTermsError(f"A rate of {rate} a year on {day_count} days is not a management fee.")
    elapsed = as_utc(end, what="end") - as_utc(start, what="start")
    if elapsed < timedelta(0):
        raise FeeTermsError(f"The accrual ends at {end.isoformat()}, before it starts; swap the instants.")
    microseconds = elapsed // timedelta(microseconds=1)
    with exact():
        return divided(max(nav_open, ZERO) * rate * microseconds, Decimal(_MICROSECONDS_A_DAY * day_count))
