"""Leverage tiers: the larger a position, the more margin it needs, in steps that a venue tells.

Venues differ in what they measure a position by, and whether a step's rate is taken of the whole position or
of the part within it. Both are one formula: ``rate * value - deduction`` with the rate and deduction of the
step that the position lies in; where a rate is of the part within a step only, the deduction is
``sum((rate[i] - rate[i - 1]) * floor[i])``, so that nothing jumps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId
from truenav.core.money import ZERO, exact


class BadTiersError(InvalidInputError):
    """Steps that contradict each other."""

    code = "bad-leverage-tiers"
    title = "Leverage tiers contradict each other"


class Measure(StrEnum):
    """What a venue measures a position by when it looks for its step."""

    VALUE = "value"
    """Its value, in units of what it settles in."""
    CONTRACTS = "contracts"
    BASE = "base"
    """Units of the base asset."""
    DOLLARS = "dollars"


@dataclass(frozen=True, slots=True)
class LeverageTier:
    """One step: positions larger than ``floor``, up to the next step's.

    ``maintenance`` and ``initial`` are rates of a position's value (0.01 is one percent), ``deduction`` is in
    units of what it settles in. ``initial`` is None where the venue does not tell it.
    """

    floor: Decimal
    maintenance: Decimal
    initial: Decimal | None = None
    deduction: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class LeverageTiers:
    """The steps of one contract, smallest first; no position may be larger than ``limit`` (None: not told).

    ``own`` where the venue publishes a rule but no table, and the table is ours.
    """

    instrument: InstrumentId
    measure: Measure
    steps: tuple[LeverageTier, ...]
    limit: Decimal | None = None
    own: bool = False

    def __post_init__(self) -> None:
        floors = [one.floor for one in self.steps]
        if not floors or floors[0] != 0 or sorted(set(floors)) != floors:
            raise BadTiersError(f"The steps of {self.instrument} do not rise from 0: {floors}.")
        if self.limit is not None and self.limit <= floors[-1]:
            raise BadTiersError(f"The limit of {self.instrument}, {self.limit}, lies below its last step.")
        if any(not 0 <= one.maintenance <= 1 for one in self.steps):
            raise BadTiersError(f"A maintenance rate of {self.instrument} is not between 0 and 1.")

    def step_of(self, size: Decimal) -> LeverageTier | None:
        """The step of a position of this size, as `measure` says; None where none may be so large."""
        if self.limit is not None and abs(size) > self.limit:
            return None
        return next((one for one in reversed(self.steps) if one.floor < abs(size)), self.steps[0])

    def maintenance_margin(self, size: Decimal, value: Decimal) -> Decimal | None:
        """Margin below which a position is liquidated, in units of what it settles in; never below zero.

        ``size`` is as `measure` says, ``value`` in units of what it settles in; signs do not count. None
        where none may be so large. Formula: see the module.
        """
        step = self.step_of(size)
        if step is None:
            return None
        with exact():
            return max(ZERO, step.maintenance * abs(value) - step.deduction)


def of_parts(steps: Iterable[LeverageTier]) -> tuple[LeverageTier, ...]:
    """Steps whose rates are of the part of the value within each, with the deductions that say so."""
    found: list[LeverageTier] = []
    with exact():
        for one in steps:
            deduction = (
                found[-1].deduction + (one.maintenance - found[-1].maintenance) * one.floor if found else ZERO
            )
            found.append(LeverageTier(one.floor, one.maintenance, one.initial, deduction))
    return tuple(found)
