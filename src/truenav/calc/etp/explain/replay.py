"""Rules replayed on a history, and what the replay leaves unknown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from truenav.calc.etp.engine.calendar import gaps, usual_step
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import Simulation, simulate
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.core.product import Exposure, Product

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
    """A product over a history: at the marks alone, or watched without pause between them."""
    run = simulate_continuously if continuous else simulate
    return run(product, history, nav=nav)


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
