"""Accounts followed by their private streams: what happens there is in the fund's view within seconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.simulator.conftest import run_in_thread

from truenav.app.house import House
from truenav.app.overview.live import LiveViews
from truenav.app.settings import Settings
from truenav.app.sources.follower import AccountFollower
from truenav.app.sources.following import GATHERED_BY
from truenav.app.sources.freshness import BELIEVED, Freshness, feeds
from truenav.app.sources.gather import gather
from truenav.app.sources.health import source_health
from truenav.app.sources.model import Connection
from truenav.connect.news import PRIVATE
from truenav.core.account import Account, AccountKind
from truenav.core.asset import AssetId
from truenav.core.canonical import canonical_json
from truenav.core.clock import SystemClock
from truenav.core.ids import AccountId, ConnectionId, InstrumentId, NodeId, TenantId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.portfolio import ByShare, Node, NodeKind, SubBookRule
from truenav.simulator.orders import Terms
from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World
from truenav.store import definitions, issues, migrate
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.postgres import Role
from truenav.store.users import create_tenant

from ...conftest import LOOPBACK

SCENARIO = Path(__file__).parents[3] / "examples" / "demo_fund" / "scenario.toml"
TENANT, FUND, NAME = TenantId("acme"), NodeId("alpha"), AccountId("okx-trend")
PERPETUAL = "BTC-USDT-SWAP"


@dataclass
class Desk:
    """A fund with one account at a simulated venue; nobody polls it."""

    house: House
    world: World
    url: str
    link: Connection
    views: LiveViews

    def held(self) -> Decimal:
        """Contracts in the view of the fund, as an open page reads it."""
        with self.house.database.transaction(TENANT) as session:
            kept, _ = self.views.get(session, TENANT, FUND)
        lines = [line for fund in kept.view.result.funds for line in fund.lines]
        return sum((line.quantity for line in lines if line.subject == f"okx:{PERPETUAL}"), Decimal(0))

    def trade(self, size: str) -> None:
        self.world.place(NAME, Terms(PERPETUAL, "buy", Decimal(size)))

    async def quickest(self, size: str, *, tries: int) -> float:
        """Seconds until a trade is in the view; the best of some, since this machine may be busy."""
        found = float("inf")
        while found >= 2 and tries:
            wanted, tries = await asyncio.to_thread(self.held) + Decimal(size), tries - 1
            self.trade(size)
            found = await self.until(lambda: self.held() == wanted)  # noqa: B023 - awaited here
        return found

    def control(self, verb: str, **body: object) -> None:
        httpx.post(f"{self.url}/_simulator/{verb}", json=body).raise_for_status()

    def put(self, link: Connection) -> None:
        with self.house.database.transaction(TENANT) as session:
            now = self.house.clock.now()
            definitions.put(session, Kind.CONNECTION, link.id, link, by="anna", at=now)

    def freshness(self) -> Freshness:
        with self.house.database.transaction(TENANT) as session:
            now = self.house.clock.now()
            (found,) = source_health(session, [self.link], {}, now=now)
        return found.freshness

    def gathered(self) -> bool:
        """Whether the follower has gathered the account since it began."""
        return bool(self.count(f"SELECT count(*) FROM task_progress WHERE id = '{GATHERED_BY}:{NAME}'"))

    def count(self, what: str) -> int:
        with self.house.database.transaction(TENANT) as session:
            return int(session.execute(text(what)).scalar_one())

    async def until(self, condition: object, seconds: float = 6.0) -> float:
        """Wait for a condition; gives how long that took, in seconds."""
        assert callable(condition)
        began = time.monotonic()
        while not await asyncio.to_thread(condition):
            assert time.monotonic() - began < seconds
            await asyncio.sleep(0.02)
        return time.monotonic() - began


@pytest.fixture(scope="module")
def venue():
    world = World.load(SCENARIO, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    yield world, url
    server.should_exit = True
    thread.join(timeout=5)


def write_down(session, house, link, world):
    """One account with its key, and what it is read by."""
    now, plan = house.clock.now(), world.account(NAME)
    key = {"key": plan.api_key, "secret": plan.secret, "passphrase": plan.passphrase}
    create_tenant(session, name="Acme", at=now)
    account = Account(NAME, NAME, "okx", AccountKind.EXCHANGE, ("trading", "funding"))
    definitions.put(session, Kind.ACCOUNT, NAME, account, by="anna", at=now)
    definitions.put(session, Kind.CONNECTION, link.id, link, by="anna", at=now)
    house.vault.put(session, link.secret_name, canonical_json(key), at=now)


@pytest.fixture
def desk(fresh_database, tmp_path, venue):
    world, url = venue
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    house = House.of(Settings(data_dir=tmp_path, private_hosts=LOOPBACK), database, SystemClock())
    now = house.clock.now()
    link = Connection(ConnectionId("link"), "okx", NAME, now, base_url=url)
    rule = SubBookRule(NAME, 1, FUND, ByShare(Decimal(1)))
    with database.transaction(TENANT) as session:
        write_down(session, house, link, world)
        definitions.put(session, Kind.NODE, FUND, Node(FUND, "Alpha", NodeKind.FUND), by="anna", at=now)
        definitions.put(session, Kind.RULE, f"{NAME}#1", rule, by="anna", at=now)
    gather(house, TENANT)
    views = LiveViews(house)
    yield Desk(house, world, url, link, views)
    views.close()
    database.close()


@contextlib.asynccontextmanager
async def followed(desk):
    following = asyncio.create_task(AccountFollower(desk.house, seed=1).run())
    try:
        await desk.until(lambda: following.done() or desk.freshness() is Freshness.STREAMED)
        assert not following.done(), following.exception()
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def test_a_fill_is_in_the_funds_view_within_two_seconds_though_nobody_polls(desk):
    async def scenario() -> None:
        assert desk.freshness() is Freshness.POLLED
        async with followed(desk):
            await desk.until(desk.gathered)
            assert await desk.quickest("3", tries=4) < 2
            assert desk.count(f"SELECT count(*) FROM evidence WHERE endpoint = '{PRIVATE}'") > 0
            assert not desk.count("SELECT count(*) FROM data_issue")

    asyncio.run(scenario())


def test_what_happened_while_a_stream_was_down_is_read_when_it_stands_again(desk):
    async def scenario() -> None:
        async with followed(desk):
            await desk.until(desk.gathered)
            before = desk.held()
            desk.control("faults", kind="status", venue="okx", path="/ws/", times=2)
            desk.control("faults", kind="drop", venue="okx", path="/ws/v5/private", times=1)
            desk.trade("2")
            await desk.until(lambda: desk.freshness() is Freshness.POLLED)
            await desk.until(lambda: desk.freshness() is Freshness.STREAMED)
            await desk.until(lambda: desk.held() == before + 2)

    asyncio.run(scenario())


def test_a_contract_of_unknown_terms_has_its_market_read_first(desk):
    other = TenantId("other")
    pair, eth, usdc = InstrumentId("okx:ETH-USDC"), AssetId("eth"), AssetId("usdc")
    known = Instrument(pair, "okx", "ETH-USDC", InstrumentKind.SPOT, eth, usdc, usdc, Decimal(1))
    with desk.house.database.transaction(other) as session:
        write_down(session, desk.house, desk.link, desk.world)
        definitions.put(session, Kind.INSTRUMENT, pair, known, by="anna", at=desk.house.clock.now())
    (outcome,) = gather(desk.house, other, accounts=frozenset({NAME}), prices=False)
    assert not outcome.failures
    with desk.house.database.transaction(other) as session:
        held = {one.id for one in definitions.bodies(session, Kind.INSTRUMENT, Instrument)}
        assert not issues.list_issues(session)
    assert f"okx:{PERPETUAL}" in held


@pytest.mark.nightly
def test_a_connection_that_is_switched_off_is_followed_no_more_and_its_last_word_is_not_believed(desk):
    async def scenario() -> None:
        async with followed(desk):
            await desk.until(desk.gathered)
            before = desk.held()
            desk.put(replace(desk.link, enabled=False))
            await asyncio.sleep(2)
            desk.trade("5")
            await asyncio.sleep(3)
            assert desk.held() == before
            with desk.house.database.transaction(TENANT) as session:
                now = desk.house.clock.now()
                assert feeds(session, now=now)
                assert not feeds(session, now=now + BELIEVED)

    asyncio.run(scenario())
