"""Deribit over WebSocket: every method by JSON-RPC, tickers and price indices by subscription, heartbeats."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from truenav.simulator.deribit import account, history, orders, public
from truenav.simulator.deribit.private import CHANGES, PORTFOLIO, PRIVATE, changes
from truenav.simulator.deribit.rules import ENCODE, PREFIX, DeribitError, Route, granted, token, told
from truenav.simulator.numbers import plain
from truenav.simulator.private import Watch, once
from truenav.simulator.protocol import Call
from truenav.simulator.streams import News
from truenav.simulator.times import milliseconds

PATH = "/ws/api/v2"
SECONDS = 60.0
"""How often a channel tells a price that stands still."""
SHORTEST = 10.0
"""Seconds between two questions of the heartbeat, at least."""
ROUTES: dict[tuple[str, str], Route] = public.ROUTES | account.ROUTES | history.ROUTES | orders.ROUTES


class DeribitStreams:
    """One client's connection: what it subscribed to, its heartbeat, and its token."""

    def __init__(self) -> None:
        self.wanted: dict[str, None] = {}
        self.heartbeat = 0.0
        self.authorization = ""
        self.private: dict[str, None] = {}
        self.watch = Watch()

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """The answer to one request."""
        try:
            asked = msgspec.json.decode(text)
            method, params = str(asked["method"]), dict(asked.get("params") or {})
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError, ValueError):
            return [ENCODE({"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}})]
        try:
            answer = self._answer(call, method, params)
        except DeribitError as error:
            answer = {"error": {"code": error.code, "message": error.message, "data": error.data}}
        return [ENCODE({"jsonrpc": "2.0", "id": asked.get("id")} | answer)]

    def _answer(self, call: Call, method: str, params: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "public/subscribe":
                return {"result": self._subscribe(call, params)}
            case "public/unsubscribe":
                return {"result": [name for name in _channels(params) if self.wanted.pop(name, "") is None]}
            case "public/set_heartbeat":
                self.heartbeat = max(SHORTEST, _seconds(params))
                return {"result": "ok"}
            case "private/subscribe" | "private/unsubscribe":
                return self._subscribe_privately(method, params)
            case "public/auth" if params.get("grant_type") == "refresh_token":
                return self._refresh(call, str(params.get("refresh_token", "")))
            case "public/disable_heartbeat":
                self.heartbeat = 0.0
                return {"result": "ok"}
        return self._method(call, method, params)

    def _method(self, call: Call, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Any method that requests have, too; a log-in holds for the connection."""
        route = ROUTES.get(("GET", f"{PREFIX}{method}"))
        if route is None:
            return {"error": {"code": -32601, "message": "Method not found"}}
        plan = call.world.account_of_key(self.authorization.partition(".")[0])
        texts = {name: _text(value) for name, value in params.items()}
        headers = {"authorization": f"Bearer {self.authorization}"} if self.authorization else {}
        path = f"{PREFIX}{method}"
        answer = told(replace(call, path=path, params=texts, headers=headers, account=plan), route)
        if method == "public/auth" and "result" in answer:
            known = call.world.account_of_key(texts["client_id"])
            self.authorization = token(known) if known else ""
        return answer

    def _refresh(self, call: Call, given: str) -> dict[str, Any]:
        """A new token for the one that this connection has."""
        plan = call.world.account_of_key(self.authorization.partition(".")[0])
        if plan is None or call.revoked or not hmac.compare_digest(given, token(plan)[::-1]):
            return _unauthorized("invalid_token")
        return {"result": granted(plan)}

    def _subscribe_privately(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The channels of the account that are told from now on, or no more."""
        if not self.authorization:
            return _unauthorized("missing_token")
        named = [name for name in _channels(params) if name in PRIVATE]
        if method == "private/subscribe":
            self.private |= dict.fromkeys(named)
            return {"result": named}
        return {"result": [name for name in named if self.private.pop(name, "") is None]}

    def _subscribe(self, call: Call, params: dict[str, Any]) -> list[str]:
        """The channels that exist, of those that are asked for."""
        known = [name for name in _channels(params) if _payload(call, name) is not None]
        self.wanted |= dict.fromkeys(known)
        return known

    def news(self, call: Call) -> Iterable[News]:
        """The subscribed channels as they stand now, and the heartbeat's question."""
        for channel in self.wanted:
            found = _payload(call, channel)
            if found is not None and found[1] is not None:
                price, row = found
                yield News(channel, price, SECONDS, _told(channel, row))
        yield from self._private_news(call)
        if self.heartbeat:
            question = {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}
            yield News("heartbeat", None, self.heartbeat, question)

    def _private_news(self, call: Call) -> Iterable[News]:
        """What changed of the account; its portfolio is told whenever anything in it moved, marks, too."""
        plan = call.world.account_of_key(self.authorization.partition(".")[0])
        if plan is None or not self.private:
            return
        call = replace(call, account=plan, params={})
        found = self.watch.look(call.world.books(plan.id, call.at))
        if CHANGES in self.private:
            for row in changes(found):
                yield once(_told(CHANGES, row))
        if PORTFOLIO in self.private:
            for row in account.summaries(call)["summaries"]:
                told = (row["balance"], row["equity"])
                channel = f"user.portfolio.{row['currency'].lower()}"
                yield News(channel, told, SECONDS, _told(channel, row))


def _seconds(params: dict[str, Any]) -> float:
    """The interval of the heartbeat, which must be a number."""
    told = params.get("interval")
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise DeribitError(-32602, "Invalid params", "invalid interval")
    return told


def _channels(params: dict[str, Any]) -> list[str]:
    """The channels that are named, which must be a list."""
    told = params.get("channels", [])
    if not isinstance(told, list):
        raise DeribitError(-32602, "Invalid params", "invalid channels")
    return [str(name) for name in told]


def _unauthorized(reason: str) -> dict[str, Any]:
    return {"error": {"code": 13009, "message": "unauthorized", "data": {"reason": reason}}}


def _told(channel: str, row: dict[str, Any] | None) -> msgspec.Raw:
    params = {"channel": channel, "data": row}
    return msgspec.Raw(ENCODE({"jsonrpc": "2.0", "method": "subscription", "params": params}))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _payload(call: Call, channel: str) -> tuple[object, dict[str, Any] | None] | None:
    """Price and row of a channel; None where it does not exist, no row where its price is hidden."""
    kind, _, rest = channel.partition(".")
    if kind == "deribit_price_index":
        index = public.index_of(call, rest)
        if index is None:
            return None
        row = {"index_name": rest, "price": index, "timestamp": milliseconds(call.at)}
        return plain(index), row
    name, _, interval = rest.rpartition(".")
    if kind != "ticker" or interval not in ("100ms", "agg2", "raw"):
        return None
    try:
        quote = call.world.quote(public.find(call, name))
    except DeribitError:
        return None
    return (None, None) if quote is None else ((quote.mark, quote.last), public.ticker_row(quote))
