"""Payloads of the venue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.connect.conftest import ASSETS

from truenav.connect.contract import ParseContext, Parsed
from truenav.connect.registry import parse
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.instrument import InstrumentBook

PAYLOADS = Path(__file__).parents[3] / "payloads" / "okx"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY = ParseContext(ASSETS, InstrumentBook(()))


def stated(endpoint: str, body: bytes, context: ParseContext = EMPTY) -> Parsed:
    """What a body states as an answer of an endpoint."""
    request = Request("GET", "https://venue.test")
    return parse(
        Evidence(sha256_hex(body), len(body), "okx", "1", endpoint, "a", request, T0, T0, 200), body, context
    )


@pytest.fixture
def read() -> Callable[[str, str], Parsed]:
    """Reads a payload file as an answer of an endpoint, knowing the instruments of ``instruments.json``."""
    known = stated("instruments/1", (PAYLOADS / "instruments.json").read_bytes()).instruments
    context = EMPTY.with_instruments(known)

    def reading(endpoint: str, name: str) -> Parsed:
        return stated(endpoint, (PAYLOADS / f"{name}.json").read_bytes(), context)

    return reading
