"""A running product goes mark by mark exactly as the simulation does, and refuses marks it cannot use."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.live.worlds import (
    MINUTE,
    SECOND,
    START,
    D,
    after,
    at,
    mark,
    opened,
    paths,
    product,
    products,
    three_long,
)

from truenav.calc.etp.engine.calendar import instants, microseconds, next_due
from truenav.calc.etp.engine.history import BadMarkError, History
from truenav.calc.etp.engine.simulate import EventKind, simulate
from truenav.calc.etp.live.hedged import tracking
from truenav.calc.etp.live.product import MarkFault, advance, issue, watch
from truenav.calc.etp.live.state import HaltCause, LiveProduct, Mark, Step, basket, halts, issued_units
from truenav.connect.products.rules import families, read_family
from truenav.core.canonical import canonical_json, decode, encode
from truenav.core.failure import InvalidInputError
from truenav.core.money import exact
from truenav.core.product import DailyTimes, Exposure, Fee, Schedule, ShareMerge, Trigger

CRASH = Path(__file__).parents[5] / "shared/data/ohlcv_binance_spot_1m_ftx/spot_1m_20221108_09.parquet"


def _run(rules, times, prices, *, rates=None, rolls=()) -> tuple[LiveProduct, list[Step]]:
    """Each mark with the rates and rolls of its interval; unit changes are done as they fall due."""
    first = Mark("BTC", times[0], prices[0], "test")
    live = issue(rules, first, nav=D(100), units=D(7), published_rates=rates is not None)
    watched, steps = watch(rules, live), []
    for place in range(1, len(times)):
        between = (times[place - 1], times[place])
        watched, happened = advance(
            watched,
            Mark("BTC", times[place], prices[place], "test"),
            now=times[place],
            rates=[one for one in rates or () if between[0] < one[0] <= between[1]],
            rolls=[one for one in rolls if between[0] < one[0] <= between[1]],
            largest_jump=D(10**9),
        )
        if happened is not None:
            steps.append(happened)
            factor = watched.live.factor
            with exact():
                for change in happened.changes:
                    factor *= change.factor
            watched = after(watched, replace(watched.live, factor=factor, changes=()))
    return watched.live, steps


def _same(rules, times, prices, **charges) -> None:
    rates = charges.get("rates")
    history = History(times, prices, rates=tuple(rates or ()), rolls=tuple(charges.get("rolls", ())))
    whole = simulate(rules, history)
    live, steps = _run(rules, times, prices, **charges)
    assert [one.event for one in steps] == list(whole.events)
    assert live.model.state == whole.closing
    with exact():
        worth = whole.nav * live.factor
        assert abs(basket(live).nav - worth) <= D("1e-74") * worth
        assert max(live.worst - 1, D(-1)) == whole.worst
    published = [(one.event.at, one.published) for one in steps if one.published is not None]
    assert published == list(whole.published)
    changes = [(one.event.at, change.factor) for one in steps for change in one.changes]
    assert changes == [(one.at, one.ratio) for one in whole.merges]


@given(products(), paths())
def test_marks_one_by_one_give_what_the_simulation_gives(rules, path):
    _same(rules, *path)


@given(products(), paths(), st.lists(st.integers(-20, 20), min_size=12, max_size=12))
def test_published_rates_are_charged_as_in_the_simulation(rules, path, sizes):
    times, prices = path
    eights = instants(DailyTimes(("00:00", "08:00", "16:00")), times[0], times[-1])
    rates = [(when, D(size) / 10_000) for when, size in zip(eights, sizes, strict=False)]
    if rates:
        _same(rules, times, prices, rates=rates)


@given(paths(), st.sampled_from(["0.98", "1.01"]), st.integers(0, 30))
def test_a_future_rolls_as_in_the_simulation(path, ratio, place):
    rules = product(
        three_long(exposure=Exposure.FUTURE, trigger=Trigger(above=D(4)), trading_cost=D("0.001"))
    )
    times, prices = path
    when = times[min(place + 1, len(times) - 1)]
    _same(rules, times, prices, rolls=[(when, D(ratio))])


def test_a_batch_is_done_although_its_rebalance_began_several_marks_before():
    schedule = Schedule(DailyTimes(("20:10",)), batches=3, batch_seconds=300)
    watched = opened(product(three_long(schedules=(schedule,))))
    kinds = []
    for minute in range(1, 25):
        watched, happened = at(watched, 100 + minute, minutes=minute)
        if happened:
            kinds.append((minute, happened.event.kind, watched.live.model.batches))
    assert kinds == [
        (10, EventKind.SCHEDULED, 2),
        (15, EventKind.SCHEDULED, 1),
        (20, EventKind.SCHEDULED, 0),
    ]


@given(products(), st.integers(0, 5 * 24 * 60))
def test_the_remembered_instant_is_never_later_than_what_is_due(rules, minutes):
    begin = microseconds(START) + minutes * MINUTE
    due = next_due(rules, begin)
    times = [begin, due - SECOND, due + 2 * 24 * 60 * MINUTE]
    if times[1] > begin:
        _same(rules, times, [D(100)] * 3)


def test_new_terms_hold_from_their_instant_on():
    first = three_long(trigger=Trigger(above=D(4)))
    second = replace(first, since=START + timedelta(minutes=5), trigger=Trigger(above=D("3.2")))
    watched = opened(product(first, second))
    watched, happened = at(watched, 95, minutes=4)
    assert happened is None
    watched, happened = at(watched, 95, minutes=5)
    assert happened is not None
    assert happened.event.kind is EventKind.TRIGGERED


REFUSED = [
    (mark(0, minutes=2), MarkFault.NOT_POSITIVE),
    (mark(-1, minutes=2), MarkFault.NOT_POSITIVE),
    (mark("NaN", minutes=2), MarkFault.NOT_POSITIVE),
    (mark(100, minutes=2, of="LUNA2"), MarkFault.OTHER_UNDERLYING),
    (mark(100, minutes=1), MarkFault.DUPLICATE),
    (mark(100, minutes=0.5), MarkFault.OUT_OF_ORDER),
    (mark(100, minutes=3.5), MarkFault.FUTURE),
    (mark(100, minutes=1.5), MarkFault.STALE),
    (mark(1001, minutes=3), MarkFault.JUMP),
    (mark("9.9", minutes=3), MarkFault.JUMP),
]


@pytest.mark.parametrize(("bad", "fault"), REFUSED, ids=lambda value: getattr(value, "value", ""))
def test_a_mark_that_cannot_be_used_is_refused_and_changes_nothing(bad, fault):
    watched, _ = at(opened(product(three_long())), 100, minutes=1)
    before = encode(watched.live)
    with pytest.raises(BadMarkError) as refused:
        advance(watched, bad, now=mark(1, minutes=3).at)
    assert refused.value.context["fault"] is fault
    assert encode(watched.live) == before


def test_a_mark_may_be_as_old_as_the_rules_allow():
    watched = opened(product(three_long()))
    watched, _ = advance(watched, mark(100, minutes=2), now=mark(1, minutes=3).at)
    assert watched.live.place == 1


def test_a_mark_of_an_underlying_that_ended_is_refused():
    rules = product(three_long(), until=START + timedelta(minutes=2))
    watched, _ = at(opened(rules), 100, minutes=1)
    with pytest.raises(BadMarkError, match="had ended") as refused:
        at(watched, 100, minutes=2)
    assert refused.value.context["fault"] is MarkFault.ENDED


def test_a_rate_is_charged_once_and_a_late_one_at_the_next_mark():
    watched = opened(product(three_long()), published_rates=True)
    due = microseconds(START) + MINUTE
    watched, happened = at(watched, 100, minutes=2)
    assert happened is None
    watched, happened = at(watched, 100, minutes=3, rates=[(due, D("0.001"))])
    assert happened is not None
    assert happened.event.financing == D("0.3")
    with pytest.raises(BadMarkError, match="charged before"):
        at(watched, 100, minutes=4, rates=[(due, D("0.001"))])
    with pytest.raises(BadMarkError, match="not due yet"):
        at(watched, 100, minutes=4, rates=[(due + 10 * MINUTE, D("0.001"))])
    for rate in ("2", "NaN"):
        with pytest.raises(BadMarkError, match="no fraction"):
            at(watched, 100, minutes=4, rates=[(due + MINUTE, D(rate))])


def test_published_rates_are_refused_where_the_rules_name_their_own():
    with pytest.raises(BadMarkError, match="rate of its rules"):
        at(opened(product(three_long())), 100, minutes=2, rates=[(microseconds(START) + 1, D("0.001"))])


def test_a_roll_belongs_to_its_mark():
    watched = opened(product(three_long(exposure=Exposure.FUTURE)))
    for when, roll in ((0, D(1)), (MINUTE, D(0)), (MINUTE, D("NaN"))):
        with pytest.raises(BadMarkError, match="Roll of"):
            at(watched, 100, minutes=2, rolls=[(microseconds(START) + when, roll)])


def test_ruin_ends_dealing_and_the_issuer_bears_what_is_missing():
    watched, happened = at(opened(product(three_long())), 60, minutes=1)
    assert happened is not None
    assert happened.event.kind is EventKind.RUINED
    assert happened.event.nav == 0
    assert happened.published == 0
    assert watched.live.deficit == 200  # 10 units, each 3 * 60 - 200 = -20
    assert basket(watched.live).nav == 0
    assert halts(watched.live, watched.terms) == {HaltCause.RUIN}
    watched, happened = at(watched, 200, minutes=2)
    assert happened is None
    assert basket(watched.live).nav == 0


def test_the_mark_seen_counts_not_the_triggers_own_price():
    watched, happened = at(opened(product(three_long(trigger=Trigger(above=D(4))))), 80, minutes=1)
    assert happened is not None
    assert happened.event.kind is EventKind.TRIGGERED
    assert happened.event.nav == 40
    assert happened.event.position == D(3) * 40 / 80
    assert watched.live.model.reference == 80


def test_a_merge_that_is_due_halts_dealing_until_it_is_done():
    times = DailyTimes(("20:01", "20:02"))
    rules = product(three_long(fees=(Fee(D(0), times),), merge=ShareMerge(D(50), 10)))
    watched, happened = at(opened(rules), 80, minutes=1)
    assert happened is not None
    assert happened.published == 40
    assert [change.factor for change in happened.changes] == [10]
    assert halts(watched.live, watched.terms) == {HaltCause.MERGE}


def test_a_product_comes_back_from_its_canonical_text():
    watched, _ = at(opened(product(three_long()), hedged=True), 95, minutes=1)
    data = encode(watched.live)
    again = decode(LiveProduct, data)
    assert again == watched.live
    assert canonical_json(again) == canonical_json(watched.live)
    assert tracking(again) == tracking(watched.live)
    assert issued_units(again) == 10


def test_rules_of_another_product_are_refused():
    live = opened(product(three_long())).live
    with pytest.raises(InvalidInputError, match="not of BTC3L"):
        watch(replace(product(three_long()), id="ETH3L"), live)


@pytest.mark.parametrize(("nav", "units", "hedged"), [(0, 1, False), (100, -1, False), (100, 0, True)])
def test_a_product_cannot_open_without_what_it_needs(nav, units, hedged):
    with pytest.raises(InvalidInputError, match="cannot open"):
        issue(product(three_long()), mark(100), nav=D(nav), units=D(units), hedged=hedged)


@pytest.mark.skipif(not CRASH.exists(), reason="no recorded histories here")
@pytest.mark.parametrize("family", families())
def test_each_ready_product_goes_through_the_days_of_ftx_as_its_simulation(family):
    """FTT from 15 to 4 within a day, minute by minute: rules of every kind, and real prices."""
    bars = pl.read_parquet(CRASH).filter(pl.col("symbol") == "FTTUSDT").sort("ts")
    times = bars["ts"].cast(pl.Datetime("us")).to_physical().to_list()
    prices = [D(str(price)) for price in bars["close"]]
    ran = 0
    for rules in read_family(family):
        holds = [terms for terms in rules.terms if microseconds(terms.since) <= times[0]]
        if holds and (rules.until is None or microseconds(rules.until) > times[-1]):
            _same(replace(rules, underlying="BTC"), times, prices)
            ran += 1
    if not ran:
        pytest.skip("its rules did not hold then")
