"""The words of the statement in English and 中文, from ``assets/words.json``; the glossary's own terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from truenav.app.statements.glyphs import ASSETS


class Language(StrEnum):
    """What a statement is printed in; ``both`` sets 中文 beside the English words."""

    EN = "en"
    ZH = "zh"
    BOTH = "both"


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Every word and sentence by key, each in ``en`` and ``zh``."""
    read: dict[str, dict[str, str]] = json.loads((ASSETS / "words.json").read_text("utf-8"))
    return read


def label(key: str, language: Language) -> tuple[str, ...]:
    """A word as lines of a chart label: one, or two for both languages."""
    found = words()[key]
    return (found["en"], found["zh"]) if language is Language.BOTH else (found[language],)
