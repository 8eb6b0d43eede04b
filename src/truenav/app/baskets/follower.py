"""Keeps the indicative values of all tenants' basket products, one every 15 seconds.

One process does it; who does is decided by whoever runs it. Prices are those of the record and, where a
connection of the tenant streams them, those that its venue tells now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog

from truenav.app.baskets.inav import Indicated, indicated, indicative_value, select
from truenav.app.house import House
from truenav.app.marks.board import MarkBoard
from truenav.app.marks.market import LiveMarket, VenueKey, narrowed
from truenav.app.sources.model import Connection
from truenav.calc.etp.baskets.inav import INTERVAL
from truenav.calc.nav.select import QUOTE_DAYS
from truenav.calc.pricing.marks import QuoteBook
from truenav.calc.pricing.quotes import QuoteKey
from truenav.connect.contract import ParseContext, StreamingConnector
from truenav.connect.registry import connector, installed
from truenav.core.asset import AssetBook
from truenav.core.facts import Fact
from truenav.core.failure import TruenavError
from truenav.core.ids import TenantId
from truenav.core.instrument import InstrumentBook
from truenav.store import baskets, definitions, roles
from truenav.store.definitions import Kind
from truenav.store.journal import FactQuery, Journal
from truenav.store.tenants import list_tenants

MODULE = "baskets"

_log = structlog.get_logger("truenav.baskets")

_EMPTY = ParseContext(AssetBook((), ()), InstrumentBook(()))


@dataclass(frozen=True, slots=True)
class _Known:
    """What a tenant follows at one instant: its products, the recorded quotes, and where prices stream."""

    products: tuple[Indicated, ...] = ()
    recorded: tuple[Fact, ...] = ()
    venues: frozenset[VenueKey] = frozenset()
    context: ParseContext = _EMPTY


@dataclass(slots=True)
class TenantValues:
    """The indicative values of one tenant's products."""

    house: House
    id: TenantId
    board: MarkBoard = field(default_factory=MarkBoard)
    markets: dict[VenueKey, LiveMarket] = field(default_factory=dict)
    followed: frozenset[QuoteKey] = frozenset()

    def streamed(self, at: datetime) -> tuple[Fact, ...]:
        """The streamed prices as they stand at an instant that has just come.

        A board keeps the latest price only: what came in the moment since would count at no instant, and
        counts at this one.
        """
        latest = self.board.latest(self.followed).quotes
        return tuple(one if one.occurred_at <= at else replace(one, occurred_at=at) for one in latest)

    async def tick(self, at: datetime, streamed: tuple[Fact, ...]) -> None:
        """One value of each product, and the streams that the next ones need."""
        known = await asyncio.to_thread(self.read, at)
        self.followed = await asyncio.to_thread(self.value, known, at, streamed)
        await self._adjust(known)

    async def close(self) -> None:
        """End the streams."""
        for market in self.markets.values():
            await market.close()

    def read(self, at: datetime) -> _Known:
        """What is to be valued now."""
        with self.house.database.transaction(self.id, snapshot=True) as session:
            if MODULE in roles.modules_off(session):
                return _Known()
            products = indicated(session, at)
            if not products:
                return _Known()
            query = FactQuery(kinds=("quote",), since=at - timedelta(days=QUOTE_DAYS), as_of=at)
            recorded = Journal(session, self.house.objects, self.id).latest(query)
            connections = definitions.bodies(session, Kind.CONNECTION, Connection)
        venues = frozenset(
            (one.connector, one.base_url or "")
            for one in connections
            if one.enabled and isinstance(installed(one.connector), StreamingConnector)
        )
        context = ParseContext(products[0].assets, products[0].instruments)
        return _Known(products, tuple(one.fact for one in recorded), venues, context)

    def value(self, known: _Known, at: datetime, streamed: tuple[Fact, ...] = ()) -> frozenset[QuoteKey]:
        """Value each product and keep the value; gives the quotes that could move one."""
        book = QuoteBook([*known.recorded, *streamed])
        wanted: set[QuoteKey] = set()
        with self.house.database.transaction(self.id) as session:
            for one in known.products:
                marks, quotes = select(one, book, at)
                wanted |= quotes
                baskets.write_inav(session, one.listing.id, indicative_value(one, book, marks, at))
        return frozenset(wanted)

    async def _adjust(self, known: _Known) -> None:
        """Open the streams of what is followed, and close those that nobody needs any more."""
        for venue in known.venues | self.markets.keys():
            source = connector(venue[0])
            assert isinstance(source, StreamingConnector)
            context = narrowed(known.context, venue[0], self.followed if venue in known.venues else ())
            market = self.markets.get(venue)
            plans = source.market_streams(context)
            if market is not None and market.plans == plans:
                continue
            if market is not None:
                await self.markets.pop(venue).close()
            if plans:
                self.markets[venue] = LiveMarket(self.house, venue, source, context, self._take)

    def _take(self, facts: Collection[Fact]) -> None:
        self.board.take(facts, at=self.house.clock.now())


class BasketFollower:
    """Keeps the values of all tenants."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._tenants: dict[TenantId, TenantValues] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                now = self._house.clock.now()
                at = next_tick(now)
                await asyncio.sleep((at - now).total_seconds())
                await self.tick(at)
        finally:
            for one in self._tenants.values():
                await one.close()

    async def tick(self, at: datetime) -> None:
        """One value of every product; a tenant whose values fail hinders no other."""
        streamed = {id: one.streamed(at) for id, one in self._tenants.items()}
        known = await asyncio.to_thread(self._ids)
        if known is None:
            return
        for id in self._tenants.keys() - known:
            await self._tenants.pop(id).close()
        for id in known:
            tenant = self._tenants.setdefault(id, TenantValues(self._house, id))
            try:
                await tenant.tick(at, streamed.get(id, ()))
            except TruenavError as error:
                _log.warning("no indicative values", tenant=id, reason=error.message)
            except Exception:
                _log.exception("no indicative values", tenant=id)

    def _ids(self) -> tuple[TenantId, ...] | None:
        """The tenants that are not suspended; None where that cannot be told now."""
        try:
            with self._house.database.lookup() as session:
                return tuple(one.id for one in list_tenants(session) if one.suspended_at is None)
        except TruenavError as error:
            _log.warning("tenants are not known", reason=error.message)
            return None


def next_tick(now: datetime) -> datetime:
    """The first whole interval of the day after an instant."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + INTERVAL * ((now - midnight) // INTERVAL + 1)
