"""Kraken's streams: tickers of pairs, and what tells an account's changes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from truenav.connect.asking import always
from truenav.connect.cefi.kraken import client as kraken
from truenav.connect.cefi.kraken.client import KrakenClient
from truenav.connect.cefi.kraken.errors import named
from truenav.connect.cefi.kraken.names import VENUE, stream_name
from truenav.connect.cefi.kraken.notes import result
from truenav.connect.contract import Credentials, Entry, Heard, ParseContext, StreamPlan
from truenav.connect.document import read_json
from truenav.connect.news import PRIVATE
from truenav.connect.transport import Transport

SILENCE = 15.0
"""A heartbeat comes each second."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The public stream, where it has something to follow; each pair is asked for by itself.

    A pair that is listed no more then refuses its own message only.
    """
    pairs = (one for one in context.instruments.instruments.values() if one.venue == VENUE)
    names = sorted({name for one in pairs if (name := stream_name(one)) is not None})
    if not names:
        return ()
    return (StreamPlan("stream.ticker/1", "public", "/v2", tuple(map(_hello, names)), SILENCE),)


def _hello(name: str) -> str:
    return _subscribe({"channel": "ticker", "symbol": [name], "event_trigger": "trades"})


def _subscribe(params: Mapping[str, object]) -> str:
    return json.dumps({"method": "subscribe", "params": params}, separators=(",", ":"))


_CHANNELS: Mapping[str, Mapping[str, object]] = {
    "executions": {"snap_orders": False, "snap_trades": False},
    "balances": {"snapshot": False},
}
_NEWS = {"executions": "order", "balances": "balance"}


class KrakenAccountStream:
    """Orders with their fills, those on margin too, and each movement of a balance.

    A request gives the token that the subscriptions carry; it is good for as long as the connection stands.
    """

    plan = StreamPlan(PRIVATE, "private", "/v2", (), SILENCE)
    renewal = math.inf

    def __init__(self) -> None:
        self._waiting: set[str] = set()

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Ask for a token, which is a secret, and subscribe with it."""
        answer = await KrakenClient(api, credentials).private(kraken.TOKEN, secret=always)
        token, self._waiting = result(answer).text("token"), set(_CHANNELS)
        said = ({"channel": name, **more, "token": token} for name, more in _CHANNELS.items())
        return Entry(self.plan.path, tuple(map(_subscribe, said)))

    def hear(self, message: bytes) -> Heard:
        """Confirmations of the subscriptions, and news of the channels."""
        told = read_json(message)
        if told.flag("success") is False:
            raise named(told.text_or("error")[:200])
        if told.text_or("method") == "subscribe":
            self._waiting.discard(told.field("result").text("channel"))
            return Heard(standing=not self._waiting)
        channel = told.text_or("channel")
        if channel not in _NEWS or told.text_or("type") == "snapshot":
            return Heard()
        told.field("data").items()
        return Heard(news=_NEWS[channel])

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """A subscription holds as long as its connection."""
        del api, credentials
        return ()
