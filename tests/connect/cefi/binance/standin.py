"""A stand-in for Binance: answers by path, and what was asked of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.contract import Credentials, Cursor, Errand, Gathered, ParseContext
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.account import Account, AccountKind
from truenav.core.ids import AccountId
from truenav.simulator.times import VirtualClock

from .conftest import EMPTY

NOW = datetime(2026, 3, 15, tzinfo=UTC)
KEY = Credentials("k", "s")
NOTHING = {"rows": [], "total": 0}
QUIET = {
    "/api/v3/account": {"balances": []},
    "/api/v3/openOrders": [],
    "/sapi/v1/capital/deposit/hisrec": [],
    "/sapi/v1/capital/withdraw/history": [],
    "/sapi/v1/asset/transfer": NOTHING,
    "/sapi/v1/asset/assetDividend": NOTHING,
    "/sapi/v1/asset/dribblet": {"total": 0, "userAssetDribblets": []},
    "/sapi/v1/convert/tradeFlow": {"list": [], "moreData": False},
    "/sapi/v1/sub-account/list": {"subAccounts": []},
}
"""A spot wallet in which nothing happened."""
Answer = Callable[[str, dict[str, str]], Any]


def asked_of(answer: Answer, ask: Callable[[BinanceClient], Awaitable[Any]]) -> tuple[Any, list[Any]]:
    """What a history gives where the venue answers by ``answer``, and the questions that it asked."""
    questions: list[Any] = []

    def respond(request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        questions.append((request.url.path.rpartition("/")[2], params))
        return httpx.Response(200, content=json.dumps(answer(request.url.path, params)).encode())

    async def run() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as client:
            network = Network([client], clock=VirtualClock(NOW), seed=1)
            api = network.transport(connector("binance"), _forget, base_url="http://venue.test")
            return await ask(BinanceClient(api, KEY))

    return asyncio.run(run()), questions


@dataclass
class Refused:
    """A refusal as the venue writes it."""

    code: int
    message: str = "no"


@dataclass
class Venue:
    """Answers by path: a document, or what makes one of the parameters; an unknown path is refused."""

    routes: dict[str, Any]
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def respond(self, request: httpx.Request) -> httpx.Response:
        """One answer."""
        path, params = request.url.path, dict(request.url.params)
        self.asked.append((request.method, path, params))
        found = self.routes.get(path, Refused(-1000, f"{path} is not served here."))
        document = found(params) if callable(found) else found
        if isinstance(document, Refused):
            return httpx.Response(400, json={"code": document.code, "msg": document.message})
        return httpx.Response(200, content=json.dumps(document).encode())

    def gather(
        self,
        *wallets: str,
        context: ParseContext = EMPTY,
        cursors: Mapping[str, Cursor] = {},
        since: datetime = NOW,
        now: datetime = NOW,
        history: bool = True,
    ) -> Gathered:
        """One gathering of an account with these wallets."""
        account = Account(AccountId("a"), "a", "binance", AccountKind.EXCHANGE, wallets)

        async def run() -> Gathered:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self.respond)) as client:
                network = Network([client], clock=VirtualClock(now), seed=1, sleep=_at_once)
                api = network.transport(
                    connector("binance"), _forget, account="a", base_url="http://venue.test"
                )
                return await connector("binance").gather_account(
                    api, Errand(account, KEY, context, cursors, since=since, history=history)
                )

        return asyncio.run(run())


async def _at_once(seconds: float) -> None:
    del seconds


async def _forget(payload: Any) -> None:
    del payload
