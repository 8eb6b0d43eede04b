"""Some columns of a CSV or Parquet file, cell by cell as text, each with its place in the file."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from truenav.core.failure import InvalidInputError
from truenav.core.money import NotANumberError, parse_decimal

if TYPE_CHECKING:
    import polars as pl

MAX_BYTES = 2**30
"""Bytes that a file may have, unpacked."""

MAX_ROWS = 100_000_000
"""Rows that a file may have: some kilobytes of Parquet can hold billions that are alike."""

MAX_COLUMNS = 1_000

_BLOCK = 2**20
"""Bytes of a file that are cut into cells together."""

_CELLS = bytes(byte for byte in range(256) if byte not in b",\n")
_GZIP, _PARQUET, _BOM = b"\x1f\x8b", b"PAR1", b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK": "an archive or a spreadsheet; unpack it, or save the sheet as CSV",
    b"%P": "a PDF; export the prices as CSV",
    b"\xff\xfe": "UTF-16; save it as CSV in UTF-8",
    b"\xfe\xff": "UTF-16; save it as CSV in UTF-8",
}


class PriceFileError(InvalidInputError):
    """A file of prices, rates or rolls cannot be used; the message names the file and the line."""

    code = "price-file"
    title = "A file of prices cannot be used"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of some columns, by the columns' names, beside all names of the file's header.

    ``place`` tells where a row stands: ``prices.csv, line 7``.
    """

    file: str
    header: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    place: Callable[[int], str]


Choose = Callable[[Sequence[str]], Iterable[str]]
"""From all names of a header, those of the columns to read."""


def shown(name: str) -> str:
    """A name from a file as it may stand in a message: short, and nothing in it that moves a cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name[:40])


def read_table(path: Path, choose: Choose, *, most_rows: int = MAX_ROWS) -> Table:
    """Read the columns that ``choose`` picks, of ``most_rows`` at most.

    Parquet and gzip are known by their first bytes. Numbers and times of Parquet become text: a float the
    shortest one that reads back as itself, an instant RFC 3339; nothing is the empty text.
    """
    with path.open("rb") as file:
        if file.read(4) == _PARQUET:
            return _parquet(path, choose, most_rows)
        file.seek(0)
        data = file.read(MAX_BYTES + 1)
    data = _unpacked(data, path.name)
    if data.count(b"\n") > most_rows + 1:
        raise _too_many(path.name, most_rows)
    return _csv(data, path.name, choose)


def _too_many(name: str, most_rows: int) -> PriceFileError:
    return PriceFileError(f"{name} has more than {most_rows:,} rows; split it by time.")


def _unpacked(data: bytes, name: str) -> bytes:
    if data.startswith(_GZIP):
        try:
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise PriceFileError(f"{name} cannot be unpacked ({error}); it may be cut off.") from error
    if len(data) > MAX_BYTES:
        raise PriceFileError(f"{name} has more than {MAX_BYTES // 2**20} MiB; split it by time.")
    for start, what in _FOREIGN.items():
        if data.startswith(start):
            raise PriceFileError(f"{name} is {what}.")
    return data


# --- CSV -------------------------------------------------------------------------------------------------


def _csv(data: bytes, name: str, choose: Choose) -> Table:
    try:
        return _read_csv(data, name, choose)
    except UnicodeDecodeError:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise PriceFileError(
                f"{name}, line {line}: this is not UTF-8; save the file as CSV in UTF-8.", line=line
            ) from error
        raise


def _read_csv(data: bytes, name: str, choose: Choose) -> Table:
    lines = _lines(data, name)
    line, header = next(lines, (1, []))
    _check_header(header, f"{name}, line {line}")
    places = {wanted: header.index(wanted) for wanted in choose(header)}
    columns = _split(data, len(header), places)
    if columns is None:
        columns = _parsed(lines, name, len(header), places)
    return Table(name, header, columns, lambda row: f"{name}, line {_line_of(data, name, row)}")


def _split(data: bytes, width: int, places: Mapping[str, int]) -> dict[str, list[str]] | None:
    """Columns of a plain file, several times as fast: no quotation marks, as many commas on each line.

    None where there is anything else, or a line that is too long or cut off.
    """
    plain = data.removeprefix(_BOM).replace(b"\r\n", b"\n").strip(b"\n") + b"\n"
    if b'"' in plain or b"\r" in plain:
        return None
    columns: dict[str, list[str]] = {wanted: [] for wanted in places}
    line_shape = b"," * (width - 1) + b"\n"
    start = plain.index(b"\n") + 1
    while start < len(plain):
        end = plain.rfind(b"\n", start, start + _BLOCK) + 1
        if end == 0:
            return None
        block = plain[start:end]
        shape = block.translate(None, _CELLS)
        if shape != line_shape * (len(shape) // width):
            return None
        cells = block.decode().replace("\n", ",").split(",")
        for wanted, place in places.items():
            columns[wanted].extend(cells[place:-1:width])
        start = end
    return columns


def _parsed(
    lines: Iterable[tuple[int, list[str]]], name: str, width: int, places: Mapping[str, int]
) -> dict[str, list[str]]:
    """Columns of any CSV, row by row."""
    columns: dict[str, list[str]] = {wanted: [] for wanted in places}
    fill = [(columns[wanted].append, place) for wanted, place in places.items()]
    for line, row in lines:
        if len(row) != width:
            raise PriceFileError(
                f"{name}, line {line}: {len(row)} cells stand under {width} names; the line may be cut off, "
                "or a number be written with a comma in it.",
                line=line,
            )
        for append, place in fill:
            append(row[place])
    return columns


def _lines(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """The physical line on which each row ends, and its cells; empty lines are left out."""
    text = io.TextIOWrapper(io.BytesIO(data.removeprefix(_BOM)), encoding="utf-8", newline="")
    reader = csv.reader(text, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise PriceFileError(
            f"{name}, line {reader.line_num}: this is no row of a table ({error}).", line=reader.line_num
        ) from error


def _line_of(data: bytes, name: str, row: int) -> int:
    """The physical line of a row below the header: looked for only where something is wrong with it."""
    return next(line for place, (line, _) in enumerate(_lines(data, name), start=-1) if place == row)


def _check_header(header: Sequence[str], place: str) -> None:
    if not header:
        raise PriceFileError(f"{place}: the file is empty; it needs a line of names such as 'time,price'.")
    if len(header) > MAX_COLUMNS:
        raise PriceFileError(
            f"{place}: there are {len(header)} columns, more than {MAX_COLUMNS}; keep time and price."
        )
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise PriceFileError(f"{place}: the columns are not parted by commas; save the file with commas.")
    if any(_is_number(cell) for cell in header):
        raise PriceFileError(
            f"{place}: numbers stand where the names of the columns should; add a line such as 'time,price' "
            "above them."
        )


def _is_number(cell: str) -> bool:
    try:
        parse_decimal(cell)
    except NotANumberError:
        return False
    return True


# --- Parquet ---------------------------------------------------------------------------------------------


def _parquet(path: Path, choose: Choose, most_rows: int) -> Table:
    import polars as pl

    try:
        names = list(pl.read_parquet_schema(path))
        _check_header(names, path.name)
        wanted = list(dict.fromkeys(choose(names)))
        frame = pl.read_parquet(path, columns=wanted, n_rows=most_rows + 1)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise PriceFileError(
            f"{path.name} is not a Parquet file that can be read ({reason}); it may be cut off."
        ) from error
    if frame.height > most_rows:
        raise _too_many(path.name, most_rows)
    columns = {column.name: _texts(column, path.name) for column in frame}
    return Table(path.name, names, columns, lambda row: f"{path.name}, row {row + 1}")


def _texts(column: pl.Series, file: str) -> list[str]:
    import polars as pl

    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is not None:
            text = column.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ")
        else:
            text = column.dt.cast_time_unit("us").dt.to_string("iso")
    elif kind.is_numeric() or isinstance(kind, pl.String | pl.Categorical | pl.Enum | pl.Date):
        text = column.cast(pl.String)
    else:
        raise PriceFileError(f"{file}: the column {column.name!r} holds {kind}, no numbers, times or texts.")
    if (text.str.len_bytes().sum() or 0) > MAX_BYTES:
        raise PriceFileError(f"{file}: the column {column.name!r} has more than {MAX_BYTES // 2**20} MiB.")
    return text.fill_null("").to_list()
