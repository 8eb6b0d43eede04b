"""Which parser reads a page of fills: large pages column by column, small and odd ones with care."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.core.evidence import Evidence
from truenav.core.money import exact

if TYPE_CHECKING:
    from truenav.connect.fills import Fills

LARGE = 16_384
"""Bytes from which a page is worth loading the fast JSON reader for; the verifier does without it."""

ReadFills = Callable[[Evidence, bytes, ParseContext], "Fills | None"]
"""Reads a page column by column; None where it is not exactly as documented."""


def in_bulk(reader: str, careful: Parser) -> Parser:
    """The parser ``careful``, but a large page that a ``reader`` understands is not read row by row.

    ``reader`` is the ``module:name`` of a ``ReadFills``, loaded with the first large page; where what it
    needs is not installed, all pages are read with care. The facts are the same.
    """

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        read = _loaded(reader) if len(body) >= LARGE else None
        if read is not None:
            with exact():
                fills = read(evidence, body, context)
            if fills is not None:
                return Parsed(fills.facts(evidence))
        return careful(evidence, body, context)

    return parse


@cache
def _loaded(reader: str) -> ReadFills | None:
    module, _, name = reader.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except ModuleNotFoundError:
        return None
    read: ReadFills = found
    return read
