"""Which channels of OKX tell the prices that its requests tell: tickers of spot, marks of contracts."""

from __future__ import annotations

import json

from truenav.connect.cefi.okx.manifest import MANIFEST
from truenav.connect.contract import ParseContext, StreamPlan
from truenav.core.instrument import InstrumentKind

CHANNELS_A_MESSAGE = 100
SILENCE = 20.0


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The public channel, where it has something to follow."""
    channels = sorted(
        ("tickers" if one.kind is InstrumentKind.SPOT else "mark-price", one.code)
        for one in context.instruments.instruments.values()
        if one.venue == MANIFEST.name
    )
    if not channels:
        return ()
    args = [{"channel": channel, "instId": name} for channel, name in channels]
    hello = tuple(
        json.dumps(
            {"op": "subscribe", "args": args[start : start + CHANNELS_A_MESSAGE]}, separators=(",", ":")
        )
        for start in range(0, len(args), CHANNELS_A_MESSAGE)
    )
    path = "/ws/v5/public"
    return (StreamPlan("stream.public/1", "public", path, hello, SILENCE, ping="ping", pong="pong"),)
