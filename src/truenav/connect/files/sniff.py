"""What a file is: its form, the layout that reads it, or a proposal of one with what has to be asked.

Nothing here is believed without sign: where two layouts fit, days and months cannot be told apart, or
times tell no zone, that is a `Question` with its choices, and the answer goes into the layout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from truenav.connect.errors import ImportRefusedError
from truenav.connect.files.forms import time_forms
from truenav.connect.files.guess import Guess, Question, guess
from truenav.connect.files.layouts import layouts
from truenav.connect.files.mapping import Field, Layout, column_names, places_of
from truenav.connect.files.recognise import Recognised, recognise
from truenav.connect.files.table import MAX_COLUMNS, Problems, json_table, refuse_foreign_form
from truenav.connect.files.text import HEADER_ROWS, Row, file_text, first_rows, is_json
from truenav.connect.files.times import TimeRule, has_offset, reader
from truenav.core.failure import InvalidInputError

SAMPLE_ROWS = 20
LOOK_ROWS = 400
"""Rows that are looked at for forms of times and numbers."""


class Kind(StrEnum):
    """What is known about a file's header."""

    TEMPLATE = "template"
    LAYOUT = "layout"
    KNOWN = "known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft of a layout for a file that none reads: what each column seems to be, and how sure that is."""

    layout: Layout
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file is.

    ``columns`` are the names by which a layout calls the columns; ``samples`` the first rows under them;
    ``preamble`` the lines above the header. ``kind`` TEMPLATE: ``template`` names it. LAYOUT: ``layout``
    reads the file, in the delimiter and encoding found. KNOWN: ``title`` says whose export it is, and
    ``candidates`` are the layouts that fit where several do, else ``proposal`` drafts one, as it does where
    the kind is UNKNOWN. ``questions`` have to be answered before the file can be imported.
    """

    kind: Kind
    encoding: str
    delimiter: str
    preamble: tuple[str, ...]
    columns: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    template: str = ""
    title: str = ""
    layout: Layout | None = None
    candidates: tuple[Layout, ...] = ()
    proposal: Proposal | None = None
    questions: tuple[Question, ...] = ()


class _Known(NamedTuple):
    """The layouts that a file may have: a tenant's own, and the built-in ones."""

    own: tuple[Layout, ...]
    built_in: tuple[Layout, ...]


def sniff(name: str, data: bytes, more: tuple[Layout, ...] = ()) -> Sniffed:
    """Recognise a file by its header; ``more`` are layouts besides the built-in ones, a tenant's own.

    Raises ``ImportRefusedError`` where the bytes are no text, or no header is found.
    """
    known = _Known(more, tuple(layouts().values()))
    encoding = _encoding(data)
    text = file_text(data, encoding)
    if is_json(text):
        table = json_table(text, Problems())
        if not table.columns:
            raise ImportRefusedError(
                "No header was found: the JSON holds no list of objects with texts and numbers."
            )
        rows = [row for _, row in zip(range(LOOK_ROWS), (row for _, row in table.rows), strict=False)]
        return _told(name, encoding, ",", (), column_names(table.columns), rows, known)
    return _delimited(name, text, encoding, known)


def _encoding(data: bytes) -> str:
    """UTF-8 unless a mark says UTF-16; Latin-1 only where the bytes are text in it and in nothing else."""
    refuse_foreign_form(data, size=len(data))
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise ImportRefusedError("The file ends in the middle of a letter; it is cut off.") from error
        if not _is_latin_1(data):
            line = data.count(b"\n", 0, error.start) + 1
            raise ImportRefusedError(
                f"Line {line} is not UTF-8 (byte {error.start}); save it as 'CSV UTF-8' and import it again.",
                line=line,
            ) from error
        return "latin-1"
    return "utf-8"


def _is_latin_1(data: bytes) -> bool:
    """Whether bytes that are not UTF-8 are Latin-1 for sure: printable, and no two foreign letters in a row.

    Encodings of several bytes a letter (GBK, Shift-JIS) have such pairs, Windows-1252 has the range below A0.
    """
    return re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[\xa0-\xff]{2}", data) is None


def _delimited(name: str, text: str, encoding: str, known: _Known) -> Sniffed:
    """The reading of delimited text: a header that is known decides, else the most regular form."""
    found: list[tuple[int, str, int, list[tuple[int, Row]], Recognised]] = []
    for delimiter in (",", ";", "\t", "|"):
        rows = first_rows(text, delimiter, HEADER_ROWS + LOOK_ROWS)
        for at, (_, row) in enumerate(rows[:HEADER_ROWS]):
            _refuse_wide(row)
            if len(row) < 2:
                continue
            recognised = recognise(column_names(row), *known)
            if recognised.rank:
                found.append((recognised.rank, delimiter, at, rows, recognised))
                break
    if found:
        _, delimiter, at, rows, _ = max(found, key=lambda one: one[0])
    else:
        delimiter, at, rows = _most_regular(text)
    header = column_names(rows[at][1])
    preamble = tuple(delimiter.join(row) for _, row in rows[:at])
    body = [row for _, row in rows[at + 1 :] if any(cell.strip() for cell in row)]
    return _told(name, encoding, delimiter, preamble, header, body[:LOOK_ROWS], known)


def _refuse_wide(row: Row) -> None:
    if len(row) > MAX_COLUMNS:
        raise ImportRefusedError(f"A line has {len(row)} columns; at most {MAX_COLUMNS} are read.")


def _most_regular(text: str) -> tuple[str, int, list[tuple[int, Row]]]:
    """Delimiter, header row and rows of a text whose header nobody knows."""
    best: tuple[int, int, str, int, list[tuple[int, Row]]] | None = None
    for delimiter in (",", ";", "\t", "|"):
        rows = first_rows(text, delimiter, HEADER_ROWS + LOOK_ROWS)
        widths = [len(row) for _, row in rows if len(row) > 1]
        if not widths:
            continue
        width = max(set(widths), key=lambda one: (widths.count(one), one))
        at = next(n for n, (_, row) in enumerate(rows) if len(row) == width)
        if at < HEADER_ROWS and (best is None or (widths.count(width), width) > best[:2]):
            best = (widths.count(width), width, delimiter, at, rows)
    if best is None or _holds_values(best[4][best[3]][1]):
        raise ImportRefusedError("No header line was found; a table of columns with names is needed.")
    return best[2:]


def _holds_values(row: Row) -> bool:
    """Whether the cells of a row are values rather than names of columns."""
    return sum(bool(re.fullmatch(r"[\d.,:/ +-]*", cell.strip())) for cell in row) * 2 > len(row)


def _told(
    name: str,
    encoding: str,
    delimiter: str,
    preamble: tuple[str, ...],
    header: tuple[str, ...],
    rows: list[Row],
    known: _Known,
) -> Sniffed:
    recognised = recognise(header, *known)
    sniffed = Sniffed(
        kind=Kind.UNKNOWN,
        encoding=encoding,
        delimiter=delimiter,
        preamble=preamble,
        columns=header,
        samples=tuple(tuple(row) for row in rows[:SAMPLE_ROWS]),
        template=recognised.template,
        title=recognised.title,
    )
    if recognised.template:
        return replace(sniffed, kind=Kind.TEMPLATE)
    fitting = tuple(replace(one, encoding=encoding, delimiter=delimiter) for one in recognised.layouts)
    if len(fitting) == 1:
        layout, asked = _completed(fitting[0], header, rows)
        return replace(sniffed, kind=Kind.LAYOUT, layout=layout, title=layout.title, questions=asked)
    if fitting:
        which = Question("layout", "Several layouts fit this header.", tuple(one.name for one in fitting))
        return replace(sniffed, kind=Kind.KNOWN, candidates=fitting, questions=(which,))
    draft, guesses, questions = guess(name, header, rows, encoding=encoding, delimiter=delimiter)
    return replace(
        sniffed,
        kind=Kind.KNOWN if recognised.title else Kind.UNKNOWN,
        proposal=Proposal(draft, guesses),
        questions=questions,
    )


def _completed(
    layout: Layout, header: tuple[str, ...], rows: list[Row]
) -> tuple[Layout, tuple[Question, ...]]:
    """A known layout with the form of times that this file has, and what it still has to be told."""
    place = places_of(layout, header)[Field.TIME]
    times = [row[place].strip() for row in rows if len(row) > place and row[place].strip()]
    asked: list[Question] = []
    if not layout.times.zone and not all(has_offset(text) for text in times):
        asked.append(Question("zone", "The times tell no zone; which one are they in?"))
    if Field.CLOCK in layout.columns or _reads_any(layout.times, times):
        return layout, tuple(asked)
    forms = time_forms(times)
    if len(forms) > 1:
        asked.append(
            Question("days", "Which is the day, and which the month? The times could mean both.", forms)
        )
    if forms:
        formats = forms if len(forms) == 1 else ()
        layout = replace(layout, times=replace(layout.times, formats=formats))
    return layout, tuple(asked)


def _reads_any(rule: TimeRule, times: list[str]) -> bool:
    """Whether a rule reads the first times of a sample, zones aside."""
    read = reader(replace(rule, zone=rule.zone or "UTC"))
    for text in times[:SAMPLE_ROWS]:
        try:
            read(text)
        except InvalidInputError:
            continue
        return True
    return not times
