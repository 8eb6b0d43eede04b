"""Bybit's door: rate limits, signatures, error codes, windows with cursors, and the names of markets."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from truenav.simulator.books import Books
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain
from truenav.simulator.protocol import Call, Reply, json_reply
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.times import milliseconds

EARLY_MS = 1000
"""How far a request's time stamp may lie ahead of the venue's clock."""
LONGEST_RECEIVE_WINDOW_MS = 60_000
MS = timedelta(milliseconds=1)
CATEGORIES = ("spot", "linear", "inverse", "option")
_QUARTERS = "HMUZ"
T = TypeVar("T")
Result = dict[str, Any]


class BybitError(Exception):
    """An error answer: Bybit's code and message; the status stays 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint with its limit: `count` requests a second and account (or address)."""

    handler: Callable[[Call], Result]
    count: int = 10
    signed: bool = False


def answer(call: Call, route: Route) -> Reply:
    """Admit, authenticate, and answer; errors as Bybit writes them."""
    who = call.account.id if route.signed and call.account else call.client
    try:
        if not call.world.meter.admit((f"{call.venue}{call.path}", who), route.count, 1.0):
            raise BybitError(10006, "Too many visits. Exceeded the API Rate Limit.")
        if route.signed:
            authenticate(call)
        if call.repeat_page:
            call = replace(call, params={k: v for k, v in call.params.items() if k != "cursor"})
        result = route.handler(call)
        return _reply(call, 0, "OK", emptied(result) if call.empty_page else result)
    except BybitError as error:
        return _reply(call, error.code, error.message, {})


def _reply(call: Call, code: int, message: str, result: Result) -> Reply:
    now = milliseconds(call.server_time)
    body = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now}
    return json_reply(body)


def emptied(result: Result) -> Result:
    """The same without a row (the empty-page fault)."""
    return {
        name: [] if isinstance(value, list) else "" if name == "nextPageCursor" else value
        for name, value in result.items()
    }


def authenticate(call: Call) -> None:
    """Key, time and signature of a private request."""
    headers, plan = call.headers, call.account
    if plan is None or call.revoked:
        raise BybitError(10003, "API key is invalid.")
    stamp, window = headers.get("x-bapi-timestamp", ""), headers.get("x-bapi-recv-window", "5000")
    if not (stamp.isdigit() and window.isdigit() and int(window) <= LONGEST_RECEIVE_WINDOW_MS):
        raise BybitError(10001, "Request parameter error: timestamp or recv_window.")
    now = milliseconds(call.server_time)
    if not now - int(window) <= int(stamp) < now + EARLY_MS:
        text = f"req_timestamp[{stamp}],server_timestamp[{now}],recv_window[{window}]"
        raise BybitError(10002, f"invalid request, please check your server timestamp. {text}")
    message = f"{stamp}{plan.api_key}{window}{call.query}".encode() + call.body
    digest = hmac.new(plan.secret.encode(), message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(digest, headers.get("x-bapi-sign", "")):
        raise BybitError(10004, "Error sign, please check your signature generation algorithm.")


def account(call: Call) -> AccountPlan:
    """The account of an authenticated call."""
    if call.account is None:
        raise BybitError(10003, "API key is invalid.")
    return call.account


def books(call: Call) -> Books:
    """Books of the caller's account at the instant of the call."""
    return call.world.books(account(call).id, call.at)


def owner(plan: AccountPlan) -> str:
    """The account's number."""
    return str(590_000_000 + plan.number)


def unique(number: int) -> str:
    """A number in the form of the venue's identifiers."""
    return str(UUID(int=number))


# -- markets --------------------------------------------------------------------------------------


def category_of(item: Instrument) -> str:
    """The product that a market belongs to."""
    if item.kind in ("spot", "option"):
        return item.kind
    return "inverse" if item.inverse else "linear"


def symbol_of(item: Instrument) -> str:
    """What Bybit calls it: ``BTCUSDT``, ``BTCUSDT-26DEC25``, ``BTCUSDZ25``, ``BTC-26DEC25-90000-C-USDT``."""
    pair = f"{item.base}{item.quote}"
    if item.expires_at is None:
        return pair
    day = f"{item.expires_at.day}{item.expires_at:%b%y}".upper()
    if item.kind == "option":
        return f"{item.base}-{day}-{plain(item.strike or item.tick)}-{item.right}-{item.settle}"
    if item.inverse:
        return f"{pair}{_QUARTERS[(item.expires_at.month - 1) // 3]}{item.expires_at:%y}"
    return f"{pair}-{day}"


def category(call: Call) -> str:
    """The mandatory `category`."""
    name = call.params.get("category", "")
    if name not in CATEGORIES:
        raise BybitError(10001, "Illegal category")
    return name


def live_instruments(call: Call, product: str) -> list[Instrument]:
    """Markets of a product that this venue lists and that have not expired, narrowed by `symbol`."""
    return [item for item in _listed(call, product) if item.expires_at is None or item.expires_at > call.at]


def expired_instruments(call: Call, product: str) -> list[Instrument]:
    """Markets of a product that have expired, narrowed by `symbol`."""
    return [
        item for item in _listed(call, product) if item.expires_at is not None and item.expires_at <= call.at
    ]


def _listed(call: Call, product: str) -> list[Instrument]:
    venue, wanted = call.world.scenario.venues[call.venue].prices, call.params.get("symbol")
    return [
        item
        for item in call.world.market.listed(venue)
        if category_of(item) == product and wanted in (None, "", symbol_of(item))
    ]


# -- pages ----------------------------------------------------------------------------------------


def number(call: Call, name: str) -> int | None:
    """A whole number among the parameters, or None; a malformed one is Bybit's 10001."""
    text = call.params.get(name)
    if not text:
        return None
    if not text.isdigit() or len(text) > 15:
        raise BybitError(10001, f"Request parameter error: {name}.")
    return int(text)


@dataclass(frozen=True, slots=True)
class Window:
    """How a history is asked for: by which parameters, how long a window may be, how large a page."""

    longest: timedelta
    largest: int = 50
    start: str = "startTime"
    end: str = "endTime"
    unit: int = 1


def window(
    call: Call, rows: list[T], shape: Window, at: Callable[[T], datetime], key: Callable[[T], str]
) -> tuple[list[T], str]:
    """One page of a window, newest first, and the token of the next one, which a full page always has."""
    first, last = _bounds(call, shape)
    found = [row for row in rows if first <= milliseconds(at(row)) <= last]
    found.sort(key=lambda row: (at(row), key(row)), reverse=True)
    token = call.params.get("cursor", "")
    if token:
        found = [row for row in found if _token(at(row), key(row)) < token]
    page = found[: _size(call, shape.largest)]
    more = len(page) == _size(call, shape.largest)
    return page, _token(at(page[-1]), key(page[-1])) if more else ""


def _bounds(call: Call, shape: Window) -> tuple[int, int]:
    """Both ends in milliseconds, included; without them the newest window."""
    longest = shape.longest // MS
    first, last = number(call, shape.start), number(call, shape.end)
    start = None if first is None else first * shape.unit
    end = None if last is None else (last + 1) * shape.unit - 1
    if start is None and end is None:
        end = milliseconds(call.at)
    if start is None:
        assert end is not None
        start = end - longest
    if end is None:
        end = start + longest
    if end - start >= longest + shape.unit:
        raise BybitError(10001, "The time range is too large.")
    return start, end


def _size(call: Call, largest: int) -> int:
    return max(1, min(number(call, "limit") or 20, largest))


def _token(at: datetime, key: str) -> str:
    return f"{milliseconds(at.astimezone(UTC)):015d}:{key}"


def pages(call: Call, rows: list[T], largest: int) -> tuple[list[T], str]:
    """One page of a list without a past; the token counts what came before."""
    begin = number(call, "cursor") or 0
    size = _size(call, largest)
    page = rows[begin : begin + size]
    return page, str(begin + size) if len(page) == size else ""
