"""Which subscriptions of Hyperliquid tell the prices that its requests tell: the context of each market."""

from __future__ import annotations

import json

from truenav.connect.cefi.hyperliquid.answers import VENUE
from truenav.connect.contract import ParseContext, StreamPlan

SILENCE = 50.0
"""The venue ends a connection that nobody spoke on for a minute."""
PATH = "/ws"
MOST = 900
"""Subscriptions of one connection; the venue allows a thousand for an address."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The contexts of the known markets, where there is one to follow."""
    names = sorted(one.code for one in context.instruments.instruments.values() if one.venue == VENUE)
    hello = tuple(
        json.dumps(
            {"method": "subscribe", "subscription": {"type": "activeAssetCtx", "coin": name}},
            separators=(",", ":"),
        )
        for name in names[:MOST]
    )
    ping = json.dumps({"method": "ping"}, separators=(",", ":"))
    return (StreamPlan("stream.context/1", "public", PATH, hello, SILENCE, ping=ping),) if hello else ()
