"""Deribit's door: JSON-RPC envelopes, credits, signatures, tokens, scopes and error codes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from truenav.simulator.books import Books
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import exact
from truenav.simulator.protocol import Call, Reply
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.times import milliseconds

PREFIX = "/api/v2/"
SIGNATURE_LIFETIME = timedelta(seconds=60)
TOKEN_SECONDS = 900
ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_SCHEME = "deri-hmac-sha256 "


class DeribitError(Exception):
    """An error answer: Deribit's code, message and reason."""

    def __init__(self, code: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = {"reason": reason} if reason else None


@dataclass(frozen=True, slots=True)
class Route:
    """One method; `count` requests per `seconds` and key (or address), `private` ones are signed."""

    handler: Callable[[Call], Any]
    count: int = 100
    seconds: float = 5.0
    private: bool = False


def answer(call: Call, route: Route) -> Reply:
    """The answer to a request over HTTP."""
    message = told(call, route)
    return Reply(400 if "error" in message else 200, ENCODE(message), {}, media="application/json")


def unknown_method() -> Reply:
    """The answer to a method that is not served."""
    error = {"code": -32601, "message": "Method not found"}
    return Reply(400, ENCODE({"jsonrpc": "2.0", "error": error}), {}, media="application/json")


def told(call: Call, route: Route) -> dict[str, Any]:
    """Admit, authenticate and answer; a result or an error in its envelope."""
    who = call.account.id if route.private and call.account else call.client
    now = milliseconds(call.server_time) * 1000
    envelope = {"jsonrpc": "2.0", "testnet": True, "usIn": now, "usOut": now, "usDiff": 0}
    try:
        if not call.world.meter.admit((f"{call.venue}{call.path}", who), route.count, route.seconds):
            raise DeribitError(10028, "too_many_requests")
        if route.private:
            authenticate(call)
        if call.repeat_page:
            call = replace(call, params=cursorless(call.params))
        with exact():
            result = route.handler(call)
        return envelope | {"result": emptied(result) if call.empty_page else result}
    except DeribitError as error:
        told_error = {"code": error.code, "message": error.message, "data": error.data}
        return envelope | {"error": told_error}


def emptied(result: Any) -> Any:
    """The same answer without a row (the empty-page fault)."""
    if isinstance(result, list):
        return []
    if not isinstance(result, dict):
        return result
    bare = {name: [] if isinstance(value, list) else value for name, value in result.items()}
    return bare | {name: None for name in ("continuation",) if name in bare}


def cursorless(params: dict[str, str]) -> dict[str, str]:
    """Parameters without paging cursors (the duplicate-page fault)."""
    dropped = ("continuation",) if "continuation" in params else ("start_timestamp",)
    return {name: value for name, value in params.items() if name not in dropped}


# -- who asks -------------------------------------------------------------------------------------


def key_of(header: str) -> str:
    """The client id that an ``Authorization`` header names; empty where it names none."""
    if header.startswith(_SCHEME):
        return _fields(header).get("id", "")
    return header.removeprefix("Bearer ").partition(".")[0] if header.startswith("Bearer ") else ""


def _fields(header: str) -> dict[str, str]:
    parts = (part.partition("=") for part in header.removeprefix(_SCHEME).split(","))
    return {name.strip(): value for name, _, value in parts}


def authenticate(call: Call) -> None:
    """Signature or token of a private request."""
    header, plan = call.headers.get("authorization", ""), call.account
    if not header:
        raise DeribitError(13009, "unauthorized", "missing_token")
    if plan is None or call.revoked:
        raise DeribitError(13009, "unauthorized", "invalid_token")
    if header.startswith("Bearer "):
        if not hmac.compare_digest(header.removeprefix("Bearer ").encode(), token(plan).encode()):
            raise DeribitError(13009, "unauthorized", "invalid_token")
        return
    fields = _fields(header)
    query = f"?{call.query}" if call.query else ""
    message = f"{call.method}\n{call.path}{query}\n{call.body.decode()}\n"
    check_signature(call, plan, fields, message)


def check_signature(call: Call, plan: AccountPlan, fields: dict[str, str], message: str) -> None:
    """Time and signature, in a header (``ts``, ``sig``) or as parameters."""
    stamp = fields.get("ts") or fields.get("timestamp") or ""
    signature = fields.get("sig") or fields.get("signature") or ""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        raise DeribitError(13004, "invalid_credentials", "invalid_timestamp")
    if abs(milliseconds(call.server_time) - int(stamp)) > SIGNATURE_LIFETIME / timedelta(milliseconds=1):
        raise DeribitError(13004, "invalid_credentials", "timestamp_out_of_range")
    text = f"{stamp}\n{fields.get('nonce', '')}\n{message}"
    expected = hmac.new(plan.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise DeribitError(13004, "invalid_credentials", "invalid_signature")


def token(plan: AccountPlan) -> str:
    """The access token of an account."""
    digest = hmac.new(plan.secret.encode(), b"token", hashlib.sha256).hexdigest()
    return f"{plan.api_key}.{digest}"


def scope(plan: AccountPlan) -> str:
    """The rights of a key in the venue's words."""
    trade = "read_write" if "trade" in plan.permissions else "read"
    wallet = "read_write" if "withdraw" in plan.permissions else "read"
    return f"account:read block_trade:none connection trade:{trade} wallet:{wallet}"


def log_in(call: Call) -> dict[str, Any]:
    """public/auth by secret or by signature."""
    params = call.params
    plan = call.world.account_of_key(params.get("client_id", ""))
    if plan is None or plan.venue.id != call.venue or call.revoked:
        raise DeribitError(13004, "invalid_credentials")
    match params.get("grant_type"):
        case "client_credentials":
            if not hmac.compare_digest(params.get("client_secret", "").encode(), plan.secret.encode()):
                raise DeribitError(13004, "invalid_credentials")
        case "client_signature":
            check_signature(call, plan, params, params.get("data", ""))
        case _:
            raise DeribitError(-32602, "Invalid params", "grant_type")
    return granted(plan)


def granted(plan: AccountPlan) -> dict[str, Any]:
    """The tokens of an account."""
    return {
        "access_token": token(plan),
        "expires_in": TOKEN_SECONDS,
        "refresh_token": token(plan)[::-1],
        "scope": scope(plan),
        "token_type": "bearer",
    }


def account(call: Call) -> AccountPlan:
    """The account of an authenticated call."""
    if call.account is None:
        raise DeribitError(13009, "unauthorized")
    return call.account


def books(call: Call) -> Books:
    """Books of the caller's account at the instant of the call."""
    return call.world.books(account(call).id, call.at)


# -- what is asked for ----------------------------------------------------------------------------


def listed(call: Call, *, expired: bool = False) -> list[Instrument]:
    """Instruments of this venue: live ones, or those that have expired."""
    venue = call.world.scenario.venues[call.venue].prices
    return [
        item
        for item in call.world.market.listed(venue)
        if (item.expires_at is not None and item.expires_at <= call.at) == expired
    ]


def integer(call: Call, name: str, default: int) -> int:
    """An integer parameter; a malformed one is refused."""
    text = call.params.get(name) or str(default)
    if not text.isdigit() or len(text) > 19:
        raise DeribitError(-32602, "Invalid params", f"invalid {name}")
    return int(text)


def currency(call: Call) -> str:
    """The mandatory ``currency``."""
    found = call.params.get("currency", "")
    if not found:
        raise DeribitError(-32602, "Invalid params", "currency is missing")
    return found
