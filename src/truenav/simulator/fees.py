"""What venues charge for trading: their lowest tier, maker and taker, as fractions of the notional."""

from __future__ import annotations

from decimal import Decimal

from truenav.simulator.market import Instrument

_SPOT = {
    "binance": ("0.001", "0.001"),
    "okx": ("0.0008", "0.001"),
    "bybit": ("0.001", "0.001"),
    "deribit": ("0", "0"),
}
_CONTRACTS = {
    "binance": ("0.0002", "0.0005"),
    "okx": ("0.0002", "0.0005"),
    "bybit": ("0.0002", "0.00055"),
    "deribit": ("0", "0.0005"),
}
_OPTIONS = ("0.0003", "0.0003")


def fee_rate(dialect: str, instrument: Instrument, *, maker: bool) -> Decimal:
    """The rate that a venue of this dialect charges."""
    if instrument.kind == "option":
        rates = _OPTIONS
    else:
        rates = (_SPOT if instrument.kind == "spot" else _CONTRACTS)[dialect]
    return Decimal(rates[0] if maker else rates[1])
