"""Bybit's private stream: a log-in by signature, then wallet, positions, orders and fills as they change."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from truenav.simulator.bybit.account import wallet
from truenav.simulator.bybit.rules import category_of, symbol_of, unique
from truenav.simulator.contracts import ZERO, Position
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain
from truenav.simulator.private import Change, Watch, once
from truenav.simulator.protocol import ENCODE, Call
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.streams import News
from truenav.simulator.times import milliseconds

PATH = "/v5/private"
TOPICS = ("wallet", "position", "order", "execution")
_CONNECTION = "cs8q1v40"
_STATES = {
    "waiting": "Untriggered",
    "open": "New",
    "partly": "PartiallyFilled",
    "filled": "Filled",
    "cancelled": "Cancelled",
    "expired": "Cancelled",
}


class BybitAccountStreams:
    """One client's topics."""

    def __init__(self) -> None:
        self.plan: AccountPlan | None = None
        self.wanted: dict[str, None] = {}
        self.watch = Watch()

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """``ping``, auth, subscribe and unsubscribe."""
        try:
            asked = msgspec.json.decode(text)
            verb, args = str(asked["op"]), list(asked.get("args", []))
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return [_said("", refusal="error:json unmarshal")]
        if verb == "ping":
            return [ENCODE({"op": "pong", "args": [str(milliseconds(call.at))], "conn_id": _CONNECTION})]
        if verb == "auth":
            return [_said(verb, refusal=self._log_in(call, args))]
        if self.plan is None:
            return [_said(verb, refusal="Request not authorized")]
        unknown = [one for one in args if one not in TOPICS]
        if verb not in ("subscribe", "unsubscribe") or unknown:
            return [_said(verb, refusal=f"error:handler not found,topic:{','.join(map(str, unknown))}")]
        for topic in args:
            if verb == "subscribe":
                self.wanted[topic] = None
            else:
                self.wanted.pop(topic, None)
        return [_said(verb)]

    def _log_in(self, call: Call, args: list[Any]) -> str:
        """Log in; gives the venue's words where it refuses."""
        key, until, signed = (*map(str, args), "", "", "")[:3]
        plan = call.world.account_of_key(key)
        if plan is None or call.revoked or plan.venue.id != call.venue:
            return "API key is invalid."
        if not until.isdigit() or int(until) <= milliseconds(call.server_time):
            return "Params Error: the request has expired"
        digest = hmac.new(plan.secret.encode(), f"GET/realtime{until}".encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(digest, signed):
            return "error sign, please check your signature generation algorithm."
        self.plan = plan
        return ""

    def news(self, call: Call) -> Iterable[News]:
        """What changed since the last look."""
        if self.plan is None or not self.wanted:
            return
        call = replace(call, account=self.plan, params={})
        found = self.watch.look(call.world.books(self.plan.id, call.at))
        told: dict[str, list[dict[str, Any]]] = {
            "execution": [_execution(one) for one in found.orders if one.fill is not None],
            "position": [_position(*one) for one in found.positions],
            "order": [_order(one) for one in found.orders],
            "wallet": wallet(call)["list"] if any(name == "unified" for name, _ in found.balances) else [],
        }
        at = milliseconds(call.at)
        for topic, rows in told.items():
            if rows and topic in self.wanted:
                payload = {"id": unique(at), "topic": topic, "creationTime": at, "data": rows}
                yield once(payload)


def _execution(one: Change) -> dict[str, Any]:
    assert one.fill is not None
    return {
        "category": category_of(one.instrument),
        "symbol": symbol_of(one.instrument),
        "execId": unique(one.fill.id),
        "orderId": unique(one.id),
        "orderLinkId": one.client_id,
        "side": "Buy" if one.buys else "Sell",
        "execType": "Trade",
        "execQty": plain(one.fill.size),
        "execPrice": plain(one.fill.price),
        "execFee": plain(one.fill.fee),
        "isMaker": one.fill.maker,
        "execTime": str(milliseconds(one.fill.at)),
    }


def _order(one: Change) -> dict[str, Any]:
    return {
        **({} if one.instrument.kind == "spot" else {"tpslMode": "Full"}),
        "category": category_of(one.instrument),
        "symbol": symbol_of(one.instrument),
        "orderId": unique(one.id),
        "orderLinkId": one.client_id,
        "side": "Buy" if one.buys else "Sell",
        "orderType": "Market" if one.price is None else "Limit",
        "orderStatus": _STATES[one.status],
        "price": "0" if one.price is None else plain(one.price),
        "qty": plain(one.size),
        "cumExecQty": plain(one.filled),
        "avgPrice": plain(one.average),
        "updatedTime": str(milliseconds(one.at)),
    }


def _position(item: Instrument, position: Position | None) -> dict[str, Any]:
    size = ZERO if position is None else position.size
    return {
        "category": category_of(item),
        "symbol": symbol_of(item),
        "positionIdx": 0,
        "side": "Buy" if size > 0 else "Sell" if size < 0 else "",
        "size": plain(abs(size)),
        "entryPrice": "0" if position is None else plain(position.entry),
    }


def _said(verb: str, *, refusal: str = "") -> bytes:
    answer = {"success": not refusal, "ret_msg": refusal, "conn_id": _CONNECTION, "op": verb}
    return ENCODE(answer)
