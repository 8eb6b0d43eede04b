"""Which stream of Kraken Futures tells the prices that its requests tell: tickers of contracts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from truenav.connect.cefi.krakenfutures.terms import VENUE
from truenav.connect.contract import ParseContext, StreamPlan

SILENCE = 30.0
"""A heartbeat is subscribed to."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The public stream, where it has something to follow; each contract is asked for by itself.

    A contract that is listed no more then refuses its own message only.
    """
    symbols = sorted(one.code for one in context.instruments.instruments.values() if one.venue == VENUE)
    if not symbols:
        return ()
    hello = (
        _say({"feed": "heartbeat"}),
        *(_say({"feed": "ticker", "product_ids": [one]}) for one in symbols),
    )
    return (StreamPlan("stream.ticker/1", "public", "/ws/v1", hello, SILENCE),)


def _say(what: Mapping[str, object]) -> str:
    return json.dumps({"event": "subscribe", **what}, separators=(",", ":"))
