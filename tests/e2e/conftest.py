"""The demo fund walked through time: venues in a thread, the house in process, one clock for both."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import psycopg
import uvicorn
from psycopg import sql
from tests.oracle.fund import Fund, Oracle, Reading
from tests.oracle.pricing import Prices
from tests.oracle.published import Quote, Venues, contracts

from truenav.app.house import House
from truenav.app.nav.archived import read_inputs, read_result
from truenav.app.settings import Settings
from truenav.calc.nav.model import NavInputs, NavResult
from truenav.cli.demo_fund import BY_FILE, Demo, Steps
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World
from truenav.store import migrate, runs
from truenav.store.database import Database
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database
from truenav.store.runs import Run

from ..conftest import LOOPBACK

FOLDER = Path(__file__).parents[2] / "examples" / "demo_fund"
LIVE_DAY = date(2026, 11, 21)
INCEPTION = datetime(2026, 11, 12, tzinfo=UTC)
_numbers = count(1)


def after(days: int, hours: int = 0, minutes: int = 0) -> datetime:
    """An instant by its time since inception."""
    return INCEPTION + timedelta(days=days, hours=hours, minutes=minutes)


@contextmanager
def served(world: World) -> Iterator[str]:
    """The world's venues on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(create_app(world), log_level="error", access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=5)


@contextmanager
def own_house(server: EmbeddedPostgres, data_dir: Path, clock: VirtualClock) -> Iterator[House]:
    """A house on a new database of the worker's server."""
    name = f"e2e_{next(_numbers)}"
    with psycopg.connect(server.dsn(Role.ADMIN, database="postgres"), autocommit=True) as admin:
        command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
        admin.execute(
            command.format(sql.Identifier(name), sql.Identifier(Role.OWNER), sql.Identifier(DATABASE))
        )
        grant_database(admin, name)
    migrate.upgrade(server.dsn(Role.OWNER, database=name))
    database = Database(server.dsn(Role.APP, database=name))
    try:
        yield House.of(Settings(data_dir=data_dir, private_hosts=LOOPBACK), database, clock)
    finally:
        database.close()


@dataclass(frozen=True)
class Struck:
    """One NAV as the product and as the oracle have it."""

    run: Run
    inputs: NavInputs
    result: NavResult
    prices: Prices
    expected: dict[str, Fund]


@dataclass
class Walk:
    """The demo fund, and an oracle that learns what the product may know, when it may know it."""

    demo: Demo
    world: World
    clock: VirtualClock
    venues: Venues
    oracle: Oracle
    quotes: list[Quote] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)

    @property
    def house(self) -> House:
        return self.demo.house

    def install(self) -> None:
        """Everything of the demo before its first NAV."""
        self.demo.people()
        self.demo.portfolio()
        self.demo.connect()
        self.demo.import_files()

    def history(self) -> list[Struck]:
        """The demo's published history, oldest first."""
        self.demo.gather()
        self.observe()
        self.demo.history()
        found = []
        for run in sorted(self._published(), key=lambda run: run.as_of):
            with self.at(run.as_of):
                self.quotes += self.venues.closing(run.as_of)
                self.quotes += self.venues.ecb()
                self.observe_accounts(imported=True)
            found.append(self.struck(run, closing=True))
            self.oracle.keep(found[-1].expected)
        return found

    def strike(self, *, but: tuple[str, ...] = ()) -> Struck:
        """A live NAV of this instant; the oracle sees no more than the product: all venues but some."""
        run = self.demo.strike_live()
        self.observe(but=but)
        return self.struck(run)

    def publish(self, struck: Struck) -> None:
        self.demo.approve(struck.run)
        self.demo.publish(struck.run)
        self.oracle.keep(struck.expected)

    def observe(self, *, but: tuple[str, ...] = ()) -> None:
        """Let the oracle read what is published now, at all venues but some."""
        self.quotes += self.venues.live(but=but)
        self.observe_accounts(imported=False, but=but)

    def observe_accounts(self, *, imported: bool, but: tuple[str, ...] = ()) -> None:
        for account in self.demo.plan["accounts"]:
            if account["venue"] not in but:
                name = account["id"]
                statement = self.venues.statement(name)
                self.readings[name] = Reading(self.clock.now(), statement, imported or name in BY_FILE)

    @contextmanager
    def at(self, instant: datetime) -> Iterator[None]:
        """The clock put back for a look."""
        now = self.clock.now()
        self.clock.set(instant)
        yield
        self.clock.set(now)

    def struck(self, run: Run, *, closing: bool = False) -> Struck:
        """A calculated run beside what the oracle makes of the same instant."""
        blobs = self.house.blobs(self.demo.tenant)
        result = read_result(blobs, run)
        prices = Prices(result.as_of, tuple(self.quotes), closing=closing)
        expected = self.oracle.strike(prices, self.readings)
        return Struck(run, read_inputs(blobs, run), result, prices, expected)

    def _published(self) -> list[Run]:
        with self.house.database.transaction(self.demo.tenant) as session:
            return list(runs.list_runs(session, fund=self.demo.plan["fund"]))


@contextmanager
def walked(
    server: EmbeddedPostgres, data_dir: Path, start: datetime, *, history_days: Sequence[int] = (1,)
) -> Iterator[Walk]:
    """The demo fund installed at an instant; its history goes back to so many midnights."""
    clock = VirtualClock(start)
    world = World.load(FOLDER / "scenario.toml", LIVE_DAY, clock)
    with (
        served(world) as url,
        own_house(server, data_dir, clock) as house,
        httpx.Client(timeout=20) as client,
    ):
        demo = Demo(house, FOLDER, url, Steps())
        demo.plan["history_days"] = list(history_days)
        venues = Venues(url, client, world.scenario.vendor_key)
        base = {one.base: one.price for one in venues.closing(INCEPTION) if one.kind == "last"}
        known = contracts(FOLDER / "market", world.shift)
        walk = Walk(demo, world, clock, venues, Oracle.of(demo.plan, INCEPTION, known, base))
        walk.install()
        yield walk
