"""Share merges and splits: when the rules call for one, and how figures from before it compare with later
ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, exact
from truenav.core.product import Terms


class UnitChangeError(InvalidInputError):
    """Units cannot be merged or split like this: the ratio, the holders or the orders do not allow it."""

    code = "unit-change"
    title = "Units cannot be merged or split like this"


@dataclass(frozen=True, slots=True)
class UnitChange:
    """``old`` units become ``new`` ones: 20 become 1 in a merge, 1 becomes 10 in a split."""

    old: int
    new: int

    def __post_init__(self) -> None:
        """Refuse ratios that are no merge and no split."""
        if min(self.old, self.new) != 1 or self.old == self.new:
            raise UnitChangeError(
                f"{self.old} units cannot become {self.new}; a merge makes one of several, a split several "
                "of one.",
                old=self.old,
                new=self.new,
            )

    @property
    def factor(self) -> Decimal:
        """By what NAV, position and cash of one unit are multiplied; units are divided by it."""
        with exact():
            return Decimal(self.old) / self.new


@dataclass(frozen=True, slots=True)
class Adjustment:
    """By what figures of one unit of ``until`` (microseconds since 1970) and before are multiplied to compare
    with those of the present units.
    """

    until: int
    factor: Decimal


def changes_due(terms: Terms, nav: Decimal) -> Iterator[UnitChange]:
    """The changes that a published NAV leads to, one after the other, until it is within the rules again."""
    merge, split = terms.merge, terms.split
    while merge is not None and 0 < nav <= merge.at_or_below:
        nav *= merge.ratio
        yield UnitChange(merge.ratio, 1)
    while split is not None and nav >= split.at_or_above:
        nav /= split.ratio
        yield UnitChange(1, split.ratio)


def adjustments(changes: Iterable[tuple[int, UnitChange]]) -> tuple[Adjustment, ...]:
    """The factors of history after all ``changes``, each with its instant (rising), the oldest first.

    A NAV published at the instant of a change is still one of the old units.
    """
    found: list[Adjustment] = []
    with exact():
        factor = ONE
        for at, change in reversed(list(changes)):
            factor *= change.factor
            if found and found[-1].until == at:
                found.pop()
            found.append(Adjustment(at, factor))
    return tuple(reversed(found))


def factor_at(changes: Iterable[tuple[int, UnitChange]], at: int) -> Decimal:
    """Units as issued that a unit of an instant came from; at the instant of a change it is an old one."""
    with exact():
        return prod((change.factor for made, change in changes if made < at), start=ONE)


def back_adjusted(
    series: Iterable[tuple[int, Decimal]], history: Sequence[Adjustment]
) -> tuple[tuple[int, Decimal], ...]:
    """A series of NAVs (or baskets, prices) of one unit, all in present units."""
    with exact():
        return tuple((at, value * _factor(at, history)) for at, value in series)


def _factor(at: int, history: Sequence[Adjustment]) -> Decimal:
    return next((one.factor for one in history if at <= one.until), ONE)
