"""The migrations make exactly the tables that the code knows, and can be undone."""

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

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
