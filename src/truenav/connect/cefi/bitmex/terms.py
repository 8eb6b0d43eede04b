"""BitMEX's contract terms: from each market's own row, also of those that are settled or delisted.

``multiplier`` says in smallest units of the settlement currency what one contract pays: for each unit of
price (linear contracts, and quanto ones, whose price is in another currency than what they pay), or, with a
minus, for a fixed amount of the quote currency where the contract is inverse.
"""

from __future__ import annotations

from decimal import Decimal

from truenav.connect.cefi.bitmex.answers import VENUE, bitmex_id, moment, tell
from truenav.connect.cefi.bitmex.units import Units
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO

_GONE = frozenset({"Settled", "Delisted", "Unlisted"})


def read_terms(reading: Reading, units: Units, row: Node) -> Instrument | None:
    """The terms of a market; None of an index, of several contracts at once, or of unknown assets."""
    kind = _kind(row.text_or("typ"))
    spot = kind is InstrumentKind.SPOT
    unit = units.known.get(row.text_or("settlCurrency"))
    if kind is None or (unit is None and not spot):
        return None
    codes = (row.text_or("underlying"), row.text_or("quoteCurrency"), unit.coin if unit else "")
    base, quote, settle = (reading.known_asset(code) if code else None for code in codes)
    settle = quote if spot else settle
    if base is None or quote is None or settle is None:
        return None
    symbol = row.text("symbol")
    size = ONE if unit is None or spot else _size(row, unit.size)
    if size <= 0:
        tell(reading, bitmex_id(symbol), f"The size of {symbol[:40]} cannot be read.", "Report the contract.")
        return None
    end_at = next((moment(row, name) for name in ("settle", "expiry") if row.text_or(name)), None)
    return Instrument(
        id=bitmex_id(symbol),
        venue=VENUE,
        code=symbol,
        kind=kind,
        base=base,
        quote=quote,
        settle=settle,
        multiplier=size,
        inverse=row.flag("isInverse") is True,
        expiry_at=end_at if kind is InstrumentKind.FUTURE else None,
        valid_to=end_at if row.text_or("state") in _GONE else None,
    )


def _size(row: Node, unit: Decimal) -> Decimal:
    """What one contract is; zero where the sign of ``multiplier`` is not that of the kind of contract."""
    multiplier = row.decimal_or("multiplier", ZERO) * unit
    return -multiplier if row.flag("isInverse") is True else multiplier


def _kind(code: str) -> InstrumentKind | None:
    """``typ`` is a classification of instruments (CFI) of the venue's making, of which the start is enough.

    ``FFM`` and ``FM`` are spreads, ``MR`` indices, ``OC`` and ``OP`` options of former years.
    """
    if code == "IFXXXP":
        return InstrumentKind.SPOT
    if code.startswith("FFW"):
        return InstrumentKind.PERPETUAL
    if code.startswith(("FFC", "FFS", "FXX")):
        return InstrumentKind.FUTURE
    return None
