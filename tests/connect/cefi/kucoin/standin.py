"""A small venue that pages by number, by row and by offset, cuts pages off, and refuses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from .conftest import KEY, PAYLOADS, T

START = int(T.timestamp()) * 1000
DAY = 86_400_000


def payload(name: str) -> Any:
    """What a payload holds."""
    document = json.loads((PAYLOADS / f"{name}.json").read_text())
    return document["data"] if isinstance(document, dict) else document


def fill(number: int, at: int, symbol: str = "BTC-USDT") -> dict[str, Any]:
    """A fill of one market, with the number by which pages turn."""
    row = payload("fills")["items"][0]
    return {**row, "id": number, "tradeId": number, "orderId": "o", "symbol": symbol, "createdAt": at}


def traded(number: int, at: int, symbol: str = "BTC-USDT") -> dict[str, Any]:
    """The line of the trade account's ledger that names a fill's market."""
    context = json.dumps({"symbol": symbol, "orderId": "o", "tradeId": str(number)})
    row = {**payload("trade-ledger")[-1], "id": str(number), "createdAt": str(at)}
    return {**row, "context": context}


def session(offset: int, at: int, status: str = "Completed") -> dict[str, Any]:
    """A session's profit of one contract."""
    row = payload("futures-ledger")["dataList"][1]
    return {**row, "offset": offset, "time": at, "status": status, "amount": offset or 1}


@dataclass
class Venue:
    """What the venue holds. ``lost`` takes rows out of a page on the way."""

    mode: str = "CLASSIC"
    permission: str = "General"
    fills: list[dict[str, Any]] = field(default_factory=list)
    trade_ledger: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    contract_fills: list[dict[str, Any]] = field(default_factory=list)
    margin_ledger: list[dict[str, Any]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    lost: Callable[[httpx.Request, list[Any]], list[Any]] = lambda _, rows: rows
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, asked = request.url.path, dict(request.url.params)
        self.asked.append((path, asked))
        if path not in ("/api/v1/timestamp", "/api/v1/contracts/active"):
            check_signature(request)
        if path in self.refused:
            return httpx.Response(400, json={"code": self.refused[path], "msg": "why"})
        return httpx.Response(200, json={"code": "200000", "data": self._answer(path, asked, request)})

    def _answer(self, path: str, asked: dict[str, str], request: httpx.Request) -> Any:
        if path in self.hidden:
            return []
        if path == "/api/v1/hf/fills":
            rows = [one for one in self.fills if one["symbol"] == asked["symbol"]]
            assert int(asked["endAt"]) - int(asked["startAt"]) <= 7 * DAY
            return {"items": self._by_row(request, rows, "createdAt", "id"), "lastId": 0}
        if path == "/api/v1/hf/accounts/ledgers":
            assert int(asked["endAt"]) - int(asked["startAt"]) <= 3 * DAY
            return self._by_row(request, self.trade_ledger, "createdAt", "id")
        if path == "/api/v3/hf/margin/account/ledgers":
            return self._by_row(request, self.margin_ledger, "createdAt", "id")
        if path == "/api/v1/fills" and request.url.host.startswith("api-futures"):
            return self._by_page(request, self.contract_fills)
        if path == "/api/v1/transaction-history":
            assert int(asked["endAt"]) - int(asked["startAt"]) <= DAY
            return {"hasMore": False, "dataList": self._by_row(request, self.sessions, "time", "offset")}
        if path == "/api/v1/accounts/ledgers":
            assert int(asked["endAt"]) - int(asked["startAt"]) <= DAY
            return self._by_page(request, self.ledger)
        if path == "/api/v1/account-overview":
            return next(one["data"] for one in payload("futures-accounts") if _is(one, asked["currency"]))
        if path in _STATIC:
            return _STATIC[path](self)
        return {"totalNum": 0, "items": []} if "currentPage" in asked else []

    def _by_row(self, request: httpx.Request, rows: list[Any], clock: str, number: str) -> list[Any]:
        asked = dict(request.url.params)
        begin, end = int(asked["startAt"]), int(asked["endAt"])
        below = int(asked.get("lastId") or asked.get("offset") or 10**18)
        size = int(asked.get("limit") or asked["maxCount"])
        within = [one for one in rows if begin <= int(one[clock]) <= end and int(one[number]) < below]
        within.sort(key=lambda one: -int(one[number]))
        return self.lost(request, within[:size])

    def _by_page(self, request: httpx.Request, rows: list[Any]) -> dict[str, Any]:
        asked = dict(request.url.params)
        begin, end, size = int(asked["startAt"]), int(asked["endAt"]), 2
        within = [one for one in rows if begin <= one["createdAt"] <= end]
        first = (int(asked["currentPage"]) - 1) * size
        items = self.lost(request, within[first : first + size])
        return {"totalNum": len(within), "totalPage": -(-len(within) // size), "items": items}


def _is(answer: dict[str, Any], coin: str) -> bool:
    return bool(answer["data"]["currency"] == coin)


_STATIC: dict[str, Callable[[Venue], Any]] = {
    "/api/v1/timestamp": lambda _: START,
    "/api/ua/v1/account/mode": lambda venue: {"selfAccountMode": venue.mode},
    "/api/v1/user/api-key": lambda venue: {**payload("key"), "permission": venue.permission},
    "/api/v1/accounts": lambda _: payload("accounts"),
    "/api/v3/margin/accounts": lambda _: payload("margin-accounts"),
    "/api/v3/isolated/accounts": lambda _: payload("isolated-accounts"),
    "/api/v1/contracts/active": lambda _: payload("contracts")[:2],
    "/api/v1/positions": lambda _: payload("positions"),
    "/api/v1/contracts/risk-limit/XBTUSDTM": lambda _: payload("risk-limits"),
    "/api/v1/earn/hold-assets": lambda _: payload("earn-holdings")[0]["data"],
    "/api/v1/withdrawals": lambda _: payload("withdrawals"),
}


def check_signature(request: httpx.Request) -> None:
    """Signs again what was received, after the documentation's own words."""

    def digest(text: str) -> str:
        return base64.b64encode(hmac.digest(KEY.secret.encode(), text.encode(), hashlib.sha256)).decode()

    target = request.url.raw_path.decode()
    stamp = request.headers["KC-API-TIMESTAMP"]
    assert request.headers["KC-API-SIGN"] == digest(f"{stamp}{request.method}{target}")
    assert request.headers["KC-API-PASSPHRASE"] == digest(KEY.passphrase)
    assert request.headers["KC-API-KEY-VERSION"] == "2"
