"""Binance's private streams: listen keys of futures, subscriptions of the WebSocket API for the others.

A listen key follows from the account's secret, so that the same key is given as long as it lives, as at the
venue; here it lives on.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from truenav.simulator.binance.rules import BinanceError, Route, account, symbol_of
from truenav.simulator.bookkeeper import settlement_wallet
from truenav.simulator.contracts import Position
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain
from truenav.simulator.private import Change, Novelty, Watch, once
from truenav.simulator.protocol import ENCODE, Call
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.streams import News
from truenav.simulator.times import milliseconds

API_PATH = "/ws-api/v3"
KEY_PATHS = ("/private/ws/", "/ws/")
"""The second is COIN-M's, and what USD-M had before; it takes both."""
KEY_WALLETS = ("usdm", "coinm", "options")
TOKEN_SECONDS = 86_400
WINDOW_MS = 5000
_STATES = {
    "waiting": "NEW",
    "open": "NEW",
    "partly": "PARTIALLY_FILLED",
    "filled": "FILLED",
    "cancelled": "CANCELED",
    "expired": "EXPIRED",
}


def stream_of(call: Call) -> BinanceApiStreams | BinanceKeyStreams | None:
    """What listens at a path; None where no private stream does."""
    if call.path == API_PATH:
        return BinanceApiStreams()
    named = (call.path.removeprefix(one) for one in KEY_PATHS if call.path.startswith(one))
    key = next(named, call.params.get("listenKey", ""))
    for wallet in KEY_WALLETS if key and not call.revoked else ():
        plan = _owner(call, key, wallet)
        if plan is not None:
            return BinanceKeyStreams(plan, wallet)
    return None


def listen_key(plan: AccountPlan, wallet: str) -> str:
    """The key that opens an account's stream of one wallet."""
    return hmac.new(plan.secret.encode(), f"listen {wallet}".encode(), hashlib.sha256).hexdigest()


def _owner(call: Call, key: str, wallet: str) -> AccountPlan | None:
    plans = (one for one in call.world.scenario.accounts.values() if one.venue.id == call.venue)
    return next((one for one in plans if hmac.compare_digest(listen_key(one, wallet), key)), None)


class BinanceKeyStreams:
    """A futures wallet's events, from the opening on."""

    def __init__(self, plan: AccountPlan, wallet: str) -> None:
        self.plan = plan
        self.wallet = wallet
        self.watch = Watch()

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """Nothing needs to be said."""
        del call, text
        return []

    def news(self, call: Call) -> Iterable[News]:
        """What changed since the last look."""
        found = self.watch.look(call.world.books(self.plan.id, call.at))
        at = milliseconds(call.at)
        for one in _of(found, self.wallet):
            yield once(_futures_order(one, at))
        coins = [coin for wallet, coin in found.balances if wallet == self.wallet]
        held = [one for one in found.positions if settlement_wallet("binance", one[0]) == self.wallet]
        if coins or held:
            balances = [_balance(coin, self.watch.balances[self.wallet, coin]) for coin in coins]
            told = {"m": "ORDER", "B": balances, "P": [_position(*one) for one in held]}
            name = "BALANCE_POSITION_UPDATE" if self.wallet == "options" else "ACCOUNT_UPDATE"
            yield once({"e": name, "E": at, "T": at, "a": told})


class BinanceApiStreams:
    """The WebSocket API as far as it subscribes to an account: by signature (spot) or by token (margin)."""

    def __init__(self) -> None:
        self.plan: AccountPlan | None = None
        self.wallet = "spot"
        self.watch = Watch()

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """One request, one answer with its number and a status."""
        try:
            asked = msgspec.json.decode(text)
            number, method, params = asked["id"], asked["method"], dict(asked.get("params") or {})
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return [_refused(None, BinanceError(400, -1000, "Invalid request."))]
        try:
            result = self._answer(call, method, params)
        except BinanceError as error:
            return [_refused(number, error)]
        return [ENCODE({"id": number, "status": 200, "result": result})]

    def _answer(self, call: Call, method: str, params: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "ping":
                return {}
            case "userDataStream.subscribe.signature":
                self.plan, self.wallet = _signed_by(call, params), "spot"
                return {"subscriptionId": 0}
            case "userDataStream.subscribe.listenToken":
                plan = _owner(call, str(params.get("listenToken", "")), "margin")
                if plan is None or call.revoked:
                    raise BinanceError(400, -1209, "Invalid listen token.")
                self.plan, self.wallet = plan, "margin"
                ends = milliseconds(call.server_time) + TOKEN_SECONDS * 1000
                return {"subscriptionId": 0, "expirationTime": ends}
        raise BinanceError(400, -1000, f"Unknown method {method}.")

    def news(self, call: Call) -> Iterable[News]:
        """What changed since the last look."""
        if self.plan is None:
            return
        found = self.watch.look(call.world.books(self.plan.id, call.at))
        at = milliseconds(call.at)
        for one in _of(found, self.wallet):
            yield once(_event(_spot_order(one, at)))
        coins = [coin for wallet, coin in found.balances if wallet == self.wallet]
        if coins:
            rows = [{"a": c, "f": plain(self.watch.balances[self.wallet, c]), "l": "0"} for c in coins]
            told = {"e": "outboundAccountPosition", "E": at, "u": at, "B": rows}
            yield once(_event(told))


def _signed_by(call: Call, params: dict[str, Any]) -> AccountPlan:
    """The account that signed a request's parameters, which are taken by name."""
    plan = call.world.account_of_key(str(params.get("apiKey", "")))
    if plan is None or call.revoked or plan.venue.id != call.venue:
        raise BinanceError(401, -2015, "Invalid API-key, IP, or permissions for action.")
    signed = str(params.pop("signature", ""))
    text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    digest = hmac.new(plan.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(digest, signed):
        raise BinanceError(400, -1022, "Signature for this request is not valid.")
    late = milliseconds(call.server_time) - int(params.get("timestamp", 0))
    if not -1000 < late <= int(params.get("recvWindow", WINDOW_MS)):
        raise BinanceError(400, -1021, "Timestamp for this request is outside of the recvWindow.")
    return plan


def _of(found: Novelty, wallet: str) -> list[Change]:
    return [one for one in found.orders if settlement_wallet("binance", one.instrument) == wallet]


def _event(event: dict[str, Any]) -> dict[str, Any]:
    return {"subscriptionId": 0, "event": event}


def _refused(number: object, error: BinanceError) -> bytes:
    told = {"code": error.code, "msg": error.message}
    return ENCODE({"id": number, "status": error.status, "error": told})


def _spot_order(one: Change, at: int) -> dict[str, Any]:
    return {"e": "executionReport", "E": at, **_order(one)}


def _futures_order(one: Change, at: int) -> dict[str, Any]:
    return {"e": "ORDER_TRADE_UPDATE", "E": at, "T": at, "o": {**_order(one), "ps": "BOTH"}}


def _order(one: Change) -> dict[str, Any]:
    fill = one.fill
    return {
        "s": symbol_of(one.instrument),
        "c": one.client_id,
        "S": "BUY" if one.buys else "SELL",
        "o": "MARKET" if one.price is None else "LIMIT",
        "q": plain(one.size),
        "p": "0" if one.price is None else plain(one.price),
        "x": "NEW" if fill is None else "TRADE",
        "X": _STATES[one.status],
        "i": one.id,
        "l": "0" if fill is None else plain(fill.size),
        "z": plain(one.filled),
        "L": "0" if fill is None else plain(fill.price),
        "n": "0" if fill is None else plain(fill.fee),
        "N": None if fill is None else fill.fee_asset,
        "T": milliseconds(one.at),
        "Z": plain(one.filled * one.average),
        "ap": plain(one.average),
        "t": -1 if fill is None else fill.id,
        "m": fill is not None and fill.maker,
    }


def _balance(coin: str, amount: Decimal) -> dict[str, str]:
    return {"a": coin, "wb": plain(amount), "cw": plain(amount), "bc": "0"}


def _position(item: Instrument, position: Position | None) -> dict[str, str]:
    size, entry = ("0", "0") if position is None else (plain(position.size), plain(position.entry))
    return {"s": symbol_of(item), "pa": size, "ep": entry, "mt": "cross", "ps": "BOTH"}


# -- keys -----------------------------------------------------------------------------------------


def _key_of(wallet: str) -> Any:
    def handler(call: Call) -> dict[str, Any]:
        if call.revoked:
            call = replace(call, account=None)
        return {"listenKey": listen_key(account(call), wallet)}

    return handler


def margin_token(call: Call) -> dict[str, Any]:
    """POST userListenToken."""
    token = _key_of("margin")(call)["listenKey"]
    return {"token": token, "expirationTime": milliseconds(call.server_time) + TOKEN_SECONDS * 1000}


ROUTES: dict[tuple[str, str], Route] = {
    **{(verb, "/fapi/v1/listenKey"): Route(_key_of("usdm"), "usdm") for verb in ("POST", "PUT")},
    **{(verb, "/eapi/v1/listenKey"): Route(_key_of("options"), "options") for verb in ("POST", "PUT")},
    **{(verb, "/dapi/v1/listenKey"): Route(_key_of("coinm"), "coinm") for verb in ("POST", "PUT")},
    ("POST", "/sapi/v1/userListenToken"): Route(margin_token, "wallet"),
}
