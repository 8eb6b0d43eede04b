"""A hedged product at the simulated venue: proposals become orders, orders fills, fills its position."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.app.trading.desk import DESK, LIMITS, PERP

from truenav.app.etp.live.hedging import automatic, fills_of, order_for
from truenav.app.etp.live.product import replayed
from truenav.calc.etp.live.deeds import Approved, Closed, Compared, Filled, Stopped
from truenav.calc.etp.live.state import ProposalKind, basket
from truenav.core.canonical import canonical_json
from truenav.core.instruction import ApproveProposal, CloseProposal, CreateUnits, InstructionState
from truenav.core.money import Amount, AssetId, exact
from truenav.core.orders import Order, OrderFill, OrderState, Side
from truenav.core.product import DailyTimes, Fee, Schedule
from truenav.simulator.world import Override
from truenav.store import orders
from truenav.store.orders import StaleExecutorError

from ...trading.desk import PERPETUAL as CONTRACT
from ..listings import listing, terms

D = Decimal


def _hedged(following, **changed):
    """A product that is hedged in the desk's account, opened at the venue's mark."""
    trading = following.trading
    values = {"hedge_account": DESK, "automatic_up_to": D(1_000_000), "opening_units": D(1000), **changed}
    following.list(listing(opened_at=trading.clock.now(), **values))
    following.told(trading.mark(), 0)


def _deeds(following):
    return [type(deed.what) for chapter in following.chapters() for deed in chapter.deeds]


def _journal(following):
    return [order.state for order in following.trading.journal().values()]


def test_the_opening_is_traded_within_limits_and_closed_and_computed_again(following):
    _hedged(following)
    wanted = following.running().live.proposal.wanted
    following.tended()
    live = following.running().live
    assert live.proposal is None
    assert live.actual.position == following.trading.position()
    with exact():
        assert 0 <= wanted - live.actual.position < D("0.001")  # the venue's step
    assert _journal(following) == [OrderState.FILLED]
    following.written()
    assert _deeds(following)[0] is Approved
    assert set(_deeds(following)[1:-1]) == {Filled}
    assert _deeds(following)[-1] is Closed
    (rebalance,) = following.chapters()[0].rebalances
    assert rebalance.fees > 0
    (computed,) = replayed(following.chapters(), {1: following.listing()})
    assert canonical_json(computed) == canonical_json(following.chapters()[0])


def test_the_journal_of_orders_and_the_product_agree_to_the_last_digit(following):
    _hedged(following)
    following.tended()
    live, (order,) = following.running().live, following.trading.journal().values()
    with exact():
        paid = sum(fill.quantity * fill.price + fill.fee.number for fill in order.fills)
        assert live.actual.cash == 100 * 1000 - paid
    assert order.request.origin == "etp/btc3l/1"


def test_a_larger_rebalance_waits_for_a_person(following):
    _hedged(following, automatic_up_to=D(1000))
    following.tended()
    assert (following.trading.journal(), following.running().live.approved) == ({}, None)
    asked = following.asks(ApproveProposal(1))
    following.tended()
    following.written()
    assert following.running().live.proposal is None
    done = following.instruction(asked)
    assert (done.state, done.chapter, done.made_by) == (InstructionState.DONE, 1, "max")


def test_a_trigger_reduces_and_the_venue_lets_it_only_reduce(following):
    _hedged(following)
    following.tended()
    held = following.running().live.actual.position
    with exact():
        lower = (following.trading.mark() * D("0.88")).quantize(D("0.1"))
    following.trading.world.overrides["binance", PERP] = Override(lower)
    following.told(lower, 30)
    assert following.running().live.proposal.number == 2
    following.tended()
    orders_made = list(following.trading.journal().values())
    assert [one.request.reduce_only for one in orders_made] == [False, True]
    assert following.running().live.actual.position < held
    assert basket(following.running().live).leverage == pytest.approx(3, abs=D("0.05"))


def test_the_daily_event_charges_its_fee_and_is_traded_at_the_venue(following):
    soon = DailyTimes((f"{following.trading.clock.now() + timedelta(minutes=2):%H:%M}",))
    rules = terms(schedules=(Schedule(soon),), fees=(Fee(D("0.0003"), soon),))
    _hedged(following, product=replace(listing().product, terms=(rules,)))
    following.tended()
    held = following.running().live.actual
    with exact():
        higher = (following.trading.mark() * D("1.03")).quantize(D("0.1"))
        worth = held.position * higher + held.cash
    following.trading.world.overrides["binance", PERP] = Override(higher)
    following.told(higher, 150)
    live = following.running().live
    assert live.proposal.kind is ProposalKind.SCHEDULED
    with exact():
        assert held.cash - live.actual.cash == worth * D("0.0003")
    following.tended()
    live = following.running().live
    assert live.proposal is None
    assert live.actual.position > held.position  # a long product buys after a rise
    assert live.actual.position == following.trading.position()
    assert basket(live).leverage == pytest.approx(3, abs=D("0.005"))
    following.written()
    (computed,) = replayed(following.chapters(), {1: following.listing()})
    assert canonical_json(computed) == canonical_json(following.chapters()[0])
    assert [one.proposal.kind for one in computed.rebalances] == [
        ProposalKind.OPENING,
        ProposalKind.SCHEDULED,
    ]


def test_what_the_limits_refuse_waits_with_the_reason_until_a_person_approves_again(following):
    _hedged(following)
    following.trading.put_limits(replace(LIMITS, order_notional=D(1000)))
    following.tended()
    live = following.running().live
    assert (live.proposal.number, live.approved) == (1, None)
    assert "one order" in live.trouble
    following.tended()  # nothing is tried again by itself
    assert len(following.trading.journal()) == 1
    following.trading.put_limits(LIMITS)
    following.asks(ApproveProposal(1))
    following.tended()
    assert (following.running().live.proposal, following.running().live.trouble) == (None, "")
    following.written()
    assert Stopped in _deeds(following)


def test_who_declines_lets_the_trigger_rest(following):
    _hedged(following, automatic_up_to=None)
    following.asks(CloseProposal(1, 30, "The book is too thin."))
    following.tended()
    live = following.running().live
    assert (live.proposal, live.actual.position) == (None, 0)
    assert live.actual.sleeps_until > live.mark.at + 29 * 60 * 1_000_000


@pytest.mark.parametrize("point", ["orders.intended", "orders.sent", "orders.answered"])
def test_a_process_that_dies_at_an_order_books_its_fills_once(following, monkeypatch, point):
    _hedged(following)
    following.written()

    class Died(BaseException):
        pass

    def die(name):
        if name == point:
            raise Died

    monkeypatch.setattr("truenav.app.trading.executor.commit_point", die)
    with pytest.raises(Died):
        following.tended()
    monkeypatch.undo()
    monkeypatch.setattr("truenav.app.etp.live.follower.LiveMarket", _market())
    again = following.restarted()
    following.trading.clock.set(following.trading.clock.now() + timedelta(seconds=7))
    again.told(following.trading.mark(), 8)
    again.tended()
    again.written()
    live = again.running().live
    assert live.proposal is None
    assert live.actual.position == following.trading.position()
    assert len(following.trading.at_venue()) == 1


def _market():
    from ..following import Market

    return Market


def test_fills_that_were_not_written_are_booked_by_whoever_goes_on(following):
    _hedged(following)
    following.written()
    following.tended()
    again = following.restarted()  # the chapter of the fills was never written
    assert again.running().live.actual.position == 0
    again.tended()
    assert again.running().live.actual.position == following.trading.position()
    assert len(following.trading.at_venue()) == 1
    assert again.running().live == replace(following.running().live)


def test_a_position_that_the_product_does_not_hold_is_told_once(following):
    _hedged(following)
    following.tended()
    asyncio.run(following.trading.running(_foreign()))
    following.trading.later(seconds=61)
    following.tended()
    assert following.running().live.unexplained == D("0.25")
    following.trading.later(seconds=61)
    following.tended()
    following.written()
    assert _deeds(following).count(Compared) == 1


def _foreign():
    from tests.app.trading.desk import request

    return replace(request(quantity="0.25"), origin="by hand")


def _creation(following):
    """100 units asked for and approved, and the mark that they are dealt at."""
    asked = following.asks(CreateUnits("maker", D(100)))
    following.approves(asked)
    following.trading.later(seconds=1)
    following.told(following.trading.mark(), 5)
    return asked


def test_a_creation_in_cash_is_traded_first_and_trues_up(following):
    _hedged(following)
    following.tended()
    before = basket(following.running().live).nav
    asked = _creation(following)
    following.tended()
    following.written()
    done = following.instruction(asked)
    assert done.state is InstructionState.DONE
    live = following.running().live
    assert (live.units, live.actual.position) == (1100, following.trading.position())
    with exact():
        assert done.settlement.true_up == done.settlement.total - done.estimate.total
        assert abs(basket(live).nav - before) < D("1e-20")
    assert done.settlement.true_up > 0  # fee and half the spread are the participant's


def test_a_creation_that_ended_meanwhile_is_not_traded_by_who_read_it_before(following):
    _hedged(following)
    following.tended()
    asked = _creation(following)

    async def estimated() -> None:
        hedger = following.hedger()
        await following.products.tend(hedger)
        await hedger.close()

    asyncio.run(estimated())
    deal = following.instruction(asked)
    assert deal.estimate is not None
    now = following.trading.clock.now()
    refused = replace(deal, state=InstructionState.REFUSED, outcome="no margin", ended_at=now)
    following.products._save(deal, refused)

    async def late() -> None:
        hedger = following.hedger()
        hedger.tend([deal])
        await hedger.idle()

    asyncio.run(late())
    assert len(following.trading.journal()) == 1  # the opening
    assert following.running().live.units == 1000


class _Overtaken:
    """A trader that another process takes the account from as soon as an order was placed."""

    def __init__(self, trader):
        self.trader, self.overtaken = trader, False

    async def execute(self, account, requests, *, good_until):
        done = await self.trader.execute(account, requests, good_until=good_until)
        if requests and not self.overtaken:
            self.overtaken = True
            raise StaleExecutorError("Another executor works the account's orders by now.")
        return done

    async def look(self, account, instrument):
        return await self.trader.look(account, instrument)


def test_a_creation_whose_order_another_process_took_over_waits_for_it(following):
    _hedged(following)
    following.tended()
    asked = _creation(following)

    async def overtaken() -> None:
        hedger = following.hedger()
        hedger.trader = _Overtaken(hedger.trader)
        for _ in range(2):
            await following.products.tend(hedger)
            await hedger.idle()
        assert hedger.trader.overtaken
        await hedger.close()

    asyncio.run(overtaken())
    assert following.instruction(asked).state is InstructionState.APPROVED
    following.trading.later(seconds=6)
    following.tended()
    following.written()
    assert following.instruction(asked).state is InstructionState.DONE
    assert following.running().live.actual.position == following.trading.position()


def test_a_product_that_ended_meanwhile_is_not_traded_for(following):
    _hedged(following)

    async def late() -> None:
        hedger = following.hedger()
        following.products.running = {}
        await hedger._work("btc3l", DESK, ())

    asyncio.run(late())
    assert following.trading.journal() == {}


def test_two_orders_of_one_decision_are_no_others(following):
    _hedged(following)
    following.tended()
    trading = following.trading
    with trading.house.database.transaction(trading.tenant) as session:
        opened = following.listing().opened_at
        assert len(orders.of_origin(session, DESK, "etp/btc3l/1", opened)) == 1
        assert len(orders.of_origin(session, DESK, "etp/btc3l/", opened)) == 1
        assert orders.of_origin(session, DESK, "etp/btc3l", opened) == ()
        assert orders.of_origin(session, DESK, "etp/btc%/", opened) == ()


@pytest.mark.parametrize(
    ("rest", "held", "side", "reduces"),
    [
        ("3", "0", Side.BUY, False),
        ("-1", "3", Side.SELL, True),
        ("-3", "3", Side.SELL, True),
        ("-4", "3", Side.SELL, False),
        ("1", "-3", Side.BUY, True),
        ("-1", "-3", Side.SELL, False),
    ],
)
def test_an_order_only_reduces_where_the_position_gets_smaller_and_does_not_turn(rest, held, side, reduces):
    order = order_for("etp/x/1", 0, DESK, replace(CONTRACT, multiplier=D("0.01")), D(rest), D(held))
    assert (order.side, order.quantity, order.reduce_only) == (side, abs(D(rest)) * 100, reduces)


def test_nothing_is_ordered_for_less_than_the_finest_part_of_a_contract():
    assert order_for("etp/x/1", 0, DESK, CONTRACT, D("1e-30"), D(1)) is None


def test_a_fee_in_another_asset_is_told_and_not_taken_for_one_in_the_quote(following):
    _hedged(following)
    request = order_for("etp/btc3l/1", 0, DESK, CONTRACT, D("-2"), D(0))
    fee = Amount(D("0.01"), AssetId("binance:BNB"))
    at = following.trading.clock.now()
    order = Order(request, at, at, at, fills=(OrderFill("7", at, D(2), D(100), fee, False),))
    ((fill, others),) = fills_of(order, CONTRACT)
    assert (fill.quantity, fill.fee, others) == (-2, 0, (fee,))


def test_nothing_is_approved_by_the_system_without_a_limit_or_after_trouble(following):
    _hedged(following, automatic_up_to=D(300_000), product=replace(listing().product, terms=(terms(),)))
    live = following.running().live
    listed = following.listing()
    assert automatic(listed, live) == Approved(1)
    assert automatic(replace(listed, automatic_up_to=D(299_999)), live) is None
    assert automatic(replace(listed, automatic_up_to=None), live) is None
    assert automatic(listed, replace(live, trouble="refused")) is None
