"""Streams of Coinbase: tickers of pairs and contracts; an account's orders. Each has a heartbeat a second."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from datetime import datetime

from truenav.connect.cefi.coinbase.answers import FUTURES, SPOT, VENUE, rows
from truenav.connect.cefi.coinbase.errors import stream_refusal
from truenav.connect.cefi.coinbase.keys import stream_token
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport

SILENCE = 20.0
_TOGETHER = 100
"""Markets of one subscription."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """One stream of all markets; the heartbeat keeps it from closing where nothing is traded."""
    codes = sorted(one.code for one in context.instruments.instruments.values() if one.venue == VENUE)
    if not codes:
        return ()
    parts = (codes[start : start + _TOGETHER] for start in range(0, len(codes), _TOGETHER))
    hello = (_subscribe("heartbeats"), *(_subscribe("ticker", part) for part in parts))
    return (StreamPlan("stream.ticker/1", "public", "/", hello, SILENCE),)


def account_streams(wallets: Collection[str]) -> tuple[CoinbaseAccountStream, ...]:
    """One stream of the orders of pairs and futures; of what is staked the venue tells nothing."""
    return (CoinbaseAccountStream(),) if {SPOT, FUTURES} & set(wallets) else ()


class CoinbaseAccountStream:
    """Orders as they change, and so what they fill; positions, told with every price, are no news."""

    plan = StreamPlan(PRIVATE, "private", "/", (), SILENCE)
    renewal = math.inf

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Subscribe with a token each, which is looked at once."""
        now: datetime = api.now() + api.gate.clock_offset
        channels = ("heartbeats", _USER)
        return Entry("/", tuple(_subscribe(one, jwt=stream_token(credentials, now)) for one in channels))

    def hear(self, message: bytes) -> Heard:
        """What is subscribed to, heartbeats, and orders: all of them at first, then those that change."""
        told = read_json(message)
        if told.text_or("type") == "error":
            raise stream_refusal(told.text_or("message"))
        channel, events = told.text("channel"), rows(told, "events")
        if channel == "subscriptions":
            return Heard(standing=any(_has(event.maybe("subscriptions"), _USER) for event in events))
        if channel != _USER:
            return Heard()
        changed = any(event.text("type") == "update" and rows(event, "orders") for event in events)
        return Heard(news="order" if changed else "")

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A subscription holds as long as its connection."""
        del api, credentials
        return ()


_USER = "user"


def _has(node: Node | None, name: str) -> bool:
    return node is not None and node.maybe(name) is not None


def _subscribe(channel: str, codes: list[str] | None = None, *, jwt: str = "") -> str:
    more = {**({"product_ids": codes} if codes else {}), **({"jwt": jwt} if jwt else {})}
    return json.dumps({"type": "subscribe", "channel": channel, **more}, separators=(",", ":"))
