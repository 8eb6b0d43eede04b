"""A corpus of bad files: each is refused with its row and reason, or accepted exactly."""

from __future__ import annotations

import contextlib
import csv
import io
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.errors import ImportRefusedError
from truenav.connect.files import check, layouts, sniff
from truenav.connect.files.mapping import BadLayoutError, Meaning

from .support import HOUSE, T0, facts, problem, read

UNIVERSAL = layouts()["koinly-universal-label"]
HEADER = (
    "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,"
    "Net Worth Amount,Net Worth Currency,Label,Description,TxHash\n"
)
GOOD = "2024-01-01 10:00:00,,,1,BTC,,,,,,,\n"
AT = "2024-01-01 10:00:00"


def row(cells: str) -> str:
    """A file whose third line holds the cells up to the fee, and nothing behind."""
    given = len(next(csv.reader([cells]))) if cells.count('"') != 1 else 99
    return HEADER + GOOD + cells + "," * (12 - given) + "\n"


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        (",,,1,BTC", "Date", "missing"),
        ("2024-01-01 10:00,,,1,BTC,,,,,,,,extra", "", "13 cells"),
        ("yesterday,,,1,BTC", "Date", "not a time"),
        ("2024-02-30 10:00:00,,,1,BTC", "Date", "not a time"),
        (f"{AT},,,-1,BTC", "Received Amount", "negative"),
        (f"{AT},-1,BTC,,", "Sent Amount", "negative"),
        (f"{AT},,,1,ВTC", "Received Currency", "CYRILLIC CAPITAL LETTER VE"),
        (f"{AT},,,1,ＢＴＣ", "Received Currency", "FULLWIDTH"),
        (f"{AT},,,1,NOSUCH", "Received Currency", "not a known asset"),
        (f"{AT},,,1,", "Received Currency", "missing"),
        (f"{AT},,,NaN1,BTC", "Received Amount", "not a finite"),
        (f"{AT},,,inf,BTC", "Received Amount", "not a finite"),
        (f"{AT},,,=1+1,BTC", "Received Amount", "not a finite"),
        (f"{AT},,,0x10,BTC", "Received Amount", "not a finite"),
        (f"{AT},,,1_000,BTC", "Received Amount", "not a finite"),
        (f"{AT},,,١,BTC", "Received Amount", "not a finite"),
        (f"{AT},,,1e400,BTC", "Received Amount", "401 digits"),
        (f"{AT},,,{'9' * 80},BTC", "Received Amount", "80 digits"),
        (f"{AT},,,0.{'0' * 39}1,BTC", "Received Amount", "38 decimals"),
        (f'{AT},,,"1,5",BTC', "Received Amount", "comma"),
        (f'{AT},,,"1,234.5",BTC', "Received Amount", "comma"),
        (f"{AT},,,1.234.5,BTC", "Received Amount", "not a finite"),
        (f"{AT},,,$5,EUR", "Received Amount", "'$'"),
        (f"{AT},,,5%,BTC", "Received Amount", "not a finite"),
        (f"{AT},0,USDT,0,BTC", "", "quantity is zero"),
        (f"{AT},5,USDT,0,BTC", "", "quantity is zero"),
        (f"{AT},,,,", "", "no amount"),
        (f"{AT},1,BTC,2,BTC", "", "do not add up"),
        (f"{AT},5,USDT,1,BTC,0.1,", "Fee Currency", "fee has no asset"),
        (f"{AT},5,USDT,1,BTC,x,USDT", "Fee Amount", "not a finite"),
        (f'{AT},,,1,"BTC', "", "cannot be read"),
        (f"{AT},,,1,BTC,,,,,,,{'a' * 201}", "TxHash", "201 characters"),
        (f"{AT},,,1,BTC,,,,,,,{'a' * 20_000}", "", "more than 10000"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_column_and_reason(cells, column, says):
    found = problem(row(cells), UNIVERSAL)
    assert (found.line, found.column) == (3, column)
    assert says in found.message


@pytest.mark.parametrize(
    ("amount", "number"),
    [
        ("1.50", "1.5"),
        ("1e-7", "0.0000001"),
        ("1.2E+3", "1200"),
        (".5", "0.5"),
        ("+3", "3"),
        (" 7 ", "7"),
        ("$5", None),
        ("₿0.25", "0.25"),
        (str(2**256 - 1), str(2**256 - 1)),
        ("0." + "0" * 37 + "1", "1e-38"),
    ],
)
def test_a_number_is_kept_exactly(amount, number):
    asset = "USD" if amount.startswith("$") else "BTC"
    fact = facts(row(f"{AT},,,{amount},{asset}"), UNIVERSAL)[-1]
    assert fact.body.amount.number == Decimal(number or "5")


@pytest.mark.parametrize(
    ("amount", "decimal", "thousands", "number"),
    [
        ('"1,234.56"', ".", ",", "1234.56"),
        ('"1.234,56"', ",", ".", "1234.56"),
        ("1'234.56", ".", "'", "1234.56"),
        ("1 234.5", ".", " ", "1234.5"),
        ('"1,5"', ",", "", "1.5"),
        ("12", ",", ".", "12"),
    ],
)
def test_thousands_and_decimals_are_as_the_layout_says(amount, decimal, thousands, number):
    text = row(f"{AT},,,{amount},BTC")
    fact = facts(text, UNIVERSAL, decimal=decimal, thousands=thousands)[-1]
    assert fact.body.amount.number == Decimal(number)


@pytest.mark.parametrize("amount", ['"12,34.5"', '"1,2345"', '"1,,234"', '",123"'])
def test_thousands_that_are_not_grouped_are_refused(amount):
    assert problem(row(f"{AT},,,{amount},BTC"), UNIVERSAL, thousands=",").column == "Received Amount"


def test_text_that_looks_like_a_formula_stays_text():
    fact = facts(row(f"{AT},,,1,BTC,,,,,,,=HYPERLINK(1)"), UNIVERSAL)[-1]
    assert fact.body.txid == "=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "header"),
        (b"\n\n\n", "header"),
        (b"just one line of text", "header"),
        (b"1,2,3\n4,5,6\n", "header"),
        (b"PK\x03\x04rest", "spreadsheet or an archive"),
        (b"\x1f\x8b\x08rest", "archive"),
        (b"\xd0\xcf\x11\xe0rest", "spreadsheet"),
        (b"%PDF-1.7", "PDF"),
        (HEADER.encode() + b"a\0b", "NUL"),
        (HEADER.encode() + "交易对\n".encode("gbk"), "not UTF-8"),
        (HEADER.encode() + "通貨ペア\n".encode("shift-jis"), "not UTF-8"),
        (HEADER.encode() + "é".encode()[:1], "cut off"),
        (",".join(f"c{n}" for n in range(10_000)).encode() + b"\n1\n", "10000 columns"),
        (b'"never closed\n1,2', "header"),
        (b'{"data": []}', "header"),
        (b"[]", "header"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(data, says):
    with pytest.raises(ImportRefusedError, match=says):
        sniff("export.csv", data)


def test_long_texts_cost_no_time():
    words = " ".join(["deposit fee trade"] * 3_000)
    text = f'Date,Type,Amount,Coin,"{words}"\n' + f'2024-01-01T10:00:00Z,"{words}",1,BTC,"{words}"\n' * 50
    started = time.perf_counter()
    sniff("export.csv", text.encode())
    assert time.perf_counter() - started < 5


def test_utf_16_and_latin_1_are_read_where_they_are_sure():
    text = HEADER + f"{AT},,,1,BTC,,,,,,für alle,\n"
    for data in (text.encode("utf-16"), text.encode("latin-1"), text.encode("utf-8-sig")):
        sniffed = sniff("export.csv", data)
        assert sniffed.layout is not None
        assert len(facts(data, sniffed.layout)) == 1


def test_a_status_or_word_that_the_layout_does_not_know_refuses_its_row():
    layout = layouts()["binance-withdrawals"]
    head = "Date(UTC),Coin,Network,Amount,Fee,Address,TXID,Status\n"
    layout = replace(layout, columns={**layout.columns, "time": "Date(UTC)"}, times=UNIVERSAL.times)
    assert problem(head + f"{AT},ETH,ETH,1,0,a,b,Pondering\n", layout).column == "Status"
    typed = layouts()["kraken-ledger"]
    text = (
        "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance\n" + f"L1,R1,{AT},magic,,c,ETH,1,0,1\n"
    )
    assert problem(text, typed).column == "type"


def test_a_row_that_repeats_its_id_counts_once_and_a_changed_one_is_a_problem():
    head = "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance\n"
    line = f"L1,R1,{AT},deposit,,c,ETH,1,0,1\n"
    report = read(head + line + line)
    assert (len(report.facts), report.duplicates) == (1, (3,))
    found = problem(head + line + line.replace("ETH,1,", "ETH,2,"), layouts()["kraken-ledger"])
    assert (found.line, found.column) == (3, "txid")


def test_equal_rows_without_an_id_are_two_events_and_overlap_without_doubling():
    march = facts(HEADER + GOOD + GOOD, UNIVERSAL)
    april = facts(HEADER + GOOD.replace("01-01", "01-02") + GOOD + GOOD + GOOD, UNIVERSAL)
    assert len({fact.key_hash for fact in march}) == 2
    assert len({fact.key_hash for fact in (*march, *april)}) == 4


def test_what_the_file_does_not_use_may_differ_between_two_exports():
    wide = HEADER + f"{AT},,,1,BTC,,,55.1,USD,,,\n"
    wider = HEADER.replace("Date", "Extra,Date") + f"x,{AT},,,1,BTC,,,56.9,CAD,,note,\n"
    assert facts(wide, UNIVERSAL)[0].key_hash == facts(wider, UNIVERSAL)[0].key_hash


def test_legs_that_make_no_single_trade_are_refused_where_they_begin():
    text = "Cryptocurrency,Amount,Transaction Type,Confirmed At\n" + "".join(
        f"{coin},{amount},Trade,{AT}\n" for coin, amount in (("LTC", -1), ("ADA", -2), ("BTC", "0.1"))
    )
    found = problem(text, layouts()["blockfi"])
    assert found.line == 2
    assert "one asset sent" in found.message


def test_a_fee_larger_than_what_holds_it_is_refused():
    text = row(f"{AT},1,USDT,1,BTC,2,USDT")
    assert "more than" in problem(text, UNIVERSAL, fee_included=True).message


def test_an_open_question_is_never_answered_for_the_file():
    text = "Date,Type,Coin,Amount\n05/09/2024 10:00,deposit,BTC,1\n"
    sniffed = sniff("export.csv", text.encode())
    assert {"days", "zone"} <= {question.about for question in sniffed.questions}
    with pytest.raises(BadLayoutError, match="form of times"):
        read(text, sniffed.proposal.layout)
    with pytest.raises(ImportRefusedError):
        check("export.csv", text.encode(), HOUSE, imported_at=T0)


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(data):
    with contextlib.suppress(ImportRefusedError):
        sniff("export.csv", data)
    assert read(data, UNIVERSAL).rows >= 0


@given(
    st.lists(st.lists(st.text(max_size=9), min_size=12, max_size=12), max_size=4),
    st.sampled_from(sorted(layouts())),
)
def test_no_cells_raise_anything_in_any_layout(rows, name):
    layout = layouts()[name]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=layout.delimiter)
    width = len(layout.headers[0])
    writer.writerows([layout.headers[0], *((cells * 3)[:width] for cells in rows)])
    data = out.getvalue().encode("utf-8", "replace")
    report = check(
        "x.csv", data, HOUSE, imported_at=T0, layout=replace(layout, meaning=Meaning.DEPOSIT), account="a"
    )
    assert report.problem_count >= 0
