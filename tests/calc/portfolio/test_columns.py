"""Decimal columns: zero copy from Arrow producers, and no unknown taken for zero."""

from __future__ import annotations

import gc
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.portfolio.columns import (
    WIDE,
    DecimalColumn,
    DecimalColumnError,
    UnknownValueError,
)

NUMBERS = [Decimal("1.5"), Decimal("-0.000000000000000001"), Decimal("99999999999999999999"), Decimal(0)]
UNSCALED = [15 * 10**17, -1, (10**20 - 1) * 10**18, 0]


def series(numbers: list[Decimal | None]) -> pl.Series:
    return pl.Series(numbers, dtype=pl.Decimal(38, 18))


def test_a_polars_series_is_read_without_copying():
    source = series(NUMBERS)
    first, second = DecimalColumn.from_arrow(source), DecimalColumn.from_arrow(source)
    assert first.integers() == UNSCALED
    assert first.scale == 18
    assert first.values.ctypes.data == second.values.ctypes.data


def test_a_pyarrow_array_is_read_without_copying():
    source = pa.array(NUMBERS, pa.decimal128(38, 18))
    column = DecimalColumn.from_arrow(source)
    assert column.integers() == UNSCALED
    assert column.values.ctypes.data == source.buffers()[1].address


def test_pyarrow_decimal64_is_read_as_narrow_numbers():
    column = DecimalColumn.from_arrow(pa.array([Decimal("1.25"), Decimal("-3")], pa.decimal64(18, 8)))
    assert not column.is_wide
    assert column.integers() == [125_000_000, -300_000_000]
    assert column.widened().integers() == column.integers()


def test_a_slice_starts_at_its_own_first_row():
    assert DecimalColumn.from_arrow(series(NUMBERS)[1:3]).integers() == UNSCALED[1:3]
    arrow = pa.array(NUMBERS, pa.decimal128(38, 18))[1:3]
    assert DecimalColumn.from_arrow(arrow).integers() == UNSCALED[1:3]


def test_several_chunks_are_joined_in_order():
    source = pl.concat([series(NUMBERS[:1]), series(NUMBERS[1:])], rechunk=False)
    assert DecimalColumn.from_arrow(source).integers() == UNSCALED


def test_the_memory_outlives_its_producer():
    def build() -> list[DecimalColumn]:
        return [
            DecimalColumn.from_arrow(series(NUMBERS * 1000)),
            DecimalColumn.from_arrow(pa.array(NUMBERS * 1000, pa.decimal128(38, 18))),
        ]

    columns = build()
    gc.collect()
    for column in columns:
        assert column.integers() == UNSCALED * 1000


def test_an_empty_column_has_no_rows():
    assert DecimalColumn.from_arrow(series([])).integers() == []
    assert DecimalColumn.from_arrow(pa.array([], pa.decimal128(38, 18))).integers() == []


@pytest.mark.parametrize("row", [0, 3, 17])
def test_a_null_is_refused_with_its_row(row):
    numbers: list[Decimal | None] = [Decimal(1)] * 20
    numbers[row] = None
    sources = [
        lambda: DecimalColumn.from_arrow(series(numbers)),
        lambda: DecimalColumn.from_arrow(pa.array(numbers, pa.decimal128(38, 18))),
        lambda: DecimalColumn.from_decimals(numbers),
    ]
    for build in sources:
        with pytest.raises(UnknownValueError, match=f"Row {row} is null"):
            build()


def test_a_null_in_a_later_chunk_or_slice_is_named_by_its_own_row():
    chunked = pa.chunked_array(
        [pa.array([1, 2], pa.decimal128(5, 0)), pa.array([3, None], pa.decimal128(5, 0))]
    )
    with pytest.raises(UnknownValueError, match="Row 3 "):
        DecimalColumn.from_arrow(chunked)
    with pytest.raises(UnknownValueError, match="Row 1 "):
        DecimalColumn.from_arrow(pa.array([1, 2, 3, None], pa.decimal128(5, 0))[2:])


@pytest.mark.parametrize(
    "source", [pl.Series([1.5]), pa.array([1]), pa.array([1], pa.decimal256(50, 0)), [Decimal(1)]]
)
def test_anything_but_decimals_of_64_or_128_bits_is_refused(source):
    with pytest.raises(DecimalColumnError):
        DecimalColumn.from_arrow(source)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e20", "0.0000000000000000001"])
def test_a_decimal_that_does_not_fit_is_refused_with_its_row(number):
    with pytest.raises(DecimalColumnError, match="Row 1 holds"):
        DecimalColumn.from_decimals([Decimal(1), Decimal(number)])


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**19), max_value=10**19)
    )
)
def test_decimals_survive_the_round_trip(numbers):
    column = DecimalColumn.from_decimals(numbers)
    assert [Decimal(f"{n}E-18") for n in column.integers()] == numbers
    assert len(column) == len(numbers)


def test_limbs_of_another_shape_or_type_are_refused():
    for limbs in (np.zeros((2, 2), np.int64), np.zeros(2), np.zeros(2, np.int32)):
        with pytest.raises(DecimalColumnError, match="limbs"):
            DecimalColumn(limbs, 0)
    with pytest.raises(DecimalColumnError, match="scale"):
        DecimalColumn(np.zeros(1, WIDE), 39)


def test_a_column_cannot_be_written_through():
    column = DecimalColumn(np.zeros(1, np.int64), 0)
    with pytest.raises(ValueError, match="read-only"):
        column.values[0] = 1
