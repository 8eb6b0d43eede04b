"""What an order comes to: value for value, fees, cash by choice, rounding in the product's favour."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.calc.etp.baskets.samples import CONSTITUENTS, DAY, SHARE, WORKED, XRP, closes, holdings, product

from truenav.calc.etp.baskets.ap_amounts import OrderAmounts, cash_ratio, order_amounts
from truenav.calc.etp.baskets.basket import creation_list
from truenav.core.asset import BTC, ETH, USD
from truenav.core.basket import CreationList, OrderFee, Side, Substitution
from truenav.core.money import Amount

D = Decimal
VALUE = D(WORKED["close_of_the_day"]["unit_value"])
FLAGS = st.tuples(*[st.sampled_from(Substitution)] * 3)


def amounts(side: Side, units: int = 1, cash_for=frozenset(), **changes: object) -> OrderAmounts:
    issue = product(**changes)
    listed = creation_list(issue, DAY, holdings(), closes())
    assert isinstance(listed, CreationList)
    return order_amounts(
        listed, issue, side=side, units=units, prices=closes("close"), value=VALUE, cash_for=cash_for
    )


def worth(some: tuple[Amount, ...]) -> Fraction:
    prices = {**closes("close"), USD: D(1), SHARE: VALUE / 10_000}
    return sum((Fraction(one.number) * Fraction(prices[one.asset]) for one in some), Fraction(0))


def money(some: tuple[Amount, ...]) -> Decimal:
    return sum((one.number for one in some if one.asset == USD), D(0))


def test_a_creation_in_kind_delivers_the_list_and_the_cash_difference():
    made = amounts(Side.CREATE, 3)
    assert made.due_out == (Amount(D(30_000), SHARE),)
    quantities = {one.asset: one.number for one in made.due_in}
    assert quantities[BTC] == 3 * D(WORKED["list"]["BTC"])
    assert quantities[USD] == D("375.00")  # 3 * 124.9975302691067285 = 374.9925908..., rounded up


def test_a_redemption_gets_the_same_rounded_the_other_way():
    made = amounts(Side.REDEEM, 3)
    assert made.due_in == (Amount(D(30_000), SHARE),)
    assert money(made.due_out) == D("374.99")


@given(st.sampled_from(Side), st.integers(1, 500), FLAGS)
def test_without_fees_both_sides_are_worth_the_same_and_rounding_never_dilutes(side, units, flags):
    constituents = tuple(
        replace(one, substitution=flag) for one, flag in zip(CONSTITUENTS, flags, strict=True)
    )
    made = amounts(side, units, constituents=constituents)
    gain = worth(made.due_in) - worth(made.due_out)
    assert 0 <= gain < Fraction(1, 100)


def test_fees_are_paid_in_money_on_top_of_a_creation_and_out_of_a_redemption():
    fees = {"creation_fee": OrderFee(D(500), D("0.001")), "redemption_fee": OrderFee(D(250), D("0.002"))}
    created, redeemed = (amounts(side, 2, **fees) for side in Side)
    assert created.fee == Amount(D("1528.24"), USD)  # 500 + 0.001 * 2 * 514,118.84 = 1,528.23768
    assert redeemed.fee == Amount(D("2306.48"), USD)  # 250 + 0.002 * 2 * 514,118.84 = 2,306.47536
    assert money(created.due_in) == D("250.00") + D("1528.24")
    assert money(redeemed.due_in) == D("2056.49")  # 2,306.48 - 249.995060... = 2,056.4849..., rounded up


def test_cash_by_choice_carries_the_premium_and_is_trued_up_later():
    allowed = (
        replace(
            CONSTITUENTS[0],
            substitution=Substitution.ALLOWED,
            creation_premium=D("0.1"),
            redemption_discount=D("0.05"),
        ),
        *CONSTITUENTS[1:],
    )
    in_kind = amounts(Side.CREATE, constituents=allowed)
    by_cash = amounts(Side.CREATE, cash_for=frozenset({BTC}), constituents=allowed)
    btc = D(WORKED["list"]["BTC"]) * closes("close")[BTC]
    assert in_kind.substituted == ()
    assert by_cash.substituted == ((BTC, btc * D("1.1")),)
    assert BTC not in {one.asset for one in by_cash.due_in}
    redeemed = amounts(Side.REDEEM, cash_for=frozenset({BTC}), constituents=allowed)
    assert redeemed.substituted == ((BTC, btc * D("0.95")),)


def test_required_cash_is_the_fixed_amount_of_the_list_whatever_the_price_did():
    required = (replace(CONSTITUENTS[0], substitution=Substitution.REQUIRED), *CONSTITUENTS[1:])
    made = amounts(Side.CREATE, constituents=required)
    assert made.substituted == ()
    assert abs(worth(made.due_in) - Fraction(VALUE)) < Fraction(1, 100)


def test_all_in_cash_is_the_unit_value():
    cash = tuple(replace(one, substitution=Substitution.AT_COST) for one in CONSTITUENTS)
    made = amounts(Side.CREATE, 2, constituents=cash)
    assert made.due_in == (Amount(2 * VALUE, USD),)
    assert [asset for asset, _ in made.substituted] == [BTC, ETH, XRP]


def test_the_share_of_cash_by_choice():
    listed = creation_list(product(), DAY, holdings(), closes())
    assert isinstance(listed, CreationList)
    assert cash_ratio(listed, frozenset()) == 0
    line = listed.lines[0]
    ratio = Fraction(line.quantity) * Fraction(line.price) / Fraction(listed.unit_value)
    assert cash_ratio(listed, frozenset({BTC})) == pytest.approx(Decimal(float(ratio)), rel=D("1e-12"))


def test_a_basket_that_is_worth_more_than_its_unit_gives_money_back():
    issue = product()
    listed = creation_list(issue, DAY, holdings(cash=D(-50_000)), closes())
    assert isinstance(listed, CreationList)
    assert listed.estimated_cash < 0
    made = order_amounts(listed, issue, side=Side.CREATE, units=1, prices=closes(), value=listed.unit_value)
    assert money(made.due_in) == 0
    assert money(made.due_out) == D("404.99")  # 404.9962..., rounded down


def test_nothing_of_an_asset_is_no_delivery():
    issue = product()
    listed = creation_list(issue, DAY, holdings(), closes())
    assert isinstance(listed, CreationList)
    emptied = replace(listed, lines=tuple(replace(line, quantity=D(0)) for line in listed.lines))
    made = order_amounts(emptied, issue, side=Side.CREATE, units=1, prices=closes(), value=listed.unit_value)
    assert made.due_in == (Amount(listed.unit_value, USD),)
