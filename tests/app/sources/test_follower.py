"""Which accounts are followed: what one of them cannot be followed for is no other's trouble."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from truenav.app.sources import follower
from truenav.app.sources.follower import AccountFollower
from truenav.app.sources.following import FollowedAccount
from truenav.app.sources.model import Connection
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.clock import SystemClock
from truenav.core.ids import AccountId, ConnectionId, TenantId
from truenav.store.database import DatabaseUnavailableError

T = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = TenantId("acme")
HOUSE: Any = SimpleNamespace(clock=SystemClock(), settings=SimpleNamespace(private_hosts=()))


def followed(name: str, base_url: str | None = None) -> tuple[Connection, Account]:
    account = Account(AccountId(name), name, "okx", AccountKind.EXCHANGE, ("trading",))
    return Connection(ConnectionId(name), "okx", account.id, T, base_url=base_url), account


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


class _Session:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None
