"""BitMEX counts money in smallest units with names of their own (``XBt``, ``USDt``, ``Gwei``).

The venue's list of assets says which coin a unit is of, and how many digits apart they are. What it says is
noted in the evidence of each answer that holds money, so that one payload still states its facts alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from truenav.connect.document import Node, read_json
from truenav.core.evidence import Evidence
from truenav.core.money import ONE

UNITS = "local:units"
"""Name of the note: ``unit=coin:digits,...``, without a coin where it is a sum over several."""
MOST_DIGITS = 30
_SYNTHETIC = "Synthetic"


@dataclass(frozen=True, slots=True)
class Unit:
    """A currency: so many decimals of ``coin``, which is empty where it is a sum over several."""

    coin: str
    digits: int

    @property
    def size(self) -> Decimal:
        """How many coins one unit is."""
        return ONE.scaleb(-self.digits)


@dataclass(frozen=True, slots=True)
class Units:
    """The currencies of a venue by their names."""

    known: Mapping[str, Unit]

    def unit(self, name: str, row: Node) -> Unit:
        """The unit of this name, or that of the coin of this name; an unknown one is refused at ``row``."""
        found = self.known.get(name) or next((one for one in self.known.values() if one.coin == name), None)
        if found is None:
            raise row.wrong(f"the venue's list of assets has no {name[:20]!r}")
        return found

    def within(self, body: bytes) -> str:
        """The note of those that an answer can speak of, sorted, so that the same knowledge is one text."""
        return ",".join(
            f"{name}={one.coin}:{one.digits}"
            for name, one in sorted(self.known.items())
            if name.encode() in body or (one.coin and one.coin.encode() in body)
        )


def read_units(body: bytes) -> Units:
    """The venue's list of assets."""
    found: dict[str, Unit] = {}
    for row in read_json(body).items():
        name, digits = row.text("currency"), row.text("scale")
        if not (digits.isascii() and digits.isdigit() and int(digits) <= MOST_DIGITS):
            raise row.wrong("scale is no number of digits")
        coin = "" if row.text_or("currencyType") == _SYNTHETIC else row.text("majorCurrency")
        found[name] = Unit(coin, int(digits))
    if not found:
        raise read_json(body).wrong("no asset is listed")
    return Units(found)


def units_noted(evidence: Evidence, document: Node) -> Units:
    """The units that are noted in the evidence; without a note nothing can be read of the document."""
    noted = dict(evidence.request.params).get(UNITS)
    if noted is None:
        raise document.wrong("it is not noted what the venue's units are")
    found: dict[str, Unit] = {}
    for part in filter(None, noted.split(",")):
        name, _, told = part.partition("=")
        coin, _, digits = told.rpartition(":")
        found[name] = Unit(coin, int(digits))
    return Units(found)
