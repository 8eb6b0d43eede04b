"""From trades in rows to fills by pair: what a segment holds, as columns that `realise` takes."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from truenav.calc.ledger.lots_columns import FillColumns, FillColumnsError
from truenav.calc.portfolio.columns import DIGITS, DecimalColumn

_STRING = r'(?:[^"\\]|\\.)*'
# Inside a text every quote has a backslash before it, so these keys stand only where the statement has them.
_TRADE = (
    rf'"instrument":"(?<instrument>{_STRING})","is":"trade","order_id":"{_STRING}",'
    r'"price":"(?<price>[^"]+)","quantity":"(?<quantity>[^"]+)"'
)
_NUMBER = r"^-?\d+(?:\.\d+)?$"
_PAIR = ["account", "instrument"]
_USUAL_SCALE = 8  # at a larger one few numbers fit 64 bits


@dataclass(frozen=True, slots=True, eq=False)
class PairedFills:
    """Fills by pair, and which pair each is: a frame of ``account`` and ``instrument``, sorted by both.

    ``fills.rows()`` counts the rows of the frame of trades in order of time.
    """

    fills: FillColumns
    pairs: pl.DataFrame


def trade_columns(segment: pl.DataFrame) -> pl.DataFrame:
    """The trades of a segment: ``account instrument occurred_at quantity price``, numbers as text.

    ``segment`` has the columns ``statement`` (canonical text), ``account`` and ``occurred_at``, one trade a
    row. ``FillColumnsError`` names the first row that is not a trade.
    """
    found = segment.select(
        "account", "occurred_at", pl.col("statement").str.extract_groups(_TRADE).alias("trade")
    ).unnest("trade")
    if found["instrument"].null_count():
        row = found["instrument"].is_null().arg_max()
        raise FillColumnsError(f"Row {row} of the segment is not a trade; pass segments of trades.", row=row)
    escaped = pl.col("instrument").str.contains("\\", literal=True)
    if found.select(escaped.any()).item():
        whole = pl.concat_str(pl.lit('"'), "instrument", pl.lit('"'))
        plain = whole.str.json_decode(pl.String)
        found = found.with_columns(pl.when(escaped).then(plain).otherwise("instrument").alias("instrument"))
    return found.select("account", "instrument", "occurred_at", "quantity", "price")


def fill_columns(trades: pl.DataFrame) -> PairedFills:
    """Fills by pair of account and instrument, each pair's in order of time; of one instant as they came.

    ``trades`` has the columns of `trade_columns`; numbers may be Decimal, which is faster, or text, whose
    scale is the least that holds every digit. ``FillColumnsError`` names the first text that is no number or
    has more than 38 digits at that scale; a null Decimal is an ``UnknownValueError``.
    """
    in_order = trades["occurred_at"].is_sorted()
    ordered = trades if in_order else trades.sort("occurred_at", maintain_order=True)
    pairs = ordered.select(_PAIR).unique().sort(_PAIR)
    numbered = pairs.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("pair"))
    index = ordered.select(_PAIR).join(numbered, on=_PAIR, how="left", maintain_order="left")["pair"]
    quantities, prices = _decimals(ordered["quantity"]), _decimals(ordered["price"])
    fills = FillColumns.grouped(index.rechunk().to_numpy(), quantities, prices, pairs.height)
    return PairedFills(fills, pairs)


def _decimals(column: pl.Series) -> DecimalColumn:
    if column.dtype.is_decimal():
        short = column.cast(pl.Decimal(DIGITS, _USUAL_SCALE), strict=False)
        fits = (short.cast(column.dtype, strict=False) == column).fill_null(False).all()
        return DecimalColumn.from_arrow((short if fits else column).rechunk())
    return _from_text(column)


def _from_text(text: pl.Series) -> DecimalColumn:
    bad = ~text.str.contains(_NUMBER).fill_null(False)
    if bad.any():
        raise _bad_number(text, bad.arg_max())
    digits = text.str.extract(r"\.(\d*[1-9])0*$")
    scale = int(digits.str.len_bytes().max() or 0)  # type: ignore[arg-type]  # a length, or None of no rows
    if scale > DIGITS:
        raise _bad_number(text, digits.str.len_bytes().arg_max())
    number = text.cast(pl.Decimal(DIGITS, scale), strict=False)
    if number.null_count():
        raise _bad_number(text, number.is_null().arg_max())
    return DecimalColumn.from_arrow(number.rechunk())


def _bad_number(column: pl.Series, row: int | None) -> FillColumnsError:
    value = column[row or 0]
    return FillColumnsError(
        f"The {column.name} {str(value)[:60]!r} is not an exact number of at most {DIGITS} digits.", row=row
    )
