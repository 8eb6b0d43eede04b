"""What holds for any rules and any prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.histories import DAILY, DAY, MIDNIGHT, START, D, history, path, product, terms

from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.rules import limits_of
from truenav.calc.etp.engine.simulate import EventKind, Simulation, issued, simulate
from truenav.calc.etp.engine.stepping import net_value, rebalanced
from truenav.calc.etp.explain import decay
from truenav.calc.etp.explain.attribution import explain
from truenav.core.money import exact
from truenav.core.product import DailyTimes, Fee, Schedule, ShareMerge, ShareSplit, Terms, Trigger

NEAR = Fraction(1, 10**60)
TARGETS = st.sampled_from(["3", "-3", "2", "-1", "-2", "5", "0.5", "1", "1.5"])
MOVES = st.lists(st.integers(-150, 150), min_size=1, max_size=15)


def walked(moves: list[int]) -> list[Decimal]:
    """Prices from thousandths."""
    return path("100", [str(D(move) / 1000) for move in moves])


def near(one: Decimal | Fraction, other: Decimal | Fraction) -> bool:
    return abs(Fraction(one) - Fraction(other)) <= NEAR * max(1, abs(Fraction(other)))


@given(TARGETS, MOVES)
def test_a_rebalance_without_cost_leaves_nav_as_it_was(target, moves):
    rules = terms(target, schedules=DAILY, trigger=Trigger(adverse_move=D("0.05"), favourable_move=D("0.1")))
    run = simulate(product(rules), history(walked(moves), every=DAY // 2))
    for event in run.events:
        if event.kind is not EventKind.RUINED:
            assert near(event.nav, event.nav_before)


@given(TARGETS, st.integers(50, 199), st.sampled_from(["0", "0.001", "0.05"]))
def test_after_a_rebalance_leverage_is_the_goal_and_the_cost_is_the_rate_of_what_was_traded(
    target, price, cost
):
    state, goal = issued(terms(target), D(100), D(100)), D(target)
    with exact():
        if net_value(state, D(price)) <= 0:
            return
        after, paid = rebalanced(state, D(price), goal, D(cost), 0)
        assert near(after.position * D(price) / net_value(after, D(price)), goal)
        assert near(paid, abs(after.position - state.position) * D(price) * D(cost))
        assert near(net_value(after, D(price)), net_value(state, D(price)) - paid)


@given(TARGETS, MOVES, st.sampled_from(["0.0001", "0.001", "0.02"]))
def test_more_cost_never_gives_more_nav(target, moves, cost):
    rules = terms(target, schedules=DAILY, fees=(Fee(D("0.0003"), MIDNIGHT),))
    marks = history(walked(moves))
    free, dear, dearer = (
        simulate(product(replace(rules, trading_cost=one)), marks).nav for one in (D(0), D(cost), 2 * D(cost))
    )
    assert free * (1 + Decimal("1e-60")) >= dear >= 0
    assert dear * (1 + Decimal("1e-60")) >= dearer >= 0


@given(TARGETS, MOVES, st.sampled_from(["0.0001", "0.01"]))
def test_more_fee_never_gives_more_nav(target, moves, fee):
    marks = history(walked(moves))
    less, more = (
        simulate(product(terms(target, schedules=DAILY, fees=(Fee(rate, MIDNIGHT),))), marks)
        for rate in (D(fee), 2 * D(fee))
    )
    assert less.nav >= more.nav
    assert explain(less).parts.fees < 0


@given(TARGETS, MOVES, st.sampled_from(["0.0003", "0.01"]))
def test_without_cost_a_fee_before_or_after_the_rebalance_leaves_the_same_nav_and_another_leverage(
    target, moves, rate
):
    """Order shows where something is traded: the fee taken first is rebalanced, taken later it is not."""
    late = DailyTimes(("00:01",))
    marks = _with_minutes(walked(moves))
    first, after = (
        simulate(product(terms(target, schedules=DAILY, fees=(Fee(D(rate), at),))), marks)
        for at in (MIDNIGHT, late)
    )
    rebalances = [
        [event for event in run.events if event.kind is EventKind.SCHEDULED] for run in (first, after)
    ]
    assert near(rebalances[0][0].nav, Fraction(rebalances[1][0].nav) * (1 - Fraction(rate)))
    charged = next(event for event in after.events if event.at > rebalances[1][0].at)
    assert near(charged.nav, rebalances[0][0].nav)
    assert near(rebalances[0][0].leverage, D(target))
    assert near(Fraction(charged.leverage) * (1 - Fraction(rate)), D(target))


def _with_minutes(prices: list[Decimal]) -> History:
    """Each day's mark twice, at midnight and a minute later, the opening at 00:01."""
    minute = 60_000_000
    days = history(prices)
    times = [days.times[0] + minute] + [at + late for at in days.times[1:] for late in (0, minute)]
    return History(times, [prices[0]] + [price for price in prices[1:] for _ in (0, 1)])


@given(st.sampled_from(["3", "2", "1.5", "5"]), st.integers(1, 150))
def test_long_and_short_decay_alike_in_log_space(size, move):
    """Up and back in two rebalanced steps: ``L`` and ``1 - L`` lose the same logarithm."""
    with exact():
        step = D(move) / 1000
        back = -step / (1 + step)
        navs = [1 + decay.rebalanced_return(leverage, [step, back]) for leverage in (D(size), 1 - D(size))]
    drags = [decay.log_drag(leverage, D("0.8"), D(1)) for leverage in (D(size), 1 - D(size))]
    assert drags[0] == drags[1]
    assert near(navs[0], navs[1])  # exact for the pair: (1 + L r)(1 + L back) is the same for both
    assert navs[0] < 1


@given(MOVES, st.integers(2, 50), st.sampled_from(["20", "60", "95"]))
def test_a_merge_or_split_changes_what_a_unit_is_and_nothing_else(moves, ratio, at):
    plain = terms("3", schedules=DAILY, trading_cost=D("0.001"))
    marks = history(walked(moves))
    rules = (
        replace(plain, merge=ShareMerge(D(at), ratio)),
        replace(plain, split=ShareSplit(200 - D(at), ratio)),
    )
    without = simulate(product(plain), marks)
    for changed in (simulate(product(one), marks) for one in rules):
        assert (changed.nav, changed.events, changed.worst) == (without.nav, without.events, without.worst)
        assert explain(changed) == explain(without)
        factor, done = D(1), list(changed.merges)
        for (at_one, nav), (_, plain_nav) in zip(changed.published, without.published, strict=True):
            while done and done[0].at < at_one:
                factor *= done.pop(0).ratio
            assert abs(nav / (plain_nav * factor) - 1) < Decimal("1e-25")


@given(TARGETS, MOVES, st.integers(1, 900))
def test_only_the_scale_of_prices_and_of_nav_changes_with_them(target, moves, scale):
    rules = terms(target, schedules=DAILY, fees=(Fee(D("0.001"), MIDNIGHT),), trading_cost=D("0.001"))
    prices = walked(moves)
    one = simulate(product(rules), history(prices), nav=D(100))
    with exact():
        scaled = [price * scale for price in prices]
    other = simulate(product(rules), history(scaled), nav=D(7))
    assert [event.kind for event in one.events] == [event.kind for event in other.events]
    assert abs(Fraction(other.nav) * 100 - Fraction(one.nav) * 7) < NEAR


@given(TARGETS, MOVES, st.integers(1, 14))
def test_a_run_can_be_cut_anywhere_and_its_windows_linked(target, moves, cut):
    rules = terms(target, schedules=DAILY, fees=(Fee(D("0.001"), MIDNIGHT),), trading_cost=D("0.001"))
    run = simulate(product(rules), history(walked(moves)))
    middle = START + timedelta(days=min(cut, len(moves)))
    if middle >= START + timedelta(days=len(moves)) or _ruined(run):
        return
    one, other, whole = explain(run, end=middle), explain(run, start=middle), explain(run)
    assert near(whole.product, (1 + Fraction(one.product)) * (1 + Fraction(other.product)) - 1)
    assert near(whole.underlying, (1 + Fraction(one.underlying)) * (1 + Fraction(other.underlying)) - 1)
    assert one.rebalances + other.rebalances == whole.rebalances


def _ruined(run: Simulation) -> bool:
    return any(event.kind is EventKind.RUINED for event in run.events)


@given(st.sampled_from(["3", "-3", "2", "-1"]), MOVES)
def test_a_trigger_keeps_leverage_at_each_mark_below_its_limit(target, moves):
    limit = abs(D(target)) * D("1.25")
    run = simulate(
        product(terms(target, trigger=Trigger(above=limit))), history(walked(moves), every=DAY // 5)
    )
    state, place = run.opening, 0
    events = {event.place: event for event in run.events}
    for place, price in enumerate(run.history.prices):
        if place in events:
            state = state._replace(position=events[place].position, cash=events[place].cash)
        nav = Fraction(net_value(state, price))
        assert (
            abs(Fraction(state.position) * Fraction(price)) <= Fraction(limit) * nav * (1 + NEAR)
            or nav < NEAR
        )


@given(MOVES)
def test_a_product_of_leverage_one_is_its_underlying(moves):
    run = simulate(product(terms(1, schedules=DAILY, trading_cost=D("0.01"))), history(walked(moves)))
    found = explain(run)
    assert near(found.product, found.underlying)
    assert near(found.parts.compounding, D(0))
    assert near(found.turnover, D(0))


def test_a_scheduled_rebalance_stands_before_a_triggered_one_and_a_fee_before_both():
    rules: Terms = terms(trigger=Trigger(above=D(4)), schedules=DAILY, fees=(Fee(D("0.01"), MIDNIGHT),))
    marks = history(["100", "85"])
    run = simulate(product(rules), replace(marks, times=[marks.times[0] + 1, marks.times[1]]))
    (event,) = run.events
    assert (event.kind, event.gap, event.fees) == (EventKind.SCHEDULED, 0, D("0.55"))
    late = replace(rules, schedules=(Schedule(DailyTimes(("12:00",))),))
    (event,) = simulate(
        product(late), replace(marks, times=[marks.times[0] + DAY // 2, marks.times[1]])
    ).events
    assert (event.kind, event.fees) == (EventKind.TRIGGERED, D("0.55"))
    assert event.gap < 0


def test_a_fee_may_itself_bring_leverage_to_the_trigger():
    """A trigger is judged on what the fee left: 3.9x before a fee of 3 % is 4.02x after it."""
    rules = terms("3.9", trigger=Trigger(above=D(4)), fees=(Fee(D("0.03"), MIDNIGHT),))
    (event,) = simulate(product(rules), history(["100", "100"])).events
    assert event.kind is EventKind.TRIGGERED
    assert limits_of(rules).above == 4


@given(
    TARGETS,
    st.integers(-990, 1500),
    st.sampled_from(["0.001", "0.01", "0.1"]),
    st.sampled_from([DAILY, (Schedule(MIDNIGHT, speed=D("0.25")),), ()]),
)
def test_no_rebalance_leaves_less_than_nothing_or_turns_a_position_round(target, move, cost, schedules):
    """Near ruin a trade may cost more than what is left: then the product ends instead."""
    trigger = Trigger(above=abs(D(target)) * D("1.2")) if target not in ("0.5", "1") else Trigger()
    rules = terms(target, schedules=schedules, trigger=trigger, trading_cost=D(cost))
    run = simulate(product(rules), history(walked([move, 20, -20])))
    for event in run.events:
        assert event.nav >= 0
        assert event.position * D(target) >= 0
        if event.kind is EventKind.RUINED:
            assert event.nav == event.position == 0
        else:
            assert event.leverage is not None
            if event.leverage_before is not None and abs(event.leverage_before) > abs(D(target)):
                assert abs(event.leverage) <= abs(event.leverage_before)
    found = explain(run)
    assert found.parts.total() == found.product >= -1


def test_what_a_rebalance_costs_beyond_what_is_left_is_the_issuers():
    """At 66.9 a 3x of 200.7 is worth 0.7; to close it costs 2.007."""
    for rules in (terms(schedules=DAILY), terms(trigger=Trigger(above=D(4)))):
        run = simulate(product(replace(rules, trading_cost=D("0.01"))), history(["100", "66.9", "70"]))
        (event,) = run.events
        assert (event.kind, event.costs, event.deficit) == (EventKind.RUINED, D("2.007"), D("1.307"))
        assert run.nav == 0
