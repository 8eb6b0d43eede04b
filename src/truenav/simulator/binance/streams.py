"""Binance market streams: mini tickers (spot) and marks (futures), raw at ``/ws`` or combined at ``/stream``.

Names of streams that nothing is published of are accepted and stay silent, as at the venue.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from truenav.simulator.binance.rules import listed, symbol_of
from truenav.simulator.market import FUNDING_INTERVAL
from truenav.simulator.numbers import fixed
from truenav.simulator.protocol import ENCODE, Call
from truenav.simulator.streams import News
from truenav.simulator.times import milliseconds
from truenav.simulator.world import Quote

PATHS = ("/stream", "/ws", "/market/stream", "/market/ws")
MINI, MARK = "miniTicker", "markPrice"
SECONDS = 1.0
_INTERVAL_MS = FUNDING_INTERVAL // timedelta(milliseconds=1)


def speaks(path: str) -> bool:
    """Whether a path is one of Binance's streams."""
    return any(path == known or path.startswith(f"{known}/") for known in PATHS)


class BinanceStreams:
    """One client's streams."""

    def __init__(self, path: str, query: str) -> None:
        self.combined = path.endswith("/stream")
        named = dict(parse_qsl(query)).get("streams", "") if self.combined else path.partition("/ws/")[2]
        self.names = [name for name in named.split("/") if name]

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS."""
        del call
        try:
            asked = msgspec.json.decode(text)
            method, number = asked["method"], asked["id"]
            names = [str(name) for name in asked.get("params", ())]
        except (msgspec.DecodeError, KeyError, TypeError):
            return [ENCODE({"error": {"code": 3, "msg": "Invalid JSON: expected value"}})]
        if method == "SUBSCRIBE":
            self.names = list(dict.fromkeys((*self.names, *names)))
        elif method == "UNSUBSCRIBE":
            self.names = [name for name in self.names if name not in names]
        elif method == "LIST_SUBSCRIPTIONS":
            return [ENCODE({"result": self.names, "id": number})]
        else:
            return [ENCODE({"error": {"code": 2, "msg": f"Invalid request: unknown variant {method}"}})]
        return [ENCODE({"result": None, "id": number})]

    def news(self, call: Call) -> Iterable[News]:
        """The subscribed streams as they stand now."""
        for name in self.names:
            prices, payload = _told(call, name)
            if prices:
                told = {"stream": name, "data": payload} if self.combined else payload
                yield News(name, prices, SECONDS, told)


def _told(call: Call, name: str) -> tuple[tuple[object, ...], Any]:
    """What a stream tells, and the prices in it, by which a change is known."""
    symbol, _, rest = name.partition("@")
    channel = rest.partition("@")[0]
    if name in (f"!{MINI}@arr", f"!{MARK}@arr", f"!{MARK}@arr@1s"):
        channel, wanted = symbol.removeprefix("!"), None
    elif rest in (MINI, MARK, f"{MARK}@1s"):
        wanted = symbol.upper()
    else:
        return (), None
    kind = "spot" if channel == MINI else "coinm" if wanted and "_" in wanted else "swap"
    quotes = [
        quote
        for item in listed(call, kind)
        if wanted in (None, symbol_of(item)) and (quote := call.world.quote(item)) is not None
    ]
    rows = [_mini(quote) if kind == "spot" else _mark(call, quote) for quote in quotes]
    prices = tuple((quote.last, quote.mark, quote.index) for quote in quotes)
    return prices, rows if wanted is None else rows[0] if rows else None


def _mini(quote: Quote) -> dict[str, Any]:
    return {
        "e": "24hrMiniTicker",
        "E": milliseconds(quote.at),
        "s": symbol_of(quote.instrument),
        "c": fixed(quote.last),
        "o": fixed(quote.open_24h),
        "h": fixed(quote.high_24h),
        "l": fixed(quote.low_24h),
        "v": fixed(quote.volume_24h),
        "q": fixed(quote.volume_24h * quote.last),
    }


def _mark(call: Call, quote: Quote) -> dict[str, Any]:
    item = quote.instrument
    rate = call.world.market.funding_rate(item.venue, item.key, call.at)
    at = milliseconds(quote.at)
    return {
        "e": "markPriceUpdate",
        "E": at,
        "s": symbol_of(item),
        "p": fixed(quote.mark),
        "i": fixed(quote.index),
        "P": fixed(quote.index),
        "r": fixed(rate.number) if rate else "",
        "T": (at // _INTERVAL_MS + 1) * _INTERVAL_MS,
    }
