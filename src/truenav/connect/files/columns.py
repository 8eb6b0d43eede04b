"""What columns of an unknown export seem to be: by words of the header in several languages, by values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from truenav.connect.files.amounts import EMPTY
from truenav.connect.files.forms import time_forms
from truenav.connect.files.layouts import vocabulary
from truenav.connect.files.mapping import Field, Meaning, column_key

EXACT, PART, VALUE_ONLY = 80, 45, 30
AGREES = 15
LONGEST = 80
"""Characters of the longest text whose words are looked at."""

KNOWN_WORDS = 30
"""What a column of types gains by words that the vocabulary knows, and loses without any."""

_NUMBER = re.compile(r"\(?[+-]?[$€£¥₿]?\s?\d[\d.,' ]*(?:[eE][+-]?\d+)?\)?")
_UNIT = re.compile(r"[+-]?\d[\d.,]*\s*[A-Za-z][A-Za-z0-9]{1,9}")
_CODE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9.]{2,12}|(?:eip155|bip122|iso4217|solana):\S+")
_MARKET = re.compile(r"[A-Z0-9]{2,10}[/\-_:][A-Z0-9]{2,10}")
_HASH = re.compile(r"(?:0x)?[0-9a-fA-F]{32,}|[1-9A-HJ-NP-Za-km-z]{40,90}")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")


class Look(StrEnum):
    """What the values of a column look like."""

    NOTHING = "empty"
    TIME = "times"
    NUMBER = "numbers"
    UNIT = "amounts with their asset"
    CODE = "asset codes"
    MARKET = "markets"
    SIDE = "buy and sell"
    HASH = "hashes"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sample: its name, what its cells look like, and what it may be with a score."""

    name: str
    cells: tuple[str, ...]
    look: Look
    scores: Mapping[Field, int]


_NUMBERS = frozenset({Look.NUMBER, Look.UNIT, Look.NOTHING})
_CODES = frozenset({Look.CODE, Look.UNIT, Look.NOTHING})
_TEXTS = frozenset({Look.TEXT, Look.CODE, Look.SIDE, Look.NOTHING})
_ANY = frozenset(Look)
_FITS: Mapping[Field, frozenset[Look]] = {
    Field.TIME: frozenset({Look.TIME}),
    Field.CLOCK: frozenset({Look.TEXT}),
    Field.TYPE: _TEXTS,
    Field.SUBTYPE: _TEXTS,
    Field.SIDE: _TEXTS,
    Field.DIRECTION: _TEXTS,
    Field.STATUS: _TEXTS,
    Field.ACCOUNT: _TEXTS,
    Field.WALLET: _TEXTS,
    Field.ID: _ANY - {Look.TIME, Look.UNIT, Look.SIDE, Look.NOTHING},
    Field.ORDER_ID: _ANY - {Look.TIME, Look.UNIT, Look.SIDE},
    Field.TXID: frozenset({Look.HASH, Look.TEXT, Look.NOTHING}),
    Field.COUNTERPART: frozenset({Look.HASH, Look.TEXT, Look.CODE, Look.NOTHING}),
    Field.SENT_ASSET: _CODES,
    Field.RECEIVED_ASSET: _CODES,
    Field.ASSET: _CODES,
    Field.FEE_ASSET: _CODES,
    Field.BASE: _CODES,
    Field.QUOTE: _CODES,
    Field.MARKET: frozenset({Look.MARKET, Look.CODE, Look.TEXT}),
}
_BY_VALUE: Mapping[Look, Field] = {
    Look.TIME: Field.TIME,
    Look.MARKET: Field.MARKET,
    Look.CODE: Field.ASSET,
    Look.UNIT: Field.AMOUNT,
    Look.SIDE: Field.SIDE,
    Look.HASH: Field.TXID,
}


def examine(header: tuple[str, ...], rows: Sequence[Sequence[str]]) -> list[Column]:
    """All columns of a sample with what they may be."""
    return [_column(name, [row[n].strip() for row in rows if len(row) > n]) for n, name in enumerate(header)]


def meaning_of(text: str) -> Meaning | None:
    """What a word of a type column means, where the vocabulary has it; a long one by its only known part."""
    if len(text) > LONGEST:
        return None
    key = column_key(text)
    if key in _meanings():
        return _meanings()[key]
    found = {_meanings()[run] for run in _runs(_words_of(text)) if run in _meanings()}
    return found.pop() if len(found) == 1 else None


def status_of(text: str) -> bool | None:
    """Whether a row with such a status counts, where the vocabulary has it."""
    key = column_key(text)
    yes, no = ({column_key(word) for word in vocabulary()["statuses"][name]} for name in ("yes", "no"))
    return True if key in yes else False if key in no else None


def _column(name: str, cells: list[str]) -> Column:
    filled = [cell for cell in cells if cell not in EMPTY]
    look = _look(filled)
    scores: dict[Field, int] = {}
    for field, score in _by_words(name).items():
        fits = _FITS.get(field, _NUMBERS)
        if look in fits:
            scores[field] = min(100, score + (AGREES if look is not Look.NOTHING else 0))
    if look in _BY_VALUE and _BY_VALUE[look] not in scores:
        scores[_BY_VALUE[look]] = VALUE_ONLY
    if Field.SIDE in scores and look is not Look.SIDE and filled:
        scores[Field.TYPE] = max(scores.pop(Field.SIDE) - AGREES, scores.get(Field.TYPE, 0))
    if Field.TYPE in scores and look is Look.SIDE:
        scores[Field.SIDE] = max(scores.pop(Field.TYPE), scores.get(Field.SIDE, 0))
    if Field.TYPE in scores and filled:
        known = any(meaning_of(cell) is not None for cell in set(filled))
        scores[Field.TYPE] = max(1, scores[Field.TYPE] + (KNOWN_WORDS if known else -KNOWN_WORDS))
    if Field.ID in scores and len(set(filled)) < len(filled):
        del scores[Field.ID]
    return Column(name, tuple(cells), look, scores)


def _look(cells: list[str]) -> Look:
    if not cells:
        return Look.NOTHING
    if time_forms(cells):
        return Look.TIME
    sides = {meaning_of(cell) for cell in set(cells)}
    if sides <= {Meaning.BUY, Meaning.SELL}:
        return Look.SIDE
    for look, pattern in _PATTERNS:
        if all(pattern.fullmatch(cell) for cell in cells):
            return look
    return Look.TEXT


_PATTERNS = (
    (Look.NUMBER, _NUMBER),
    (Look.UNIT, _UNIT),
    (Look.MARKET, _MARKET),
    (Look.HASH, _HASH),
    (Look.CODE, _CODE),
)


def _by_words(name: str) -> dict[Field, int]:
    """Fields whose words stand in a column's name: all of it, or a part."""
    if len(name) > LONGEST:
        return {}
    bare = re.sub(r"#\d+$", "", name)
    bare = re.sub(r"\(?\s*UTC\s*([+-]\s*\d{1,2}(:\d\d)?)?\s*\)?", " ", bare, flags=re.IGNORECASE) or name
    key, parts = column_key(bare), _runs(_words_of(bare))
    found: dict[Field, int] = {}
    for word, field in _column_words():
        if word == key:
            found[field] = EXACT
        elif (len(word) > 2 and word in parts) if word.isascii() else (len(word) > 1 and word in key):
            found[field] = max(found.get(field, 0), PART + min(len(word), 15))
    return found


def _runs(words: list[str]) -> set[str]:
    """All runs of words that stand side by side, put together."""
    return {"".join(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1)}


@cache
def _column_words() -> tuple[tuple[str, Field], ...]:
    return tuple(
        (column_key(w), Field(name)) for name, words in vocabulary()["columns"].items() for w in words
    )


@cache
def _meanings() -> Mapping[str, Meaning]:
    return {column_key(w): Meaning(name) for name, words in vocabulary()["meanings"].items() for w in words}


def _words_of(text: str) -> list[str]:
    """The words of a name in lower case: ``FeeCoin`` and ``fee_coin`` are both ``fee`` and ``coin``."""
    return [word.casefold() for word in _WORDS.findall(text)]
