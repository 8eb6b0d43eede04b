"""OKX's private channels: a log-in by signature, then balances, positions and orders as they change."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from truenav.simulator.numbers import plain
from truenav.simulator.okx.account import balance, positions
from truenav.simulator.okx.history import deposits, withdrawals
from truenav.simulator.okx.rules import REQUEST_LIFETIME, TYPE_OF
from truenav.simulator.private import Change, Novelty, Watch, once
from truenav.simulator.protocol import ENCODE, Call
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.streams import News
from truenav.simulator.times import milliseconds

TRADING, BUSINESS = "/ws/v5/private", "/ws/v5/business"
PATHS = (TRADING, BUSINESS)
_CHANNELS = {
    TRADING: ("account", "positions", "orders", "liquidation-warning"),
    BUSINESS: ("deposit-info", "withdrawal-info"),
}
_CONNECTION = "b7f1e902"
_STATES = {
    "waiting": "live",
    "open": "live",
    "partly": "partially_filled",
    "filled": "filled",
    "cancelled": "canceled",
    "expired": "canceled",
}


class OkxAccountStreams:
    """One client's private channels."""

    def __init__(self, path: str) -> None:
        self.channels = _CHANNELS[path]
        self.plan: AccountPlan | None = None
        self.wanted: dict[str, dict[str, Any]] = {}
        self.watch = Watch()
        self.moved: set[str] = set()

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """``ping``, login, subscribe and unsubscribe."""
        if text == "ping":
            return ["pong"]
        try:
            asked = msgspec.json.decode(text)
            verb, args = asked["op"], [dict(one) for one in asked["args"]]
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return [_error("60012", f"Invalid request: {text[:200]}")]
        if verb == "login":
            return [self._log_in(call, args[0] if args else {})]
        if self.plan is None:
            return [_error("60011", "Please log in")]
        return [self._answer(verb, one) for one in args]

    def _log_in(self, call: Call, given: dict[str, Any]) -> bytes:
        plan = call.world.account_of_key(str(given.get("apiKey", "")))
        if plan is None or call.revoked or plan.venue.id != call.venue:
            return _error("60005", "Invalid apiKey")
        stamp = str(given.get("timestamp", ""))
        late = abs(milliseconds(call.server_time) // 1000 - int(stamp)) if stamp.isdigit() else None
        if late is None or late > REQUEST_LIFETIME.total_seconds():
            return _error("60006", "Timestamp request expired")
        if str(given.get("passphrase")) != plan.passphrase:
            return _error("60024", "Wrong passphrase")
        message = f"{stamp}GET/users/self/verify".encode()
        signed = base64.b64encode(hmac.new(plan.secret.encode(), message, hashlib.sha256).digest())
        if not hmac.compare_digest(signed, str(given.get("sign", "")).encode()):
            return _error("60007", "Invalid sign")
        self.plan = plan
        return ENCODE({"event": "login", "code": "0", "msg": "", "connId": _CONNECTION})

    def _answer(self, verb: str, arg: dict[str, Any]) -> bytes:
        channel = str(arg.get("channel", ""))
        if verb not in ("subscribe", "unsubscribe") or channel not in self.channels:
            return _error("60018", f"Wrong URL or channel:{channel} doesn't exist.")
        if verb == "subscribe":
            self.wanted[channel] = arg
        else:
            self.wanted.pop(channel, None)
        return ENCODE({"event": verb, "arg": arg, "connId": _CONNECTION})

    def news(self, call: Call) -> Iterable[News]:
        """What changed; balances and positions once when they are subscribed to, too."""
        if self.plan is None or not self.wanted:
            return
        call = replace(call, account=self.plan, params={})
        books = call.world.books(self.plan.id, call.at)
        found = self.watch.look(books)
        for channel in tuple(self.wanted):
            first = channel in ("account", "positions") and channel not in self.moved
            self.moved.add(channel)
            for rows in _rows(call, channel, found, first=first):
                payload = {"arg": {**self.wanted[channel], "uid": str(440000000 + self.plan.number)}}
                yield once(payload | {"data": rows})


def _rows(call: Call, channel: str, found: Novelty, *, first: bool) -> Iterable[list[dict[str, Any]]]:
    """The messages of one channel, as their rows."""
    wallets = {wallet for wallet, _ in found.balances}
    match channel:
        case "account" if first or "trading" in wallets:
            yield balance(call)
        case "positions" if first or found.positions:
            closed = [
                {"instType": TYPE_OF[item.kind], "instId": item.id, "posSide": "net", "pos": "0"}
                for item, position in found.positions
                if position is None
            ]
            yield [*positions(call), *closed]
        case "orders":
            yield from ([_order(one)] for one in found.orders)
        case "deposit-info" if "funding" in wallets:
            yield from ([row] for row in deposits(call)[:1])
        case "withdrawal-info" if "funding" in wallets:
            yield from ([row] for row in withdrawals(call)[:1])


def _order(one: Change) -> dict[str, Any]:
    fill = one.fill
    return {
        "instType": TYPE_OF[one.instrument.kind],
        "instId": one.instrument.id,
        "ordId": str(one.id),
        "clOrdId": one.client_id,
        "px": "" if one.price is None else plain(one.price),
        "sz": plain(one.size),
        "side": "buy" if one.buys else "sell",
        "posSide": "net",
        "ordType": "market" if one.price is None else "limit",
        "state": _STATES[one.status],
        "accFillSz": plain(one.filled),
        "avgPx": plain(one.average),
        "fillSz": "" if fill is None else plain(fill.size),
        "fillPx": "" if fill is None else plain(fill.price),
        "tradeId": "" if fill is None else str(fill.id),
        "fillFee": "" if fill is None else plain(-fill.fee),
        "fillFeeCcy": "" if fill is None else fill.fee_asset,
        "uTime": str(milliseconds(one.at)),
    }


def _error(code: str, message: str) -> bytes:
    return ENCODE({"event": "error", "code": code, "msg": message, "connId": _CONNECTION})
