"""The simulated venues, spoken to in process through the product's own transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from truenav.connect.contract import Credentials, ParseContext, Payload
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

        network = Network(client, clock=clock, seed=7, sleep=sleep, monotonic=lambda: ticks[0])
        yield Lab(world, clock, network, naps=naps)


Labs = Callable[..., object]
DAY = timedelta(days=1)


@pytest.fixture
def context() -> ParseContext:
    return EMPTY
