"""Lots of one instrument in one account: published examples, the order of each method, and sums that hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.ledger.lots import (
    BadFillError,
    Fill,
    LotBook,
    LotChoiceError,
    Method,
    Terms,
    lots,
    unrealised,
)
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import AssetId

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/ledger/lots.json").read_text(encoding="utf-8"))
START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = [Method.FIFO, Method.LIFO, Method.HIFO]
INVERSE = Terms(Decimal(100), inverse=True)


def D(number: str | int) -> Decimal:  # noqa: N802
    return Decimal(number)


def fills(*rows: tuple[str, str], fee: str = "0") -> list[Fill]:
    """Fills a minute apart, called ``1``, ``2``, ..."""
    return [
        Fill(str(number), START + timedelta(minutes=number), D(quantity), D(price), D(fee))
        for number, (quantity, price) in enumerate(rows, 1)
    ]


def taken(book: LotBook) -> list[tuple[str, Decimal]]:
    return [(one.lot, one.quantity) for one in book.realised]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_a_worked_example_comes_out_as_published(case):
    given_terms = case.get("terms", {"multiplier": "1", "inverse": False})
    terms = Terms(D(given_terms["multiplier"]), given_terms["inverse"])
    rows = fills(*map(tuple, case["fills"]))
    for name, expected in case["realised"].items():
        book = lots(rows, terms, method=Method(name))
        assert sum(one.profit for one in book.realised) == D(expected), name
    for name, expected in case["unrealised"].items():
        book = lots(rows, terms, method=Method(name))
        assert sum(unrealised(lot, D(case["mark"]), terms) for lot in book.lots) == D(expected), name


def test_a_realised_part_tells_when_it_was_opened_and_closed_and_what_it_cost():
    book = lots(fills(("2", "100"), ("-0.5", "110")))
    (part,) = book.realised
    assert (part.lot, part.fill, part.quantity) == ("1", "2", D("0.5"))
    assert (part.opened_at, part.closed_at) == (START + timedelta(minutes=1), START + timedelta(minutes=2))
    assert (part.cost, part.proceeds, part.profit) == (D(50), D(55), D(5))
    (lot,) = book.lots
    assert (lot.quantity, lot.price, lot.value) == (D("1.5"), D(100), D(150))


def test_a_short_part_costs_what_covering_it_cost():
    (part,) = lots(fills(("-2", "100"), ("2", "90"))).realised
    assert (part.quantity, part.cost, part.proceeds, part.profit) == (D(-2), D(180), D(200), D(20))


def test_a_fill_through_zero_closes_and_opens_at_its_price():
    book = lots(fills(("2", "100"), ("-5", "110")))
    assert taken(book) == [("1", D(2))]
    (lot,) = book.lots
    assert (lot.id, lot.quantity, lot.price, lot.value) == ("2", D(-3), D(110), D(330))


@pytest.mark.parametrize(
    ("method", "order"),
    [(Method.FIFO, ["1", "2", "3"]), (Method.LIFO, ["3", "2", "1"]), (Method.HIFO, ["2", "3", "1"])],
)
def test_each_method_closes_long_lots_in_its_order(method, order):
    book = lots(fills(("1", "5"), ("1", "9"), ("1", "7"), ("-3", "8")), method=method)
    assert [one.lot for one in book.realised] == order


def test_hifo_of_equal_prices_takes_the_oldest_and_of_shorts_the_lowest():
    long = lots(fills(("1", "9"), ("1", "9"), ("-1", "8")), method=Method.HIFO)
    assert taken(long) == [("1", D(1))]
    short = lots(fills(("-1", "9"), ("-1", "7"), ("1", "8")), method=Method.HIFO)
    assert taken(short) == [("2", D(-1))]


def test_a_lot_that_was_closed_in_part_keeps_its_place():
    rows = fills(("2", "5"), ("1", "5"), ("-1", "6"), ("1", "5"), ("-2", "6"))
    assert taken(lots(rows)) == [("1", D(1)), ("1", D(1)), ("2", D(1))]


def test_specific_lots_are_closed_as_the_fill_names_them():
    rows = fills(("2", "5"), ("2", "9"), ("2", "7"))
    choice = (("3", D(1)), ("1", D("0.5")))
    rows.append(Fill("sale", START + timedelta(hours=1), D("-1.5"), D(10), closes=choice))
    book = lots(rows, method=Method.SPECIFIC)
    assert taken(book) == [("3", D(1)), ("1", D("0.5"))]
    assert [lot.quantity for lot in book.lots] == [D("1.5"), D(2), D(1)]


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ((), "differ by 1 from"),
        ((("1", D("0.5")),), "differ by 0.5 from"),
        ((("1", D(2)),), "differ by -1 from"),
        ((("1", D(3)),), "3 of lot '1', which is not open"),
        ((("9", D(1)),), "lot '9', which is not open"),
        ((("1", D("0.5")), ("1", D("0.5"))), "lot '1', which is not open"),
        ((("1", D(0)),), "closes 0 of lot '1'"),
    ],
)
def test_lots_that_do_not_fit_the_fill_are_refused(choice, says):
    rows = [*fills(("2", "5")), Fill("sale", START + timedelta(hours=1), D(-1), D(6), closes=choice)]
    with pytest.raises(LotChoiceError, match=says):
        lots(rows, method=Method.SPECIFIC)


def test_an_opening_fill_that_names_lots_is_refused():
    with pytest.raises(LotChoiceError, match="closes none"):
        lots([Fill("1", START, D(1), D(5), closes=(("0", D(1)),))], method=Method.SPECIFIC)


def test_average_cost_keeps_one_lot_since_the_holding_was_opened():
    book = lots(fills(("1", "10"), ("2", "13"), ("-1", "20")), method=Method.AVERAGE)
    (lot,) = book.lots
    assert (lot.id, lot.opened_at, lot.quantity, lot.value) == (
        "1",
        START + timedelta(minutes=1),
        D(2),
        D(24),
    )
    assert lot.price == D(12)


def test_average_cost_rounds_a_share_half_even():
    up = lots(fills(("2", "0.0000000150"), ("-1", "1")), method=Method.AVERAGE)
    assert up.realised[0].cost == D("0.00000002")  # 1.5 units of the last place
    even = lots(fills(("2", "0.0000000250"), ("-1", "1")), method=Method.AVERAGE)
    assert even.realised[0].cost == D("0.00000002")  # 2.5 units
    assert even.lots[0].value == D("0.00000003")


def test_average_entry_of_an_inverse_contract_is_harmonic():
    rows = fills(("10000", "40000"), ("30000", "60000"))
    (lot,) = lots(rows, Terms(inverse=True), method=Method.AVERAGE).lots
    assert lot.value == D("0.75")
    assert str(lot.price).startswith("53333.33333333333")


def test_an_inverse_value_is_one_quotient_of_78_digits_and_parts_sum_to_it():
    book = lots(fills(("3", "70000"), ("-1", "30000"), ("-2", "30000")), INVERSE)
    opened = [one.proceeds for one in book.realised]  # what a long inverse part was worth when opened
    assert len(opened[0].as_tuple().digits) == 78
    assert abs(Fraction(opened[0]) - Fraction(100, 70000)) <= Fraction(1, 2 * 10**80)
    third = Fraction(300, 70000)
    assert abs(sum(map(Fraction, opened)) - third) <= Fraction(1, 2 * 10**80)
    exact = 100 * (Fraction(1, 70000) - Fraction(1, 30000))
    assert abs(Fraction(book.realised[0].profit) - exact) <= Fraction(1, 10**79)


def test_fees_stay_apart_and_go_with_the_parts_they_were_paid_for():
    rows = fills(("3", "100"), ("-1", "110"), ("-4", "120"), fee="-3")
    book = lots(rows)
    assert [one.profit for one in book.realised] == [D(10), D(40)]
    assert [one.fee for one in book.realised] == [D(-4), D("-3.5")]
    (lot,) = book.lots
    assert (lot.quantity, lot.fee) == (D(-2), D("-1.5"))
    assert sum(one.fee for one in book.realised) + lot.fee == D(-9)


def test_a_fee_in_a_third_asset_is_capitalised_here_and_a_disposal_there():
    """0.05 BNB, worth 600 each and bought at 400, paid for one BTC at 50,000."""
    (btc,) = lots([Fill("1", START, D(1), D(50000), fee=D(-30))]).lots
    assert btc.value - btc.fee == D(50030)
    bnb = lots(fills(("1", "400"), ("-0.05", "600")))
    assert bnb.realised[0].profit == D(10)


def test_a_fill_of_nothing_changes_nothing():
    book = lots(fills(("0", "5"), ("1", "5"), ("0", "9"), ("-1", "6")))
    assert [one.profit for one in book.realised] == [D(1)]
    assert book.lots == ()


def test_terms_of_an_option_are_linear_though_it_settles_in_the_coin():
    def terms(kind):
        btc, usd = AssetId("BTC"), AssetId("USD")
        instrument = Instrument(InstrumentId("v:c"), "v", "c", kind, btc, usd, btc, D("0.1"), inverse=True)
        return Terms.of(instrument)

    assert terms(InstrumentKind.PERPETUAL) == Terms(D("0.1"), inverse=True)
    assert terms(InstrumentKind.OPTION) == Terms(D("0.1"))


@pytest.mark.parametrize(
    ("rows", "terms", "says"),
    [
        ([Fill("1", datetime(2026, 1, 1), D(1), D(1))], Terms(), "without a zone"),  # noqa: DTZ001
        (list(reversed(fills(("1", "5"), ("1", "5")))), Terms(), "sort fills by time"),
        (fills(("1", "5")) * 2, Terms(), "comes twice"),
        (fills(("1", "0")), INVERSE, "positive price"),
    ],
)
def test_a_fill_that_cannot_be_booked_is_refused(rows, terms, says):
    with pytest.raises(BadFillError, match=says):
        lots(rows, terms)


numbers = st.decimals(-1000, 1000, places=3, allow_nan=False, allow_infinity=False)
positive = st.decimals("0.01", 100000, places=2, allow_nan=False, allow_infinity=False)
trades = st.lists(st.tuples(numbers, positive), max_size=25)


def booked(rows, terms, method):
    made = [
        Fill(str(n), START + timedelta(seconds=n), quantity, price, fee=-price.scaleb(-4))
        for n, (quantity, price) in enumerate(rows)
    ]
    return made, lots(made, terms, method=method)


@given(trades, positive, st.sampled_from([*ORDERS, Method.AVERAGE]))
def test_realised_and_unrealised_profit_are_the_cash_flows_and_the_holding(rows, mark, method):
    made, book = booked(rows, Terms(D(10)), method)
    places = 8 if method is Method.AVERAGE else 99
    cash = sum(-fill.quantity * 10 * fill.price for fill in made)
    held = sum((fill.quantity for fill in made), D(0))
    profit = sum(one.profit for one in book.realised)
    profit += sum(unrealised(lot, mark, Terms(D(10))) for lot in book.lots)
    assert abs(Fraction(profit) - Fraction(cash + held * 10 * mark)) <= Fraction(len(made), 10**places)
    assert sum((lot.quantity for lot in book.lots), D(0)) == held


@given(trades, positive, st.sampled_from(ORDERS))
def test_inverse_profits_are_fractions_but_for_the_last_of_78_digits(rows, mark, method):
    made, book = booked(rows, INVERSE, method)
    exact = sum(
        Fraction(fill.quantity) * 100 * (1 / Fraction(fill.price) - 1 / Fraction(mark)) for fill in made
    )
    profit = sum((Fraction(one.profit) for one in book.realised), Fraction(0))
    profit += sum((Fraction(unrealised(lot, mark, INVERSE)) for lot in book.lots), Fraction(0))
    largest = max((abs(Fraction(f.quantity)) * 100 / Fraction(f.price) for f in made), default=Fraction(0))
    largest = max(largest, sum((abs(Fraction(f.quantity)) for f in made), Fraction(0)) * 100 / Fraction(mark))
    assert abs(profit - exact) <= (4 * len(made) + 1) * largest / 10**77


@given(trades, st.sampled_from([*ORDERS, Method.AVERAGE]), st.booleans())
def test_fees_of_parts_and_lots_are_the_fees_that_were_paid(rows, method, inverse):
    made, book = booked(rows, Terms(D(1), inverse), method)
    kept = sum(Fraction(one.fee) for one in book.realised) + sum(Fraction(lot.fee) for lot in book.lots)
    assert kept == sum(Fraction(fill.fee) for fill in made if fill.quantity)
