"""The expected version is the newest migration's, and an older database is noticed."""

from truenav.store import migrate
from truenav.store.database import Database
from truenav.store.version import is_current, newest


def test_the_expected_version_is_that_of_the_newest_script():
    assert migrate.wanted() == newest()


def test_an_empty_database_is_not_current_and_a_migrated_one_is(fresh_database):
    database = Database(fresh_database.dsn("truenav_app"))
    try:
        with database.lookup() as session:
            assert not is_current(session)
        migrate.upgrade(fresh_database.dsn("truenav_owner"))
        with database.lookup() as session:
            assert is_current(session)
    finally:
        database.close()
