"""Payloads of the venue, and a stand-in that keeps histories and pages them as Bitget does."""

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

PAYLOADS = Path(__file__).parents[3] / "payloads" / "bitget"
T0 = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
KEY = Credentials("canary-key-1234567890", "canary-secret-1234567890", "canary-passphrase")
EMPTY = ParseContext(ASSETS, InstrumentBook(()))
CONTRACTS = ("usdtm", "usdcm", "coinm")


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def stated(endpoint: str, said: bytes, context: ParseContext = EMPTY, **params: str) -> Parsed:
    """What a body states as an answer of an endpoint."""
    request = Request("GET", "https://venue.test", tuple(params.items()))
    return parse(
        Evidence(sha256_hex(said), len(said), "bitget", "1", endpoint, "a", request, T0, T0, 200),
        said,
        context,
    )


def market() -> ParseContext:
    """Every market of the payloads that is made of known assets."""
    found = list(stated("symbols/1", body("symbols")).instruments)
    for name in CONTRACTS:
        found += stated(f"{name}.contracts/1", body(f"{name}-contracts")).instruments
    return EMPTY.with_instruments(tuple(found))


@pytest.fixture
def read() -> Callable[..., Parsed]:
    """Reads a payload file as an answer of an endpoint, knowing the venue's markets."""

    def reading(endpoint: str, name: str, **params: str) -> Parsed:
        return stated(endpoint, body(name), market(), **params)

    return reading


LISTS = {
    "spot/account/assets": "spot-assets",
    "account/funding-assets": "funding-assets",
    "earn/account/assets": "earn-assets",
    "margin/crossed/account/assets": "cross-assets",
    "margin/isolated/account/assets": "isolated-assets",
    "account/all-account-balance": "overview",
    "spot/account/info": "key",
    "public/time": "time",
    "spot/public/symbols": "symbols",
    "spot/market/tickers": "spot-tickers",
}
PAGED = {
    "spot/trade/fills": ("spot-fills", "", "tradeId"),
    "spot/account/bills": ("spot-bills", "", "billId"),
    "spot/wallet/deposit-records": ("deposits", "", "orderId"),
    "spot/wallet/withdrawal-records": ("withdrawals", "", "orderId"),
    "spot/trade/unfilled-orders": ("spot-orders", "", "orderId"),
    "tax/p2p-record": ("funding-bills", "", "id"),
    "margin/crossed/financial-records": ("cross-ledger", "resultList", "marginId"),
    "margin/crossed/interest-history": ("cross-interest", "resultList", "interestId"),
    "margin/crossed/fills": ("cross-fills", "fills", "tradeId"),
    "margin/isolated/financial-records": ("isolated-ledger", "resultList", "marginId"),
    "margin/isolated/interest-history": ("isolated-interest", "resultList", "interestId"),
    "margin/isolated/fills": ("isolated-fills", "fills", "tradeId"),
}
OF_PRODUCT = {
    "mix/market/contracts": ("contracts", "", ""),
    "mix/market/tickers": ("tickers", "", ""),
    "mix/market/query-position-lever": ("tiers", "", ""),
    "mix/account/accounts": ("accounts", "", ""),
    "mix/position/all-position": ("positions", "", ""),
    "mix/order/fill-history": ("fills", "fillList", "tradeId"),
    "mix/account/bill": ("bills", "bills", "billId"),
    "mix/order/orders-pending": ("orders", "entrustedList", "orderId"),
}
PRODUCTS = {"USDT-FUTURES": "usdtm", "USDC-FUTURES": "usdcm", "COIN-FUTURES": "coinm"}


@dataclass
class Venue:
    """Answers from the payload files; ``change`` alters an answer, ``page`` bounds a page's rows."""

    page: int = 100
    change: Callable[[str, dict[str, str], Any], Any] = lambda path, params, data: data
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path, params = request.url.path.removeprefix("/api/v2/"), dict(request.url.params)
        self.asked.append((path, params))
        data = self.change(path, params, self._data(path, params))
        if isinstance(data, httpx.Response):
            return data
        said = {"code": "00000", "msg": "success", "requestTime": 1, "data": data}
        return httpx.Response(200, content=json.dumps(said))

    def _data(self, path: str, params: dict[str, str]) -> Any:
        if path in LISTS:
            return json.loads(body(LISTS[path]))["data"]
        name, rows, id = PAGED.get(path, ("", "", ""))
        if path in OF_PRODUCT:
            kind, rows, id = OF_PRODUCT[path]
            name = f"{PRODUCTS[params['productType']]}-{kind}"
        data = json.loads(body(name))["data"] if (PAYLOADS / f"{name}.json").exists() else []
        if not id:
            return data
        found = [row for row in (data.get(rows, []) if rows and data else data) if _fits(row, id, params)]
        found = found[: min(self.page, int(params.get("limit", self.page)))]
        return {rows: found} if rows else found


def _fits(row: dict[str, str], id: str, params: dict[str, str]) -> bool:
    """As the venue filters: older than a number, and strictly between two instants."""
    at = int(row.get("cTime") or row["ts"])
    if "idLessThan" in params and int(row[id]) >= int(params["idLessThan"]):
        return False
    return "startTime" not in params or int(params["startTime"]) < at < int(params["endTime"])


class Line(line_of.Line):
    """A line to Bitget."""

    async def gather(self, *wallets: str, since: datetime = T0, **more: Any) -> Gathered:
        account = Account("a", "A", "bitget", AccountKind.EXCHANGE, wallets)
        given = {"cursors": {}, **more}
        return await self.connector.gather_account(
            self.transport(), Errand(account, KEY, market(), given.pop("cursors"), since=since, **given)
        )


def open_line(answer: Venue) -> AbstractAsyncContextManager[Line]:
    """The venue that ``answer`` stands for."""
    return line_of.open_line(Line, "bitget", answer.answer, now=NOW)


@pytest.fixture
def line() -> Callable[..., AbstractAsyncContextManager[Line]]:
    """Opens a venue."""
    return open_line
