"""ccxt's exchange on our transport: it signs and parses; we send, wait, archive and judge.

Each request that a method of ccxt makes goes through ``Transport.send``, so budgets, retries, the guard
against private addresses and the evidence are those of every connector. What is written down of a request
are its parameters before signing, less anything that holds a secret.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from truenav.connect.asking import Outgoing, Params
from truenav.connect.cefi.unified import errors
from truenav.connect.cefi.unified.catalogue import Venue
from truenav.connect.cefi.unified.manifest import BUDGET
from truenav.connect.contract import Credentials, Payload
from truenav.connect.errors import MalformedPayloadError, VenueError
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds

RAW = "raw/1"
_TOKEN = re.compile(rb'"\w*(token|jwt)"\s*:\s*"(?!0x)[^"]{20,}"', re.IGNORECASE)
"""What an answer to a log-in holds; a contract's address is none."""
_HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method of ccxt gave, and the answers of the venue that it was made of."""

    value: Any
    heard: tuple[Payload, ...]


@dataclass(slots=True)
class _Hearing:
    """What one call of ccxt heard: answers, and refusals that ccxt may have swallowed."""

    heard: list[Payload] = field(default_factory=list)
    refused: list[VenueError] = field(default_factory=list)


_HEARING: ContextVar[_Hearing | None] = ContextVar("hearing", default=None)


@dataclass(frozen=True, slots=True)
class Wire:
    """Where an exchange's requests go, and what must not be written down of them."""

    venue: Venue
    api: Transport
    secrets: tuple[str, ...]


class _OnTransport:
    """Mixed into a class of ccxt: its own HTTP client is never opened."""

    number = str
    """Numbers stay the text that the venue wrote: ccxt reads some of its own numbers again, which it can from
    text alone; a ``Decimal`` it drops."""
    wire: Wire
    signing_at: datetime | None = None
    """The venue's time as far as it is followed, while a request is signed."""

    def milliseconds(self) -> int:
        """Our clock's time; while a request is signed, the time that it is signed with."""
        return to_milliseconds(self.signing_at or self.wire.api.now())

    def seconds(self) -> int:
        """Our clock's time."""
        return self.milliseconds() // 1000

    def microseconds(self) -> int:
        """Our clock's time."""
        return self.milliseconds() * 1000

    def on_json_response(self, text: str) -> Any:
        """JSON whose fractions stay the digits that the venue wrote, for a float would not keep them."""
        return json.loads(text, parse_float=str)

    def parse_to_numeric(self, number: object) -> int | str:
        """A number as it is, where ccxt would make a float."""
        text = str(number)
        return int(text) if text.removeprefix("-").isdecimal() else text

    async def fetch2(
        self,
        path: str,
        api: Any = "public",
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Any:
        """Ask once for ccxt: signed anew for each attempt, a POST never twice."""
        return await _ask(self, path, api, method, params or {}, config or {})


async def _ask(
    exchange: Any, path: str, api: Any, method: str, params: Mapping[str, Any], config: Mapping[str, Any]
) -> Any:
    wire: Wire = exchange.wire
    sent: dict[str, Any] = {}

    def prepare(now: datetime) -> Outgoing:
        exchange.signing_at = now
        try:
            sent.update(exchange.sign(path, api, method, params))
        finally:
            exchange.signing_at = None
        return _outgoing(exchange, sent, params)

    def judge(status: int, body: bytes) -> VenueError | None:
        return judged(exchange, sent, status, body)

    cost = exchange.calculate_rate_limiter_cost(api, method, path, params, config)
    hearing = _HEARING.get() or _Hearing()
    try:
        payload = await wire.api.send(
            RAW,
            path,
            prepare,
            budget=BUDGET,
            weight=max(1, math.ceil(cost or 1)),
            repeatable=method == "GET",
            judge=judge,
            secret=_is_log_in,
        )
    except VenueError as error:
        hearing.refused.append(error)
        raise
    if not _is_log_in(payload.body):
        hearing.heard.append(payload)
    text = _text(payload.body)
    found = exchange.parse_json(text)
    return text if found is None else found


def _is_log_in(body: bytes) -> bool:
    return _TOKEN.search(body) is not None


def _outgoing(exchange: Any, sent: Mapping[str, Any], params: Mapping[str, Any]) -> Outgoing:
    """What ccxt signed, sent to the connection's own address where it has one."""
    wire: Wire = exchange.wire
    url, body = _moved(sent["url"], wire.api.base_url), sent["body"]
    if body is not None and not isinstance(body, str | bytes):
        raise VenueError("a form of several parts is not sent; this is no request that reads.")
    return Outgoing(
        method=sent["method"],
        url=url,
        shown=_without(wire.secrets, url.partition("?")[0]),
        params=_shown(params, wire.secrets),
        headers={
            name: str(value) for name, value in exchange.prepare_request_headers(sent["headers"]).items()
        },
        body=body.encode() if isinstance(body, str) else body,
    )


def _moved(url: str, base_url: str | None) -> str:
    if base_url is None:
        return url
    parts = urlsplit(url)
    return f"{base_url.rstrip('/')}{parts.path}{'?' if parts.query else ''}{parts.query}"


def _shown(params: Any, secrets: tuple[str, ...]) -> Params:
    """Parameters as they were before signing; what holds a secret is hidden."""
    if not isinstance(params, Mapping):
        return (("body", _without(secrets, json.dumps(params, default=str))),)
    return tuple((str(name), _without(secrets, _as_text(value))) for name, value in params.items())


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _without(secrets: tuple[str, ...], text: str) -> str:
    for one in secrets:
        text = text.replace(one, _HIDDEN)
    return text


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace").strip()


def judged(exchange: Any, sent: Mapping[str, Any], status: int, body: bytes) -> VenueError | None:
    """What ccxt thinks of an answer, as ours; None where it is one."""
    text = _text(body)
    if text.startswith("<"):
        return MalformedPayloadError(f"status {status}: an HTML or XML page came instead of JSON.")
    found = exchange.parse_json(text)
    request = (sent["url"], sent["method"])
    try:
        exchange.handle_errors(status, "", *request, {}, text, found, sent["headers"] or {}, sent["body"])
        if status >= 400:
            exchange.handle_http_status_code(status, "", *request, text)
            return errors.refusal(exchange.id, status, body, VenueError(""))
    except Exception as error:
        return errors.refusal(exchange.id, status, body, error)
    return None


@cache
def _exchange_class(venue: str) -> Any:
    """Ccxt's class of a venue on our transport; the first call loads ccxt, which takes seconds."""
    found = getattr(importlib.import_module("ccxt.async_support"), venue)
    return type(venue, (_OnTransport, found), {})


def load(venue: str) -> None:
    """Load ccxt's class of a venue; to be called outside of the event loop's thread."""
    _exchange_class(venue)


@dataclass(frozen=True, slots=True)
class Listing:
    """A venue's markets as ccxt holds them, in an exchange that asks nothing and knows no transport."""

    exchange: Any


class UnifiedClient:
    """Calls ccxt's methods for one key, or without one for public data."""

    def __init__(self, venue: Venue, api: Transport, credentials: Credentials | None = None) -> None:
        given = _given(venue, credentials)
        self.venue = venue
        self.api = api
        self.exchange: Any = _exchange_class(venue.id)({"enableRateLimit": False, **given})
        secrets = tuple(value for name, value in given.items() if value and name != "walletAddress")
        self.exchange.wire = Wire(venue, api, secrets)

    def listing(self) -> Listing:
        """The markets that this client has loaded."""
        kept = _exchange_class(self.venue.id)({"enableRateLimit": False})
        kept.set_markets_from_exchange(self.exchange)
        return Listing(kept)

    def know(self, listing: Listing) -> None:
        """Take markets that another client of the venue loaded."""
        self.exchange.set_markets_from_exchange(listing.exchange)

    def has(self, method: str) -> bool:
        """Whether ccxt can read this of the venue."""
        return method in self.venue.has

    async def call(self, method: str, *arguments: Any) -> Answer:
        """One method of ccxt, with the answers that it was made of.

        Raises ``VenueError``: what an answer was refused for, also where ccxt went on without it, for the
        rest would be taken for the whole; or what ccxt raised by itself.
        """
        hearing = _Hearing()
        token = _HEARING.set(hearing)
        try:
            value = await getattr(self.exchange, method)(*arguments)
        except VenueError:
            raise
        except Exception as error:
            raise _fault(error, method) from None
        finally:
            _HEARING.reset(token)
        if hearing.refused:
            raise hearing.refused[0]
        return Answer(value, tuple(hearing.heard))


def _fault(error: Exception, method: str) -> VenueError:
    """A refusal of ccxt's own, or an answer that it stumbled over."""
    if any(parent.__module__ == "ccxt.base.errors" for parent in type(error).__mro__):
        return errors.without_answer(error)
    return MalformedPayloadError(f"ccxt's {method} cannot read the answer ({type(error).__name__}).")


def _given(venue: Venue, credentials: Credentials | None) -> dict[str, str]:
    """Credentials by ccxt's names."""
    if credentials is None:
        return {}
    return {theirs: getattr(credentials, ours) for ours, theirs in venue.credentials.items()}
