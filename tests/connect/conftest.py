"""The simulated venues, spoken to in process through the product's own transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from truenav.connect.contract import Credentials, Cursor, Errand, Gathered, ParseContext, Payload
from truenav.connect.registry import connector
from truenav.connect.transport import Network, Transport
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentBook
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World

SCENARIO = Path(__file__).parents[2] / "examples" / "demo_fund" / "scenario.toml"
START = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ASSETS = AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES)
EMPTY = ParseContext(ASSETS, InstrumentBook(()))


@dataclass
class Lab:
    """One world, one network into it, and everything that was archived."""

    world: World
    clock: VirtualClock
    network: Network
    archived: list[Payload] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)

    async def archive(self, payload: Payload) -> None:
        self.archived.append(payload)

    def transport(self, venue: str, account: str = "") -> Transport:
        return self.network.transport(
            connector(venue), self.archive, account=account, base_url="http://venue.test"
        )

    def credentials(self, account: str) -> Credentials:
        plan = self.world.account(account)
        return Credentials(plan.api_key, plan.secret, plan.passphrase)

    async def market(self, venue: str) -> ParseContext:
        """What is known of a venue after its market was gathered."""
        found = await connector(venue).gather_market(self.transport(venue), EMPTY)
        assert not found.failures
        return EMPTY.with_instruments(found.instruments)

    async def gather(
        self, name: str, context: ParseContext, cursors: Mapping[str, Cursor] = {}, **more: Any
    ) -> Gathered:
        """Gather one account since inception."""
        account = self.account(name)
        transport = self.transport(account.venue, name)
        since = self.world.inception
        return await connector(account.venue).gather_account(
            transport, Errand(account, self.credentials(name), context, cursors, since=since, **more)
        )

    def account(self, name: str) -> Account:
        venue = self.world.account(name).venue.id
        wallets = connector(venue).manifest.wallets
        return Account(AccountId(name), name, venue, AccountKind.EXCHANGE, wallets)


@asynccontextmanager
async def open_lab(start: datetime = START) -> AsyncIterator[Lab]:
    clock = VirtualClock(start)
    world = World.load(SCENARIO, date(2026, 11, 21), clock)
    ticks = [0.0]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(world))) as client:
        naps: list[float] = []

        async def sleep(seconds: float) -> None:
            naps.append(seconds)
            ticks[0] += seconds
            world.meter.reset()

        network = Network([client], clock=clock, seed=7, sleep=sleep, monotonic=lambda: ticks[0])
        yield Lab(world, clock, network, naps=naps)


@pytest.fixture
def lab() -> Callable[..., AbstractAsyncContextManager[Lab]]:
    """Opens a world; a fixture so that tests need not import this file."""
    return open_lab


@pytest.fixture
def empty() -> ParseContext:
    return EMPTY
