"""Trades for the products that are hedged: approved rebalances become orders, and their fills deeds.

A decision is named after its proposal (``etp/btc3l/17``) and its orders are counted, so that whoever goes on
after a crash finds the same orders. Fills are read from the journal of orders, and each is booked once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Protocol

import structlog

from truenav.access.policy import Principal
from truenav.access.users import system_principal
from truenav.app.etp.live.carrying import settled
from truenav.app.etp.live.fills import fill_of
from truenav.app.etp.live.product import RunningProduct
from truenav.app.house import House
from truenav.app.trading import service
from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.calc.etp.live.dealing import Execution
from truenav.calc.etp.live.deeds import Approved, Closed, Compared, Filled, Stopped, What
from truenav.calc.etp.live.hedged import remaining
from truenav.calc.etp.live.state import Fill, LiveProduct
from truenav.connect.trading import OrderMarket
from truenav.connect.transport import Network
from truenav.core.basket import Side as DealSide
from truenav.core.failure import TruenavError, UnavailableError
from truenav.core.ids import AccountId, InstrumentId, TenantId
from truenav.core.instruction import InstructionState
from truenav.core.instrument import Instrument
from truenav.core.listing import Listing
from truenav.core.money import ZERO, Amount, exact, to_text
from truenav.core.orders import Order, OrderRequest, Side, TooSmallError, fitted
from truenav.store import instructions, orders
from truenav.store.instructions import Instruction
from truenav.store.orders import ExecutorBusyError, StaleExecutorError

ORDER_SECONDS = timedelta(seconds=20)
"""How long an order is good for; one at the market ends at once, unless the venue does not answer."""

COMPARE_SECONDS = timedelta(seconds=60)
"""How often what a venue holds is compared with what a product holds."""

REST_SECONDS = timedelta(seconds=5)
"""After an answer that did not come, or another process at the account, it is tried again so much later."""

_PLACES = Decimal("1e-18")
"""Contracts are asked for in no finer parts."""

_COMES_BACK = (ExecutorBusyError, StaleExecutorError, UnavailableError)
"""What ends by itself: another process has the account for now, or something does not answer. What was sent
is found again, so that nothing is decided by these.
"""

_SYSTEM = "system"
_log = structlog.get_logger("truenav.hedging")


class Trader(Protocol):
    """Sends the orders of a tenant's accounts."""

    async def execute(
        self, account: AccountId, requests: Sequence[OrderRequest], *, good_until: datetime
    ) -> tuple[Order, ...]:
        """See `truenav.app.trading.service.execute_on`."""
        ...

    async def look(self, account: AccountId, instrument: InstrumentId) -> tuple[OrderMarket, Decimal]:
        """See `truenav.app.trading.service.look`."""
        ...


@dataclass(frozen=True, slots=True)
class SystemTrader:
    """Trades as the system, with the trading keys and within the limits of the accounts."""

    house: House
    tenant: TenantId
    network: Network

    @property
    def _principal(self) -> Principal:
        return system_principal(self.tenant)

    async def execute(
        self, account: AccountId, requests: Sequence[OrderRequest], *, good_until: datetime
    ) -> tuple[Order, ...]:
        """Place orders, or bring to an end what is left of earlier ones."""
        return await service.execute_on(
            self.house, self._principal, account, requests, good_until=good_until, network=self.network
        )

    async def look(self, account: AccountId, instrument: InstrumentId) -> tuple[OrderMarket, Decimal]:
        """Terms and mark of an instrument, and the account's contracts of it."""
        return await service.look(self.house, self._principal, account, instrument, network=self.network)


# -- pure parts ---------------------------------------------------------------------------------


def automatic(listing: Listing, live: LiveProduct) -> Approved | None:
    """The approval of an open proposal that needs no person: it is small enough, and nothing stopped it."""
    proposal = live.proposal
    if proposal is None or listing.automatic_up_to is None or live.trouble:
        return None
    with exact():
        small = abs(proposal.order) * proposal.price <= listing.automatic_up_to
    return Approved(proposal.number) if small and live.approved != proposal.number else None


def order_for(
    origin: str, leg: int, account: AccountId, instrument: Instrument, rest: Decimal, held: Decimal
) -> OrderRequest | None:
    """The market order for ``rest`` of the underlying where the product holds ``held``; None for nothing.

    It only reduces where it makes the product's position smaller and does not turn it.
    """
    with exact():
        contracts = (abs(rest) / instrument.multiplier).quantize(_PLACES, ROUND_DOWN)
        reduces = rest * held < 0 and abs(rest) <= abs(held)
    if contracts == 0:
        return None
    side = Side.BUY if rest > 0 else Side.SELL
    return OrderRequest(account, origin, leg, instrument.id, side, contracts, reduce_only=reduces, tag="etp")


def fills_of(order: Order, instrument: Instrument) -> Iterator[tuple[Fill, tuple[Amount, ...]]]:
    """The fills of an order as its product books them: see `truenav.app.etp.live.fills.fill_of`."""
    for one in order.fills or ():
        yield fill_of(f"{order.request.client_id}/{one.id}", order.request.side, one, instrument)


def execution_of(done: Sequence[Order], instrument: Instrument, mark: Decimal) -> Execution:
    """What orders came to: net quantity, average price (the ``mark`` where nothing was traded) and fees."""
    with exact():
        fills = [fill for order in done for fill, _ in fills_of(order, instrument)]
        quantity = sum((one.quantity for one in fills), ZERO)
        value = sum((one.quantity * one.price for one in fills), ZERO)
        fees = sum((one.fee for one in fills), ZERO)
        return Execution(quantity, value / quantity if quantity else mark, fees)


# -- at work ------------------------------------------------------------------------------------


class _NothingTradedError(Exception):
    """An order got nothing; why."""


@dataclass(slots=True)
class Hedger:
    """Trades for the hedged products of a tenant, one account at a time each.

    ``running`` are the products, which somebody else may replace at any moment; ``instruments`` gives the
    terms of one; ``ended`` is told of creations and redemptions that ended, ``happened`` that something is to
    be written.
    """

    house: House
    tenant: TenantId
    trader: Trader
    running: Callable[[], Mapping[str, RunningProduct]]
    instruments: Callable[[InstrumentId], Instrument]
    ended: Callable[[Instruction, Instruction], Awaitable[None]]
    happened: Callable[[], None]
    _tasks: dict[AccountId, asyncio.Task[None]] = field(default_factory=dict)
    _rests: dict[AccountId, datetime] = field(default_factory=dict)
    _compared: dict[str, datetime] = field(default_factory=dict)
    _read: dict[str, RunningProduct] = field(default_factory=dict)

    def tend(self, deals: Collection[Instruction]) -> None:
        """Approve what needs no person, and begin what can be traded now.

        ``deals`` are creations and redemptions whose hedge is to be traded.
        """
        now = self.house.clock.now()
        for running in tuple(self.running().values()):
            account = running.listing.hedge_account
            if account is None or running.live is None or running.live.actual is None:
                continue
            self._approve(running, running.live)
            if self._is_busy(account) or self._rests.get(account, now) > now:
                continue
            mine = [one for one in deals if one.listing == running.listing.id and not running.knows(one.id)]
            if mine or self._has_work(running, now):
                self._tasks[account] = asyncio.create_task(self._work(running.listing.id, account, mine))

    def end_orphans(self, accounts: Collection[AccountId]) -> None:
        """Bring to an end what processes that died left of orders."""
        for account in accounts:
            if not self._is_busy(account):
                self._tasks[account] = asyncio.create_task(self._end(account))

    async def close(self) -> None:
        """End what is under way. Orders that were sent are found again by whoever goes on."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._tasks.values())

    def _approve(self, running: RunningProduct, live: LiveProduct) -> None:
        what = automatic(running.listing, live)
        if what is not None:
            self._act(running, f"approved/{what.number}", what)

    def _is_busy(self, account: AccountId) -> bool:
        return account in self._tasks and not self._tasks[account].done()

    def _has_work(self, running: RunningProduct, now: datetime) -> bool:
        live, name = running.live, running.listing.id
        assert live is not None
        approved = live.proposal is not None and live.approved == live.proposal.number
        unread = self._read.get(name) is not running
        due = now - self._compared.get(name, datetime.min.replace(tzinfo=now.tzinfo)) >= COMPARE_SECONDS
        return approved or unread or due

    async def _work(self, name: str, account: AccountId, deals: Sequence[Instruction]) -> None:
        """All that is to be traded for one product now; what cannot be is told, and waits."""
        running = self.running().get(name)
        if running is None or running.live is None:
            return  # it ended, or begins anew, since this was decided
        proposal = running.live.proposal
        number = 0 if proposal is None else proposal.number
        try:
            await self._book_late(name, account)
            for deal in deals:
                await self._deal(name, account, deal)
            await self._rebalance(name, account)
            await self._compare(name, account)
        except _COMES_BACK as error:
            _log.warning("hedging waits", product=name, reason=error.message)
            self._rests[account] = self.house.clock.now() + REST_SECONDS
        except TruenavError as error:
            self._rests[account] = self.house.clock.now() + REST_SECONDS
            self._stop(name, number, error.message)

    async def _end(self, account: AccountId) -> None:
        try:
            await self.trader.execute(account, (), good_until=self.house.clock.now() + ORDER_SECONDS)
        except TruenavError as error:
            _log.warning("orders wait", account=account, reason=error.message)

    # -- rebalances

    async def _rebalance(self, name: str, account: AccountId) -> None:
        """Trade the approved proposal until nothing tradable is left of it."""
        while (running := self.running().get(name)) is not None:
            live = running.live
            if live is None or live.proposal is None or live.approved != live.proposal.number:
                return
            number, origin = live.proposal.number, f"etp/{name}/{live.proposal.number}"
            done = await self._settled(account, origin, instant_of(live.proposal.at))
            if done is None:
                return
            self._book(name, done)
            live = running.live
            assert live is not None
            assert live.actual is not None
            rest, held = remaining(live), live.actual.position
            try:
                order = await self._next(account, running, origin, len(done), rest, held)
            except _NothingTradedError as error:
                self._stop(name, number, str(error))
                return
            if order is None:
                self._close(name, number, rest)
                return
            self._book(name, [order])
            if not order.settled:
                return

    async def _book_late(self, name: str, account: AccountId) -> None:
        """Book what was filled and not written when a process died, of whichever proposal."""
        running = self.running().get(name)
        if running is None or self._read.get(name) is running:
            return
        done = await self._settled(account, f"etp/{name}/", running.listing.opened_at)
        if done is not None:
            self._book(name, [one for one in done if one.request.origin.count("/") == 2])
            self._read[name] = running

    def _book(self, name: str, done: Sequence[Order]) -> None:
        running = self.running().get(name)
        if running is None:
            return
        instrument = self.instruments(running.listing.instrument)
        for order in done:
            number = int(order.request.origin.rpartition("/")[2])
            for fill, others in fills_of(order, instrument):
                self._act(running, fill.id, Filled(number, fill, others))

    def _close(self, name: str, number: int, rest: Decimal) -> None:
        running = self.running().get(name)
        if running is None or running.live is None:
            return
        if running.live.proposal is not None and running.live.proposal.number == number:
            why = "done" if rest == 0 else f"{to_text(rest)} are less than the venue trades"
            self._act(running, f"closed/{number}", Closed(number, 0, why))

    def _stop(self, name: str, number: int, why: str) -> None:
        """Wait for a person with the open proposal, if it may be executed."""
        _log.warning("hedging stopped", product=name, proposal=number, reason=why)
        running = self.running().get(name)
        if running is not None and running.live is not None and running.live.approved == number:
            at = microseconds(self.house.clock.now())
            self._act(running, f"stopped/{number}/{at}", Stopped(number, why))

    # -- creations and redemptions

    async def _deal(self, name: str, account: AccountId, deal: Instruction) -> None:
        """Trade the hedge of a creation or redemption in cash, then settle it with its true-up."""
        assert deal.estimate is not None
        assert deal.approved_at is not None
        if not await asyncio.to_thread(self._stands, deal):
            return
        origin, quote = f"etp/{name}/deal/{deal.id}", deal.estimate
        with exact():
            wanted = quote.position if quote.request.side is DealSide.CREATE else -quote.position
        why = ""
        while (running := self.running().get(name)) is not None and running.live is not None:
            done = await self._settled(account, origin, deal.approved_at)
            if done is None:
                return
            instrument = self.instruments(running.listing.instrument)
            found = execution_of(done, instrument, quote.price)
            held = ZERO if running.live.actual is None else running.live.actual.position
            with exact():
                rest = wanted - found.quantity
            try:
                order = None if why else await self._next(account, running, origin, len(done), rest, held)
            except _COMES_BACK:
                raise
            except (TruenavError, _NothingTradedError) as error:
                order, why = None, str(error)
            if order is not None:
                continue
            if why and found.quantity == 0:
                now = self.house.clock.now()
                note = f"Its hedge could not be traded: {why}"
                refused = replace(deal, state=InstructionState.REFUSED, outcome=note, ended_at=now)
                await self.ended(deal, refused)
                return
            await self.ended(*settled(running, deal, found, at=self.house.clock.now()))
            return

    def _stands(self, deal: Instruction) -> bool:
        """Whether an instruction is still as it was read: what was refused meanwhile must not be traded."""
        with self.house.database.transaction(self.tenant) as session:
            return instructions.get(session, deal.id).version == deal.version

    # -- orders

    async def _next(
        self,
        account: AccountId,
        running: RunningProduct,
        origin: str,
        leg: int,
        rest: Decimal,
        held: Decimal,
    ) -> Order | None:
        """Place the next order of a decision; None where nothing tradable is left.

        Raises `_NothingTradedError` where it got nothing.
        """
        instrument = self.instruments(running.listing.instrument)
        request = order_for(origin, leg, account, instrument, rest, held)
        if request is None:
            return None
        market, _ = await self.trader.look(account, instrument.id)
        try:
            fitted(request, market.terms, market.mark, instrument)
        except TooSmallError:
            return None
        until = self.house.clock.now() + ORDER_SECONDS
        (order,) = await self.trader.execute(account, [request], good_until=until)
        if order.settled and order.filled == 0:
            raise _NothingTradedError(order.note or f"The order is {order.state}, and nothing was filled.")
        return order

    async def _settled(self, account: AccountId, origin: str, since: datetime) -> tuple[Order, ...] | None:
        """The orders of decisions, all at their end; None while the fate of one is unknown."""
        found = await asyncio.to_thread(self._orders, account, origin, since)
        if all(one.settled for one in found):
            return found
        await self.trader.execute(account, (), good_until=self.house.clock.now() + ORDER_SECONDS)
        found = await asyncio.to_thread(self._orders, account, origin, since)
        return found if all(one.settled for one in found) else None

    def _orders(self, account: AccountId, origin: str, since: datetime) -> tuple[Order, ...]:
        with self.house.database.transaction(self.tenant) as session:
            return orders.of_origin(session, account, origin, since)

    async def _compare(self, name: str, account: AccountId) -> None:
        """Hold what the venue has against what the product holds, and write down when that changed."""
        running = self.running().get(name)
        if running is None or running.live is None or running.live.actual is None:
            return
        before = running.live.actual.position
        instrument = self.instruments(running.listing.instrument)
        _, contracts = await self.trader.look(account, instrument.id)
        live = running.live
        assert live.actual is not None
        now = self.house.clock.now()
        self._compared[name] = now
        with exact():
            unexplained = contracts * instrument.multiplier - live.actual.position
        if live.actual.position == before and unexplained != live.unexplained:
            _log.warning("hedge differs", product=name, unexplained=to_text(unexplained))
            self._act(running, f"compared/{microseconds(now)}", Compared(unexplained))

    def _act(self, running: RunningProduct, id: str, what: What) -> None:
        if not running.knows(id):
            running.act(id, what, by=_SYSTEM, at=self.house.clock.now())
            self.happened()
