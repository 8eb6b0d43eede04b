"""What was answered a moment ago is answered again, until something that it follows from changes."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from truenav.app.overview.remembered import LONGEST, Remembered
from truenav.core.ids import TenantId
from truenav.store import definitions, migrate
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.postgres import Role

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = TenantId("acme")


@pytest.fixture
def ask(fresh_database):
    """Ask what is counted up whenever it is made."""
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    opened = Database(fresh_database.dsn(Role.APP))
    remembered, times = Remembered(), count(1)

    def ask(name="it", tenant=TENANT, after=timedelta(0)):
        with opened.transaction(tenant, snapshot=True) as session:
            return remembered.get(session, tenant, name, lambda: next(times), now=NOW + after)

    def define(tenant=TENANT):
        with opened.transaction(tenant) as session:
            definitions.put(session, Kind.IMPORT_MAPPING, "one", {"a": "b"}, by="ada", at=NOW)

    ask.define = define
    yield ask
    opened.close()


def test_an_answer_is_made_once_for_each_question_and_tenant(ask):
    assert [ask(), ask(), ask("other"), ask(), ask(tenant=TenantId("rival")), ask()] == [1, 1, 2, 1, 3, 1]


def test_an_answer_is_made_anew_once_something_changed_in_its_tenant(ask):
    assert ask() == 1
    ask.define(TenantId("rival"))
    assert ask() == 1
    ask.define()
    assert [ask(), ask()] == [2, 2]


def test_an_answer_grows_old_and_a_clock_set_back_does_not_keep_it(ask):
    assert [ask(), ask(after=LONGEST - timedelta(seconds=1)), ask(after=LONGEST)] == [1, 1, 2]
    assert ask(after=timedelta(seconds=-1)) == 3
