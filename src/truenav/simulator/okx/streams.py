"""OKX's public channel: tickers, marks and indices by subscription, ``ping`` and ``pong`` as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain
from truenav.simulator.okx.public import index_row, ticker_row
from truenav.simulator.okx.rules import TYPE_OF, live_instruments
from truenav.simulator.protocol import ENCODE, Call
from truenav.simulator.streams import News
from truenav.simulator.times import milliseconds

PATH = "/ws/v5/public"
SECONDS = {"mark-price": 10.0, "tickers": 60.0, "index-tickers": 60.0}
"""How often a channel tells a price that stands still."""

_CONNECTION = "a4d3ae55"


class OkxStreams:
    """One client's channels."""

    def __init__(self) -> None:
        self.wanted: dict[tuple[str, str], None] = {}

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """``ping``, subscribe and unsubscribe; each argument is answered by itself."""
        if text == "ping":
            return ["pong"]
        try:
            asked = msgspec.json.decode(text)
            verb = asked["op"]
            wanted = [(str(one["channel"]), str(one["instId"])) for one in asked["args"]]
        except (msgspec.DecodeError, KeyError, TypeError):
            return [_error("60012", f"Invalid request: {text[:200]}")]
        if verb not in ("subscribe", "unsubscribe"):
            return [_error("60012", f"Invalid request: {text[:200]}")]
        return [self._answer(call, verb, channel, name) for channel, name in wanted]

    def _answer(self, call: Call, verb: str, channel: str, name: str) -> bytes:
        if _payload(call, channel, name) is None:
            return _error("60018", f"Wrong URL or channel:{channel},instId:{name} doesn't exist.")
        if verb == "subscribe":
            self.wanted[channel, name] = None
        else:
            self.wanted.pop((channel, name), None)
        arg = {"channel": channel, "instId": name}
        return ENCODE({"event": verb, "arg": arg, "connId": _CONNECTION})

    def news(self, call: Call) -> Iterable[News]:
        """The subscribed channels as they stand now."""
        for channel, name in self.wanted:
            found = _payload(call, channel, name)
            if found is not None and found[1] is not None:
                price, row = found
                payload = {"arg": {"channel": channel, "instId": name}, "data": [row]}
                yield News(f"{channel} {name}", price, SECONDS[channel], payload)


def _error(code: str, message: str) -> bytes:
    return ENCODE({"event": "error", "code": code, "msg": message, "connId": _CONNECTION})


def _payload(call: Call, channel: str, name: str) -> tuple[object, dict[str, Any] | None] | None:
    """Price and row of a channel; None where it does not exist, no row where its price is hidden."""
    if channel == "index-tickers":
        return _index(call, name)
    item = next((one for one in live_instruments(call) if one.id == name), None)
    if item is None or channel not in SECONDS:
        return None
    quote = call.world.quote(item)
    if quote is None:
        return None, None
    if channel == "tickers":
        return quote.last, ticker_row(quote)
    row = {
        "instType": TYPE_OF[item.kind],
        "instId": item.id,
        "markPx": plain(quote.mark),
        "ts": str(milliseconds(quote.at)),
    }
    return quote.mark, row


def _index(call: Call, name: str) -> tuple[object, dict[str, Any] | None] | None:
    base, _, coin = name.partition("-")
    if name == "USDT-USD":
        price = call.world.usd_price(name, call.at)
        return price, index_row(name, price, milliseconds(call.at))
    item: Instrument | None = call.world.market.instruments.get(
        (call.world.scenario.venues[call.venue].prices, f"{base}-USDT")
    )
    if item is None or coin not in ("USD", "USDT"):
        return None
    quote = call.world.quote(item)
    return (
        (None, None) if quote is None else (quote.last, index_row(name, quote.last, milliseconds(quote.at)))
    )
