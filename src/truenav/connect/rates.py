"""What a venue publishes of the financing of its perpetual contracts, asked for when somebody needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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


def read_rates(evidence: Evidence, body: bytes, instrument: Instrument) -> tuple[FundingRate, ...]:
    """The rates of a contract that a payload states; the same input gives the same output.

    Raises ``MalformedPayloadError``.
    """
    where = f"{evidence.connector} {evidence.endpoint}"
    readers: dict[str, Callable[[Evidence, bytes, Instrument], Iterable[FundingRate]]] = {}
    if evidence.connector in RATED_VENUES:
        readers = import_module(f"truenav.connect.cefi.{evidence.connector}.rates").RATES
    if evidence.endpoint not in readers:
        raise MalformedPayloadError(f"{where}: it states no financing rates.")
    try:
        return tuple(readers[evidence.endpoint](evidence, body, instrument))
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"{where}: {error.message}") from error
