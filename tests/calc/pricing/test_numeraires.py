"""Numeraires: cross rates, custom indices, and returns seen in another unit."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.pricing.marks import Mark, MarkOrigin, MarkQuality, Marks, Subject
from truenav.calc.pricing.numeraires import (
    NumeraireError,
    check_index,
    convert,
    numeraire_prices_usd,
    numeraire_subjects,
    return_in_numeraire,
)
from truenav.core.asset import BTC, ETH, EUR, USD
from truenav.core.facts import QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.money import AssetId
from truenav.core.policy import AssetNumeraire, IndexComponent, IndexNumeraire

AT = datetime(2026, 1, 31, tzinfo=UTC)


def marks(**prices: str) -> Marks:
    names = {"btc": BTC, "eth": ETH, "eur": EUR}
    found = {Subject(names[name]): mark(names[name], Decimal(price)) for name, price in prices.items()}
    return Marks(AT, found, (), {})


def mark(asset: AssetId, price: Decimal) -> Mark:
    return Mark(
        subject=asset,
        price=price,
        quote=USD,
        price_usd=price,
        quality=MarkQuality.FRESH,
        origin=MarkOrigin.API,
        source="vendor",
        kind=QuoteKind.LAST,
        quoted_at=AT,
        last=price,
        clamped_last=None,
        index=None,
        evidence=(),
    )


def index(*parts: tuple[AssetId, str, str], code: str = "MIX", base: str = "1000") -> IndexNumeraire:
    return IndexNumeraire(
        code,
        Decimal(base),
        AT,
        tuple(IndexComponent(asset, Decimal(weight), Decimal(price)) for asset, weight, price in parts),
    )


def test_a_dollar_gain_can_be_a_loss_in_bitcoin() -> None:
    before, after = convert(Decimal("10.0e6"), Decimal(50000)), convert(Decimal("10.8e6"), Decimal(60000))
    assert (before, after) == (200, 180)
    assert return_in_numeraire(Decimal("0.08"), Decimal("0.2")) == Decimal("-0.1")
    assert after / before - 1 == Decimal("-0.1")


def test_a_cross_rate_follows_the_declared_path() -> None:
    btc_usd = Decimal(60100) * Decimal("0.9985")
    assert btc_usd == Decimal("60009.85")
    prices = numeraire_prices_usd([AssetNumeraire("EUR", EUR)], marks(eur="1.0850"))
    assert isinstance(prices["EUR"], Decimal)
    assert round(convert(btc_usd, prices["EUR"]), 4) == Decimal("55308.6175")


def test_usd_needs_no_price() -> None:
    assert numeraire_prices_usd([AssetNumeraire("USD", USD)], marks()) == {"USD": 1}


def test_a_custom_index_starts_at_its_base_value_and_moves_with_its_parts() -> None:
    mix = index((BTC, "0.6", "50000"), (ETH, "0.4", "2000"))
    assert numeraire_prices_usd([mix], marks(btc="50000", eth="2000")) == {"MIX": 1000}
    assert numeraire_prices_usd([mix], marks(btc="60000", eth="1500")) == {"MIX": 1020}


def test_a_custom_index_may_begin_below_one_and_hold_what_costs_less() -> None:
    mix = index((BTC, "0.75", "0.5"), (ETH, "0.25", "0.25"), base="0.5")
    assert numeraire_prices_usd([mix], marks(btc="1", eth="0.25")) == {"MIX": Decimal("0.875")}


def test_a_custom_index_without_a_price_is_a_failure_in_its_own_name() -> None:
    mix = index((BTC, "0.6", "50000"), (ETH, "0.4", "2000"))
    level = numeraire_prices_usd([mix], marks(btc="50000"))["MIX"]
    assert isinstance(level, Failure)
    assert (level.kind, level.subject) == (FailureKind.UNPRICED, "MIX")
    assert ETH in level.message


@pytest.mark.parametrize(
    "bad",
    [
        index((BTC, "0.6", "50000"), (ETH, "0.399999999999999999", "2000")),
        index((BTC, "1.5", "50000"), (ETH, "-0.5", "2000")),
        index((BTC, "1", "50000"), (ETH, "0", "2000")),
        index((BTC, "1", "0")),
        index((BTC, "1", "50000"), base="0"),
        index(),
    ],
    ids=["sum below one", "negative weight", "zero weight", "zero base price", "zero base value", "empty"],
)
def test_an_index_without_meaning_is_refused(bad: IndexNumeraire) -> None:
    with pytest.raises(NumeraireError, match="MIX"):
        check_index(bad)
    with pytest.raises(NumeraireError):
        numeraire_prices_usd([bad], marks(btc="50000", eth="2000"))


def test_two_numeraires_may_not_share_a_code() -> None:
    with pytest.raises(NumeraireError, match="EUR"):
        numeraire_prices_usd([AssetNumeraire("EUR", EUR), AssetNumeraire("EUR", USD)], marks(eur="1.1"))


def test_a_value_cannot_be_shown_in_something_worthless() -> None:
    for price in (Decimal(0), Decimal(-1)):
        with pytest.raises(NumeraireError):
            convert(Decimal(1), price)


def test_the_subjects_of_numeraires_are_each_named_once() -> None:
    wanted = numeraire_subjects([AssetNumeraire("BTC", BTC), index((BTC, "0.5", "1"), (ETH, "0.5", "1"))])
    assert wanted == (Subject(BTC), Subject(ETH))


amounts = st.decimals("-1e12", "1e12", places=18)
positive = st.decimals("0.000001", "1e9", places=12)


@given(amounts, positive)
def test_a_conversion_is_the_fraction_rounded_at_78_digits(value: Decimal, price: Decimal) -> None:
    exact = Fraction(value) / Fraction(price)
    assert abs(Fraction(convert(value, price)) - exact) <= abs(exact) / 10**77


@given(positive, positive, positive, positive)
def test_returns_agree_with_converting_both_ends(
    nav0: Decimal, nav1: Decimal, p0: Decimal, p1: Decimal
) -> None:
    direct = (Fraction(nav1) / Fraction(p1)) / (Fraction(nav0) / Fraction(p0)) - 1
    r_usd, r_n = convert(nav1, nav0) - 1, convert(p1, p0) - 1
    shown = Fraction(return_in_numeraire(r_usd, r_n))
    assert abs(shown - direct) <= (abs(direct) + 1) / 10**9
