"""What all readers of BitMEX's answers share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.bitmex.manifest import MANIFEST
from truenav.connect.cefi.bitmex.units import Units
from truenav.connect.contract import Problem
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.clock import NaiveTimeError, parse_instant
from truenav.core.ids import InstrumentId
from truenav.core.instrument import instrument_id
from truenav.core.money import ZERO, Amount

VENUE = MANIFEST.name
WALLET = "main"


def bitmex_id(symbol: str) -> InstrumentId:
    """Id of a market."""
    return instrument_id(VENUE, symbol)


def moment(row: Node, name: str) -> datetime:
    """A field with an instant such as ``2026-11-20T12:00:00.002Z``."""
    try:
        return parse_instant(row.text(name))
    except NaiveTimeError as error:
        raise row.wrong(f"{name} is no instant") from error


@dataclass(frozen=True, slots=True)
class Money:
    """Reads amounts of one answer: whole numbers of smallest units."""

    reading: Reading
    units: Units

    def number(self, row: Node, name: str, currency: str) -> Decimal:
        """A field in coins of ``currency``; zero where it is absent or null."""
        number = row.decimal_or(name, ZERO)
        if number != number.to_integral_value():
            raise row.wrong(f"{name} is no whole number of units")
        return number * self.units.unit(currency, row).size

    def amount(self, row: Node, number: Decimal, currency: str, at: datetime) -> Amount:
        """So many coins of ``currency``."""
        return Amount(number, self.reading.asset(self.units.unit(currency, row).coin, at))


def tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note something that people must know and that hides no fact."""
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)
