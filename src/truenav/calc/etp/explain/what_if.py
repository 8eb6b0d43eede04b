"""What rules would make of prices that have not happened: a day one way, two legs, and seeded paths.

Tables of single moves are exact; paths and their statistics are floats, for charts. Method:
docs/methods/leveraged.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.many_paths import Path
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.engine.simulate_many import simulate_many
from truenav.calc.etp.explain.attribution import explain
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.calc.etp.explain.decay import decay_curve
from truenav.calc.etp.explain.described import WhatIfError
from truenav.core.money import ONE, exact
from truenav.core.product import SECONDS_A_DAY, Product, Terms

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

MOST_MARKS = 20_000_000
"""Marks of all paths of one question together, so that it fits into a small machine's memory."""

_DAY = SECONDS_A_DAY * 1_000_000
_HOUR = timedelta(hours=1)

Floats = NDArray[np.float64]


# A day one way, and both fall


@dataclass(frozen=True, slots=True)
class Legs:
    """Returns over two moves: of the first, of the second, and of both together."""

    first: Decimal
    second: Decimal
    both: Decimal


def triggers_alone(terms: Terms) -> Product:
    """A product that only the trigger of these terms rebalances: no schedule, fee, financing or merge.

    What a rebalance costs stays; the trigger does not sleep.
    """
    bare = Terms(
        terms.since,
        terms.target,
        terms.exposure,
        trigger=replace(terms.trigger, rearm_seconds=0),
        trading_cost=terms.trading_cost,
    )
    return Product("what-if", "", "", "", (bare,))


def one_way_day(rules: Sequence[Terms], moves: Sequence[Decimal]) -> tuple[tuple[Decimal, ...], ...]:
    """The returns of rule sets over moves without turning, each trigger filled at its own price.

    A row for each move (above -1), a column for each rule set.
    """
    products = [triggers_alone(terms) for terms in rules]
    return tuple(
        tuple(
            explain(simulate_continuously(product, _marks(product, [move]))).product for product in products
        )
        for move in moves
    )


def two_legs(rules: Sequence[Terms], first: Decimal, second: Decimal) -> tuple[Legs, ...]:
    """The underlying's and each rule set's returns over two moves, each of them seen as one mark.

    A trigger acts on the mark it sees; where the moves turn, a long and a short product may both fall.
    """
    still = Terms(rules[0].since, ONE)
    return tuple(_legs(triggers_alone(terms), [first, second]) for terms in (still, *rules))


def _legs(product: Product, moves: Sequence[Decimal]) -> Legs:
    run, middle = simulate(product, _marks(product, moves)), product.terms[0].since + _HOUR
    return Legs(explain(run, end=middle).product, explain(run, start=middle).product, explain(run).product)


def _marks(product: Product, moves: Sequence[Decimal]) -> History:
    """Marks an hour apart from the product's beginning on, the first of them 1."""
    prices, since = [ONE], product.terms[0].since
    if any(move <= -1 for move in moves):
        raise WhatIfError("A move of -1 or less leaves no price; give a fraction above -1.")
    with exact():
        for move in moves:
            prices.append(prices[-1] * (1 + move))
    return History([microseconds(since + place * _HOUR) for place in range(len(prices))], prices)


# Seeded paths


@dataclass(frozen=True, slots=True)
class Market:
    """How prices are drawn: a geometric Brownian motion with jumps (Merton 1976).

    Of a year of 365 days: ``volatility`` between jumps, ``drift`` the growth of the expected price (0 is a
    fair game), ``jumps`` how many there are on average. A jump multiplies the price by the exponential of a
    normal number of mean ``jump_mean`` and deviation ``jump_deviation``; the drift makes good for it.
    """

    volatility: float
    drift: float = 0.0
    jumps: float = 0.0
    jump_mean: float = 0.0
    jump_deviation: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is drawn: ``paths`` of ``days`` with ``marks_a_day``, from ``start`` on.

    The same ``seed`` gives the same paths, and a question of more paths begins with those of fewer.
    """

    start: datetime
    days: int
    paths: int
    marks_a_day: int = 24
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What became of a product on drawn paths.

    Attributes
    ----------
    product, underlying : returns, shape (paths,).
    worst : deepest drawdown of each path, from 0 to -1.
    rebalances : of each path.
    product_quantiles, underlying_quantiles : at `QUANTILES`.
    product_mean, underlying_mean : averages; few large gains raise them above what is usual.
    lost_money, ruined, behind_multiple : shares of the paths: with a negative return, with nothing left, and
        with less than leverage times the underlying's return (no less than -1).
    """

    product: Floats
    underlying: Floats
    worst: Floats
    rebalances: NDArray[np.int64]
    product_quantiles: Floats
    underlying_quantiles: Floats
    product_mean: float
    underlying_mean: float
    lost_money: float
    ruined: float
    behind_multiple: float


@dataclass(frozen=True, slots=True, eq=False)
class DecayPoint:
    """Decay at one volatility: by the closed formula, and the median of drawn paths.

    ``simulated`` is the median over paths of product return beside ``(1 + R)^L``, what a price that moves
    straight to the same end would have made of a product rebalanced all the way; costs and fees are in it.
    """

    volatility: float
    formula: float
    simulated: float


def drawn_paths(market: Market, question: Question) -> tuple[Path, ...]:
    """Seeded paths from a price of 100 on, their times shared; `WhatIfError` where nothing can be drawn."""
    _check(market, question)
    steps, size = question.days * question.marks_a_day, 1 / (365 * question.marks_a_day)
    times = microseconds(question.start) + np.arange(steps + 1, dtype=np.int64) * _DAY // question.marks_a_day
    compensation = market.jumps * np.expm1(market.jump_mean + market.jump_deviation**2 / 2)
    drift = (market.drift - market.volatility**2 / 2 - compensation) * size
    found = []
    for source in np.random.SeedSequence(question.seed).spawn(question.paths):
        generator = np.random.default_rng(source)
        moves = drift + market.volatility * np.sqrt(size) * generator.standard_normal(steps)
        jumps = generator.poisson(market.jumps * size, steps)
        moves += market.jump_mean * jumps + market.jump_deviation * np.sqrt(
            jumps
        ) * generator.standard_normal(steps)
        found.append(Path(times, 100 * np.exp(np.concatenate(([0.0], np.cumsum(moves))))))
    return tuple(found)


def outcomes(product: Product, market: Market, question: Question) -> Outcomes:
    """A product on drawn paths: how its returns are distributed beside the underlying's.

    ``behind_multiple`` uses the target that holds at the start.
    """
    paths = drawn_paths(market, question)
    runs = simulate_many([product], paths, nav=1.0)
    returns, underlying = runs.nav - 1, _returns(paths)
    multiple = np.maximum(_target(product, question.start) * underlying, -1.0)
    return Outcomes(
        product=returns,
        underlying=underlying,
        worst=runs.worst,
        rebalances=runs.scheduled + runs.triggered,
        product_quantiles=np.quantile(returns, QUANTILES),
        underlying_quantiles=np.quantile(underlying, QUANTILES),
        product_mean=float(returns.mean()),
        underlying_mean=float(underlying.mean()),
        lost_money=float((returns < 0).mean()),
        ruined=float(runs.ruined.mean()),
        behind_multiple=float((returns < multiple).mean()),
    )


def decay_by_volatility(
    product: Product, volatilities: Sequence[float], question: Question
) -> tuple[DecayPoint, ...]:
    """Decay of a product at each volatility (of a year, no drift, no jumps), formula beside drawn paths."""
    target, years = _target(product, question.start), question.days / 365
    formula = decay_curve(target, volatilities, years)
    found = []
    for volatility, expected in zip(volatilities, formula, strict=True):
        paths = drawn_paths(Market(volatility), question)
        nav = simulate_many([product], paths, nav=1.0).nav
        straight = (1 + _returns(paths)) ** target
        found.append(DecayPoint(volatility, float(expected), float(np.median(nav / straight)) - 1))
    return tuple(found)


def _returns(paths: Sequence[Path]) -> Floats:
    return np.array([path.prices[-1] / path.prices[0] - 1 for path in paths], dtype=np.float64)


def _target(product: Product, start: datetime) -> float:
    return float(next(terms for terms in reversed(product.terms) if terms.since <= start).target)


def _check(market: Market, question: Question) -> None:
    numbers = (market.volatility, market.drift, market.jumps, market.jump_mean, market.jump_deviation)
    if not np.isfinite(numbers).all() or min(market.volatility, market.jumps, market.jump_deviation) < 0:
        raise WhatIfError("Volatility, jumps and their deviation must be finite numbers, 0 or more.")
    if max(market.volatility, abs(market.drift), abs(market.jump_mean), market.jump_deviation) > 10:
        raise WhatIfError("No volatility, drift or jump may be above 10 (1,000 %).")
    if market.jumps > 10_000:
        raise WhatIfError("There may be at most 10,000 jumps a year.")
    if min(question.days, question.paths, question.marks_a_day) < 1:
        raise WhatIfError("A what-if needs at least one day, one path and one mark a day.")
    marks = question.days * question.marks_a_day * question.paths
    if marks > MOST_MARKS:
        raise WhatIfError(
            f"{marks:,} marks are more than {MOST_MARKS:,}; ask for fewer paths, days or marks."
        )
