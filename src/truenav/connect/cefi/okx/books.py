"""OKX: the book of a spot market as ``/api/v5/market/books`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truenav.connect.asking import Endpoint
from truenav.connect.books import OrderBook, read_book
from truenav.connect.cefi.okx.client import OkxClient
from truenav.connect.document import read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.core.instrument import Instrument, InstrumentKind, UnknownInstrumentError

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

VENUE = "okx"
MOST = 100
BOOKS = Endpoint("books/1", "/api/v5/market/books", "books")


async def spot_book(api: Transport, instrument: Instrument) -> OrderBook:
    """See `truenav.connect.books.BookConnector`."""
    if instrument.kind is not InstrumentKind.SPOT or instrument.venue != VENUE:
        raise UnknownInstrumentError(f"{instrument.id} is no spot market of OKX.", instrument=instrument.id)
    payload = await OkxClient(api).get(BOOKS, {"instId": instrument.code, "sz": str(MOST)})
    try:
        (told,) = read_json(payload.body).field("data").parts(1)
        return read_book(told, at=told.instant("ts"), most=MOST, evidence=payload.evidence.sha256)
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"okx {BOOKS.name}: {error.message}") from error
