"""Histories of marks, financing rates and rolls from files, exact: numbers are read as they are written.

What cannot be understood in one way only is refused with its line and never guessed: a local time without
its zone, one of several symbols, one of several columns of prices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

from truenav.calc.etp.engine.calendar import instant_of, microseconds, zone_of
from truenav.calc.etp.engine.history import BadMarkError, History, checked
from truenav.connect.products.tables import MAX_ROWS, PriceFileError, Table, read_table, shown
from truenav.core.clock import NaiveTimeError, instant_text
from truenav.core.money import MAX_SCALE, NotANumberError, parse_decimal

T = TypeVar("T")

TIMES = ("time", "ts", "timestamp", "opentime", "datetime", "date", "instant", "at", "unix", "fundingtime")
CLOSE_TIMES = ("closetime",)
PRICES = ("price", "close", "mark", "markprice", "markclose", "last", "lastprice")
CLOSES = ("close", "markclose")
RATES = ("fundingrate", "rate")
ROLLS = ("roll", "ratio", "rollratio")
SYMBOLS = ("symbol",)
"""Names of columns as they are recognised: letters and digits alone, in small letters, without a last utc."""

CLOSEST_RATES = timedelta(minutes=30)
"""Rates beside prices that stand closer together are taken for forecasts, which nobody is charged."""

_LONGEST = 20
_UNITS = (
    (10**8, 10**11, 1_000_000, 1),
    (10**12, 10**14, 1_000, 1),
    (10**15, 10**17, 1, 1),
    (10**18, 10**20, 1, 1_000),
)
"""From which number to below which a time since 1970 counts seconds, milli-, micro- or nanoseconds, and what
makes microseconds of it. Those between would be before September 2001; 202601310800 is meant as a date.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file of prices is to be read where it does not say so itself.

    ``zone`` is that of times without an offset (``UTC``, ``+08:00``, ``Asia/Shanghai``), ``symbol`` the one
    to take of several, ``time`` and ``price`` are names of columns. Marks from ``start`` to ``end`` are
    taken, both included; of the others only numbers and times must be readable.
    """

    zone: str | None = None
    symbol: str | None = None
    time: str | None = None
    price: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def read_history(
    path: Path,
    reading: Reading = Reading(),
    *,
    now: datetime,
    until: datetime | None = None,
    funding: Path | None = None,
    rolls: Path | None = None,
    most_rows: int = MAX_ROWS,
) -> History:
    """The marks of a CSV or Parquet file (CSV also with gzip), checked.

    Parameters
    ----------
    path : the columns time and price are looked for by `TIMES` and `PRICES`, the time of a close by
        `CLOSE_TIMES` first. Times are RFC 3339, or numbers since 1970 in seconds, milli-, micro- or
        nanoseconds; finer than a microsecond is rounded down. A column ``funding_rate`` holds rates at the
        instants at which they are charged, and is empty elsewhere.
    now, until : no mark is later than ``now``, or as late as ``until``, when the product had ended.
    funding, rolls : files of their own with times and rates (instead of those beside the prices), or with
        times and prices of an expiring future over those of the next one.
    most_rows : of each file; a longer one is refused before it is taken apart.

    Raises
    ------
    PriceFileError
        With the file, the physical line (the row of a Parquet file), and what would mend it.
    """
    table = read_table(path, lambda header: filter(None, _names(header, reading)), most_rows=most_rows)
    names = _names(table.header, reading)
    rows = _rows(table, names.symbol, reading.symbol)
    times = _instants(table, names.time, rows, reading.zone)
    prices = _numbers(table, names.number, rows, "price")
    rates: Sequence[tuple[int, Decimal]] = ()
    if names.rate is not None and funding is None:
        rates = _rates_beside(table, names.rate, rows, times)
    if reading.start is not None or reading.end is not None:
        rows, times, prices = _windowed(reading, rows, times, prices, table.file)
        rates = [(at, rate) for at, rate in rates if times[0] <= at <= times[-1]]
    if funding is not None:
        rates = read_series(funding, RATES, "funding rate", reading, most_rows=most_rows)
        if not any(times[0] < at <= times[-1] for at, _ in rates):
            raise PriceFileError(f"{funding.name} holds no rate between the first mark and the last.")
    rolled = read_series(rolls, ROLLS, "roll", reading, most_rows=most_rows) if rolls is not None else ()
    try:
        return checked(History(times, prices, rates, rolled), now=now, until=until)
    except BadMarkError as error:
        files = [file.name for file in (path, funding, rolls) if file is not None]
        raise _at_its_line(error, table, rows, ", ".join(files)) from error


def read_series(
    path: Path,
    known: Sequence[str],
    what: str,
    reading: Reading = Reading(),
    *,
    most_rows: int = MAX_ROWS,
) -> tuple[tuple[int, Decimal], ...]:
    """Instants (microseconds since 1970, rising) and numbers of a file, whose column is one of ``known``.

    Of ``reading`` the zone counts, and the symbol where the file holds several.
    """
    own = Reading(zone=reading.zone)
    table = read_table(
        path, lambda header: filter(None, _names(header, own, known, what)), most_rows=most_rows
    )
    names = _names(table.header, own, known, what)
    several = names.symbol is not None and len(set(table.columns[names.symbol])) > 1
    rows = _rows(table, names.symbol, reading.symbol if several else None)
    times = _instants(table, names.time, rows, own.zone)
    numbers = _numbers(table, names.number, rows, what)
    for place in range(1, len(times)):
        if times[place] <= times[place - 1]:
            raise _refused(table, rows[place], "the time is not later than the one before; sort by time")
    return tuple(zip(times, numbers, strict=True))


# --- columns and rows ------------------------------------------------------------------------------------


class _Names(NamedTuple):
    """The columns that are read; there may be no symbols and, beside prices, no rates."""

    time: str
    number: str
    symbol: str | None
    rate: str | None


def _names(
    header: Sequence[str], reading: Reading, known: Sequence[str] = PRICES, what: str = "price"
) -> _Names:
    number = _column(header, known, reading.price, what)
    return _Names(
        _column(header, _time_names(header, number), reading.time, "time"),
        number,
        next((name for name in header if _plain(name) in SYMBOLS), None),
        next((name for name in header if known is PRICES and _plain(name) == "fundingrate"), None),
    )


def _time_names(header: Sequence[str], number: str) -> Sequence[str]:
    """A close was seen when its candle closed, where the file says when that was."""
    plain = set(map(_plain, header))
    is_close = _plain(number) in CLOSES or plain.isdisjoint(TIMES)
    return TIMES if plain.isdisjoint(CLOSE_TIMES) or not is_close else CLOSE_TIMES


def _column(header: Sequence[str], names: Sequence[str], wanted: str | None, what: str) -> str:
    """The one column of a kind, or the one ``wanted``."""
    found = [name for name in header if (name == wanted if wanted else _plain(name) in names)]
    if len(found) == 1:
        return found[0]
    have = ", ".join(map(shown, header[:20]))
    if wanted and not found:
        raise PriceFileError(f"There is no column {wanted[:60]!r}; the file has {have}.")
    if not found:
        raise PriceFileError(f"No column is recognised as the {what}; name it. The file has {have}.")
    raise PriceFileError(
        f"{len(found)} columns could be the {what}: {', '.join(map(shown, found))}; name the one meant."
    )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _plain(name: str) -> str:
    return _letters(name).removesuffix("utc")


def _rows(table: Table, column: str | None, symbol: str | None) -> Sequence[int]:
    """The rows of one symbol."""
    file, count = table.file, len(next(iter(table.columns.values())))
    if count == 0:
        raise PriceFileError(f"{file} has names of columns and no rows below them.")
    if column is None:
        if symbol is not None:
            raise PriceFileError(f"{file} has no column 'symbol' in which {symbol[:60]!r} could stand.")
        return range(count)
    symbols = table.columns[column]
    known = sorted(set(symbols))
    listed = ", ".join(map(shown, known[:20])) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
    if symbol is None and len(known) > 1:
        raise PriceFileError(f"{file} holds {len(known)} symbols; choose one of {listed}.")
    if symbol is not None and symbol not in known:
        raise PriceFileError(f"{file} holds no symbol {symbol[:60]!r}; it has {listed}.")
    if len(known) == 1:
        return range(count)
    return [row for row, other in enumerate(symbols) if other == symbol]


def _windowed(
    reading: Reading, rows: Sequence[int], times: Sequence[int], prices: Sequence[Decimal], file: str
) -> tuple[Sequence[int], list[int], list[Decimal]]:
    first, last = min(times), max(times)
    start = microseconds(reading.start) if reading.start is not None else first
    end = microseconds(reading.end) if reading.end is not None else last
    kept = [place for place, at in enumerate(times) if start <= at <= end]
    if reading.start is not None and reading.end is not None and end < start:
        raise PriceFileError(
            f"The start {instant_text(reading.start)} lies after the end {instant_text(reading.end)}."
        )
    if len(kept) < 2:
        raise PriceFileError(
            f"{file} has {len(kept)} marks between the start and the end; two are needed. Its marks are from "
            f"{instant_text(instant_of(first))} to {instant_text(instant_of(last))}."
        )
    return (
        [rows[place] for place in kept],
        [times[place] for place in kept],
        [prices[place] for place in kept],
    )


def _rates_beside(
    table: Table, column: str, rows: Sequence[int], times: Sequence[int]
) -> list[tuple[int, Decimal]]:
    cells = table.columns[column]
    given = [(at, row) for at, row in zip(times, rows, strict=True) if cells[row].strip()]
    closest = CLOSEST_RATES // timedelta(microseconds=1)
    for (earlier, _), (later, row) in pairwise(given):
        if 0 <= later - earlier < closest:
            raise _refused(
                table,
                row,
                "a funding rate follows another within half an hour. Rates are charged where they stand; "
                "keep those that were settled, or give a file of funding rates",
            )
    numbers = _numbers(table, column, [row for _, row in given], "funding rate")
    return [(at, number) for (at, _), number in zip(given, numbers, strict=True)]


# --- cells -----------------------------------------------------------------------------------------------


def _cells(column: Sequence[str], rows: Sequence[int]) -> Sequence[str]:
    return column if len(rows) == len(column) else [column[row] for row in rows]


def _numbers(table: Table, column: str, rows: Sequence[int], what: str) -> list[Decimal]:
    cells = _cells(table.columns[column], rows)
    if _has_only("".join(cells), b"0123456789.") and max(map(len, cells), default=0) <= MAX_SCALE:
        try:
            return list(map(Decimal, cells))
        except InvalidOperation:
            pass  # one of them is no number; it is found below
    return _one_by_one(table, rows, cells, lambda cell: _number(cell, what))


def _number(cell: str, what: str) -> Decimal:
    if not cell.strip():
        raise NotANumberError(f"the {what} is missing.")
    return parse_decimal(cell, what=what)


def _instants(table: Table, column: str, rows: Sequence[int], zone: str | None) -> list[int]:
    """Microseconds since 1970; a column whose name ends with ``utc`` tells the zone of its times."""
    cells = _cells(table.columns[column], rows)
    if zone is None and _letters(column).endswith("utc"):
        zone = "UTC"
    place = zone_of(zone) if zone is not None else None
    found = _counted(cells) if _has_only("".join(cells), b"0123456789") else _written(cells, place)
    if found is not None:
        return found
    return _one_by_one(table, rows, cells, lambda cell: _instant(cell.strip(), place, zone))


def _counted(cells: Sequence[str]) -> list[int] | None:
    """Times since 1970, all in one unit; None where there is anything else."""
    if not all(cells) or max(map(len, cells)) > _LONGEST:
        return None
    numbers = list(map(int, cells))
    lowest, highest = min(numbers), max(numbers)
    unit = _unit(lowest)
    if unit is None or _unit(highest) != unit:
        return None
    scale, parts = unit
    return [number * scale // parts for number in numbers]


def _written(cells: Sequence[str], place: tzinfo | None) -> list[int] | None:
    """RFC 3339 times that tell their offset, or are of UTC; None where there is anything else."""
    if any(map(str.isdigit, cells)):  # thirteen digits could be read as a time of the year 1612
        return None
    try:
        moments = list(map(datetime.fromisoformat, cells))
    except ValueError:
        return None
    if place is UTC:
        moments = [moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in moments]
    if not all(moment.tzinfo for moment in moments):
        return None
    found = list(map(microseconds, moments))
    return found if min(found) >= 0 else None


def _has_only(text: str, marks: bytes) -> bool:
    return text.isascii() and not text.encode().translate(None, marks)


def _one_by_one(table: Table, rows: Sequence[int], cells: Sequence[str], read: Callable[[str], T]) -> list[T]:
    found: list[T] = []
    for row, cell in zip(rows, cells, strict=True):
        try:
            found.append(read(cell))
        except (NotANumberError, NaiveTimeError) as error:
            raise _refused(table, row, error.message.removesuffix(".")) from error
    return found


def _instant(cell: str, place: tzinfo | None, zone: str | None) -> int:
    if cell[:9].isdigit():
        return _since_1970(cell)
    try:
        at = datetime.fromisoformat(cell)
    except ValueError:
        return _since_1970(cell)
    if at.tzinfo is None:
        if place is None or zone is None:
            raise NaiveTimeError(f"the time {cell[:40]!r} tells no zone; say which it is, such as UTC.")
        at = _placed(at, place, zone)
    if microseconds(at) < 0:
        raise NaiveTimeError(f"the time {cell[:40]!r} lies before 1970.")
    return microseconds(at)


def _placed(local: datetime, place: tzinfo, zone: str) -> datetime:
    """A local time in its zone; refused where a change of clocks skips it or makes it happen twice."""
    at, other = (local.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if at.utcoffset() != other.utcoffset():
        raise NaiveTimeError(
            f"the clocks of {zone} skip {local.isoformat(' ')} or show it twice; write times in UTC."
        )
    return at


def _since_1970(cell: str) -> int:
    if not re.fullmatch(r"\d{9,20}(\.\d{1,9})?", cell, re.ASCII):
        raise NaiveTimeError(
            f"{cell[:40]!r} is no time; write 2026-01-31T08:00:00Z or seconds since 1970."
            if cell
            else "the time is missing."
        )
    number = Decimal(cell)
    unit = _unit(number)
    if unit is None:
        raise NaiveTimeError(f"{cell[:40]!r} is no time of a market in any unit since 1970.")
    scale, parts = unit
    return int(number * scale // parts)


def _unit(number: int | Decimal) -> tuple[int, int] | None:
    """What makes microseconds of a time since 1970, by its size: a factor and a divisor."""
    return next(((scale, parts) for first, limit, scale, parts in _UNITS if first <= number < limit), None)


# --- refusals --------------------------------------------------------------------------------------------


def _refused(table: Table, row: int, why: str) -> PriceFileError:
    return PriceFileError(f"{table.place(row)}: {why}.", row=row + 1)


def _at_its_line(error: BadMarkError, table: Table, rows: Sequence[int], files: str) -> PriceFileError:
    """A refusal of a mark with its place in the file instead of the history, or of all ``files``."""
    row = error.context.get("row")
    if not isinstance(row, int):
        return PriceFileError(f"{files}: {error.message}")
    why = error.message.partition(": ")[2] or error.message
    return PriceFileError(
        f"{table.place(rows[row - 1])} ({error.context['at']}): {why}", row=rows[row - 1] + 1
    )
