"""Files of prices: what is read is exact, what is doubtful is refused with its line."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.etp.engine.calendar import microseconds
from truenav.connect.products import tables
from truenav.connect.products.marks import RATES, Reading, read_history, read_series
from truenav.connect.products.tables import MAX_COLUMNS, PriceFileError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
AT = microseconds(START)
MINUTE = 60_000_000
SHARED = Path(__file__).parents[4] / "shared" / "data"
FTX_DAYS = SHARED / "ohlcv_binance_spot_1m_ftx" / "spot_1m_20221108_09.parquet"

PLAIN = Reading()
CSV = """time,price
2026-01-01T00:00:00Z,100.10
2026-01-01T00:01:00Z,100.2
2026-01-01T00:02:00Z,99.999999999999999999
"""


def read(path: Path, reading: Reading = PLAIN, **more):
    return read_history(path, reading, now=NOW, **more)


def write(folder: Path, text: str | bytes, name: str = "prices.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(path: Path, reading: Reading = PLAIN, **more) -> str:
    with pytest.raises(PriceFileError) as error:
        read(path, reading, **more)
    return error.value.message


def rows(*lines: str, header: str = "time,price") -> str:
    return "\n".join((header, *lines)) + "\n"


def test_numbers_stay_as_they_are_written_and_times_are_microseconds(tmp_path):
    history = read(write(tmp_path, CSV))
    assert history.times == [AT, AT + MINUTE, AT + 2 * MINUTE]
    assert history.prices == [Decimal("100.10"), Decimal("100.2"), Decimal("99.999999999999999999")]
    assert str(history.prices[0]) == "100.10"


@pytest.mark.parametrize(
    "written",
    [
        CSV.replace("\n", "\r\n"),
        "\ufeff" + CSV,
        "\ufeff" + CSV.replace("\n", "\r\n"),
        CSV.rstrip("\n"),
        CSV + "\n\n",
        CSV.replace("time,price\n", "time,price\n\n"),
        CSV.replace("100.10", '"100.10"'),
        CSV.replace("time,price", '"time","price"'),
        CSV.replace("time,price", " Time , Price "),
        CSV.replace("T", " "),
        CSV.replace("Z", "+00:00"),
        CSV.replace("2026-01-01T00:0", "2026-01-01T08:0").replace("Z", "+08:00"),
    ],
)
def test_the_same_table_is_read_the_same_however_it_is_written(tmp_path, written):
    assert read(write(tmp_path, written)) == read(write(tmp_path, CSV, "other.csv"))


def test_a_gzipped_file_is_read_as_its_content(tmp_path):
    packed = write(tmp_path, gzip.compress(CSV.encode()), "prices.csv.gz")
    assert read(packed) == read(write(tmp_path, CSV))
    cut = write(tmp_path, gzip.compress(CSV.encode())[:-9], "cut.csv.gz")
    assert "cannot be unpacked" in refusal(cut)


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("ms", 1_000), ("us", 10**6), ("ns", 10**9)])
def test_times_since_1970_are_read_in_the_unit_that_their_size_tells(tmp_path, unit, scale):
    seconds = AT // 1_000_000
    path = write(tmp_path, rows(f"{seconds * scale},1", f"{(seconds + 60) * scale},2"))
    assert read(path).times == [AT, AT + MINUTE]


def test_a_file_may_change_its_unit_halfway(tmp_path):
    """As the venues' own archives did in 2025, from milliseconds to microseconds."""
    path = write(tmp_path, rows(f"{AT // 1000},1", f"{AT + MINUTE},2", f"{(AT + 2 * MINUTE) // 10**6}.5,3"))
    assert read(path).times == [AT, AT + MINUTE, AT + 2 * MINUTE + 500_000]
    assert read(path, Reading(zone="UTC")) == read(path)


@pytest.mark.parametrize(
    "names", ["ts,close", "timestamp,mark", "open_time,mark_price", "openTime,last", "Date,Close"]
)
def test_common_names_of_columns_are_recognised(tmp_path, names):
    assert read(write(tmp_path, CSV.replace("time,price", names))).prices[0] == Decimal("100.10")


def test_candles_are_read_at_their_close(tmp_path):
    path = write(
        tmp_path,
        rows(
            "1767225600000,1,3,0.5,2,10",
            "1767225660000,2,4,1.5,3,11",
            header="open_time,open,high,low,close,volume",
        ),
    )
    assert read(path).prices == [2, 3]
    assert read(path, Reading(price="open")).prices == [1, 2]


def test_the_close_of_a_candle_counts_when_it_closed_where_the_file_says_when(tmp_path):
    both = write(
        tmp_path,
        rows(
            "1767225600000,1,2,1767225659999",
            "1767225660000,2,3,1767225719999",
            header="open_time,open,close,close_time",
        ),
    )
    assert read(both).times == [AT + 59_999_000, AT + MINUTE + 59_999_000]
    assert read(both, Reading(time="open_time")).times == [AT, AT + MINUTE]
    assert read(both, Reading(price="open")).times == [AT, AT + MINUTE]
    alone = write(tmp_path, rows("1767225659999,2", "1767225719999,3", header="Close Time,Close"))
    assert read(alone).times == read(both).times


def test_columns_that_cannot_be_told_apart_must_be_named(tmp_path):
    path = write(tmp_path, rows("1767225600,1,2", "1767225660,1,2", header="time,close,mark"))
    assert refusal(path) == "2 columns could be the price: close, mark; name the one meant."
    assert read(path, Reading(price="mark")).prices == [2, 2]
    assert "no column 'last'" in refusal(path, Reading(price="last"))
    nothing = write(tmp_path, rows("1767225600,1", header="time,open"))
    assert refusal(nothing) == "No column is recognised as the price; name it. The file has time, open."


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("0", "the price 0 is not above 0"),
        ("0.000", "the price 0 is not above 0"),
        ("-5", "the price -5 is not above 0"),
        ("", "the price is missing"),
        ("  ", "the price is missing"),
        ("NaN", "price: 'NaN' is not a finite decimal number"),
        ("Infinity", "price: 'Infinity' is not a finite"),
        ("1_000", "price: '1_000' is not a finite"),
        ("١٠٠", "is not a finite decimal number"),
        ("9" * 5000, "is not a finite decimal number"),
        ("1.2.3", "price: '1.2.3' is not a finite"),
        (".", "price: '.' is not a finite"),
        ("1e999", "digits are more than the 78"),
        ("1500", "the symbol may stand for another asset now"),
        ("9", "the symbol may stand for another asset now"),
    ],
)
def test_a_price_that_cannot_be_is_refused_with_its_line(tmp_path, cell, why):
    path = write(tmp_path, CSV.replace("100.2", cell))
    message = refusal(path)
    assert message.startswith("prices.csv, line 3")
    assert why in message


def test_lines_are_physical_also_behind_blank_ones_and_cells_of_several(tmp_path):
    note = rows('1767225600,1,"two\nlines"', "", "1767225660,0,x", header="time,price,note")
    assert refusal(write(tmp_path, note)).startswith("prices.csv, line 5 (2026-01-01T00:01:00Z): the price 0")


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ("2026-01-01T00:00:00Z", "there are two marks of this instant"),
        ("2025-12-31T00:00:00Z", "it comes after the mark of 2026-01-01T00:00:00Z"),
        ("2026-07-01T00:00:00Z", "it lies in the future"),
        ("2026-01-01T00:01:00", "tells no zone; say which it is"),
        ("", "the time is missing"),
        ("yesterday", "'yesterday' is no time"),
        ("20260101", "'20260101' is no time"),
        ("1.7e9", "'1.7e9' is no time"),
        ("99999999", "'99999999' is no time"),
        ("202601010001", "'202601010001' is no time of a market in any unit"),
        ("999999999999999999999", "is no time"),
        ("9" * 5000, "is no time"),
        ("0001-01-01T00:00:00+14:00", "lies before 1970"),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_its_line(tmp_path, second, why):
    message = refusal(write(tmp_path, rows("2026-01-01T00:00:00Z,1", f"{second},2")))
    assert message.startswith("prices.csv, line 3")
    assert why in message


def test_a_column_of_dates_without_signs_is_not_taken_for_milliseconds(tmp_path):
    message = refusal(write(tmp_path, rows("202512312359,1", "202601010000,2")))
    assert message.startswith("prices.csv, line 2: '202512312359' is no time of a market")


def test_a_number_of_thousands_of_digits_is_no_time(tmp_path):
    message = refusal(write(tmp_path, rows("1767225600,1", "9" * 5000 + ",2")))
    assert message.startswith("prices.csv, line 3: '9999")


def test_local_times_need_their_zone_and_are_refused_where_clocks_change(tmp_path):
    path = write(tmp_path, rows("2026-01-01 08:00:00,1", "2026-01-01 08:01:00,2"))
    assert "tells no zone" in refusal(path)
    assert read(path, Reading(zone="Asia/Shanghai")).times == [AT, AT + MINUTE]
    assert read(path, Reading(zone="+08:00")).times == [AT, AT + MINUTE]
    assert read(path, Reading(zone="UTC")).times[0] == AT + 480 * MINUTE
    skipped = write(tmp_path, rows("2026-03-29 01:59:00,1", "2026-03-29 02:30:00,2"))
    assert "skip 2026-03-29 02:30:00" in refusal(skipped, Reading(zone="Europe/Berlin"))


def test_a_column_of_utc_times_tells_its_zone_by_its_name(tmp_path):
    path = write(tmp_path, rows("2026-01-01 00:00:00,1", "2026-01-01 00:01:00,2", header="ts_utc,price"))
    assert read(path).times == [AT, AT + MINUTE]


def test_of_several_symbols_one_must_be_chosen(tmp_path):
    path = write(
        tmp_path,
        rows(
            "BTC,1767225600,5",
            "ETH,1767225600,3",
            "BTC,1767225660,6",
            "ETH,1767225660,0",
            header="symbol,time,price",
        ),
    )
    assert refusal(path) == "prices.csv holds 2 symbols; choose one of BTC, ETH."
    assert read(path, Reading(symbol="BTC")).prices == [5, 6]
    assert refusal(path, Reading(symbol="SOL")) == "prices.csv holds no symbol 'SOL'; it has BTC, ETH."
    assert refusal(path, Reading(symbol="ETH")).startswith("prices.csv, line 5 ")
    plain = write(tmp_path, CSV, "plain.csv")
    assert "no column 'symbol'" in refusal(plain, Reading(symbol="BTC"))


def test_marks_after_the_asset_behind_a_symbol_ended_are_refused(tmp_path):
    """LUNA: the symbol went on, the asset did not."""
    message = refusal(write(tmp_path, CSV), until=START + timedelta(minutes=1))
    assert message.startswith("prices.csv, line 3 ")
    assert "had ended" in message
    kept = read(write(tmp_path, CSV), Reading(end=START + timedelta(minutes=1)))
    assert len(kept) == 2


def test_a_window_takes_both_ends_and_leaves_the_rest_unjudged(tmp_path):
    path = write(
        tmp_path, rows(*(f"{AT // 10**6 + 60 * n},{price}" for n, price in enumerate([0, 1, 2, 3, 900])))
    )
    reading = Reading(start=START + timedelta(minutes=1), end=START + timedelta(minutes=3))
    assert read(path, reading).prices == [1, 2, 3]
    assert refusal(path, Reading(start=NOW)) == (
        "prices.csv has 0 marks between the start and the end; two are needed. Its marks are from "
        "2026-01-01T00:00:00Z to 2026-01-01T00:04:00Z."
    )
    turned = Reading(start=reading.end, end=reading.start)
    assert refusal(path, turned) == "The start 2026-01-01T00:03:00Z lies after the end 2026-01-01T00:01:00Z."


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("time,price\n", "no rows below them"),
        ("time,price\n2026-01-01T00:00:00Z,1\n", "needs two marks or more"),
        ("1767225600,1\n1767225660,2\n", "numbers stand where the names"),
        ("time;price\n1;2\n", "not parted by commas"),
        ("time,price\n1767225600,60,000\n1767225660,2,1\n", "line 2: 3 cells stand under 2 names"),
        ("time,price\n1767225600,6\n1767225660\n", "line 3: 1 cells stand under 2 names"),
        ('time,price\n1767225600,"6\n', "is no row of a table"),
        (b"time,price\n1767225600,\xff\n", "line 2: this is not UTF-8"),
        (b"PK\x03\x04", "an archive or a spreadsheet"),
        (b"\xff\xfet\x00", "UTF-16"),
        (b"%PDF-1.7", "a PDF"),
        (b"PAR1 and nothing more", "not a Parquet file that can be read"),
        ("<html><body>Not found</body></html>\n", "No column is recognised"),
        (",".join(f"c{n}" for n in range(10_000)) + "\n", f"10000 columns, more than {MAX_COLUMNS}"),
    ],
)
def test_what_is_no_table_of_prices_is_refused(tmp_path, content, why):
    assert why in refusal(write(tmp_path, content))


def test_parquet_is_read_as_the_same_table_in_csv(tmp_path):
    moments = [START.replace(tzinfo=None) + timedelta(minutes=n) for n in range(3)]
    prices = [0.1, 1e-1, 0.30000000000000004]
    frame = pl.DataFrame({"ts": moments, "close": prices, "symbol": ["A", "A", "A"]})
    path = tmp_path / "prices.parquet"
    zone = Reading(zone="UTC")
    for unit in ("ms", "us", "ns"):
        frame.with_columns(pl.col("ts").dt.cast_time_unit(unit)).write_parquet(path)
        history = read(path, zone)
        assert history.times == [AT, AT + MINUTE, AT + 2 * MINUTE]
        assert [str(price) for price in history.prices] == ["0.1", "0.1", "0.30000000000000004"]
    assert "row 1: the time" in refusal(path)
    aware = frame.with_columns(pl.col("ts").dt.replace_time_zone("Asia/Shanghai"))
    aware.write_parquet(path)
    assert read(path).times[0] == AT - 480 * MINUTE
    exact = pl.Series("close", [Decimal("0.1"), Decimal("0.10"), Decimal("0.3")])
    frame.with_columns(pl.col("ts").dt.epoch("ms"), exact).write_parquet(path)
    assert read(path).prices == [Decimal("0.1"), Decimal("0.1"), Decimal("0.3")]


@pytest.mark.parametrize(
    ("price", "why"),
    [(None, "row 2: the price is missing"), (float("nan"), "row 2: price: 'NaN'"), (0.0, "row 2 (")],
)
def test_a_bad_price_in_parquet_is_refused_with_its_row(tmp_path, price, why):
    path = tmp_path / "prices.parquet"
    pl.DataFrame({"time": [1767225600, 1767225660], "price": [1.0, price]}).write_parquet(path)
    assert why in refusal(path)


def test_rows_that_are_alike_pack_well_and_are_refused_before_they_fill_memory(tmp_path):
    path = tmp_path / "prices.parquet"
    alike = pl.repeat("2026-01-01T00:00:00Z", 2_000_000, eager=True)
    pl.DataFrame({"time": alike, "price": alike}).write_parquet(path)
    assert path.stat().st_size < 20_000
    assert refusal(path, most_rows=1_000).startswith("prices.parquet has more than 1,000 rows")
    plain = write(tmp_path, "time,price\n" + "1767225600,1\n" * 1_001)
    assert refusal(plain, most_rows=1_000).startswith("prices.csv has more than 1,000 rows")


def test_a_long_text_that_stands_in_every_row_of_parquet_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_BYTES", 2**20)
    path = tmp_path / "prices.parquet"
    frame = pl.DataFrame({"time": pl.repeat("x" * 5_000, 1_000, eager=True), "price": ["1"] * 1_000})
    frame.write_parquet(path)
    assert path.stat().st_size < 20_000
    assert "'time' has more than 1 MiB" in refusal(path)


def test_a_parquet_column_of_other_things_is_refused(tmp_path):
    path = tmp_path / "prices.parquet"
    pl.DataFrame({"time": [1767225600], "price": [[1.0]]}).write_parquet(path)
    assert "no numbers, times or texts" in refusal(path)


def test_funding_rates_stand_beside_the_prices_or_in_a_file_of_their_own(tmp_path):
    beside = write(
        tmp_path,
        rows(
            f"{AT // 10**6},1,0.0001",
            f"{AT // 10**6 + 60},2,",
            f"{AT // 10**6 + 28800},3,-0.0002",
            header="time,price,funding_rate",
        ),
    )
    assert read(beside).rates == [(AT, Decimal("0.0001")), (AT + 480 * MINUTE, Decimal("-0.0002"))]
    own = write(
        tmp_path, rows(f"{AT // 1000 + 60000},0.0003", header="fundingTime,fundingRate"), "funding.csv"
    )
    assert read(beside, funding=own).rates == ((AT + MINUTE, Decimal("0.0003")),)
    first = Reading(end=START + timedelta(minutes=1))
    assert read(beside, first).rates == [(AT, Decimal("0.0001"))]
    late = write(tmp_path, rows(f"{AT // 1000},0.1", header="time,rate"), "late.csv")
    assert refusal(beside, funding=late) == "late.csv holds no rate between the first mark and the last."


def test_one_series_of_rates_needs_no_choice_and_one_of_several_is_that_of_the_prices(tmp_path):
    prices = write(tmp_path, rows("A,1767225600,5", "A,1767225660,6", header="symbol,time,price"))
    alone = write(tmp_path, rows("A-PERP,1767225660,0.1", header="symbol,time,rate"), "alone.csv")
    assert read(prices, Reading(symbol="A"), funding=alone).rates == ((AT + MINUTE, Decimal("0.1")),)
    lines = ("A,1767225660,0.1", "B,1767225660,0.2")
    several = write(tmp_path, rows(*lines, header="symbol,time,rate"), "several.csv")
    assert read(prices, Reading(symbol="A"), funding=several).rates == ((AT + MINUTE, Decimal("0.1")),)
    assert "several.csv holds 2 symbols" in refusal(prices, funding=several)


def test_names_from_a_file_cannot_move_the_cursor_of_who_reads_the_refusal(tmp_path):
    message = refusal(write(tmp_path, rows("1", header="\x1b[2Jtime,\x07")))
    assert message.isprintable()
    message = refusal(write(tmp_path, rows("1,2,\x1b[2J", "1,2,b", header="time,price,symbol")))
    assert message.isprintable()


def test_forecasts_of_funding_beside_every_mark_are_not_charged(tmp_path):
    path = write(
        tmp_path,
        rows(*(f"{AT // 10**6 + 60 * n},1,0.0001" for n in range(3)), header="time,price,funding_rate"),
    )
    assert refusal(path).startswith("prices.csv, line 3: a funding rate follows another within half an hour")


def test_rolls_and_rates_must_rise_in_time_and_be_possible(tmp_path):
    prices = write(tmp_path, CSV)
    rolls = write(tmp_path, rows("2026-01-01T00:01:00Z,0.99", header="time,roll"), "rolls.csv")
    assert read(prices, rolls=rolls).rolls == ((AT + MINUTE, Decimal("0.99")),)
    assert "is not above 0" in refusal(
        prices, rolls=write(tmp_path, rows("1767225600,0", header="time,roll"), "r.csv")
    )
    assert "is no fraction" in refusal(
        prices, funding=write(tmp_path, rows("1767225660,1.5", header="time,rate"), "f.csv")
    )
    twice = write(tmp_path, rows("1767225600,0.1", "1767225600,0.1", header="time,rate"), "twice.csv")
    with pytest.raises(PriceFileError, match=r"twice\.csv, line 3: the time is not later"):
        read_series(twice, RATES, "funding rate")


cells = st.lists(
    st.tuples(st.integers(1, 10**9), st.decimals("0.5", "4.9", places=8)),
    min_size=2,
    max_size=40,
    unique_by=lambda pair: pair[0],
)


@given(cells, st.booleans())
def test_plain_and_quoted_files_are_read_alike(tmp_path_factory, pairs, has_more):
    """The quick way of plain files against the csv module, which any quotation mark calls for."""
    folder = tmp_path_factory.mktemp("alike")
    lines = [f"{AT + at},{price}" + (",x" if has_more else "") for at, price in sorted(pairs)]
    header = "time,price" + (",note" if has_more else "")
    plain = write(folder, rows(*lines, header=header))
    quoted = write(folder, rows(*lines, header=header.replace("time", '"time"')), "quoted.csv")
    found = read(plain)
    assert found == read(quoted)
    assert found.prices == [price for _, price in sorted(pairs)]
    assert found.times == [AT + at for at, _ in sorted(pairs)]


ODD = [
    "",
    "0",
    "-1",
    "NaN",
    "1e5",
    "1e999",
    "\x00",
    '"',
    "\r",
    "\n",
    ",",
    "\ufeff",
    "\u2028",
    "１",
    "1_0",
    "9" * 400,
    "2026-13-01T00:00:00Z",
    "0001-01-01",
    "9999-12-31T23:59:59.999999-14:00",
    "24:00",
    "1767225600000000000",
]
"""Pieces that break readers of tables."""


@given(
    st.lists(st.sampled_from([*ODD, "1767225600", "1767225660", "2026-01-01T00:00:00Z", "5"]), max_size=12),
    st.sampled_from(["time,price", "ts,close", "time,price,symbol", "time,price,funding_rate", ""]),
    st.sampled_from([None, "UTC", "Europe/Berlin"]),
)
def test_whatever_stands_in_a_file_is_a_history_or_a_refusal(tmp_path_factory, cells, header, zone):
    lines = [header] + [",".join(cells[place : place + 2]) for place in range(0, len(cells), 2)]
    path = write(tmp_path_factory.mktemp("odd"), "\n".join(lines))
    try:
        count = len(read(path, Reading(zone=zone)))
    except PriceFileError as refused:
        count, message = 0, refused.message
        assert message.isprintable()
    assert count != 1


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b", b"PAR1", b"time,price\n", b"\xef\xbb\xbf"])
)
def test_whatever_bytes_are_given_are_a_history_or_a_refusal(tmp_path_factory, data, start):
    path = write(tmp_path_factory.mktemp("bytes"), start + data)
    with pytest.raises(PriceFileError):
        read(path, Reading(zone="UTC"))


def test_blocks_of_a_long_file_are_joined_without_a_seam(tmp_path):
    count = 120_000
    lines = [f"{AT // 10**6 + n},{100 + n % 7}.{n % 1000:03}" for n in range(count)]
    history = read(write(tmp_path, rows(*lines)))
    assert len(history) == count
    assert history.times == [AT + n * 10**6 for n in range(count)]
    assert history.prices == [Decimal(line.split(",")[1]) for line in lines]
    lines[count - 3] += ",1"
    assert refusal(write(tmp_path, rows(*lines))).startswith(f"prices.csv, line {count - 1}: 3 cells")


@pytest.mark.skipif(not FTX_DAYS.exists(), reason="the shared price histories are not here")
def test_the_days_of_the_ftx_collapse_minute_by_minute():
    reading = Reading(symbol="BTCUSDT", zone="UTC")
    history = read(FTX_DAYS, reading)
    frame = pl.read_parquet(FTX_DAYS).filter(pl.col("symbol") == "BTCUSDT")
    assert len(history) == 1000
    assert [float(price) for price in history.prices] == frame["close"].to_list()
    assert history.times[0] == microseconds(datetime(2022, 11, 8, 22, 31, tzinfo=UTC))
