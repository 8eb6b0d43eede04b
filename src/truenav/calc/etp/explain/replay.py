"""Rules replayed on a history: whether it belongs to the product, and what the replay leaves unknown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from enum import StrEnum

import numpy as np

from truenav.calc.etp.engine.calendar import gaps, instant_of, microseconds, usual_step
from truenav.calc.etp.engine.history import BadMarkError, History
from truenav.calc.etp.engine.rules import trigger_leverages
from truenav.calc.etp.engine.simulate import Simulation, simulate
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.calc.etp.explain.decay import NoSuchMoveError, move_to_leverage
from truenav.core.clock import instant_text
from truenav.core.money import exact
from truenav.core.product import SECONDS_A_DAY, Aim, Exposure, Product, Terms

GAP_STEPS = 2
"""Marks that lie so many usual steps apart, or more, have a gap between them."""


class FinancingSource(StrEnum):
    """Where a replay takes financing from; *unknown* where the product should pay and no rate is known."""

    ISSUER = "issuer"
    RATES = "rates"
    ROLLS = "rolls"
    RULES = "rules"
    UNKNOWN = "unknown"


def replay(product: Product, history: History, *, nav: Decimal, continuous: bool = False) -> Simulation:
    """A product over a history that belongs to it: at the marks alone, or watched without pause between them.

    `BadMarkError` where marks lie outside the product's time.
    """
    run = simulate_continuously if continuous else simulate
    return run(product, belonging(history, product), nav=nav)


def belonging(history: History, product: Product) -> History:
    """The history, if all of it belongs to the product; it was read without knowing of it."""
    first, last = (instant_text(instant_of(history.times[place])) for place in (0, -1))
    if product.until is not None and history.times[-1] >= microseconds(product.until):
        raise BadMarkError(
            f"{product.id} ended at {instant_text(product.until)}, and the marks go on to {last}; end "
            "earlier, or take the rules of one instant as if they had always held."
        )
    if history.times[0] < microseconds(product.terms[0].since):
        raise BadMarkError(
            f"The rules of {product.id} begin at {instant_text(product.terms[0].since)}, and the marks at "
            f"{first}; begin later, or take the rules of one instant as if they had always held."
        )
    return history


def way_of(history: History) -> float:
    """How far the price went in all: the sum of its logarithmic moves, each counted as positive."""
    logarithms = np.log(np.asarray(history.prices, dtype=np.float64))
    return float(np.sum(np.abs(np.diff(logarithms))))


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


def gaps_of(times: Sequence[int]) -> list[tuple[int, int]]:
    """The gaps in a history: marks (microseconds since 1970) before and after each."""
    return gaps(times, longest=GAP_STEPS * usual_step(times) - 1)


def financing_source(simulation: Simulation) -> FinancingSource:
    """Where the financing of a simulation comes from."""
    terms = simulation.product.terms
    if all(one.financing.issuer_bears for one in terms):
        return FinancingSource.ISSUER
    if simulation.history.rates:
        return FinancingSource.RATES
    if all(one.exposure is Exposure.FUTURE for one in terms):
        return FinancingSource.ROLLS
    has_rate = any(one.financing.rate is not None for one in terms)
    return FinancingSource.RULES if has_rate else FinancingSource.UNKNOWN
