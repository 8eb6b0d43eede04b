"""Bytes of an export as rows of text: encoding, delimiter, and where the header stands."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

from truenav.connect.errors import ImportRefusedError
from truenav.connect.files.mapping import Layout, column_names, places_of
from truenav.connect.files.recognise import fitted
from truenav.connect.files.table import (
    MAX_COLUMNS,
    Problems,
    Table,
    decoded,
    json_table,
    read_lines,
    refuse_foreign_bytes,
    refuse_foreign_form,
    wrong_width,
)

HEADER_ROWS = 40
"""Rows among which a header is looked for: above it, exports name the client and the period."""

Row = list[str]


def file_text(data: bytes, encoding: str) -> str:
    """The text of a file in one of the encodings of a layout; refuses what is no text at all."""
    if encoding == "utf-16":
        refuse_foreign_form(data, size=len(data))
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ImportRefusedError(f"Byte {error.start} is not UTF-16; the file is damaged.") from error
    if encoding == "latin-1":
        refuse_foreign_bytes(data)
        return data.decode("latin-1")
    return decoded(data)


def is_json(text: str) -> bool:
    """Whether a text looks like an array or lines of objects."""
    return text.lstrip()[:1] in ("[", "{")


def csv_reader(text: str, delimiter: str) -> Any:
    """A strict reader of delimited text."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def first_rows(text: str, delimiter: str, count: int) -> list[tuple[int, Row]]:
    """The first rows with their physical lines; what cannot be read ends them."""
    reader = csv_reader(text, delimiter)
    rows: list[tuple[int, Row]] = []
    line = 0
    try:
        for row in islice(reader, count):
            rows.append((line + 1, row))
            line = reader.line_num
    except csv.Error:
        pass
    return rows


def layout_table(data: bytes, layout: Layout, problems: Problems) -> Table:
    """Columns and rows of a file as its layout reads them.

    The header is the first row that has every column of the layout. Raises ``ImportRefusedError`` where no
    row has.
    """
    text = file_text(data, layout.encoding)
    if is_json(text):
        table = json_table(text, problems)
        return Table(column_names(table.columns), table.rows)
    reader = csv_reader(text, layout.delimiter)
    refusal: ImportRefusedError | None = None
    try:
        for row in islice(reader, HEADER_ROWS):
            names = column_names(row)
            try:
                places_of(fitted(layout, names), names)
            except ImportRefusedError as error:
                if any(names) and (refusal is None or len(row) > 1):
                    refusal = refusal or error
                continue
            return Table(_bounded(names), _rows(reader, len(names), problems))
    except csv.Error as error:
        raise ImportRefusedError(f"Line {reader.line_num} cannot be read ({error}).") from error
    raise refusal or ImportRefusedError("The file is empty; it needs a header line with column names.")


def _bounded(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MAX_COLUMNS:
        raise ImportRefusedError(f"The header has {len(names)} columns; at most {MAX_COLUMNS} are read.")
    return names


def _rows(reader: Any, width: int, problems: Problems) -> Iterator[tuple[int, Row]]:
    """Rows of a header's width; empty cells beyond it are dropped, anything else there is a problem."""
    for line, row in read_lines(reader, problems):
        if len(row) != width:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) < width or any(cell.strip() for cell in row[width:]):
                wrong_width(line, row, width, problems)
                continue
            del row[width:]
        yield line, row
