"""A migrated database, a clock that is told the time, and a tenant with people in it for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

import psycopg
import pytest
from psycopg import sql

from truenav.access.passwords import hash_password
from truenav.access.policy import Principal
from truenav.access.service import Access
from truenav.access.tickets import DOOR
from truenav.core.ids import TenantId, UserId
from truenav.store import migrate
from truenav.store import users as store
from truenav.store.database import Database
from truenav.store.logins import forget_attempts_before
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database
from truenav.store.secrets import MasterKey, Vault

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


@dataclass
class World:
    """A tenant, its people (user id is ``role``, e-mail ``role@tenant.test``), and the door."""

    tenant: TenantId
    database: Database
    clock: TestClock
    access: Access
    password: str = PASSWORD

    def add(self, user: str, *roles: str) -> Principal:
        with self.database.transaction(self.tenant) as session:
            store.create_user(
                session,
                store.User(
                    UserId(user),
                    user.title(),
                    self.email(user),
                    _password_hash(),
                    roles or (user,),
                    None,
                    self.clock.now(),
                ),
            )
        return self.principal(user, *roles)

    def principal(self, user: str, *roles: str) -> Principal:
        return Principal(UserId(user), self.tenant, frozenset(roles or (user,)), user.title())

    def email(self, user: str) -> str:
        return f"{user}@{self.tenant}.test"

    def log_in(self, user: str, password: str = PASSWORD, address: str = "192.0.2.1"):
        return self.access.log_in(self.email(user), password, address=address)


@pytest.fixture(scope="session")
def access_database(postgres_server: EmbeddedPostgres) -> Iterator[Database]:
    with psycopg.connect(postgres_server.dsn(Role.ADMIN, database="postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE access OWNER {} TEMPLATE {}").format(
                sql.Identifier(Role.OWNER), sql.Identifier(DATABASE)
            )
        )
        grant_database(admin, "access")
    migrate.upgrade(postgres_server.dsn(Role.OWNER, database="access"))
    database = Database(postgres_server.dsn(Role.APP, database="access"))
    yield database
    database.close()


VAULT = Vault(MasterKey(bytes(range(32))))


@pytest.fixture
def make_world(access_database: Database) -> Callable[[], World]:
    def make() -> World:
        clock = TestClock()
        tenant = TenantId(f"house-{next(_numbers)}")
        with access_database.transaction(DOOR) as session:  # every test begins at the same instant
            forget_attempts_before(session, clock.now() + timedelta(days=1000))
        with access_database.transaction(tenant) as session:
            store.create_tenant(session, tenant, at=clock.now())
        return World(tenant, access_database, clock, Access(access_database, clock, lambda: VAULT))

    return make


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    return make_world()
