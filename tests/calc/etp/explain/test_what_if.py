"""Prices that have not happened: tables of single moves, and seeded paths against closed formulas."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.calc.etp.histories import DAILY, MIDNIGHT, START, D, product, terms

from truenav.calc.etp.explain.what_if import (
    Market,
    Question,
    WhatIfError,
    decay_by_volatility,
    drawn_paths,
    one_way_day,
    outcomes,
    two_legs,
)
from truenav.core.money import exact
from truenav.core.product import Fee, Trigger

LONG = terms(3, trigger=Trigger(above=D(4)))
SHORT = terms(-3, trigger=Trigger(above=D(5)))
YEAR = Question(START, days=365, paths=200, marks_a_day=4)


def test_a_day_one_way_has_a_row_for_each_move_and_a_column_for_each_rule_set():
    rows = one_way_day([LONG, SHORT], [D("0.2"), D("-0.3")])
    assert [[round(cell, 7) for cell in row] for row in rows] == [
        [D("0.6"), D("-0.4933333")],
        [D("-0.7066551"), D("0.9")],
    ]


def test_schedules_and_fees_stay_out_of_a_day_one_way():
    busy = replace(LONG, schedules=DAILY, fees=(Fee(D("0.5"), MIDNIGHT),))
    assert one_way_day([busy], [D("0.1")]) == one_way_day([LONG], [D("0.1")])


def test_both_may_fall():
    with exact():
        ninth = D(1) / 9
    underlying, long, short = two_legs([LONG, SHORT], ninth, D("-0.15"))
    assert round(underlying.both, 6) == D("-0.055556")
    assert (round(long.first, 6), round(long.second, 6), round(long.both, 6)) == (
        D("0.333333"),
        D("-0.375"),
        D("-0.166667"),
    )
    assert (round(short.second, 6), round(short.both, 6)) == (D("0.45"), D("-0.033333"))


@pytest.mark.parametrize("move", ["-1", "-1.5"])
def test_a_move_that_leaves_no_price_is_refused(move):
    with pytest.raises(WhatIfError, match="leaves no price"):
        one_way_day([LONG], [D(move)])


def test_a_seed_gives_the_same_paths_and_more_paths_begin_with_the_same():
    market = Market(0.8, 0.1, jumps=5, jump_mean=-0.05, jump_deviation=0.1)
    few, more = (drawn_paths(market, replace(YEAR, paths=paths)) for paths in (3, 5))
    for one, other in zip(few, more, strict=False):
        assert np.array_equal(one.prices, other.prices)
    assert one.times is few[0].times
    other_seed = drawn_paths(market, replace(YEAR, paths=1, seed=2))
    assert not np.array_equal(other_seed[0].prices, few[0].prices)


def test_drawn_paths_have_the_volatility_and_mean_that_were_asked_for():
    market = Market(0.6, 0.3, jumps=10, jump_mean=-0.04, jump_deviation=0.05)
    paths = drawn_paths(market, replace(YEAR, paths=3000, days=73))
    logs = np.array([np.diff(np.log(path.prices)) for path in paths])
    variance = 0.6**2 + 10 * (0.04**2 + 0.05**2)
    assert math.isclose(logs.var() * 4 * 365, variance, rel_tol=0.02)
    ends = np.array([path.prices[-1] / 100 for path in paths])
    assert abs(ends.mean() - math.exp(0.3 * 0.2)) < 4 * ends.std() / math.sqrt(3000)


def test_no_volatility_is_a_straight_line():
    (path,) = drawn_paths(Market(0.0, 0.5), replace(YEAR, paths=1))
    assert math.isclose(path.prices[-1], 100 * math.exp(0.5))
    found = outcomes(product(terms(3, schedules=DAILY)), Market(0.0), replace(YEAR, paths=2))
    assert np.allclose(found.product, 0)
    assert found.lost_money == found.ruined == 0


def test_decay_of_drawn_paths_is_near_the_formula_and_grows_with_volatility():
    daily = product(terms(3, schedules=DAILY))
    points = decay_by_volatility(daily, [0.2, 0.5, 0.8], replace(YEAR, paths=40, marks_a_day=1))
    assert [round(point.formula, 4) for point in points] == [-0.1131, -0.5276, -0.8534]
    for point in points:
        assert abs((1 + point.simulated) / (1 + point.formula) - 1) < 0.1
    assert points[0].simulated > points[1].simulated > points[2].simulated


def test_a_fair_game_stays_fair_but_most_lose():
    found = outcomes(
        product(terms(3, schedules=DAILY)), Market(0.8), replace(YEAR, paths=400, days=60, marks_a_day=1)
    )
    assert found.product.shape == (400,)
    assert abs(found.product_mean) < 4 * found.product.std() / math.sqrt(400)
    assert found.lost_money > 0.6
    assert found.product_quantiles[2] < found.product_mean
    assert (np.diff(found.product_quantiles) > 0).all()
    assert (found.rebalances == 60).all()


def test_jumps_ruin_a_product_that_nothing_can_save():
    found = outcomes(
        product(terms(5, schedules=DAILY)),
        Market(0.3, jumps=20, jump_mean=-0.3),
        replace(YEAR, paths=50, days=60),
    )
    assert found.ruined > 0.5
    assert found.product.min() == -1


@pytest.mark.parametrize(
    ("market", "question"),
    [
        (Market(-0.1), YEAR),
        (Market(float("nan")), YEAR),
        (Market(11.0), YEAR),
        (Market(0.5, jumps=1e9), YEAR),
        (Market(0.5), replace(YEAR, days=0)),
        (Market(0.5), replace(YEAR, paths=1_000_000)),
    ],
)
def test_what_makes_no_sense_is_refused(market, question):
    with pytest.raises(WhatIfError):
        drawn_paths(market, question)
