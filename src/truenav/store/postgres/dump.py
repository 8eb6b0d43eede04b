"""The database as a file: written by ``pg_dump`` in one snapshot, read back all or nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from truenav.store.postgres.binaries import find_binaries
from truenav.store.postgres.errors import PostgresError

_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""


class PostgresDumpError(PostgresError):
    """``pg_dump`` or ``pg_restore`` failed; the message quotes it."""

    code = "postgres-dump"
    title = "The database was not copied"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the database, held by an open transaction; others may read the same by its name."""

    name: str
    connection: psycopg.Connection


@contextmanager
def open_snapshot(backup_dsn: str) -> Iterator[Snapshot]:
    """The present state, kept readable while the block runs; ``backup_dsn`` is of the role truenav_backup."""
    with psycopg.connect(backup_dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        (name,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        yield Snapshot(name, connection)


def table_rows(connection: psycopg.Connection) -> dict[str, int]:
    """How many rows each table has, those of all tenants: for a role that row-level security lets pass."""
    names = [name for (name,) in connection.execute(_TABLES)]
    return {name: _count(connection, name) for name in names}


def dump(backup_dsn: str, snapshot: Snapshot, path: Path) -> None:
    """Write the database of a snapshot to a new file, in pg_dump's own compressed form."""
    _run(
        "pg_dump",
        backup_dsn,
        ["--format=custom", "--no-owner", "--no-comments", f"--snapshot={snapshot.name}", f"--file={path}"],
    )


def restore(owner_dsn: str, path: Path) -> None:
    """Put a dump into a database that is empty but for extensions; everything, or nothing."""
    options = ["--no-owner", "--no-comments", "--exit-on-error", "--single-transaction", str(path)]
    _run("pg_restore", owner_dsn, options)


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return 0 if row is None else int(row[0])


def _run(program: str, dsn: str, options: list[str]) -> None:
    """Run one of the wheel's programs; the password goes by the environment, which no other user can read."""
    parts: Mapping[str, object] = conninfo_to_dict(dsn)
    address = make_conninfo("", **{name: str(value) for name, value in parts.items() if name != "password"})
    result = subprocess.run(  # noqa: S603 - our own program and arguments
        [find_binaries() / program, f"--dbname={address}", "--no-password", *options],
        env={"PGPASSWORD": str(parts.get("password") or ""), "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        last = "\n".join(result.stderr.strip().splitlines()[-3:])
        raise PostgresDumpError(f"{program} failed:\n{last}\nMend that and run the command again.")
