"""The rows of a statement, from CSV or JSON, as text with the place that each stands at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.connect.document import MAX_BYTES, Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.core.clock import parse_instant
from truenav.core.failure import InvalidInputError
from truenav.core.money import ZERO, parse_decimal

MAX_ROWS = 200_000
REQUIRED = ("kind", "id", "occurred_at", "asset", "amount")
COLUMNS: Mapping[str, str] = {
    "kind": "trade, settlement or balance",
    "id": "the desk's own id of the row; the same id is the same event",
    "occurred_at": "when it happened, RFC 3339 with offset; of a balance, the statement's instant",
    "asset": "ticker or full asset id",
    "amount": "trade: what we bought (+) or sold (-); settlement: what we received (+) or paid (-); "
    "balance: what the desk holds for us (+) or lent us (-)",
    "counter_asset": "trade: the other asset",
    "counter_amount": "trade: what we paid (-) or received (+) for it",
    "price": "trade: units of the other asset for one; by default computed, with 18 decimals",
    "fee_asset": "trade: the asset of the fee; by default the other asset",
    "fee": "trade: what we paid for it besides, positive",
    "counterparty": "who stands at the other end of a settlement",
    "txid": "settlement: the transaction's hash, where there is one",
    "order_id": "trade: the order, where it is told",
}


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One row: every known column as text ("" where it is empty), and where it stands."""

    place: str
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """A cell that must be filled."""
        found = self.cells.get(column, "")
        if not found:
            raise self.wrong(column, "is empty")
        return found

    def optional(self, column: str) -> str:
        """A cell that may be empty."""
        return self.cells.get(column, "")

    def number(self, column: str) -> Decimal:
        """A cell with an exact number."""
        try:
            return parse_decimal(self.text(column), what=column)
        except InvalidInputError as error:
            raise self.wrong(column, error.message) from error

    def number_or_zero(self, column: str) -> Decimal:
        """A cell with an exact number; zero where it is empty."""
        return self.number(column) if self.optional(column) else ZERO

    def instant(self) -> datetime:
        """When it happened."""
        try:
            return parse_instant(self.text("occurred_at"), what="occurred_at")
        except InvalidInputError as error:
            raise self.wrong("occurred_at", error.message) from error

    def wrong(self, column: str, message: str) -> MalformedPayloadError:
        """The refusal of one cell."""
        return MalformedPayloadError(f"{self.place}, {column}: {message}", position=self.place)


def csv_rows(body: bytes) -> Iterable[StatementRow]:
    """Rows of a CSV statement with a header line, in UTF-8; parted by commas, semicolons or tabs."""
    if len(body) > MAX_BYTES:
        raise MalformedPayloadError(f"{len(body)} bytes are more than is read.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedPayloadError(f"byte {error.start} is not UTF-8.") from error
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _refuse_columns(names)
        for count, cells in enumerate(reader):
            place = f"line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise MalformedPayloadError(f"{place}: {len(cells)} cells where the header has {len(names)}.")
            if count >= MAX_ROWS:
                raise MalformedPayloadError(f"more than {MAX_ROWS} rows; part the statement by days.")
            yield StatementRow(place, dict(zip(names, map(str.strip, cells), strict=True)))
    except csv.Error as error:
        raise MalformedPayloadError(f"line {reader.line_num}: {error}.") from error


def json_rows(body: bytes) -> Iterable[StatementRow]:
    """Rows of a JSON statement: a list of objects, or an object with such a list in ``rows``."""
    document = read_json(body)
    rows = document if isinstance(document.value, list) else document.field("rows")
    for count, row in enumerate(rows.items()):
        if count >= MAX_ROWS:
            raise MalformedPayloadError(f"more than {MAX_ROWS} rows; part the statement by days.")
        yield StatementRow(row.path, _cells(row))


def _cells(row: Node) -> Mapping[str, str]:
    if not isinstance(row.value, dict):
        raise row.wrong("an object is expected")
    _refuse_columns([str(name) for name in row.value], whole=False)
    return {name: row.text_or(name).strip() for name in row.value}


def _refuse_columns(names: list[str], *, whole: bool = True) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in names] if whole else []
    if unknown or missing or len(set(names)) != len(names):
        what = f"the column {unknown[0][:40]!r} is not known" if unknown else "a column stands twice"
        what = f"the column {missing[0]!r} is missing" if missing else what
        raise MalformedPayloadError(f"{what}; columns are {', '.join(COLUMNS)}.")
