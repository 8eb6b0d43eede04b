"""Channels of Gate that tell an account's changes: one stream for spot, one for perpetuals in USDT."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass, field

from truenav.connect.cefi.gate import client as gate
from truenav.connect.cefi.gate.answers import FUTURES, MARGIN, SPOT, UNIFIED
from truenav.connect.cefi.gate.client import GateClient
from truenav.connect.contract import Credentials, Entry, Heard, StreamPlan
from truenav.connect.document import Node, read_json
from truenav.connect.errors import KeyRevokedError, VenueError, VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds

_SILENCE = 45.0
_PING_SECONDS = 15.0
_ALL = "!all"
_BAD_KEY = "4"
_NEWS = {
    "balances": "balance",
    "margin_balances": "balance",
    "positions": "position",
    "orders": "order",
    "usertrades": "fill",
}
_SPOT_PLAN = StreamPlan(PRIVATE, "spot", "/ws/v4/", (), _SILENCE)
_FUTURES_PLAN = StreamPlan(PRIVATE, "futures", "/v4/ws/usdt", (), _SILENCE)
_OF_FUTURES = ("balances", "positions", "orders", "usertrades")


def account_streams(wallets: Collection[str]) -> tuple[GateAccountStream, ...]:
    """What is told of the account's wallets; of other contracts and of lending the venue is asked."""
    spot = ["balances", "orders", "usertrades"] if {SPOT, UNIFIED} & set(wallets) else []
    if MARGIN in wallets:
        spot.append("margin_balances")
    streams = [GateAccountStream(_SPOT_PLAN, "spot", tuple(spot))] if spot else []
    if {FUTURES, UNIFIED} & set(wallets):
        streams.append(GateAccountStream(_FUTURES_PLAN, "futures", _OF_FUTURES))
    return tuple(streams)


@dataclass(slots=True)
class GateAccountStream:
    """Channels of one product; each subscription is signed and confirmed by itself.

    The venue keeps a connection that is asked for a sign of life now and then, with the time in it.
    """

    plan: StreamPlan
    product: str
    channels: tuple[str, ...]
    renewal: float = _PING_SECONDS
    _waiting: set[str] = field(default_factory=set)

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Sign all subscriptions; those of contracts name whose they are."""
        self._waiting = {f"{self.product}.{name}" for name in self.channels}
        owner = [_ALL]
        if self.product == "futures":
            detail = await GateClient(api, credentials).get(gate.DETAIL)
            owner = [read_json(detail.body).text("user_id"), _ALL]
        stamp = _seconds(api)
        hello = tuple(_subscription(credentials, stamp, name, owner) for name in sorted(self._waiting))
        return Entry(self.plan.path, hello)

    def hear(self, message: bytes) -> Heard:
        """Answers to the subscriptions, news of the channels, and signs of life."""
        told = read_json(message)
        refused = told.maybe("error")
        if refused is not None:
            raise _refusal(refused)
        channel = told.text("channel")
        if told.text_or("event") == "subscribe":
            self._waiting.discard(channel)
            return Heard(standing=not self._waiting)
        if told.text_or("event") == "update":
            name = channel.partition(".")[2]
            return Heard(news=_NEWS.get(name, name))
        return Heard()

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A sign of life, which the venue answers."""
        del credentials
        return (_say({"time": _seconds(api), "channel": f"{self.product}.ping"}),)


def _subscription(credentials: Credentials, stamp: int, channel: str, payload: list[str]) -> str:
    text = f"channel={channel}&event=subscribe&time={stamp}"
    digest = hmac.new(credentials.secret.encode(), text.encode(), hashlib.sha512).hexdigest()
    auth = {"method": "api_key", "KEY": credentials.key, "SIGN": digest}
    return _say({"time": stamp, "channel": channel, "event": "subscribe", "payload": payload, "auth": auth})


def _refusal(error: Node) -> VenueError:
    code, message = error.text_or("code"), error.text_or("message")[:200]
    if code == _BAD_KEY:
        return KeyRevokedError(f"gate: the stream does not accept the key ({code}: {message}).", code=code)
    return VenueUnavailableError(f"gate: the stream refuses a channel ({code}: {message}).", code=code)


def _seconds(api: Transport) -> int:
    return to_milliseconds(api.now() + api.gate.clock_offset) // 1000


def _say(what: dict[str, object]) -> str:
    return json.dumps(what, separators=(",", ":"))
