"""Channels of Bitget: tickers of pairs and of contracts, and those that tell an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence

from truenav.connect.cefi.bitget.answers import CROSS, ISOLATED, PRODUCTS, SPOT, VENUE
from truenav.connect.cefi.bitget.client import signature
from truenav.connect.cefi.bitget.errors import stream_refusal
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import read_json
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport
from truenav.core.asset import USDC, USDT
from truenav.core.clock import to_milliseconds
from truenav.core.instrument import Instrument, InstrumentKind

SILENCE = 30.0
_A_MESSAGE = 50
_A_STREAM = 450
"""Topics of one connection, subscribed to in fewer messages than the venue takes in a second."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """Streams that follow the tickers of these instruments."""
    ours = (one for one in context.instruments.instruments.values() if one.venue == VENUE)
    topics = sorted((_type(one), one.code) for one in ours)
    return tuple(_plan(topics[n : n + _A_STREAM]) for n in range(0, len(topics), _A_STREAM))


def _plan(topics: Sequence[tuple[str, str]]) -> StreamPlan:
    parts = (topics[n : n + _A_MESSAGE] for n in range(0, len(topics), _A_MESSAGE))
    hello = tuple(_subscription(part) for part in parts)
    return StreamPlan("stream/1", "public", "/v2/ws/public", hello, SILENCE, ping="ping", pong="pong")


def _subscription(topics: Sequence[tuple[str, str]]) -> str:
    args = [{"instType": kind, "channel": "ticker", "instId": code} for kind, code in topics]
    return _say("subscribe", args)


def _type(terms: Instrument) -> str:
    """The venue's name of the product that a market belongs to."""
    usdt, usdc, coin = (one.type for one in PRODUCTS)
    if terms.kind is InstrumentKind.SPOT:
        return "SPOT"
    return {USDT: usdt, USDC: usdc}.get(terms.settle, coin)


_OF_PRODUCT: Mapping[str, str] = {
    "account": "coin",
    "positions": "instId",
    "orders": "instId",
    "fill": "instId",
}
"""Channels of a futures product, and what each is asked for, which is always ``default``."""
_OF_SPOT: Mapping[str, str] = {"account": "coin", "orders": "instId", "fill": "instId"}
_NEWS = {
    "account": "balance",
    "account-crossed": "balance",
    "account-isolated": "balance",
    "positions": "position",
    "orders": "order",
    "fill": "fill",
}
Channel = tuple[tuple[str, str], ...]


def account_streams(wallets: Collection[str]) -> tuple[BitgetAccountStream, ...]:
    """One stream of all wallets that the venue tells changes of; of funding and earn it tells none."""
    channels = [_channel("SPOT", name, by) for name, by in _OF_SPOT.items() if SPOT in wallets]
    for one in PRODUCTS:
        if one.wallet in wallets:
            channels += [_channel(one.type, name, by) for name, by in _OF_PRODUCT.items()]
    margins = ((CROSS, "account-crossed"), (ISOLATED, "account-isolated"))
    channels += [_channel("MARGIN", name, "coin") for wallet, name in margins if wallet in wallets]
    return (BitgetAccountStream(tuple(channels)),) if channels else ()


def _channel(kind: str, name: str, by: str) -> Channel:
    return (("instType", kind), ("channel", name), (by, "default"))


class BitgetAccountStream:
    """Channels of an account, subscribed to after the log-in; each is confirmed by itself."""

    plan = StreamPlan(PRIVATE, "public", "/v2/ws/private", (), SILENCE, ping="ping", pong="pong")
    renewal = math.inf

    def __init__(self, channels: tuple[Channel, ...]) -> None:
        self._channels = channels
        self._waiting: set[tuple[str, str]] = set()

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Log in by signature, which holds for half a minute."""
        self._waiting = {(dict(one)["instType"], dict(one)["channel"]) for one in self._channels}
        stamp = str(to_milliseconds(api.now() + api.gate.clock_offset) // 1000)
        login = {
            "apiKey": credentials.key,
            "passphrase": credentials.passphrase,
            "timestamp": stamp,
            "sign": signature(credentials, f"{stamp}GET/user/verify"),
        }
        return Entry(self.plan.path, (_say("login", [login]),))

    def hear(self, message: bytes) -> Heard:
        """Answers to the log-in and the subscriptions, and news of the channels."""
        told = read_json(message)
        match told.text_or("event"):
            case "login" if told.text_or("code", "0") == "0":
                return Heard(say=(_say("subscribe", [dict(one) for one in self._channels]),))
            case "subscribe":
                topic = told.field("arg")
                self._waiting.discard((topic.text("instType"), topic.text("channel")))
                return Heard(standing=not self._waiting)
            case "login" | "error":
                raise stream_refusal(told)
            case "":
                channel = told.field("arg").text("channel")
                told.field("data").items()
                return Heard(news=_NEWS.get(channel, channel))
        return Heard()

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A log-in holds as long as its connection."""
        del api, credentials
        return ()


def _say(verb: str, args: Sequence[Mapping[str, str]]) -> str:
    return json.dumps({"op": verb, "args": args}, separators=(",", ":"))
