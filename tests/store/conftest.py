"""A migrated database for the store's tests; each test works in tenants of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
from psycopg import sql

from truenav.core.ids import TenantId
from truenav.store import migrate
from truenav.store.database import Database
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database

_numbers = count(1)


@pytest.fixture(scope="session")
def store_dsns(postgres_server: EmbeddedPostgres) -> dict[str, str]:
    """Connection strings of one migrated database, by role."""
    admin = postgres_server.dsn(Role.ADMIN, database="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE store OWNER {} TEMPLATE {}").format(
                sql.Identifier(Role.OWNER), sql.Identifier(DATABASE)
            )
        )
        grant_database(connection, "store")
    dsns = {role.value: postgres_server.dsn(role, database="store") for role in Role}
    migrate.upgrade(dsns[Role.OWNER])
    return dsns


@pytest.fixture(scope="session")
def database(store_dsns: dict[str, str]) -> Iterator[Database]:
    """The application's way in."""
    opened = Database(store_dsns[Role.APP])
    yield opened
    opened.close()


@pytest.fixture
def tenant() -> TenantId:
    """A tenant that no other test uses."""
    return TenantId(f"tenant-{next(_numbers)}")
