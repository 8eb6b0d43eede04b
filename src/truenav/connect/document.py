"""Reading untrusted JSON: exact numbers, bounded size and depth, refusals that name the place."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from truenav.connect.errors import MalformedPayloadError
from truenav.core.clock import from_milliseconds
from truenav.core.failure import InvalidInputError
from truenav.core.money import parse_decimal

MAX_BYTES = 64 * 1024 * 1024
_LAST_MILLISECOND = 253_402_300_799_999
"""31 December 9999: the last instant that Python can hold."""


class _Number(str):
    """Digits of a JSON number, kept as they were written until their field is read."""

    __slots__ = ()


def read_json(body: bytes) -> Node:
    """The document in ``body``. Duplicate keys, NaN, infinities and excess depth or size are refused."""
    if len(body) > MAX_BYTES:
        raise MalformedPayloadError(f"{len(body)} bytes are more than the {MAX_BYTES} that are read.")
    if body.lstrip()[:1] == b"<":
        raise MalformedPayloadError("an HTML or XML page came instead of JSON; a proxy or firewall answered.")
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        raise MalformedPayloadError(f"byte {error.start} is not UTF-8.") from error
    except RecursionError as error:
        raise MalformedPayloadError("nested too deeply.") from error
    except json.JSONDecodeError as error:
        raise MalformedPayloadError(
            f"not JSON at byte {error.pos} of {len(body)} ({error.msg}); the page may be cut off."
        ) from error
    return Node(value, "$")


def looks_cut_off(body: bytes) -> MalformedPayloadError | None:
    """A cheap look at both ends of a JSON answer, before anybody reads it; None where they fit."""
    ends = (body.lstrip()[:1], body.rstrip()[-1:])
    if ends in ((b"{", b"}"), (b"[", b"]")):
        return None
    if ends[0] == b"<":
        return MalformedPayloadError(
            "an HTML or XML page came instead of JSON; a proxy or firewall answered."
        )
    return MalformedPayloadError(f"the answer of {len(body)} bytes is cut off or not JSON.")


def _refuse_constant(text: str) -> None:
    raise MalformedPayloadError(f"{text} is not a number.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MalformedPayloadError(f"the key {twice[:60]!r} stands twice in one object.")
    return found


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document with the path that leads to it; every reading is checked."""

    value: Any
    path: str

    def field(self, name: str) -> Node:
        """A field that must be there."""
        found = self.maybe(name)
        if found is None:
            raise self._wrong(f"field {name!r} is missing")
        return found

    def maybe(self, name: str) -> Node | None:
        """A field, or None where it is absent or null."""
        if not isinstance(self.value, dict):
            raise self._wrong("an object is expected")
        found = self.value.get(name)
        return None if found is None else Node(found, f"{self.path}.{name}")

    def items(self) -> Iterable[Node]:
        """The elements of an array."""
        if not isinstance(self.value, list):
            raise self._wrong("an array is expected")
        return [Node(one, f"{self.path}[{n}]") for n, one in enumerate(self.value)]

    def parts(self, count: int) -> list[Node]:
        """The elements of an array of so many, such as an answer that others were joined into."""
        found = list(self.items())
        if len(found) != count:
            raise self._wrong(f"{count} parts are expected, {len(found)} came")
        return found

    def text(self, name: str) -> str:
        """A field with text; a number is taken as its digits."""
        found = self.field(name)
        if not isinstance(found.value, str):
            raise found._wrong("text is expected")
        return str(found.value)

    def text_or(self, name: str, default: str = "") -> str:
        """A field with text, or ``default`` where it is absent or null."""
        return default if self.maybe(name) is None else self.text(name)

    def decimal(self, name: str) -> Decimal:
        """A field with an exact number, written as text or as a JSON number."""
        text = self.text(name)
        try:
            return parse_decimal(text, what=f"{self.path}.{name}")
        except InvalidInputError as error:
            raise MalformedPayloadError(error.message) from error

    def decimal_or(self, name: str, default: Decimal) -> Decimal:
        """An exact number, or ``default`` where the field is absent, null or empty text."""
        return self.decimal(name) if self.text_or(name) else default

    def instant(self, name: str) -> datetime:
        """A field with milliseconds since 1970."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) <= _LAST_MILLISECOND):
            raise self.field(name)._wrong("milliseconds since 1970 are expected")
        return from_milliseconds(int(text))

    def flag(self, name: str) -> bool | None:
        """A boolean field, or None where it is absent or something else."""
        found = self.maybe(name)
        return found.value if found is not None and isinstance(found.value, bool) else None

    def wrong(self, message: str) -> MalformedPayloadError:
        """The refusal of this value."""
        return self._wrong(message)

    def _wrong(self, message: str) -> MalformedPayloadError:
        return MalformedPayloadError(f"{self.path}: {message}.", position=self.path)
