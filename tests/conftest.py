"""Fixtures that many rooms need: a PostgreSQL server, and a new database for one test."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from truenav.store.postgres import DATABASE, EmbeddedPostgres, Role, grant_database

# Venues of the tests are simulators on this machine: said here for commands, in settings for the rest.
LOOPBACK = frozenset({"127.0.0.1"})
os.environ["TRUENAV_PRIVATE_HOSTS"] = " ".join(LOOPBACK)

# The same examples at every run; the long tier and a person's own runs may load another profile.
settings.register_profile("steady", derandomize=True, deadline=None)  # a busy machine is no fault
settings.load_profile("steady")

# Tests of what the data mean need no durable disk; those of durability start a server of their own.
FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "autovacuum": "off",
}

_numbers = count(1)

_STOP_WHEN_ORPHANED = """
import pathlib, sys
sys.stdin.read()
from truenav.store.postgres import EmbeddedPostgres
EmbeddedPostgres(pathlib.Path(sys.argv[1])).stop()
"""


@dataclass(frozen=True)
class FreshDatabase:
    """A database of one test, with the roles and rights of the real one."""

    server: EmbeddedPostgres
    name: str

    def dsn(self, role: str) -> str:
        return self.server.dsn(role, database=self.name)


@contextmanager
def ends_with_this_process(data_dir: Path) -> Iterator[None]:
    """Stop the server of a folder at the end, also when the test run is killed.

    The pipe closes with this process, however it ends.
    """
    command = [sys.executable, "-c", _STOP_WHEN_ORPHANED, str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


@pytest.fixture(scope="session")
def initialised_postgres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped server's folder with roles and database, made once for all workers; copy it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    seed = shared / "postgres-seed"
    with (shared / "postgres-seed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not seed.exists():
            draft = EmbeddedPostgres(shared / "postgres-draft", settings=FAST_SETTINGS)
            draft.start()
            draft.stop()
            draft.data_dir.rename(seed)
    return seed


@pytest.fixture(scope="session")
def postgres_server(
    initialised_postgres: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """The server of this worker.

    ``dsn(role)`` leads to its database `truenav`, the template of `fresh_database`: leave it as it is.
    """
    data_dir = tmp_path_factory.mktemp("postgres") / "server"
    shutil.copytree(initialised_postgres, data_dir)
    server = EmbeddedPostgres(data_dir, settings=FAST_SETTINGS)
    with ends_with_this_process(data_dir):
        server.start()
        yield server


@pytest.fixture
def fresh_database(postgres_server: EmbeddedPostgres) -> Iterator[FreshDatabase]:
    """A new database like `truenav`, for one test; nobody may be connected to `truenav` meanwhile."""
    database = FreshDatabase(postgres_server, f"test_{next(_numbers)}")
    name, template = sql.Identifier(database.name), sql.Identifier(DATABASE)
    owner = sql.Identifier(Role.OWNER)
    admin_dsn = postgres_server.dsn(Role.ADMIN, database="postgres")
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
        admin.execute(create.format(name, owner, template))
        grant_database(admin, database.name)
    yield database
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
