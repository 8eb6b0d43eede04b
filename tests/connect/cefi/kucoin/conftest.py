"""Payloads of the venue as facts, and a venue that answers what a test says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.connect.conftest import ASSETS
from tests.connect.line import Line
from tests.connect.line import open_line as line_to

from truenav.connect.contract import Credentials, ParseContext, Parsed
from truenav.connect.registry import parse
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import Sha256
from truenav.core.instrument import InstrumentBook

PAYLOADS = Path(__file__).parents[3] / "payloads" / "kucoin"
T = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
EMPTY = ParseContext(ASSETS, InstrumentBook(()))
KEY = Credentials("canary-key-1234567890", "canary-secret-1234567890", "canary-passphrase")


def stated(endpoint: str, body: bytes, context: ParseContext = EMPTY, **params: str) -> Parsed:
    """What a body states, as answered an hour after the start of the year."""
    at = datetime(2026, 1, 1, 1, tzinfo=UTC)
    evidence = Evidence(
        sha256=Sha256(sha256_hex(body)),
        size=len(body),
        connector="kucoin",
        connector_version="1",
        endpoint=endpoint,
        account="a",
        request=Request("GET", "https://api.kucoin.com/x", tuple(params.items())),
        asked_at=at,
        answered_at=at,
        status=200,
    )
    return parse(evidence, body, context)


def known_markets() -> ParseContext:
    """A context that knows the markets of the payloads."""
    context = EMPTY
    for endpoint in ("symbols", "contracts"):
        context = context.with_instruments(stated(f"{endpoint}/1", body_of(endpoint)).instruments)
    return context


def body_of(name: str) -> bytes:
    """A payload's bytes."""
    return (PAYLOADS / f"{name}.json").read_bytes()


@pytest.fixture
def read() -> Callable[..., Parsed]:
    """Reads a payload, knowing the venue's markets."""
    context = known_markets()

    def reading(endpoint: str, name: str, **params: str) -> Parsed:
        return stated(endpoint, body_of(name), context, **params)

    return reading


def open_line(answer: Callable[[httpx.Request], httpx.Response]) -> AbstractAsyncContextManager[Line]:
    """The venue that answers what ``answer`` says."""
    return line_to(Line, "kucoin", answer, now=NOW)
