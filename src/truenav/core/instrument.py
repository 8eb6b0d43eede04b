"""Contract terms, each version with validity dates. Units come from here, never from a payload alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId
from truenav.core.money import AssetId


class UnknownInstrumentError(InvalidInputError):
    """A venue names a market that the instrument master does not know."""

    code = "unknown-instrument"
    title = "Unknown instrument"


class InstrumentKind(StrEnum):
    """The four kinds of contract."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class OptionRight(StrEnum):
    """Call or put."""

    CALL = "call"
    PUT = "put"


@dataclass(frozen=True, slots=True)
class Instrument:
    """Terms of one market. ``id`` is ``venue:code``, for example ``okx:BTC-USD-SWAP``.

    ``multiplier`` is the size of one contract: units of ``base`` for spot, linear contracts and options;
    units of ``quote`` (a fixed notional, for example 100 USD) where ``inverse``. Prices are in ``quote``
    per ``base``, except an option's, which are in ``settle`` per ``base``. Profit is paid in ``settle``.
    """

    id: InstrumentId
    venue: str
    code: str
    kind: InstrumentKind
    base: AssetId
    quote: AssetId
    settle: AssetId
    multiplier: Decimal
    inverse: bool = False
    expiry_at: datetime | None = None
    strike: Decimal | None = None
    right: OptionRight | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def instrument_id(venue: str, code: str) -> InstrumentId:
    """``venue:code``."""
    return InstrumentId(f"{venue}:{code}")


class InstrumentBook:
    """Finds terms by instrument id."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.instruments: Mapping[InstrumentId, Instrument] = {one.id: one for one in instruments}

    def get(self, instrument: InstrumentId) -> Instrument:
        """The terms, or ``UnknownInstrumentError``; nothing is guessed."""
        try:
            return self.instruments[instrument]
        except KeyError:
            raise UnknownInstrumentError(
                f"{instrument!r} is not in the instrument master; sync the venue's instruments first.",
                instrument=instrument,
            ) from None
