"""Binance: the funding rates of USD-M contracts as ``/fapi/v1/fundingRate`` publishes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import USDM, BinanceClient
from truenav.connect.document import read_json
from truenav.connect.errors import IncompletePagesError
from truenav.connect.rates import FundingRate, read_rates
from truenav.core.clock import to_milliseconds
from truenav.core.evidence import Evidence
from truenav.core.instrument import Instrument, UnknownInstrumentError

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

FUNDING = Endpoint("usdm.fundingRate/1", "/fapi/v1/fundingRate", "usdm", host="usdm")
PAGE = 1000
"""Rates of one answer: about a year at three a day."""
MOST_PAGES = 100
_NEXT = timedelta(milliseconds=1)


async def funding_rates(
    api: Transport, instrument: Instrument, *, after: datetime, until: datetime
) -> tuple[FundingRate, ...]:
    """See `truenav.connect.rates.FundingConnector`; the instants are those at which Binance charged."""
    if not instrument.id.startswith(f"{USDM.namespace}:"):
        raise UnknownInstrumentError(
            f"{instrument.id} is no USD-M contract; funding is read of these alone.", instrument=instrument.id
        )
    client, found = BinanceClient(api), list[FundingRate]()
    begin = after + _NEXT
    for _ in range(MOST_PAGES):
        told = await client.get(FUNDING, _asked(instrument, begin, until))
        page = read_rates(told.evidence, told.body, instrument)
        found += [one for one in page if begin <= one.at <= until]
        if len(page) < PAGE:
            return tuple(found)
        begin = page[-1].at + _NEXT
    raise IncompletePagesError(f"binance {FUNDING.name}: more than {MOST_PAGES} pages of {instrument.code}.")


def _asked(instrument: Instrument, begin: datetime, until: datetime) -> dict[str, str]:
    return {
        "symbol": instrument.code,
        "startTime": str(to_milliseconds(begin)),
        "endTime": str(to_milliseconds(until)),
        "limit": str(PAGE),
    }


def _rates(evidence: Evidence, body: bytes, instrument: Instrument) -> Iterator[FundingRate]:
    """The rates of a page; one of another contract, or out of order, makes the whole page doubtful."""
    last: datetime | None = None
    for row in read_json(body).items():
        at = row.instant("fundingTime")
        if row.text("symbol") != instrument.code or (last is not None and at <= last):
            raise row.wrong(
                f"it is of another contract than {instrument.code}, or not later than the one before"
            )
        yield FundingRate(at, row.decimal("fundingRate"), evidence.sha256)
        last = at


RATES = {FUNDING.name: _rates}
