"""Binance: the book of a spot market as ``/api/v3/depth`` shows it, without a time: the answer's counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truenav.connect.asking import Endpoint
from truenav.connect.books import OrderBook, read_book
from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.document import read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.core.instrument import Instrument, InstrumentKind, UnknownInstrumentError

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

VENUE = "binance"
MOST = 100
DEPTH = Endpoint("spot.depth/1", "/api/v3/depth", "spot", weight=5, host="spot")


async def spot_book(api: Transport, instrument: Instrument) -> OrderBook:
    """See `truenav.connect.books.BookConnector`."""
    if instrument.kind is not InstrumentKind.SPOT or instrument.venue != VENUE:
        raise UnknownInstrumentError(
            f"{instrument.id} is no spot market of Binance.", instrument=instrument.id
        )
    payload = await BinanceClient(api).get(DEPTH, {"symbol": instrument.code, "limit": str(MOST)})
    try:
        told = read_json(payload.body)
        return read_book(told, at=payload.evidence.answered_at, most=MOST, evidence=payload.evidence.sha256)
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"binance {DEPTH.name}: {error.message}") from error
