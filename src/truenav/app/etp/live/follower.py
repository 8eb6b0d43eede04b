"""Keeps the listed products of all tenants at the prices of their venues, and writes what they go through.

One process does it; who does is decided by whoever runs it. Two that believe to be the one, for a moment, do
no harm: a chapter is written once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog

from truenav.app.etp.catalogues import MODULE
from truenav.app.etp.instructions import ended
from truenav.app.etp.live.carrying import carry_out
from truenav.app.etp.live.financing import FundingRates
from truenav.app.etp.live.hedging import Hedger, SystemTrader, Trader
from truenav.app.etp.live.product import RunningProduct, evidenced, mark_key
from truenav.app.house import House
from truenav.app.marks.market import LiveMarket, VenueKey, narrowed
from truenav.app.sources.context import parse_context
from truenav.app.sources.model import Connection
from truenav.app.trading.limits import day_of
from truenav.calc.pricing.quotes import QuoteKey, quote_key
from truenav.connect.contract import ParseContext, Payload, StreamingConnector
from truenav.connect.registry import connector, installed
from truenav.connect.transport import open_network
from truenav.core.asset import AssetBook
from truenav.core.facts import Fact
from truenav.core.failure import ConflictError, TruenavError, UnavailableError
from truenav.core.ids import AccountId, InstrumentId, Sha256, TenantId
from truenav.core.instruction import WAITING, InstructionState
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.core.listing import Listing
from truenav.core.money import ZERO
from truenav.store import definitions, evidence, instructions, orders, products, roles
from truenav.store.changes import changed_since, snapshot_of
from truenav.store.definitions import Definition, Kind
from truenav.store.instructions import Instruction
from truenav.store.products import Chapter
from truenav.store.tenants import list_tenants

LOOK_SECONDS = 1.0
"""How often it is asked what is listed."""

SWEEP_SECONDS = timedelta(minutes=1)
"""How often orders that a process left when it died are looked for."""

WRITE_SECONDS = 10.0
"""Marks at which nothing happened are written so often; what happens is written at once."""

_log = structlog.get_logger("truenav.products")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a tenant's definitions say is run, with the snapshot that they were read in."""

    snapshot: str
    listings: tuple[Definition[Listing], ...]
    places: dict[str, VenueKey]
    context: ParseContext


_NOTHING = _Known("", (), {}, ParseContext(AssetBook((), ()), InstrumentBook(())))


@dataclass(slots=True)
class TenantProducts:
    """The running products of one tenant.

    ``messages`` of its venues are held until the chapters of the marks that they stated are written.
    ``carried`` are instructions whose deeds are not written yet, before and after. It ``is_behind`` where the
    journal of a listed product could not be read, so that it is not run yet.
    """

    house: House
    id: TenantId
    known: _Known = _NOTHING
    running: dict[str, RunningProduct] = field(default_factory=dict)
    wanted: dict[QuoteKey, list[RunningProduct]] = field(default_factory=dict)
    markets: dict[VenueKey, LiveMarket] = field(default_factory=dict)
    messages: dict[Sha256, Payload] = field(default_factory=dict)
    carried: dict[str, tuple[Instruction, Instruction]] = field(default_factory=dict)
    rates: FundingRates | None = None
    is_behind: bool = False
    happened: asyncio.Event = field(default_factory=asyncio.Event)
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Until cancelled; then the streams are closed and what is not written yet is written."""
        settings = self.house.settings
        async with open_network(
            seed=int(self.house.clock.now().timestamp()),
            private_hosts=settings.private_hosts,
            clock=self.house.clock,
            limits=settings.limits_folder,
        ) as network:
            hedger = self.hedger(SystemTrader(self.house, self.id, network))
            self.rates = FundingRates(self.house, self.id, network)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._keep_listed())
                    tasks.create_task(self._keep_written())
                    tasks.create_task(self._keep_tended(hedger))
                    tasks.create_task(self._keep_financed(self.rates))
            finally:
                await hedger.close()
                for market in self.markets.values():
                    await market.close()
                await self._write()

    def hedger(self, trader: Trader) -> Hedger:
        """Who trades for these products."""
        return Hedger(
            self.house,
            self.id,
            trader,
            running=lambda: self.running,
            instruments=self._terms,
            ended=self._ended,
            happened=self.happened.set,
        )

    def _terms(self, instrument: InstrumentId) -> Instrument:
        return self.known.context.instruments.get(instrument)

    async def _keep_listed(self) -> None:
        while True:
            try:
                await self.look()
            except TruenavError as error:
                _log.warning("what is listed is not known", tenant=self.id, reason=error.message)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Run what is listed by now, and what could not be begun before."""
        known = await asyncio.to_thread(self._read)
        if known is not self.known or self.is_behind:
            await asyncio.to_thread(self._refuse_for_ended)
            await self._adjust(known)

    async def _keep_written(self) -> None:
        while True:
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self.happened.wait()
            except TimeoutError:
                pass
            self.happened.clear()
            await self._write()

    async def _keep_tended(self, hedger: Hedger) -> None:
        """Carry out what people want, trade, and now and then end what processes that died left."""
        swept = datetime.min.replace(tzinfo=UTC)
        while True:
            try:
                await self.tend(hedger)
                if self.house.clock.now() - swept >= SWEEP_SECONDS:
                    swept = self.house.clock.now()
                    hedger.end_orphans(await asyncio.to_thread(self._orphans))
            except TruenavError as error:
                _log.warning("products are not tended", tenant=self.id, reason=error.message)
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_financed(self, rates: FundingRates) -> None:
        """Read the funding rates of the products that are financed at published ones."""
        while True:
            await self.read_rates(rates)
            await asyncio.sleep(LOOK_SECONDS)

    async def read_rates(self, rates: FundingRates) -> None:
        """Ask for the funding rates that were published since the last ones, once in a while."""
        for running in tuple(self.running.values()):
            if running.listing.published_rates:
                await rates.read(running, self._terms(running.listing.instrument), self.known.places)

    async def tend(self, hedger: Hedger) -> None:
        """Carry out what people want of the products, and trade for those that are hedged."""
        if not self.running:
            return
        carried = tuple(after for _, after in self.carried.values())
        waiting, dealt = await asyncio.to_thread(self._approved, carried)
        for name, running in tuple(self.running.items()):
            mine = [one for one in waiting if one.listing == name]
            for step in carry_out(running, mine, at=self.house.clock.now(), dealt=dealt.get(name, ZERO)):
                await self._ended(*step)
        hedger.tend([one for one in waiting if one.estimate is not None])

    def _approved(self, carried: Sequence[Instruction]) -> tuple[tuple[Instruction, ...], dict[str, Decimal]]:
        """What is to be carried out, and what was dealt of each product today (UTC).

        ``carried`` are instructions that were carried out and need not be written yet.
        """
        midnight = day_of(self.house.clock.now())
        with self.house.database.transaction(self.id) as session:
            waiting = instructions.waiting(session, InstructionState.APPROVED)
            names = {one.listing for one in waiting}
            return waiting, {
                name: instructions.dealt_since(session, name, midnight, also=carried) for name in names
            }

    async def _ended(self, before: Instruction, after: Instruction) -> None:
        """Note how far an instruction got; what was done is written with the chapter of its deed."""
        if after.state is InstructionState.DONE:
            self.carried[before.id] = (before, after)
            self.happened.set()
        else:
            await asyncio.to_thread(self._save, before, after)

    def _save(self, before: Instruction, after: Instruction) -> None:
        with self.house.database.transaction(self.id) as session:
            instructions.save(session, before, after)
            if after.ended_at is not None:
                ended(session, after)

    def _refuse_for_ended(self) -> None:
        """Refuse what waits for products that have ended, lest it be carried out should one be listed again.

        What is being traded stays: whoever lists the product again settles it.
        """
        with self.house.database.transaction(self.id) as session:
            waiting = [one for state in WAITING for one in instructions.waiting(session, state)]
            listed = {one.id for one in definitions.list_all(session, Kind.LISTING, Listing)}
            for one in waiting:
                if one.listing not in listed and one.estimate is None:
                    note, now = "The product has ended.", self.house.clock.now()
                    refused = replace(one, state=InstructionState.REFUSED, outcome=note, ended_at=now)
                    ended(session, instructions.save(session, one, refused))

    def _orphans(self) -> Collection[AccountId]:
        with self.house.database.transaction(self.id) as session:
            return orders.unsettled_counts(session).keys()

    def _read(self) -> _Known:
        with self.house.database.transaction(self.id, snapshot=True) as session:
            if MODULE in roles.modules_off(session):
                return _NOTHING
            known = self.known
            if known is not _NOTHING and not changed_since(session, known.snapshot, ("definition",)):
                return known
            listings = definitions.list_all(session, Kind.LISTING, Listing)
            connections = definitions.bodies(session, Kind.CONNECTION, Connection)
            context = parse_context(session)
            found = {one.id: place for one in listings if (place := _place(one.body, connections, context))}
            return _Known(snapshot_of(session), listings, found, context)

    async def _adjust(self, known: _Known) -> None:
        """Run what is listed now; what was changed goes on from its last chapter by the new rules.

        No mark is taken meanwhile: what was due at one of them is done at the next.
        """
        self.wanted = {}
        await self._write()
        self.is_behind = False
        standing = {(one.id, one.version) for one in known.listings}
        self.running = {id: one for id, one in self.running.items() if (id, one.version) in standing}
        for listing in known.listings:
            if listing.id not in self.running and listing.id in known.places:
                await self._begin(listing)
        self.known = known
        self._want()
        await self._adjust_markets(known)

    async def _begin(self, listing: Definition[Listing]) -> None:
        """Run a product from its last chapter on; one that cannot go on hinders no other.

        Where the journal does not answer, it is tried again at the next look.
        """
        try:
            self.running[listing.id] = await asyncio.to_thread(self._from_journal, listing)
        except TruenavError as error:
            self.is_behind |= isinstance(error, UnavailableError)
            _log.warning("product cannot be run", product=listing.id, reason=error.message)

    def _from_journal(self, listing: Definition[Listing]) -> RunningProduct:
        with self.house.database.transaction(self.id) as session:
            last = products.latest(session, listing.id)
            known = [deed.id for deed in products.deeds(session, listing.id)]
        return RunningProduct(listing.body, listing.version, last, known=known)

    def _want(self) -> None:
        self.wanted = {}
        for running in self.running.values():
            key = mark_key(self.known.context.instruments.get(running.listing.instrument))
            self.wanted.setdefault(key, []).append(running)

    async def _adjust_markets(self, known: _Known) -> None:
        wanted = set(known.places.values())
        for venue in wanted | self.markets.keys():
            source = connector(venue[0])
            assert isinstance(source, StreamingConnector)
            context = narrowed(known.context, venue[0], self.wanted if venue in wanted else ())
            plans = source.market_streams(context)
            market = self.markets.get(venue)
            if market is not None and market.plans == plans:
                continue
            if market is not None:
                await self.markets.pop(venue).close()
            if plans:
                self.markets[venue] = LiveMarket(self.house, venue, source, context, self._take, self._keep)

    def _keep(self, payload: Payload) -> None:
        self.messages[payload.evidence.sha256] = payload

    def _take(self, facts: Collection[Fact]) -> None:
        at = self.house.clock.now()
        for fact in facts:
            key = quote_key(fact)
            if key is None:
                continue
            for running in self.wanted.get(key, ()):
                rates = () if self.rates is None else self.rates.of(running.listing.id)
                if running.see(fact, at=at, rates=rates):
                    self.happened.set()

    async def _write(self) -> None:
        """Write the next chapter of each product that something is to be written of.

        All chapters are taken at one moment with all messages until then, so that none misses a message.
        What is not written, or broken off, keeps its messages for the next time.
        """
        async with self.writing:
            found = [(one, chapter) for one in self.running.values() if (chapter := one.chapter())]
            messages, self.messages = self.messages, {}
            unwritten = {
                running.listing.id: [messages[sha] for sha in _telling(chapter) if sha in messages]
                for running, chapter in found
            }
            try:
                for running, chapter in found:
                    name = running.listing.id
                    if await self._write_one(running, chapter, unwritten[name]):
                        del unwritten[name]
            finally:
                self.messages |= {one.evidence.sha256: one for kept in unwritten.values() for one in kept}

    async def _write_one(
        self, running: RunningProduct, chapter: Chapter, messages: Sequence[Payload]
    ) -> bool:
        """Write a chapter; gives whether it stands. What somebody else wrote is gone on from."""
        name = running.listing.id
        try:
            await asyncio.to_thread(self._append, name, chapter, messages)
        except ConflictError as error:  # another one wrote it, or somebody withdrew what was carried out
            _log.warning("product begins anew", product=name, reason=error.message)
            await self._begin_anew(running)
            return True
        except TruenavError as error:
            _log.warning("chapter not written", product=name, reason=error.message)
            return False
        running.written(chapter)
        for deed in chapter.deeds:
            self.carried.pop(deed.id, None)
        return True

    async def _begin_anew(self, running: RunningProduct) -> None:
        """Go on from what the journal says; what was not written of a product is given up."""
        listing = next((one for one in self.known.listings if one.id == running.listing.id), None)
        del self.running[running.listing.id]
        self.carried = {id: one for id, one in self.carried.items() if one[0].listing != running.listing.id}
        if listing is not None:
            await self._begin(listing)
        self._want()

    def _append(self, listing: str, chapter: Chapter, messages: Sequence[Payload]) -> None:
        with self.house.database.transaction(self.id) as session:
            kept = [(one.evidence, one.body) for one in messages]
            evidence.put_many(session, self.house.blobs(self.id), kept)
            products.append(session, listing, chapter)
            for deed in chapter.deeds:
                if deed.id in self.carried:
                    before, after = self.carried[deed.id]
                    written = instructions.save(session, before, replace(after, chapter=chapter.number))
                    ended(session, written)


def _telling(chapter: Chapter) -> list[Sha256]:
    """The messages that are kept as evidence of a chapter, each once."""
    return sorted({mark.evidence for mark in evidenced(chapter)})


def _place(listing: Listing, connections: Collection[Connection], context: ParseContext) -> VenueKey | None:
    """Where the prices of a listing are followed; None where its venue streams none.

    There where its hedge account is, else where any account at the venue is, else at the venue's own hosts.
    """
    terms = context.instruments.instruments.get(listing.instrument)
    if terms is None or not isinstance(installed(terms.venue), StreamingConnector):
        return None
    there = [one for one in connections if one.enabled and one.connector == terms.venue]
    own = [one for one in there if one.account == listing.hedge_account]
    chosen = next(iter([*own, *sorted(there, key=lambda one: one.id)]), None)
    return (terms.venue, "" if chosen is None else chosen.base_url or "")


class ProductFollower:
    """Runs the products of all tenants."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._tasks: dict[TenantId, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    tenants = await asyncio.to_thread(self._tenants)
                except TruenavError as error:
                    _log.warning("tenants are not known", reason=error.message)
                else:
                    await self._leave(self._tasks.keys() - tenants)
                    self._begin(tenants)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._leave(self._tasks.keys())

    def _begin(self, tenants: Collection[TenantId]) -> None:
        for tenant in tenants:
            if tenant not in self._tasks or self._tasks[tenant].done():
                task = asyncio.create_task(TenantProducts(self._house, tenant).run())
                task.add_done_callback(_tell_trouble)
                self._tasks[tenant] = task

    async def _leave(self, tenants: Collection[TenantId]) -> None:
        tasks = [self._tasks.pop(tenant) for tenant in tuple(tenants)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tenants(self) -> set[TenantId]:
        with self._house.database.lookup() as session:
            return {one.id for one in list_tenants(session) if one.suspended_at is None}


def _tell_trouble(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("the products of a tenant stopped, they begin anew", exc_info=error)
