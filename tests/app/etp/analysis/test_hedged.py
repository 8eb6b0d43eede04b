"""Where the return of a hedged product came from, against what its journal says that a unit held."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count

import pytest

from truenav.app.etp.analysis.recorded import attribution
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.explain.attribution import EmptyWindowError
from truenav.core.ids import TenantId
from truenav.store import products

from ..listings import OPENED
from ..live.test_product import _hedged_life

NEARLY = Fraction(1, 10**60)
_numbers = count(1)


@pytest.fixture
def journal(trading_database):
    chapters, listings = _hedged_life()
    with trading_database.transaction(TenantId(f"explained-{next(_numbers)}")) as session:
        for chapter in chapters:
            products.append(session, "btc3l", chapter)
        yield session, listings[2], chapters


def _nav(live):
    """Of one unit as issued, by what is really held."""
    worth = Fraction(live.actual.position) * Fraction(live.price) + Fraction(live.actual.cash)
    return worth / Fraction(live.units) / Fraction(live.factor)


def test_the_parts_of_any_window_sum_to_what_a_unit_really_made(journal):
    session, listing, chapters = journal
    ends = {chapter.live.mark.at: chapter for chapter in chapters}
    instants = sorted(ends)
    for first, since in enumerate(instants):
        for until in instants[first + 1 :]:
            found = attribution(session, listing, instant_of(since), instant_of(until))
            assert sum(map(Fraction, _parts(found))) == Fraction(found.product)
            made = _nav(ends[until].live) / _nav(ends[since].live) - 1
            assert abs(Fraction(found.product) - made) < NEARLY
            moved = Fraction(ends[until].live.price) / Fraction(ends[since].live.price) - 1
            assert abs(Fraction(found.underlying) - moved) < NEARLY


def test_from_the_opening_on_costs_are_those_of_the_rebalances_that_were_closed(journal):
    session, listing, chapters = journal
    until = instant_of(chapters[2].live.mark.at)
    found = attribution(session, listing, OPENED - timedelta(days=1), until)
    assert (found.start, found.nav_before) == (OPENED, Decimal(100))
    closed = [one for chapter in chapters[:3] for one in chapter.rebalances]
    assert len(closed) == 2
    paid = sum(Fraction(one.cost) / Fraction(one.proposal.units) for one in closed)
    assert abs(Fraction(found.parts.costs) + paid / 100) < NEARLY
    assert found.parts.costs < 0
    assert found.parts.fees < 0
    assert (found.scheduled, found.triggered) == (1, 0)
    assert sum(map(Fraction, _parts(found))) == Fraction(found.product)


def test_trades_before_a_share_merge_cost_the_same_in_a_window_that_ends_after_it(journal):
    session, listing, chapters = journal
    before, after = (instant_of(chapters[place].live.mark.at) for place in (-2, -1))
    assert chapters[-2].live.factor != chapters[-1].live.factor
    opened = OPENED - timedelta(days=1)
    first, second = (attribution(session, listing, opened, until) for until in (before, after))
    assert first.parts.costs == second.parts.costs < 0


def test_a_window_without_a_mark_is_refused(journal):
    session, listing, chapters = journal
    last = instant_of(chapters[-1].live.mark.at)
    with pytest.raises(EmptyWindowError):
        attribution(session, listing, last, last + timedelta(days=1))
    with pytest.raises(EmptyWindowError):
        attribution(session, listing, OPENED - timedelta(days=2), OPENED - timedelta(days=1))


def _parts(found):
    parts = found.parts
    return (
        *(parts.leverage, parts.compounding, parts.financing, parts.fees),
        *(parts.costs, parts.gap, parts.deficit),
    )
