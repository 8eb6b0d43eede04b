"""Places orders and follows them to their end, so that no crash, time-out or second process doubles one.

Three rules make it so (``docs/methods/orders.md``):

1. An order is committed as *intended* before it is sent, and each sending is committed, with the window in
   which the venue may take it, before it happens.
2. What became of a sending that nobody answered is *unknown* until the venue is asked by client id.
3. It is sent again, under the same client id, only when the venue was asked after its own clock had passed
   the window and had no such order. A sending that was held up somewhere comes too late by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from truenav.app.trading.book import OrderBook
from truenav.app.trading.limits import (
    MARK_AGE,
    Standing,
    protected,
    refusal,
    spent_by,
    working_beside,
    worth_of,
)
from truenav.connect.errors import VenueError
from truenav.connect.trading import OrderMarket, OrderPort, OrderRefusedError
from truenav.core.clock import Clock
from truenav.core.instrument import InstrumentBook, UnknownInstrumentError
from truenav.core.orders import (
    AT_VENUE,
    FINAL,
    Order,
    OrderRequest,
    OrderState,
    OthersOrderError,
    Reason,
    TooSmallError,
    fitted,
    may_be_sent_again,
)
from truenav.store.commit_points import commit_point

CLOCK_TRUSTED = timedelta(seconds=5)
"""With a venue's clock further off than this nothing is ordered (failure rule 8)."""
GRACE = timedelta(seconds=30)
"""How long after the last deadline the fate of what was sent is still asked for."""
ANSWER_SECONDS = 8.0
"""How long the answer to a sending is waited for; its window is over by then, and the look-up tells more."""
FORGOTTEN = timedelta(days=1)
"""How long after its deadline an order that a venue took, and does not find, may still turn up there."""
POLL_SECONDS = 1.0
MOST_SENDINGS = 3

_UNTOLD = (OrderState.SENT, OrderState.UNKNOWN)
_log = structlog.get_logger(__name__)

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Executor:
    """Works the orders of one account; whoever makes one holds the account's office."""

    book: OrderBook
    port: OrderPort
    instruments: InstrumentBook
    clock: Clock
    pause: Pause

    async def run(self, requests: Sequence[OrderRequest], *, good_until: datetime) -> tuple[Order, ...]:
        """Place what is asked for and follow it until all is known, or until ``good_until`` and a grace.

        Orders of earlier runs that were cut short are brought to their end first. What is still working at
        its deadline is taken out. Gives the asked orders as they then stand; one may still be ``unknown``
        where the venue did not say for so long, and the next run asks again before it does anything else.
        Raises ``UnknownInstrumentError`` before anything is written down.
        """
        for one in requests:
            self.instruments.get(one.instrument)
        now = self.clock.now()
        if requests:
            await self.book.intend([Order(one, good_until, now, now) for one in requests], at=now)
        commit_point("orders.intended")
        while left := await self.book.unsettled():
            left = await self._round(left)
            if not left or self.clock.now() >= good_until + GRACE:
                break
            await self.pause(POLL_SECONDS)
        return await self.book.read(requests)

    async def _round(self, left: Iterable[Order]) -> tuple[Order, ...]:
        """Bring each order a step further, those of unknown fate first; gives what is not settled then."""
        standing: list[Order] = []
        for order in sorted(left, key=_turn):
            self.book.begin()
            untold = any(one.state in _UNTOLD for one in standing)
            try:
                standing.append(await self._step(order, untold=untold))
            except (VenueError, OthersOrderError, UnknownInstrumentError) as error:
                _log.warning("an order waits", order=order.request.client_id, reason=error.message)
                standing.append(order)
        return tuple(one for one in standing if not one.settled)

    async def _step(self, order: Order, *, untold: bool) -> Order:
        """One order a step further. ``untold``: the fate of another one of the account is not known."""
        if order.state is OrderState.SENT:  # the process that sent it did not live to hear
            order = await self.book.save(order, order.lost("Nobody heard the answer.", at=self.clock.now()))
        if order.state is OrderState.INTENDED:
            return await self._begin(order, untold=untold)
        if order.state is OrderState.UNKNOWN:
            order = await self._resolve(order)
        elif order.state in AT_VENUE:
            order = await self._follow(order)
        return await self._collect(order)

    async def _begin(self, order: Order, *, untold: bool) -> Order:
        waits = untold and not order.request.reduce_only
        if self._is_over(order):
            why = Reason.UNRESOLVED if waits else Reason.DEADLINE
            return await self._reject(order, why, "It was not sent before its deadline.")
        if waits:  # what the account holds cannot be known now
            return order
        return await self._collect(await self._send(order))

    # -- sending ------------------------------------------------------------------------------

    async def _send(self, order: Order) -> Order:
        """Send an order that the venue certainly does not have, if clock, limits and key allow it."""
        offset = await self.port.clock_offset()
        await self.book.note_clock(offset, at=self.clock.now())
        if abs(offset) > CLOCK_TRUSTED:
            note = (
                f"The venue's clock differs by {offset.total_seconds():.3f} s; nothing is ordered. Check NTP."
            )
            return await self._reject(order, Reason.CLOCK, note)
        request = order.request
        try:
            instrument = self.instruments.get(request.instrument)
            market = await self.port.market(instrument.id)
            standing = await self._standing(request, market, self.clock.now() + offset)
            if standing is not None:
                request = protected(request, standing.limits, standing.mark)
            request = fitted(request, market.terms, market.mark, instrument)
        except OrderRefusedError as error:
            return await self._reject(order, error.reason, error.message)
        except TooSmallError as error:
            return await self._reject(order, Reason.TOO_SMALL, error.message)
        except UnknownInstrumentError as error:
            return await self._reject(order, Reason.NOT_ALLOWED, error.message)
        if refused := refusal(request, instrument, standing):
            return await self._reject(order, refused.reason, refused.note)
        if not await self.book.may_send():  # asked last: somebody may stop the account at any moment
            return await self._reject(order, Reason.KEY, "The account's trading key was removed.")
        window = self.port.window(self.clock.now() + offset)
        worth = worth_of(request, instrument, market.mark)
        order = await self.book.save(order, order.sending(request, window, worth, at=self.clock.now()))
        commit_point("orders.sent")
        return await self._place(order, request)

    async def _place(self, order: Order, request: OrderRequest) -> Order:
        """The one write. Whatever leaves a doubt leaves the order's fate unknown."""
        assert order.window is not None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                placed = await self.port.place(request, order.window)
            commit_point("orders.answered")
            return await self.book.save(order, order.told(placed, at=self.clock.now()))
        except OrderRefusedError as error:
            return await self._reject(order, error.reason, error.message)
        except (VenueError, OthersOrderError) as error:
            return await self.book.save(order, order.lost(error.message, at=self.clock.now()))
        except TimeoutError:
            return await self.book.save(order, order.lost("No answer came in time.", at=self.clock.now()))

    async def _standing(self, request: OrderRequest, market: OrderMarket, now: datetime) -> Standing | None:
        """What the limits look at; None where any of it cannot be read."""
        known = await self.book.limits(self.clock.now())
        if known is None or abs(now - market.at) > MARK_AGE or market.mark <= 0:
            return None
        limits, today = known
        try:
            position = await self.port.position(request.instrument)
        except VenueError as error:
            _log.warning("the position cannot be read", account=request.account, reason=error.message)
            return None
        others = [one for one in today if one.request.client_id != request.client_id]
        working = working_beside({*others, *await self.book.unsettled()}, request)
        return Standing(limits, market.mark, position, working, spent_by(others))

    # -- what became of it --------------------------------------------------------------------

    async def _resolve(self, order: Order) -> Order:
        """Learn the fate of a sending; only one that cannot arrive any more is given up or sent again."""
        assert order.window is not None
        assert order.sent is not None
        venue_at = self.clock.now() + await self.port.clock_offset()  # before the look-up
        found = await self.port.look_up(order.sent)
        if found is not None:
            try:
                return await self.book.save(order, order.told(found, at=self.clock.now()))
            except OthersOrderError as error:
                return await self._reject(order, Reason.OTHERS, error.message)
        if not may_be_sent_again(order.window, venue_at=venue_at, found=False):
            return order
        if self._is_over(order) or order.sendings >= MOST_SENDINGS:
            return await self._reject(order, Reason.NOT_PLACED, "The venue never had it.")
        return await self._send(order)

    async def _follow(self, order: Order) -> Order:
        """See how a working order stands, and take it out after its deadline."""
        order = await self._look(order)
        if order.state in AT_VENUE and self._is_over(order):
            try:
                await self.port.cancel(order.sent or order.request)
            except VenueError as error:
                _log.warning("cancelling", order=order.request.client_id, reason=error.message)
            order = await self._look(order)
        return order

    async def _look(self, order: Order) -> Order:
        """As the venue tells it now. One that it took and has no more, long after the deadline, has ended."""
        found, now = await self.port.look_up(order.sent or order.request), self.clock.now()
        if found is not None:
            return await self.book.save(order, order.told(found, at=now))
        if now < order.good_until + FORGOTTEN:
            return order
        return await self.book.save(order, order.forgotten("The venue has it no more.", at=now))

    async def _collect(self, order: Order) -> Order:
        """The executions of an order that ended."""
        if order.settled or order.state not in FINAL or order.venue is None:
            return order
        fills = await self.port.fills(order.venue)
        return await self.book.save(order, order.with_fills(fills, at=self.clock.now()))

    async def _reject(self, order: Order, reason: Reason, note: str) -> Order:
        return await self.book.save(order, order.rejected(reason, note, at=self.clock.now()))

    def _is_over(self, order: Order) -> bool:
        return self.clock.now() >= order.good_until


def _turn(order: Order) -> tuple[bool, datetime, str, int]:
    """Orders of unknown fate first, then as they were asked for."""
    request = order.request
    return order.state not in _UNTOLD, order.created_at, request.origin, request.leg
