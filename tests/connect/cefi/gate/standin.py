"""A small venue that pages, cuts pages off, shifts modes and refuses, as Gate's documentation says."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from .conftest import KEY, PAYLOADS, T

START = int(T.timestamp())
_ACCOUNTS = ("futures-accounts", "delivery-accounts", "options-account")


def payload(name: str) -> Any:
    """A payload as a value."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def spot_fill(number: int, at: int, account: str = "spot", ended: int = 0) -> dict[str, Any]:
    """A fill of one BTC; ``ended`` is when its order ended, by which the venue finds it."""
    row = {**payload("spot-trades")[-1], "id": str(number), "create_time": str(at), "account": account}
    return {**row, "create_time_ms": f"{at * 1000}.5", "found": ended or at}


@dataclass
class Venue:
    """What the venue holds, by path; histories are filtered by ``found`` or their own time."""

    mode: str = "classic"
    limit: int = 1000
    fills: list[dict[str, Any]] = field(default_factory=list)
    book: list[dict[str, Any]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    refused: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    lost: Callable[[httpx.Request, list[Any]], list[Any]] = lambda _, rows: rows

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v4")
        if not path.startswith(("/spot/time", "/options/underlyings")):
            _check_signature(request)
        if path in self.refused:
            status, body = self.refused[path]
            return httpx.Response(status, json=body)
        value = [] if path in self.hidden else self._answer(path, request)
        return httpx.Response(200, json=value)

    def _answer(self, path: str, request: httpx.Request) -> Any:
        asked = dict(request.url.params)
        if path == "/spot/my_trades":
            rows = [one for one in self.fills if one["account"] == asked["account"]]
            return self._page(request, [(one["found"], one) for one in rows])
        if path == "/futures/usdt/account_book":
            return self._page(request, [(int(one["time"]), one) for one in self.book])
        return _STATIC[path](self) if path in _STATIC else []

    def _page(self, request: httpx.Request, rows: list[tuple[int, dict[str, Any]]]) -> list[Any]:
        asked = dict(request.url.params)
        begin, end = int(asked["from"]), int(asked["to"])
        assert end - begin <= 30 * 86400
        within = [row for at, row in sorted(rows, key=lambda one: -one[0]) if begin <= at <= end]
        size = min(int(asked["limit"]), self.limit)
        skip = (int(asked.get("page", "1")) - 1) * size + int(asked.get("offset", "0"))
        return self.lost(request, within[skip : skip + size])

    def _contract(self, name: str, coin: int) -> Any:
        account = payload(name)[1 + coin]
        inside = self.mode != "classic" and account["currency"] == "USDT" and name != "delivery-accounts"
        return {**account, "margin_mode": 1 if inside else 0}


_STATIC: dict[str, Callable[[Venue], Any]] = {
    "/spot/time": lambda _: {"server_time": START * 1000},
    "/unified/unified_mode": lambda venue: {"mode": venue.mode, "settings": {}},
    "/unified/accounts": lambda _: payload("unified")[0],
    "/account/detail": lambda _: payload("detail"),
    "/account/main_keys": lambda _: payload("keys"),
    "/spot/accounts": lambda _: payload("spot-accounts"),
    "/margin/accounts": lambda _: payload("margin-accounts"),
    "/earn/uni/lends": lambda _: payload("lends")[0],
    "/wallet/total_balance": lambda _: payload("total"),
    "/options/underlyings": lambda _: payload("underlyings")[:1],
    "/futures/usdt/accounts": lambda venue: venue._contract("futures-accounts", 0),
    "/futures/btc/accounts": lambda venue: venue._contract("futures-accounts", 1),
    "/delivery/usdt/accounts": lambda venue: venue._contract("delivery-accounts", 0),
    "/options/accounts": lambda venue: venue._contract("options-account", 0),
    "/futures/usdt/risk_limit_tiers": lambda _: payload("risk-limits"),
    "/futures/usdt/positions": lambda _: payload("futures-positions")[1],
    "/futures/btc/positions": lambda _: payload("futures-positions")[2],
    "/delivery/usdt/positions": lambda _: [
        {**payload("futures-positions")[1][0], "contract": "BTC_USDT_20260327"}
    ],
    "/options/positions": lambda _: payload("options-positions")[1],
}


def _check_signature(request: httpx.Request) -> None:
    """Signs again what was received, after the documentation's own words."""
    query = request.url.query.decode()
    empty = hashlib.sha512(b"").hexdigest()
    text = "\n".join((request.method, request.url.path, query, empty, request.headers["Timestamp"]))
    expected = hmac.new(KEY.secret.encode(), text.encode(), hashlib.sha512).hexdigest()
    assert request.headers["KEY"] == KEY.key
    assert request.headers["SIGN"] == expected
