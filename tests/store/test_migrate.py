"""The migrations make exactly the tables that the code knows, and can be undone."""

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
