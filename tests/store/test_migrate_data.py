"""Migrations with rows in every table: nothing is lost on the way up, and on the way down only what the older
tables cannot hold."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from truenav.store import migrate
from truenav.store.postgres import Role
from truenav.store.postgres.binaries import find_binaries

REVISIONS = sorted(
    script.revision for script in ScriptDirectory(str(migrate._SCRIPTS)).walk_revisions("base", "heads")
)
TENANTS = ("amber", "brook")
ROWS = 3

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attgenerated = ''
    AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
ORDER BY c.relname, a.attnum
"""
_PARENTS = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = 'public'::regnamespace
"""

Columns = dict[str, dict[str, str]]


def columns(connection: psycopg.Connection) -> Columns:
    """Name and type of every column of the tables that hold rows of tenants."""
    found: Columns = {}
    for table, column, kind in connection.execute(_COLUMNS):
        found.setdefault(table, {})[column] = kind
    return found


def value(kind: str, number: int) -> Any:
    """Something of a type, the same for the same number, so that references between tables hold."""
    if kind == "bytea":
        return bytes([number]) * 32
    if kind == "text":
        return f"value-{number}"
    if kind in ("text[]", "character varying[]"):
        return [f"value-{number}"]
    if kind == "jsonb":
        return json.dumps({"number": str(number)})
    if kind == "boolean":
        return number % 2 == 0
    if kind == "date":
        return f"2026-01-{number:02d}"
    if kind.startswith("timestamp"):
        return f"2026-01-{number:02d}T00:00:00Z"
    if kind == "uuid":
        return UUID(int=number)
    if kind in ("integer", "bigint", "smallint"):
        return number
    raise AssertionError(f"a value of {kind} is wanted here: add one")


def fact_value(name: str, number: int) -> Any:
    """What of a fact must fit together: statement, its hash, and the hash of its key."""
    word = f"value-{number}"
    statement = json.dumps({"account": word, "external_id": word, "source": word}, separators=(",", ":"))
    given = {
        "statement": statement,
        "content_hash": sha256(statement.encode()).digest(),
        "key_hash": sha256("\0".join([word] * 4).encode()).digest(),
        "slot": UUID(bytes=bytes([number]) * 16),  # of the fact that it corrects
    }
    return given.get(name)


def in_order(connection: psycopg.Connection, tables: Columns) -> list[str]:
    """Tables with those that they refer to before them."""
    parents: dict[str, set[str]] = {table: set() for table in tables}
    for child, parent in connection.execute(_PARENTS):
        if child in parents and parent in parents:
            parents[child].add(parent)
    done: list[str] = []
    while len(done) < len(tables):
        done += [table for table in sorted(tables) if table not in done and parents[table] <= set(done)]
    return done


def fill(dsn: str) -> None:
    """Rows of two tenants in every table, as the superuser."""
    with psycopg.connect(dsn) as connection:
        tables = columns(connection)
        for table in in_order(connection, tables):
            for position, tenant in enumerate(TENANTS):
                for number in range(1 + position * ROWS, 1 + (position + 1) * ROWS):
                    kinds = tables[table]
                    names = list(kinds)
                    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
                        sql.Identifier(table),
                        sql.SQL(", ").join(map(sql.Identifier, names)),
                        sql.SQL(", ").join(sql.Placeholder() * len(names)),
                    )
                    given = [
                        tenant
                        if name == "tenant_id"
                        else (table == "fact" and fact_value(name, number)) or value(kinds[name], number)
                        for name in names
                    ]
                    connection.execute(insert, given)
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args) "
            "VALUES ('default', 'nav.advance', 0, '{}')"
        )


def content(dsn: str, only: Columns | None = None) -> dict[str, list[str]]:
    """The rows of every table as text, sorted; with ``only`` of these tables and columns."""
    found = {}
    with psycopg.connect(dsn) as connection:
        present = columns(connection)
        for table, kinds in (only or present).items():
            if table not in present:
                continue
            names = sorted(kinds.keys() & present[table].keys())
            fields = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in names)
            query = sql.SQL("SELECT ROW({})::text FROM {} t ORDER BY 1").format(fields, sql.Identifier(table))
            found[table] = [row for (row,) in connection.execute(query)]
        found["procrastinate_jobs"] = [
            row for (row,) in connection.execute("SELECT ROW(task_name, args)::text FROM procrastinate_jobs")
        ]
    return found


def schema(dsn: str) -> list[str]:
    """Everything that a database is made of but its rows, in no order: a column may have come late."""
    password = str(conninfo_to_dict(dsn)["password"])
    command = [find_binaries() / "pg_dump", "--schema-only", "--no-comments", f"--dbname={dsn}"]
    made = subprocess.run(command, env={"PGPASSWORD": password}, capture_output=True, text=True, check=True)
    noise = ("--", "SET ", "\\restrict", "\\unrestrict", "SELECT pg_catalog.set_config")
    lines = (line.strip().rstrip(",") for line in made.stdout.splitlines())
    return sorted(line for line in lines if line and not line.startswith(noise))


def shared(one: Columns, other: Columns) -> Columns:
    return {
        table: {name: kind for name, kind in kinds.items() if name in other[table]}
        for table, kinds in one.items()
        if table in other
    }


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_any_version_survive_the_way_up_and_back(fresh_database, revision: str) -> None:
    owner, admin = fresh_database.dsn(Role.OWNER), fresh_database.dsn(Role.ADMIN)
    migrate.upgrade(owner, revision)
    fill(admin)
    before, made_of = content(admin), schema(admin)
    assert min(map(len, before.values())) >= 1
    migrate.upgrade(owner)
    with psycopg.connect(admin) as connection:
        now = columns(connection)
    after = content(admin)
    assert {table: len(after[table]) for table in before if table in now} == {
        table: len(rows) for table, rows in before.items() if table in now
    }
    migrate.downgrade(owner, revision)
    assert content(admin) == before
    assert schema(admin) == made_of


@pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "0004"])
def test_what_the_older_version_can_hold_survives_the_way_down_and_up_again(
    fresh_database, revision: str
) -> None:
    owner, admin = fresh_database.dsn(Role.OWNER), fresh_database.dsn(Role.ADMIN)
    migrate.upgrade(owner)
    fill(admin)
    made_of = schema(admin)
    with psycopg.connect(admin) as connection:
        newest = columns(connection)
    migrate.downgrade(owner, revision)
    with psycopg.connect(admin) as connection:
        common = shared(columns(connection), newest)
    kept = content(admin, common)
    assert sum(len(rows) for rows in kept.values()) > 50
    migrate.upgrade(owner)
    assert content(admin, common) == kept
    assert schema(admin) == made_of
