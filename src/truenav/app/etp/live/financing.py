"""Funding rates that venues publish of what products hold, read as they become known, with evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from truenav.app.etp.live.product import RunningProduct
from truenav.app.house import House
from truenav.app.marks.market import VenueKey
from truenav.calc.etp.engine.calendar import instant_of
from truenav.connect.contract import Payload
from truenav.connect.rates import FundingConnector, FundingRate
from truenav.connect.registry import connector
from truenav.connect.transport import Network
from truenav.core.failure import TruenavError
from truenav.core.ids import TenantId
from truenav.core.instrument import Instrument
from truenav.store import evidence

READ_SECONDS = timedelta(seconds=60)
"""How often a venue is asked: a rate is charged at the first mark after that."""

_log = structlog.get_logger("truenav.products")


@dataclass(slots=True)
class FundingRates:
    """What is known of the rates of a tenant's products, by listing; oldest first."""

    house: House
    tenant: TenantId
    network: Network
    _known: dict[str, tuple[FundingRate, ...]] = field(default_factory=dict)
    _read_at: dict[str, datetime] = field(default_factory=dict)

    def of(self, listing: str) -> tuple[FundingRate, ...]:
        """The rates that may still have to be charged."""
        return self._known.get(listing, ())

    async def read(
        self, running: RunningProduct, instrument: Instrument, places: Mapping[str, VenueKey]
    ) -> None:
        """Ask the venue for the rates since the last one that was charged, once in a while."""
        name, now = running.listing.id, self.house.clock.now()
        live = running.live
        if live is None or live.rates_until is None or name not in places:
            return
        if now - self._read_at.get(name, instant_of(0)) < READ_SECONDS:
            return
        self._read_at[name] = now
        try:
            self._known[name] = await self._asked(
                instrument, places[name], after=instant_of(live.rates_until), until=now
            )
        except TruenavError as error:
            _log.warning("funding rates not read", product=name, reason=error.message)

    async def _asked(
        self, instrument: Instrument, place: VenueKey, *, after: datetime, until: datetime
    ) -> tuple[FundingRate, ...]:
        """Rates whose payloads are archived before anybody uses them."""
        source = connector(place[0])
        assert isinstance(source, FundingConnector)
        told: list[Payload] = []

        async def hear(payload: Payload) -> None:
            told.append(payload)

        api = self.network.transport(source, hear, base_url=place[1] or None)
        found = await source.funding_rates(api, instrument, after=after, until=until)
        if found:
            await asyncio.to_thread(self._archive, told)
        return found

    def _archive(self, told: Sequence[Payload]) -> None:
        with self.house.database.transaction(self.tenant) as session:
            kept = [(one.evidence, one.body) for one in told]
            evidence.put_many(session, self.house.blobs(self.tenant), kept)
