"""Texts that people write: names of one line and notes of several, short enough for every screen and page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from truenav.core.failure import InvalidInputError

NAME_LENGTH = 200
"""Most characters of a name."""

NOTE_LENGTH = 2000
"""Most characters of a reason or description."""

NOTES = frozenset({"description", "reason"})
"""Fields that hold notes; texts of all others are names."""

_BREAKS = str.maketrans("", "", "\t\n\r")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def parse_name(text: str, *, what: str) -> str:
    """A name: 1 to 200 characters on one line, none of them a control character."""
    if not text.strip():
        raise InvalidInputError(f"{what}: the text is empty; write 1 to {NAME_LENGTH} characters.")
    _refuse_long(text, NAME_LENGTH, what)
    if _CONTROL.search(text):
        raise InvalidInputError(f"{what}: a control character; remove tabs, line ends and the like.")
    return text


def parse_note(text: str, *, what: str) -> str:
    """A reason or description: at most 2000 characters, on several lines if need be; it may be empty."""
    _refuse_long(text, NOTE_LENGTH, what)
    if _CONTROL.search(text.translate(_BREAKS)):
        raise InvalidInputError(f"{what}: a control character; remove what is neither text nor a line end.")
    return text


def refuse_bad_texts(data: object, *, what: str) -> None:
    """Check every text of plain data, as ``canonical.encode`` gives it, that is not empty.

    Raises ``InvalidInputError`` naming ``what`` and the field. Empty texts stand for what is not given.
    """
    if isinstance(data, str):
        if data:
            (parse_note if what.rpartition(".")[2] in NOTES else parse_name)(data, what=what)
    elif isinstance(data, Mapping):
        for key, value in data.items():
            refuse_bad_texts(key, what=what)
            refuse_bad_texts(value, what=f"{what}.{key}")
    elif isinstance(data, list | tuple):
        for item in data:
            refuse_bad_texts(item, what=what)


def _refuse_long(text: str, most: int, what: str) -> None:
    if len(text) > most:
        raise InvalidInputError(f"{what}: {len(text)} characters are too many; write at most {most}.")
