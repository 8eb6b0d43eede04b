"""The one stream of Coinbase that tells prices: tickers of pairs and contracts, and a heartbeat a second."""

from __future__ import annotations

import json

from truenav.connect.cefi.coinbase.answers import VENUE
from truenav.connect.contract import ParseContext, StreamPlan

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


def _subscribe(channel: str, codes: list[str] | None = None) -> str:
    products = {"product_ids": codes} if codes else {}
    return json.dumps({"type": "subscribe", "channel": channel, **products}, separators=(",", ":"))
