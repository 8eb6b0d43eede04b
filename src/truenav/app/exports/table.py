"""Tables as CSV and XLSX: numbers keep every digit, and no cell becomes a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from truenav.connect.files.out.cells import neutral

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_UNSAFE = re.compile(r"[^a-z0-9._-]+")
_LONGEST_CELL = 32_767
"""Characters that a cell of a spreadsheet may hold."""

_CUT = " … (cut here; the CSV holds all of it)"


class TableFormat(StrEnum):
    """What a table can be saved as."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class CellKind(StrEnum):
    """What a column holds; numbers are exact decimals as text."""

    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column."""

    name: str
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows of the same width; None is an empty cell: unknown, not zero."""

    columns: tuple[TableColumn, ...]
    rows: Iterable[Sequence[str | None]]


def write_table(table: Table, form: TableFormat) -> bytes:
    """The table as a file."""
    return to_csv(table) if form is TableFormat.CSV else to_xlsx(table)


def to_csv(table: Table) -> bytes:
    """RFC 4180 in UTF-8; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(neutral(column.name) for column in table.columns)
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        writer.writerow(_csv_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True))
    return buffer.getvalue().encode("utf-8", "replace")


def to_xlsx(table: Table) -> bytes:
    """One sheet; texts are stored as texts, numbers as numbers unless a double would lose digits."""
    import xlsxwriter  # type: ignore[import-untyped]

    buffer = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet("truenav")
        head = book.add_format({"bold": True, "bottom": 1})
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, max(10, min(len(column.name) + 2, 40)))
            sheet.write_string(0, place, column.name, head)
        kinds = [column.kind for column in table.columns]
        for number, row in enumerate(table.rows, 1):
            for place, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
                if cell is None:
                    continue
                if kind is CellKind.NUMBER and fits_double(cell):
                    sheet.write_number(number, place, float(cell))
                else:
                    sheet.write_string(number, place, _short_enough(cell))
    return buffer.getvalue()


def fits_double(text: str) -> bool:
    """Whether a spreadsheet's number shows exactly these digits (15 at most are shown by all of them)."""
    if _NUMBER.fullmatch(text) is None:
        return False
    digits = text.lstrip("-0.").replace(".", "")
    return len(digits) <= 15 and Decimal(repr(float(text))) == Decimal(text)


def file_name(stem: str, form: TableFormat) -> str:
    """A name that is safe on every system and in a header."""
    safe = _UNSAFE.sub("-", stem.lower()).strip("-.")[:80]
    return f"{safe or 'table'}.{form}"


def _csv_cell(cell: str | None, kind: CellKind) -> str:
    if cell is None:
        return ""
    if kind is CellKind.NUMBER and _NUMBER.fullmatch(cell):
        return cell
    return neutral(cell)


def _short_enough(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - len(_CUT)] + _CUT
