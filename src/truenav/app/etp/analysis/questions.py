"""What is asked for when rule sets are replayed: which ones, on which marks, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from truenav.calc.etp.explain.described import Described
from truenav.core.failure import InvalidInputError


class ReplayInputError(InvalidInputError):
    """A question of a replay is too large, or one of its numbers makes no sense."""

    code = "replay-input"
    title = "This replay cannot be computed"


@dataclass(frozen=True, slots=True)
class GivenMark:
    """A price of the underlying, in the quote asset."""

    at: datetime
    price: Decimal


@dataclass(frozen=True, slots=True)
class GivenMarks:
    """Marks that stand in the question itself, in order of time."""

    TAG: ClassVar[str] = "given"

    marks: tuple[GivenMark, ...]


@dataclass(frozen=True, slots=True)
class SeenMarks:
    """The marks that a product that is run here was given by its venue."""

    TAG: ClassVar[str] = "seen"

    listing: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Manner:
    """How rule sets are replayed.

    ``nav`` is what a unit is issued at. ``rules_as_of``: the rules of this instant as if they had always
    held; ``last_rules``: the last ones. ``continuous`` fills triggers at their own price. ``points`` is how
    many points of each path are given, at most.
    """

    nav: Decimal = Decimal(100)
    rules_as_of: datetime | None = None
    last_rules: bool = False
    continuous: bool = False
    points: int = 400


@dataclass(frozen=True, slots=True)
class ReplayQuestion:
    """Rule sets by their names (``text`` holds those that are *given*), and the history to replay them on."""

    rules: tuple[str, ...]
    history: Described | GivenMarks | SeenMarks
    text: str | None = None
    manner: Manner = Manner()


@dataclass(frozen=True, slots=True)
class FileReading:
    """How a file of prices is read where it does not say so itself; see the command ``truenav etp``."""

    zone: str | None = None
    symbol: str | None = None
    time_column: str | None = None
    price_column: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileQuestion:
    """The same for a file of prices that is sent along."""

    rules: tuple[str, ...]
    text: str | None = None
    reading: FileReading = FileReading()
    manner: Manner = Manner()
