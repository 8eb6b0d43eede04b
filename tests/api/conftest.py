"""The application in this process, on a migrated database, with people who have logged in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path

import anyio
import httpx
import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql

from truenav.access.passwords import hash_password
from truenav.access.tickets import DOOR
from truenav.api.app import create_app
from truenav.app.house import House
from truenav.app.http.login import CSRF_HEADER
from truenav.app.jobs import JOBS, load_handler
from truenav.app.settings import Settings
from truenav.core.asset import BTC
from truenav.core.ids import InstrumentId, TenantId, UserId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import AssetId
from truenav.store import migrate
from truenav.store import users as store
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.definitions import put as put_definition
from truenav.store.logins import forget_attempts_before
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database
from truenav.worker.execute import execute

from ..conftest import LOOPBACK

PASSWORD = "violet otter climbs 7 stairs"

_numbers = count(1)


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


class TestClock:
    """Time that passes only when a test says so."""

    __test__ = False

    def __init__(self) -> None:
        self.instant = datetime(2026, 1, 31, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def advance(self, **duration: float) -> None:
        self.instant += timedelta(**duration)


class Client(httpx.Client):
    """A browser: keeps the cookie and sends the CSRF token, once logged in."""

    def log_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        answer = self.post("/api/v1/login", json={"email": email, "password": password})
        if answer.status_code == 200 and answer.json()["step"] == "done":
            self.headers[CSRF_HEADER] = answer.json()["me"]["csrf"]
        return answer


class InProcess(httpx.BaseTransport):
    """Hands requests to the application in its own event loop, without a network."""

    def __init__(self, app: FastAPI, portal: anyio.from_thread.BlockingPortal, address: str) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50000))
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._handle, request)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        inner = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await self._inner.handle_async_request(inner)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


@dataclass
class Installation:
    """The running application, and a way to add tenants and people to it."""

    app: FastAPI
    house: House
    clock: TestClock
    portal: anyio.from_thread.BlockingPortal
    clients: list[Client] = field(default_factory=list)

    def client(self, *, address: str = "192.0.2.1", base: str = "http://truenav.test") -> Client:
        client = Client(transport=InProcess(self.app, self.portal, address), base_url=base)
        self.clients.append(client)
        return client

    def tenant(self) -> TenantId:
        tenant = TenantId(f"house-{next(_numbers)}")
        with self.house.database.transaction(tenant) as session:
            store.create_tenant(session, tenant, at=self.clock.now())
        return tenant

    def add(self, tenant: TenantId, user: str, *roles: str) -> str:
        """Add a user; gives the e-mail address."""
        email = f"{user}@{tenant}.test"
        with self.house.database.transaction(tenant) as session:
            store.create_user(
                session,
                store.User(
                    UserId(user),
                    user.title(),
                    email,
                    _password_hash(),
                    roles or (user,),
                    None,
                    self.clock.now(),
                ),
            )
        return email

    def logged_in(self, tenant: TenantId, user: str, *roles: str) -> Client:
        client = self.client()
        assert client.log_in(self.add(tenant, user, *roles)).status_code == 200
        return client


@pytest.fixture(scope="session")
def api_database(postgres_server: EmbeddedPostgres) -> Iterator[Database]:
    with psycopg.connect(postgres_server.dsn(Role.ADMIN, database="postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE api OWNER {} TEMPLATE {}").format(
                sql.Identifier(Role.OWNER), sql.Identifier(DATABASE)
            )
        )
        grant_database(admin, "api")
    migrate.upgrade(postgres_server.dsn(Role.OWNER, database="api"))
    database = Database(postgres_server.dsn(Role.APP, database="api"))
    yield database
    database.close()


@pytest.fixture
def installation(api_database: Database, tmp_path: Path) -> Iterator[Installation]:
    clock = TestClock()
    with api_database.transaction(DOOR) as session:  # every test begins at the same instant
        forget_attempts_before(session, clock.now() + timedelta(days=1000))
    settings = Settings(data_dir=tmp_path, private_hosts=LOOPBACK)
    house = House.of(settings, api_database, clock)
    app = create_app(settings, house=house)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_running(app)),
    ):
        made = Installation(app, house, clock, portal)
        yield made
        for client in made.clients:
            client.close()


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    async with app.router.lifespan_context(app):
        yield


@pytest.fixture
def tenant(installation: Installation) -> TenantId:
    return installation.tenant()


@pytest.fixture
def admin(installation: Installation, tenant: TenantId) -> Client:
    return installation.logged_in(tenant, "administrator")


@pytest.fixture
def finance(installation: Installation, tenant: TenantId) -> Client:
    return installation.logged_in(tenant, "finance")


@pytest.fixture
def new_user(tenant: TenantId) -> Callable[..., dict[str, object]]:
    """The body that adds a user."""

    def body(name: str, **other: object) -> dict[str, object]:
        return {
            "id": name,
            "name": name.title(),
            "email": f"{name}@{tenant}.test",
            "roles": ["risk"],
            "password": "nine.blue.kettles",
            **other,
        }

    return body


CUT = "2026-01-31T07:50:00Z"

BALANCES = f"account,as_of,asset,amount\ndesk,{CUT},USD,250000.25\ndesk,{CUT},BTC,10\n"
PRICES = f"at,base,quote,price\n{CUT},BTC,USD,75000.125\n"
DEALINGS = (
    "fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency\n"
    "alpha,alpha-a,sub-1,2026-01-31T07:40:00Z,subscription,family-office,10000,1000000,USD\n"
)
NAV_USD = "1000001.5"  # 250000.25 + 10 x 75000.125

DEFINITIONS = {
    "accounts/desk": {"id": "desk", "name": "Desk", "venue": "bank", "kind": "bank", "wallets": ["main"]},
    "nodes/alpha": {"id": "alpha", "name": "Alpha", "kind": "fund"},
    "nodes/carry": {"id": "carry", "name": "Carry", "kind": "strategy", "parent": "alpha"},
    "rules/desk%230": {
        "account": "desk",
        "rank": 0,
        "node": "carry",
        "selector": {"is": "share", "share": "1"},
    },
    "classes/alpha-a": {
        "id": "alpha-a",
        "fund": "alpha",
        "name": "A",
        "currency": "iso4217:USD",
        "management_fee_rate": "0",
    },
    "pricing-policies/alpha": {
        "id": "alpha",
        "rules": [
            {
                "applies_to": "*",
                "waterfall": [{"source": "file:prices", "kind": "last", "quote": "iso4217:USD"}],
                "stale_after_seconds": 3600,
                "unusable_after_seconds": 86400,
            }
        ],
    },
}


PERPETUAL = "x:yy-perp"

LISTING = {
    "id": "zz3l",
    "node": "carry",
    "product": {
        "id": "ZZ3L",
        "issuer": "House",
        "underlying": "YY",
        "quote": "USD",
        "terms": [
            {
                "since": "2026-01-01T00:00:00Z",
                "target": "3",
                "schedules": [{"at": {"times": ["00:02"]}}],
                "trigger": {"above": "4"},
                "fees": [{"rate": "0.0003", "at": {"times": ["00:02"]}}],
            }
        ],
    },
    "instrument": PERPETUAL,
    "opened_at": "2026-01-30T00:00:00Z",
    "opening_nav": "100",
    "opening_units": "1000",
    "tick": "0.01",
}
"""A product that is run for the node ``carry``; its instrument is stated by `state_instrument`."""


BASKET = {
    "id": "trio",
    "node": "carry",
    "product": {
        "id": "trio",
        "name": "Trio",
        "share": "index:TRIO",
        "quote": "iso4217:USD",
        "terms": [
            {
                "since": "2026-01-01",
                "unit_size": 100,
                "cut_off": "07:30",
                "zone": "UTC",
                "constituents": [{"asset": str(BTC), "decimals": 8}],
            }
        ],
    },
    "opening_shares": 1000,
}
"""A basket product that holds what the node ``carry`` holds."""


def state_instrument(installation: Installation, tenant: TenantId) -> None:
    """Put a perpetual of the asset YY into the instrument master, as a gathering would."""
    usd = AssetId("iso4217:USD")
    name = InstrumentId(PERPETUAL)
    terms = Instrument(
        name, "x", "yy-perp", InstrumentKind.PERPETUAL, AssetId("x:yy"), usd, usd, multiplier=Decimal(1)
    )
    with installation.house.database.transaction(tenant) as session:
        put_definition(session, Kind.INSTRUMENT, name, terms, by="venue", at=installation.clock.now())


@dataclass
class FundHouse:
    """A tenant with the fund ``alpha``, its data imported, and the people who run it."""

    installation: Installation
    tenant: TenantId
    maker: Client
    checker: Client

    def upload(self, name: str, text: str, *, path: str = "imports") -> httpx.Response:
        return self.maker.post(f"/api/v1/{path}", files={"file": (name, text.encode())})

    def work(self, job: str, name: str, **arguments: str) -> None:
        """Do a job as a worker would."""
        given = {"tenant": self.tenant, **arguments}
        execute(self.installation.house, name, job, given, load_handler(JOBS[name]), attempts=0)

    def strike(self, **body: str) -> dict[str, object]:
        """A calculated run of ``alpha``."""
        struck = self.maker.post("/api/v1/nav/runs", json={"fund": "alpha", **body})
        assert struck.status_code == 202, struck.text
        run = struck.json()["run"]["id"]
        self.work(struck.json()["job"], "nav.advance", run=run)
        return self.maker.get(struck.headers["location"]).json()

    def publish(self, run: dict[str, object]) -> dict[str, object]:
        """Approve and publish a run."""
        body = {"result_sha": run["result_sha"]}
        assert self.checker.post(f"/api/v1/nav/runs/{run['id']}/approve", json=body).status_code == 200
        published = self.checker.post(f"/api/v1/nav/runs/{run['id']}/publish")
        assert published.status_code == 200, published.text
        return published.json()


@pytest.fixture
def fund(installation: Installation, tenant: TenantId) -> FundHouse:
    made = FundHouse(
        installation,
        tenant,
        maker=installation.logged_in(tenant, "max", "manager"),
        checker=installation.logged_in(tenant, "fay", "finance", "risk"),
    )
    for path, body in DEFINITIONS.items():
        answer = made.maker.put(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
    for name, text in (("balances.csv", BALANCES), ("prices.csv", PRICES), ("dealings.csv", DEALINGS)):
        answer = made.upload(name, text)
        assert answer.status_code == 201, answer.text
    return made
