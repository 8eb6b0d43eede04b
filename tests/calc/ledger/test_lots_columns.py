"""Lots in bulk: kernels, plain integers, the reference and a plain list of lots agree on every fill."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.calc.ledger import lots_columns
from truenav.calc.ledger.lots import Fill, Method, lots
from truenav.calc.ledger.lots_columns import (
    FillColumns,
    FillColumnsError,
    ProfitOverflowError,
    RealisedColumns,
    realise,
    warm_up,
)
from truenav.calc.portfolio.columns import WIDE, DecimalColumn

PATHS = ("python", "numba")
METHODS = [Method.FIFO, Method.LIFO, Method.HIFO, Method.AVERAGE]
Row = tuple[int, int, int]
"""Pair, quantity, price."""


def plain_lots(
    rows: Sequence[Row], method: Method
) -> tuple[list[int], dict[int, list[tuple[int, int, int]]]]:
    """The definition on a plain list: profit of each row, and lots left by pair (row, quantity, value)."""
    profits, held = [], {}
    for row, (pair, traded, price) in enumerate(rows):
        open_lots, profit, quantity = held.setdefault(pair, []), 0, traded
        while quantity and open_lots and (open_lots[0][1] > 0) != (quantity > 0):
            sign = 1 if open_lots[0][1] > 0 else -1
            if method is Method.HIFO:
                lot = max(open_lots, key=lambda one: (one[2] * sign, -one[0]))
            else:
                lot = open_lots[0 if method is Method.FIFO else -1]
            part = sign * min(abs(quantity), abs(lot[1]))
            profit += part * (price - lot[2])
            lot[1] -= part
            quantity += part
            if lot[1] == 0:
                open_lots.remove(lot)
        if quantity:
            open_lots.append([row, quantity, price])
        profits.append(profit)
    left = {pair: [(row, q, abs(q) * price) for row, q, price in some] for pair, some in held.items() if some}
    return profits, left


def plain_average(
    rows: Sequence[Row], digits: int
) -> tuple[list[int], dict[int, list[tuple[int, int, int]]]]:
    """The same at average cost, values with ``digits`` fewer than quantity times price, in fractions."""
    profits, held = [], {}
    for row, (pair, quantity, price) in enumerate(rows):
        since, holding, cost = held.pop(pair, (row, 0, 0))
        unit, profit = Fraction(price) / Fraction(10) ** digits, 0
        value = round(abs(quantity) * unit)
        if holding * quantity < 0:
            part = min(abs(quantity), abs(holding))
            received, given_up = round(part * unit), round(Fraction(cost * part, abs(holding)))
            profit = received - given_up if holding > 0 else given_up - received
            left = abs(quantity) - part
            if left:
                since, holding, cost = row, left if quantity > 0 else -left, value - received
            else:
                holding, cost = holding + quantity, cost - given_up
        else:
            holding, cost = holding + quantity, cost + value
        if holding:
            held[pair] = (since, holding, cost)
        profits.append(profit)
    return profits, {pair: [lot] for pair, lot in held.items()}


def plain(rows: Sequence[Row], method: Method, digits: int) -> tuple[list[int], dict]:
    return plain_average(rows, digits) if method is Method.AVERAGE else plain_lots(rows, method)


def column(numbers: Sequence[int], scale: int = 8) -> DecimalColumn:
    """Narrow where the numbers fit."""
    if all(-(2**63) <= number < 2**63 for number in numbers):
        return DecimalColumn(np.array(numbers, np.int64), scale)
    data = b"".join(number.to_bytes(16, "little", signed=True) for number in numbers)
    return DecimalColumn(np.frombuffer(data, WIDE), scale)


def grouped(rows: Sequence[Row], pairs: int, path: str = "python", scale: int = 8, **options) -> FillColumns:
    index = np.array([pair for pair, _, _ in rows], np.int32)
    quantities, prices = column([q for _, q, _ in rows], scale), column([x for _, _, x in rows], scale)
    return FillColumns.grouped(index, quantities, prices, pairs, accelerator=path, **options)


def told(result: RealisedColumns) -> tuple[list[int], dict[int, list[tuple[int, int, int]]]]:
    """Profits in the order given, and lots by pair with the rows that opened them."""
    open_lots, rows = result.lots, result.fills.rows()
    found = list(
        zip(
            (rows[open_lots.fills]).tolist(),
            open_lots.quantities.integers(),
            open_lots.values.integers(),
            strict=True,
        )
    )
    starts = open_lots.starts.tolist()
    by_pair = {pair: found[starts[pair] : starts[pair + 1]] for pair in range(result.fills.pairs)}
    return result.profits_as_given().integers(), {pair: some for pair, some in by_pair.items() if some}


def totals(rows: Sequence[Row], profits: Sequence[int], pairs: int) -> list[int]:
    sums = [0] * pairs
    for (pair, _, _), profit in zip(rows, profits, strict=True):
        sums[pair] += profit
    return sums


@st.composite
def many_fills(draw: st.DrawFn) -> list[Row]:
    """Fills of four pairs: small numbers that often meet exactly, usual ones, and the largest of 64 bits."""
    size, price = draw(st.sampled_from([(3, 3), (10**9, 10**13), (2**63 - 1, 2**63 - 1)]))
    row = st.tuples(st.integers(0, 3), st.integers(-size, size), st.integers(0, price))
    return draw(st.lists(row, max_size=40))


@settings(deadline=None, max_examples=60)
@given(many_fills(), st.sampled_from(METHODS), st.integers(1, 3), st.sampled_from([0, 8, 16, 20]))
def test_any_fills_give_the_same_on_every_path(rows, method, threads, places):
    expected = plain(rows, method, 16 - places)
    for path in PATHS:
        fills = grouped(rows, 5, path, threads=threads)
        result = realise(fills, method, places=places, accelerator=path, threads=threads)
        assert told(result) == expected, path
        assert result.totals.integers() == totals(rows, expected[0], 5), path
        assert result.profits.scale == (places if method is Method.AVERAGE else 16)


@settings(deadline=None, max_examples=60)
@given(many_fills(), st.sampled_from(METHODS))
def test_any_fills_of_one_pair_give_what_the_reference_gives(rows, method):
    rows = [(0, quantity, price) for _, quantity, price in rows]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    book = lots(
        (
            Fill(str(n), start + timedelta(seconds=n), Decimal(f"{quantity}E-8"), Decimal(f"{price}E-8"))
            for n, (_, quantity, price) in enumerate(rows)
        ),
        method=method,
    )
    profits = [Fraction(0)] * len(rows)
    for part in book.realised:
        profits[int(part.fill)] += Fraction(part.profit)
    left = [(int(lot.id), Fraction(lot.quantity), Fraction(lot.value)) for lot in book.lots]
    for path in PATHS:
        result = realise(grouped(rows, 1, path), method, accelerator=path)
        found, by_pair = told(result)
        unit = Fraction(1, 10**result.profits.scale)
        assert [n * unit for n in found] == profits, path
        assert [(n, Fraction(q, 10**8), v * unit) for n, q, v in by_pair.get(0, [])] == left, path


@st.composite
def untouched_sides(draw: st.DrawFn) -> list[Row]:
    """Fills of three pairs, each long or short all the while, flat at times, some very large."""
    rows: list[Row] = []
    held, sides = [0, 0, 0], [draw(st.sampled_from([-1, 1])) for _ in range(3)]
    size = draw(st.sampled_from([3, 10**9, 2**60, 2**61]))
    for _ in range(draw(st.integers(0, 40))):
        pair, price = draw(st.integers(0, 2)), draw(st.integers(-(10**6), 10**13))
        closes = held[pair] > 0 and draw(st.booleans())
        quantity = draw(st.integers(1, held[pair] if closes else size))
        held[pair] += -quantity if closes else quantity
        rows.append((pair, sides[pair] * (-quantity if closes else quantity), price))
    return rows


@settings(deadline=None, max_examples=60)
@given(untouched_sides(), st.sampled_from(METHODS), st.integers(1, 2))
def test_fills_that_never_turn_a_position_give_what_a_plain_list_gives(rows, method, threads):
    rows = [
        (pair, quantity, abs(price) if method is Method.AVERAGE else price) for pair, quantity, price in rows
    ]
    result = realise(grouped(rows, 4, "numba"), method, accelerator="numba", threads=threads)
    assert told(result) == plain(rows, method, 8)
    assert result.totals.integers() == totals(rows, told(result)[0], 4)


@pytest.mark.parametrize("method", METHODS)
def test_thousands_of_fills_long_and_short_equal_a_plain_list_on_every_fill(method):
    rng = random.Random(17)
    rows = [(rng.randrange(7), rng.randint(-(10**9), 10**9), rng.randint(1, 10**13)) for _ in range(4000)]
    expected = plain(rows, method, 8)
    for threads in (1, 2, 3):
        fills = grouped(rows, 7, "numba", threads=threads)
        assert told(realise(fills, method, accelerator="numba", threads=threads)) == expected


@pytest.mark.parametrize("path", PATHS)
def test_half_a_last_digit_goes_to_the_even_neighbour(path):
    rows = [(0, 2, 15 * 10**7), (0, -1, 10**8), (0, -1, 0), (0, 2, 25 * 10**7), (0, -1, 10**8)]
    result = realise(grouped(rows, 1), Method.AVERAGE, accelerator=path)
    assert result.profits.integers() == [0, 1 - 2, 0 - 1, 0, 1 - 2]  # shares of 3: 1.5; of 5: 2.5
    assert told(result)[1] == {0: [(3, 1, 3)]}


@pytest.mark.parametrize("path", PATHS)
def test_tiny_holdings_of_great_cost_divide_exactly(path):
    """Few units, so that the remainder of a quotient is as small as it gets beside its terms."""
    rows = [(pair, size, (2**60 + 12345 * pair) // size) for pair, size in enumerate((1, 2, 3, 5, 7, 11))]
    rows += [(pair, -1, 1) for pair in range(6)] * 2
    fills = grouped(rows, 6, scale=0)
    assert told(realise(fills, Method.AVERAGE, places=0, accelerator=path)) == plain_average(rows, 0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_quantities_and_prices_of_more_than_64_bits_are_exact_and_leave_other_pairs_fast(path, method):
    rows = [(0, 2**70, 5), (1, 10, 2**66), (2, 30, 7), (0, -(2**69), 9), (1, -3, 1), (2, -40, 9)]
    result = realise(grouped(rows, 3), method, places=16, accelerator=path)
    assert told(result) == plain(rows, method, 0)


@pytest.mark.parametrize("method", METHODS)
def test_the_least_64_bit_quantity_is_computed_without_its_magnitude(method):
    rows = [(0, -(2**63), 3), (0, 2**63 - 1, 2), (1, 5, 5)]
    result = realise(grouped(rows, 2), method, places=16, accelerator="numba")
    assert told(result) == plain(rows, method, 0)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("scale", "places"), [(0, 38), (0, 18), (19, 0), (19, 38)])
def test_average_cost_may_be_kept_with_many_more_or_fewer_decimals_than_fills_have(path, scale, places):
    large = 10**18 if scale else 1
    rows = [(0, 3, 0), (0, 2, 1), (0, -2, 1), (1, large, large), (1, -large // 2, 0)]
    result = realise(grouped(rows, 2, path, scale), Method.AVERAGE, places=places, accelerator=path)
    assert told(result) == plain_average(rows, 2 * scale - places)
    free = realise(grouped([(0, 1, 0)], 1, path, scale), Method.AVERAGE, places=places, accelerator=path)
    assert free.lots.values.integers() == [0]


@pytest.mark.parametrize("path", PATHS)
def test_a_negative_price_is_a_price(path):
    rows = [(0, 5, -7), (0, -2, 3), (0, -4, -1)]
    for method in METHODS:
        result = realise(grouped(rows, 1), method, places=16, accelerator=path)
        assert told(result) == plain(rows, method, 0)


@pytest.mark.parametrize("path", PATHS)
def test_a_total_beyond_128_bits_is_refused_with_its_pair(path):
    largest = 2**63 - 1
    rows = [(0, 1, 1)] + [(1, -largest, largest), (1, largest, -largest)] * 2
    with pytest.raises(ProfitOverflowError, match="pair 1") as refusal:
        realise(grouped(rows, 2), accelerator=path)
    assert refusal.value.context == {"pair": 1}


@pytest.mark.parametrize("path", PATHS)
def test_a_total_of_a_position_that_never_turns_is_refused_beyond_128_bits_and_not_below(path):
    one, high = 2**60, 2**62
    gains, losses = [(0, one, -high), (0, -one, high)], [(0, one, high), (0, -one, -high)]
    with pytest.raises(ProfitOverflowError, match="pair 0"):
        realise(grouped(gains * 17, 1, path), accelerator=path)
    result = realise(grouped(gains * 17 + losses * 2, 1, path), accelerator=path)
    assert result.totals.integers() == [15 * 2**123]


@pytest.mark.parametrize("path", PATHS)
def test_a_sum_that_passes_128_bits_and_comes_back_is_the_sum(path):
    largest = 2**63 - 1
    gain, loss = (
        [(0, -largest, largest), (0, largest, -largest)],
        [(0, largest, largest), (0, -largest, -largest)],
    )
    result = realise(grouped([*gain, *gain, *loss], 1), accelerator=path)
    assert result.totals.integers() == [2 * largest**2]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_pairs_without_fills_have_neither_profit_nor_lots(path, method):
    result = realise(grouped([(2, 5, 7)], 5, path), method, accelerator=path)
    assert result.totals.integers() == [0] * 5
    assert result.lots.starts.tolist() == [0, 0, 0, 1, 1, 1]
    nothing = realise(grouped([], 0, path), method, accelerator=path)
    assert len(nothing.profits) == len(nothing.totals) == 0


@pytest.mark.parametrize("path", PATHS)
def test_fills_that_are_stored_by_pair_come_back_as_stored(path):
    fills = FillColumns(np.array([0, 2, 3]), column([5, -5, 1]), column([10, 12, 9]))
    result = realise(fills, accelerator=path)
    assert result.profits_as_given().integers() == result.profits.integers() == [0, 10, 0]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("pair", [-1, 3])
def test_the_first_row_of_a_pair_that_is_none_is_named(path, pair):
    rows = [(0, 1, 1), (pair, 1, 1), (2, 1, 1), (pair, 1, 1)]
    with pytest.raises(FillColumnsError, match=f"Row 1 is of pair {pair}"):
        grouped(rows, 3, path, threads=2)


@pytest.mark.parametrize(
    ("starts", "says"),
    [([0, 2], "rise from 0"), ([1, 3], "rise from 0"), ([0, 2, 1, 3], "rise from 0"), ([], "int64")],
)
def test_starts_that_do_not_cover_the_fills_are_refused(starts, says):
    with pytest.raises(FillColumnsError, match=says):
        FillColumns(np.array(starts, np.int64), column([1, 1, 1]), column([1, 1, 1]))


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(FillColumnsError, match="2 quantities and 1 prices"):
        FillColumns(np.array([0, 2]), column([1, 1]), column([1]))
    with pytest.raises(FillColumnsError, match="got 1 of int64, 2 and 2"):
        FillColumns.grouped(np.array([0]), column([1, 1]), column([1, 1]), 1)  # type: ignore[arg-type]


def test_specific_lots_and_impossible_places_are_refused():
    fills = grouped([(0, 1, 1)], 1)
    with pytest.raises(FillColumnsError, match="named fill by fill"):
        realise(fills, Method.SPECIFIC)
    with pytest.raises(FillColumnsError, match="0 to 38 decimals, not 39"):
        realise(fills, Method.AVERAGE, places=39)


def test_auto_takes_plain_integers_in_a_cold_process_and_the_kernels_once_warm(monkeypatch):
    monkeypatch.setattr(lots_columns, "_KERNELS", "truenav.not_loaded")
    assert not lots_columns._is_compiled("auto", 1000)
    assert lots_columns._is_compiled("auto", lots_columns.COMPILED_FROM_FILLS)
    monkeypatch.undo()
    warm_up()
    assert lots_columns._is_compiled("auto", 1)


def test_columns_of_any_flavour_use_the_same_compiled_kernels():
    from truenav.calc.ledger import _lot_kernels

    rows = [(0, 2**70, 5), (0, 1, 5), (1, -1, 5)]
    stored = FillColumns(np.arange(7)[::3].copy(), column([1] * 6), column([1] * 6))
    for method in METHODS:
        for places in (8, 20):
            realise(stored, method, places=places, accelerator="numba")
            realise(grouped(rows, 2, "numba"), method, places=places, accelerator="numba")
    for kernel in (_lot_kernels.match_lots, _lot_kernels.average, _lot_kernels.place_rows):
        assert len(kernel.signatures) == 1
