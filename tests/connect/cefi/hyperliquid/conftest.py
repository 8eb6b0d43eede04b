"""Hyperliquid without a network: one made-up address, whose fills and ledger add up to its balances."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.connect import line as line_of

from truenav.connect.contract import Credentials, Errand, Gathered, ParseContext, Parsed
from truenav.connect.registry import parse
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, Asset, AssetAlias, AssetBook, AssetKind
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import AssetId

PAYLOADS = Path(__file__).parents[3] / "payloads" / "hyperliquid"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SINCE = datetime(2026, 9, 1, tzinfo=UTC)
ADDRESS = "0x00000000000000000000000000000000000000aa"
ACCOUNT = Account(AccountId("a"), "a", "hyperliquid", AccountKind.EXCHANGE, ("main", "staking", "vaults"))
CODES = ("HYPE", "PEPE", "FTM")
EMPTY = ParseContext(
    AssetBook(
        (*BUILTIN_ASSETS, *(Asset(AssetId(code), code, code, AssetKind.CRYPTO, 8) for code in CODES)),
        (*BUILTIN_ALIASES, AssetAlias("hyperliquid", "UBTC", BTC)),
    ),
    InstrumentBook(()),
)


def saved(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def stated(endpoint: str, value: Any, context: ParseContext = EMPTY, user: str = ADDRESS) -> Parsed:
    """What a document states as an answer about the address."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    request = Request("POST", "https://venue.test/info", (("user", user),) if user else ())
    made = Evidence(sha256_hex(body), len(body), "hyperliquid", "1", endpoint, "a", request, NOW, NOW, 200)
    return parse(made, body, context)


def known() -> ParseContext:
    """The venue's markets as they were read."""
    perps, pairs = stated("perps/1", saved("perps")), stated("pairs/1", saved("pairs"))
    return EMPTY.with_instruments((*perps.instruments, *pairs.instruments))


@dataclass
class Venue:
    """Answers by the type of request; histories by a window, and the latest fills only."""

    tables: dict[str, Any] = field(default_factory=dict)
    page: int = 2000
    kept: int = 10_000
    newest: bool = False
    faults: list[httpx.Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/info")
        body = json.loads(request.content)
        self.asked.append(body["type"])
        if self.faults:
            return self.faults.pop(0)
        answer = self.tables[body["type"]]
        if "dex" in body:
            answer = self.tables["dexes"][body["dex"]]
        elif "startTime" in body:
            told = answer[-self.kept :] if body["type"] == "userFillsByTime" else answer
            end = body.get("endTime", float("inf"))
            inside = [row for row in told if body["startTime"] <= row["time"] <= end]
            answer = inside[-self.page :] if self.newest else inside[: self.page]
        return httpx.Response(200, json=answer)


def venue() -> Venue:
    """The account of the payloads."""
    mode, spot, perps = saved("balances")
    names, xyz, flx = saved("dexes")
    tables = {
        "userRole": {"role": "user"},
        "userAbstraction": mode,
        "spotClearinghouseState": spot,
        "clearinghouseState": perps,
        "perpDexs": names,
        "dexes": {"xyz": xyz, "flx": flx},
        "frontendOpenOrders": saved("orders"),
        "delegatorSummary": saved("staking"),
        "userVaultEquities": saved("vaults"),
        "delegatorRewards": saved("rewards"),
        "metaAndAssetCtxs": saved("perps"),
        "spotMetaAndAssetCtxs": saved("pairs"),
        "userFillsByTime": saved("fills"),
        "userFunding": saved("funding"),
        "userNonFundingLedgerUpdates": saved("ledger"),
    }
    return Venue(tables)


class Line(line_of.Line):
    """A line to Hyperliquid."""

    async def gather(self, context: ParseContext, cursors: Any = None, **more: Any) -> Gathered:
        key = Credentials(more.pop("address", ADDRESS), "")
        account = more.pop("account", ACCOUNT)
        since = more.pop("since", SINCE)
        return await self.connector.gather_account(
            self.transport(), Errand(account, key, context, cursors or {}, since=since, **more)
        )


def open_line(answer: Venue) -> AbstractAsyncContextManager[Line]:
    """The venue that ``answer`` stands for."""
    return line_of.open_line(Line, "hyperliquid", answer, now=NOW)


@pytest.fixture
def lab() -> Any:
    """What the tests share, without importing this file."""

    class Lab:
        pass

    Lab.saved, Lab.stated, Lab.known, Lab.venue = map(staticmethod, (saved, stated, known, venue))
    Lab.line, Lab.empty, Lab.address, Lab.account = staticmethod(open_line), EMPTY, ADDRESS, ACCOUNT
    return Lab
