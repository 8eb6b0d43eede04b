"""Which characters the bundled fonts can print, and what stands in for the others.

A character without a glyph would vanish or turn into an arbitrary box; control and direction characters
could make a name read as another. Both are replaced by a visible box and counted.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources

BOX = "\u25a1"
ASSETS = resources.files("truenav.app.statements") / "assets"

_TEXT_FONTS = ("Inter-Regular.ttf", "NotoSansSC-Regular.ttf")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_LONGEST_WORD = 24
_BREAK = "\u200b"


@cache
def printable_characters() -> frozenset[int]:
    """Code points for which the bundled fonts have a glyph and that stand for something visible."""
    found: set[int] = set()
    for name in _TEXT_FONTS:
        found |= characters_of((ASSETS / "fonts" / name).read_bytes())
    return frozenset(point for point in found if unicodedata.category(chr(point)) not in _INVISIBLE)


def characters_of(font: bytes) -> set[int]:
    """Code points of a TrueType font's Unicode map (``cmap`` format 4, the one of the basic plane)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sIII", font, 12 + 16 * n) for n in range(tables))
    start = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (maps,) = struct.unpack_from(">H", font, start + 2)
    found: set[int] = set()
    for n in range(maps):
        _, _, offset = struct.unpack_from(">HHI", font, start + 4 + 8 * n)
        (form,) = struct.unpack_from(">H", font, start + offset)
        if form == 4:
            for first, last in _segments(font, start + offset):
                found.update(range(first, last + 1))
    return found - {0xFFFF}


def _segments(font: bytes, at: int) -> Iterator[tuple[int, int]]:
    (doubled,) = struct.unpack_from(">H", font, at + 6)
    count = doubled // 2
    lasts = struct.unpack_from(f">{count}H", font, at + 14)
    firsts = struct.unpack_from(f">{count}H", font, at + 16 + doubled)
    return zip(firsts, lasts, strict=True)


class Printer:
    """Makes texts from outside printable and remembers what it had to replace."""

    def __init__(self) -> None:
        self._missing: set[str] = set()

    def text(self, given: str) -> str:
        """The text in one line, boxes for what cannot be printed, breakable where a word is too long."""
        known = printable_characters()
        shown = []
        for char in unicodedata.normalize("NFC", " ".join(given.split())):
            if ord(char) not in known:
                self._missing.add(char)
                char = BOX  # noqa: PLW2901 - one character for another
            shown.append(char)
        return " ".join(_breakable(word) for word in "".join(shown).split(" "))

    @property
    def missing(self) -> tuple[str, ...]:
        """Code points that were replaced so far, as ``U+1F600``, sorted."""
        return tuple(f"U+{point:04X}" for point in sorted(map(ord, self._missing)))


def _breakable(word: str) -> str:
    if len(word) <= _LONGEST_WORD:
        return word
    return _BREAK.join(word[n : n + 8] for n in range(0, len(word), 8))
