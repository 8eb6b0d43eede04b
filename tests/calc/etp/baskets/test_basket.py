"""Baskets and creation lists: published cases, a worked example by fractions, what must not be published."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.baskets.samples import (
    ASSETS,
    CLOSE,
    CONSTITUENTS,
    DAY,
    DAY_BEFORE,
    GOLDEN,
    WORKED,
    XRP,
    closes,
    holdings,
    product,
    terms,
)

from truenav.calc.etp.baskets.basket import (
    cash_part,
    creation_list,
    daily_disclosure,
    list_value,
    look_through,
    net_asset_value,
    net_quantity,
    token_fee,
    tokens_per_basket,
    unit_value,
)
from truenav.calc.etp.baskets.closing import with_fees
from truenav.core.asset import BTC, ETH, EUR, USD
from truenav.core.basket import (
    BasketInputError,
    Constituent,
    CreationList,
    DailyDisclosure,
    Holding,
    Holdings,
    NotPublishable,
    Substitution,
    UnitHolding,
)
from truenav.core.failure import Failure, FailureKind
from truenav.core.money import ZERO, exact, rounded

D = Decimal


def listed(*arguments: object, **more: object) -> CreationList:
    made = creation_list(*arguments, **more)  # type: ignore[arg-type]
    assert isinstance(made, CreationList), made
    return made


def refused(*arguments: object) -> dict[str, FailureKind]:
    made = creation_list(*arguments)  # type: ignore[arg-type]
    assert isinstance(made, NotPublishable)
    return {failure.subject: failure.kind for failure in made.failures}


def ids(cases: list[dict[str, str]]) -> list[str]:
    return [case["title"] for case in cases]


@pytest.mark.parametrize("case", GOLDEN["seed_baskets"], ids=ids(GOLDEN["seed_baskets"]))
def test_published_seed_baskets(case):
    per_unit = tokens_per_basket(D(case["tokens"]), shares=case["shares"], unit_size=case["unit_size"])
    assert per_unit == D(case["tokens_per_unit"])
    assert per_unit * (case["shares"] // case["unit_size"]) == D(case["tokens"])


@pytest.mark.parametrize("case", GOLDEN["token_fees"], ids=ids(GOLDEN["token_fees"]))
def test_published_fees_in_tokens(case):
    fee = token_fee(D(case["net"]), rate=D(case["rate"]), days=case["days"])
    assert abs(fee - D(case["fee"])) <= D(case["tolerance"])


@pytest.mark.parametrize("case", GOLDEN["tokens_per_share"], ids=ids(GOLDEN["tokens_per_share"]))
def test_published_tokens_per_share(case):
    per_share = tokens_per_basket(D(case["net"]), shares=case["shares"], unit_size=1)
    assert rounded(per_share, case["places"]) == D(case["per_share"])


@pytest.mark.parametrize("case", GOLDEN["nav_per_share"], ids=ids(GOLDEN["nav_per_share"]))
def test_published_values_of_creation_units(case):
    per_share = unit_value(
        D(case["unit_value"]), shares=case["unit_size"], unit_size=1, places=case["places"]
    )
    assert per_share == D(case["nav_per_share"])


def test_the_worked_example():
    made = listed(product(), DAY, holdings(), closes())
    want = WORKED["list"]
    assert {line.asset: line.quantity for line in made.lines} == {
        ASSETS[name]: D(want[name]) for name in ASSETS
    }
    assert made.unit_value == D(want["unit_value"])
    assert made.nav_per_share == D(want["nav_per_share"])
    assert made.estimated_cash == D(want["estimated_cash"])
    assert (made.trade_day, made.previous_day, made.as_of) == (DAY, DAY_BEFORE, CLOSE)


def test_the_actual_cash_difference_of_the_worked_example():
    made = listed(product(), DAY, holdings(), closes())
    prices, want = closes("close"), WORKED["close_of_the_day"]
    nav = net_asset_value(holdings(), prices)
    value = unit_value(nav, shares=WORKED["shares"], unit_size=10_000, places=2)
    assert value == D(want["unit_value"])
    assert cash_part(value, made.lines, prices) == D(want["cash_difference"])


def test_the_basket_grew_a_hundredfold_with_its_dated_size():
    small = terms(unit_size=100)
    large = terms(since=DAY, unit_size=10_000)
    friday = holdings(as_of=CLOSE - timedelta(days=3))
    early = listed(product(small, large), DAY_BEFORE, friday, closes())
    late = listed(product(small, large), DAY, holdings(), closes())
    assert (early.unit_size, late.unit_size) == (100, 10_000)
    btc = WORKED["holdings"][0]
    net = Fraction(btc["quantity"]) - Fraction(btc["accrued_fee"]) - Fraction(btc["expenses"])
    for made in (early, late):
        satoshi = math.floor(net * made.unit_size / WORKED["shares"] * 10**8)
        assert Fraction(made.lines[0].quantity) == Fraction(satoshi, 10**8)


numbers = st.decimals(min_value=0, max_value=10**9, places=8)
amounts = st.tuples(numbers, st.decimals(min_value=D("0.000001"), max_value=10**6, places=6))


@given(
    held=st.lists(amounts, min_size=1, max_size=3),
    cash=st.decimals(min_value=D(1), max_value=10**9, places=2),
    shares=st.integers(1, 10**9),
    unit_size=st.sampled_from([1, 100, 10_000, 1_000_000]),
    flags=st.tuples(*[st.sampled_from(Substitution)] * 3),
)
def test_lines_and_cash_are_the_unit_value_exactly_and_nothing_is_created_from_nothing(
    held, cash, shares, unit_size, flags
):
    names = list(ASSETS.values())[: len(held)]
    prices = {asset: price for asset, (_, price) in zip(names, held, strict=True)}
    book = Holdings(
        CLOSE,
        USD,
        tuple(Holding(asset, quantity) for asset, (quantity, _) in zip(names, held, strict=True)),
        cash=cash,
        shares_outstanding=shares,
    )
    constituents = tuple(
        replace(one, substitution=flag) for one, flag in zip(CONSTITUENTS, flags, strict=True)
    )
    made = listed(product(unit_size=unit_size, constituents=constituents[: len(held)]), DAY, book, prices)
    worth = Fraction(0)
    for line, (quantity, _) in zip(made.lines, held, strict=True):
        fair = Fraction(quantity) * unit_size / shares
        assert 0 <= fair - Fraction(line.quantity) < Fraction(1, 10**6)
        fixed = line.substitution is Substitution.REQUIRED
        worth += Fraction(line.cash_amount) if fixed else Fraction(line.quantity) * Fraction(line.price)
    assert worth + Fraction(made.estimated_cash) == Fraction(made.unit_value)
    nav = Fraction(cash) + sum(Fraction(quantity) * Fraction(price) for quantity, price in held)
    assert abs(nav * unit_size / shares - Fraction(made.unit_value)) <= Fraction(5, 1000)


def test_a_fee_that_is_paid_out_leaves_the_basket_as_it_was():
    book = with_fees(holdings(), {}, days=1, terms=terms(expense_rate=D("0.025")))
    paid = replace(
        book,
        assets=tuple(
            replace(one, quantity=net_quantity(one), accrued_fee=ZERO, expenses=ZERO) for one in book.assets
        ),
    )
    assert listed(product(), DAY, book, closes()).lines == listed(product(), DAY, paid, closes()).lines


def test_required_cash_counts_with_its_fixed_amount_on_the_day_itself():
    by_cash = (CONSTITUENTS[0], replace(CONSTITUENTS[1], substitution=Substitution.REQUIRED), CONSTITUENTS[2])
    made = listed(product(constituents=by_cash), DAY, holdings(), closes())
    line = made.lines[1]
    assert line.cash_amount == rounded(line.quantity * line.price, 2)
    doubled = {**closes(), ETH: 2 * line.price}
    assert list_value(made.lines, doubled) == list_value(made.lines, closes())


def test_what_is_held_at_two_custodians_is_one_line():
    split = holdings(
        assets=tuple(
            half
            for one in holdings().assets
            for half in (
                replace(one, quantity=one.quantity - 1, place="hot"),
                Holding(one.asset, D(1), place="cold"),
            )
        )
    )
    assert listed(product(), DAY, split, closes()) == listed(product(), DAY, holdings(), closes())


# What must not be published.


def test_a_missing_price_stops_the_list_and_names_the_asset():
    prices = closes()
    del prices[ETH]
    assert refused(product(), DAY, holdings(), prices) == {ETH: FailureKind.UNPRICED}


def test_a_price_of_zero_is_no_price():
    assert refused(product(), DAY, holdings(), {**closes(), ETH: ZERO}) == {ETH: FailureKind.UNPRICED}


def test_a_holding_that_is_not_known_is_not_zero():
    book = holdings(assets=holdings().assets[:2])
    assert refused(product(), DAY, book, closes()) == {XRP: FailureKind.ACCOUNT_UNREAD}


def test_a_holding_stated_as_zero_is_a_line_of_zero():
    book = holdings(assets=(*holdings().assets[:2], Holding(XRP, ZERO)))
    assert listed(product(), DAY, book, closes()).lines[2].quantity == 0


def test_an_asset_without_terms_of_delivery_stops_the_list():
    assert refused(product(constituents=CONSTITUENTS[:2]), DAY, holdings(), closes()) == {
        XRP: FailureKind.UNKNOWN_ASSET
    }


def test_fees_above_what_is_held_stop_the_list():
    book = holdings(assets=(Holding(BTC, D(1), accrued_fee=D(2)), *holdings().assets[1:]))
    assert refused(product(), DAY, book, closes()) == {BTC: FailureKind.INVARIANT}


@pytest.mark.parametrize("shares", [None, 0, -5], ids=["unknown", "none", "negative"])
def test_without_shares_outstanding_there_is_no_list(shares):
    kinds = refused(product(), DAY, holdings(shares_outstanding=shares), closes())
    assert kinds == {"trio": FailureKind.UNIT_COUNT}


def test_debts_above_all_assets_stop_the_list():
    kinds = refused(product(), DAY, holdings(cash=D(-(10**9))), closes())
    assert kinds == {"trio": FailureKind.INVARIANT}


def test_failures_of_the_holdings_travel_with_the_list():
    unread = Failure(FailureKind.ACCOUNT_UNREAD, "vault", "The vault did not answer.", "Try again.")
    assert refused(product(), DAY, holdings(failures=(unread,)), closes()) == {
        "vault": FailureKind.ACCOUNT_UNREAD
    }


def test_money_in_another_currency_than_the_products_stops_the_list():
    assert refused(product(), DAY, holdings(quote=EUR), closes()) == {"trio": FailureKind.INVARIANT}


def test_shares_that_were_not_looked_through_stop_the_list():
    book = holdings(units=(UnitHolding("inner", D(5)),))
    assert refused(product(), DAY, book, closes()) == {"inner": FailureKind.ACCOUNT_UNREAD}


@pytest.mark.parametrize(
    "as_of",
    [CLOSE - timedelta(microseconds=1), CLOSE + timedelta(days=1), CLOSE - timedelta(days=3)],
    ids=["before the close", "of the day itself", "of the day before that"],
)
def test_holdings_of_another_close_stop_the_list(as_of):
    assert refused(product(), DAY, holdings(as_of=as_of), closes()) == {"trio": FailureKind.ACCOUNT_STALE}


def test_the_first_list_ever_follows_the_day_before_the_first_terms():
    made = listed(product(terms(since=DAY)), DAY, holdings(), closes())
    assert made.previous_day == DAY_BEFORE


def test_before_the_first_terms_there_is_no_list():
    with pytest.raises(BasketInputError, match="no terms"):
        creation_list(product(terms(since=DAY)), DAY_BEFORE, holdings(), closes())


# Look-through.

INNER = Holdings(CLOSE, USD, (Holding(BTC, D(300), accrued_fee=D(3)),), cash=D(900), shares_outstanding=3_000)


def test_a_fund_of_products_holds_what_stands_behind_its_shares():
    outer = Holdings(CLOSE, USD, (Holding(ETH, D(7)),), (UnitHolding("inner", D(1_000)),), D(50), 100)
    seen = look_through(outer, {"inner": INNER}, "outer")
    assert seen.assets == (Holding(ETH, D(7)), Holding(BTC, D(99), place="inner"))
    assert (seen.cash, seen.units, seen.failures) == (D(350), (), ())


@given(
    held=st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=3),
    shares=st.integers(1, 10**9),
    part=st.decimals(min_value=0, max_value=1, places=6),
    cash=st.decimals(min_value=-(10**6), max_value=10**6, places=2),
)
def test_shares_that_are_looked_through_keep_their_part_of_the_other_products_value(held, shares, part, cash):
    """A product that holds a part of another is worth that part of its NAV, fees and debts taken off."""
    places = tuple(Holding(BTC, *three) for three in held)
    inner = Holdings(CLOSE, USD, places, cash=cash, shares_outstanding=shares)
    owned = part * shares
    seen = look_through(Holdings(CLOSE, USD, (), (UnitHolding("inner", owned),)), {"inner": inner}, "outer")
    price = D("107753.95")
    net = sum(
        (Fraction(quantity) - Fraction(fee) - Fraction(debt) for quantity, fee, debt in held), Fraction()
    )
    worth = (net * Fraction(price) + Fraction(cash)) * Fraction(part)
    assert seen.units == ()
    assert abs(Fraction(net_asset_value(seen, {BTC: price})) - worth) < Fraction(1, 10**40)


def test_look_through_reaches_the_last_level_and_keeps_the_value():
    middle = Holdings(CLOSE, USD, (), (UnitHolding("inner", D(1_500)),), D(10), 40)
    outer = Holdings(CLOSE, USD, (), (UnitHolding("middle", D(10)),), ZERO, 1)
    seen = look_through(outer, {"inner": INNER, "middle": middle}, "outer")
    prices = {BTC: D(50_000)}
    inner_nav = net_asset_value(INNER, prices)
    with exact():
        assert net_asset_value(seen, prices) == (inner_nav / 2 + 10) / 4


def test_money_of_a_product_in_another_currency_is_a_holding_of_it():
    euros = replace(INNER, quote=EUR)
    outer = Holdings(CLOSE, USD, (), (UnitHolding("inner", D(1_000)),), ZERO, 1)
    seen = look_through(outer, {"inner": euros}, "outer")
    assert Holding(EUR, D(300), place="inner") in seen.assets
    assert seen.cash == 0


@pytest.mark.parametrize(
    ("others", "kind"),
    [
        ({}, FailureKind.ACCOUNT_UNREAD),
        ({"inner": replace(INNER, shares_outstanding=None)}, FailureKind.UNIT_COUNT),
        ({"inner": replace(INNER, units=(UnitHolding("outer", D(1)),))}, FailureKind.INVARIANT),
    ],
    ids=["unknown product", "unknown count of shares", "a circle"],
)
def test_what_cannot_be_looked_through_is_a_failure(others, kind):
    outer = Holdings(CLOSE, USD, (), (UnitHolding("inner", D(1)),), ZERO, 1)
    assert [failure.kind for failure in look_through(outer, others, "outer").failures] == [kind]


# Disclosure.


def test_the_daily_disclosure_adds_up():
    told = daily_disclosure(product(), DAY_BEFORE, holdings(), closes(), market_price=D("51.2"))
    assert isinstance(told, DailyDisclosure)
    assert sum((line.value for line in told.lines), told.cash) == pytest.approx(told.nav, abs=D("0.02"))
    assert told.nav_per_share == D("50.9333")
    assert told.premium == D("0.005237")  # 51.2 / 50.93326... - 1
    assert sum(line.weight for line in told.lines) == pytest.approx(1 - told.cash / told.nav, abs=D("1e-5"))


def test_a_disclosure_without_a_market_price_has_no_premium():
    told = daily_disclosure(product(), DAY_BEFORE, holdings(), closes())
    assert isinstance(told, DailyDisclosure)
    assert told.premium is None


def test_nothing_is_disclosed_of_holdings_that_are_not_known():
    told = daily_disclosure(product(), DAY_BEFORE, holdings(assets=()), closes())
    assert isinstance(told, NotPublishable)
    assert {failure.subject for failure in told.failures} == set(ASSETS.values())


def test_the_quote_asset_held_as_an_asset_is_money():
    book = holdings(assets=(*holdings().assets, Holding(USD, D(100))), cash=holdings().cash - 100)
    assert listed(product(), DAY, book, closes()) == listed(product(), DAY, holdings(), closes())


def test_an_asset_without_decimals_is_delivered_in_whole_tokens():
    whole = (Constituent(BTC, 0), *CONSTITUENTS[1:])
    made = listed(product(constituents=whole), DAY, holdings(), closes())
    assert made.lines[0].quantity == 3
    assert made.estimated_cash > D("0.99") * closes()[BTC]
