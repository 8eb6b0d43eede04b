"""Paths from their description: they end where they should, and fluctuate exactly as much as they should."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, START, D, product, terms

from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.decay import continuous_return, realised_volatility
from truenav.calc.etp.explain.described import Described, Fluctuation, Trend, WhatIfError, described_history

YEAR = Described(days=365, marks_a_day=24, change=D("0.5"), volatility=D("0.8"))


@settings(max_examples=30, deadline=None)
@given(
    change=st.decimals("-0.9", "5", places=3),
    volatility=st.decimals("0", "2", places=3),
    trend=st.sampled_from(Trend),
    fluctuation=st.sampled_from(Fluctuation),
    seed=st.integers(0, 10**6),
)
def test_any_path_ends_exactly_at_its_change_and_no_price_is_gone(
    change, volatility, trend, fluctuation, seed
):
    path = Described(30, 6, change, volatility, trend, D("-0.4"), fluctuation, seed)
    history = described_history(path, START, price=D(60_000))
    assert len(history) == 181
    assert history.prices[0] == 60_000
    assert history.prices[-1] == 60_000 * (1 + change)
    assert min(history.prices) > 0
    assert history.times[-1] - history.times[0] == 30 * 86_400_000_000


@pytest.mark.parametrize("fluctuation", Fluctuation)
def test_the_volatility_is_the_one_that_was_asked_for(fluctuation):
    flat = replace(YEAR, change=D(0), fluctuation=fluctuation)
    assert realised_volatility(described_history(flat, START)) == pytest.approx(0.8, rel=1e-9)


def test_the_same_seed_draws_the_same_path_and_another_one_another():
    assert described_history(YEAR, START) == described_history(YEAR, START)
    assert described_history(YEAR, START) != described_history(replace(YEAR, seed=2), START)


def test_a_turn_is_reached_in_the_middle_and_a_jump_is_one_step():
    calm = Described(10, 1, D(0), D(0), Trend.TURN, D("-0.5"))
    turned = described_history(calm, START).prices
    assert float(turned[5]) == pytest.approx(50)
    jumped = described_history(replace(calm, trend=Trend.JUMP), START).prices
    steps = [float(later / earlier) for earlier, later in pairwise(jumped)]
    assert min(steps) == pytest.approx(0.5 * 2 ** (1 / 10))
    assert sorted(steps)[1] == pytest.approx(2 ** (1 / 10))


@pytest.mark.parametrize("leverage", [3, -3, 2, -1])
def test_a_product_rebalanced_often_makes_of_it_what_the_closed_formula_says(leverage):
    path = replace(YEAR, days=90, marks_a_day=96, change=D("0.2"), volatility=D("0.6"))
    history = described_history(path, START)
    often = replace(
        DAILY[0],
        at=replace(DAILY[0].at, times=tuple(f"{h:02}:{m:02}" for h in range(24) for m in (0, 15, 30, 45))),
    )
    made = simulate(product(terms(leverage, schedules=(often,))), history, nav=D(1)).nav - 1
    theory = continuous_return(D(leverage), D("1.2"), D("0.6"), D(90) / 365)
    assert math.log1p(made) == pytest.approx(math.log1p(theory), abs=0.01)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"days": 0}, "at least one day"),
        ({"days": 40_000}, "at most 600,000 marks"),
        ({"days": 1, "marks_a_day": 1}, "one step"),
        ({"volatility": D(-1)}, "between 0 and 10"),
        ({"volatility": D("NaN")}, "NaN"),
        ({"change": D(-1)}, "above -1"),
        ({"swing": D("-1.5")}, "above -1"),
        ({"seed": -1}, "whole number"),
    ],
)
def test_a_path_that_cannot_be_is_refused_with_the_reason(change, told):
    with pytest.raises(WhatIfError, match=told):
        described_history(replace(YEAR, **change), START)
