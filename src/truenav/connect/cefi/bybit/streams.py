"""Which topics of Bybit tell the prices that its requests tell: tickers of pairs and of contracts."""

from __future__ import annotations

import json

from truenav.connect.cefi.bybit.answers import SPOT, VENUE
from truenav.connect.contract import ParseContext, StreamPlan
from truenav.core.instrument import Instrument, InstrumentKind

SILENCE = 20.0
_PING = '{"op":"ping"}'


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """One stream for each product that has something to follow."""
    topics: dict[str, list[str]] = {}
    for one in context.instruments.instruments.values():
        if one.venue == VENUE:
            topics.setdefault(category(one), []).append(f"tickers.{one.code}")
    return tuple(_plan(product, sorted(topics[product])) for product in sorted(topics))


def category(terms: Instrument) -> str:
    """The venue's name of the product that a market belongs to."""
    if terms.kind is InstrumentKind.SPOT:
        return SPOT
    if terms.kind is InstrumentKind.OPTION:
        return "option"
    return "inverse" if terms.inverse else "linear"


def _plan(product: str, topics: list[str]) -> StreamPlan:
    """Each topic is asked for by itself: a market that is listed no more would refuse all of a message."""
    hello = tuple(json.dumps({"op": "subscribe", "args": [one]}, separators=(",", ":")) for one in topics)
    endpoint = "stream.spot/1" if product == SPOT else "stream.contracts/1"
    return StreamPlan(endpoint, "public", f"/v5/public/{product}", hello, SILENCE, ping=_PING)
