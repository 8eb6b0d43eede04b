"""Channels of OKX: tickers of spot, marks of contracts, and those that tell an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping

from truenav.connect.cefi.okx.client import signature
from truenav.connect.cefi.okx.errors import stream_refusal
from truenav.connect.cefi.okx.manifest import MANIFEST
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import read_json
from truenav.connect.errors import VenueUnavailableError
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds
from truenav.core.instrument import InstrumentKind

CHANNELS_A_MESSAGE = 100
SILENCE = 20.0


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The public channel, where it has something to follow."""
    channels = sorted(
        ("tickers" if one.kind is InstrumentKind.SPOT else "mark-price", one.code)
        for one in context.instruments.instruments.values()
        if one.venue == MANIFEST.name
    )
    if not channels:
        return ()
    args = [{"channel": channel, "instId": name} for channel, name in channels]
    hello = tuple(
        json.dumps(
            {"op": "subscribe", "args": args[start : start + CHANNELS_A_MESSAGE]}, separators=(",", ":")
        )
        for start in range(0, len(args), CHANNELS_A_MESSAGE)
    )
    path = "/ws/v5/public"
    return (StreamPlan("stream.public/1", "public", path, hello, SILENCE, ping="ping", pong="pong"),)


_CHANNELS: Mapping[str, Mapping[str, str]] = {
    "account": {"extraParams": '{"updateInterval":"0"}'},
    "positions": {"instType": "ANY", "extraParams": '{"updateInterval":"0"}'},
    "orders": {"instType": "ANY"},
    "liquidation-warning": {"instType": "ANY"},
}
"""Told as they change only: by itself OKX repeats balances and positions every five seconds."""
_FUNDING: Mapping[str, Mapping[str, str]] = {"deposit-info": {}, "withdrawal-info": {}}
_NEWS = {
    "account": "balance",
    "positions": "position",
    "orders": "order",
    "liquidation-warning": "margin call",
    "deposit-info": "deposit",
    "withdrawal-info": "withdrawal",
}


def account_streams(wallets: Collection[str]) -> tuple[OkxAccountStream, ...]:
    """One stream of the trading account, one of what enters and leaves the funding account."""
    streams = []
    if "trading" in wallets:
        streams.append(OkxAccountStream("/ws/v5/private", _CHANNELS))
    if "funding" in wallets:
        streams.append(OkxAccountStream("/ws/v5/business", _FUNDING))
    return tuple(streams)


class OkxAccountStream:
    """Channels of an account, subscribed to after the log-in; each is confirmed by itself."""

    renewal = math.inf

    def __init__(self, path: str, channels: Mapping[str, Mapping[str, str]]) -> None:
        self.plan = StreamPlan(PRIVATE, "public", path, (), SILENCE, ping="ping", pong="pong")
        self._channels = channels
        self._waiting: set[str] = set()

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Log in by signature."""
        self._waiting = set(self._channels)
        stamp = str(to_milliseconds(api.now() + api.gate.clock_offset) // 1000)
        login = {
            "apiKey": credentials.key,
            "passphrase": credentials.passphrase,
            "timestamp": stamp,
            "sign": signature(credentials, f"{stamp}GET/users/self/verify"),
        }
        return Entry(self.plan.path, (_say("login", [login]),))

    def hear(self, message: bytes) -> Heard:
        """Answers to the log-in and the subscriptions, and news of the channels."""
        told = read_json(message)
        match told.text_or("event"):
            case "login" if told.text_or("code") == "0":
                args = [{"channel": name, **more} for name, more in self._channels.items()]
                return Heard(say=(_say("subscribe", args),))
            case "subscribe":
                self._waiting.discard(told.field("arg").text("channel"))
                return Heard(standing=not self._waiting)
            case "login" | "error" | "channel-conn-count-error":
                raise stream_refusal(told)
            case "notice":
                raise VenueUnavailableError("okx ends this stream for maintenance; it is opened anew.")
            case "":
                channel = told.field("arg").text("channel")
                told.field("data").items()
                return Heard(news=_NEWS.get(channel, channel))
        return Heard()

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A log-in holds as long as its connection."""
        del api, credentials
        return ()


def _say(verb: str, args: list[dict[str, str]]) -> str:
    return json.dumps({"op": verb, "args": args}, separators=(",", ":"))
