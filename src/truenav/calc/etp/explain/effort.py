"""How much work a replay may come to, found before it is begun."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

import numpy as np

from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.rules import trigger_leverages
from truenav.calc.etp.explain.decay import NoSuchMoveError, move_to_leverage
from truenav.core.money import exact
from truenav.core.product import SECONDS_A_DAY, Aim, Product, Terms


def way_of(history: History) -> float:
    """How far the price went in all: the sum of its logarithmic moves, each counted as positive."""
    logarithms = np.log(np.asarray(history.prices, dtype=np.float64))
    return float(np.sum(np.abs(np.diff(logarithms))))


def way_of_move(move: Decimal) -> float:
    """How far the price goes in one move, a fraction above -1."""
    with exact():
        return abs(float((1 + move).ln()))  # as a float, 1 + move may be 0


def most_steps(product: Product, history: History, way: float, *, continuous: bool = False) -> int:
    """How many steps a replay may come to: what the calendar makes due, and what triggers may do at most.

    ``way`` is that of the history (`way_of`); it is given, as several products may be replayed on one.
    A trigger that goes to the target needs a move of its own size each time, so that all moves together bound
    it; one that returns to the edge may act at every mark. Schedules that stop short of the target bring the
    next trigger nearer, which is left out of account.
    """
    days = (history.times[-1] - history.times[0]) // (SECONDS_A_DAY * 1_000_000) + 2
    marks = len(history)
    with exact():
        triggered = max(_triggered(terms, way, marks, continuous) for terms in product.terms)
    return days * max(map(_a_day, product.terms)) + len(history.rates) + triggered


def _a_day(terms: Terms) -> int:
    """Instants of a day at which something falls due."""
    financed = 0 if terms.financing.at is None else len(terms.financing.at.times)
    charged = sum(len(fee.at.times) for fee in terms.fees)
    return financed + charged + sum(len(one.at.times) * one.batches for one in terms.schedules)


def _triggered(terms: Terms, way: float, marks: int, continuous: bool) -> int:
    sizes = [abs(math.log1p(move)) for move in _moves(terms) if move > -1]
    if not sizes:
        return 0
    if terms.trigger.aim is Aim.EDGE:
        return marks
    most = int(way / max(min(sizes), 1e-12)) + 1
    return most if continuous else min(most, marks)


def _moves(terms: Terms) -> Iterator[float]:
    """Moves from a rebalance to the target on, either way, at which the trigger fires."""
    for move in (terms.trigger.adverse_move, terms.trigger.favourable_move):
        if move is not None:
            yield from (float(move), -float(move))
    for size in trigger_leverages(terms):
        if size > 0:
            with suppress(NoSuchMoveError):
                yield float(move_to_leverage(terms.target, size))
