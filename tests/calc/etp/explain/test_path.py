"""The NAV path: what holders saw, and the same in units of the end."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, DAY, START, D, history, product, terms

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.explain.path import nav_path
from truenav.core.product import Exposure, ShareMerge, Trigger

AT = microseconds(START)


def test_a_path_begins_at_issue_and_shows_nav_and_leverage_after_each_marks_events():
    found = list(nav_path(simulate(product(terms(schedules=DAILY)), history([100, 110, 99], every=DAY // 2))))
    assert [point.nav for point in found] == [100, 130, 97]
    assert [point.price for point in found] == [100, 110, 99]
    assert found[1].leverage is not None
    assert round(found[1].leverage, 6) == Decimal("2.538462")
    assert found[2].leverage == 3
    assert [point.at for point in found] == [AT, AT + DAY // 2, AT + DAY]


def test_only_published_navs_lie_on_the_published_path_beside_first_and_last_mark():
    found = simulate(product(terms(schedules=DAILY)), history([100, 101, 102, 103, 104, 105], every=DAY // 2))
    path = list(nav_path(found, published_only=True))
    assert [(point.at - AT) // (DAY // 2) for point in path] == [0, 2, 4, 5]
    assert [(point.at, point.nav) for point in path[1:-1]] == list(found.published)
    assert path[-1].nav == found.nav


def test_a_share_merge_shows_from_the_next_mark_on_and_not_at_all_in_present_units():
    merging = terms(schedules=DAILY, merge=ShareMerge(D(50), 20))
    found = simulate(product(merging), history([100, 80, 80, 100]))
    assert [merge.ratio for merge in found.merges] == [20]
    path = list(nav_path(found))
    assert [point.nav for point in path] == [100, 40, 800, 1400]
    assert [point.nav_adjusted for point in path] == [2000, 800, 800, 1400]
    assert [at for at, _ in found.published] == [point.at for point in path[1:]]
    assert [nav for _, nav in found.published] == [point.nav for point in path[1:]]


def test_a_roll_changes_the_price_and_not_the_nav():
    rolling = terms(exposure=Exposure.FUTURE)
    marks = history([100, 110, 121], rolls=((AT + DAY, D("1.1")),))
    path = list(nav_path(simulate(product(rolling), marks)))
    assert [point.nav for point in path] == [100, 130, 130 + D("3.3") * 21]
    assert path[1].leverage is not None
    assert round(path[1].leverage, 9) == round(D(330) / 130, 9)


def test_nothing_is_left_after_ruin():
    path = list(nav_path(simulate(product(terms()), history([100, 60, 70]))))
    assert [point.nav for point in path] == [100, 0, 0]
    assert path[-1].leverage is None


@given(st.lists(st.decimals("0.9", "1.1", places=4), min_size=2, max_size=60))
def test_the_path_ends_where_the_simulation_does_and_holds_all_that_was_published(moves):
    prices = [D(100)]
    for move in moves:
        prices.append(prices[-1] * move)
    rules = terms(schedules=DAILY, trigger=Trigger(above=D(4)), merge=ShareMerge(D(60), 2))
    found = simulate(product(rules), history(prices, every=DAY // 4))
    path = list(nav_path(found))
    assert len(path) == len(prices)
    assert path[-1].nav_adjusted == path[-1].nav or found.merges[-1].at == path[-1].at
    by_time = {point.at: point.nav for point in path}
    assert {at: by_time[at] for at, _ in found.published} == dict(found.published)
    assert list(nav_path(found, published_only=True)) == [
        point
        for place, point in enumerate(path)
        if place in (0, len(path) - 1) or point.at in dict(found.published)
    ]
