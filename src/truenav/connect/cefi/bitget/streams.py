"""Which topics of Bitget tell the prices that its requests tell: tickers of pairs and of contracts."""

from __future__ import annotations

import json
from collections.abc import Sequence

from truenav.connect.cefi.bitget.answers import PRODUCTS, VENUE
from truenav.connect.contract import ParseContext, StreamPlan
from truenav.core.asset import USDC, USDT
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
    return json.dumps({"op": "subscribe", "args": args}, separators=(",", ":"))


def _type(terms: Instrument) -> str:
    """The venue's name of the product that a market belongs to."""
    usdt, usdc, coin = (one.type for one in PRODUCTS)
    if terms.kind is InstrumentKind.SPOT:
        return "SPOT"
    return {USDT: usdt, USDC: usdc}.get(terms.settle, coin)
