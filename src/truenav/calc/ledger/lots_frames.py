"""From trades in rows to fills by pair: what a segment holds, as columns that `realise` takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

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
_TABLE_LIMIT = 10_000_000  # a table of so many pairs is quicker than sorting the fills


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

    ``trades`` has the columns of `trade_columns`. Names may be text or, faster, Categorical; numbers text,
    whose scale is the least that holds every digit, or, faster, Decimal. Rows in order of time need no sort.
    ``FillColumnsError`` names a column with gaps, or the first text that is no number or has more than 38
    digits at that scale; a null Decimal is an ``UnknownValueError``.
    """
    for name in (*_PAIR, "occurred_at"):
        if trades[name].null_count():
            raise FillColumnsError(f"Column {name!r} of the trades has gaps; every trade needs one.")
    in_order = trades["occurred_at"].is_sorted()
    ordered = trades if in_order else trades.sort("occurred_at", maintain_order=True)
    index, pairs = _numbered(ordered.select(_PAIR))
    quantities, prices = _decimals(ordered["quantity"]), _decimals(ordered["price"])
    return PairedFills(FillColumns.grouped(index, quantities, prices, pairs.height), pairs)


def _numbered(names: pl.DataFrame) -> tuple[NDArray[np.int32], pl.DataFrame]:
    """The number of each row's pair, and the pairs in the order of their numbers."""
    columns = [names[name].cast(pl.Categorical) for name in _PAIR]
    accounts, instruments = (column.to_physical().to_numpy() for column in columns)
    width = int(instruments.max(initial=0)) + 1
    size = (int(accounts.max(initial=0)) + 1) * width
    keys = accounts.astype(np.int64) * width + instruments
    if size <= _TABLE_LIMIT:
        used = np.zeros(size, np.bool_)
        used[keys] = True
        found = places = np.flatnonzero(used)
    else:
        found, keys = np.unique(keys, return_inverse=True)
        places, size = np.arange(found.size), found.size
    named = [_names(column, codes) for column, codes in zip(columns, np.divmod(found, width), strict=True)]
    pairs = pl.DataFrame([*named, pl.Series("place", places)]).sort(_PAIR)
    numbers = np.zeros(size, np.int32)
    numbers[pairs["place"].to_numpy()] = np.arange(pairs.height)
    return numbers[keys], pairs.select(_PAIR)


def _names(column: pl.Series, codes: NDArray[np.int64]) -> pl.Series:
    """The texts that a categorical column writes as these codes."""
    known = column.unique()
    texts = dict(zip(known.to_physical().to_list(), known.cast(pl.String).to_list(), strict=True))
    return pl.Series(column.name, [texts[code] for code in codes.tolist()], pl.String)


def _decimals(column: pl.Series) -> DecimalColumn:
    if not column.dtype.is_decimal():
        return _from_text(column)
    if column.dtype.scale > _USUAL_SCALE:  # type: ignore[attr-defined]  # is_decimal() says that it is there
        short = column.cast(pl.Decimal(DIGITS, _USUAL_SCALE), strict=False)
        if (short.cast(column.dtype, strict=False) == column).fill_null(False).all():
            column = short
    return DecimalColumn.from_arrow(column.rechunk())


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
