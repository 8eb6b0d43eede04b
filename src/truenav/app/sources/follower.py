"""Which accounts are followed: those of enabled connections to venues that tell changes as they happen.

One process does it for all tenants; who does is decided by whoever runs it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from truenav.app.house import House
from truenav.app.sources.following import FollowedAccount
from truenav.app.sources.model import Connection
from truenav.connect.contract import AccountStreamingConnector
from truenav.connect.registry import installed
from truenav.connect.transport import Network, open_network
from truenav.core.account import Account
from truenav.core.failure import TruenavError
from truenav.core.ids import ConnectionId, TenantId
from truenav.store import definitions, roles
from truenav.store.changes import changed_since, snapshot_of
from truenav.store.definitions import Kind
from truenav.store.tenants import list_tenants

LOOK_SECONDS = 1.0
"""How often it is asked what is to be followed."""
GATHERED_AT_ONCE = 4
"""Accounts that are gathered side by side; the others wait for their turn."""
MODULE = "sources"

Followed = tuple[Connection, Account]

_log = structlog.get_logger("truenav.following")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a tenant's definitions say is to be followed, with the snapshot that they were read in."""

    snapshot: str
    followed: tuple[Followed, ...]


_NOTHING = _Known("", ())


@dataclass(slots=True)
class _Running:
    """One account that is followed now."""

    followed: Followed
    task: asyncio.Task[None]


class AccountFollower:
    """Keeps the streams of all tenants' accounts open, and the accounts gathered as they change."""

    def __init__(self, house: House, *, seed: int) -> None:
        self._house = house
        self._seed = seed
        self._known: dict[TenantId, _Known] = {}
        self._running: dict[tuple[TenantId, ConnectionId], _Running] = {}

    async def run(self) -> None:
        """Until cancelled; then every stream is closed. A gathering that goes on is let end."""
        gathering = ThreadPoolExecutor(GATHERED_AT_ONCE, "follow")
        try:
            async with open_network(
                seed=self._seed,
                private_hosts=self._house.settings.private_hosts,
                clock=self._house.clock,
                limits=self._house.settings.limits_folder,
            ) as network:
                while True:
                    try:
                        self._known = await asyncio.to_thread(self._read, self._known)
                    except TruenavError as error:
                        _log.warning("what is followed is not known", reason=error.message)
                    await self._adjust(network, gathering)
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._leave(tuple(self._running))
            gathering.shutdown(wait=False)

    def _read(self, known: dict[TenantId, _Known]) -> dict[TenantId, _Known]:
        with self._house.database.lookup() as session:
            tenants = [one.id for one in list_tenants(session) if one.suspended_at is None]
        found: dict[TenantId, _Known] = {}
        for tenant in tenants:
            try:
                found[tenant] = self._read_tenant(tenant, known.get(tenant))
            except TruenavError as error:
                _log.warning("what is followed is not known", tenant=tenant, reason=error.message)
                found[tenant] = known.get(tenant, _NOTHING)
        return found

    def _read_tenant(self, tenant: TenantId, known: _Known | None) -> _Known:
        with self._house.database.transaction(tenant, snapshot=True) as session:
            if MODULE in roles.modules_off(session):
                return _NOTHING
            if (
                known
                and known is not _NOTHING
                and not changed_since(session, known.snapshot, ("definition",))
            ):
                return known
            accounts = {one.id: one for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
            keys = set(self._house.vault.names(session))
            followed = tuple(
                (one, accounts[one.account])
                for one in definitions.bodies(session, Kind.CONNECTION, Connection)
                if one.enabled and one.account in accounts and one.secret_name in keys and _tells(one)
            )
            return _Known(snapshot_of(session), followed)

    async def _adjust(self, network: Network, gathering: ThreadPoolExecutor) -> None:
        """Follow what is new, and what ended; follow no more what is gone or was changed."""
        wanted = {(tenant, one[0].id): one for tenant, known in self._known.items() for one in known.followed}
        await self._leave(
            tuple(
                key
                for key, running in self._running.items()
                if running.task.done() or wanted.get(key) != running.followed
            )
        )
        for key, (connection, account) in wanted.items():
            if key not in self._running:
                followed = self._one(key[0], connection, account, network, gathering)
                task = asyncio.create_task(followed)
                task.add_done_callback(_tell_trouble)
                self._running[key] = _Running((connection, account), task)

    async def _one(
        self,
        tenant: TenantId,
        connection: Connection,
        account: Account,
        network: Network,
        gathering: ThreadPoolExecutor,
    ) -> None:
        """Follow one account; what it cannot be followed for is its own."""
        await FollowedAccount(
            self._house, tenant, connection, account, network=network, gathering=gathering
        ).run()

    async def _leave(self, keys: tuple[tuple[TenantId, ConnectionId], ...]) -> None:
        tasks = [self._running.pop(key).task for key in keys]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tells(connection: Connection) -> bool:
    """Whether its venue tells changes; not where its connector cannot be loaded, as its gathering says."""
    return isinstance(installed(connection.connector), AccountStreamingConnector)


def _tell_trouble(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("an account is followed no more, it begins anew", exc_info=error)
