"""Streams of Binance that tell an account's changes: the WebSocket API's, and listen keys' for futures."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from truenav.connect.asking import Outgoing, always
from truenav.connect.cefi.binance.client import RECEIVE_WINDOW_MS
from truenav.connect.cefi.binance.errors import refusal
from truenav.connect.cefi.binance.portfolio import parts_left
from truenav.connect.contract import AccountStream, Credentials, Entry, Heard, StreamPlan
from truenav.connect.document import Node, read_json
from truenav.connect.errors import VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds

API_PATH = "/ws-api/v3"
API_SILENCE = 60.0
KEY_SILENCE = 3600.0
"""Nothing comes while nothing happens. That the connection lives is asked below its messages, every 20 s."""
RENEW_KEY = 30 * 60.0
"""A listen key holds for 60 minutes."""
RENEW_TOKEN = 12 * 3600.0
"""A listen token holds for 24 hours, as long as a connection."""
_SUBSCRIBE = 1
_PING = '{"id":0,"method":"ping"}'
_ENDS = ("listenKeyExpired", "eventStreamTerminated", "serverShutdown")
_NEWS = {
    "outboundAccountPosition": "balance",
    "balanceUpdate": "balance",
    "externalLockUpdate": "balance",
    "executionReport": "order",
    "listStatus": "order",
    "ACCOUNT_UPDATE": "balance",
    "BALANCE_POSITION_UPDATE": "position",
    "ORDER_TRADE_UPDATE": "order",
    "TRADE_LITE": "order",
    "MARGIN_CALL": "margin call",
}


@dataclass(frozen=True, slots=True)
class ListenKey:
    """Where a key that opens a stream is made and kept alive, its field in the answer, and its budget."""

    host: str
    path: str
    field: str
    budget: str


_PERIODIC = ("ACCOUNT_UPDATE",)
"""Options tell this every ten seconds, and what changed by an event of its own."""

USDM_KEY = ListenKey("usdm", "/fapi/v1/listenKey", "listenKey", "usdm")
COINM_KEY = ListenKey("coinm", "/dapi/v1/listenKey", "listenKey", "coinm")
OPTIONS_KEY = ListenKey("options", "/eapi/v1/listenKey", "listenKey", "options")
PORTFOLIO_KEY = ListenKey("portfolio", "/papi/v1/listenKey", "listenKey", "portfolio")
MARGIN_TOKEN = ListenKey("spot", "/sapi/v1/userListenToken", "token", "wallet")


def account_streams(wallets: Collection[str]) -> tuple[AccountStream, ...]:
    """One stream for each wallet; of funding, earn and isolated margin the venue tells nothing.

    Portfolio margin takes the place of its parts.
    """
    told = parts_left(wallets)
    found: Mapping[str, AccountStream] = {
        "spot": ApiStream(),
        "margin": ApiStream(MARGIN_TOKEN),
        "usdm": KeyStream(USDM_KEY, "usdm", "/private/ws"),
        "coinm": KeyStream(COINM_KEY, "coinm", "/ws"),
        "options": KeyStream(OPTIONS_KEY, "usdm", "/private/ws", quiet=_PERIODIC),
        "portfolio": KeyStream(PORTFOLIO_KEY, "usdm", "/pm/ws"),
    }
    return tuple(stream for wallet, stream in found.items() if wallet in told)


class ApiStream:
    """Orders and balances by the WebSocket API, subscribed to by signature or, for margin, with a token."""

    plan = StreamPlan(PRIVATE, "account", API_PATH, (), API_SILENCE, ping=_PING)

    def __init__(self, token: ListenKey | None = None) -> None:
        self.renewal = math.inf if token is None else RENEW_TOKEN
        self._token = token

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Subscribe, which logs in."""
        return Entry(API_PATH, await self.renew(api, credentials))

    def hear(self, message: bytes) -> Heard:
        """The answer to the subscription, and news."""
        told = read_json(message)
        event = told.maybe("event")
        if event is not None:
            return _heard(event)
        error = told.maybe("error")
        if error is not None:
            code = {"code": error.text("code"), "msg": error.text_or("msg")}
            raise refusal(400, json.dumps(code).encode()) or error.wrong("an error without a code")
        return Heard(standing=told.text_or("id") == str(_SUBSCRIBE))

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """Subscribe with a new token before the old one ends; a signature holds as long as its connection."""
        if self._token is None:
            params = _signed(credentials, api.now() + api.gate.clock_offset)
            return (_ask("userDataStream.subscribe.signature", params),)
        token = await _listen_key(api, credentials, self._token, "POST")
        return (_ask("userDataStream.subscribe.listenToken", {"listenToken": token}),)


class KeyStream:
    """Orders, balances and positions of a wallet behind a listen key; ``quiet`` events are no news."""

    renewal = RENEW_KEY

    def __init__(self, key: ListenKey, stream: str, path: str, *, quiet: tuple[str, ...] = ()) -> None:
        self.plan = StreamPlan(PRIVATE, stream, path, (), KEY_SILENCE)
        self._key = key
        self._quiet = quiet

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Ask for the key, which is the log-in; nothing else is confirmed."""
        key = await _listen_key(api, credentials, self._key, "POST")
        return Entry(f"{self.plan.path}/{quote(key, safe='')}", standing=True)

    def hear(self, message: bytes) -> Heard:
        """News, wrapped or not."""
        told = read_json(message)
        event = told.maybe("data") or told
        return Heard() if event.text_or("e") in self._quiet else _heard(event)

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """Have the key live on; where the venue knows it no more, the stream is opened with a new one."""
        await _listen_key(api, credentials, self._key, "PUT")
        return ()


def _heard(event: Node) -> Heard:
    """Whatever a private stream tells is news, but its end; what is unknown may be of the account, too."""
    name = event.text_or("e")
    if name in _ENDS:
        raise VenueUnavailableError(f"binance ends this stream ({name}); it is opened anew.")
    return Heard(news=_NEWS.get(name, name))


def _signed(credentials: Credentials, now: datetime) -> dict[str, str | int]:
    """The WebSocket API's signature: HMAC-SHA256 of the parameters by name, in hexadecimal."""
    params: dict[str, str | int] = {
        "apiKey": credentials.key,
        "recvWindow": RECEIVE_WINDOW_MS,
        "timestamp": to_milliseconds(now),
    }
    text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    digest = hmac.new(credentials.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {**params, "signature": digest}


def _ask(method: str, params: Mapping[str, object]) -> str:
    return json.dumps({"id": _SUBSCRIBE, "method": method, "params": params}, separators=(",", ":"))


async def _listen_key(api: Transport, credentials: Credentials, key: ListenKey, method: str) -> str:
    """A listen key or token, made anew or kept alive; empty where the venue does not repeat it.

    Asking twice gives the same, so it may be repeated. The answer is a secret and not archived.
    """
    url = (api.base_url or api.manifest.hosts[key.host]).rstrip("/") + key.path

    def prepare(now: datetime) -> Outgoing:
        del now
        return Outgoing(method, url, url, headers={"X-MBX-APIKEY": credentials.key})

    answer = await api.send(PRIVATE, key.path, prepare, budget=key.budget, repeatable=True, secret=always)
    told = read_json(answer.body)
    return told.text(key.field) if method == "POST" else told.text_or(key.field)
