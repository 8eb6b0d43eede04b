"""Which channels of Deribit tell the prices that its requests tell: the ticker of each market."""

from __future__ import annotations

import json

from truenav.connect.cefi.deribit.manifest import MANIFEST
from truenav.connect.contract import ParseContext, StreamPlan

CHANNELS_A_MESSAGE = 100
SILENCE = 30.0
PATH = "/ws/api/v2"
_PING = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "public/test", "params": {}}, separators=(",", ":"))
"""Asked where nothing came for half of the silence; any answer is a sign of life."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The tickers of the known markets, where there is one to follow.

    No heartbeat is asked for: the venue would then end a connection that does not answer in time.
    """
    names = sorted(one.code for one in context.instruments.instruments.values() if one.venue == MANIFEST.name)
    channels = [f"ticker.{name}.100ms" for name in names]
    hello = tuple(
        json.dumps(
            {
                "jsonrpc": "2.0",
                "id": start + 1,
                "method": "public/subscribe",
                "params": {"channels": channels[start : start + CHANNELS_A_MESSAGE]},
            },
            separators=(",", ":"),
        )
        for start in range(0, len(channels), CHANNELS_A_MESSAGE)
    )
    return (StreamPlan("stream.ticker/1", "public", PATH, hello, SILENCE, ping=_PING),) if hello else ()
