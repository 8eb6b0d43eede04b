"""Binance's door: weights, signatures, error codes, and reading of parameters."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from truenav.simulator.books import Books
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain
from truenav.simulator.protocol import Call, Handler, Reply, json_reply
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.times import milliseconds

LIMITS = {"spot": 6000, "usdm": 2400, "coinm": 2400, "options": 400, "wallet": 12000}
"""Request weight a minute and address, per family of endpoints."""
DEFAULT_WINDOW_MS = 5000
MAXIMUM_WINDOW_MS = 60_000
T = TypeVar("T")


class BinanceError(Exception):
    """An error answer: HTTP status, Binance's code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `weight_all` is charged instead when no symbol is given."""

    handler: Handler
    family: str
    weight: int = 1
    weight_all: int | None = None
    signed: bool = False
    paged: bool = False


def answer(call: Call, route: Route) -> Reply:
    """Weigh, authenticate, and answer; errors as Binance writes them."""
    named = "symbol" in call.params or "symbols" in call.params
    weight = route.weight if named or route.weight_all is None else route.weight_all
    pool = f"{call.venue}.{route.family}"
    verdict = call.world.meter.weigh(f"{pool}", weight, LIMITS[route.family])
    headers = {"x-mbx-used-weight": str(verdict.used), "x-mbx-used-weight-1m": str(verdict.used)}
    if verdict.status != 200:
        headers["retry-after"] = str(verdict.retry_after)
        return json_reply(_too_many(verdict.status), verdict.status, headers)
    try:
        if route.signed:
            authenticate(call)
        if call.repeat_page:
            call = replace(call, params=cursorless(call.params))
        payload = [] if route.paged and call.empty_page else route.handler(call)
        return json_reply(payload, headers=headers)
    except BinanceError as error:
        return json_reply({"code": error.code, "msg": error.message}, error.status, headers)


def _too_many(status: int) -> dict[str, Any]:
    if status == 418:
        return {"code": -1003, "msg": "Way too much request weight used; IP banned."}
    return {"code": -1003, "msg": "Too much request weight used; please use WebSocket Streams."}


def authenticate(call: Call) -> None:
    """Key, signature and time window of a signed request, in Binance's order."""
    key = call.headers.get("x-mbx-apikey", "")
    if not key:
        raise BinanceError(401, -2014, "API-key format invalid.")
    if call.account is None or call.revoked:
        raise BinanceError(401, -2015, "Invalid API-key, IP, or permissions for action.")
    given = call.params.get("signature")
    if not given:
        raise _missing("signature")
    if "timestamp" not in call.params:
        raise _missing("timestamp")
    expected = hmac.new(call.account.secret.encode(), signed_payload(call), hashlib.sha256)
    if not hmac.compare_digest(expected.hexdigest(), given.lower()):
        raise BinanceError(400, -1022, "Signature for this request is not valid.")
    _require_timely(call)


def signed_payload(call: Call) -> bytes:
    """Query and body as sent, without the signature, which is their last parameter."""
    text = call.query + call.body.decode("utf-8", "replace")
    return "&".join(p for p in text.split("&") if not p.startswith("signature=")).encode()


def _require_timely(call: Call) -> None:
    stamp = integer(call, "timestamp")
    window = integer(call, "recvWindow", DEFAULT_WINDOW_MS)
    if window > MAXIMUM_WINDOW_MS:
        raise BinanceError(400, -1131, "recvWindow must be less than 60000.")
    now = milliseconds(call.server_time)
    if stamp >= now + 1000:
        message = "Timestamp for this request was 1000ms ahead of the server's time."
        raise BinanceError(400, -1021, message)
    if now - stamp > window:
        raise BinanceError(400, -1021, "Timestamp for this request is outside of the recvWindow.")


def _missing(name: str) -> BinanceError:
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return BinanceError(400, -1102, text)


def account(call: Call) -> AccountPlan:
    """The account of an authenticated call."""
    if call.account is None:
        raise BinanceError(401, -2015, "Invalid API-key, IP, or permissions for action.")
    return call.account


def books(call: Call) -> Books:
    """Books of the caller's account at the instant of the call."""
    return call.world.books(account(call).id, call.at)


def integer(call: Call, name: str, default: int | None = None) -> int:
    """An integer parameter; missing without default, or malformed, is Binance's -1102 or -1100."""
    text = call.params.get(name)
    if text is None:
        if default is None:
            raise _missing(name)
        return default
    if not text.isdigit() or len(text) > 19:
        message = f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
        raise BinanceError(400, -1100, message)
    return int(text)


def limit(call: Call, default: int, maximum: int) -> int:
    """The page size asked for, at most `maximum`."""
    return max(1, min(integer(call, "limit", default), maximum))


def time_span(
    call: Call, *, default: timedelta | None, longest: timedelta, too_long: tuple[int, str]
) -> tuple[int, int]:
    """StartTime and endTime in milliseconds, both inclusive.

    With neither given the last `default` (or everything); with one given, as far as `longest`.
    """
    now = milliseconds(call.at)
    longest_ms = longest // timedelta(milliseconds=1)
    start, end = call.params.get("startTime"), call.params.get("endTime")
    if start is None and end is None:
        return (0 if default is None else now - default // timedelta(milliseconds=1)), now
    if end is None:
        first = integer(call, "startTime")
        return first, first + longest_ms
    last = integer(call, "endTime")
    first = integer(call, "startTime") if start is not None else max(0, last - longest_ms)
    if first > last:
        raise BinanceError(400, -1127, "Start time is greater than end time.")
    if last - first > longest_ms:
        raise BinanceError(400, *too_long)
    return first, last


def symbol_of(instrument: Instrument) -> str:
    """``BTCUSDT``, ``BTCUSD_PERP``, ``BTCUSDT_231229``, ``BTC-231208-42000-C``."""
    if instrument.kind == "option":
        assert instrument.expires_at is not None
        assert instrument.strike is not None
        day, strike = f"{instrument.expires_at:%y%m%d}", plain(instrument.strike)
        return f"{instrument.base}-{day}-{strike}-{instrument.right}"
    if instrument.expires_at is not None:
        return f"{pair_of(instrument)}_{instrument.expires_at:%y%m%d}"
    return f"{pair_of(instrument)}_PERP" if instrument.inverse else pair_of(instrument)


def pair_of(instrument: Instrument) -> str:
    """``BTCUSDT``."""
    return f"{instrument.base}{instrument.quote}"


def listed(call: Call, kind: str) -> list[Instrument]:
    """Instruments that this venue lists: ``spot``, ``swap`` (USD-M), ``coinm`` or ``option``."""
    venue = call.world.scenario.venues[call.venue].prices
    return [item for item in call.world.market.listed(venue) if kind_of(item) == kind]


def kind_of(item: Instrument) -> str:
    """Which of the venue's lists has an instrument; dated futures are on none."""
    return "coinm" if item.inverse and item.kind == "swap" else item.kind


def find_symbol(call: Call, kind: str) -> Instrument:
    """The instrument of the mandatory `symbol` parameter."""
    symbol = call.params.get("symbol")
    if not symbol:
        raise _missing("symbol")
    for item in listed(call, kind):
        if symbol_of(item) == symbol:
            return item
    raise BinanceError(400, -1121, "Invalid symbol.")


def is_between(at: datetime, span: tuple[int, int]) -> bool:
    """Whether an instant lies in a span of milliseconds, both ends included."""
    return span[0] <= milliseconds(at) <= span[1]


def utc_text(at: datetime) -> str:
    """``2026-01-31 08:00:00``."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def page(rows: Sequence[T], size: int, *, newest: bool) -> list[T]:
    """The last `size` rows (newest) or the first, in ascending order."""
    return list(rows[-size:] if newest else rows[:size])


def server_time(call: Call) -> dict[str, int]:
    """GET time."""
    return {"serverTime": milliseconds(call.server_time)}


def ping(_: Call) -> dict[str, str]:
    """GET ping."""
    return {}


def cursorless(params: dict[str, str]) -> dict[str, str]:
    """Parameters without paging cursors (the duplicate-page fault)."""
    return {k: v for k, v in params.items() if k not in ("fromId", "page", "offset", "current")}


def form(body: bytes) -> dict[str, str]:
    """Parameters of a form body."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
