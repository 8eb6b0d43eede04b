"""A price watched without pause: fills at the trigger itself, and the limit of ever denser marks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, MIDNIGHT, MINUTE, START, D, history, product, terms

from truenav.calc.etp.engine.simulate import Event, EventKind, Simulation, simulate
from truenav.calc.etp.explain.attribution import explain
from truenav.calc.etp.explain.continuous import simulate_continuously
from truenav.calc.etp.explain.path import nav_path
from truenav.core.product import Aim, Exposure, Fee, ProductRulesError, ShareMerge, Trigger

FOUR = terms(trigger=Trigger(above=D(4)))


def rebalances(run: Simulation) -> list[Event]:
    """Without the marks at which a NAV was only published."""
    return [event for event in run.events if event.kind is not EventKind.CHARGE]


def dense(first: str, last: str, steps: int) -> list[Decimal]:
    """Prices from one to another in equal steps."""
    low, high = D(first), D(last)
    return [low + (high - low) * step / steps for step in range(steps + 1)]


def test_a_fall_fills_at_each_triggers_own_price():
    run = simulate_continuously(product(FOUR), history(["1", "0.7"]))
    prices = [Fraction(8, 9) ** count for count in (1, 2, 3)]
    assert [
        abs(Fraction(event.price) - price) < Fraction(1, 10**55)
        for event, price in zip(rebalances(run), prices, strict=True)
    ] == [True] * 3
    assert run.triggered == 3
    assert all(abs(event.gap) < Decimal("1e-50") for event in rebalances(run))
    # After three rebalances 2/3 is left each time, and the rest of the way is at 3x.
    nav = Fraction(2, 3) ** 3 * (1 + 3 * (Fraction(7, 10) / prices[-1] - 1))
    assert abs(Fraction(run.nav) - 100 * nav) < Fraction(1, 10**50)


def test_marks_that_lie_on_the_triggers_give_the_same_without_pause():
    marks = history(["1", "0.95", str(Decimal(8) / 9), "0.85", "0.9"])
    near = replace(marks, prices=[price * (1 - Decimal("1e-27")) for price in marks.prices])
    one, other = simulate(product(FOUR), near), simulate_continuously(product(FOUR), near)
    assert one.triggered == other.triggered == 1
    assert abs(one.nav - other.nav) < Decimal("1e-20")


def test_without_a_trigger_both_modes_are_one():
    rules = terms(
        schedules=DAILY,
        fees=(Fee(D("0.001"), MIDNIGHT),),
        trading_cost=D("0.001"),
        merge=ShareMerge(D(60), 10),
    )
    marks = history(["100", "105", "85", "90", "95"])
    one, other = simulate(product(rules), marks), simulate_continuously(product(rules), marks)
    assert one == other


@pytest.mark.parametrize(
    ("rules", "last"),
    [
        (
            terms(2, trigger=Trigger(above=D("2.2"), below=D("1.8"), aim=Aim.EDGE), trading_cost=D("0.002")),
            "60",
        ),
        (
            terms(2, trigger=Trigger(above=D("2.2"), below=D("1.8"), aim=Aim.EDGE), trading_cost=D("0.002")),
            "170",
        ),
        (
            terms(-1, trigger=Trigger(above=D("1.2"), below=D("0.8"), aim=Aim.EDGE), trading_cost=D("0.002")),
            "150",
        ),
        (terms(-1, trigger=Trigger(above=D("1.2"), below=D("0.8"), aim=Aim.EDGE)), "60"),
        (
            terms(
                "0.5", trigger=Trigger(above=D("0.6"), below=D("0.4"), aim=Aim.EDGE), trading_cost=D("0.01")
            ),
            "40",
        ),
    ],
)
def test_holding_an_edge_is_the_limit_of_ever_denser_marks(rules, last):
    exactly = simulate_continuously(product(rules), history(["100", last]))
    assert exactly.triggered == 1
    off = []
    for steps in (500, 1000):
        run = simulate(product(rules), history(dense("100", last, steps), every=MINUTE))
        off.append(
            (abs(run.nav / exactly.nav - 1), abs(explain(run).parts.costs - explain(exactly).parts.costs))
        )
    for coarse, fine in zip(*off, strict=True):
        assert fine < Decimal("1e-3")
        assert fine < Decimal("0.6") * coarse or fine < Decimal("1e-12")
    edge = abs(rebalances(exactly)[0].leverage)
    assert min(abs(edge - limit) for limit in (rules.trigger.above, rules.trigger.below)) < Decimal("1e-50")


def test_an_edge_that_goes_further_inside_fills_one_by_one():
    rules = terms(2, trigger=Trigger(above=D("2.2"), aim=Aim.EDGE, speed=D("0.5")))
    run = simulate_continuously(product(rules), history(["100", "60"]))
    assert run.triggered > 1
    assert all(abs(event.leverage - D("2.1")) < Decimal("1e-50") for event in rebalances(run))


@given(
    prices=st.lists(st.integers(60, 160), min_size=2, max_size=6),
    target=st.sampled_from(["3", "-3", "2", "-1"]),
    cost=st.sampled_from(["0", "0.001"]),
)
def test_dense_marks_come_near_the_path_without_pause(prices, target, cost):
    size = abs(D(target))
    rules = terms(
        target, trigger=Trigger(above=size * D("1.3"), favourable_move=D("0.15")), trading_cost=D(cost)
    )
    exactly = simulate_continuously(product(rules), history([100, *prices]))
    joined = [D(100)]
    for low, high in zip([100, *prices], prices, strict=False):
        joined += dense(str(low), str(high), 100)[1:]
    near = simulate(product(rules), history(joined, every=MINUTE))
    assert exactly.nav > 0
    # A mark overshoots by up to 1 % of the price, and so does each of up to 30 rebalances.
    assert abs(near.nav / exactly.nav - 1) < Decimal("0.5")
    assert abs(near.triggered - exactly.triggered) <= max(2, exactly.triggered // 4)


def test_the_path_of_nav_ends_at_the_mark_not_at_the_last_fill():
    run = simulate_continuously(product(FOUR), history(["1", "0.7", "0.75"], every=MINUTE))
    points = list(nav_path(run))
    assert [point.price for point in points] == [1, D("0.7"), D("0.75")]
    assert points[-1].nav == run.nav
    assert (
        abs(Fraction(points[1].nav) - Fraction(explain(run, end=START + timedelta(minutes=1)).nav_after)) == 0
    )


def test_nothing_is_lost_below_zero_between_marks():
    run = simulate_continuously(product(terms()), history(["100", "60", "90"]))
    assert (run.nav, run.events[0].kind, run.worst) == (0, EventKind.RUINED, -1)
    assert abs(run.events[0].deficit) < Decimal("1e-50")
    assert run.published == ((run.events[0].at, 0),)
    assert explain(run).parts.total() == explain(run).product == -1


def test_an_edge_on_the_other_side_does_not_hold_off_the_end():
    rules = terms(2, trigger=Trigger(below=D("1.8"), aim=Aim.EDGE))
    run = simulate_continuously(product(rules), history(["100", "40"]))
    assert [event.kind for event in run.events] == [EventKind.RUINED]


def test_a_state_that_is_beyond_the_bound_already_is_rebalanced_where_it_stands():
    wide = terms(trigger=Trigger(above=D(6)))
    tight = replace(wide, since=START + timedelta(days=2), trigger=Trigger(above=D(4)))
    run = simulate_continuously(product(wide, tight), history(["100", "85", "86", "87"]))
    assert [event.price for event in rebalances(run)] == [85]


def test_a_future_rolls_on_the_way():
    first = history(["100", "110", "80"])
    marks = replace(first, rolls=((first.times[1], D("1.1")),))
    run = simulate_continuously(product(replace(FOUR, exposure=Exposure.FUTURE)), marks)
    assert run.events[0].price == 100
    assert abs(run.events[1].leverage_before - 4) < Decimal("1e-50")
    assert explain(run).parts.total() == explain(run).product


def test_a_trigger_that_sleeps_cannot_be_watched_between_marks():
    with pytest.raises(ProductRulesError, match="sleeps"):
        simulate_continuously(
            product(terms(trigger=Trigger(above=D(4), rearm_seconds=60))), history(["1", "2"])
        )


def test_a_trigger_next_to_the_target_ends_with_a_refusal_instead_of_never():
    near = product(terms(trigger=Trigger(above=D("3.000001"))))
    with pytest.raises(ProductRulesError, match="more than 10000 times"):
        simulate_continuously(near, history(["1", "0.7"]))
