"""A venue's order book of a spot market, asked for when somebody needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from truenav.connect.contract import Connector
from truenav.connect.document import Node
from truenav.connect.errors import MalformedPayloadError
from truenav.core.failure import InvalidInputError
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument
from truenav.core.money import parse_decimal

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

Levels = tuple[tuple[Decimal, Decimal], ...]
"""One side of a book, the best price first: price in quote per base, quantity in base."""


@dataclass(frozen=True, slots=True)
class OrderBook:
    """What a venue showed ``at`` an instant. It ``is_whole`` where no more was asked for than is there, on
    either side. ``evidence`` names the payload that stated it.
    """

    at: datetime
    bids: Levels
    asks: Levels
    is_whole: bool
    evidence: Sha256


@runtime_checkable
class BookConnector(Connector, Protocol):
    """A connector whose venue shows the books of its spot markets."""

    async def book(self, api: Transport, instrument: Instrument) -> OrderBook:
        """The book as it is now, as deep as the venue shows it in one answer.

        Raises a ``VenueError``; ``UnknownInstrumentError`` where the instrument is no spot market of it.
        """
        ...


def read_book(told: Node, *, at: datetime, most: int, evidence: Sha256) -> OrderBook:
    """The ``bids`` and ``asks`` of an answer, of which at most ``most`` each were asked for.

    Each level is an array that begins with price and quantity. A book that is out of order or crossed makes
    the whole answer doubtful, and is refused.
    """
    bids = tuple(_levels(told.field("bids")))
    asks = tuple(_levels(told.field("asks")))
    if any(one <= other for (one, _), (other, _) in pairwise(bids)):
        raise told.wrong("the bids are not in falling order")
    if any(one >= other for (one, _), (other, _) in pairwise(asks)):
        raise told.wrong("the asks are not in rising order")
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise told.wrong("the best bid is not below the best ask")
    return OrderBook(at, bids, asks, max(len(bids), len(asks)) < most, evidence)


def _levels(side: Node) -> Iterator[tuple[Decimal, Decimal]]:
    for level in side.items():
        told = [_number(one) for one in list(level.items())[:2]]
        if len(told) < 2 or min(told) <= 0:
            raise level.wrong("a price and a quantity above 0 are expected")
        yield told[0], told[1]


def _number(found: Node) -> Decimal:
    if not isinstance(found.value, str):
        raise found.wrong("a number is expected")
    try:
        return parse_decimal(found.value, what=found.path)
    except InvalidInputError as error:
        raise MalformedPayloadError(error.message) from error
