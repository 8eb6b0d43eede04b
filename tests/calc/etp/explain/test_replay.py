"""Whether a history belongs to a product, where financing comes from, and how much work a replay may be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, DAY, MIDNIGHT, MINUTE, START, D, history, product, terms

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import BadMarkError
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.calc.etp.explain.replay import (
    FinancingSource,
    financing_source,
    gaps_of,
    most_steps,
    replay,
    way_of,
)
from truenav.core.product import Aim, Exposure, Fee, Financing, Trigger


def test_marks_after_the_end_of_a_product_or_before_its_rules_are_refused():
    ended = product(terms(3), until=START + timedelta(days=1))
    with pytest.raises(BadMarkError, match="ended at 2026-01-02"):
        replay(ended, history(["100", "101"]), nav=D(100))
    early = history(["100", "101"], every=MINUTE)
    early = type(early)([at - DAY for at in early.times], early.prices)
    with pytest.raises(BadMarkError, match="begin at 2026-01-01"):
        replay(product(terms(3)), early, nav=D(100))


@pytest.mark.parametrize(
    ("rules", "rates", "source"),
    [
        ({"financing": Financing(issuer_bears=True)}, (), FinancingSource.ISSUER),
        ({}, ((microseconds(START) + DAY, D("0.0001")),), FinancingSource.RATES),
        ({"exposure": Exposure.FUTURE}, (), FinancingSource.ROLLS),
        ({"financing": Financing(D("0.001"), MIDNIGHT)}, (), FinancingSource.RULES),
        ({}, (), FinancingSource.UNKNOWN),
    ],
)
def test_where_financing_comes_from_is_told(rules, rates, source):
    run = simulate(product(terms(3, **rules)), history(["100", "101"], rates=rates))
    assert financing_source(run) is source


def test_a_pause_of_two_usual_steps_is_a_gap():
    assert gaps_of([0, 1, 2, 3, 5, 6]) == [(3, 5)]
    assert gaps_of([0, 1, 2, 3, 4]) == []


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(st.integers(-300, 300), min_size=2, max_size=80),
    target=st.sampled_from(["3", "-3", "2", "0.5", "-1"]),
    width=st.sampled_from(["0.01", "0.1", "0.5"]),
    aim=st.sampled_from(Aim),
    daily=st.booleans(),
)
def test_no_replay_comes_to_more_steps_than_it_may(moves, target, width, aim, daily):
    size = abs(D(target))
    trigger = Trigger(above=None if size < 1 else size * (1 + D(width)), below=size * (1 - D(width)), aim=aim)
    rules = product(
        terms(target, trigger=trigger, schedules=DAILY if daily else (), fees=(Fee(D("0.001"), MIDNIGHT),))
    )
    prices = [D(100)]
    for move in moves:
        prices.append(round(prices[-1] * (1 + D(move) / 10_000), 12))
    marks = history(prices, every=MINUTE * 30)
    way = way_of(marks)
    assert len(simulate(rules, marks).events) <= most_steps(rules, marks, way)
    assert len(simulate_continuously(rules, marks).events) <= most_steps(rules, marks, way, continuous=True)


def test_a_trigger_beside_the_target_is_much_work_on_many_marks():
    quiet, busy = (product(terms(3, trigger=Trigger(above=D(above)))) for above in ("4", "3.003"))
    marks = history(["100", "100.2"] * 5_000, every=MINUTE)
    assert most_steps(quiet, marks, way_of(marks)) < 500
    assert most_steps(busy, marks, way_of(marks)) == len(marks)
