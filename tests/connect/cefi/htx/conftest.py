"""Payloads of the venue, and a stand-in that keeps histories and pages them as HTX does."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.connect import line as line_of
from tests.connect.conftest import ASSETS

from truenav.connect.contract import Credentials, Errand, Gathered, ParseContext, Parsed
from truenav.connect.registry import parse
from truenav.core.account import Account, AccountKind
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.instrument import InstrumentBook

PAYLOADS = Path(__file__).parents[3] / "payloads" / "htx"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
KEY = Credentials("canary-key-1234567890", "canary-secret-1234567890")
EMPTY = ParseContext(ASSETS, InstrumentBook(()))


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def stated(endpoint: str, said: bytes, context: ParseContext = EMPTY, **params: str) -> Parsed:
    """What a body states as an answer of an endpoint."""
    request = Request("GET", "https://venue.test", tuple(params.items()))
    return parse(
        Evidence(sha256_hex(said), len(said), "htx", "1", endpoint, "a", request, T0, T0, 200), said, context
    )


def market() -> ParseContext:
    """Every market of the payloads that is made of known assets."""
    found = list(stated("symbols/1", body("symbols")).instruments)
    for name in ("usdtm", "coinswap", "coinfutures"):
        found += stated(f"{name}.contracts/1", body(f"{name}-contracts")).instruments
    return EMPTY.with_instruments(tuple(found))


@pytest.fixture
def read() -> Callable[..., Parsed]:
    """Reads a payload file as an answer of an endpoint, knowing the venue's markets."""

    def reading(endpoint: str, name: str, **params: str) -> Parsed:
        return stated(endpoint, body(name), market(), **params)

    return reading


LISTS = {
    "/v1/common/timestamp": "time",
    "/v2/settings/common/symbols": "symbols",
    "/market/tickers": "tickers",
    "/v2/user/uid": "uid",
    "/v2/user/api-key": "api-key",
    "/v1/account/accounts": "accounts",
    "/v1/account/accounts/10000001/balance": "spot-balance",
    "/v1/account/accounts/10000002/balance": "otc-balance",
    "/v1/cross-margin/accounts/balance": "cross-balance",
    "/v1/margin/accounts/balance": "isolated-balance",
    "/v1/order/openOrders": "spot-orders",
    "/linear-swap-api/v1/swap_contract_info": "usdtm-contracts",
    "/swap-api/v1/swap_contract_info": "coinswap-contracts",
    "/api/v1/contract_contract_info": "coinfutures-contracts",
    "/index/market/history/linear_swap_mark_price_kline": "usdtm-mark",
    "/index/market/history/swap_mark_price_kline": "coinswap-mark",
    "/index/market/history/mark_price_kline": "coinfutures-mark",
    "/linear-swap-api/v1/swap_index": "usdtm-index",
    "/swap-api/v1/swap_index": "coinswap-index",
    "/v5/account/balance": "usdtm-balance",
    "/v5/trade/position/opens": "usdtm-positions",
    "/v5/trade/order/opens": "usdtm-orders",
    "/v5/market/risk/limit": "usdtm-tiers",
    "/swap-api/v1/swap_account_info": "coinswap-accounts",
    "/swap-api/v1/swap_position_info": "coinswap-positions",
    "/api/v1/contract_account_info": "coinfutures-accounts",
    "/api/v1/contract_position_info": "coinfutures-positions",
}


@dataclass(frozen=True)
class Past:
    """How the stand-in finds, filters and pages the rows of one history."""

    file: str
    id: str
    at: str
    start: str = "start_time"
    end: str = "end_time"
    turn: str = "from_id"
    asked_by: str = ""
    unit: str = ""


HISTORIES = {
    "/v1/order/matchresults": Past("spot-fills", "id", "created-at", "start-time", "end-time", "from"),
    "/v5/account/bills": Past("usdtm-bills", "id", "created_time", turn="from"),
    "/v5/trade/order/details": Past(
        "usdtm-fills", "id", "created_time", turn="from", asked_by="contract_code", unit="contract_code"
    ),
    "/swap-api/v3/swap_financial_record_exact": Past(
        "coinswap-records", "query_id", "ts", asked_by="contract", unit="contract_code"
    ),
    "/swap-api/v3/swap_matchresults_exact": Past(
        "coinswap-fills", "query_id", "create_date", asked_by="contract", unit="contract_code"
    ),
    "/api/v3/contract_financial_record_exact": Past(
        "coinfutures-records", "query_id", "ts", asked_by="symbol", unit="symbol"
    ),
    "/api/v3/contract_matchresults_exact": Past(
        "coinfutures-fills", "query_id", "create_date", asked_by="symbol", unit="symbol"
    ),
}
LEDGERS = {
    "/v2/account/ledger": ("transfers", "transactTime"),
    "/v2/account/repayment": ("repayments", "repayTime"),
}
WALLETS = {"10000001": "spot", "10000002": "otc", "10000003": "cross", "10000004": "isolated"}


@dataclass
class Venue:
    """Answers from the payload files.

    ``change`` alters the rows of an answer, ``page`` bounds them, and ``inclusive`` says whether a page
    begins with the row that it is asked from.
    """

    page: int = 100
    inclusive: bool = False
    change: Callable[[str, dict[str, str], Any], Any] = lambda path, params, data: data
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        params = json.loads(request.content) if request.method == "POST" else dict(request.url.params)
        self.asked.append((path, params))
        self.requests.append(request)
        document = self._document(path, params)
        data = self.change(path, params, document["data"])
        if isinstance(data, httpx.Response):
            return data
        return httpx.Response(200, content=json.dumps({**document, "data": data}))

    def _document(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        if path in LISTS:
            found: dict[str, Any] = json.loads(body(LISTS[path]))
            return found
        if path == "/v1/query/deposit-withdraw":
            return self._records(params)
        if path in LEDGERS:
            return self._ledger(*LEDGERS[path], params)
        past = HISTORIES[path]
        document: dict[str, Any] = json.loads(body(past.file))
        document["data"] = [row for row in document["data"] if self._fits(row, past, params)][: self.page]
        return document

    def _fits(self, row: dict[str, Any], past: Past, params: dict[str, str]) -> bool:
        if past.unit and row[past.unit] != params[past.asked_by]:
            return False
        if past.turn in params:
            newest = int(params[past.turn]) + self.inclusive
            if int(row[past.id]) >= newest:
                return False
        return int(params[past.start]) < int(row[past.at]) < int(params[past.end])

    def _records(self, params: dict[str, str]) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(
            body({"deposit": "deposits"}.get(params["type"], "withdrawals"))
        )
        newest = int(params.get("from", 10**18)) + self.inclusive
        document["data"] = [row for row in document["data"] if row["id"] < newest][: int(params["size"])]
        return document

    def _ledger(self, kind: str, at: str, params: dict[str, str]) -> dict[str, Any]:
        name = f"{WALLETS[params['accountId']]}-{kind}"
        if not (PAYLOADS / f"{name}.json").exists():
            return {"code": 200, "data": []}
        document: dict[str, Any] = json.loads(body(name))
        begin, end = int(params["startTime"]), int(params["endTime"])
        rows = [row for row in document["data"] if begin < row[at] < end]
        first = int(params.get("fromId", 0))
        document["data"] = rows[first : first + self.page]
        if first + self.page < len(rows):
            document["nextId"] = first + self.page
        return document


class Line(line_of.Line):
    """A line to HTX."""

    async def gather(self, *wallets: str, since: datetime = T0, **more: Any) -> Gathered:
        account = Account("a", "A", "htx", AccountKind.EXCHANGE, wallets)
        given = {"cursors": {}, **more}
        return await self.connector.gather_account(
            self.transport(), Errand(account, KEY, market(), given.pop("cursors"), since=since, **given)
        )


def open_line(answer: Venue) -> AbstractAsyncContextManager[Line]:
    """The venue that ``answer`` stands for."""
    return line_of.open_line(Line, "htx", answer.answer, now=NOW)


@pytest.fixture
def line() -> Callable[..., AbstractAsyncContextManager[Line]]:
    """Opens a venue."""
    return open_line
