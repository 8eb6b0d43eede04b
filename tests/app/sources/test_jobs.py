"""Gathering as a job: added once, and told account by account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.notices.events import _syncs
from truenav.app.overview.attention import _last_parts
from truenav.app.settings import Settings
from truenav.app.sources.following import GATHERED_BY
from truenav.app.sources.gather import gather
from truenav.app.sources.health import source_health
from truenav.app.sources.jobs import GATHER, GATHER_ONE, gather_job, start_gathering
from truenav.app.sources.model import Connection
from truenav.core.account import Account, AccountKind
from truenav.core.clock import SystemClock
from truenav.core.failure import ForbiddenError
from truenav.core.ids import AccountId, ConnectionId, TenantId, UserId
from truenav.store import definitions, migrate, progress
from truenav.store.database import Database
from truenav.store.definitions import Kind
from truenav.store.postgres import Role
from truenav.store.progress import TaskProgress, TaskState

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


def test_a_followed_account_that_cannot_be_read_is_told_though_no_job_failed(house):
    earlier, now = (house.clock.now() - timedelta(hours=ago) for ago in (1, 0))
    failed = TaskProgress("job-1:main", GATHER_ONE, "main", TaskState.FAILED, earlier, error="it was down")
    with house.database.transaction(TENANT) as session:
        progress.report(session, TaskProgress("job-1", GATHER, "all", TaskState.DONE, earlier))
        progress.report(session, failed)
        progress.report(
            session, replace(failed, id=f"{GATHERED_BY}:main", state=TaskState.DONE, updated_at=now)
        )
        revoked = replace(failed, id=f"{GATHERED_BY}:desk", subject="desk", updated_at=now)
        progress.report(session, revoked)
        ended = {(one.subject, one.state) for one in _last_parts(session)}
        told = [one.notice.subject for one in _syncs(session, now)]
    assert ended == {("main", TaskState.DONE), ("desk", TaskState.FAILED)}
    assert sorted(told) == ["desk", "main"]


def test_a_connection_whose_connector_is_gone_fails_alone_and_is_shown(house):
    now = house.clock.now()
    with house.database.transaction(TENANT) as session:
        for name, of in (("gone", "a-package-of-last-year"), ("main", "binance")):
            account = Account(AccountId(name), name, of, AccountKind.EXCHANGE, ("spot",))
            definitions.put(session, Kind.ACCOUNT, account.id, account, by="anna", at=now)
            link = Connection(ConnectionId(name), of, account.id, now, base_url="http://127.0.0.1:9")
            definitions.put(session, Kind.CONNECTION, link.id, link, by="anna", at=now)
    outcomes = {one.subject: one for one in gather(house, TENANT, prices=False)}
    assert "is not an installed connector" in outcomes["gone"].failures[0].message
    assert "no key is stored" in outcomes["main"].failures[0].message
    with house.database.transaction(TENANT) as session:
        links = definitions.bodies(session, Kind.CONNECTION, Connection)
        assert [one.title for one in source_health(session, links, {}, now=now)] == [
            "a-package-of-last-year",
            "Binance",
        ]


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
