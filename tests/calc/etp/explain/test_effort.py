"""No replay comes to more steps than were found beforehand."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, MIDNIGHT, MINUTE, D, history, product, terms

from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.calc.etp.explain.effort import most_steps, way_of
from truenav.core.product import Aim, Fee, Trigger


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
