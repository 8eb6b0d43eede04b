"""Venues of ccxt without a network: answers from files or from a table, through the product's transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest

from truenav.connect.cefi.unified.catalogue import venues
from truenav.connect.cefi.unified.client import UnifiedClient
from truenav.connect.cefi.unified.connector import UnifiedConnector
from truenav.connect.contract import Credentials, ParseContext, Payload
from truenav.connect.transport import Network, Transport
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.instrument import InstrumentBook
from truenav.simulator.times import VirtualClock

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = Credentials("canary-key-1234567890", "Y2FuYXJ5LXNlY3JldA==", "canary-passphrase")


@dataclass
class Line:
    """A venue that answers what ``answer`` says, and all that was asked and archived."""

    connector: UnifiedConnector
    network: Network
    asked: list[httpx.Request] = field(default_factory=list)
    archived: list[Payload] = field(default_factory=list)

    async def archive(self, payload: Payload) -> None:
        self.archived.append(payload)

    def transport(self, account: str = "a", base_url: str | None = None) -> Transport:
        return self.network.transport(self.connector, self.archive, account=account, base_url=base_url)

    def client(self, credentials: Credentials | None = KEY) -> UnifiedClient:
        return UnifiedClient(self.connector.venue, self.transport(), credentials)


@asynccontextmanager
async def open_line(venue: str, answer: Callable[[httpx.Request], httpx.Response]) -> AsyncIterator[Line]:
    asked: list[httpx.Request] = []

    def heard(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    ticks = [0.0]

    async def sleep(seconds: float) -> None:
        ticks[0] += seconds

    async with httpx.AsyncClient(transport=httpx.MockTransport(heard)) as client:
        network = Network([client], clock=VirtualClock(NOW), seed=3, sleep=sleep, monotonic=lambda: ticks[0])
        yield Line(UnifiedConnector(venues()[venue]), network, asked)


@pytest.fixture
def line() -> Callable[..., AbstractAsyncContextManager[Line]]:
    """Opens a venue; a fixture so that tests need not import this file."""
    return open_line


@pytest.fixture
def empty() -> ParseContext:
    return ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
