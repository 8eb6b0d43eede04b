"""A hedged product: rebalances are proposed, fills are booked, and the model tells how well it was hedged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.live.worlds import D, after, at, opened, paths, product, products, three_long

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.simulate import EventKind
from truenav.calc.etp.live.hedged import (
    FillRefusedError,
    NoProposalError,
    closed,
    filled,
    remaining,
    tracking,
)
from truenav.calc.etp.live.product import advance, issue, watch
from truenav.calc.etp.live.state import (
    Fill,
    HaltCause,
    LimitKind,
    LiveProduct,
    Mark,
    ProposalKind,
    Watch,
    basket,
    halts,
)
from truenav.core.money import exact
from truenav.core.product import DailyTimes, Dealing, Exposure, Fee, Schedule, Trigger

FOUR = Trigger(above=D(4))


@pytest.fixture(autouse=True)
def _exactly() -> Iterator[None]:
    with exact():
        yield


def _filled_whole(live: LiveProduct, *, fee: object = 0, price: object = None) -> LiveProduct:
    """The open proposal traded at the mark, or at another price, and closed."""
    assert live.proposal is not None
    at_price = live.price if price is None else D(str(price))
    fill = Fill(f"f{live.proposals}", live.mark.at, remaining(live), at_price, D(str(fee)))
    done, _ = closed(filled(live, fill), at=live.mark.at)
    return done


def _hedged(rules) -> Watch:
    watched = opened(rules, hedged=True)
    return after(watched, _filled_whole(watched.live))


def test_a_hedged_product_begins_with_cash_and_an_order_for_all_its_units():
    live = opened(product(three_long()), hedged=True).live
    proposal = live.proposal
    assert proposal is not None
    assert (proposal.kind, proposal.order, proposal.units, proposal.goal) == (ProposalKind.OPENING, 30, 10, 3)
    assert basket(live).nav == 100
    assert basket(live).leverage == 0
    assert halts(live, three_long()) == {HaltCause.REBALANCING}
    live = _filled_whole(live)
    assert (live.actual.position, live.actual.cash) == (30, -2000)
    assert basket(live).leverage == 3
    assert halts(live, three_long()) == set()


def test_a_trigger_becomes_a_proposal_that_says_why():
    watched = opened(product(three_long(trigger=FOUR, trading_cost=D("0.001"))), hedged=True)
    held = replace(watched.live.model, position=D(30), cash=D(-2000))
    watched = after(watched, replace(watched.live, actual=held, proposal=None))
    watched, happened = at(watched, 88, minutes=1)
    assert happened is not None
    proposal = happened.proposal
    assert proposal is not None
    assert happened.event.kind is EventKind.CHARGE
    assert happened.event.trade == 0
    assert proposal.kind is ProposalKind.TRIGGERED
    assert [(one.limit, one.bound) for one in proposal.reached] == [(LimitKind.ABOVE, 4)]
    assert proposal.reached[0].seen == proposal.leverage_before == D(264) / 64
    assert proposal.order < 0
    assert abs(proposal.cost_estimate + proposal.order * 88 * D("0.001")) < D("1e-70")
    # the position is as it was until something is traded
    assert watched.live.actual.position == 30


def test_partial_fills_a_remainder_and_marks_between_them():
    watched, happened = at(_hedged(product(three_long(trigger=FOUR))), 88, minutes=1)
    order = happened.proposal.order
    first = Fill("a", watched.live.mark.at, D(-3), D("87.9"), D("0.2"))
    watched = after(watched, filled(watched.live, first))
    assert remaining(watched.live) == order + 3
    watched, happened = at(watched, "88.2", minutes=2)
    assert happened is None  # less is held now, and the open order covers the rest
    second = Fill("b", watched.live.mark.at, D(-4), D(88), D("0.3"))
    live, done = closed(filled(watched.live, second), at=watched.live.mark.at)
    assert done.quantity == -7
    assert done.average_price == (3 * D("87.9") + 4 * D(88)) / 7
    assert done.cost == 3 * D("0.1") + D("0.5")
    assert done.fees == D("0.5")
    assert done.remainder == order + 7
    assert live.actual.position == 23
    assert live.actual.cash == -2000 + 3 * D("87.9") + 4 * 88 - D("0.5")
    assert live.actual.reference == 88
    assert live.proposal is None
    found = tracking(live)
    assert found.actual_nav == (23 * D("88.2") + live.actual.cash) / 10
    assert found.difference == found.actual_nav - found.model_nav
    assert found.relative == found.difference / found.model_nav
    assert found.actual_position - found.model_position != 0


def test_while_an_order_is_open_the_trigger_waits_until_it_would_not_be_enough():
    watched, first = at(_hedged(product(three_long(trigger=FOUR))), 88, minutes=1)
    watched, nothing = at(watched, 85, minutes=2)
    assert nothing is None
    watched, second = at(watched, 75, minutes=3)
    assert second is not None
    assert second.proposal.replaces == first.proposal.number
    assert second.replaced.proposal == first.proposal
    assert second.replaced.remainder == first.proposal.order
    wanted = 3 * basket(watched.live).nav * 10 / 75
    assert abs(second.proposal.wanted - wanted) < D("1e-60")
    # a late fill of the order that was replaced counts
    live = filled(watched.live, Fill("late", watched.live.mark.at, D(-2), D(75)))
    assert remaining(live) == second.proposal.order + 2


def test_the_schedule_replaces_an_open_order():
    rules = product(three_long(trigger=FOUR, schedules=(Schedule(DailyTimes(("20:02",))),)))
    watched, first = at(_hedged(rules), 88, minutes=1)
    watched, second = at(watched, 88, minutes=2)
    assert second.proposal.kind is ProposalKind.SCHEDULED
    assert second.proposal.replaces == first.proposal.number
    assert abs(second.proposal.order - first.proposal.order) < D("1e-60")


def test_the_first_purchase_stays_the_first_where_another_order_takes_its_place():
    """Its units hold cash until it is done: nobody may come in for a share of that."""
    terms = three_long(trigger=FOUR, schedules=(Schedule(DailyTimes(("20:02",))),))
    watched = opened(product(terms), hedged=True)
    part = Fill("a", watched.live.mark.at, D(12), D(100))
    watched, happened = at(after(watched, filled(watched.live, part)), 100, minutes=2)
    assert (happened.proposal.kind, happened.proposal.replaces) == (ProposalKind.OPENING, 1)
    assert halts(watched.live, terms) == {HaltCause.REBALANCING}
    watched, happened = at(watched, 40, minutes=3)
    assert (happened.proposal.kind, happened.proposal.replaces) == (ProposalKind.OPENING, 2)
    assert happened.proposal.reached[0].limit is LimitKind.ABOVE
    assert halts(_filled_whole(watched.live), terms) == set()
    _, ruined = at(watched, 10, minutes=4)
    assert ruined.proposal.kind is ProposalKind.CLOSING


def test_a_proposal_of_which_nothing_was_traded_does_not_move_the_reference():
    rules = product(three_long(trigger=Trigger(adverse_move=D("0.1"))))
    watched, first = at(_hedged(rules), 90, minutes=1)
    assert first.proposal.reached[0].limit is LimitKind.ADVERSE
    live, done = closed(watched.live, at=watched.live.mark.at)
    assert (done.quantity, done.average_price) == (0, None)
    assert live.actual.reference == 100
    _, again = at(after(watched, live), 90, minutes=2)
    assert again.proposal.kind is ProposalKind.TRIGGERED


def test_a_trigger_sleeps_after_a_rebalance_and_not_after_one_that_did_not_take_place():
    rules = product(three_long(trigger=Trigger(adverse_move=D("0.1"), rearm_seconds=3600)))
    watched, _ = at(_hedged(rules), 90, minutes=61)
    declined, _ = closed(watched.live, at=watched.live.mark.at)
    _, again = at(after(watched, declined), 90, minutes=62)
    assert again.proposal.kind is ProposalKind.TRIGGERED
    resting, _ = closed(watched.live, at=watched.live.mark.at, rests_until=watched.live.mark.at + 120_000_000)
    _, nothing = at(after(watched, resting), 90, minutes=62)
    assert nothing is None
    _, nothing = at(after(watched, _filled_whole(watched.live)), 75, minutes=62)
    assert nothing is None


def test_price_moves_count_from_an_order_that_was_replaced_once_something_of_it_was_traded():
    rules = product(three_long(trigger=Trigger(adverse_move=D("0.1"))))
    watched, first = at(_hedged(rules), 90, minutes=1)
    part = Fill("part", watched.live.mark.at, D(-3), D(90))
    watched, second = at(after(watched, filled(watched.live, part)), 81, minutes=2)
    assert second.proposal.replaces == first.proposal.number
    live, _ = closed(watched.live, at=watched.live.mark.at)
    assert live.actual.reference == 90
    _, nothing = at(after(watched, live), 82, minutes=3)
    assert nothing is None


def test_a_declined_trigger_rests_while_the_schedule_and_ruin_do_not():
    schedule = Schedule(DailyTimes(("20:03",)))
    watched, _ = at(_hedged(product(three_long(trigger=FOUR, schedules=(schedule,)))), 88, minutes=1)
    live, _ = closed(watched.live, at=watched.live.mark.at, rests_until=watched.live.mark.at + 600_000_000)
    declined = after(watched, live)
    watched, nothing = at(declined, 87, minutes=2)
    assert nothing is None
    _, scheduled = at(watched, 87, minutes=3)
    assert scheduled.proposal.kind is ProposalKind.SCHEDULED
    _, ruined = at(watched, 60, minutes=2.5)
    assert ruined.event.kind is EventKind.RUINED
    plain = opened(product(three_long(trigger=FOUR)))
    _, again = at(after(plain, declined.live), 87, minutes=11)
    assert again.proposal.kind is ProposalKind.TRIGGERED


def test_a_favourable_move_is_named_and_proposals_are_counted():
    rules = product(three_long(trigger=Trigger(favourable_move=D("0.1"), below=D("2.6"))))
    _, happened = at(_hedged(rules), 110, minutes=1)
    found = [(one.limit, one.bound, one.seen) for one in happened.proposal.reached]
    assert found == [
        (LimitKind.BELOW, D("2.6"), D(330) / 130),
        (LimitKind.FAVOURABLE, D("0.1"), D("0.1")),
    ]
    assert (happened.proposal.number, happened.proposal.replaces) == (2, None)


def test_a_rebalance_without_anything_to_trade_is_done_at_once():
    rules = product(three_long(schedules=(Schedule(DailyTimes(("20:01",))),)))
    watched, happened = at(_hedged(rules), 100, minutes=1)
    assert happened.proposal is None
    assert watched.live.proposal is None


def test_fees_and_financing_are_taken_from_what_is_held():
    fee = Fee(D("0.001"), DailyTimes(("20:01",)))
    watched = opened(product(three_long(fees=(fee,))), hedged=True, published_rates=True)
    watched = after(watched, _filled_whole(watched.live, price=101))
    before = basket(watched.live).nav
    rate = [(microseconds(three_long().since) + 1_000_000, D("0.0002"))]
    watched, happened = at(watched, 100, minutes=1, rates=rate)
    assert happened.event.financing == 300 * D("0.0002")
    assert happened.event.fees == (before - D("0.06")) * D("0.001")
    assert happened.published == basket(watched.live).nav
    assert watched.live.actual.cash == -2030 - D("0.6") - 10 * happened.event.fees


def test_a_rebalance_that_what_is_left_cannot_pay_for_asks_to_close():
    """29.13 were bought for 1,000: at 66.2 they leave 15.5, and to trade them all costs 19.3."""
    watched = _hedged(product(three_long(trigger=FOUR, trading_cost=D("0.01"))))
    watched, happened = at(watched, "66.2", minutes=1)
    assert happened.proposal.kind is ProposalKind.CLOSING
    assert happened.proposal.wanted == 0


def test_ruin_of_what_is_held_asks_to_close_it():
    watched, happened = at(_hedged(product(three_long(trigger=FOUR))), 60, minutes=1)
    assert happened.event.kind is EventKind.RUINED
    assert happened.proposal.kind is ProposalKind.CLOSING
    assert happened.proposal.order == -30
    assert watched.live.deficit == 200
    assert basket(watched.live).nav == 0
    assert HaltCause.RUIN in halts(watched.live, watched.terms)
    live = _filled_whole(watched.live, price=59)
    assert (live.actual.position, live.actual.cash) == (0, -230)


def test_trades_alone_can_lose_everything():
    """Bought at 150 and sold at 100: nothing is held, and nothing is left for the units."""
    live = opened(product(three_long(trigger=FOUR)), hedged=True).live
    for number, (quantity, price) in enumerate(((D(30), D(150)), (D(-30), D(100)))):
        live = filled(live, Fill(str(number), live.mark.at, quantity, price))
    live, _ = closed(live, at=live.mark.at)
    watched, happened = at(after(opened(product(three_long(trigger=FOUR))), live), 100, minutes=1)
    assert happened.event.kind is EventKind.RUINED
    assert happened.proposal is None
    assert watched.live.deficit == 500
    assert basket(watched.live).nav == 0


def test_an_order_for_a_future_that_rolls_is_over():
    rules = product(three_long(trigger=FOUR, exposure=Exposure.FUTURE))
    watched, first = at(_hedged(rules), 88, minutes=1)
    roll = [(watched.live.mark.at + 30_000_000, D("0.5"))]
    watched, second = at(watched, 88, minutes=2, rolls=roll)
    assert second.replaced.proposal == first.proposal
    assert watched.live.actual.position == 15
    assert watched.live.price == 176
    assert second.proposal.order < 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"quantity": D(0)}, "no quantity"),
        ({"price": D(0)}, "not above 0"),
        ({"price": D("NaN")}, "not above 0"),
        ({"price": D(1001)}, "far from the mark"),
        ({"fee": D("NaN")}, "no number"),
        ({"id": "a"}, "booked already"),
    ],
)
def test_a_fill_that_cannot_be_one_of_the_product_is_refused(change, why):
    live = opened(product(three_long()), hedged=True).live
    fill = Fill("a", live.mark.at, D(1), D(100))
    live = filled(live, fill)
    with pytest.raises(FillRefusedError, match=why):
        filled(live, replace(fill, **{"id": "b", **change}))


def test_a_product_that_is_its_model_trades_nothing():
    live = opened(product(three_long())).live
    with pytest.raises(FillRefusedError, match="trades nothing"):
        filled(live, Fill("a", 1, D(1), D(100)))
    with pytest.raises(NoProposalError):
        closed(live, at=1)
    assert tracking(live) is None
    assert remaining(live) == 0


def test_a_halt_while_rebalancing_is_the_rules_choice():
    for chosen, expected in ((True, {HaltCause.REBALANCING}), (False, set())):
        terms = three_long(trigger=FOUR, dealing=Dealing(halts_while_rebalancing=chosen))
        watched, _ = at(_hedged(product(terms)), 88, minutes=1)
        assert halts(watched.live, terms) == expected


@given(products(), paths())
def test_fills_at_the_mark_for_the_cost_of_the_rules_follow_the_model(rules, path):
    """Traded at once, at the mark and for the cost that the rules assume, a hedged product is its model."""
    times, prices = path
    live = issue(rules, Mark("BTC", times[0], prices[0], "test"), nav=D(100), units=D(3), hedged=True)
    actual = replace(live.model, position=live.model.position * 3, cash=live.model.cash * 3)
    watched = watch(rules, replace(live, actual=actual, proposal=None))
    for when, price in zip(times[1:], prices[1:], strict=True):
        seen = Mark("BTC", when, price, "test")
        watched, happened = advance(watched, seen, now=when, largest_jump=D(10**9))
        if watched.live.ruined:
            assert watched.live.model.position == 0
            break
        proposal = watched.live.proposal
        if proposal is not None:
            assert happened is not None
            done = _filled_whole(watched.live, fee=proposal.cost_estimate)
            assert abs(basket(done).leverage - proposal.goal) < D("1e-50")
            watched = after(watched, done)
        found = tracking(watched.live)
        assert abs(found.difference) <= D("1e-60") * max(D(1), found.model_nav)
        assert abs(found.actual_position - found.model_position) < D("1e-60")


@given(
    st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(60, 140)), min_size=1, max_size=8),
    st.integers(0, 3),
)
def test_a_fill_changes_nav_by_its_slippage_and_fee_alone(trades, fee):
    live = opened(product(three_long()), hedged=True).live
    states = [live]
    for number, (tenths, price) in enumerate(trades):
        fill = Fill(str(number), 1, D(tenths) / 10, D(price), D(fee) / 10)
        states.append(filled(states[-1], fill))
    for (before, later), (tenths, price) in zip(pairwise(states), trades, strict=True):
        lost = D(tenths) / 10 * (price - live.price) + D(fee) / 10
        assert basket(later).nav == basket(before).nav - lost / 10


@given(
    products(),
    paths(),
    st.lists(st.sampled_from(["0", "0", "0.3", "0.9", "1", "1.2"]), min_size=40, max_size=40),
    st.lists(st.sampled_from(["0.98", "0.999", "1", "1.01"]), min_size=40, max_size=40),
)
def test_whatever_is_filled_position_and_cash_are_what_was_traded_and_charged(rules, path, shares, slips):
    """Late, partial and doubled fills between marks; proposals that stay open, are replaced or closed."""
    times, prices = path
    live = issue(rules, Mark("BTC", times[0], prices[0], "test"), nav=D(100), units=D(3), hedged=True)
    watched, position, cash = watch(rules, live), D(0), D(300)
    for number, (when, price) in enumerate(zip(times[1:], prices[1:], strict=True)):
        live = watched.live
        if live.proposal is not None and D(shares[number]) > 0:
            fill = Fill(str(number), when, remaining(live) * D(shares[number]), live.price * D(slips[number]))
            if fill.quantity != 0:
                live = filled(live, fill)
                position, cash = position + fill.quantity, cash - fill.quantity * fill.price
            if shares[number] != "0.3":
                live, done = closed(live, at=when)
                assert done.remainder == done.proposal.wanted - live.actual.position
            watched = after(watched, live)
        seen = Mark("BTC", when, price, "test")
        watched, happened = advance(watched, seen, now=when, largest_jump=D(10**9))
        if happened is not None:
            paid = happened.event.financing + happened.event.fees + happened.event.costs
            cash -= paid * 3
        actual = watched.live.actual
        assert actual.position == position
        assert abs(actual.cash - cash) < D("1e-50") * max(D(1), abs(cash))
        assert (basket(watched.live).nav == 0) is watched.live.ruined
        assert basket(watched.live).nav >= 0
        if watched.live.ruined:
            break
