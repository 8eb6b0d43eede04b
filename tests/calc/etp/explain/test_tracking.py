"""How near a product comes to its promise, against figures worked by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from tests.calc.etp.histories import DAILY, DAY, MIDNIGHT, D, history, product, terms

from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.tracking import promise_of, promised, tracking
from truenav.core.product import Fee, ShareMerge, Trigger

DAYS = ["100", "110", "99", "104", "103"]


def _tracked(rules, prices):
    run = simulate(product(rules), history(prices), nav=D(100))
    return tracking(run, promised(run, D(100)))


def test_without_fee_cost_and_trigger_a_product_is_its_promise():
    found = _tracked(terms(3, schedules=DAILY), DAYS)
    assert (found.difference, found.error, found.days) == (0, 0, 4)
    steps = [Fraction(b) / Fraction(a) - 1 for a, b in pairwise(DAYS)]
    made = Fraction(1)
    for step in steps:
        made *= 1 + 3 * step
    assert abs(Fraction(found.promised) - (made - 1)) < Fraction(1, 10**60)


def test_a_fee_of_every_day_is_a_difference_without_much_error():
    fee = Fraction(1, 1000)
    found = _tracked(terms(3, schedules=DAILY, fees=(Fee(D("0.001"), MIDNIGHT),)), DAYS)
    promised_ = 1 + Fraction(found.promised)
    assert abs(Fraction(found.difference) - promised_ * ((1 - fee) ** 4 - 1)) < Fraction(1, 10**60)
    daily = [-fee * (1 + 3 * (Fraction(b) / Fraction(a) - 1)) for a, b in pairwise(DAYS)]
    mean = sum(daily) / 4
    variance = 365 * sum((one - mean) ** 2 for one in daily) / 3
    assert abs(Fraction(found.error) ** 2 - variance) < Fraction(1, 10**60)


def test_what_a_trigger_saves_or_costs_is_in_the_difference():
    rules = product(terms(3, schedules=DAILY, trigger=Trigger(above=D(4))))
    run = simulate(rules, history(["100", "88", "79"], every=DAY // 2), nav=D(1))
    found = tracking(run, promised(run, D(1)))
    made = Fraction(64, 100) * (1 - 3 * Fraction(9, 88))
    assert found.promised == D("-0.63")
    assert abs(Fraction(found.difference) - (made - Fraction(37, 100))) < Fraction(1, 10**60)


def test_one_day_has_a_difference_and_no_error():
    found = _tracked(terms(3, schedules=DAILY), DAYS[:2])
    assert (found.difference, found.error, found.days) == (Decimal(0), None, 1)


def test_the_promise_keeps_the_target_and_its_times_and_nothing_else():
    rules = terms(-3, schedules=DAILY, trading_cost=D("0.01"), merge=ShareMerge(D(1), 10))
    (bare,) = promise_of(product(rules)).terms
    assert (bare.target, bare.schedules, bare.trading_cost, bare.merge, bare.fees) == (-3, DAILY, 0, None, ())
    (without,) = promise_of(product(terms(2, trigger=Trigger(above=D(3))))).terms
    assert without.schedules[0].at == MIDNIGHT


def test_a_product_that_is_gone_is_compared_while_it_lived():
    found = _tracked(terms(3, schedules=DAILY), ["100", "105", "60", "70"])
    assert found.promised == -1
    assert found.difference == pytest.approx(0)
