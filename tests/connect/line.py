"""The product's own transport into a venue that a test answers for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import httpx

from truenav.connect.contract import AccountConnector, Payload
from truenav.connect.registry import connector
from truenav.connect.transport import Network, Transport
from truenav.simulator.times import VirtualClock


@dataclass
class Line:
    """A network into a venue, what was asked of it, and what was archived."""

    connector: AccountConnector
    network: Network
    asked: list[httpx.Request] = field(default_factory=list)
    archived: list[Payload] = field(default_factory=list)

    async def archive(self, payload: Payload) -> None:
        self.archived.append(payload)

    def transport(self, account: str = "a", base_url: str | None = None) -> Transport:
        return self.network.transport(self.connector, self.archive, account=account, base_url=base_url)


ALine = TypeVar("ALine", bound=Line)


@asynccontextmanager
async def open_line(
    kind: type[ALine],
    source: AccountConnector | str,
    answer: Callable[[httpx.Request], httpx.Response],
    *,
    now: datetime,
) -> AsyncIterator[ALine]:
    """A line whose clock stands at ``now``, and on which waiting takes no time."""
    asked: list[httpx.Request] = []
    ticks = [0.0]

    def heard(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    async def sleep(seconds: float) -> None:
        ticks[0] += seconds

    found: object = connector(source) if isinstance(source, str) else source
    assert isinstance(found, AccountConnector)
    async with httpx.AsyncClient(transport=httpx.MockTransport(heard)) as client:
        network = Network([client], clock=VirtualClock(now), seed=3, sleep=sleep, monotonic=lambda: ticks[0])
        yield kind(found, network, asked)
