"""In which form a sample of cells writes times and numbers: one, several that look alike, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache

from truenav.connect.files.amounts import EMPTY
from truenav.connect.files.times import ISO, UNIX, UNIX_MS, TimeRule, abbreviation, pattern_of, reader
from truenav.core.failure import InvalidInputError

_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%y-%m-%d",
    "%y/%m/%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d %b, %Y",
    "%b %d, %Y",
    "%b %d %Y",
    "%a %b %d %Y",
    "%a, %d %b %Y",
    "%a %d %b %Y",
)
_JOINTS = (" ", ", ", "T", " at ")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p")
_ZONES = ("", " %z", "%z")
_YEAR_2000 = 946_684_800

Form = tuple[str, str]
"""Signs that part decimals and thousands."""

_MAY_BE_TIME = re.compile(r"(?=(?:\D*\d){4}).{6,60}")
_GROUPED = re.compile(r"\d{1,3}([,.' ])\d{3}(?:\1\d{3})*([.,])\d+|\d{1,3}([,.' ])\d{3}(?:\3\d{3})+")
_ONE_SIGN = re.compile(r"\d+([.,])(\d*)")


def time_forms(values: Iterable[str]) -> tuple[str, ...]:
    """All forms in which every cell is a time; none where the cells are no times or have several forms."""
    cells = sorted({value.strip() for value in values} - EMPTY, key=len)
    if not cells:
        return ()
    fitting = [form for form in _possible(cells[0]) if all(_reads(form, cell) for cell in cells)]
    return (fitting[0],) if fitting[:1] in ([ISO], [UNIX], [UNIX_MS]) else tuple(fitting)


def _possible(cell: str) -> list[str]:
    """Forms that one cell may have."""
    if re.fullmatch(r"\d{9,13}(\.\d+)?", cell):
        seconds = int(cell.partition(".")[0])
        return [UNIX if seconds < _YEAR_2000 * 100 else UNIX_MS]
    if _reads(ISO, cell):
        return [ISO]
    found = []
    if not _MAY_BE_TIME.fullmatch(cell):
        return []
    for date in _DATES:
        if pattern_of(date).match(cell) is None:
            continue
        if _reads(date, cell):
            found.append(date)
        found += [
            form
            for joint in _JOINTS
            for clock in _CLOCKS
            for zone in _ZONES
            if _reads(form := f"{date}{joint}{clock}{zone}", cell)
        ]
    return _distinct(found)


def _distinct(forms: list[str]) -> list[str]:
    """Without forms that only spell another one: with and without the space before the zone."""
    spaced = {form for form in forms if " %z" in form}
    return [form for form in forms if form in spaced or form.replace("%z", " %z") not in spaced]


def _reads(form: str, cell: str) -> bool:
    if form not in (ISO, UNIX, UNIX_MS) and pattern_of(form).fullmatch(cell) is None:
        return False
    try:
        _reader(form, abbreviation(cell))(cell)
    except InvalidInputError:
        return False
    return True


@cache
def _reader(form: str, abbreviated: str) -> Callable[[str], datetime]:
    """What reads a form for its looks alone, whatever an abbreviation of a zone may stand for."""
    return reader(TimeRule((form,), "UTC", {abbreviated: "+00:00"} if abbreviated else {}))


def number_forms(columns: Iterable[Sequence[str]], delimiter: str) -> tuple[Form, ...]:
    """How numbers are parted, from all columns that hold some; several where the sample leaves it open."""
    sure: set[Form] = set()
    points: set[str] = set()
    open_signs: set[str] = set()
    for cell in (one.strip().lstrip("+-$€£¥") for column in columns for one in column):
        if grouped := _GROUPED.fullmatch(cell):
            thousands = grouped[1] or grouped[3]
            point = grouped[2] if grouped[2] != thousands else None
            if point or cell.count(thousands) > 1 or thousands not in ",.":
                sure.add((point or ("," if thousands == "." else "."), thousands))
                continue
        if one := _ONE_SIGN.fullmatch(cell):
            (points if len(one[2]) != 3 else open_signs).add(one[1])
    if sure:
        return tuple(sorted(sure)) if len(sure) > 1 else tuple(sure)
    if len(points) > 1:
        return ((".", ","), (",", "."))
    if points:
        return tuple((point, "" if open_signs <= {point} else _OTHER[point]) for point in points)
    if "," in open_signs:
        return ((",", ""), (".", ","))
    if "." in open_signs and delimiter == ";":
        return ((".", ""), (",", "."))
    return ((".", ""),)


_OTHER = {".": ",", ",": "."}
