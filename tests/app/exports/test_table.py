"""Files keep every digit and run no formula, whatever a name holds."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.app.exports.table import (
    CellKind,
    Table,
    TableColumn,
    TableFormat,
    file_name,
    fits_double,
    neutral,
    to_csv,
    to_xlsx,
)
from truenav.core.money import to_text

COLUMNS = (TableColumn("name"), TableColumn("value", CellKind.NUMBER))
HOSTILE = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1")


def _sheet(data):
    return openpyxl.load_workbook(io.BytesIO(data)).active


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_no_formula_in_csv(text):
    (_, (cell, _)) = csv.reader(io.StringIO(to_csv(Table(COLUMNS, [(text, "1")])).decode(), newline=""))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_a_text_in_a_sheet(text):
    cell = _sheet(to_xlsx(Table(COLUMNS, [(text, "1")])))["A2"]
    assert cell.data_type == "s"
    assert b"<f>" not in to_xlsx(Table(COLUMNS, [(text, "1")]))


def test_a_negative_number_stays_a_number():
    table = Table(COLUMNS, [("loss", "-12.5")])
    assert b"loss,-12.5\r\n" in to_csv(table)
    cell = _sheet(to_xlsx(table))["B2"]
    assert (cell.data_type, cell.value) == ("n", -12.5)


def test_a_number_column_that_holds_something_else_is_neutralised():
    assert b"x,'=1+1\r\n" in to_csv(Table(COLUMNS, [("x", "=1+1")]))


def test_digits_that_a_double_would_lose_stay_as_text():
    exact = "300417928.123456789012345678"
    cell = _sheet(to_xlsx(Table(COLUMNS, [("nav", exact)])))["B2"]
    assert (cell.data_type, cell.value) == ("s", exact)
    assert exact.encode() in to_csv(Table(COLUMNS, [("nav", exact)]))


def test_unknown_is_an_empty_cell_and_zero_is_a_number():
    table = Table(COLUMNS, [("unknown", None), ("zero", "0")])
    sheet = _sheet(to_xlsx(table))
    assert (sheet["B2"].value, sheet["B3"].value) == (None, 0)
    assert to_csv(table).splitlines()[1:] == [b"unknown,", b"zero,0"]


def test_a_text_longer_than_a_cell_says_that_it_was_cut():
    value = _sheet(to_xlsx(Table(COLUMNS, [("x" * 40_000, "1")])))["A2"].value
    assert len(value) == 32_767
    assert value.endswith("(cut here; the CSV holds all of it)")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_whatever_is_written_as_a_number_comes_back_equal(number):
    text = to_text(number)
    if fits_double(text):
        assert Decimal(repr(float(text))) == number


@given(st.text(max_size=30))
def test_every_text_survives_csv(text):
    safe = text.encode("utf-8", "replace").decode()
    read = list(csv.reader(io.StringIO(to_csv(Table(COLUMNS, [(safe, "1")])).decode(), newline="")))
    assert read[1][0] in (safe, neutral(safe))


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("truenav-../../etc/passwd", "truenav-..-..-etc-passwd.csv"),
        ('a"\r\nSet-Cookie: x', "a-set-cookie-x.csv"),
        ("净值", "table.csv"),
        ("..", "table.csv"),
    ],
)
def test_file_names_are_safe(stem, name):
    assert file_name(stem, TableFormat.CSV) == name
