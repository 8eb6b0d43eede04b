"""Gathering as a job: added once, and told account by account."""

from __future__ import annotations

import pytest

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.app.sources.jobs import gather_job, start_gathering
from truenav.app.sources.model import Connection
from truenav.core.account import Account, AccountKind
from truenav.core.clock import SystemClock
from truenav.core.failure import ForbiddenError
from truenav.core.ids import AccountId, ConnectionId, TenantId, UserId
from truenav.store import definitions, migrate, progress
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.postgres import Role

from ...conftest import LOOPBACK

TENANT = TenantId("acme")


def _principal(role):
    return Principal(UserId("anna"), TENANT, frozenset({role}))


@pytest.fixture
def house(fresh_database, tmp_path):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    yield House.of(Settings(data_dir=tmp_path, private_hosts=LOOPBACK), database, SystemClock())
    database.close()


def test_gathering_waits_once_and_is_for_those_who_may(house):
    now = house.clock.now()
    with house.database.transaction(TENANT) as session:
        with pytest.raises(ForbiddenError):
            start_gathering(session, _principal("auditor"), now=now)
        assert start_gathering(session, _principal("operator"), now=now) is not None
        assert start_gathering(session, _principal("operator"), now=now) is None
        one = start_gathering(session, _principal("operator"), now=now, accounts=[AccountId("main")])
        assert one is not None


def test_an_account_without_a_key_is_told_as_failed_and_the_job_goes_on(house):
    now = house.clock.now()
    with house.database.transaction(TENANT) as session:
        account = Account(AccountId("main"), "Main", "binance", AccountKind.EXCHANGE, ("spot",))
        definitions.put(session, Kind.ACCOUNT, account.id, account, by="anna", at=now)
        link = Connection(ConnectionId("main"), "binance", account.id, now, base_url="http://127.0.0.1:9")
        definitions.put(session, Kind.CONNECTION, link.id, link, by="anna", at=now)
        task = start_gathering(session, _principal("operator"), now=now)
    assert task is not None
    gather_job(house, TENANT, {"accounts": "", "task": task})
    with house.database.transaction(TENANT) as session:
        whole, account_row = progress.get(session, task), progress.get(session, f"{task}:main")
    # The account, for want of a key, and its venue's prices, for want of an answer.
    assert (whole.done, whole.total, whole.message) == (0, 2, "2 could not be read")
    assert account_row.state is progress.TaskState.FAILED
    assert account_row.error is not None
