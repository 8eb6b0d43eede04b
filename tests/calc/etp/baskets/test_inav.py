"""Indicative values through a day, premium, tracking; checked against fractions and numpy."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.baskets.samples import CONSTITUENTS, DAY, XRP, closes, holdings, product

from truenav.calc.etp.baskets.basket import creation_list
from truenav.calc.etp.baskets.inav import (
    INTERVAL,
    Inav,
    LastPrice,
    PriceTick,
    inav,
    inav_path,
    premium,
    returns,
    ticks,
    tracking_difference,
    tracking_error,
)
from truenav.core.asset import BTC, ETH, USD
from truenav.core.basket import BasketInputError, CreationList, ListLine, Substitution
from truenav.core.money import AssetId, rounded

D = Decimal
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def todays_list(**changes: object) -> CreationList:
    made = creation_list(product(**changes), DAY, holdings(), closes())
    assert isinstance(made, CreationList)
    return made


LISTED = todays_list()


def last(at: datetime = NOW, **late: datetime) -> dict[AssetId, LastPrice]:
    symbols = {BTC: "btc", ETH: "eth", XRP: "xrp"}
    return {asset: LastPrice(price, late.get(symbols[asset], at)) for asset, price in closes().items()}


def test_at_the_closes_of_the_list_inav_is_the_published_value():
    value = inav(LISTED, last(), NOW, stale_after=MINUTE)
    assert value.per_share == LISTED.unit_value / 10_000
    assert (value.coverage, value.stale, value.missing) == (1, (), ())


def test_a_price_as_old_as_allowed_is_fresh_and_an_older_one_is_flagged_with_its_share():
    on_edge = inav(LISTED, last(eth=NOW - MINUTE), NOW, stale_after=MINUTE)
    assert on_edge.stale == ()
    older = inav(LISTED, last(eth=NOW - MINUTE - timedelta(microseconds=1)), NOW, stale_after=MINUTE)
    worth = {line.asset: Fraction(line.quantity) * Fraction(line.price) for line in LISTED.lines}
    assert older.stale == (ETH,)
    assert older.per_share == on_edge.per_share
    assert abs(Fraction(older.coverage) - (1 - worth[ETH] / sum(worth.values()))) < Fraction(1, 10**60)


@pytest.mark.parametrize("price", [None, LastPrice(D(0), NOW)], ids=["never quoted", "zero"])
def test_without_a_price_there_is_no_value(price):
    prices = {asset: one for asset, one in last().items() if asset != XRP}
    if price is not None:
        prices[XRP] = price
    value = inav(LISTED, prices, NOW, stale_after=MINUTE)
    assert value == Inav(NOW, None, D(0), (), (XRP,))


def test_required_cash_needs_no_price():
    cash = todays_list(
        constituents=(*CONSTITUENTS[:2], replace(CONSTITUENTS[2], substitution=Substitution.REQUIRED))
    )
    prices = {asset: one for asset, one in last().items() if asset != XRP}
    value = inav(cash, prices, NOW, stale_after=MINUTE)
    assert value.per_share == cash.unit_value / 10_000


def test_a_day_has_5760_ticks():
    start = datetime(2026, 11, 24, tzinfo=UTC)
    day = ticks(start, start + timedelta(days=1))
    assert len(day) == 5_760
    assert day[-1] == start + timedelta(days=1) - INTERVAL
    assert ticks(start, start) == []
    assert ticks(start, start + timedelta(seconds=16)) == [start, start + INTERVAL]


def test_each_tick_sees_the_prices_until_then_and_none_of_the_future():
    times = [NOW + n * INTERVAL for n in range(4)]
    quotes = [
        PriceTick(NOW + timedelta(seconds=15), BTC, D(100_000)),
        PriceTick(NOW + timedelta(seconds=15, microseconds=1), BTC, D(120_000)),
        PriceTick(NOW + timedelta(seconds=44), BTC, D(90_000)),
        PriceTick(NOW + timedelta(hours=1), BTC, D(1)),
    ]
    path = list(inav_path(LISTED, quotes, times, stale_after=timedelta(days=1), before=last()))
    seen = [closes()[BTC], D(100_000), D(120_000), D(90_000)]
    for value, price in zip(path, seen, strict=True):
        want = inav(LISTED, {**last(), BTC: LastPrice(price, NOW)}, value.at, stale_after=timedelta(days=1))
        assert value.per_share == want.per_share


def test_before_the_first_quote_of_all_there_is_no_value():
    first = next(inav_path(LISTED, [], [NOW], stale_after=MINUTE))
    assert first.per_share is None
    assert set(first.missing) == {BTC, ETH, XRP}


def test_between_two_values_the_caller_computes_in_its_own_context():
    path = inav_path(LISTED, [], [NOW, NOW + INTERVAL], stale_after=MINUTE, before=last())
    next(path)
    assert len((D(1) / 3).as_tuple().digits) == getcontext().prec == 28


@pytest.mark.parametrize("other", [BTC, ETH])
def test_prices_out_of_order_are_refused(other):
    """Also of two assets: what stands behind a later price would be seen too late."""
    quotes = [PriceTick(NOW, BTC, D(1)), PriceTick(NOW - MINUTE, other, D(2))]
    with pytest.raises(BasketInputError, match="sort them"):
        list(inav_path(LISTED, quotes, [NOW], stale_after=MINUTE))


def test_a_price_from_before_those_of_the_day_before_is_refused():
    quotes = [PriceTick(NOW - MINUTE, BTC, D(2))]
    with pytest.raises(BasketInputError, match="sort them"):
        list(inav_path(LISTED, quotes, [NOW], stale_after=MINUTE, before=last()))


def test_times_that_do_not_rise_are_refused():
    """The earlier one would see the prices of the later one."""
    with pytest.raises(BasketInputError, match="rise"):
        list(inav_path(LISTED, [], [NOW, NOW - MINUTE], stale_after=MINUTE, before=last()))


def fifty() -> tuple[CreationList, list[PriceTick]]:
    rng = np.random.default_rng(7)
    assets = [AssetId(f"index:C{n}") for n in range(50)]
    prices = [D(int(price)) / 10_000 for price in rng.integers(1, 10**9, 50)]
    lines = tuple(
        ListLine(asset, D(int(quantity)) / 10**8, price, Substitution.FORBIDDEN)
        for asset, quantity, price in zip(assets, rng.integers(1, 10**12, 50), prices, strict=True)
    )
    quotes = [
        PriceTick(NOW + n * INTERVAL, asset, price + D(int(step)) / 10_000)
        for n in range(5_760)
        for asset, price, step in zip(assets, prices, rng.integers(0, 1_000, 50), strict=True)
    ]
    listed = replace(LISTED, lines=lines, quote=USD, estimated_cash=D("-12.34"))
    return listed, quotes


def test_a_day_of_fifty_constituents_is_exact_and_far_below_a_millisecond_a_tick():
    listed, quotes = fifty()
    times = ticks(NOW, NOW + timedelta(days=1))
    started = time.perf_counter()
    path = list(inav_path(listed, quotes, times, stale_after=MINUTE))
    took = time.perf_counter() - started
    assert took / len(times) < 1e-3
    quantities = [Fraction(line.quantity) for line in listed.lines]
    for n in (0, 1, 2_879, 5_759):
        row = quotes[50 * n : 50 * (n + 1)]
        exactly = sum(q * Fraction(quote.price) for q, quote in zip(quantities, row, strict=True))
        assert Fraction(path[n].per_share or D(0)) == (exactly + Fraction("-12.34")) / 10_000
    floats = np.array([float(quote.price) for quote in quotes]).reshape(5_760, 50) @ np.array(
        [float(q) for q in quantities]
    )
    ours = np.array([float(value.per_share or 0) for value in path])
    np.testing.assert_allclose(ours, (floats - 12.34) / 10_000, rtol=1e-12)


# Premium and tracking.


def test_premium_and_discount():
    assert premium(D("10.1"), D(10)) == D("0.01")
    assert premium(D("9.9"), D(10)) == D("-0.01")
    with pytest.raises(BasketInputError):
        premium(D(1), D(0))


small = st.decimals(min_value=D("-0.5"), max_value=D("0.5"), places=6)
pairs = st.lists(st.tuples(small, small), min_size=2, max_size=60)


@given(pairs, st.sampled_from([365, 252, 12]))
def test_tracking_error_is_numpys_annualised_deviation_of_active_returns(some, periods):
    ours = tracking_error([one for one, _ in some], [two for _, two in some], periods_a_year=periods)
    active = np.array([float(one) - float(two) for one, two in some])
    assert float(ours) == pytest.approx(np.std(active, ddof=1) * np.sqrt(periods), rel=1e-9, abs=1e-12)


@given(pairs)
def test_tracking_difference_is_the_gap_of_compounded_returns(some):
    ours = tracking_difference([one for one, _ in some], [two for _, two in some])
    gap = np.prod([1 + float(one) for one, _ in some]) - np.prod([1 + float(two) for _, two in some])
    assert float(ours) == pytest.approx(gap, rel=1e-9, abs=1e-9)


def test_a_product_that_is_its_index_less_a_constant_fee_has_a_difference_but_no_error():
    index = [D("0.01"), D("-0.02"), D("0.03")]
    product_returns = [one - D("0.0001") for one in index]
    assert tracking_error(product_returns, index) == 0
    assert rounded(tracking_difference(product_returns, index), 6) == D(
        "-0.000304"
    )  # 1.0099 * 0.9799 * 1.0299 - 1.01 * 0.98 * 1.03


def test_the_annualisation_is_365_unless_said_otherwise():
    ours = [D("0.01"), D("-0.01")]
    assert tracking_error(ours, [D(0), D(0)]) == tracking_error(ours, [D(0), D(0)], periods_a_year=365)
    assert rounded(tracking_error(ours, [D(0), D(0)]), 8) == D("0.27018512")  # sqrt(0.0002 * 365)


@pytest.mark.parametrize(
    ("ours", "index"),
    [([], []), ([D(0)], [D(0)]), ([D(0), D(0)], [D(0)])],
    ids=["nothing", "one period", "unequal"],
)
def test_too_few_or_unequal_returns_are_refused(ours, index):
    with pytest.raises(BasketInputError):
        tracking_error(ours, index)


def test_returns_of_values():
    assert returns([D(100), D(110), D(99)]) == [D("0.1"), D("-0.1")]
    with pytest.raises(BasketInputError):
        returns([D(1), D(0)])
