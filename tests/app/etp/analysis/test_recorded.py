"""Windows of what a product recorded, against the same windows of a replay of its marks."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, count

import pytest

from truenav.app.etp.analysis.recorded import attribution
from truenav.app.etp.live.product import RunningProduct
from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.attribution import EmptyWindowError, Parts, explain
from truenav.calc.etp.live.deeds import Changed
from truenav.calc.etp.live.units import unit_plan
from truenav.core.ids import TenantId
from truenav.core.product import Fractions
from truenav.store import products

from ..listings import OPENED, listing, quote, terms

NEARLY = Fraction(1, 10**60)
SECOND = timedelta(seconds=1)
PRICES = ("50000", "50400", "51000", "46000", "44000", "44500", "47000", "38500")
"""Marks 50 seconds apart: the schedule falls due at the fifth, the trigger fires at the last."""

_numbers = count(1)


@pytest.fixture
def session(trading_database):
    with trading_database.transaction(TenantId(f"recorded-{next(_numbers)}")) as session:
        yield session


def _at(place: int) -> datetime:
    return OPENED + 50 * place * SECOND


def _ran(session, listed, prices=PRICES, *, merged_after=None):
    """A product that saw these prices, with a chapter for every two or three of them."""
    running = RunningProduct(listed, 1, None)
    for place, price in enumerate(prices):
        told = quote(price, 50 * place)
        running.see(told, at=told.occurred_at)
        if place == merged_after:
            _written(session, running)
            plan = unit_plan(
                running.live, UnitChange(10, 1), {"a": Decimal(1000)}, fractions=Fractions.CASHED
            )
            running.act("merge", Changed(plan), by="max", at=told.occurred_at + SECOND)
            _written(session, running)  # without a mark
        if place % 3 == 1:
            _written(session, running)
    _written(session, running)
    return running


def _written(session, running):
    chapter = running.chapter()
    if chapter is not None:
        products.append(session, running.listing.id, chapter)
        running.written(chapter)


def _replayed(listed, prices=PRICES):
    times = [microseconds(_at(place)) for place in range(len(prices))]
    return simulate(listed.product, History(times, list(map(Decimal, prices))), nav=listed.opening_nav)


def _assert_equal(found, expected):
    assert (found.start, found.end) == (expected.start, expected.end)
    assert (found.scheduled, found.triggered) == (expected.scheduled, expected.triggered)
    assert sum(Fraction(getattr(found.parts, one.name)) for one in fields(Parts)) == Fraction(found.product)
    pairs = [
        (getattr(found, name), getattr(expected, name)) for name in ("product", "underlying", "turnover")
    ]
    pairs += [(getattr(found.parts, one.name), getattr(expected.parts, one.name)) for one in fields(Parts)]
    for one, other in pairs:
        assert abs(Fraction(one) - Fraction(other)) < NEARLY


def _assert_all_windows(session, listed, prices=PRICES):
    run = _replayed(listed, prices)
    for first, last in combinations(range(len(prices)), 2):
        found = attribution(session, listed, _at(first), _at(last) + SECOND)
        _assert_equal(found, explain(run, start=_at(first), end=_at(last)))


def test_windows_of_a_product_that_keeps_its_rules(session):
    listed = listing()
    _ran(session, listed)
    run = _replayed(listed)
    assert run.scheduled == 1
    assert run.triggered > 0
    _assert_all_windows(session, listed)


@pytest.mark.parametrize("merged_after", [0, 2, 4])
def test_windows_across_a_share_merge_are_those_of_a_unit_as_issued(session, merged_after):
    listed = listing()
    running = _ran(session, listed, merged_after=merged_after)
    assert running.live.units == 100
    _assert_all_windows(session, listed)


@pytest.mark.parametrize("seconds", [120, 150, 210])
def test_windows_across_a_change_of_rules_take_each_target_for_its_time(session, seconds):
    later = terms(since=OPENED + seconds * SECOND, target=Decimal(2))
    plain = listing()
    listed = replace(plain, product=replace(plain.product, terms=(*plain.product.terms, later)))
    _ran(session, listed)
    _assert_all_windows(session, listed)


def test_windows_of_a_product_of_which_nothing_was_left(session):
    listed = listing()
    prices = ("50000", "50100", "50200", "20000", "30000", "40000")
    running = _ran(session, listed, prices)
    assert running.live.ruined
    run = _replayed(listed, prices)
    for first, last in combinations(range(3), 2):
        for end in (last, 3, 5):
            found = attribution(session, listed, _at(first), _at(end))
            _assert_equal(found, explain(run, start=_at(first), end=_at(end)))
    assert attribution(session, listed, _at(0), _at(5)).product == -1
    with pytest.raises(EmptyWindowError, match="nothing was left"):
        attribution(session, listed, _at(3), _at(5))


def test_windows_that_hold_no_two_marks_are_refused(session):
    listed = listing()
    with pytest.raises(EmptyWindowError):
        attribution(session, listed, _at(0), _at(9))  # it has not opened
    _ran(session, listed, PRICES[:1])
    for since, until in ((_at(-5), _at(-1)), (_at(-5), _at(5)), (_at(0), _at(0)), (_at(5), _at(0))):
        with pytest.raises(EmptyWindowError):
            attribution(session, listed, since, until)
