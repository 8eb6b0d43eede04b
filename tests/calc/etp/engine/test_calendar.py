"""When rules act: daily times in zones whose clocks change, and what one mark sees together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import DAY, MIDNIGHT, MINUTE, START, D, history, product, terms

from truenav.calc.etp.engine.calendar import (
    Dues,
    dues,
    gaps,
    instant_of,
    instants,
    microseconds,
    publication_times,
    time_of,
    zone_of,
)
from truenav.calc.etp.engine.running import stop_at
from truenav.calc.etp.engine.simulate import EventKind, simulate
from truenav.calc.etp.engine.stepping import Stop
from truenav.core.product import DailyTimes, Exposure, Fee, FeeBasis, Financing, ProductRulesError, Schedule

HOUR = 60 * MINUTE
FIRST = microseconds(START)


def between(at: DailyTimes, start: str, end: str) -> list[str]:
    """Instants after the one and up to the other, as text."""
    bounds = [microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in (start, end)]
    return [instant_of(one).strftime("%m-%d %H:%M") for one in instants(at, *bounds)]


def stops(due: Dues) -> list[Stop]:
    """What falls due at each of the stops."""
    return [stop_at(due.stops, place) for place in range(len(due.stops.index))]


def column(due: Dues, name: str) -> list[Decimal]:
    return [getattr(stop, name) for stop in stops(due)]


def test_a_time_in_the_hour_that_is_skipped_falls_after_the_change():
    berlin = DailyTimes(("02:30",), "Europe/Berlin")
    found = between(berlin, "2026-03-27T12:00", "2026-03-30T12:00")
    assert found == ["03-28 01:30", "03-29 01:30", "03-30 00:30"]


def test_a_time_that_comes_twice_counts_the_first_time():
    berlin = DailyTimes(("02:30",), "Europe/Berlin")
    assert between(berlin, "2026-10-24T12:00", "2026-10-26T12:00") == ["10-25 00:30", "10-26 01:30"]


def test_a_local_time_moves_in_utc_over_the_year():
    cet = DailyTimes(("17:00",), "Europe/Paris")
    assert between(cet, "2026-01-10T00:00", "2026-01-10T23:00") == ["01-10 16:00"]
    assert between(cet, "2026-07-10T00:00", "2026-07-10T23:00") == ["07-10 15:00"]
    assert between(DailyTimes(("17:00",), "+01:00"), "2026-07-10T00:00", "2026-07-10T23:00") == [
        "07-10 16:00"
    ]


@pytest.mark.parametrize(
    "zone", ["Pacific/Kiritimati", "Pacific/Niue", "+14:00", "-12:00", "Australia/Lord_Howe"]
)
def test_far_zones_lose_and_double_no_day(zone):
    at = DailyTimes(("00:00", "23:59"), zone)
    found = list(instants(at, FIRST, FIRST + 365 * DAY))
    assert len(found) == 730
    assert found == sorted(set(found))


def test_times_are_given_in_order_however_they_are_written():
    at = DailyTimes(("16:00", "00:00", "08:00"), "Asia/Shanghai")
    assert between(at, "2026-01-01T00:00", "2026-01-02T00:00") == [
        "01-01 08:00",
        "01-01 16:00",
        "01-02 00:00",
    ]


def test_the_first_instant_is_outside_and_the_last_inside():
    assert between(MIDNIGHT, "2026-01-01T00:00", "2026-01-02T00:00") == ["01-02 00:00"]


@given(
    st.sampled_from(["UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.times().map(lambda one: one.replace(microsecond=0)),
    st.integers(0, 700),
)
def test_each_local_day_has_each_time_once(zone, time, offset):
    at = DailyTimes((time.isoformat(),), zone)
    start = FIRST + offset * DAY
    found = [instant_of(one) for one in instants(at, start, start + 40 * DAY)]
    local = [one.astimezone(ZoneInfo(zone)).date() for one in found]
    assert len(set(local)) == len(found)
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(local))
    assert len(found) in (39, 40, 41)


@pytest.mark.parametrize("name", ["Mars/Olympus", "+25:00", "8", "../../etc/passwd", ""])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(ProductRulesError, match="no time zone"):
        zone_of(name)


@pytest.mark.parametrize("text", ["24:30", "noon", "1.5"])
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(ProductRulesError, match="no time of day"):
        time_of(text)


def test_a_time_that_brings_its_own_zone_is_refused():
    with pytest.raises(ProductRulesError, match="zone of a time of day"):
        time_of("00:02Z")


def test_fees_that_one_mark_sees_together_are_charged_one_after_the_other():
    thrice = Fee(D("0.001"), DailyTimes(("00:00", "08:00", "16:00")))
    due = dues(product(terms(fees=(thrice,))), [FIRST, FIRST + DAY - 1, FIRST + DAY, FIRST + 3 * DAY])
    assert due.stops.index == [1, 2, 3]
    assert column(due, "fee_nav") == [1 - D("0.999") ** 2, D("0.001"), 1 - D("0.999") ** 6]


def test_fees_on_notional_and_financing_add_up():
    at = DailyTimes(("00:00", "12:00"))
    rules = terms(fees=(Fee(D("0.001"), at, FeeBasis.NOTIONAL),), financing=Financing(D("0.0001"), at))
    due = dues(product(rules), [FIRST, FIRST + DAY])
    assert (column(due, "fee_notional"), column(due, "financing")) == ([D("0.002")], [D("0.0002")])


def test_an_instant_is_seen_at_the_first_mark_at_or_after_it_and_not_at_the_opening():
    due = dues(product(terms(schedules=(Schedule(MIDNIGHT),))), [FIRST, FIRST + HOUR, FIRST + 25 * HOUR])
    assert due.stops.index == [2]
    after_the_last = dues(product(terms(schedules=(Schedule(MIDNIGHT),))), [FIRST, FIRST + DAY - 1])
    assert after_the_last.stops.index == []


BATCHES = Schedule(MIDNIGHT, batches=4, batch_seconds=600)


def test_batches_go_a_quarter_of_the_way_each():
    times = [FIRST, *(FIRST + DAY + place * 10 * MINUTE for place in range(5))]
    due = dues(product(terms(schedules=(BATCHES,))), times)
    assert due.stops.index == [1, 2, 3, 4]
    assert column(due, "batches") == [3, 2, 1, 0]
    assert column(due, "follows") == [0, 1, 1, 1]
    way = D(1)
    for share in column(due, "share"):
        way *= 1 - share
    assert [round(share, 20) for share in column(due, "share")] == [
        D("0.25"),
        round(D(1) / 3, 20),
        D("0.5"),
        1,
    ]
    assert way == 0


def test_batches_that_one_mark_sees_together_become_one_trade():
    due = dues(
        product(terms(schedules=(BATCHES,))), [FIRST, FIRST + DAY + 15 * MINUTE, FIRST + DAY + 20 * MINUTE]
    )
    assert due.stops.index == [1, 2]
    assert [round(share, 20) for share in column(due, "share")] == [D("0.5"), D("0.5")]
    assert column(due, "batches") == [2, 1]
    late = dues(product(terms(schedules=(BATCHES,))), [FIRST, FIRST + DAY + HOUR])
    assert (column(late, "share"), column(late, "batches"), column(late, "follows")) == ([1], [0], [0])


def test_batches_take_place_only_if_the_first_did():
    waiting = replace(BATCHES, above=D("3.3"))
    marks = history(["100", "101", "101", "90", "90", "90"], every=DAY)
    times = [FIRST, FIRST + DAY, *(FIRST + DAY + place * 10 * MINUTE for place in range(1, 5))]
    run = simulate(product(terms(schedules=(waiting,))), replace(marks, times=times))
    assert run.scheduled == 0  # leverage passed 3.3 at the third mark, too late for the first batch


def test_a_rebalance_that_waits_for_something_does_not_take_the_place_of_one_that_waits_for_nothing():
    daily = Schedule(DailyTimes(("00:00",)))
    waiting = Schedule(DailyTimes(("00:01",)), above=D(4))
    for schedules in ((daily, waiting), (waiting, daily)):
        run = simulate(product(terms(schedules=schedules)), history(["100", "101"], every=2 * DAY))
        assert run.scheduled == 1


@pytest.mark.parametrize("limits", [("3.5", "4"), ("4", "3.5")])
@pytest.mark.parametrize("times", [("00:01", "00:02"), ("00:02", "00:01"), ("00:01", "00:01")])
def test_of_two_rebalances_that_wait_and_are_seen_by_one_mark_either_condition_is_enough(limits, times):
    """The fall brings a product of 3x to 3.75x: what is rebalanced does not depend on how often one looks."""
    waiting = tuple(
        Schedule(DailyTimes((time,)), above=D(limit)) for time, limit in zip(times, limits, strict=True)
    )
    rules = product(terms(schedules=waiting))
    assert simulate(rules, history(["11", "10"], every=DAY // 2)).scheduled == 1
    assert simulate(rules, history(["11", "10", "10"], every=MINUTE)).scheduled == 1
    assert simulate(rules, history(["11", "10.5"], every=DAY // 2)).scheduled == 0


@pytest.mark.parametrize(
    ("last", "holds"), [("10.4", True), ("10.1", False), ("9.9", False), ("9.5", True), ("9.2", True)]
)
def test_conditions_of_all_kinds_stand_side_by_side(last, holds):
    """From 3x at 10: 2.79x at 10.4, 2.94x at 10.1, 3.06x at 9.9, 3.35x at 9.5; 9.2 is a move of 8 %."""
    waiting = (
        Schedule(DailyTimes(("00:01",)), below=D("2.8")),
        Schedule(DailyTimes(("00:02",)), above=D("3.3"), below=D("2")),
        Schedule(DailyTimes(("00:03",)), moved=D("0.08")),
    )
    run = simulate(product(terms(schedules=waiting)), history(["10", last], every=DAY // 2))
    assert run.scheduled == holds


def test_two_rebalances_that_wait_go_where_the_later_in_the_rules_says():
    half = Schedule(DailyTimes(("00:01",)), moved=D("0.01"), speed=D("0.5"))
    whole = Schedule(DailyTimes(("00:02",)), moved=D("0.5"))
    for schedules, leverage in (((half, whole), 3), ((whole, half), D("2.625"))):
        run = simulate(product(terms(schedules=schedules)), history(["100", "120"], every=DAY // 2))
        assert run.scheduled == 1
        (event,) = run.events
        assert round(event.leverage, 20) == leverage


def test_new_terms_hold_from_their_very_instant():
    old = terms(fees=(Fee(D("0.001"), MIDNIGHT),))
    new = replace(old, since=START + timedelta(days=2), fees=(Fee(D("0.002"), MIDNIGHT),))
    due = dues(product(old, new), [FIRST + day * DAY for day in range(4)])
    assert column(due, "fee_nav") == [D("0.001"), D("0.002"), D("0.002")]


def test_what_fell_due_before_a_change_of_terms_is_charged_by_the_old_ones_though_seen_after():
    old = terms(fees=(Fee(D("0.001"), DailyTimes(("23:00",))),))
    new = replace(old, since=START + timedelta(days=1), fees=())
    due = dues(product(old, new), [FIRST, FIRST + 2 * DAY])
    assert column(due, "fee_nav") == [D("0.001")]


def test_nothing_is_due_before_the_first_terms_or_after_the_end():
    late = replace(terms(fees=(Fee(D("0.001"), MIDNIGHT),)), since=START + timedelta(days=1, seconds=1))
    ended = product(late, until=START + timedelta(days=3))
    due = dues(ended, [FIRST + day * DAY for day in range(6)])
    assert column(due, "fee_nav") == [D("0.001")]


def test_published_rates_take_the_place_of_the_rules_own():
    rules = terms(financing=Financing(D("0.5"), MIDNIGHT))
    times = [FIRST, FIRST + DAY, FIRST + 2 * DAY]
    rates = (
        (FIRST, D("0.9")),
        (FIRST + 1, D("0.001")),
        (FIRST + DAY, D("0.002")),
        (FIRST + 3 * DAY, D("0.9")),
    )
    assert column(dues(product(rules), times, rates=rates), "financing") == [D("0.003"), 0]
    assert column(dues(product(rules), times), "financing") == [D("0.5"), D("0.5")]
    borne = replace(rules, financing=replace(rules.financing, issuer_bears=True))
    assert column(dues(product(borne), times, rates=rates), "financing") == [0, 0]


def test_rolls_that_one_mark_sees_together_are_linked():
    rolls = ((FIRST, D(9)), (FIRST + 1, D("1.1")), (FIRST + 2, D("0.5")), (FIRST + DAY + 1, D(9)))
    due = dues(product(terms(exposure=Exposure.FUTURE)), [FIRST, FIRST + DAY], rolls=rolls)
    assert column(due, "roll") == [D("0.55")]


def test_a_nav_is_published_at_the_first_schedule_else_the_first_fee_else_at_midnight():
    fee = Fee(D("0.001"), DailyTimes(("23:55", "12:00"), "+08:00"))
    schedule = Schedule(DailyTimes(("00:02",)))
    assert publication_times(terms()) == MIDNIGHT
    assert publication_times(terms(fees=(fee,))) == DailyTimes(("23:55",), "+08:00")
    assert publication_times(terms(fees=(fee,), schedules=(schedule,))) == DailyTimes(("00:02",))
    run = simulate(product(terms(schedules=(schedule,))), history(["100"] * 5, every=12 * HOUR))
    assert [instant_of(at).date() for at, _ in run.published] == [date(2026, 1, 1), date(2026, 1, 2)]


def test_the_fee_is_taken_before_the_rebalance():
    rules = terms(fees=(Fee(D("0.01"), MIDNIGHT),), schedules=(Schedule(MIDNIGHT),))
    opened = history(["100", "110"])
    run = simulate(product(rules), replace(opened, times=[FIRST + MINUTE, FIRST + DAY]))
    (event,) = run.events
    assert (event.kind, event.fees, event.nav) == (EventKind.SCHEDULED, D("1.3"), D("128.7"))
    assert event.leverage == 3
    later = replace(rules, fees=(Fee(D("0.01"), DailyTimes(("00:01",))),))
    after = simulate(
        product(later),
        replace(history(["100", "110", "110"]), times=[FIRST + MINUTE, FIRST + DAY, FIRST + DAY + MINUTE]),
    )
    assert after.events[-1].nav == event.nav
    assert abs(after.events[-1].leverage - Decimal(3) / Decimal("0.99")) < Decimal("1e-20")


def test_gaps_are_pairs_further_apart_than_allowed():
    assert gaps([0, 10, 30, 31], longest=10) == [(10, 30)]
