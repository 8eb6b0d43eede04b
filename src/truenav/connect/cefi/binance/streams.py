"""Which streams of Binance tell the prices that its requests tell: mini tickers of spot, marks of futures."""

from __future__ import annotations

import json

from truenav.connect.cefi.binance.futures import COINM, USDM, Family
from truenav.connect.cefi.binance.parse import VENUE
from truenav.connect.contract import ParseContext, StreamPlan

NAMES_A_MESSAGE = 200
SILENCE = 10.0
_PULSE = "btcusdt@miniTicker"
"""Mini tickers come when something traded. This one comes every second, so that silence is a fault."""


def market_streams(context: ParseContext) -> tuple[StreamPlan, ...]:
    """One stream for spot and one for each kind of futures, each where it has something to follow."""
    plans = []
    if pairs := _symbols(context, VENUE):
        names = [f"{symbol.lower()}@miniTicker" for symbol in pairs]
        hello = _hello(list(dict.fromkeys((_PULSE, *names))))
        plans.append(StreamPlan("spot.stream.miniTicker/1", "spot", "/stream", hello, SILENCE))
    plans += _marks(context, USDM, "/market/stream")
    plans += _marks(context, COINM, "/stream")
    return tuple(plans)


def _marks(context: ParseContext, family: Family, path: str) -> list[StreamPlan]:
    contracts = _symbols(context, family.namespace)
    if not contracts:
        return []
    hello = _hello([f"{symbol.lower()}@markPrice@1s" for symbol in contracts])
    return [StreamPlan(f"{family.wallet}.stream.markPrice/1", family.wallet, path, hello, SILENCE)]


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
