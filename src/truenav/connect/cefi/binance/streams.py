"""Which streams of Binance tell the prices that its requests tell: mini tickers of spot, marks of USD-M."""

from __future__ import annotations

import json

from truenav.connect.cefi.binance.parse import USDM, VENUE
from truenav.connect.contract import ParseContext, StreamPlan

NAMES_A_MESSAGE = 200
SILENCE = 10.0
_PULSE = "btcusdt@miniTicker"
"""Mini tickers come when something traded. This one comes every second, so that silence is a fault."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """One stream for spot and one for USD-M, each where it has something to follow."""
    plans = []
    if pairs := _symbols(context, VENUE):
        names = [f"{symbol.lower()}@miniTicker" for symbol in pairs]
        hello = _hello(list(dict.fromkeys((_PULSE, *names))))
        plans.append(StreamPlan("spot.stream.miniTicker/1", "spot", "/stream", hello, SILENCE))
    if contracts := _symbols(context, USDM):
        hello = _hello([f"{symbol.lower()}@markPrice@1s" for symbol in contracts])
        plans.append(StreamPlan("usdm.stream.markPrice/1", "usdm", "/market/stream", hello, SILENCE))
    return tuple(plans)


def _symbols(context: ParseContext, namespace: str) -> list[str]:
    parts = (name.partition(":") for name in context.instruments.instruments)
    return sorted(symbol for owner, _, symbol in parts if owner == namespace)


def _hello(names: list[str]) -> tuple[str, ...]:
    return tuple(
        json.dumps(
            {"method": "SUBSCRIBE", "params": names[start : start + NAMES_A_MESSAGE], "id": start + 1},
            separators=(",", ":"),
        )
        for start in range(0, len(names), NAMES_A_MESSAGE)
    )
