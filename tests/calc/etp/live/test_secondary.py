"""The secondary market beside NAV, and what holding costs; what cannot be read is missing, never zero."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.live.worlds import D, opened, product, three_long

from truenav.calc.etp.live.secondary import Market, holding_cost, secondary_view
from truenav.calc.etp.live.state import basket
from truenav.core.failure import InvalidInputError
from truenav.core.money import exact
from truenav.core.product import DailyTimes, Exposure, Fee, FeeBasis, Financing

UNIT = basket(opened(product(three_long())).live)
FULL = Market(
    last=D("101"),
    last_at=7,
    bids=[(D("99.5"), D(4)), (D("99"), D(10)), (D("97"), D(50))],
    asks=[(D("100.5"), D(2)), (D("101"), D(10)), (D("103"), D(50))],
    maker_fee=D("0.001"),
    taker_fee=D("0.002"),
)


def test_premium_depth_and_costs_of_a_market_that_shows_everything():
    found = secondary_view(FULL, UNIT, units=D(6))
    assert (found.nav, found.premium_last, found.premium_mid, found.spread) == (100, D("0.01"), 0, D("0.01"))
    assert (found.last, found.last_at) == (101, 7)
    assert found.bid_depth == D("99.5") * 4 + 990
    assert found.ask_depth == 201 + 1010
    with exact():
        paid, got = (201 + 404) * D("1.002"), (398 + 198) * D("0.998")
        assert found.round_trip_taker == 1 - got / paid
        assert found.round_trip_maker == 1 - D("0.999") / D("1.001")
    assert found.missing == ()


def test_nothing_known_is_all_missing():
    found = secondary_view(Market(), UNIT, units=D(1))
    names = [
        "ask_depth",
        "bid_depth",
        "premium_last",
        "premium_mid",
        "round_trip_maker",
        "round_trip_taker",
        "spread",
    ]
    assert list(found.missing) == names
    assert all(getattr(found, name) is None for name in names)


@given(st.sets(st.sampled_from([field.name for field in fields(Market)])))
def test_an_unread_input_leaves_exactly_its_figures_missing(unread):
    found = secondary_view(replace(FULL, **dict.fromkeys(unread)), UNIT, units=D(6))
    needs = {
        "ask_depth": {"asks"},
        "bid_depth": {"bids"},
        "premium_last": {"last"},
        "premium_mid": {"asks", "bids"},
        "round_trip_maker": {"maker_fee"},
        "round_trip_taker": {"asks", "bids", "taker_fee"},
        "spread": {"asks", "bids"},
    }
    assert set(found.missing) == {name for name, inputs in needs.items() if inputs & unread}


def test_orders_at_the_very_distance_count():
    market = replace(
        FULL, bids=[(D(98), D(1)), (D("97.99"), D(1))], asks=[(D(102), D(1)), (D("102.01"), D(1))]
    )
    found = secondary_view(market, UNIT, units=D(1))
    assert (found.bid_depth, found.ask_depth) == (98, 102)


def test_of_a_book_that_goes_on_a_depth_is_known_only_where_it_reaches_beyond_the_distance():
    market = replace(FULL, bids=FULL.bids[:2], goes_on=True)
    found = secondary_view(market, UNIT, units=D(1))
    assert (found.bid_depth, found.ask_depth) == (None, 201 + 1010)
    assert found.missing == ("bid_depth",)


def test_the_depth_behind_the_told_levels_of_a_market_away_from_nav_is_not_known():
    """All told bids lie above the distance: those that follow are lower, and may lie within it."""
    dear = replace(FULL, bids=[(D("106"), D(4)), (D("105"), D(10))], goes_on=True)
    assert secondary_view(dear, UNIT, units=D(1)).bid_depth is None
    cheap = replace(FULL, asks=[(D("95"), D(4)), (D("96"), D(10))], goes_on=True)
    assert secondary_view(cheap, UNIT, units=D(1)).ask_depth is None
    assert secondary_view(replace(dear, goes_on=False), UNIT, units=D(1)).bid_depth == 0


LEVELS = st.lists(st.tuples(st.integers(90, 110), st.integers(1, 9)), unique_by=lambda one: one[0])


@given(LEVELS, st.integers(0, 20), st.booleans())
def test_a_depth_that_is_told_of_a_part_of_the_book_is_that_of_the_whole(levels, told, bids):
    side, figure = ("bids", "bid_depth") if bids else ("asks", "ask_depth")
    book = [(D(price), D(units)) for price, units in sorted(levels, reverse=bids)]

    def depth(some: list[tuple[Decimal, Decimal]], *, goes_on: bool) -> Decimal | None:
        market = replace(FULL, **{side: some}, goes_on=goes_on)
        return getattr(secondary_view(market, UNIT, units=D(1)), figure)

    whole = depth(book, goes_on=False)
    assert whole == sum(price * units for price, units in book if 98 <= price <= 102)
    if 0 < told < len(book):
        assert depth(book[:told], goes_on=True) in (None, whole)


def test_an_empty_book_has_no_depth_and_no_middle():
    found = secondary_view(replace(FULL, bids=[]), UNIT, units=D(1))
    assert found.bid_depth == 0
    assert found.premium_mid is None
    assert found.round_trip_taker is None


def test_a_round_trip_larger_than_the_book_is_unknown():
    assert secondary_view(FULL, UNIT, units=D(63)).round_trip_taker is None


@pytest.mark.parametrize(("units", "within"), [(0, "0.02"), (1, "0"), (1, "1")])
def test_a_view_that_asks_for_nothing_is_refused(units, within):
    with pytest.raises(InvalidInputError, match="looked at"):
        secondary_view(FULL, UNIT, units=D(units), within=D(within))


def test_a_premium_over_nothing_is_unknown():
    assert secondary_view(FULL, replace(UNIT, nav=D(0)), units=D(1)).premium_last is None


def test_a_daily_fee_over_a_year():
    """LT-17: 0.03 % a day is 10.37 % a year."""
    found = holding_cost(three_long(fees=(Fee(D("0.0003"), DailyTimes(("00:02",))),)))
    assert round(found.fees, 7) == D("0.1037326")
    assert found.financing is None
    assert found.total is None
    assert found.missing == ("financing", "total")


@pytest.mark.parametrize(
    ("terms", "expected", "daily"),
    [
        (three_long(), "0.0003", "0.0009"),
        (three_long(target=D(-3)), "0.0003", "-0.0009"),
        (three_long(exposure=Exposure.SPOT), "0.0003", "0.0006"),
        (three_long(exposure=Exposure.SPOT, target=D(-3)), "0.0003", "0.0009"),
        (three_long(exposure=Exposure.INVERSE), "0.0003", "0.0006"),
        (three_long(exposure=Exposure.FUTURE), None, "0"),
        (three_long(financing=Financing(issuer_bears=True)), "0.0003", "0"),
        (
            three_long(financing=Financing(D("0.0001"), DailyTimes(("00:00", "08:00", "16:00")))),
            None,
            "0.0009",
        ),
    ],
)
def test_financing_of_a_year_is_charged_on_what_is_financed(terms, expected, daily):
    found = holding_cost(terms, expected_rate_daily=None if expected is None else D(expected))
    with exact():
        assert found.financing == 1 - (1 - D(daily)) ** 365
        assert found.total == found.financing
    assert (found.fees, found.missing) == (0, ())


def test_fees_on_the_position_count_with_the_leverage():
    fee = Fee(D("0.0001"), DailyTimes(("00:00", "12:00")), FeeBasis.NOTIONAL)
    with exact():
        assert holding_cost(three_long(fees=(fee,))).fees == 1 - (1 - D("0.0003")) ** 730
