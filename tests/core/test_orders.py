"""Orders as values: the id that follows from who asked, legal steps, and rounding to the side of less."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.core.canonical import decode, encode
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import Amount
from truenav.core.orders import (
    AT_VENUE,
    CLOCK_JITTER,
    FINAL,
    NEXT,
    BadOrderError,
    Order,
    OrderFill,
    OrderRequest,
    OrderState,
    OrderStepError,
    OrderTerms,
    OrderType,
    OthersOrderError,
    Reason,
    Side,
    TooSmallError,
    VenueOrder,
    Window,
    advanced,
    fitted,
    may_be_sent_again,
    notional,
)

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
WINDOW = Window(NOW, NOW + timedelta(seconds=5))
D = Decimal
LINEAR = Instrument("v:BTC", "v", "BTC", InstrumentKind.PERPETUAL, "btc", "usdt", "usdt", D(1))
INVERSE = replace(LINEAR, multiplier=D(100), inverse=True, quote="usd", settle="btc")
TERMS = OrderTerms(D("0.001"), D("0.1"), D("0.001"), D(120), D(100))
S = OrderState


def asked(**more: object) -> OrderRequest:
    given_ = {"quantity": D("0.5"), **more}
    return OrderRequest("desk", "etp/btc3l/1", 0, "v:BTC", Side.BUY, **given_)  # type: ignore[arg-type]


def fresh(request: OrderRequest | None = None) -> Order:
    return Order(request or asked(), NOW + timedelta(minutes=1), NOW, NOW)


def sent(request: OrderRequest | None = None) -> Order:
    order = fresh(request)
    return order.sending(order.request, WINDOW, D(45_000), at=NOW)


def venue(state: OrderState, filled: str = "0", **more: object) -> VenueOrder:
    found = VenueOrder("77", asked().client_id, "v:BTC", Side.BUY, D("0.5"), D(filled), state, NOW)
    return replace(found, **more)  # type: ignore[arg-type]


def test_the_client_id_follows_from_who_asked_and_from_nothing_else():
    name = asked().client_id
    assert name == "truenav-d7926ca1a973ac49152b57f2", 'sha256 of ["desk","etp/btc3l/1",0]'
    assert asked(quantity=D(9)).client_id == name
    assert asked(type=OrderType.LIMIT, price=D(1)).client_id == name
    others = [replace(asked(), leg=1), replace(asked(), origin="etp/btc3l/2"), replace(asked(), account="b")]
    assert len({name, *(one.client_id for one in others)}) == 4


@given(
    st.text(min_size=1, max_size=200), st.integers(0, 10**6), st.from_regex(r"[a-z0-9]{1,11}", fullmatch=True)
)
def test_a_client_id_is_one_that_venues_take(origin, leg, tag):
    name = replace(asked(tag=tag), origin=origin, leg=leg).client_id
    assert re.fullmatch(r"[a-z0-9-]{1,36}", name)
    assert name.partition("-")[0] == tag


@pytest.mark.parametrize(
    "more",
    [
        {"quantity": D(0)},
        {"quantity": D(-1)},
        {"quantity": D("NaN")},
        {"price": D(1)},
        {"type": OrderType.LIMIT},
        {"type": OrderType.TAKE},
        {"type": OrderType.LIMIT, "price": D(0)},
        {"type": OrderType.LIMIT, "price": D("Infinity")},
        {"tag": "with-hyphen"},
        {"tag": ""},
    ],
)
def test_a_request_that_contradicts_itself_is_refused(more):
    with pytest.raises(BadOrderError):
        asked(**more)


def test_no_order_leaves_an_end_and_only_an_unknown_one_is_sent_again():
    assert (
        {state for state in S if not NEXT[state]} == FINAL == {S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}
    )
    assert [state for state in S if S.SENT in NEXT[state]] == [S.INTENDED, S.UNKNOWN]
    assert NEXT[S.INTENDED] == {S.SENT, S.REJECTED}
    assert not any(S.REJECTED in NEXT[state] for state in AT_VENUE)
    assert not any(S.INTENDED in following for following in NEXT.values())


@given(st.sampled_from(S), st.sampled_from(S))
def test_a_step_is_legal_or_refused(state, to):
    if to is state or to in NEXT[state]:
        assert advanced(state, to) is to
    else:
        with pytest.raises(OrderStepError, match="cannot become"):
            advanced(state, to)


@given(st.lists(st.sampled_from(S), max_size=8), st.lists(st.integers(0, 500), min_size=8, max_size=8))
def test_whatever_the_venue_says_in_whatever_order_an_order_never_goes_back(states, filled):
    order = sent()
    for state, thousandths in zip(states, filled, strict=False):
        after = order.told(venue(state, str(D(thousandths) / 1000)), at=NOW)
        assert after.filled >= order.filled
        assert after.state is order.state or after.state in NEXT[order.state]
        assert after.version - order.version in (0, 1)
        order = after


@pytest.mark.parametrize(
    "other", [{"quantity": D("0.6")}, {"side": Side.SELL}, {"instrument": "v:ETH"}, {"client_id": "x"}]
)
def test_another_order_under_our_client_id_is_not_taken_for_ours(other):
    with pytest.raises(OthersOrderError, match="not what was asked for"):
        sent().told(venue(S.FILLED, "0.5", **other), at=NOW)


def test_an_order_is_settled_when_its_fills_come_to_what_was_filled():
    assert sent().rejected(Reason.MARGIN, "", at=NOW).settled
    assert sent().told(venue(S.CANCELLED), at=NOW).settled
    done = sent().told(venue(S.FILLED, "0.5"), at=NOW)
    part = [OrderFill("1", NOW, D("0.2"), D(90_000), Amount(D(7), "usdt"), maker=True)]
    assert not done.settled
    assert not done.with_fills(part, at=NOW).settled
    assert done.with_fills([*part, replace(part[0], id="2", quantity=D("0.3"))], at=NOW).settled


def test_what_may_still_be_filled_shrinks_with_each_fill_and_is_nothing_at_the_end():
    assert sent().rest == D("0.5")
    partly = sent().told(venue(S.PARTLY_FILLED, "0.2"), at=NOW)
    assert (partly.rest, partly.told(venue(S.CANCELLED, "0.2"), at=NOW).rest) == (D("0.3"), 0)


def test_an_order_comes_back_from_its_text_as_it_was():
    fills = [OrderFill("1", NOW, D("0.5"), D(90_000), Amount(D("7.5"), "usdt"), maker=False)]
    order = sent().told(venue(S.FILLED, "0.5"), at=NOW).with_fills(fills, at=NOW)
    assert decode(Order, encode(order)) == order
    assert decode(Order, encode(fresh())) == fresh()


def test_only_a_look_up_behind_the_window_allows_a_second_sending():
    end = WINDOW.until + CLOCK_JITTER
    later = end + timedelta(milliseconds=1)
    assert may_be_sent_again(WINDOW, venue_at=later, found=False)
    assert not may_be_sent_again(WINDOW, venue_at=end, found=False)
    assert not may_be_sent_again(WINDOW, venue_at=later, found=True)


# -- rounding ---------------------------------------------------------------------------------

numbers = st.decimals(min_value="0.0005", max_value=300, places=7)
prices = st.decimals(min_value=1, max_value=200_000, places=5)


@given(numbers, prices, st.sampled_from(Side), st.sampled_from(["0.001", "0.01", "0.5", "1"]), st.booleans())
def test_rounding_never_asks_for_more_nor_at_a_worse_price(quantity, price, side, step, reduces):
    request = replace(
        asked(type=OrderType.LIMIT, price=price, quantity=quantity), side=side, reduce_only=reduces
    )
    terms = replace(TERMS, step=D(step), tick=D("0.1"))
    try:
        found = fitted(request, terms, None, LINEAR)
    except TooSmallError:
        assert (
            quantity < max(terms.least, terms.step) or (quantity - terms.step) * price < terms.least_notional
        )
        return
    assert found.price is not None
    assert 0 < found.quantity <= quantity
    assert quantity - found.quantity < terms.step or found.quantity == terms.most
    assert found.quantity % terms.step == 0
    assert found.price % terms.tick == 0
    assert 0 <= (price - found.price) * side.sign < terms.tick
    assert replace(found, quantity=request.quantity, price=request.price) == request


def test_what_is_too_small_is_refused_unless_it_reduces():
    little = asked(quantity=D("0.002"))
    with pytest.raises(TooSmallError, match="worth less than the 100"):
        fitted(little, TERMS, D(40_000), LINEAR)
    assert fitted(replace(little, reduce_only=True), TERMS, D(40_000), LINEAR) == replace(
        little, reduce_only=True
    )
    with pytest.raises(TooSmallError, match=r"0\.0009 is less than the 0\.001"):
        fitted(asked(quantity=D("0.0009")), TERMS, D(40_000), LINEAR)
    with pytest.raises(TooSmallError, match="less than one tick"):
        fitted(asked(type=OrderType.LIMIT, price=D("0.05")), TERMS, None, LINEAR)


def test_contracts_are_worth_their_size_times_the_price_or_their_size_alone():
    assert notional(LINEAR, D("0.5"), D(90_000)) == 45_000
    assert notional(INVERSE, D(3), D(90_000)) == 300
