"""The journal of orders: each as it stands, its trail, and the one executor of each account.

An order is a row before it is anywhere else, and each of its steps is a commit. Only the executor with the
newest fencing number of an account may write its orders: the number is confirmed in the writing transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from truenav.core.canonical import decode, encode
from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import AccountId, Sha256, TenantId
from truenav.core.orders import Order, OrderState
from truenav.store.database import Database, Session, translated_errors
from truenav.store.tables import order_executor, trade_order, trade_order_event


class OrderNotFoundError(NotFoundError):
    """There is no such order."""

    code = "order-not-found"


class OrderConflictError(ConflictError):
    """The decision asked for another order before, or somebody else wrote this one meanwhile."""

    code = "order-conflict"
    title = "The order is another one by now"


class StaleExecutorError(ConflictError):
    """Another executor works the account's orders by now; this one may do nothing more."""

    code = "stale-executor"
    title = "Another process works this account's orders"


class ExecutorBusyError(ConflictError):
    """Another process works the orders of this account at this moment."""

    code = "executor-busy"
    title = "Another process works this account's orders"


# The server notices within seconds that our machine is gone, and frees the lock; one that was killed on this
# machine has it for some milliseconds more, so we wait a little.
_LOCKING = (
    "-c lock_timeout=1000 -c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2"
)


@asynccontextmanager
async def sole_executor(database: Database, tenant: TenantId, account: AccountId) -> AsyncIterator[None]:
    """Hold the account's lock, over a connection of its own; `ExecutorBusyError` while another one does.

    The lock goes with the connection. A process that lost it without knowing is held off by the fencing
    number, and what it may still send comes after its window: see `take_office`.
    """
    name = f"orders:{tenant}:{account}"
    with translated_errors():
        lock = await psycopg.AsyncConnection.connect(database.dsn, autocommit=True, options=_LOCKING)
    async with lock:
        try:
            await lock.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        except psycopg.errors.LockNotAvailable as error:
            raise ExecutorBusyError(
                f"Another process works the orders of {account}. Wait until it has ended."
            ) from error
        yield


@dataclass(frozen=True, slots=True)
class Office:
    """Who works the orders of an account: the newest ``fence`` alone may write. ``actor`` is in the trail."""

    account: AccountId
    fence: int
    actor: str


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One step of an order; ``evidence`` is the hash of the venue's answer that told it, if one did."""

    version: int
    at: datetime
    actor: str
    state: OrderState
    note: str
    evidence: Sha256 | None


OrderPlace = tuple[datetime, AccountId, str]
"""Where an order stands in the list: when it was written down, its account, and the digits of its client id.

The tag before the digits is left out: it names a strategy, and a place is told to people who see none.
"""


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """An order, and who worked for the decision that asked for it."""

    order: Order
    by: str


def take_office(session: Session, account: AccountId, *, actor: str, at: datetime) -> Office:
    """Become the executor of an account's orders; whoever was it before writes no more."""
    first = upsert(order_executor).values(account=account, fence=1, taken_at=at)
    taken = first.on_conflict_do_update(
        index_elements=[order_executor.c.tenant_id, order_executor.c.account],
        set_={"fence": order_executor.c.fence + 1, "taken_at": at},
    )
    return Office(account, session.execute(taken.returning(order_executor.c.fence)).scalar_one(), actor)


def confirm(session: Session, office: Office) -> None:
    """Refuse with `StaleExecutorError` an office that another one followed; until the commit none can."""
    query = select(order_executor.c.fence).where(order_executor.c.account == office.account)
    if session.scalar(query.with_for_update(read=True)) != office.fence:
        raise StaleExecutorError(
            f"Executor {office.fence} of {office.account} is over; another one works its orders."
        )


def add(session: Session, office: Office, order: Order) -> Order:
    """Write down an order that is intended, or give the one that was written for the same decision.

    `OrderConflictError` where that decision asked for something else.
    """
    confirm(session, office)
    known = find(session, office.account, order.request.client_id)
    if known is not None:
        if known.request != order.request:
            raise OrderConflictError(
                f"{order.request.origin} asked for another order {order.request.leg} before. A new order "
                "needs a decision, or a leg, of its own."
            )
        return known
    key = {"account": office.account, "client_id": order.request.client_id}
    values = {**key, "instrument": order.request.instrument, "created_at": order.created_at}
    session.execute(insert(trade_order).values({**values, **_columns(office, order)}))
    _note(session, office, order, None)
    return order


def save(
    session: Session, office: Office, before: Order, after: Order, *, evidence: Sha256 | None = None
) -> None:
    """Write the next step of an order; nothing where there is none."""
    confirm(session, office)
    if after.version == before.version:
        return
    here = (trade_order.c.account == office.account, trade_order.c.client_id == before.request.client_id)
    statement = update(trade_order).where(*here, trade_order.c.version == before.version)
    if session.execute(statement.values(_columns(office, after))).rowcount == 0:
        raise OrderConflictError(
            f"The order {before.request.client_id} was changed meanwhile. Read it again."
        )
    _note(session, office, after, evidence)


def find(session: Session, account: AccountId, client_id: str) -> Order | None:
    """An order by its client id; None where it was never written."""
    query = select(trade_order.c.body).where(
        trade_order.c.account == account, trade_order.c.client_id == client_id
    )
    body = session.execute(query).scalar_one_or_none()
    return None if body is None else decode(Order, body)


def get(session: Session, account: AccountId, client_id: str) -> Order:
    """An order by its client id; `OrderNotFoundError` when there is none."""
    found = find(session, account, client_id)
    if found is None:
        raise OrderNotFoundError(f"There is no order {client_id[:40]!r} of {account!r}.")
    return found


def account_of(session: Session, client_id: str) -> AccountId:
    """The account of an order, which its client id is made of; `OrderNotFoundError` when there is none."""
    found = session.scalar(select(trade_order.c.account).where(trade_order.c.client_id == client_id))
    if found is None:
        raise OrderNotFoundError(f"There is no order {client_id[:40]!r}. List the orders.")
    return AccountId(found)


def unsettled(session: Session, account: AccountId) -> tuple[Order, ...]:
    """Orders of which something is left to be learned, oldest first."""
    return _orders(session, trade_order.c.account == account, ~trade_order.c.settled)


def since(session: Session, account: AccountId, at: datetime) -> tuple[Order, ...]:
    """Orders that were written down at an instant or later, oldest first."""
    return _orders(session, trade_order.c.account == account, trade_order.c.created_at >= at)


def at_work_since(session: Session, account: AccountId, at: datetime) -> tuple[Order, ...]:
    """Orders of which something was learned at an instant or later, or still is to be, oldest first."""
    known = trade_order.c.settled & (trade_order.c.updated_at < at)
    return _orders(session, trade_order.c.account == account, ~known)


def of_origin(session: Session, account: AccountId, origin: str, at: datetime) -> tuple[Order, ...]:
    """Orders of one decision, or of all whose names begin with ``origin`` where that ends with a slash, of
    those written down since an instant, oldest first.
    """
    name = trade_order.c.body["request"]["origin"].astext
    meant = name.startswith(origin, autoescape=True) if origin.endswith("/") else name == origin
    return _orders(session, trade_order.c.account == account, trade_order.c.created_at >= at, meant)


def since_update(session: Session, account: AccountId, after: datetime, until: datetime) -> tuple[Order, ...]:
    """Settled orders of which the last was learned in ``(after, until]``, oldest first."""
    changed = trade_order.c.updated_at
    return _orders(
        session, trade_order.c.account == account, trade_order.c.settled, changed > after, changed <= until
    )


def of_venue(session: Session, account: AccountId, venue_ids: Collection[str]) -> tuple[Order, ...]:
    """The account's orders under these ids of their venue, oldest first."""
    named = trade_order.c.body["venue"]["venue_id"].astext
    return _orders(session, trade_order.c.account == account, named.in_(venue_ids))


def unsettled_counts(session: Session) -> Mapping[AccountId, int]:
    """How many orders of each account are not settled; accounts without any are left out."""
    query = select(trade_order.c.account, func.count()).where(~trade_order.c.settled)
    return {AccountId(account): count for account, count in session.execute(query.group_by("account"))}


def page(
    session: Session,
    *,
    accounts: Collection[str] | None = None,
    state: OrderState | None = None,
    since: datetime | None = None,
    after: OrderPlace | None = None,
    limit: int,
) -> tuple[AskedOrder, ...]:
    """At most ``limit`` orders, newest first, that come after a place in that order; None: any.

    ``since``: written down then or later.
    """
    step = trade_order_event
    # Asked for each order of the page alone: as a join it would read the whole trail before the limit.
    asker = select(step.c.actor).where(
        step.c.tenant_id == trade_order.c.tenant_id,
        step.c.account == trade_order.c.account,
        step.c.client_id == trade_order.c.client_id,
        step.c.version == 1,
    )
    query = select(trade_order.c.body, asker.scalar_subquery().label("actor"))
    if accounts is not None:
        query = query.where(trade_order.c.account.in_(accounts))
    if state is not None:
        query = query.where(trade_order.c.state == state)
    if since is not None:
        query = query.where(trade_order.c.created_at >= since)
    digits = func.split_part(trade_order.c.client_id, "-", 2)
    place = (trade_order.c.created_at, trade_order.c.account, digits)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    rows = session.execute(query.order_by(*(column.desc() for column in place)).limit(limit))
    return tuple(AskedOrder(decode(Order, row.body), row.actor) for row in rows)


def events(session: Session, account: AccountId, client_id: str) -> tuple[OrderEvent, ...]:
    """The trail of an order, oldest first."""
    table = trade_order_event
    query = select(table).where(table.c.account == account, table.c.client_id == client_id)
    return tuple(
        OrderEvent(
            row.version,
            row.at,
            row.actor,
            OrderState(row.state),
            row.note,
            None if row.evidence is None else Sha256(row.evidence.hex()),
        )
        for row in session.execute(query.order_by(table.c.version))
    )


def _orders(session: Session, *conditions: Any) -> tuple[Order, ...]:
    query = select(trade_order.c.body).where(*conditions)
    rows = session.execute(query.order_by(trade_order.c.created_at, trade_order.c.client_id))
    return tuple(decode(Order, row.body) for row in rows)


def _columns(office: Office, order: Order) -> dict[str, Any]:
    return {
        "state": order.state,
        "settled": order.settled,
        "body": encode(order),
        "fence": office.fence,
        "updated_at": order.updated_at,
        "version": order.version,
    }


def _note(session: Session, office: Office, order: Order, evidence: Sha256 | None) -> None:
    values = {
        "account": office.account,
        "client_id": order.request.client_id,
        "version": order.version,
        "at": order.updated_at,
        "actor": office.actor,
        "state": order.state,
        "note": order.note,
        "evidence": None if evidence is None else bytes.fromhex(evidence),
    }
    session.execute(insert(trade_order_event).values(values))
