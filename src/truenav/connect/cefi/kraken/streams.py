"""Which stream of Kraken tells the prices that its requests tell: tickers of pairs."""

from __future__ import annotations

import json

from truenav.connect.cefi.kraken.names import pair_id, stream_name
from truenav.connect.contract import ParseContext, StreamPlan

SILENCE = 15.0
"""A heartbeat comes each second."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The public stream, where it has something to follow; each pair is asked for by itself.

    A pair that is listed no more then refuses its own message only.
    """
    prefix = pair_id("")
    pairs = (one for key, one in context.instruments.instruments.items() if key.startswith(prefix))
    names = sorted(name for one in pairs if (name := stream_name(one)) is not None)
    if not names:
        return ()
    return (StreamPlan("stream.ticker/1", "public", "/v2", tuple(map(_hello, names)), SILENCE),)


def _hello(name: str) -> str:
    params = {"channel": "ticker", "symbol": [name], "event_trigger": "trades"}
    return json.dumps({"method": "subscribe", "params": params}, separators=(",", ":"))
