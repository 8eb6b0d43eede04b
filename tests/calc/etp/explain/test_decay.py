"""Closed formulas, held against floats of another library, against each other and against simulated paths."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, MIDNIGHT, MINUTE, D, history, path, product, terms

from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain import decay

LEVERAGES = st.sampled_from(["3", "-3", "2", "-1", "-2.5", "5"]).map(D)
NEAR = Fraction(1, 10**70)


@given(LEVERAGES, st.integers(101, 400))
def test_the_move_to_a_leverage_leads_there_and_is_adverse(leverage, percent):
    size = abs(leverage) * percent / 100
    if leverage == -1 or size > 1:
        move = decay.move_to_leverage(leverage, size)
        assert move * leverage < 0
        found = decay.leverage_after(leverage, move)
        assert abs(abs(Fraction(found)) - Fraction(size)) < NEAR
        # The formulas as they are published for long and short.
        big, long = Fraction(size), Fraction(abs(leverage))
        closed = -(big - long) / (long * (big - 1)) if leverage > 0 else (big - long) / (long * (big + 1))
        assert abs(Fraction(move) - closed) < NEAR


def test_the_move_to_a_lower_leverage_is_favourable():
    assert abs(Fraction(decay.move_to_leverage(D(3), D("2.5"))) - Fraction(1, 9)) < NEAR


@pytest.mark.parametrize(
    ("leverage", "size"), [("1", "2"), ("3", "1"), ("3", "0.9"), ("0", "1"), ("0.5", "1")]
)
def test_a_leverage_that_no_move_leads_to_is_refused(leverage, size):
    with pytest.raises(decay.NoSuchMoveError, match="No price move"):
        decay.move_to_leverage(D(leverage), D(size))


def test_nothing_left_has_no_leverage():
    assert decay.move_to_ruin(D(-2)) == D("0.5")
    assert decay.move_to_ruin(D(1)) is None
    with pytest.raises(decay.NoSuchMoveError, match="nothing is left"):
        decay.leverage_after(D(4), D("-0.25"))


@given(LEVERAGES, st.integers(-19, 19))
def test_the_flow_is_what_the_simulated_product_trades(leverage, percent):
    run = simulate(
        product(terms(str(leverage), schedules=DAILY)),
        history(path("100", [str(D(percent) / 100)])),
        nav=D(1000),
    )
    flow = decay.rebalancing_flow(leverage, D(1000), D(percent) / 100)
    traded = Fraction(run.events[-1].trade) * Fraction(run.events[-1].price)
    assert (
        abs(traded - Fraction(flow)) < NEAR * 10**5
    )  # the trade has 78 digits whatever the caller's context
    assert flow * percent >= 0


def test_below_one_the_flow_is_against_the_move():
    assert decay.rebalancing_flow(D("0.5"), D(100), D("0.1")) == D("-2.5")


def test_drag_is_alike_for_a_leverage_and_one_less_it():
    for leverage in ("3", "-1", "0.25"):
        mirrored = 1 - D(leverage)
        assert decay.log_drag(D(leverage), D("0.8"), D(1)) == decay.log_drag(mirrored, D("0.8"), D(1))


def test_long_and_short_lose_the_same_in_log_space_beside_the_leverage_itself():
    # (L^2 - L) / 2 is 3 for +3 and 6 for -3: the same 4.5 of the square, and half of L apart.
    long, short = (decay.log_drag(D(one), D(1), D(1)) for one in ("3", "-3"))
    assert (long, short) == (3, 6)
    assert long + D(3) / 2 == short - D(3) / 2


def test_the_continuous_return_agrees_with_floats():
    found = decay.continuous_return(D(-3), D("1.2"), D("0.8"), D("0.5"), fee=D("0.0003"), fees=182)
    expected = math.exp(-3 * math.log(1.2) - 6 * 0.64 * 0.5 + 182 * math.log(1 - 0.0003)) - 1
    assert math.isclose(float(found), expected, rel_tol=1e-13)
    assert decay.continuous_return(D(3), D(1), D("0.8"), D(1)) == decay.decay(D(3), D("0.8"), D(1))


def test_a_path_rebalanced_often_comes_near_the_continuous_return():
    moves = ["0.001", "-0.000999000999000999"] * 2000
    run = simulate(
        product(terms(3, schedules=DAILY)),
        history(path("100", moves)),
    )
    years = D(4000) / 365
    volatility = D(str(decay.realised_volatility(run.history)))
    expected = decay.continuous_return(D(3), run.history.prices[-1] / 100, volatility, years)
    assert abs(run.nav / 100 / (1 + expected) - 1) < D("0.0001")


@pytest.mark.parametrize(
    "numbers", [("NaN", 1, 1), (3, "Infinity", 1), (3, 1, "NaN"), (3, "-0.8", 1), (3, "0.8", -1)]
)
def test_decay_of_what_is_no_number_or_below_zero_is_refused(numbers):
    with pytest.raises(decay.TheoryInputError, match="not below 0"):
        decay.decay(*map(D, numbers))


def test_the_curve_is_the_formula_for_each_volatility():
    volatilities = np.array([0.0, 0.4, 0.8, np.nan])
    curve = decay.decay_curve(-3.0, volatilities, 2.0)
    assert curve.shape == (4,)
    for volatility, found in zip(volatilities[:3], curve[:3], strict=True):
        assert math.isclose(found, float(decay.decay(D(-3), D(str(volatility)), D(2))), abs_tol=1e-15)
    assert np.isnan(curve[3])


@given(LEVERAGES.filter(lambda one: one != 1), st.integers(1, 99))
def test_the_volatility_of_a_loss_loses_just_that(leverage, percent):
    loss = D(percent) / 100
    volatility = decay.volatility_of_loss(leverage, loss, D(1))
    assert abs(decay.decay(leverage, volatility, D(1)) + loss) < Decimal("1e-60")


def test_a_product_without_decay_never_loses_by_volatility():
    with pytest.raises(decay.NoSuchMoveError, match="never takes"):
        decay.volatility_of_loss(D("0.5"), D("0.1"), D(1))


def test_fees_add_up_or_compound():
    assert decay.fee_over(D("0.001"), 365, compounded=False) == D("0.365")
    assert round(decay.fee_over(D("0.001"), 365), 3) == D("0.306")
    assert round(decay.fee_over(D("0.003"), 365), 3) == D("0.666")


def test_realised_volatility_is_of_a_year_of_365_days():
    daily = history(path("100", ["0.02", "-0.02", "0.02"]))
    moves = np.log([1.02, 0.98, 1.02])
    assert math.isclose(decay.realised_volatility(daily), math.sqrt((moves**2).sum() / (3 / 365)))
    assert math.isnan(decay.realised_volatility(history(["100", "101"], every=MINUTE), MIDNIGHT))


def test_realised_volatility_between_daily_times_skips_what_lies_between():
    prices = ["100", "150", "102", "50", "99.96"]
    found = decay.realised_volatility(history(prices, every=720 * MINUTE), MIDNIGHT)
    assert math.isclose(found, math.sqrt((np.log([1.02, 0.98]) ** 2).sum() / (2 / 365)))
