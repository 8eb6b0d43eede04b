"""Where the return went: parts that sum exactly, each against arithmetic of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, DAY, MIDNIGHT, MINUTE, START, D, history, path, product, terms

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.simulate import EventKind, simulate
from truenav.calc.etp.explain.attribution import EmptyWindowError, explain, explain_daily
from truenav.core.money import exact, summing
from truenav.core.product import Exposure, Fee, FeeBasis, Financing, ShareMerge, Trigger

NEAR = Decimal("1e-70")
TRIGGERED = Trigger(above=D(4))


def near(found: Decimal, expected: Fraction | Decimal | int) -> bool:
    return abs(Fraction(found) - Fraction(expected)) < Fraction(NEAR)


def test_one_rebalance_a_day_without_costs_compounds_as_the_product_of_days():
    moves = ["0.05", "-0.05", "0.05", "-0.05"]
    found = explain(simulate(product(terms(schedules=DAILY)), history(path("100", moves))))
    days = [Fraction(move) for move in moves]
    underlying = prod(1 + r for r in days) - 1
    assert near(found.underlying, underlying)
    assert near(found.parts.leverage, 3 * underlying)
    assert near(found.parts.compounding, prod(1 + 3 * r for r in days) - 1 - 3 * underlying)
    assert near(found.product, prod(1 + 3 * r for r in days) - 1)
    assert found.rebalances == 4
    for part in ("financing", "fees", "costs", "gap", "deficit"):
        assert getattr(found.parts, part) == 0


def test_one_period_has_no_compounding():
    run = simulate(product(terms(-3, schedules=DAILY)), history(path("100", ["0.07", "-0.02"])))
    for window in (
        explain(run, end=START + timedelta(days=1)),
        explain(run, start=START + timedelta(days=1)),
    ):
        assert near(window.parts.compounding, 0)
        assert near(window.product, -3 * Fraction(window.underlying))


def test_a_static_position_has_none_however_long():
    found = explain(simulate(product(terms()), history(["100", "120", "80", "130"])))
    assert near(found.parts.compounding, 0)
    assert (found.product, found.rebalances, found.turnover) == (D("0.9"), 0, 0)


def test_fee_financing_and_cost_are_what_was_charged():
    fee = Fee(D("0.001"), MIDNIGHT)
    on_notional = Fee(D("0.0002"), MIDNIGHT, FeeBasis.NOTIONAL)
    rules = terms(
        schedules=DAILY,
        fees=(fee, on_notional),
        financing=Financing(D("0.0001"), MIDNIGHT),
        trading_cost=D("0.002"),
    )
    found = explain(simulate(product(rules), history(["100", "110"])))
    financing = Fraction(1, 10_000) * 330
    value = 130 - financing
    fees = Fraction(1, 1_000) * value + Fraction(2, 10_000) * 330
    value -= fees
    cost = (3 * value - 330) / (1 + Fraction(2, 1_000) * 3) * Fraction(2, 1_000)
    assert near(found.parts.financing, -financing / 100)
    assert near(found.parts.fees, -fees / 100)
    assert near(found.parts.costs, -cost / 100)
    assert near(found.parts.compounding, 0)
    assert near(found.turnover, cost * 500 / (value - cost))


def test_a_gap_is_what_lay_between_the_triggers_price_and_the_mark():
    found = explain(simulate(product(terms(trigger=TRIGGERED)), history(["100", "80"])))
    # At 88.888... the product would have held 3 * 66.666... / 88.888... = 2.25, not 3, for 8.888... more.
    assert near(found.parts.gap, -Fraction(3, 4) * Fraction(80, 9) / 100)
    assert near(found.parts.compounding, Fraction(3, 4) * Fraction(80, 9) / 100)
    assert found.product == D("-0.6")


def test_a_deficit_is_the_issuers():
    run = simulate(product(terms()), history(["100", "60", "90"]))
    found = explain(run)
    assert found.product == -1
    assert near(found.parts.deficit, Fraction(20, 100))
    assert near(found.parts.leverage, Fraction(-3, 10))
    assert found.parts.total() == -1
    with pytest.raises(EmptyWindowError, match="nothing was left"):
        explain(run, start=START + timedelta(days=1))


def test_a_future_that_rolls_is_linked():
    first = microseconds(START)
    rules = terms(schedules=DAILY, exposure=Exposure.FUTURE, trading_cost=D("0.001"))
    marks = history(["100", "110", "99"], rolls=((first + DAY, D("1.1")),))
    found = explain(simulate(product(replace(rules, trading_cost=D(0))), marks))
    assert near(
        found.underlying, Fraction(110, 100) * Fraction(99, 100) - 1
    )  # 110 became 100 of the next one
    assert near(found.product, Fraction(130, 100) * Fraction(97, 100) - 1)
    paid = explain(simulate(product(rules), marks), end=START + timedelta(days=1))
    rolled, bought = 2 * 330, (3 * (130 - Fraction(66, 100)) - 330) / Fraction(1003, 1000)
    assert near(paid.parts.costs, -(rolled + bought) * Fraction(1, 1000) / 100)
    assert near(paid.underlying, Fraction(1, 10))
    assert near(paid.parts.compounding, 0)
    after = explain(
        simulate(product(replace(rules, trading_cost=D(0))), marks), start=START + timedelta(days=1)
    )
    assert near(after.underlying, Fraction(-1, 100))
    assert near(after.product, Fraction(-3, 100))


def test_a_target_that_changes_counts_from_the_first_mark_of_its_terms():
    old = terms(schedules=DAILY)
    new = replace(old, since=START + timedelta(days=1), target=D(2))
    found = explain(simulate(product(old, new), history(["100", "110", "121"])))
    assert near(found.parts.leverage, 3 * Fraction(1, 10) + 2 * Fraction(11, 100))
    assert near(found.product, Fraction(130, 100) * Fraction(12, 10) - 1)


def test_a_share_merge_changes_nothing():
    moves = ["-0.25", "0.10", "-0.25"]
    without = terms(schedules=DAILY)
    merged = replace(without, merge=ShareMerge(D(50), 10))
    runs = [simulate(product(rules), history(path("100", moves))) for rules in (without, merged)]
    assert runs[1].merges
    assert explain(runs[0]) == explain(runs[1])


def test_start_and_end_are_the_last_marks_at_or_before():
    run = simulate(product(terms(schedules=DAILY)), history(["100", "101", "102", "103"]))
    hour = timedelta(hours=5)
    found = explain(run, start=START + hour, end=START + timedelta(days=2) + hour)
    assert (found.start, found.end) == (START, START + timedelta(days=2))
    early = explain(run, start=START - hour, end=START + timedelta(days=9))
    assert (early.start, early.end) == (START, START + timedelta(days=3))


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (0, -1), (3, None), (9, None)])
def test_a_window_without_two_marks_is_refused(start, end):
    run = simulate(product(terms()), history(["100", "101", "102", "103"]))
    with pytest.raises(EmptyWindowError, match="No mark lies between"):
        explain(
            run,
            start=START + timedelta(days=start),
            end=None if end is None else START + timedelta(days=end),
        )


def test_days_follow_each_other_and_leave_nothing_out():
    prices = [D(100) + (place * 37 % 23) for place in range(40)]
    rules = terms(
        schedules=DAILY, trigger=TRIGGERED, fees=(Fee(D("0.0003"), MIDNIGHT),), trading_cost=D("0.001")
    )
    run = simulate(product(rules), history(prices, every=150 * MINUTE))
    days = explain_daily(run)
    whole = explain(run)
    assert days[0].start == whole.start
    assert days[-1].end == whole.end
    assert all(earlier.end == later.start for earlier, later in pairwise(days))
    assert all(earlier.nav_after == later.nav_before for earlier, later in pairwise(days))
    assert sum(day.rebalances for day in days) == whole.rebalances
    paid = sum((Fraction(day.parts.fees) * Fraction(day.nav_before) for day in days), Fraction(0))
    assert near(whole.parts.fees, paid / 100)


def test_days_end_with_the_one_in_which_nothing_was_left():
    days = explain_daily(simulate(product(terms()), history(["100", "60", "90", "95"])))
    assert [day.product for day in days] == [-1]


@given(
    moves=st.lists(st.integers(-400, 400), min_size=2, max_size=25),
    target=st.sampled_from(["3", "-3", "2", "-1", "0.5", "1.5"]),
    cost=st.sampled_from(["0", "0.001", "0.02"]),
    exposure=st.sampled_from(list(Exposure)),
    ends=st.tuples(st.integers(0, 24), st.integers(1, 25)),
)
def test_parts_sum_exactly_and_compounding_is_the_gain_that_remains(moves, target, cost, exposure, ends):
    size = abs(D(target))
    rules = terms(
        target,
        schedules=DAILY,
        exposure=exposure,
        trigger=Trigger(above=size * D("1.4")) if size != D("0.5") else Trigger(adverse_move=D("0.1")),
        fees=(Fee(D("0.001"), MIDNIGHT),),
        trading_cost=D(cost),
    )
    marks = history(path("100", [str(Decimal(move) / 1000) for move in moves]), every=DAY // 3)
    first = microseconds(START)
    marks = replace(
        marks,
        rates=((first + DAY, D("0.0004")), (first + 2 * DAY + 7, D("-0.0002")))
        if exposure is not Exposure.FUTURE
        else (),
        rolls=((first + DAY + 5, D("1.03")),) if exposure is Exposure.FUTURE else (),
    )
    run = simulate(product(rules), marks)
    start, end = START + timedelta(hours=8 * min(ends)), START + timedelta(hours=8 * max(ends))
    try:
        found = explain(run, start=start, end=end)
    except EmptyWindowError:
        return
    assert found.parts.total() == found.product
    with exact():
        assert found.product == (found.nav_after - found.nav_before) / found.nav_before

    # What the position made, added up mark by mark, is leverage, compounding and gaps.
    position, place, gain, price = Fraction(run.opening.position), 0, Fraction(0), Fraction(marks.prices[0])
    events = {event.place: event for event in run.events}
    low, high = marks.times.index(microseconds(found.start)), marks.times.index(microseconds(found.end))
    for place in range(1, high + 1):
        if place > low:
            gain += position * (Fraction(marks.prices[place]) - price)
        price = Fraction(marks.prices[place])
        if place in events:
            position, price = Fraction(events[place].position), Fraction(events[place].price)
    parts = found.parts
    with summing():
        made = parts.leverage + parts.compounding + parts.gap
    assert abs(Fraction(made) - gain / Fraction(found.nav_before)) < Fraction(1, 10**55)
    ruined = any(event.kind is EventKind.RUINED for event in run.events)
    assert ruined or parts.deficit == 0
