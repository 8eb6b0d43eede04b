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

PAYLOADS = Path(__file__).parents[3] / "payloads" / "krakenfutures"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY = ParseContext(ASSETS, InstrumentBook(()))


def payload(name: str) -> bytes:
    """The bytes of a payload."""
    return (PAYLOADS / f"{name}.json").read_bytes()


def stated(endpoint: str, body: bytes, context: ParseContext = EMPTY, **params: str) -> Parsed:
    """What a body states as an answer of an endpoint; a param ``local_x`` is the note ``local:x``."""
    named = tuple((name.replace("local_", "local:"), value) for name, value in params.items())
    request = Request("GET", "https://venue.test", named)
    return parse(
        Evidence(sha256_hex(body), len(body), "krakenfutures", "1", endpoint, "a", request, T0, T0, 200),
        body,
        context,
    )


def market() -> ParseContext:
    """What is known after the market was gathered."""
    return EMPTY.with_instruments(stated("instruments/1", payload("instruments")).instruments)


@pytest.fixture
def read() -> Callable[..., Parsed]:
    """Reads a payload file as an answer of an endpoint, knowing the contracts of ``instruments.json``."""
    context = market()

    def reading(endpoint: str, name: str, **params: str) -> Parsed:
        return stated(endpoint, payload(name), context, **params)

    return reading
