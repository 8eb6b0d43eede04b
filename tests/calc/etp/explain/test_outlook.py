"""What a product would do next, against published triggers and against what it then does."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, DAY, START, D, history, product, terms

from truenav.calc.etp.engine.simulate import EventKind, simulate
from truenav.calc.etp.explain.outlook import outlook, outlook_of
from truenav.core.product import Aim, ShareMerge, Trigger


def near(found: Decimal | None, expected: int) -> bool:
    return found is not None and abs(found - expected) < Decimal("1e-60")


@pytest.mark.parametrize(
    ("target", "above", "move"),
    [(3, 4, "-0.1111111"), (-3, 4, "0.0666667"), (-3, 5, "0.1111111"), (-1, 4, "0.6")],
)
def test_triggers_of_an_issued_product_are_the_published_ones(target, above, move):
    """Moves as Huobi announced them for its triggers of leverage."""
    (found,) = outlook(terms(target, trigger=Trigger(above=D(above))), D(200)).triggers
    assert round(found.move, 7) == D(move)
    assert abs(found.leverage or 0) == pytest.approx(above)
    assert near(found.leverage_after, target)


def test_ruin_of_a_long_product_lies_a_third_below():
    found = outlook(terms(3), D(90))
    assert found.triggers == ()
    assert found.ruin is not None
    assert near(found.ruin.price, 60)
    assert found.ruin.trade == pytest.approx(D(-10) / 3)
    assert outlook(terms("0.5"), D(90)).ruin is None


def test_a_trigger_on_both_sides_has_two_prices_and_edge_triggers_trade_little():
    rules = terms(2, trigger=Trigger(above=D("2.2"), below=D("1.8"), aim=Aim.EDGE))
    low, high = outlook(rules, D(100)).triggers
    assert low.price < 100 < high.price
    assert near(low.trade, 0)
    assert near(high.trade, 0)


def test_the_outlook_of_a_simulation_is_that_of_its_last_mark_in_present_units():
    rules = terms(schedules=DAILY, merge=ShareMerge(D(50), 20), trigger=Trigger(above=D(4)))
    found = outlook_of(simulate(product(rules), history([100, 80, 79])))
    assert found.at == START + timedelta(days=2)
    assert found.nav == 800 * D("0.9625")
    assert found.next_due == START + timedelta(days=3)
    (trigger,) = found.triggers
    assert trigger.price == pytest.approx(79 * 8 / D(9))


def test_a_sleeping_trigger_says_when_it_wakes():
    rules = terms(trigger=Trigger(above=D(4), rearm_seconds=3600))
    found = outlook_of(simulate(product(rules), history([100, 88], every=DAY)))
    assert found.armed_at == START + timedelta(days=1, hours=1)


@given(st.sampled_from([3, -3, 2, -1]), st.decimals("0.98", "1.02", places=4))
def test_a_mark_at_the_price_rebalances_as_foretold_and_one_short_of_it_does_not(target, move):
    rules = product(terms(target, trigger=Trigger(above=D(abs(target)) * 2)))
    seen = [D(100), 100 * move]
    (foretold,) = outlook_of(simulate(rules, history(seen))).triggers
    event = simulate(rules, history([*seen, foretold.price])).events[-1]
    assert event.kind is EventKind.TRIGGERED
    assert abs(event.trade - foretold.trade) < Decimal("1e-60")
    short = foretold.price + (Decimal("1e-9") if target > 0 else Decimal("-1e-9"))
    assert simulate(rules, history([*seen, short])).triggered == 0
