"""The migrations make exactly the tables that the code knows, and can be undone."""

from dataclasses import replace
from datetime import UTC, datetime

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from truenav.core.facts import Fact, Void
from truenav.core.ids import Sha256
from truenav.store import migrate
from truenav.store.database import connector
from truenav.store.postgres import Role
from truenav.store.tables import metadata


def _differences(dsn):
    engine = create_engine("postgresql+psycopg://", creator=connector(dsn))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, metadata)
    engine.dispose()
    return [one for one in found if "procrastinate" not in str(one)]


def test_up_down_and_up_again_leaves_the_tables_of_the_code(fresh_database):
    owner = fresh_database.dsn(Role.OWNER)
    assert migrate.current(owner) is None
    migrate.upgrade(owner)
    assert migrate.current(owner) == migrate.wanted()
    migrate.downgrade(owner)
    assert migrate.current(owner) is None
    migrate.upgrade(owner)
    migrate.upgrade(owner)
    assert migrate.current(fresh_database.dsn(Role.APP)) == migrate.wanted()
    assert _differences(owner) == []


def test_facts_survive_the_migration_to_series_and_back(fresh_database):
    owner, application = fresh_database.dsn(Role.OWNER), fresh_database.dsn(Role.APP)

    def ask(tenant, query):
        with psycopg.connect(application) as connection:
            connection.execute("SELECT set_config('truenav.tenant', %s, true)", [tenant])
            found = connection.execute(query)
            return found.fetchall() if found.description else []

    migrate.upgrade(owner, "0002")
    for tenant in ("a", "b"):
        ask(
            tenant,
            "INSERT INTO fact (content_hash, key_hash, kind, source, account, subject, occurred_at, "
            "recorded_at, evidence, statement) SELECT sha256(n::text::bytea), sha256(n::text::bytea), "
            "'kind-' || n % 2, 's', 'a', '', now(), now(), '', '{}' FROM generate_series(1, 10) n",
        )
    migrate.upgrade(owner, "0003")
    per_kind = (
        "SELECT kind, count(*) FROM fact JOIN series ON series.id = series_id GROUP BY kind ORDER BY kind"
    )
    assert ask("a", per_kind) == [("kind-0", 5), ("kind-1", 5)]
    migrate.downgrade(owner, "0002")
    assert ask("b", "SELECT kind, count(*) FROM fact GROUP BY kind ORDER BY kind") == [
        ("kind-0", 5),
        ("kind-1", 5),
    ]
    migrate.upgrade(owner)


def test_keys_survive_the_migration_to_slots_and_back(fresh_database):
    owner, application = fresh_database.dsn(Role.OWNER), fresh_database.dsn(Role.APP)
    at = datetime(2025, 1, 1, tzinfo=UTC)
    first = Fact("binance", "main", "t-1", at, Void("typo"), Sha256("ab" * 32))
    mended = replace(first, body=Void("double"), supersedes=first.content_hash)

    def ask(query, *parameters):
        with psycopg.connect(application) as connection:
            connection.execute("SELECT set_config('truenav.tenant', 'a', true)")
            return connection.execute(query, parameters or None).fetchall()

    migrate.upgrade(owner, "0008")
    for fact in (first, mended):
        ask(
            "WITH named AS (INSERT INTO series (kind, source, account, subject) "
            "VALUES (%s, 'binance', 'main', '') ON CONFLICT DO NOTHING) SELECT 1",
            fact.kind,
        )
        ask(
            "INSERT INTO fact (content_hash, key_hash, series_id, occurred_at, recorded_at, evidence, "
            "supersedes, statement) SELECT %s, %s, id, now(), now(), '', %s, %s FROM series RETURNING 1",
            bytes.fromhex(fact.content_hash),
            bytes.fromhex(fact.key_hash),
            None if fact.supersedes is None else bytes.fromhex(fact.supersedes),
            fact.statement,
        )
    keyed = "SELECT key_hash, supersedes FROM fact ORDER BY supersedes NULLS FIRST"
    before = ask(keyed)
    migrate.upgrade(owner)
    slots = ask("SELECT slot::text FROM fact ORDER BY supersedes NULLS FIRST")
    assert [slot.replace("-", "") for (slot,) in slots] == [first.key_hash[:32], first.content_hash[:32]]
    migrate.downgrade(owner, "0008")
    assert ask(keyed) == before
