"""Marks of an underlying, checked: what is impossible is refused with its row, what is doubtful is said."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from operator import lt

from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, exact, to_text

LARGEST_JUMP = Decimal(10)
"""Between two marks a price may become this many times as large or small before it is doubted."""

ANY_JUMP = Decimal("Infinity")
"""Where no change of a price is doubted."""


class BadMarkError(InvalidInputError):
    """A mark cannot be used: not positive, out of order, twice, in the future, or of something else."""

    code = "bad-mark"
    title = "A mark cannot be used"


@dataclass(frozen=True, slots=True)
class History:
    """Prices in the quote asset at rising instants (microseconds since 1970), the first is the opening mark.

    ``rates`` are published financing rates, ``rolls`` prices of an expiring future over those of the next,
    both with their instants.
    """

    times: Sequence[int]
    prices: Sequence[Decimal]
    rates: Sequence[tuple[int, Decimal]] = ()
    rolls: Sequence[tuple[int, Decimal]] = ()

    def __len__(self) -> int:
        return len(self.times)


def rolls_by_mark(history: History) -> dict[int, Decimal]:
    """The marks (their places) that see a future roll, and by what prices before and after it differ."""
    found: dict[int, Decimal] = {}
    with exact():
        for at, roll in history.rolls:
            if history.times[0] < at <= history.times[-1]:
                place = bisect_left(history.times, at)
                found[place] = found.get(place, ONE) * roll
    return found


def checked(
    history: History, *, now: datetime, until: datetime | None = None, largest_jump: Decimal = LARGEST_JUMP
) -> History:
    """The history itself, if every mark can be used; else `BadMarkError` names the first that cannot.

    ``now`` and ``until`` (when the product or the symbol's asset ended) bound the marks. A price that becomes
    more than ``largest_jump`` times as large or as small from one mark to the next is not believed: the
    symbol may have gone to another asset, or a point been lost.
    """
    check_marks(history, largest_jump=largest_jump)
    latest, ended = microseconds(now), None if until is None else microseconds(until)
    if history.times[-1] > latest:
        raise _bad(len(history), history.times[-1], "it lies in the future")
    if ended is not None and history.times[-1] >= ended:
        row = next(row for row, at in enumerate(history.times, start=1) if at >= ended)
        raise _bad(row, history.times[row - 1], "the product, or what its symbol stood for, had ended")
    return history


def check_marks(history: History, *, largest_jump: Decimal = ANY_JUMP) -> None:
    """`BadMarkError` for the first mark, rate or roll that cannot be, by itself or beside those before."""
    if len(history.times) != len(history.prices) or len(history) < 2:
        raise BadMarkError(
            f"A history needs two marks or more, each with a time; it has {len(history.times)} times and "
            f"{len(history.prices)} prices."
        )
    for row, price in enumerate(history.prices, start=1):
        if not isinstance(price, Decimal):
            raise _bad(row, history.times[row - 1], f"{price!r} is no exact number; give a Decimal")
    if not _is_plain(history, largest_jump):
        _check_each_mark(history, largest_jump)
    check_charges(history.rates, history.rolls)


def _is_plain(history: History, largest_jump: Decimal) -> bool:
    """Whether times rise and all prices are positive and so near to one another that none can be a jump."""
    if not all(map(Decimal.is_finite, history.prices)):
        return False
    lowest, highest = min(history.prices), max(history.prices)
    rises = all(map(lt, history.times, islice(history.times, 1, None)))
    return rises and lowest > 0 and highest <= lowest * largest_jump


def _check_each_mark(history: History, largest_jump: Decimal) -> None:
    before_at, before = None, Decimal(0)
    for row, (at, price) in enumerate(zip(history.times, history.prices, strict=True), start=1):
        if not price.is_finite():
            raise _bad(row, at, f"{price} is no price")
        if price <= 0:
            raise _bad(row, at, f"the price {to_text(price)} is not above 0")
        if before_at is not None:
            if at == before_at:
                raise _bad(row, at, "there are two marks of this instant")
            if at < before_at:
                raise _bad(row, at, f"it comes after the mark of {instant_text(instant_of(before_at))}")
            if price > before * largest_jump or price * largest_jump < before:
                raise _bad(
                    row,
                    at,
                    f"the price goes from {to_text(before)} to {to_text(price)} at once; the symbol may "
                    "stand for another asset now",
                )
        before_at, before = at, price


def check_charges(rates: Sequence[tuple[int, Decimal]], rolls: Sequence[tuple[int, Decimal]]) -> None:
    """`BadMarkError` for the first rate that is no fraction, or roll that is not above 0."""
    for row, (at, rate) in enumerate(rates, start=1):
        if not (rate.is_finite() and -1 < rate < 1):
            raise BadMarkError(
                f"Financing rate {row} ({instant_text(instant_of(at))}): {rate} is no fraction."
            )
    for row, (at, roll) in enumerate(rolls, start=1):
        if not (roll.is_finite() and roll > 0):
            why = "is not above 0" if roll.is_finite() else "is no number"
            raise BadMarkError(f"Roll {row} ({instant_text(instant_of(at))}): {roll} {why}.")


def _bad(row: int, at: int, why: str) -> BadMarkError:
    text = instant_text(instant_of(at))
    return BadMarkError(f"Mark {row} ({text}): {why}.", row=row, at=text)
