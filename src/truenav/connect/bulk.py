"""Which parser reads a page of fills: large pages column by column, small and odd ones with care."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import MAX_BYTES
from truenav.core.evidence import Evidence
from truenav.core.money import exact
from truenav.core.trades import Trades, joined

if TYPE_CHECKING:
    from truenav.connect.fills import Fills

LARGE = 16_384
"""Bytes from which a page is worth loading the fast JSON reader for; the verifier does without it."""

PART = 256 * 1024
"""Bytes of a page that are read together: what is made of them fits the processor's cache."""

ReadFills = Callable[[Evidence, bytes, ParseContext], "Fills | None"]
"""Reads a page column by column; None where it is not exactly as documented."""


def in_bulk(reader: str, careful: Parser) -> Parser:
    """The parser ``careful``, but a large page that a ``reader`` understands is not read row by row.

    ``reader`` is the ``module:name`` of a ``ReadFills``, loaded with the first large page; where what it
    needs is not installed, all pages are read with care. The facts are the same.
    """

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        read = _loaded(reader) if LARGE <= len(body) <= MAX_BYTES else None
        trades = _trades(read, evidence, body, context) if read is not None else None
        return careful(evidence, body, context) if trades is None else Parsed(trades)

    return parse


def parts(body: bytes) -> Iterator[bytes]:
    """A page of many rows as pages of fewer rows, in order, that are otherwise the same.

    Only a page with one list is cut, so that whatever stands in the list of a part stood in the page's: if
    each part is as documented, so is the page.
    """
    start, end = body.find(b"[") + 1, body.rfind(b"]")
    if not 0 < start <= end or body.rfind(b"[") != start - 1 or body.find(b"]") != end:
        yield body
        return
    view = memoryview(body)
    before, after = view[:start], view[end:]
    while start <= end:
        cut = body.find(b"},{", start + PART, end)
        stop = end if cut < 0 else cut + 1
        yield b"".join((before, view[start:stop], after))
        start = stop + 1


def _trades(read: ReadFills, evidence: Evidence, body: bytes, context: ParseContext) -> Trades | None:
    found = []
    with exact(), no_collection():
        for part in parts(body):
            fills = read(evidence, part, context)
            if fills is None:
                return None
            found.append(fills.facts(evidence))
    return joined(found)


@contextmanager
def no_collection() -> Iterator[None]:
    """Without looking for garbage: rows make many values that live on, and no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@cache
def _loaded(reader: str) -> ReadFills | None:
    module, _, name = reader.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except ModuleNotFoundError:
        return None
    read: ReadFills = found
    return read
