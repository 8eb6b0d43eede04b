"""BitMEX without a network: one made-up account, whose executions and wallet rows tell of each other."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.connect import line as line_of

from truenav.connect.cefi.bitmex.ledger import EXECUTED
from truenav.connect.cefi.bitmex.units import UNITS, read_units
from truenav.connect.contract import Credentials, Errand, Gathered, ParseContext, Parsed
from truenav.connect.registry import parse
from truenav.core.account import Account, AccountKind
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import AccountId
from truenav.core.instrument import InstrumentBook

PAYLOADS = Path(__file__).parents[3] / "payloads" / "bitmex"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SINCE = datetime(2026, 9, 1, tzinfo=UTC)
KEY = Credentials("canary-key", "canary-secret")
EMPTY = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook(()))
ACCOUNT = Account(AccountId("a"), "a", "bitmex", AccountKind.EXCHANGE, ("main",))


def saved(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def stated(endpoint: str, value: Any, context: ParseContext = EMPTY, executed: str = "") -> Parsed:
    """What a document states as an answer of an endpoint, with the units of ``assets.json``."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    units = read_units((PAYLOADS / "assets.json").read_bytes()).within(body)
    request = Request("GET", "https://venue.test", ((UNITS, units), (EXECUTED, executed)))
    made = Evidence(sha256_hex(body), len(body), "bitmex", "1", endpoint, "a", request, NOW, NOW, 200)
    return parse(made, body, context)


def known() -> ParseContext:
    """The venue's markets as they were read."""
    return EMPTY.with_instruments(stated("instruments/1", saved("instruments")).instruments)


@dataclass
class Venue:
    """Answers from its tables, pages as asked, and checks each signature; ``faults`` are answered first."""

    tables: dict[str, Any] = field(default_factory=dict)
    faults: list[httpx.Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    empty: set[str] = field(default_factory=set)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, params = request.url.path.removeprefix("/api/v1"), dict(request.url.params)
        self.asked.append(path)
        if self.faults:
            return self.faults.pop(0)
        if path.startswith(("/user", "/apiKey", "/position", "/order", "/execution")):
            target = request.url.raw_path.decode()
            message = f"GET{target}{request.headers['api-expires']}".encode()
            expected = hmac.new(KEY.secret.encode(), message, hashlib.sha256).hexdigest()
            if request.headers["api-signature"] != expected or request.headers["api-key"] != KEY.key:
                error = {"message": "Signature not valid.", "name": "HTTPError"}
                return httpx.Response(401, json={"error": error})
        return httpx.Response(200, json=[] if path in self.empty else self.answer(path, params))

    def answer(self, path: str, params: dict[str, str]) -> Any:
        if path == "":
            return {"name": "BitMEX API", "version": "1.2.0", "timestamp": int(NOW.timestamp() * 1000) + 250}
        rows = self.tables[path]
        if "startTime" in params:
            since = datetime.fromisoformat(params["startTime"])
            rows = [row for row in rows if datetime.fromisoformat(row["timestamp"]) >= since]
        start = int(params.get("start", 0))
        return rows[start : start + int(params.get("count", 100))]


def venue() -> Venue:
    """The account of the payloads."""
    wallets, margins = saved("balances")
    tables = {
        "/wallet/assets": saved("assets"),
        "/instrument": saved("instruments"),
        "/instrument/active": [row for row in saved("instruments") if row["state"] == "Open"],
        "/apiKey": saved("keys"),
        "/user/wallet": wallets,
        "/user/margin": margins,
        "/position": saved("positions"),
        "/order": saved("orders"),
        "/execution/tradeHistory": saved("executions"),
        "/user/walletHistory": saved("wallet-history"),
    }
    return Venue(tables)


class Line(line_of.Line):
    """A line to BitMEX."""

    async def gather(self, context: ParseContext, cursors: Any = None, **more: Any) -> Gathered:
        return await self.connector.gather_account(
            self.transport(),
            Errand(ACCOUNT, KEY, context, cursors or {}, since=more.pop("since", SINCE), **more),
        )


def open_line(answer: Venue) -> AbstractAsyncContextManager[Line]:
    """The venue that ``answer`` stands for."""
    return line_of.open_line(Line, "bitmex", answer, now=NOW)


@pytest.fixture
def lab() -> Any:
    """What the tests share, without importing this file."""

    class Lab:
        pass

    Lab.saved, Lab.stated, Lab.known, Lab.venue = map(staticmethod, (saved, stated, known, venue))
    Lab.line, Lab.key, Lab.empty = staticmethod(open_line), KEY, EMPTY
    return Lab
