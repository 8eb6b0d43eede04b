from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.calc.nav.conftest import START, House
from tests.calc.nav.worlds import World

from truenav.calc.nav.context import NavInputError
from truenav.calc.nav.reprice import reprice, with_quotes
from truenav.calc.nav.strike import strike_nav
from truenav.calc.nav.valuation import Valuation, value_nav
from truenav.core.asset import BTC, USDT

STEPS = (timedelta(0), timedelta(seconds=1), timedelta(minutes=3), timedelta(minutes=9))


def assert_same(found: Valuation, expected: Valuation) -> None:
    assert found.inputs == expected.inputs
    for mine, theirs in zip(found.result.funds, expected.result.funds, strict=True):
        assert mine.bridge == theirs.bridge
        assert mine.classes == theirs.classes
        assert mine.lines == theirs.lines
    assert found.result == expected.result


@settings(deadline=None)
@given(
    seed=st.integers(0, 10**9), first_nav=st.booleans(), steps=st.lists(st.sampled_from(STEPS), max_size=4)
)
def test_a_valuation_that_follows_its_marks_is_a_valuation_struck_anew(
    seed: int, first_nav: bool, steps: list[timedelta]
) -> None:
    world = World(seed)
    opening = strike_nav(world.inputs(START))
    at = world.next_day()
    valuation = value_nav(world.inputs(at, previous=() if first_nav else opening.funds))
    for step in steps:
        at += step
        quotes = world.quotes(at)
        anew = value_nav(with_quotes(valuation.inputs, quotes, as_of=at))
        before, valuation = valuation, reprice(valuation, quotes, as_of=at)
        assert_same(valuation, anew)
        if valuation.changed is not None:
            for old, new in zip(before.result.funds, valuation.result.funds, strict=True):
                pairs = zip(old.lines, new.lines, strict=True)
                differing = tuple(place for place, (one, two) in enumerate(pairs) if one != two)
                assert valuation.changed[new.fund] == differing


def test_only_the_lines_of_a_changed_mark_are_priced_again(simple: House) -> None:
    at = START + timedelta(seconds=1)
    before = value_nav(simple.inputs("alpha", START))
    house = House()
    house.prices(at, {BTC: "51000"})
    after = reprice(before, house.facts, as_of=at)
    (btc, usdt) = after.result.root.lines
    assert (btc.subject, usdt.subject) == (BTC, USDT)
    assert after.changed == {"alpha": (0,)}
    assert after.result.root.nav_usd == 61_000
    assert usdt is before.result.root.lines[1]


def test_a_later_quote_of_the_inputs_stays(simple: House) -> None:
    inputs = simple.inputs("alpha", START)
    older = House()
    older.prices(START - timedelta(seconds=1), {BTC: "1"})
    assert with_quotes(inputs, older.facts, as_of=START) == inputs


def test_a_quote_from_the_future_is_not_taken(simple: House) -> None:
    inputs = simple.inputs("alpha", START)
    later = House()
    later.prices(START + timedelta(seconds=2), {BTC: "1"})
    assert with_quotes(inputs, later.facts, as_of=START) == inputs


def test_marks_grow_stale_although_no_quote_comes(simple: House) -> None:
    before = value_nav(simple.inputs("alpha", START))
    after = reprice(before, (), as_of=START + timedelta(seconds=901))
    assert before.result.coverage.stale == 0
    assert after.result.coverage.stale == 1


def test_a_valuation_does_not_go_back(simple: House) -> None:
    valuation = value_nav(simple.inputs("alpha", START))
    with pytest.raises(NavInputError):
        reprice(valuation, (), as_of=START - timedelta(seconds=1))
