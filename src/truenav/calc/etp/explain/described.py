"""A path of prices from its description: where it ends, how it gets there, and how much it fluctuates.

Unlike a drawn path of `truenav.calc.etp.explain.what_if`, it has exactly the change and the volatility that
were asked for, so that theory and a replay can be compared on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import History
from truenav.core.failure import InvalidInputError
from truenav.core.money import exact
from truenav.core.product import SECONDS_A_DAY

MOST_MARKS = 600_000
"""A year of minutes, and somewhat more."""

DIGITS = 12
"""Significant digits of the prices between the first and the last."""

_DAY = SECONDS_A_DAY * 1_000_000

Floats = NDArray[np.float64]


class WhatIfError(InvalidInputError):
    """A question of what would be cannot be computed: its market or its number of paths makes no sense."""

    code = "what-if"
    title = "This what-if cannot be computed"


class Trend(StrEnum):
    """How the price goes from its start to its end, fluctuation apart.

    *Steady*: the same growth all the way. *Turn*: to a high or low in the middle of the time, and from there
    to the end. *Jump*: steady but for one step in the middle.
    """

    STEADY = "steady"
    TURN = "turn"
    JUMP = "jump"


class Fluctuation(StrEnum):
    """How the price fluctuates about its trend: by seeded random moves, or up and down in turn."""

    DRAWN = "drawn"
    ALTERNATING = "alternating"


@dataclass(frozen=True, slots=True)
class Described:
    """A path of prices: ``change`` from start to end, and ``swing``, as fractions above -1.

    ``swing`` is the change from the start to the turn, or that of the jump. ``volatility`` is of a year of
    365 days, that of the fluctuation alone. The same ``seed`` draws the same path.
    """

    TAG: ClassVar[str] = "described"

    days: int
    marks_a_day: int
    change: Decimal
    volatility: Decimal
    trend: Trend = Trend.STEADY
    swing: Decimal = Decimal(0)
    fluctuation: Fluctuation = Fluctuation.DRAWN
    seed: int = 1


def described_history(path: Described, start: datetime, *, price: Decimal = Decimal(100)) -> History:
    """The marks of a described path, evenly apart, the first of them ``price``.

    The last is exactly ``price (1 + change)``; the others are rounded to `DIGITS`. `WhatIfError` where the
    description makes no sense.
    """
    _check(path)
    steps = path.days * path.marks_a_day
    levels = _trend(path, steps) + _fluctuation(path, steps)
    with exact():
        inner = [Decimal(f"{level:.{DIGITS}g}") for level in float(price) * np.exp(levels[1:-1])]
        prices = [price, *inner, price * (1 + path.change)]
    first = microseconds(start)
    return History([first + place * _DAY // path.marks_a_day for place in range(steps + 1)], prices)


def _trend(path: Described, steps: int) -> Floats:
    """Logarithms of the price beside the first, fluctuation apart."""
    way = np.linspace(0.0, 1.0, steps + 1)
    end, swing = np.log1p(float(path.change)), np.log1p(float(path.swing))
    levels: Floats = way * end
    if path.trend is Trend.TURN:
        levels = np.interp(way, (0.0, 0.5, 1.0), (0.0, swing, end))
    elif path.trend is Trend.JUMP:
        levels = way * (end - swing) + swing * (way > 0.5)
    return levels


def _fluctuation(path: Described, steps: int) -> Floats:
    """Logarithms that begin and end at 0 and whose moves have exactly the volatility."""
    if path.fluctuation is Fluctuation.ALTERNATING:
        moves = np.resize([1.0, -1.0], steps)
    else:
        moves = np.random.default_rng(path.seed).standard_normal(steps)
    moves = moves - moves.mean()
    size = float(np.sqrt(np.sum(moves * moves)))
    if size > 0:
        moves *= float(path.volatility) * np.sqrt(path.days / 365) / size
    return np.concatenate(([0.0], np.cumsum(moves)))


def _check(path: Described) -> None:
    if path.days < 1 or path.marks_a_day < 1 or path.days * path.marks_a_day > MOST_MARKS:
        raise WhatIfError(f"A path has at least one day, one mark a day, and at most {MOST_MARKS:,} marks.")
    if path.days * path.marks_a_day < 2:
        raise WhatIfError("A path of one step cannot fluctuate; ask for more days or marks.")
    if not all(one.is_finite() for one in (path.change, path.volatility, path.swing)):
        raise WhatIfError("Change, volatility and swing are numbers; NaN and infinity are none.")
    if not 0 <= path.volatility <= 10:
        raise WhatIfError("The volatility lies between 0 and 10 (1,000 %).")
    if not all(-1 < one <= 1_000 for one in (path.change, path.swing)):
        raise WhatIfError("Change and swing of the price lie above -1 and are at most 1,000.")
    if path.seed < 0:
        raise WhatIfError("The seed is a whole number, 0 or more.")
