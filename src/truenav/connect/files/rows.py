"""Cells of text as values, row by row, every refusal kept with its line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, cast

from truenav.connect.contract import ParseContext
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files.table import MAX_CELL, Problems, Table
from truenav.connect.files.templates import Column, Kind, Template
from truenav.core.asset import ANY_VENUE
from truenav.core.clock import parse_instant
from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE, parse_decimal
from truenav.core.names import NAME_LENGTH

FILE_MARKET = "file"
"""Namespace of spot pairs that only a file names, as in ``file:BTC-USDT``."""

Cells = dict[str, Any]
Convert = Callable[[str], object]


class RefusedCell(Exception):
    """A cell that cannot be read; ``mend`` says how it should look."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


@dataclass(slots=True)
class Converter:
    """Reads cells of one file; the pairs it meets become spot instruments."""

    context: ParseContext
    instruments: dict[InstrumentId, Instrument]
    _always: dict[tuple[Kind, str], object] = field(default_factory=dict)
    _dated: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Codes whose meaning changes with time are looked up for each row, others once."""
        self._dated = frozenset(
            alias.code for alias in self.context.assets.aliases if alias.valid_from or alias.valid_to
        )

    def plain(self, column: Column) -> Convert:
        """The reading of a column that needs no instant."""
        match column.kind:
            case Kind.INSTANT:
                return lambda text: parse_instant(text, what=column.name)
            case Kind.CHOICE:
                return lambda text: _choice(column, text)
            case Kind.TEXT:
                return _clean
            case _:
                return lambda text: _number(column, text)

    def at(self, column: Column, at: datetime, text: str) -> object:
        """An asset or instrument as understood at an instant."""
        key = (column.kind, text)
        if key in self._always:
            return self._always[key]
        found = self._understand(column, at, text)
        if not self._dated.intersection((text, *text.split("-"))):
            self._always[key] = found
        return found

    def _understand(self, column: Column, at: datetime, text: str) -> object:
        known = self.context.instruments.instruments
        if column.kind is not Kind.ASSET and InstrumentId(text) in known:
            return InstrumentId(text)
        if column.kind is not Kind.INSTRUMENT:
            return self.context.assets.resolve(ANY_VENUE, text, at)
        return self._pair(text, at)

    def terms(self, name: InstrumentId) -> Instrument:
        """Terms of an instrument that a cell named."""
        return self.instruments.get(name) or self.context.instruments.get(name)

    def _pair(self, text: str, at: datetime) -> InstrumentId:
        base_code, hyphen, quote_code = text.partition("-")
        if not hyphen or ":" in text or "-" in quote_code:
            self.context.instruments.get(InstrumentId(text))
        assets = self.context.assets
        base, quote = (assets.resolve(ANY_VENUE, code, at) for code in (base_code, quote_code))
        name = instrument_id(FILE_MARKET, text)
        terms = Instrument(name, FILE_MARKET, text, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)
        if self.instruments.setdefault(name, terms) != terms:
            raise RefusedCell(f"{text!r} means two things in this file", "Write full instrument ids.")
        return name


def _clean(text: str) -> str:
    if len(text) > NAME_LENGTH:
        raise RefusedCell(f"the text has {len(text)} characters", f"Shorten it to {NAME_LENGTH}.")
    if not text.isprintable():
        raise RefusedCell("the text holds a control character", "Remove tabs, line ends and the like.")
    return text


def _choice(column: Column, text: str) -> str:
    if text not in column.choices:
        raise RefusedCell(f"{text[:40]!r} is not allowed", f"Write one of: {', '.join(column.choices)}.")
    return text


def _number(column: Column, text: str) -> Decimal:
    number = parse_decimal(text, what=column.name)
    if column.kind is Kind.POSITIVE and number <= 0:
        raise RefusedCell(f"{text[:40]} is not greater than zero", "Write a positive number.")
    if column.kind is Kind.NOT_NEGATIVE and number < 0:
        raise RefusedCell(f"{text[:40]} is negative", "Write zero or a positive number.")
    return number


def read_rows(
    table: Table, template: Template, converter: Converter, problems: Problems
) -> Iterator[tuple[int, list[str], Cells]]:
    """Rows whose every cell could be read: line, texts and values by column name."""
    places = _places(table, template)
    early: list[tuple[Column, int | None, Convert]] = []
    late: list[tuple[Column, int | None]] = []
    for column in template.columns:
        place = places.get(column.name)
        if column.kind in (Kind.ASSET, Kind.INSTRUMENT, Kind.QUOTED):
            late.append((column, place))
        else:
            early.append((column, place, converter.plain(column)))
    for line, row in table.rows:
        cells: Cells = {}
        before = problems.count
        for column, place, convert in early:
            cells[column.name] = _cell(line, row, column, place, convert, problems)
        at = cells.get(template.time)
        for column, place in late if at is not None else ():
            understand = partial(converter.at, column, cast(datetime, at))
            cells[column.name] = _cell(line, row, column, place, understand, problems)
        if problems.count == before:
            yield line, row, cells


def _cell(
    line: int, row: list[str], column: Column, place: int | None, convert: Convert, problems: Problems
) -> object:
    text = row[place].strip() if place is not None else ""
    if not text:
        if column.required:
            problems.add(line, column.name, "the cell is empty", f"Fill it: {column.meaning}.")
            return None
        if not column.default:
            return None
        text = column.default
    if len(text) > MAX_CELL:
        problems.add(line, column.name, f"the cell has {len(text)} characters", "Shorten it.")
        return None
    try:
        return convert(text)
    except RefusedCell as error:
        problems.add(line, column.name, error.message, error.mend)
    except InvalidInputError as error:
        problems.add(line, column.name, error.message, f"Expected: {column.meaning}.")
    return None


def _places(table: Table, template: Template) -> dict[str, int]:
    """Where each column stands; unknown, double and missing columns refuse the file."""
    known = {column.name: column for column in template.columns}
    allowed = ", ".join(known)
    for name in table.columns:
        if name not in known:
            raise ImportRefusedError(
                f"Line 1: the column {name[:60]!r} is not in {template.name!r}, which has {allowed}.",
                line=1,
                column=name[:60],
            )
    places = {name: place for place, name in enumerate(table.columns)}
    if len(places) != len(table.columns):
        twice = next(name for name in table.columns if table.columns.count(name) > 1)
        raise ImportRefusedError(f"Line 1: the column {twice!r} stands twice; remove one.", line=1)
    for column in template.columns:
        if column.required and column.name not in places:
            raise ImportRefusedError(
                f"Line 1: the column {column.name!r} is missing; {template.name!r} has {allowed}.",
                line=1,
                column=column.name,
            )
    return places
