"""Exact numbers: what the edge takes and refuses, one text for each value, arithmetic that never slips."""

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.core.asset import BTC, ETH, USD
from truenav.core.money import (
    Amount,
    AssetMismatchError,
    NotANumberError,
    Price,
    divided,
    exact,
    parse_decimal,
    rounded,
    to_text,
)

UINT256 = 2**256 - 1


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("1234.5600", "1234.56"),
        (" +1 ", "1"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1.5E-3", "0.0015"),
        ("-0.00", "0"),
        ("-0", "0"),
        ("0e999", "0"),
        ("1e77", "1" + "0" * 77),
        ("1e-38", "0." + "0" * 37 + "1"),
        ("0." + "0" * 60, "0"),
        ("1." + "0" * 60, "1"),
        (str(UINT256), str(UINT256)),
        (UINT256, str(UINT256)),
        (-7, "-7"),
        (Decimal("1.10"), "1.1"),
        ("9" * 40 + "." + "9" * 38, "9" * 40 + "." + "9" * 38),
        ("9" * 78, "9" * 78),
        (Decimal("-0.00"), "0"),
        (0, "0"),
        ("0" * 199 + "7", "7"),
    ],
)
def test_an_exact_number_is_read_and_has_one_text(given_value: object, expected: str) -> None:
    number = parse_decimal(given_value)
    assert to_text(number) == expected
    assert not (number.is_zero() and number.is_signed())


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "NaN",
        "-Infinity",
        "inf",
        "1_000",
        "1,000",
        "1e",
        "e5",
        ".",
        "--1",
        "0x10",
        "1 2",
        "\u0661\u0662",
        "1\n2",
        "1e1000",
        "1e78",
        "1e-39",
        "9" * 79,
        "0." + "0" * 38 + "1",
        "1" * 500,
        "0" * 200 + "7",
        "=1+1",
        1.5,
        float("nan"),
        True,
        None,
        b"1",
        [],
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1E+99999"),
        10**78,
        10**6000,
    ],
    ids=lambda value: (
        ascii(value)[:20] if not isinstance(value, int) else f"int of {value.bit_length()} bits"
    ),
)
def test_what_is_not_an_exact_finite_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(NotANumberError, match=r"^balances\.csv row 3: "):
        parse_decimal(value, what="balances.csv row 3")


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_has_no_canonical_text(text: str) -> None:
    with pytest.raises(NotANumberError):
        to_text(Decimal(text))


def test_numbers_do_not_depend_on_the_context_of_the_caller() -> None:
    raw = Decimal(UINT256)
    with decimal.localcontext(decimal.Context(prec=5)):
        assert parse_decimal(str(UINT256)) == raw
        assert to_text(raw) == str(UINT256)
        assert -Amount(raw, ETH) == Amount(Decimal(-UINT256), ETH)
        assert (Amount(raw, ETH) + Amount(Decimal(-1), ETH)).number == UINT256 - 1
        assert len(divided(Decimal(1), Decimal(3)).as_tuple().digits) == 78
        assert rounded(raw, 2) == raw


def test_rounding_is_half_even_and_keeps_every_whole_digit() -> None:
    assert [to_text(rounded(Decimal(text), 1)) for text in ("0.25", "0.35", "-0.25", "2.5")] == [
        "0.2",
        "0.4",
        "-0.2",
        "2.5",
    ]
    assert rounded(Decimal(UINT256), 38) == UINT256


def test_a_negated_zero_is_plain_zero() -> None:
    assert not (-Amount(Decimal(0), USD)).number.is_signed()


def test_amounts_of_different_assets_do_not_mix() -> None:
    with pytest.raises(AssetMismatchError):
        Amount(Decimal(1), BTC) + Amount(Decimal(1), ETH)
    with pytest.raises(AssetMismatchError):
        Amount(Decimal(1), BTC) * Price(Decimal(3000), ETH, USD)
    assert Amount(Decimal("1.5"), BTC) * Price(Decimal(60000), BTC, USD) == Amount(Decimal(90000), USD)


def test_an_invalid_operation_stops_the_calculation() -> None:
    with exact(), pytest.raises(decimal.DivisionByZero):
        Decimal(1) / Decimal(0)
    with exact(), pytest.raises(decimal.InvalidOperation):
        Decimal(0) / Decimal(0)


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**40), max_value=10**40)
integers = st.integers(-UINT256, UINT256)


@given(numbers | integers.map(Decimal))
def test_text_and_number_are_one_to_one(number: Decimal) -> None:
    text = to_text(number)
    assert parse_decimal(text) == number
    assert to_text(parse_decimal(text)) == text
    assert "E" not in text
    assert not text.endswith(".")


@given(st.text(max_size=50))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        number = parse_decimal(text)
    except NotANumberError:
        return
    assert number.is_finite()
    assert number == Decimal(text.strip())


@given(numbers, numbers.filter(bool))
def test_a_quotient_is_its_fraction_at_78_digits(above: Decimal, below: Decimal) -> None:
    true = Fraction(above) / Fraction(below)
    assert abs(Fraction(divided(above, below)) - true) <= abs(true) * Fraction(1, 2 * 10**77)


@given(numbers, st.integers(0, 18))
def test_rounding_once_agrees_with_integers(number: Decimal, places: int) -> None:
    scaled = Fraction(number) * 10**places
    assert Fraction(rounded(number, places)) * 10**places == round(scaled)
