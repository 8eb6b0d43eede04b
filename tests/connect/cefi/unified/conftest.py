"""Venues of ccxt without a network: answers from files or from a table, through the product's transport."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import httpx
import pytest
from tests.connect import line as line_of

from truenav.connect.cefi.unified.catalogue import venues
from truenav.connect.cefi.unified.client import UnifiedClient
from truenav.connect.cefi.unified.connector import UnifiedConnector
from truenav.connect.contract import Credentials, ParseContext
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.instrument import InstrumentBook

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = Credentials("canary-key-1234567890", "Y2FuYXJ5LXNlY3JldA==", "canary-passphrase")


class Line(line_of.Line):
    """A line to a venue that has no connector of its own."""

    def client(self, credentials: Credentials | None = KEY) -> UnifiedClient:
        found = self.connector
        assert isinstance(found, UnifiedConnector)
        return UnifiedClient(found.venue, self.transport(), credentials)


def open_line(
    venue: str, answer: Callable[[httpx.Request], httpx.Response]
) -> AbstractAsyncContextManager[Line]:
    """The venue that answers what ``answer`` says."""
    return line_of.open_line(Line, UnifiedConnector(venues()[venue]), answer, now=NOW)


@pytest.fixture
def line() -> Callable[..., AbstractAsyncContextManager[Line]]:
    """Opens a venue; a fixture so that tests need not import this file."""
    return open_line


@pytest.fixture
def empty() -> ParseContext:
    return ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
