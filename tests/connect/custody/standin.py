"""What all local custodians share: an HTTP server in process, its faults, and a network into it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx

from truenav.connect.contract import Credentials, Cursor, Errand, Gathered, ParseContext, Payload
from truenav.connect.registry import connector
from truenav.connect.transport import Network, Transport
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.facts import BalanceSnapshot, CashFlow, Transfer
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentBook
from truenav.simulator.times import VirtualClock

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
CONTEXT = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))

TOKENS = {"after", "cursor", "page", "offset"}
"""Parameters by which pages are turned."""

Answer = tuple[int, Any]


class StandIn:
    """Answers requests from its own state; ``faults`` are answered first, one each."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, bytes, Mapping[str, str]]] = []
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.duplicate_page = False
        self._last: dict[str, bytes] = {}

    def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        """Status and JSON of one GET; a vendor checks its own signature first."""
        raise NotImplementedError

    def fail(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        """Answer the next request with a fault."""
        self.faults.append((status, body, headers))

    def reply(
        self, path: str, query: str, headers: Mapping[str, str]
    ) -> tuple[int, bytes, Mapping[str, str]]:
        self.asked.append((path, dict(parse_qsl(query))))
        if self.faults:
            return self.faults.pop(0)
        status, value = self.answer(path, query, headers)
        body = json.dumps(value).encode()
        if self.duplicate_page and TOKENS & dict(parse_qsl(query)).keys():
            body = self._last.get(path, body)
        self._last[path] = body
        return status, body, {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        status, body, more = self.reply(scope["path"], scope["query_string"].decode(), headers)
        sent = [(b"content-type", b"application/json")]
        sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})


@dataclass
class Desk:
    """One custodian, one network into it, and everything that was archived."""

    network: Network
    clock: VirtualClock
    venue: str
    credentials: Credentials
    source: Any = None
    archived: list[Payload] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)

    @property
    def connector(self) -> Any:
        return self.source or connector(self.venue)

    def transport(self, account: str = "a") -> Transport:
        async def archive(payload: Payload) -> None:
            self.archived.append(payload)

        return self.network.transport(
            self.connector, archive, account=account, base_url="http://custodian.test"
        )

    def account(self, *vaults: str) -> Account:
        return Account(AccountId("a"), "a", self.venue, AccountKind.CUSTODIAN, vaults)

    async def gather(
        self, *vaults: str, cursors: Mapping[str, Cursor] = {}, context: ParseContext = CONTEXT
    ) -> Gathered:
        return await self.connector.gather_account(
            self.transport(), Errand(self.account(*vaults), self.credentials, context, cursors, since=SINCE)
        )


@asynccontextmanager
async def desk(
    venue: str, standin: StandIn, credentials: Credentials, source: Any = None
) -> AsyncIterator[Desk]:
    clock, naps, ticks = VirtualClock(START), [], [0.0]

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        ticks[0] += seconds

    async with httpx.AsyncClient(transport=httpx.ASGITransport(standin)) as client:
        network = Network([client], clock=clock, seed=3, sleep=sleep, monotonic=lambda: ticks[0])
        yield Desk(network, clock, venue, credentials, source, naps=naps)


def held(got: Gathered) -> dict[tuple[str, str], str]:
    """Totals by vault and asset symbol."""
    return {
        (fact.body.wallet, CONTEXT.assets.symbol(line.asset)): str(line.total)
        for fact in got.facts
        if isinstance(fact.body, BalanceSnapshot)
        for line in fact.body.lines
    }


def moved(got: Gathered) -> dict[str, Transfer | CashFlow]:
    """Transfers and fees by their external id."""
    return {fact.external_id: fact.body for fact in got.facts if isinstance(fact.body, Transfer | CashFlow)}
