"""The price band around NAV, and creation and redemption: at NAV, trued up, and refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.live.worlds import MINUTE, SECOND, START, D, after, at, opened, product, three_long

from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.live.dealing import (
    DealingHaltedError,
    DealingRefusedError,
    Execution,
    OutsideBandError,
    Request,
    StaleNavError,
    batch,
    check_limit,
    check_sweep,
    dealing_instant,
    dealt,
    halted_until,
    price_band,
    quote,
    settle,
)
from truenav.calc.etp.live.hedged import closed, filled, remaining
from truenav.calc.etp.live.state import Fill, LiveProduct, basket
from truenav.core.basket import Side
from truenav.core.failure import InvalidInputError
from truenav.core.money import exact
from truenav.core.orders import Side as TradeSide
from truenav.core.product import DailyTimes, Dealing, Fee, Halt, ShareMerge, Trigger

TENTH = D("0.001")
BANDED = three_long(price_band=D("0.05"))
NOW = microseconds(START)


def _live(**options: object) -> LiveProduct:
    return opened(product(three_long()), **options).live


def _hedged() -> LiveProduct:
    live = _live(hedged=True)
    done, _ = closed(filled(live, Fill("first", NOW, remaining(live), D("100.5"), D("0.7"))), at=NOW)
    return done


def _band(nav: object = "133.3333", tick: object = "0.01"):
    return price_band(_live(nav=D(str(nav))), BANDED, tick=D(str(tick)), now=NOW)


def _request(side: Side, units: object, *, received_at: int = NOW, name: str = "r") -> Request:
    return Request(name, side, D(str(units)), received_at)


# The band


@pytest.mark.parametrize(("side", "price"), [(TradeSide.BUY, "139.99"), (TradeSide.SELL, "126.67")])
def test_an_order_at_the_edge_of_the_band_is_allowed_and_one_tick_beyond_is_not(side, price):
    check_limit(_band(), side, D(price))
    with pytest.raises(OutsideBandError, match=r"133\.3333"):
        check_limit(_band(), side, D(price) + side.sign * D("0.01"))


def test_a_cheap_purchase_and_a_dear_sale_are_allowed():
    check_limit(_band(), TradeSide.BUY, D("1"))
    check_limit(_band(), TradeSide.SELL, D("1000"))


@pytest.mark.parametrize("price", ["0", "-1", "130.005"])
def test_a_price_between_two_ticks_or_not_above_zero_is_refused(price):
    with pytest.raises(OutsideBandError, match="whole number of ticks"):
        check_limit(_band(), TradeSide.BUY, D(price))


def test_a_market_order_is_checked_at_every_level_it_touches():
    book = [(D("139.9"), D(5)), (D("139.99"), D(5)), (D("140"), D(5))]
    found = check_sweep(_band(), TradeSide.BUY, D(8), book)
    assert (found.worst, found.quantity) == (D("139.99"), 8)
    with exact():
        assert found.average == (5 * D("139.9") + 3 * D("139.99")) / 8
    with pytest.raises(OutsideBandError, match="10 lie within") as refused:
        check_sweep(_band(), TradeSide.BUY, D(11), book)
    assert refused.value.context["within"] == 10
    with pytest.raises(OutsideBandError, match="126"):
        check_sweep(_band(), TradeSide.SELL, D(1), [(D("126.66"), D(5))])


@pytest.mark.parametrize("book", [[], [(D("133"), D(2))]])
def test_a_market_order_beyond_the_book_is_refused(book):
    with pytest.raises(OutsideBandError, match="book holds"):
        check_sweep(_band(), TradeSide.BUY, D(3), book)


def test_a_market_order_for_nothing_is_refused():
    with pytest.raises(OutsideBandError, match="above 0"):
        check_sweep(_band(), TradeSide.BUY, D(0), [(D("133"), D(2))])


@given(
    st.sampled_from(TradeSide),
    st.lists(st.tuples(st.integers(12_000, 15_000), st.integers(1, 9)), unique_by=lambda one: one[0]),
    st.integers(1, 60),
)
def test_a_market_order_trades_within_the_band_alone_or_not_at_all(side, levels, asked):
    """What lies within is told to the last unit: so much passes, and no more."""
    found = sorted(levels, reverse=side is TradeSide.SELL)
    book = [(D(cents) / 100, D(units)) for cents, units in found]
    band = _band()
    within = sum((units for price, units in book if _within(side, price)), D(0))
    if asked <= within:
        sweep = check_sweep(band, side, D(asked), book)
        assert _within(side, sweep.worst)
        assert min(book[0][0], sweep.worst) <= sweep.average <= max(book[0][0], sweep.worst)
        return
    with pytest.raises(OutsideBandError) as refused:
        check_sweep(band, side, D(asked), book)
    assert refused.value.context["within"] == within


def _within(side: TradeSide, price: Decimal) -> bool:
    return price <= D("139.99") if side is TradeSide.BUY else price >= D("126.67")


def test_a_stale_nav_refuses():
    late = NOW + 61 * SECOND
    with pytest.raises(StaleNavError, match="60 s old"):
        price_band(_live(), BANDED, tick=D("0.01"), now=late)
    with pytest.raises(StaleNavError):
        quote(_live(), BANDED, _request(Side.CREATE, 1), now=late)


def test_after_ruin_there_is_no_band():
    watched, _ = at(opened(product(three_long())), 60, minutes=1)
    with pytest.raises(DealingHaltedError, match="lost everything"):
        price_band(watched.live, BANDED, tick=D("0.01"), now=NOW + MINUTE)


def test_trades_that_lost_everything_halt_before_the_next_mark_tells_of_ruin():
    """Bought at 150 and sold at 100: a unit is worth -50, and nobody is paid to have one created."""
    live = _live(hedged=True)
    for name, quantity, price in (("a", 30, 150), ("b", -30, 100)):
        live = filled(live, Fill(name, NOW, D(quantity), D(price)))
    live, _ = closed(live, at=NOW)
    assert (basket(live).nav, live.ruined) == (-50, False)
    with pytest.raises(DealingHaltedError, match="lost everything"):
        quote(live, BANDED, _request(Side.CREATE, 1), now=NOW)
    with pytest.raises(DealingHaltedError, match="lost everything"):
        price_band(live, BANDED, tick=D("0.01"), now=NOW)


def test_while_a_merge_is_due_units_are_not_traded():
    live = replace(_live(), changes=(UnitChange(10, 1),))
    with pytest.raises(DealingHaltedError, match="merge or split"):
        price_band(live, BANDED, tick=D("0.01"), now=NOW)


def test_rules_without_a_band_have_none_and_a_tick_must_be_positive():
    assert price_band(_live(), three_long(), tick=D("0.01"), now=NOW) is None
    with pytest.raises(InvalidInputError, match="tick"):
        price_band(_live(), BANDED, tick=D(0), now=NOW)


@given(
    st.decimals("0.000001", "100000", places=6),
    st.decimals("0.001", "0.999", places=3),
    st.sampled_from(["0.00001", "0.01", "0.05", "3", "0.3"]),
)
def test_rounding_inward_never_widens_the_band(nav, share, tick):
    found = price_band(_live(nav=nav), three_long(price_band=share), tick=D(tick), now=NOW)
    with exact():
        high, low = nav * (1 + share), nav * (1 - share)
        assert high - D(tick) < found.max_buy <= high
        assert low <= found.min_sell < low + D(tick)
        assert found.max_buy >= 0
        assert found.max_buy % D(tick) == found.min_sell % D(tick) == 0


# Creation and redemption


def test_the_basket_of_units_created():
    found = quote(_live(), three_long(), _request(Side.CREATE, 7), now=NOW)
    assert (found.position, found.cash, found.amount, found.fee, found.total) == (21, -1400, 700, 0, 700)


@pytest.mark.parametrize(
    ("side", "price", "paid"),
    [(Side.CREATE, "100.2", "true_up"), (Side.CREATE, "99.9", None), (Side.REDEEM, "99.8", "true_up")],
)
def test_the_participant_bears_what_the_hedge_cost(side, price, paid):
    """Huobi charges on the realised cost: the final amount is known once the hedge is traded."""
    terms = three_long(dealing=Dealing(TENTH, TENTH))
    estimate = quote(_live(), terms, _request(side, 5), now=NOW)
    sign = 1 if side is Side.CREATE else -1
    traded = Execution(D(15) * sign, D(price), D("0.3"))
    final = settle(estimate, traded)
    with exact():
        cost = 15 * sign * (D(price) - 100) + D("0.3")
        assert final.hedge_cost == cost
        assert final.amount == 500 + sign * cost
        assert final.fee == final.amount * TENTH
        assert final.total == final.amount + sign * final.fee
        assert final.true_up == sign * (final.total - estimate.total)
    assert (final.true_up > 0) is (paid is not None)


def test_without_a_trade_the_estimate_is_final():
    estimate = quote(_live(), three_long(), _request(Side.REDEEM, 2), now=NOW)
    final = settle(estimate)
    assert (final.true_up, final.total, final.position, final.cash) == (0, 200, -6, 400)


@pytest.mark.parametrize("traded", [Execution(D(-15), D(100)), Execution(D(15), D(0))])
def test_a_trade_that_hedges_nothing_is_refused(traded):
    estimate = quote(_live(), three_long(), _request(Side.CREATE, 5), now=NOW)
    with pytest.raises(DealingRefusedError, match="cannot hedge"):
        settle(estimate, traded)


@given(
    st.sampled_from([Side.CREATE, Side.REDEEM]),
    st.decimals("0.001", "9", places=3),
    st.decimals("0.5", "1.5", places=2),
    st.decimals("50", "150", places=2),
    st.decimals("0", "3", places=2),
)
def test_dealing_leaves_the_nav_of_all_others_as_it_was(side, units, share, price, fees):
    """Whatever was traded, and at whatever price: the participant alone bears it."""
    live = _hedged()
    estimate = quote(live, three_long(dealing=Dealing(TENTH, TENTH)), _request(side, units), now=NOW)
    with exact():
        sign = 1 if side is Side.CREATE else -1
        traded = Execution(sign * estimate.position * share, price, fees)
        final = settle(estimate, traded)
        later = dealt(live, final)
        assert abs(basket(later).nav - basket(live).nav) < D("1e-70")
        assert later.units == live.units + sign * units
        # what the participant paid is what the product got and what the hedge and the issuer's fee took
        trade = traded.quantity * traded.price + traded.fees
        assert abs(sign * final.amount - (trade + final.cash)) < D("1e-70")
        assert basket(later).nav > 0
        assert final.fee == max(final.amount, D(0)) * TENTH


@given(st.decimals("0.001", "9", places=3))
def test_creation_in_kind_leaves_basket_and_leverage_as_they_were(units):
    live = _hedged()
    later = dealt(live, settle(quote(live, three_long(), _request(Side.CREATE, units), now=NOW)))
    before, since = basket(live), basket(later)
    assert abs(before.position - since.position) < D("1e-70")
    assert abs(before.cash - since.cash) < D("1e-70")


def test_units_of_a_product_that_is_its_model():
    live = _live()
    later = dealt(live, settle(quote(live, three_long(), _request(Side.REDEEM, 10), now=NOW)))
    assert later == replace(live, units=D(0))


def test_an_open_order_stays_as_large_when_units_are_created():
    watched = after(opened(product(three_long(trigger=Trigger(above=D(4))))), _hedged())
    watched, _ = at(watched, 88, minutes=1)
    live, when = watched.live, NOW + MINUTE
    later = dealt(live, settle(quote(live, watched.terms, _request(Side.CREATE, 5), now=when)))
    assert remaining(live) != 0
    assert abs(remaining(later) - remaining(live)) < D("1e-70")


@pytest.mark.parametrize(
    ("side", "units", "why"),
    [
        (Side.CREATE, 0, "above 0"),
        (Side.CREATE, -1, "above 0"),
        (Side.CREATE, "NaN", "above 0"),
        (Side.CREATE, "2.5", "unit size 2"),
        (Side.REDEEM, 12, "Of 10 units outstanding 10 are left"),
        (Side.CREATE, 4, "left of the daily cap, 300"),
    ],
)
def test_a_number_of_units_that_cannot_be_dealt_is_refused(side, units, why):
    terms = three_long(dealing=Dealing(unit_size=D(2), daily_cap=D(1000)))
    with pytest.raises(DealingRefusedError, match=why):
        quote(_live(), terms, _request(side, units), now=NOW, dealt=D(700))


def test_the_daily_cap_can_be_used_up():
    terms = three_long(dealing=Dealing(daily_cap=D(1000)))
    assert quote(_live(), terms, _request(Side.CREATE, 3), now=NOW, dealt=D(700)).amount == 300


def test_the_last_units_of_a_hedged_product_are_not_redeemed():
    with pytest.raises(DealingRefusedError, match="end it"):
        quote(_hedged(), three_long(), _request(Side.REDEEM, 10), now=NOW)


def test_nothing_is_created_during_a_halt():
    merge = three_long(fees=(Fee(D(0), DailyTimes(("20:01",))),), merge=ShareMerge(D(50), 10))
    due, _ = at(opened(product(merge)), 80, minutes=1)
    ruined, _ = at(opened(product(three_long())), 60, minutes=1)
    halted = {
        "merge": due.live,
        "ruin": ruined.live,
        "issuer": replace(ruined.live, ruined=False, halted=True),
        "rebalancing": _live(hedged=True),
    }
    for cause, live in halted.items():
        with pytest.raises(DealingHaltedError) as refused:
            quote(live, three_long(), _request(Side.CREATE, 1), now=live.mark.at)
        assert refused.value.context["causes"] == [cause]


def test_dealing_rests_at_the_times_of_the_rules():
    terms = three_long(dealing=Dealing(halt=Halt(DailyTimes(("19:59:30",)), 90)))
    assert halted_until(terms, NOW) == NOW + 60 * SECOND
    with pytest.raises(DealingHaltedError, match="20:01:00Z"):
        quote(_live(), terms, _request(Side.CREATE, 1), now=NOW)
    watched, _ = at(opened(product(terms)), 100, minutes=1)
    assert quote(watched.live, terms, _request(Side.CREATE, 1), now=NOW + MINUTE).amount == 100


def test_a_request_waits_for_the_next_dealing_time():
    terms = three_long(dealing=Dealing(at=DailyTimes(("00:00", "08:00", "16:00"), "Asia/Shanghai")))
    midnight = NOW + 4 * 60 * MINUTE  # 20:00 UTC is 04:00 in Shanghai; the next time is 08:00 there
    assert dealing_instant(terms, NOW) == midnight
    assert dealing_instant(terms, midnight) == midnight
    assert dealing_instant(terms, midnight + 1) == midnight + 8 * 60 * MINUTE
    assert dealing_instant(three_long(), NOW) == NOW


def test_a_batch_deals_first_come_first_served_as_far_as_the_cap_goes():
    terms = three_long(dealing=Dealing(daily_cap=D(1000)))
    requests = [
        _request(Side.CREATE, 5, received_at=NOW - 1, name="late"),
        _request(Side.CREATE, 4, received_at=NOW - 3, name="first"),
        _request(Side.CREATE, 6, received_at=NOW - 2, name="too much"),
    ]
    found = batch(_live(), terms, requests, at=NOW, dealt=D(50))
    assert [one.request.id for one in found.quotes] == ["first", "late"]
    assert [one.request.id for one in found.refused] == ["too much"]
    assert "550" in found.refused[0].why


def test_a_batch_does_not_redeem_more_than_is_outstanding():
    asked = [(Side.REDEEM, 6, "a"), (Side.REDEEM, 6, "b"), (Side.CREATE, 20, "c"), (Side.REDEEM, 4, "d")]
    requests = [_request(side, units, received_at=NOW - 3, name=name) for side, units, name in asked]
    found = batch(_live(), three_long(), requests, at=NOW)
    assert [one.request.id for one in found.quotes] == ["a", "c", "d"]
    assert "Of 10 units outstanding 4 are left" in found.refused[0].why


@given(
    st.lists(st.tuples(st.sampled_from(Side), st.decimals("0.001", "12", places=3)), max_size=8),
    st.decimals("0", "2000", places=2),
    st.booleans(),
)
def test_what_a_batch_quotes_can_be_dealt_and_keeps_nav_and_cap(asked, cap, hedged):
    """Each request is quoted or refused, once; all that is quoted is within the cap and can be settled."""
    live = _hedged() if hedged else _live()
    terms = three_long(dealing=Dealing(TENTH, TENTH, daily_cap=cap))
    requests = [
        _request(side, units, received_at=NOW - number, name=str(number))
        for number, (side, units) in enumerate(asked)
    ]
    found = batch(live, terms, requests, at=NOW)
    ended = [one.request.id for one in (*found.quotes, *found.refused)]
    assert sorted(ended) == sorted(one.id for one in requests)
    with exact():
        assert sum(one.amount for one in found.quotes) <= cap
        later = live
        for one in found.quotes:
            later = dealt(later, settle(one))
        if later.units > 0:
            assert abs(basket(later).nav - basket(live).nav) < D("1e-68")
        assert later.units >= 0
        assert later.units > 0 or not hedged


def test_a_batch_leaves_a_hedged_product_some_units():
    """What two redemptions would end together is not traded: the second could never be settled."""
    asked = [(5, "a"), (5, "b"), (4, "c")]
    requests = [_request(Side.REDEEM, units, received_at=NOW - 3, name=name) for units, name in asked]
    live = _hedged()
    found = batch(live, three_long(), requests, at=NOW)
    assert [one.request.id for one in found.quotes] == ["a", "c"]
    assert "end it" in found.refused[0].why
    for one in found.quotes:
        live = dealt(live, settle(one))
    assert live.units == 1


def test_units_whose_redemption_is_under_way_are_not_redeemed_again():
    requests = [_request(Side.REDEEM, 4, name="a"), _request(Side.REDEEM, 3, name="b")]
    found = batch(_live(), three_long(), requests, at=NOW, bound=D(6))
    assert [one.request.id for one in found.quotes] == ["a"]
    assert "Of 10 units outstanding 0 are left" in found.refused[0].why
