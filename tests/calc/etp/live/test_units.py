"""Share merges and splits: no unit is lost, every holder's value stays, and history compares."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.live.worlds import D, after, at, opened, product, three_long

from truenav.calc.etp.engine.adjustments import (
    Adjustment,
    UnitChange,
    UnitChangeError,
    adjustments,
    back_adjusted,
    changes_due,
)
from truenav.calc.etp.live.hedged import closed, filled, remaining
from truenav.calc.etp.live.state import Fill, LiveProduct, basket
from truenav.calc.etp.live.units import OpenOrdersError, changed, unit_plan
from truenav.core.money import exact
from truenav.core.product import DailyTimes, Fee, Fractions, ShareMerge, ShareSplit

TWENTY = UnitChange(20, 1)


def _live(units: object, *, nav: object = "0.0431", hedged: bool = False) -> LiveProduct:
    live = opened(product(three_long()), nav=D(str(nav)), units=D(str(units)), hedged=hedged).live
    if not hedged:
        return live
    trade = Fill("first", live.mark.at, remaining(live), D(101), live.actual.cash / 1000)
    return closed(filled(live, trade), at=live.mark.at)[0]


@pytest.mark.parametrize(
    ("nav", "rules", "ratio"),
    [
        ("0.05", ShareMerge(D("0.05"), 20), [UnitChange(20, 1)]),
        ("0.0500000001", ShareMerge(D("0.05"), 20), []),
        ("0.1", ShareMerge(D("0.1"), 10), [UnitChange(10, 1)]),
        ("0.0009", ShareMerge(D("0.1"), 10), [UnitChange(10, 1)] * 3),
        ("0", ShareMerge(D("0.1"), 10), []),
    ],
)
def test_a_merge_is_due_at_its_nav(nav, rules, ratio):
    """HBTC merges 20:1 at 0.05 or below, MEXC 10:1 at 0.1; below a tenth of that, several times."""
    assert list(changes_due(three_long(merge=rules), D(nav))) == ratio


def test_a_split_is_due_at_its_nav():
    terms = three_long(split=ShareSplit(D(1000), 10))
    assert list(changes_due(terms, D("999.99"))) == []
    assert list(changes_due(terms, D(1000))) == [UnitChange(1, 10)]


@pytest.mark.parametrize(("old", "new"), [(1, 1), (2, 3), (0, 1), (1, -2)])
def test_a_ratio_that_is_neither_merge_nor_split_is_refused(old, new):
    with pytest.raises(UnitChangeError, match="cannot become"):
        UnitChange(old, new)


def test_fractions_are_kept():
    plan = unit_plan(_live("12345.678"), TWENTY, {"a": D("12345.678")})
    (holder,) = plan.holders
    assert (holder.after, holder.cashed, plan.paid_out) == (D("617.2839"), 0, 0)
    # three times 0.0431 at 100 each, two thirds of it borrowed
    assert (plan.nav_after, plan.position_after, plan.cash_after) == (D("0.862"), D("0.02586"), D("-1.724"))


def test_fractions_are_cashed():
    plan = unit_plan(_live("12345.678"), TWENTY, {"a": D("12345.678")}, fractions=Fractions.CASHED)
    (holder,) = plan.holders
    assert (holder.after, holder.cashed, holder.cash) == (617, D("5.678"), D("5.678") * D("0.0431"))
    later = changed(_live("12345.678"), plan)
    assert later.units == 617
    assert basket(later).nav == D("0.862")


def test_who_holds_less_than_a_new_unit_is_paid_out():
    plan = unit_plan(_live(19), TWENTY, {"a": D(19)}, fractions=Fractions.CASHED)
    assert (plan.holders[0].after, plan.holders[0].cashed, plan.units_after) == (0, 19, 0)


def test_a_hedged_product_keeps_a_unit():
    """Its position would belong to nobody, and NAV be a share of nothing."""
    with pytest.raises(UnitChangeError, match="leaves no unit of BTC3L"):
        unit_plan(_live(19, hedged=True), TWENTY, {"a": D(19)}, fractions=Fractions.CASHED)


HOLDERS = st.dictionaries(
    st.text("abcdef", min_size=1), st.decimals("0", "1e9", places=10), min_size=1, max_size=6
)
CHANGES = st.sampled_from([(20, 1), (30, 1), (7, 1), (1, 3), (1, 10)]).map(lambda ratio: UnitChange(*ratio))


@given(
    HOLDERS,
    CHANGES,
    st.sampled_from(Fractions),
    st.booleans(),
)
def test_no_unit_and_no_value_is_lost(holders, change, fractions, hedged):
    total = sum(holders.values())
    if total == 0:
        return
    live = _live(total, hedged=hedged)
    part = change.old * (1 if change.new == 1 and fractions is Fractions.CASHED else D("1e-8"))
    if hedged and all(units < part for units in holders.values()):
        with pytest.raises(UnitChangeError, match="leaves no unit"):
            unit_plan(live, change, holders, fractions=fractions)
        return
    plan = unit_plan(live, change, holders, fractions=fractions)
    with exact():
        for one in plan.holders:
            assert one.after * change.old / change.new + one.cashed == one.before == holders[one.holder]
            assert one.after >= 0
            assert 0 <= one.cashed < (change.old if fractions is Fractions.CASHED else 1)
            before = one.before * plan.nav
            assert abs(one.after * plan.nav_after + one.cash - before) <= D("1e-70") * max(before, D(1))
        assert sum(one.after for one in plan.holders) == plan.units_after
        if plan.units_after > 0:
            later = changed(live, plan)
            assert abs(basket(later).nav / plan.nav_after - 1) < D("1e-60")
            worth = basket(later).nav * later.units + plan.paid_out
            assert abs(worth / (plan.nav * total) - 1) < D("1e-60")


@pytest.mark.parametrize("holders", [{}, {"a": D(9)}, {"a": D(11), "b": D(-1)}, {"a": D(11)}])
def test_holders_that_do_not_add_up_are_refused(holders):
    with pytest.raises(UnitChangeError, match="10 are outstanding"):
        unit_plan(_live(10), TWENTY, holders)


def test_open_orders_are_cancelled_first():
    live = _live(100)
    plan = unit_plan(live, TWENTY, {"a": D(100)}, open_orders=["o2", "o1"])
    assert plan.cancel == ("o1", "o2")
    with pytest.raises(OpenOrdersError, match="o2"):
        changed(live, plan, cancelled=["o1"])
    assert changed(live, plan, cancelled=["o1", "o2", "o3"]).units == 5


def test_a_plan_is_of_one_state():
    live = _live(100)
    plan = unit_plan(live, TWENTY, {"a": D(100)})
    with pytest.raises(UnitChangeError, match="has changed"):
        changed(replace(live, units=D(101)), plan)


def test_a_plan_is_of_one_nav():
    """A trade at another price in between, and fractions would be cashed at a NAV that is gone."""
    live = _live("100.5", nav=100, hedged=True)
    plan = unit_plan(live, TWENTY, {"a": D("100.5")}, fractions=Fractions.CASHED)
    with pytest.raises(UnitChangeError, match="has changed"):
        changed(filled(live, Fill("late", live.mark.at, D(1), D(102))), plan)
    assert changed(live, plan).units == 5


def test_a_product_that_lost_everything_is_not_merged():
    watched, _ = at(opened(product(three_long())), 60, minutes=1)
    with pytest.raises(UnitChangeError, match="lost everything"):
        unit_plan(watched.live, TWENTY, {"a": D(10)})


def test_a_product_whose_trades_lost_everything_is_not_merged():
    live = filled(_live(10, nav=100, hedged=True), Fill("dear", 1, D(100), D(150)))
    assert not live.ruined
    with pytest.raises(UnitChangeError, match="lost everything"):
        unit_plan(live, TWENTY, {"a": D(10)})


def test_a_merge_that_is_due_is_done_and_the_product_goes_on():
    times = DailyTimes(("20:01",))
    rules = product(three_long(fees=(Fee(D(0), times),), merge=ShareMerge(D(50), 10)))
    watched, happened = at(opened(rules), 80, minutes=1)
    assert watched.live.changes == (UnitChange(10, 1),)
    plan = unit_plan(watched.live, watched.live.changes[0], {"a": D(10)})
    live = changed(watched.live, plan)
    assert (live.units, live.factor, live.changes) == (1, 10, ())
    assert (basket(live).nav, basket(live).position, basket(live).cash) == (400, 30, -2000)
    watched, happened = at(after(watched, live), 81, minutes=1 + 24 * 60)
    assert happened.published == 430


def test_history_before_a_merge_is_adjusted():
    history = adjustments([(20, UnitChange(20, 1)), (30, UnitChange(1, 4)), (30, UnitChange(10, 1))])
    assert history == (Adjustment(20, D(50)), Adjustment(30, D("2.5")))
    series = [(10, D(1)), (20, D("0.04")), (21, D("0.9")), (30, D(1)), (31, D("2.6"))]
    adjusted = [(10, D(50)), (20, D(2)), (21, D("2.25")), (30, D("2.5")), (31, D("2.6"))]
    assert list(back_adjusted(series, history)) == adjusted
    assert adjustments([]) == ()
