"""The streams of one venue for one tenant: opened together, judged together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import structlog

from truenav.app.house import House
from truenav.calc.pricing.quotes import QuoteKey
from truenav.connect.contract import ParseContext, Parsed, Payload, StreamingConnector, StreamPlan
from truenav.connect.errors import VenueError
from truenav.connect.streaming import MarketHealth, MarketStream, market_health
from truenav.connect.transport import open_network
from truenav.core.facts import Fact, QuoteKind
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind

VenueKey = tuple[str, str]
"""Connector and base URL (empty: the venue's own hosts)."""

READ_AGAIN_AFTER = timedelta(seconds=5)
"""Streams of one venue that open together share one reading by request."""

_log = structlog.get_logger("truenav.marks")


class LiveMarket:
    """Follows one venue's prices until closed; ``take`` gets the quotes.

    ``keep`` gets each payload that states any, before them; by default live prices are looked at and not
    recorded.
    """

    def __init__(
        self,
        house: House,
        venue: VenueKey,
        source: StreamingConnector,
        context: ParseContext,
        take: Callable[[Collection[Fact]], None],
        keep: Callable[[Payload], None] = lambda payload: None,
    ) -> None:
        self.venue = venue
        self.plans = source.market_streams(context)
        self._house = house
        self._source = source
        self._context = context
        self._take = take
        self._keep = keep
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()
        self._streams = [self._stream(plan, number) for number, plan in enumerate(self.plans)]
        self._tasks = [asyncio.create_task(stream.run()) for stream in self._streams]

    async def close(self) -> None:
        """End the streams."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def health(self) -> MarketHealth | None:
        """How the streams do; None where there is nothing to follow."""
        return market_health([stream.health for stream in self._streams])

    def _stream(self, plan: StreamPlan, number: int) -> MarketStream:
        return MarketStream(
            self._source,
            plan,
            self._context,
            take=self._told,
            catch_up=self._catch_up,
            clock=self._house.clock,
            seed=int(self._house.clock.now().timestamp()) + number,
            private_hosts=self._house.settings.private_hosts,
            base_url=self.venue[1] or None,
        )

    def _told(self, payload: Payload, parsed: Parsed) -> None:
        if parsed.facts:
            self._keep(payload)
            self._take(parsed.facts)

    async def _catch_up(self) -> None:
        """Read the market once by request; what cannot be read is told by the next messages."""
        opened_at = self._house.clock.now()
        async with self._reading:
            if self._read_at is not None and opened_at - self._read_at < READ_AGAIN_AFTER:
                return
            settings = self._house.settings
            told: list[Payload] = []

            async def hear(payload: Payload) -> None:
                told.append(payload)

            try:
                async with open_network(
                    seed=int(opened_at.timestamp()),
                    private_hosts=settings.private_hosts,
                    clock=self._house.clock,
                    limits=settings.limits_folder,
                ) as network:
                    api = network.transport(self._source, hear, base_url=self.venue[1] or None)
                    found = await self._source.gather_market(api, self._context)
            except VenueError as error:
                _log.warning("market not read", venue=self.venue[0], reason=error.message)
                return
            self._read_at = self._house.clock.now()
        for payload in told:  # with the quotes they state, so that nobody sees the one without the other
            self._keep(payload)
        self._take(found.facts)


def narrowed(context: ParseContext, venue: str, wanted: Collection[QuoteKey]) -> ParseContext:
    """The context with those instruments of a venue whose prices are wanted: the others are not followed."""
    found = [one for one in context.instruments.instruments.values() if _is_wanted(one, venue, wanted)]
    return ParseContext(context.assets, InstrumentBook(found))


def _is_wanted(terms: Instrument, venue: str, wanted: Collection[QuoteKey]) -> bool:
    if terms.venue != venue:
        return False
    if terms.kind is InstrumentKind.SPOT:
        return (venue, terms.base, terms.quote, QuoteKind.LAST) in wanted
    currency = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
    return (venue, terms.id, currency, QuoteKind.MARK) in wanted or (
        venue,
        terms.base,
        terms.quote,
        QuoteKind.INDEX,
    ) in wanted
