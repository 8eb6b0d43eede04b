"""OKX's door: rate limits, signatures, error codes, paging, and reading of parameters."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from truenav.simulator.books import Books
from truenav.simulator.errors import ControlError
from truenav.simulator.market import Instrument
from truenav.simulator.protocol import Call, Reply, json_reply
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.times import milliseconds, parse_time

REQUEST_LIFETIME = timedelta(seconds=30)
PAGE = 100
TYPES = {"SPOT": "spot", "SWAP": "swap", "FUTURES": "future", "OPTION": "option"}
TYPE_OF = {kind: name for name, kind in TYPES.items()}
T = TypeVar("T")


class OkxError(Exception):
    """An error answer: HTTP status, OKX's code and message."""

    def __init__(self, status: int, code: str, message: str, rows: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint with its limit: `count` requests per `seconds` and key (or address)."""

    handler: Callable[[Call], list[Any]]
    count: int = 20
    seconds: float = 2.0
    signed: bool = False
    per_type: bool = False


def answer(call: Call, route: Route) -> Reply:
    """Admit, authenticate, and answer; errors as OKX writes them."""
    who = call.account.id if route.signed and call.account else call.client
    scope = call.params.get("instType", call.params.get("instId", "")) if route.per_type else ""
    window = (f"{call.venue}{call.path}", who, scope)
    try:
        if not call.world.meter.admit(window, route.count, route.seconds):
            raise OkxError(429, "50011", "Too Many Requests")
        if route.signed:
            authenticate(call)
        if call.repeat_page:
            call = replace(call, params=cursorless(call.params))
        rows = [] if call.empty_page else route.handler(call)
        return json_reply({"code": "0", "data": rows, "msg": ""})
    except OkxError as error:
        body = {"code": error.code, "data": error.rows, "msg": error.message}
        return json_reply(body, error.status)


def authenticate(call: Call) -> None:
    """Key, time, passphrase and signature of a private request."""
    headers = call.headers
    for code, name in (
        ("50103", "ok-access-key"),
        ("50104", "ok-access-passphrase"),
        ("50106", "ok-access-sign"),
        ("50107", "ok-access-timestamp"),
    ):
        if not headers.get(name):
            raise OkxError(401, code, f'Request header "{name.upper()}" cannot be empty.')
    plan = call.account
    if plan is None or call.revoked:
        raise OkxError(401, "50111", "Invalid OK-ACCESS-KEY")
    stamp = headers["ok-access-timestamp"]
    try:
        asked_at = parse_time(stamp)
    except ControlError as error:
        raise OkxError(401, "50112", "Invalid OK-ACCESS-TIMESTAMP") from error
    if abs(call.server_time - asked_at) > REQUEST_LIFETIME:
        raise OkxError(401, "50102", "Timestamp request expired")
    if not hmac.compare_digest(headers["ok-access-passphrase"].encode(), plan.passphrase.encode()):
        raise OkxError(401, "50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.')
    query = f"?{call.query}" if call.query else ""
    message = f"{stamp}{call.method}{call.path}{query}".encode() + call.body
    digest = hmac.new(plan.secret.encode(), message, hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest), headers["ok-access-sign"].encode()):
        raise OkxError(401, "50113", "Invalid Sign")


def account(call: Call) -> AccountPlan:
    """The account of an authenticated call."""
    if call.account is None:
        raise OkxError(401, "50111", "Invalid OK-ACCESS-KEY")
    return call.account


def books(call: Call) -> Books:
    """Books of the caller's account at the instant of the call."""
    return call.world.books(account(call).id, call.at)


def live_instruments(call: Call) -> list[Instrument]:
    """Instruments that this venue lists and that have not expired."""
    venue = call.world.scenario.venues[call.venue].prices
    return [
        item
        for item in call.world.market.listed(venue)
        if item.expires_at is None or item.expires_at > call.at
    ]


def of_type(call: Call) -> list[Instrument]:
    """Live instruments of the mandatory `instType`, narrowed by `uly`, `instFamily` and `instId`."""
    name = call.params.get("instType", "")
    if name in ("MARGIN", "EVENTS"):
        return []
    if name not in TYPES:
        raise OkxError(400, "51000", "Parameter instType error")
    family = call.params.get("instFamily") or call.params.get("uly")
    if name == "OPTION" and not family and not call.params.get("instId"):
        raise OkxError(400, "50014", "Parameter uly or instFamily can not be empty.")
    wanted = call.params.get("instId")
    return [
        item
        for item in live_instruments(call)
        if item.kind == TYPES[name]
        and family in (None, f"{item.base}-{item.quote}")
        and wanted in (None, "", item.id)
    ]


def find_instrument(call: Call) -> Instrument:
    """The instrument of the mandatory `instId`."""
    return called(call, call.params.get("instId"))


def called(call: Call, wanted: str | None) -> Instrument:
    """The live instrument of a name."""
    if not wanted:
        raise OkxError(400, "50014", "Parameter instId can not be empty.")
    for item in live_instruments(call):
        if item.id == wanted:
            return item
    raise OkxError(200, "51001", "Instrument ID does not exist.")


def integer(call: Call, name: str) -> int | None:
    """An integer parameter, or None; a malformed one is OKX's 51000."""
    text = call.params.get(name)
    if not text:
        return None
    if not text.isdigit() or len(text) > 19:
        raise OkxError(400, "51000", f"Parameter {name} error")
    return int(text)


def page(call: Call, rows: list[T], cursor: Callable[[T], int], at: Callable[[T], int]) -> list[T]:
    """One page, newest first: `after` asks for older rows than the cursor, `before` for newer.

    With `before` too the page holds the newest rows, not those next to the cursor.
    `begin` and `end` (milliseconds, inclusive) bound the rows' own time; `limit` is at most 100.
    """
    after, before = integer(call, "after"), integer(call, "before")
    begin, end = integer(call, "begin"), integer(call, "end")
    found = [
        row
        for row in rows
        if (after is None or cursor(row) < after)
        and (before is None or cursor(row) > before)
        and (begin is None or at(row) >= begin)
        and (end is None or at(row) <= end)
    ]
    found.sort(key=cursor, reverse=True)
    size = max(1, min(integer(call, "limit") or PAGE, PAGE))
    return found[:size]


def server_time(call: Call) -> list[dict[str, str]]:
    """GET public/time."""
    return [{"ts": str(milliseconds(call.server_time))}]


def cursorless(params: dict[str, str]) -> dict[str, str]:
    """Parameters without paging cursors (the duplicate-page fault)."""
    return {name: value for name, value in params.items() if name not in ("after", "before")}
