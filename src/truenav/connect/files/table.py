"""Bytes of a file as rows of text, each with its physical line; what is broken is told with its place."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from truenav.connect.errors import ImportRefusedError

MAX_BYTES = 200 * 1024 * 1024
MAX_COLUMNS = 100
MAX_PROBLEMS = 1000
MAX_CELL = 10_000


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong at one place. ``line`` is physical, from 1; ``column`` is a name, or empty."""

    line: int
    column: str
    message: str
    mend: str


@dataclass(slots=True)
class Problems:
    """All problems are counted, the first thousand are kept."""

    listed: list[FileProblem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, column: str, message: str, mend: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.listed) < MAX_PROBLEMS:
            self.listed.append(FileProblem(line, column, message, mend))


@dataclass(frozen=True, slots=True)
class Table:
    """Column names and rows; a row is its line and one text per column."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]


def read_table(data: bytes, problems: Problems) -> Table:
    """The rows of a CSV or JSON file. Raises ``ImportRefusedError`` where it cannot be read as a whole."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ImportRefusedError("The file is UTF-16; save it as 'CSV UTF-8' and import it again.")
    text = decoded(data)
    if text.lstrip()[:1] in ("[", "{"):
        return json_table(text, problems)
    return _csv_table(text, problems)


def refuse_foreign_form(data: bytes, *, size: int) -> None:
    """Refuse what is too large, or known by its first bytes to be a spreadsheet, an archive or a PDF."""
    if size > MAX_BYTES:
        raise ImportRefusedError(
            f"The file has {size} bytes, more than {MAX_BYTES}; split it into smaller files."
        )
    if data[:4] == b"%PDF":
        raise ImportRefusedError("The file is a PDF; export the statement as CSV and import that.")
    if data[:2] in (b"PK", b"\x1f\x8b") or data[:4] == b"\xd0\xcf\x11\xe0":
        raise ImportRefusedError(
            "The file is a spreadsheet or an archive; save the sheet as 'CSV UTF-8', or take the CSV out of "
            "the archive, and import that."
        )


def refuse_foreign_bytes(data: bytes) -> None:
    """Refuse what is no text: a foreign form, or NUL bytes in it."""
    refuse_foreign_form(data, size=len(data))
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise ImportRefusedError(f"Line {line} holds a NUL byte; the file is damaged or not text.", line=line)


def decoded(data: bytes) -> str:
    """The text of a UTF-8 file, without its byte-order mark."""
    refuse_foreign_bytes(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ImportRefusedError(
            f"Line {line} is not UTF-8 (byte {error.start}); save it as 'CSV UTF-8' and import it again.",
            line=line,
        ) from error


def _csv_table(text: str, problems: Problems) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise ImportRefusedError(f"Line {reader.line_num}: the header cannot be read ({error}).") from error
    if header is None or not any(cell.strip() for cell in header):
        raise ImportRefusedError("The file is empty; it needs a header line with the template's columns.")
    if len(header) > MAX_COLUMNS:
        raise ImportRefusedError(
            f"The header has {len(header)} columns; a template has at most {MAX_COLUMNS}."
        )
    if len(header) == 1 and ";" in header[0]:
        raise ImportRefusedError("The columns are parted by semicolons; save the file with commas.")
    columns = tuple(cell.strip() for cell in header)
    return Table(columns, _csv_rows(reader, len(columns), problems))


def _csv_rows(reader: Any, width: int, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    for line, row in read_lines(reader, problems):
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        if len(row) == width:
            yield line, row
        else:
            wrong_width(line, row, width, problems)


def read_lines(reader: Any, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Rows and the line on which each begins; one that cannot be read is a problem and the end."""
    line = reader.line_num
    try:
        for row in reader:
            yield line + 1, row
            line = reader.line_num
    except csv.Error as error:
        problems.add(
            line + 1,
            "",
            f"the row cannot be read ({error})",
            "Close the quotation mark, or double one that belongs to the text.",
        )


def wrong_width(line: int, row: Sequence[str], width: int, problems: Problems) -> None:
    """Note a row whose cells do not fit the header."""
    problems.add(
        line,
        "",
        f"the row has {len(row)} cells, the header {width}",
        "Add or remove cells; quote a text that holds the delimiter.",
    )


def json_table(text: str, problems: Problems) -> Table:
    """Objects of an array, or one object a line; all keys seen are columns."""
    rows = list(_json_objects(text, problems))
    columns: dict[str, None] = {}
    for _, item in rows:
        columns.update(dict.fromkeys(item))
    if len(columns) > MAX_COLUMNS:
        raise ImportRefusedError(
            f"The objects have {len(columns)} keys; a template has at most {MAX_COLUMNS}."
        )
    names = tuple(columns)
    return Table(names, ((line, [item.get(name, "") for name in names]) for line, item in rows))


def _json_objects(text: str, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    decoder = json.JSONDecoder(
        parse_float=_Digits, parse_int=_Digits, parse_constant=_Digits, object_pairs_hook=_Pairs
    )
    wrapped = _WRAPPED.match(text)
    position, line, counted = wrapped.end() if wrapped else 0, 1, 0
    in_array = text[position:].lstrip()[:1] == "["
    while True:
        while (
            position < len(text)
            and text[position] in " \t\r\n,["
            and (in_array or text[position] not in ",[")
        ):
            position += 1
        line += text.count("\n", counted, position)
        counted = position
        if position >= len(text) or text[position] == "]":
            if in_array and position >= len(text):
                problems.add(line, "", "the array is not closed", "The file is cut off; export it again.")
            elif wrapped and text[position + 1 :].strip() != "}":
                problems.add(line, "", "something follows the list of rows", "Keep the list alone.")
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            problems.add(line, "", f"not JSON ({str(error)[:100]})", "Repair the file; it may be cut off.")
            return
        if (item := _flat(value, line, problems)) is not None:
            yield line, item


_WRAPPED = re.compile(r'\s*\{\s*"[^"\\]*"\s*:\s*(?=\[\s*\{)')
"""The beginning of an object that holds nothing but a list of rows, as answers of interfaces do."""


class _Digits(str):
    """A JSON number as it was written."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object's pairs as they stand."""


def _flat(value: object, line: int, problems: Problems) -> dict[str, str] | None:
    if not isinstance(value, _Pairs):
        problems.add(line, "", "an object is expected", 'Write rows as {"column": "value"}.')
        return None
    item: dict[str, str] = {}
    for key, cell in value:
        if key in item:
            problems.add(line, key[:60], "the key stands twice", "Remove one of them.")
            return None
        if cell is None:
            cell = ""  # noqa: PLW2901 - null is an empty cell
        if not isinstance(cell, str):
            problems.add(line, key[:60], "text or a number is expected", "Write the value as text.")
            return None
        item[key] = cell
    return item
