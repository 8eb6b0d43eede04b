"""Which accounts are followed: what one of them cannot be followed for is no other's trouble."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from truenav.app.sources import follower, following
from truenav.app.sources.follower import AccountFollower
from truenav.app.sources.following import FollowedAccount
from truenav.app.sources.freshness import BELIEVED, Freshness, freshness
from truenav.app.sources.model import Connection
from truenav.connect.contract import Payload
from truenav.connect.streaming import StreamState
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.clock import SystemClock
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import AccountId, ConnectionId, TenantId
from truenav.store.database import DatabaseUnavailableError

T = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = TenantId("acme")
HOUSE: Any = SimpleNamespace(clock=SystemClock(), settings=SimpleNamespace(private_hosts=()))


def followed(name: str, base_url: str | None = None) -> tuple[Connection, Account]:
    account = Account(AccountId(name), name, "okx", AccountKind.EXCHANGE, ("trading",))
    return Connection(ConnectionId(name), "okx", account.id, T, base_url=base_url), account


def message(size: int) -> Payload:
    evidence = Evidence(
        "0" * 64, size, "okx", "1", "stream.private/1", "a", Request("GET", "wss://x"), T, T, 101
    )
    return Payload(evidence, b"1" * size)


def test_an_account_that_cannot_be_followed_ends_alone_and_the_others_are_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def forever(self: FollowedAccount) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(FollowedAccount, "run", forever)

    async def scenario() -> None:
        here = AccountFollower(HOUSE, seed=1)
        both = followed("bad", "no address"), followed("good")
        here._known = {TENANT: follower._Known("", both)}
        network = Network([], clock=SystemClock(), seed=1)
        for _ in range(2):  # as it is looked at again and again
            await here._adjust(network, None)  # type: ignore[arg-type]
            await asyncio.sleep(0)
        states = {name: running.task.done() for (_, name), running in here._running.items()}
        assert states == {"bad": True, "good": False}
        await here._leave(tuple(here._running))

    asyncio.run(scenario())


def test_a_tenant_that_cannot_be_read_is_followed_as_before_and_the_others_as_they_are_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = AccountFollower(HOUSE, seed=1)
    before = {TenantId("ill"): follower._Known("1", (followed("a"),))}
    now = follower._Known("2", (followed("b"),))

    def read(tenant: TenantId, known: object) -> follower._Known:
        if tenant == "ill":
            raise DatabaseUnavailableError("a definition cannot be read")
        return now

    tenants = [SimpleNamespace(id=TenantId(name), suspended_at=None) for name in ("ill", "well")]
    monkeypatch.setattr(here, "_read_tenant", read)
    monkeypatch.setattr(follower, "list_tenants", lambda session: tenants)
    monkeypatch.setattr(here, "_house", SimpleNamespace(database=SimpleNamespace(lookup=_Session)))
    assert here._read(dict(before)) == before | {TenantId("well"): now}


def test_a_connection_whose_connector_is_gone_leaves_its_tenants_others_followed() -> None:
    link, _ = followed("a")
    assert follower._tells(link)
    assert not follower._tells(replace(link, connector="a-package-of-last-year"))


class _Session:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


@pytest.fixture
def account() -> FollowedAccount:
    network = Network([], clock=SystemClock(), seed=1)
    connection, whose = followed("good")
    made = FollowedAccount(HOUSE, TENANT, connection, whose, network=network, gathering=None)  # type: ignore[arg-type]
    for line in made._lines:
        line.health.state = StreamState.STANDING
    return made


def test_news_that_wait_for_long_are_no_fresh_figures_whatever_stands(
    account: FollowedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(following.time, "monotonic", lambda: now[0])
    account._news.take(0, "balance", None)
    assert freshness(account.health) is Freshness.STREAMED
    now[0] += BELIEVED / timedelta(seconds=1) + 1
    assert freshness(account.health) is Freshness.POLLED
    assert account.health is not None
    assert "not gathered yet" in account.health.trouble
    account._news.taken()
    account._news.gathered(now[0])
    assert freshness(account.health) is Freshness.STREAMED


def test_messages_that_wait_for_a_gathering_are_written_down_before_they_are_many(
    account: FollowedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Payload] = []
    monkeypatch.setattr(account, "_write_down", written.extend)
    monkeypatch.setattr(following, "MOST_KEPT", 100)

    async def scenario() -> None:
        task = asyncio.create_task(account._keep_small())
        account._news.take(0, "order", message(60))
        await asyncio.sleep(0)
        assert not written
        account._news.take(0, "order", message(60))
        while not written:
            await asyncio.sleep(0.01)
        task.cancel()
        account._news.take(0, "order", message(7))

    asyncio.run(scenario())
    assert [len(one.body) for one in written] == [123]
    assert [len(one.body) for one in account._news.taken()] == [9]
