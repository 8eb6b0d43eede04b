"""A draft of a layout for a header that nobody knows: from its words in several languages and its values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from truenav.connect.files.mapping import Layout
from truenav.connect.files.text import Row


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column seems to be. ``field`` is empty for one that is not needed; ``confidence`` 0 to 100."""

    column: str
    field: str
    confidence: int
    reason: str


Asked = tuple[str, str, tuple[str, ...]]
"""About what, the question, the choices."""


def guess(
    name: str, header: tuple[str, ...], rows: list[Row], *, encoding: str, delimiter: str
) -> tuple[Layout, tuple[Guess, ...], tuple[Asked, ...]]:
    """Draft a layout. Questions are what neither words nor values decide."""
    del rows
    draft = Layout(slug(name), name, {}, (header,), delimiter=delimiter, encoding=encoding)
    return draft, tuple(Guess(column, "", 0, "not understood") for column in header), ()


def slug(name: str) -> str:
    """An identifier made of a file's name."""
    bare = re.sub(r"[^a-z0-9]+", "-", PurePath(name).stem.lower()).strip("-")
    return bare[:60].strip("-") or "export"
