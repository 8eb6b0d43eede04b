"""Trades in rows become fills by pair, with every digit and in order of time."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from truenav.calc.ledger import lots_frames
from truenav.calc.ledger.lots_columns import FillColumnsError, realise
from truenav.calc.ledger.lots_frames import fill_columns, trade_columns
from truenav.calc.portfolio.columns import UnknownValueError
from truenav.core.facts import Fact, Trade
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.money import Amount, AssetId
from truenav.store.frames import facts_frame
from truenav.store.segments import draft_segment

START = datetime(2026, 1, 1, tzinfo=UTC)


def trade(number: int, instrument: str, quantity: str, price: str, account: str = "a1") -> Fact:
    fee = Amount(Decimal("-0.1"), AssetId("USDT"))
    body = Trade(
        "spot", InstrumentId(instrument), Decimal(quantity), Decimal(price), None, None, (fee,), str(number)
    )
    at = START + timedelta(seconds=number)
    return Fact("s", account, str(number), at, body, Sha256("0" * 64))


def stored(*facts: Fact) -> pl.DataFrame:
    """What a segment on disk holds."""
    return pl.read_parquet(io.BytesIO(draft_segment("trade", facts_frame(facts)).data))


def table(*rows: tuple[str, str, int, object, object], numbers: type[pl.DataType] | pl.DataType = pl.String):
    schema = {
        "account": pl.String,
        "instrument": pl.String,
        "occurred_at": pl.Datetime("us", "UTC"),
        "quantity": numbers,
        "price": numbers,
    }
    timed = [(a, i, START + timedelta(seconds=at), q, x) for a, i, at, q, x in rows]
    return pl.DataFrame(timed, schema=schema, orient="row")


def test_trades_of_a_stored_segment_realise_their_profit():
    segment = stored(
        trade(1, "v:BTC", "2", "100"),
        trade(2, "v:ETH", "1.5", "10.25"),
        trade(3, "v:BTC", "-1", "110.5", account="a2"),
        trade(4, "v:BTC", "-0.5", "110.5"),
    )
    found = fill_columns(trade_columns(segment))
    assert found.pairs.rows() == [("a1", "v:BTC"), ("a1", "v:ETH"), ("a2", "v:BTC")]
    assert (found.fills.quantities.scale, found.fills.prices.scale) == (1, 2)
    result = realise(found.fills)
    assert result.profits_as_given().integers() == [0, 0, 0, 5250]
    assert result.profits.scale == 3


@pytest.mark.parametrize("name", ['a"b', "a\\b", 'v:","is":"trade","order_id":"', "v:\u4e2d\u6587", "a\tb"])
def test_a_market_may_be_called_anything(name):
    segment = stored(trade(1, name, "1", "2"), trade(2, "v:BTC", "1", "2"))
    assert trade_columns(segment)["instrument"].to_list() == [name, "v:BTC"]


def test_a_row_that_is_no_trade_is_named():
    segment = stored(trade(1, "v:BTC", "1", "2"), trade(2, "v:BTC", "1", "2"))
    wrong = segment.with_columns(pl.col("statement").str.replace('"is":"trade"', '"is":"quote"'))
    with pytest.raises(FillColumnsError, match="Row 1 of the segment is not a trade"):
        trade_columns(segment[:1].vstack(wrong[1:]))


def test_fills_are_in_order_of_time_and_of_one_instant_as_they_came():
    trades = table(
        ("a", "x", 5, "-1", "9"), ("a", "x", 1, "1", "7"), ("b", "x", 3, "4", "1"), ("a", "x", 5, "1", "8")
    )
    found = fill_columns(trades)
    assert found.fills.quantities.integers() == [1, -1, 1, 4]
    assert found.fills.prices.integers() == [7, 9, 8, 1]


def test_the_scale_is_the_least_that_holds_every_digit():
    found = fill_columns(table(("a", "x", 1, "1.10", "7"), ("a", "x", 2, "-0.0250", "123456789.5")))
    assert (found.fills.quantities.scale, found.fills.quantities.integers()) == (3, [1100, -25])
    assert (found.fills.prices.scale, found.fills.prices.integers()) == (1, [70, 1234567895])


def test_decimals_are_taken_as_they_are_and_shortened_where_nothing_is_lost():
    rows = [("a", "x", 1, Decimal("1000000.5"), Decimal("7")), ("a", "x", 2, Decimal("-3"), Decimal("0.1"))]
    usual = fill_columns(table(*rows, numbers=pl.Decimal(38, 18))).fills
    assert (usual.quantities.scale, usual.quantities.is_wide) == (8, False)
    assert usual.quantities.integers() == [100000050000000, -300000000]
    rows.append(("a", "x", 3, Decimal("1E-18"), Decimal("1")))
    long = fill_columns(table(*rows, numbers=pl.Decimal(38, 18))).fills
    assert (long.quantities.scale, long.quantities.integers()[2]) == (18, 1)


def test_more_digits_than_64_bits_hold_are_kept():
    found = fill_columns(table(("a", "x", 1, "12345678901234567890.123456789", "7")))
    assert found.fills.quantities.integers() == [12345678901234567890123456789]


@pytest.mark.parametrize("number", ["", "1e5", "NaN", ".5", "1" * 39, "0." + "0" * 38 + "1", None])
def test_what_is_no_exact_number_is_refused(number):
    with pytest.raises(FillColumnsError, match=r"The price .* is not an exact number") as refusal:
        fill_columns(table(("a", "x", 1, "1", "2"), ("a", "x", 2, "1", number)))
    assert refusal.value.context == {"row": 1}


def test_a_null_decimal_is_unknown():
    with pytest.raises(UnknownValueError):
        fill_columns(table(("a", "x", 1, Decimal(1), None), numbers=pl.Decimal(38, 8)))


@pytest.mark.parametrize("limit", [0, 10_000])
def test_names_may_be_categories_and_few_or_many(limit, monkeypatch):
    monkeypatch.setattr(lots_frames, "_TABLE_LIMIT", limit)
    rows = [(f"a{n % 3}", f"i{n % 7}", n, str(n + 1), "1") for n in reversed(range(50))]
    text = table(*rows)
    named = text.with_columns(pl.col("account", "instrument").cast(pl.Categorical))
    for trades in (text, named):
        found = fill_columns(trades)
        assert found.pairs.rows() == sorted({(a, i) for a, i, *_ in rows})
        for pair, (account, instrument) in enumerate(found.pairs.rows()):
            start, stop = found.fills.starts[pair : pair + 2]
            mine = [int(q) for a, i, _, q, _ in reversed(rows) if (a, i) == (account, instrument)]
            assert found.fills.quantities.integers()[start:stop] == mine


@pytest.mark.parametrize("column", ["account", "instrument", "occurred_at"])
def test_a_gap_is_refused(column):
    trades = table(("a", "x", 1, "1", "2")).with_columns(pl.lit(None, table().schema[column]).alias(column))
    with pytest.raises(FillColumnsError, match=f"Column '{column}' of the trades has gaps"):
        fill_columns(trades)


def test_no_trades_are_no_fills():
    found = fill_columns(table())
    assert (len(found.fills), found.pairs.height) == (0, 0)
