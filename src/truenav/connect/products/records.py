"""Records of a header and many lines as CSV, in the manner of the clearing house's portfolio files.

Four kinds of rows: column names of the header, the header, column names of the lines and the lines; then a
trailer with their count, so that a cut-off file is noticed. The first cell of each row is its record type.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from truenav.core.canonical import decode, encode
from truenav.core.failure import InvalidInputError

MAX_BYTES = 16 * 1024 * 1024
MAX_CELL = 1_000

T = TypeVar("T")
_WHOLE = re.compile(r"-?\d{1,18}")
_FLAGS = {"true": True, "false": False}


class ListFileError(InvalidInputError):
    """A file with a creation list or a disclosure cannot be read; the message names line and column."""

    code = "creation-list-file"
    title = "The file of the list cannot be read"

    def __init__(self, message: str, *, line: int | None = None, column: str = "") -> None:
        where = [f"Line {line}"] if line is not None else []
        where += [f"{column!r}"] if column else []
        super().__init__(f"{', '.join(where)}: {message}" if where else message, line=line, column=column)


@dataclass(frozen=True, slots=True)
class Layout(Generic[T]):
    """How a frozen value is written: its fields as the header, the items of its field ``many`` as lines."""

    cls: type[T]
    item: type
    header: str
    line: str
    many: str = "lines"

    def columns(self, cls: type) -> dict[str, Any]:
        """Names of the columns of a record and the types of their cells."""
        hints = typing.get_type_hints(cls)
        return {field.name: hints[field.name] for field in _fields(cls) if field.name != self.many}


def _fields(cls: type) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def text_of(data: bytes) -> str:
    """The text of a file of reasonable size, UTF-8 with or without a byte order mark."""
    if len(data) > MAX_BYTES:
        raise ListFileError(f"{len(data)} bytes are more than the {MAX_BYTES} of a list.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ListFileError(f"Byte {error.start} is not UTF-8; save the file as UTF-8.") from error


def to_csv(value: T, layout: Layout[T]) -> bytes:
    """RFC 4180 in UTF-8."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    lines = getattr(value, layout.many)
    names, item_names = layout.columns(layout.cls), layout.columns(layout.item)
    writer.writerow(("record", *names))
    writer.writerow((layout.header, *(cell_text(getattr(value, name)) for name in names)))
    writer.writerow(("record", *item_names))
    writer.writerows((layout.line, *(cell_text(getattr(one, name)) for name in item_names)) for one in lines)
    writer.writerow(("trailer", str(len(lines))))
    return buffer.getvalue().encode()


def from_csv(data: bytes, layout: Layout[T]) -> T:
    """The value of a file that `to_csv` wrote, or somebody in its form; columns may stand in any order."""
    rows = _rows(text_of(data))
    header = _record(rows, layout, layout.cls, layout.header)
    if len(header) != 1:
        line = header[1][0] if header else None
        raise ListFileError(f"There must be exactly one row of the type {layout.header!r}.", line=line)
    items = _record(rows, layout, layout.item, layout.line)
    _read_trailer(rows, len(items))
    lines = tuple(layout.item(**cells) for _, cells in items)
    return layout.cls(**{**header[0][1], layout.many: lines})


@dataclass(slots=True)
class _Rows:
    """Rows of a file with their physical lines, and the one that was looked at and put back."""

    coming: Iterator[tuple[int, list[str]]]
    back: tuple[int, list[str]] | None = None

    def next(self) -> tuple[int, list[str]]:
        row, self.back = self.back, None
        if row is None:
            row = next(self.coming, None)
        if row is None:
            raise ListFileError("The file ends before its trailer; it was cut off.")
        return row


def _rows(text: str) -> _Rows:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)

    def read() -> Iterator[tuple[int, list[str]]]:
        begins = 1
        try:
            for row in reader:
                cells = [cell.strip() for cell in row]
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    yield begins, cells
                begins = reader.line_num + 1
        except csv.Error as error:
            raise ListFileError(f"The row is no CSV: {error}.", line=begins) from error

    return _Rows(read())


def _record(rows: _Rows, layout: Layout[Any], cls: type, kind: str) -> list[tuple[int, dict[str, Any]]]:
    """The rows of one type, each as a value per column, after the row with the columns' names."""
    hints = layout.columns(cls)
    line, names = rows.next()
    if names[0] != "record":
        raise ListFileError(
            f"The names of the columns of {kind!r} are wanted, with 'record' first.", line=line
        )
    columns = names[1:]
    if len(set(columns)) != len(columns):
        raise ListFileError("A column stands twice.", line=line)
    optional = {name for name, hint in hints.items() if _optional(hint)}
    for name in columns:
        if name not in hints:
            raise ListFileError(
                f"There is no such column; known: {', '.join(hints)}.", line=line, column=name
            )
    for name in hints:
        if name not in columns and name not in optional:
            raise ListFileError("The column is missing.", line=line, column=name)
    found: list[tuple[int, dict[str, Any]]] = []
    while True:
        line, cells = rows.next()
        if cells[0] != kind:
            rows.back = (line, cells)
            return found
        if len(cells) > len(names):
            raise ListFileError(f"{len(cells)} cells are more than the {len(names)} columns.", line=line)
        given = [*cells[1:], *[""] * (len(names) - len(cells))]
        values = dict.fromkeys(optional)
        values |= {
            name: cell_value(hints[name], text, line=line, column=name)
            for name, text in zip(columns, given, strict=True)
        }
        found.append((line, values))


def _read_trailer(rows: _Rows, count: int) -> None:
    line, cells = rows.next()
    if cells[0] != "trailer":
        raise ListFileError(f"{cells[0][:40]!r} is no type of record that may stand here.", line=line)
    if cells[1:] != [str(count)]:
        raise ListFileError(f"The trailer counts {' '.join(cells[1:])[:40]!r} lines, not {count}.", line=line)
    after = next(rows.coming, None)
    if after is not None:
        raise ListFileError("Nothing may stand after the trailer.", line=after[0])


def cell_text(value: object) -> str:
    """One value as text: as in canonical JSON, nothing for None."""
    data = encode(value)
    if data is None:
        return ""
    if isinstance(data, bool):
        return "true" if data else "false"
    return str(data)


def cell_value(hint: Any, text: str, *, line: int, column: str) -> Any:
    """The value of a cell by the type of its column. Raises ``ListFileError`` with its place."""
    inner = _optional(hint)
    if inner is not None and not text:
        return None
    kind = inner or hint
    if len(text) > MAX_CELL:
        raise ListFileError(f"{len(text)} characters are too many.", line=line, column=column)
    if not text:
        raise ListFileError("The value is missing.", line=line, column=column)
    if kind is bool:
        if text.lower() not in _FLAGS:
            raise ListFileError(f"{text[:40]!r} is neither true nor false.", line=line, column=column)
        return _FLAGS[text.lower()]
    if kind is int:
        if _WHOLE.fullmatch(text) is None or not text.isascii():
            raise ListFileError(f"{text[:40]!r} is not a whole number.", line=line, column=column)
        return int(text)
    try:
        return decode(kind, text)
    except InvalidInputError as error:
        raise ListFileError(error.message.partition(": ")[2], line=line, column=column) from error


def _optional(hint: Any) -> Any:
    """The type that may be absent, None where a value is needed."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return None
    return next(one for one in typing.get_args(hint) if one is not type(None))
