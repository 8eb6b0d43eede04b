"""Houses that trade at a simulated venue, in one database of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from truenav.store import migrate
from truenav.store.database import Database
from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database

from .trading.desk import Trading, furnished


@pytest.fixture(scope="session")
def trading_dsn(postgres_server: EmbeddedPostgres) -> str:
    """A migrated database whose tests work in tenants of their own."""
    admin = postgres_server.dsn(Role.ADMIN, database="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        create = sql.SQL("CREATE DATABASE trading OWNER {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(Role.OWNER), sql.Identifier(DATABASE)))
        grant_database(connection, "trading")
    migrate.upgrade(postgres_server.dsn(Role.OWNER, database="trading"))
    return postgres_server.dsn(Role.APP, database="trading")


@pytest.fixture(scope="session")
def trading_database(trading_dsn: str) -> Iterator[Database]:
    opened = Database(trading_dsn)
    yield opened
    opened.close()


@pytest.fixture
def trading(trading_database: Database, tmp_path: Path) -> Trading:
    return furnished(trading_database, tmp_path)


@pytest.fixture
def furnish_trading(trading_database: Database, tmp_path: Path) -> Callable[..., Trading]:
    """Makes more of them, each in its own folder and tenant."""
    folders = count(1)
    return lambda **more: furnished(trading_database, tmp_path / str(next(folders)), **more)
