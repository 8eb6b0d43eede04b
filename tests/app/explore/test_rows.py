"""Rows that follow their valuation are those made anew; their differences lead from one to the next."""

from datetime import timedelta

import pytest
from tests.calc.nav.conftest import START
from tests.calc.nav.worlds import World

from truenav.app.explore.rows import Rows
from truenav.calc.nav.reprice import reprice
from truenav.calc.nav.strike import strike_nav
from truenav.calc.nav.valuation import value_nav


@pytest.mark.parametrize("seed", range(40))
def test_rows_that_follow_marks_are_those_made_anew(seed):
    world = World(seed)
    opening = strike_nav(world.inputs(START))
    at = world.next_day()
    valuation = value_nav(world.inputs(at, previous=opening.funds))
    rows = Rows.of(valuation)
    for step in (1, 200, 600):
        at += timedelta(seconds=step)
        valuation = reprice(valuation, world.quotes(at), as_of=at)
        before, rows = rows, Rows.of(valuation, rows)
        assert rows.all == Rows.of(valuation).all
        known = {row.id: row for row in before.all}
        for id, (old, new) in rows.differences(before).items():
            assert known.pop(id, None) == old
            if new is not None:
                known[id] = new
        assert known == {row.id: row for row in rows.all}


def test_a_row_that_stays_is_the_same_object(simple):
    valuation = value_nav(simple.inputs("alpha", START))
    rows = Rows.of(valuation)
    after = Rows.of(reprice(valuation, (), as_of=START + timedelta(seconds=1)), rows)
    (before,) = rows.all
    assert after.all[0] is before
    assert not after.differences(rows)
