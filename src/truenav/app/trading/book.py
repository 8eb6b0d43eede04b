"""The journal as one executor writes it: each step a commit, the venue's answer beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from truenav.app.trading.clocks import note_clock
from truenav.app.trading.limits import TradingLimits, day_of
from truenav.connect.contract import CLOCK_ALARM, Payload
from truenav.core.evidence import Evidence
from truenav.core.failure import TruenavError
from truenav.core.ids import TenantId
from truenav.core.orders import Order, OrderRequest
from truenav.store import audit, definitions, evidence, orders
from truenav.store.blobs import BlobStore
from truenav.store.database import Database, DatabaseUnavailableError, Session
from truenav.store.definitions import Kind
from truenav.store.orders import Office

T = TypeVar("T")


class OrderBook:
    """The orders of one account, written in the name of one office."""

    def __init__(
        self,
        database: Database,
        tenant: TenantId,
        blobs: BlobStore,
        office: Office,
        *,
        may_send: Callable[[Session], bool],
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._blobs = blobs
        self._may_send = may_send
        self._office = office
        self._heard: list[Evidence] = []
        self._clock_off: bool | None = None

    async def archive(self, payload: Payload) -> None:
        """Make an answer's bytes durable before anybody reads them."""
        await asyncio.to_thread(self._blobs.write, payload.body)
        self._heard.append(payload.evidence)

    def begin(self) -> None:
        """Forget what was heard: it told nothing new."""
        self._heard.clear()

    async def intend(self, wanted: Sequence[Order], *, at: datetime) -> tuple[Order, ...]:
        """Write down all orders of a decision, or none; one that stands already is given as it stands."""

        def write(session: Session) -> tuple[Order, ...]:
            found = tuple(orders.add(session, self._office, one) for one in wanted)
            audit.append(
                session,
                actor=self._office.actor,
                action="orders.intend",
                subject=self._office.account,
                at=at,
                detail={"orders": [one.request.client_id for one in wanted]},
            )
            return found

        return await self._do(write)

    async def save(self, before: Order, after: Order) -> Order:
        """Commit the next step of an order with the answers that told it; gives it back."""
        if after.version == before.version:
            return before
        heard = tuple(self._heard)

        def write(session: Session) -> Order:
            evidence.note_many(session, heard)
            told_by = heard[-1].sha256 if heard else None
            orders.save(session, self._office, before, after, evidence=told_by)
            return after

        saved = await self._do(write)
        self._heard.clear()  # the next step is told by another answer, or by none
        return saved

    async def unsettled(self) -> tuple[Order, ...]:
        """Orders of the account of which something is left to be learned."""
        return await self._do(lambda session: orders.unsettled(session, self._office.account))

    async def read(self, requests: Sequence[OrderRequest]) -> tuple[Order, ...]:
        """The orders of some requests as they stand."""
        return await self._do(
            lambda session: tuple(orders.get(session, one.account, one.client_id) for one in requests)
        )

    async def may_send(self) -> bool:
        """Whether the account's trading key is still there."""
        return await self._do(self._may_send)

    async def note_clock(self, offset: timedelta, *, at: datetime) -> None:
        """Tell people that the venue's clock (less ours) is off, or is right again; once as it changes."""
        off = abs(offset) > CLOCK_ALARM
        if off is not self._clock_off:
            await self._do(lambda session: note_clock(session, self._office.account, offset, at=at))
            self._clock_off = off

    async def limits(self, at: datetime) -> tuple[TradingLimits, tuple[Order, ...]] | None:
        """The account's limits, and the orders at work since midnight UTC; None where they cannot be read."""
        account = self._office.account

        def read(session: Session) -> tuple[TradingLimits, tuple[Order, ...]]:
            found = definitions.get(session, Kind.TRADING_LIMITS, account, TradingLimits)
            return found, orders.at_work_since(session, account, day_of(at))

        try:
            return await self._do(read)
        except DatabaseUnavailableError:
            raise  # nothing could be written down either
        except TruenavError:
            return None

    async def _do(self, work: Callable[[Session], T]) -> T:
        return await asyncio.to_thread(self._transaction, work)

    def _transaction(self, work: Callable[[Session], T]) -> T:
        with self._database.transaction(self._tenant) as session:
            return work(session)
