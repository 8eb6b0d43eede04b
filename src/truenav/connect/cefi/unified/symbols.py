"""Names of markets: ccxt's symbols are for people, the venue's own ids are identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truenav.core.ids import InstrumentId
from truenav.core.instrument import instrument_id

SPOT = "spot"


def market_name(market: Mapping[str, Any] | None) -> str:
    """``type:id`` of a ccxt market, for example ``swap:PF_XBTUSD``; empty where the market is unknown.

    The venue's id alone is not enough: many venues call a pair and its perpetual by one id.
    """
    if market is None or not market.get("id") or not market.get("type"):
        return ""
    return f"{market['type']}:{market['id']}"


def market_id(venue: str, name: str) -> InstrumentId:
    """The instrument that ``type:id`` names: ``kraken:XXBTZUSD`` for spot, else ``kraken-swap:PF_XBTUSD``."""
    kind, _, code = name.partition(":")
    return instrument_id(venue if kind == SPOT else f"{venue}-{kind}", code)
