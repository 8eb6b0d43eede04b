"""How Deribit names and measures the market's instruments."""

from __future__ import annotations

from decimal import Decimal

from truenav.simulator.market import Instrument
from truenav.simulator.numbers import plain

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
KINDS = {"spot": "spot", "swap": "future", "future": "future", "option": "option"}


def deribit_name(item: Instrument) -> str:
    """``BTC_USDT``, ``BTC-PERPETUAL``, ``BTC_USDT-29DEC26``, ``BTC-4DEC26-40000-C``."""
    if item.kind == "spot":
        return f"{item.base}_{item.quote}"
    family = item.base if item.settle == item.base else f"{item.base}_{item.settle}"
    if item.expires_at is None:
        return f"{family}-PERPETUAL"
    at = item.expires_at
    dated = f"{family}-{at.day}{_MONTHS[at.month - 1]}{at:%y}"
    if item.kind != "option":
        return dated
    strike = plain(item.strike or Decimal(0)).replace(".", "d")
    return f"{dated}-{strike}-{item.right}"


def amount(item: Instrument, size: Decimal) -> Decimal:
    """A size as the venue tells it: in quote units for inverse contracts, else in units of base."""
    return size if item.kind == "spot" else size * item.multiplier


def belongs(item: Instrument, currency: str) -> bool:
    """Whether the venue lists an instrument under a currency: what it settles in, either side of spot."""
    if item.kind == "spot":
        return currency in (item.base, item.quote)
    return currency == item.settle
