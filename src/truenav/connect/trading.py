"""What a venue that takes orders offers: a small port, one order at a time, each known by its client id.

A port never repeats a write. What it cannot tell for sure it does not tell: any answer to a placing that is
neither the order nor a documented refusal raises a ``VenueError`` other than ``OrderRefusedError``, and the
order's fate is unknown until it is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from truenav.connect.contract import AccountConnector, Credentials, ParseContext
from truenav.connect.errors import MalformedPayloadError, VenueError
from truenav.core.evidence import Evidence
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument
from truenav.core.orders import OrderFill, OrderRequest, OrderTerms, Reason, Side, VenueOrder, Window

if TYPE_CHECKING:
    from truenav.connect.transport import Transport


class OrderRefusedError(VenueError):
    """The venue did not place the order, and said so in a way that leaves no doubt."""

    code = "order-refused"
    title = "The venue did not take the order"
    status = 409

    @property
    def reason(self) -> Reason:
        """Why, in our words; the venue's own are in the message."""
        return Reason(str(self.context["reason"]))


@dataclass(frozen=True, slots=True)
class OrderMarket:
    """What a venue tells of an instrument before an order: terms, and its mark in quote per base."""

    terms: OrderTerms
    mark: Decimal
    at: datetime


class OrderPort(Protocol):
    """The order entry of one account at one venue. Each method raises ``VenueError`` where it is not told."""

    def window(self, at: datetime) -> Window:
        """The window of a sending that is stamped with an instant of the venue's clock."""
        ...

    async def clock_offset(self) -> timedelta:
        """The clock by which this venue judges windows, less ours."""
        ...

    async def market(self, instrument: InstrumentId) -> OrderMarket:
        """Terms and mark; ``OrderRefusedError`` (``closed``) where the venue does not trade it now."""
        ...

    async def place(self, request: OrderRequest, window: Window) -> VenueOrder:
        """Send an order once, stamped with ``window.at``: the venue does not take it after ``window.until``.

        ``OrderRefusedError`` where it was certainly not placed. After any other error it may have been.
        """
        ...

    async def look_up(self, request: OrderRequest) -> VenueOrder | None:
        """The order under the request's client id as it is now; None where the venue says there is none."""
        ...

    async def cancel(self, request: OrderRequest) -> None:
        """Ask once to take it out; look it up afterwards, whatever this says."""
        ...

    async def position(self, instrument: InstrumentId) -> Decimal:
        """The account's net position in contracts, short negative, zero without one."""
        ...

    async def fills(self, order: VenueOrder) -> tuple[OrderFill, ...]:
        """What was filled of an order, in the venue's order; the venue may tell them a little late."""
        ...


@runtime_checkable
class OrderingConnector(AccountConnector, Protocol):
    """A connector whose venue takes orders."""

    def order_port(
        self, api: Transport, market: Transport, credentials: Credentials, context: ParseContext
    ) -> OrderPort:
        """The account's order entry. ``api`` archives what is said of orders; ``market`` is for the rest."""
        ...


ReadFills = Callable[[bytes, Instrument, ParseContext], Iterable[tuple[Side, OrderFill]]]
"""Executions of a contract that a payload states, each with its side; raises ``MalformedPayloadError``."""

ORDERING_VENUES = ("binance",)
"""Venues with a module ``orders`` whose ``FILLS`` maps an endpoint to what reads it."""


@cache
def fill_readers(venue: str) -> Mapping[str, ReadFills]:
    """Endpoints whose payloads state executions of orders, each with its reader; none for other venues."""
    if venue not in ORDERING_VENUES:
        return {}
    found: Mapping[str, ReadFills] = import_module(f"truenav.connect.cefi.{venue}.orders").FILLS
    return found


def read_fills(
    evidence: Evidence, body: bytes, instrument: Instrument, context: ParseContext
) -> tuple[tuple[Side, OrderFill], ...]:
    """Executions of a contract in a payload of a `fill_readers` endpoint, each with its side, of any order.

    The same input gives the same output. Raises ``MalformedPayloadError``.
    """
    try:
        read = fill_readers(evidence.connector)[evidence.endpoint]
        return tuple(read(body, instrument, context))
    except (KeyError, MalformedPayloadError) as error:
        why = error.message if isinstance(error, MalformedPayloadError) else "it states no executions."
        raise MalformedPayloadError(f"{evidence.connector} {evidence.endpoint}: {why}") from error
