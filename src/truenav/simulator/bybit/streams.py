"""Bybit's public streams: tickers by subscription, one address for each product."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from truenav.simulator.bybit.public import ticker
from truenav.simulator.bybit.rules import CATEGORIES, live_instruments, symbol_of
from truenav.simulator.market import Instrument
from truenav.simulator.protocol import ENCODE, Call
from truenav.simulator.streams import News
from truenav.simulator.times import milliseconds

PATHS = tuple(f"/v5/public/{name}" for name in CATEGORIES)
SECONDS = 10.0
"""How often a topic tells a price that stands still."""
_CONNECTION = "cs8q1v3u"


class BybitStreams:
    """One client's topics."""

    def __init__(self, path: str) -> None:
        self.product = path.rpartition("/")[2]
        self.wanted: dict[str, None] = {}

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """``ping``, subscribe and unsubscribe; a message with an unknown topic is refused as a whole."""
        try:
            asked = msgspec.json.decode(text)
            verb, topics = asked["op"], [str(one) for one in asked.get("args", [])]
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return [_said("", success=False, message="error:json unmarshal")]
        if verb == "ping":
            return [_said("ping", message="pong")]
        if verb not in ("subscribe", "unsubscribe"):
            return [_said(str(verb), success=False, message="error:unknown op")]
        for topic in topics:
            if self._market(call, topic) is None:
                return [_said(verb, success=False, message=f"error:handler not found,topic:{topic}")]
        for topic in topics:
            if verb == "subscribe":
                self.wanted[topic] = None
            else:
                self.wanted.pop(topic, None)
        return [_said(verb)]

    def news(self, call: Call) -> Iterable[News]:
        """The subscribed topics as they stand now."""
        for topic in self.wanted:
            item = self._market(call, topic)
            quote = None if item is None else call.world.quote(item)
            if quote is not None:
                told = quote.last if quote.instrument.kind == "spot" else quote.mark
                payload = {
                    "topic": topic,
                    "type": "snapshot",
                    "data": ticker(quote),
                    "ts": milliseconds(quote.at),
                }
                yield News(topic, told, SECONDS, payload)

    def _market(self, call: Call, topic: str) -> Instrument | None:
        channel, _, name = topic.partition(".")
        if channel != "tickers":
            return None
        items = live_instruments(call, self.product)
        return next((item for item in items if symbol_of(item) == name), None)


def _said(verb: str, *, success: bool = True, message: str = "") -> bytes:
    answer: dict[str, Any] = {"success": success, "ret_msg": message, "conn_id": _CONNECTION, "op": verb}
    return ENCODE(answer)
