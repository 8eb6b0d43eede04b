"""What must hold whatever comes in: our own errors only, nothing inexact, and no long thought."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from tests.connect.files.support import HOUSE

from truenav.connect.files import check, layouts, sniff
from truenav.core.failure import TruenavError

from .corpus import T0, parse

LONGEST_THOUGHT = 1.0
"""Seconds of processor time that one input may take."""


def judge_payload(connector: str, endpoint: str, body: bytes) -> None:
    """Parse what a venue might say; raises where anything but our own errors or exact facts comes out."""

    def read() -> None:
        with suppress(TruenavError):
            refuse_inexact(parse(connector, endpoint, body))

    _timed(read)


def judge_file(name: str, data: bytes) -> None:
    """Sniff a file and check it by whatever reads it, as the import dialogue does."""

    def read() -> None:
        with suppress(TruenavError):
            sniffed = sniff(name, data)
            draft = None if sniffed.proposal is None else sniffed.proposal.layout
            for layout in (sniffed.layout, *sniffed.candidates[:1], draft):
                with suppress(TruenavError):
                    if layout is not None or sniffed.template:
                        found = check(
                            name,
                            data,
                            HOUSE,
                            imported_at=T0,
                            layout=layout,
                            template=sniffed.template or None,
                            account="a",
                        )
                        refuse_inexact((found.facts, found.instruments))

    _timed(read)


def layout_names() -> list[str]:
    """All built-in layouts."""
    return sorted(layouts())


def judge_layout(layout: str, data: bytes) -> None:
    """Check a file by a layout that may have nothing to do with it."""

    def read() -> None:
        with suppress(TruenavError):
            chosen = layouts()[layout]
            found = check("export.csv", data, HOUSE, imported_at=T0, layout=chosen, account="a")
            refuse_inexact((found.facts, found.instruments))

    _timed(read)


def _timed(read: Callable[[], None]) -> None:
    begun = time.process_time()
    read()
    took = time.process_time() - begun
    assert took < LONGEST_THOUGHT, f"{took:.2f} s of thought"


def refuse_inexact(value: Any) -> None:
    """Refuse floats, numbers that are none, and instants without a zone anywhere in a statement."""
    if isinstance(value, float):
        raise AssertionError(f"the float {value!r} came out")
    if isinstance(value, Decimal):
        assert value.is_finite(), value
    elif isinstance(value, datetime):
        assert value.utcoffset() is not None, value
    elif isinstance(value, str | int | bytes | Enum | None):
        return
    elif is_dataclass(value):
        for field in fields(value):
            refuse_inexact(getattr(value, field.name))
    elif isinstance(value, dict):
        refuse_inexact(tuple(value.items()))
    elif isinstance(value, tuple | list | frozenset | set):
        for one in value:
            refuse_inexact(one)
