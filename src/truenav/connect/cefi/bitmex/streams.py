"""Which topics of BitMEX tell the prices that its requests tell: the instrument table, market by market."""

from __future__ import annotations

import json

from truenav.connect.cefi.bitmex.answers import VENUE
from truenav.connect.contract import ParseContext, StreamPlan

TOPICS_A_MESSAGE = 50
SILENCE = 30.0
PATH = "/realtime"


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """The instrument table of the known markets that are still listed, where there is one to follow."""
    known = context.instruments.instruments.values()
    names = sorted(one.code for one in known if one.venue == VENUE and one.valid_to is None)
    topics = [f"instrument:{name}" for name in names]
    hello = tuple(
        json.dumps(
            {"op": "subscribe", "args": topics[start : start + TOPICS_A_MESSAGE]}, separators=(",", ":")
        )
        for start in range(0, len(topics), TOPICS_A_MESSAGE)
    )
    plan = StreamPlan("stream.instrument/1", "public", PATH, hello, SILENCE, ping="ping", pong="pong")
    return (plan,) if hello else ()
