"""Marks that cannot be used are refused with their row; those that can are left as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import MINUTE, START, history, product, terms

from truenav.calc.etp.engine.calendar import microseconds, usual_step
from truenav.calc.etp.engine.history import BadMarkError, History, checked
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.core.failure import InvalidInputError

NOW = START + timedelta(days=365)


@pytest.mark.parametrize(
    ("prices", "row", "why"),
    [
        ([1, 0, 1], 2, "is not above 0"),
        ([0, 1], 1, "is not above 0"),
        ([1, 2, -1], 3, "is not above 0"),
        ([1, 2, "20.1"], 3, "goes from 2 to 20.1 at once"),
        (["20.1", 2, 1], 2, "goes from 20.1 to 2 at once"),
        ([1, "NaN", 1], 2, "NaN is no price"),
        ([1, 2, "sNaN"], 3, "sNaN is no price"),
        (["Infinity", 2, 3], 1, "Infinity is no price"),
        (["Infinity", "Infinity"], 1, "Infinity is no price"),
        ([1, "-Infinity"], 2, "-Infinity is no price"),
    ],
)
def test_a_price_that_cannot_be_is_named_with_its_row(prices, row, why):
    with pytest.raises(BadMarkError, match=why) as error:
        checked(history(prices), now=NOW)
    assert error.value.context["row"] == row


@pytest.mark.parametrize("prices", [[2, "0.2", 2], ["0.01", "0.1", 1, 10, 100, 1000, 900]])
def test_a_price_may_become_ten_times_as_large_or_small_at_once_and_more_in_steps(prices):
    assert checked(history(prices), now=NOW) == history(prices)


@pytest.mark.parametrize(
    ("times", "why"), [([0, 1, 1], "two marks of this instant"), ([0, 2, 1], "comes after")]
)
def test_times_must_rise(times, why):
    first = microseconds(START)
    with pytest.raises(BadMarkError, match=why) as error:
        checked(History([first + at for at in times], [Decimal(1)] * 3), now=NOW)
    assert error.value.context["row"] == 3


def test_marks_of_the_future_and_from_the_end_on_are_refused():
    marks = history([1, 1, 1], every=MINUTE)
    with pytest.raises(BadMarkError, match=r"Mark 3 .*lies in the future"):
        checked(marks, now=START + timedelta(seconds=119))
    assert checked(marks, now=START + timedelta(seconds=120)) is marks
    with pytest.raises(BadMarkError, match=r"Mark 2 .*had ended"):
        checked(marks, now=NOW, until=START + timedelta(seconds=60))
    with pytest.raises(BadMarkError, match="two marks or more"):
        checked(history([1]), now=NOW)


@given(st.lists(st.decimals("0.001", "1000", places=3), min_size=2, max_size=30))
def test_marks_are_refused_exactly_where_one_of_them_jumps(prices):
    """What is seen at once from the extremes against a look at each pair."""
    jumps = [
        row
        for row in range(1, len(prices))
        if not prices[row - 1] <= 10 * prices[row] <= 100 * prices[row - 1]
    ]
    marks = history(prices)
    if jumps:
        with pytest.raises(BadMarkError) as error:
            checked(marks, now=NOW)
        assert error.value.context["row"] == jumps[0] + 1
    else:
        assert checked(marks, now=NOW) is marks


def test_the_usual_step_is_the_middle_one():
    assert usual_step([0, 60, 120, 180, 7_000]) == 60
    assert usual_step([0, 60]) == 60
    assert usual_step([0, 1, 3]) == 1


def test_times_and_prices_go_together():
    marks = history([1, 2, 3])
    with pytest.raises(BadMarkError, match="3 times and 2 prices"):
        checked(History(marks.times, marks.prices[:2]), now=NOW)


def test_a_symbol_that_went_to_another_coin_is_refused():
    """LUNA in May 2022: 0.0001779 of the old coin, 17.640812 of the new one."""
    with pytest.raises(BadMarkError, match="another asset now"):
        checked(history(["0.0002", "0.0001779", "17.640812"]), now=NOW)
    assert checked(history([100, 1]), now=NOW, largest_jump=Decimal(100))


@pytest.mark.parametrize("rate", ["1", "-1", "5", "NaN", "-Infinity"])
def test_a_financing_rate_that_takes_all_is_refused(rate):
    marks = history([1, 2], rates=((1, Decimal("-0.99")), (2, Decimal(rate))))
    with pytest.raises(BadMarkError, match=r"Financing rate 2 .* no fraction"):
        checked(marks, now=NOW)


@pytest.mark.parametrize("roll", ["0", "-1", "NaN", "Infinity"])
def test_a_roll_that_is_not_above_zero_is_refused(roll):
    with pytest.raises(BadMarkError, match=r"Roll 1 .* (is not above 0|is no number)"):
        checked(history([1, 2], rolls=((1, Decimal(roll)),)), now=NOW)


# A product is run by whoever has a history, read by us or not.

RUNS = pytest.mark.parametrize("run", [simulate, simulate_continuously])


@RUNS
@pytest.mark.parametrize(
    ("marks", "why"),
    [
        (history([100, -5, 100]), r"Mark 2 .*-5 is not above 0"),
        (history([0, 5]), "Mark 1 .*is not above 0"),
        (history([100, "NaN"]), "Mark 2 .*NaN is no price"),
        (history([100, 90], every=0), "Mark 2 .*two marks of this instant"),
        (history([100, 90], every=-MINUTE), "Mark 2 .*comes after"),
        (history([100]), "two marks or more"),
        (history([]), "two marks or more"),
        (replace(history([100, 90, 80]), prices=[Decimal(100)]), "3 times and 1 prices"),
        (replace(history([100, 90]), prices=[Decimal(100), 90.5]), r"Mark 2 .*90.5 is no exact number"),
        (history([1, 2], rates=((1, Decimal(5)),)), "no fraction"),
        (history([1, 2], rolls=((1, Decimal(0)),)), "not above 0"),
    ],
)
def test_a_history_that_cannot_be_is_not_run(run, marks, why):
    with pytest.raises(BadMarkError, match=why):
        run(product(terms()), marks)


@RUNS
def test_what_is_only_doubtful_is_run(run):
    assert run(product(terms(2)), history([1, 100])).nav == 19_900


@RUNS
@pytest.mark.parametrize("nav", ["0", "-5", "NaN", "Infinity"])
def test_a_unit_is_issued_for_something(run, nav):
    with pytest.raises(InvalidInputError, match="NAV must be above 0"):
        run(product(terms()), history([1, 2]), nav=Decimal(nav))


@RUNS
def test_marks_before_the_rules_or_after_the_end_of_a_product_are_refused(run):
    late = replace(terms(), since=START + timedelta(seconds=1))
    with pytest.raises(BadMarkError, match="begin at 2026-01-01T00:00:01Z"):
        run(product(late), history([1, 2]))
    ended = product(terms(), until=START + timedelta(days=1))
    with pytest.raises(BadMarkError, match="ended at 2026-01-02"):
        run(ended, history([100, 101]))
    assert run(ended, history([100, 101], every=MINUTE)).nav == 103
