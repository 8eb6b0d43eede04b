"""What a venue publishes of the financing of its perpetual contracts, asked for when somebody needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from truenav.connect.contract import Connector
from truenav.connect.errors import MalformedPayloadError
from truenav.core.evidence import Evidence
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument

if TYPE_CHECKING:
    from truenav.connect.transport import Transport


@dataclass(frozen=True, slots=True)
class FundingRate:
    """The share of a position's value that long positions paid to short ones at an instant; negative: were
    paid. ``evidence`` names the payload that stated it.
    """

    at: datetime
    rate: Decimal
    evidence: Sha256


@runtime_checkable
class FundingConnector(Connector, Protocol):
    """A connector whose venue publishes the funding rates of the past."""

    async def funding_rates(
        self, api: Transport, instrument: Instrument, *, after: datetime, until: datetime
    ) -> tuple[FundingRate, ...]:
        """All rates that were charged later than ``after`` and not later than ``until``, oldest first.

        Raises a ``VenueError``; ``UnknownInstrumentError`` where the contract is financed in no such way.
        """
        ...


RATED_VENUES = ("binance",)
"""Venues with a module ``rates`` whose ``RATES`` maps an endpoint to what reads it."""

ReadRates = Callable[[Evidence, bytes, Instrument], Iterable[FundingRate]]
"""Rates of a contract that a payload states; raises ``MalformedPayloadError``."""


@cache
def rate_readers(venue: str) -> Mapping[str, ReadRates]:
    """Endpoints whose payloads state financing rates, each with its reader; none for other venues."""
    if venue not in RATED_VENUES:
        return {}
    found: Mapping[str, ReadRates] = import_module(f"truenav.connect.cefi.{venue}.rates").RATES
    return found


def read_rates(evidence: Evidence, body: bytes, instrument: Instrument) -> tuple[FundingRate, ...]:
    """The rates of a contract in a payload of a `rate_readers` endpoint.

    The same input gives the same output. Raises ``MalformedPayloadError``.
    """
    try:
        read = rate_readers(evidence.connector)[evidence.endpoint]
        return tuple(read(evidence, body, instrument))
    except (KeyError, MalformedPayloadError) as error:
        why = error.message if isinstance(error, MalformedPayloadError) else "it states no financing rates."
        raise MalformedPayloadError(f"{evidence.connector} {evidence.endpoint}: {why}") from error
