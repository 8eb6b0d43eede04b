"""What a person wants of a leveraged product that is run here; its follower carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar


class InstructionState(StrEnum):
    """``requested`` waits for a second person, ``approved`` for its moment; the others are the end."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


WAITING = (InstructionState.REQUESTED, InstructionState.APPROVED)
"""States in which an instruction can still become something else."""


@dataclass(frozen=True, slots=True)
class ApproveProposal:
    """Execute the rebalance of this number, again where its execution stopped."""

    TAG: ClassVar[str] = "approve"
    number: int


@dataclass(frozen=True, slots=True)
class CloseProposal:
    """End the rebalance of this number, done or not, and let the trigger rest for so many minutes."""

    TAG: ClassVar[str] = "close"
    number: int
    rest_minutes: int
    why: str


@dataclass(frozen=True, slots=True)
class HaltDealing:
    """Create and redeem nothing from now on; or go on, where not ``halted``."""

    TAG: ClassVar[str] = "halt"
    halted: bool
    why: str


@dataclass(frozen=True, slots=True)
class CreateUnits:
    """Create units for a participant, who brings the position (``in_kind``) or cash."""

    TAG: ClassVar[str] = "create"
    participant: str
    units: Decimal
    in_kind: bool = False


@dataclass(frozen=True, slots=True)
class RedeemUnits:
    """Redeem units of a participant, who takes the position (``in_kind``) or cash."""

    TAG: ClassVar[str] = "redeem"
    participant: str
    units: Decimal
    in_kind: bool = False


@dataclass(frozen=True, slots=True)
class ChangeUnits:
    """Make ``new`` units of ``old`` ones, for ``holders`` with their units. ``cancelled`` are the orders for
    old units that were open and are cancelled.
    """

    TAG: ClassVar[str] = "change"
    old: int
    new: int
    holders: Mapping[str, Decimal]
    cancelled: tuple[str, ...] = ()


Wish = ApproveProposal | CloseProposal | HaltDealing | CreateUnits | RedeemUnits | ChangeUnits

SECOND_PERSON = (CreateUnits, RedeemUnits, ChangeUnits)
"""Wishes that a second person must approve; the others are carried out at once."""
