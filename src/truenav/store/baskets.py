"""Basket products: lists with what was decided about them, the journal of orders, indicative values.

Documents and facts are written once. Of a list only its state moves: draft, approved, published, or rejected;
a published one is superseded when its correction is published.
Indicative values are never edited; old ones are thinned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from truenav.core.ap_orders import (
    ApOrderConflictError,
    BoughtIn,
    DeliverySeen,
    OrderFact,
    OrderKey,
    OrderReceived,
)
from truenav.core.basket import ListDocument, SponsorFeePaid
from truenav.core.canonical import canonical_json, encode, restore, sha256_hex
from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import Sha256
from truenav.store.database import Session, hold
from truenav.store.definitions import Kind
from truenav.store.tables import basket_fact, basket_inav, basket_list, definition

EVERY_VALUE = timedelta(days=30)
"""For how long every indicative value is kept; then the last one of each minute is."""

EVERY_MINUTE = timedelta(days=365)
"""For how long one a minute is kept; then the last one of each hour is, for good."""

THINNED_AT_ONCE = timedelta(days=31)
"""How far back what grew too old is looked for."""


class ListState(StrEnum):
    """Where a list stands. A published one stays so, until a correction of it is published."""

    DRAFT = "draft"
    APPROVED = "approved"
    PUBLISHED = "published"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


_BEFORE = {
    ListState.APPROVED: (ListState.DRAFT,),
    ListState.PUBLISHED: (ListState.APPROVED,),
    ListState.REJECTED: (ListState.DRAFT, ListState.APPROVED),
}
STANDING = (ListState.APPROVED, ListState.PUBLISHED)
"""Of a dealing day one list at most is in each of these states."""

_LIVE = (ListState.DRAFT, *STANDING)


class ListNotFoundError(NotFoundError):
    """There is no such list."""

    code = "basket-list-not-found"


class ListStateError(ConflictError):
    """The list is not in a state in which this can happen to it, or another one stands for that day."""

    code = "basket-list-state"
    title = "The list does not allow this now"


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list as it is kept. ``document_sha`` is the SHA-256 of the document's canonical JSON.

    ``note`` is why it was rejected, ``reason`` why it was made; what corrects a published list has one.
    """

    version: int
    state: ListState
    document: ListDocument
    document_sha: Sha256
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    published_by: str | None
    published_at: datetime | None
    note: str | None
    reason: str | None


Happened = OrderFact | SponsorFeePaid
"""All that the journal of a product holds."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One fact of a product's journal; entries count from 1. ``actor`` is who recorded it."""

    number: int
    actor: str
    fact: Happened

    @property
    def key(self) -> OrderKey | None:
        """The order that it is about; None of a fee payment."""
        if isinstance(self.fact, SponsorFeePaid):
            return None
        return self.fact.order.key if isinstance(self.fact, OrderReceived) else self.fact.key


@dataclass(frozen=True, slots=True)
class InavPoint:
    """The indicative value of a share at one instant, in the product's quote asset.

    None: unknown. ``coverage`` is the part of the constituents' value whose prices are fresh.
    """

    at: datetime
    per_share: Decimal | None
    coverage: Decimal
    market_price: Decimal | None


def add_list(
    session: Session, document: ListDocument, *, by: str, at: datetime, reason: str | None = None
) -> KeptList:
    """Keep a list as the newest draft of its day.

    Refused where one is approved; where one is published the draft is a correction of it, and needs a reason.
    """
    listed = document.listed
    _hold_lists(session, listed.product)
    standing = _newest(session, listed.product, listed.trade_day, states=STANDING)
    if standing is not None and (reason is None or standing.state is ListState.APPROVED):
        approved = standing.state is ListState.APPROVED
        mend = "reject it to make another one" if approved else "say why, to make one in its place"
        raise ListStateError(
            f"The list of {listed.product} for {listed.trade_day} is {standing.state.value}: {mend}."
        )
    here = (basket_list.c.product == listed.product, basket_list.c.trade_day == listed.trade_day)
    version = (session.scalar(select(func.max(basket_list.c.version)).where(*here)) or 0) + 1
    sha = Sha256(sha256_hex(canonical_json(document)))
    row = {
        "product": listed.product,
        "trade_day": listed.trade_day,
        "version": version,
        "state": ListState.DRAFT,
        "document_sha": bytes.fromhex(sha),
        "body": encode(document),
        "made_by": by,
        "made_at": at,
        "reason": reason,
    }
    session.execute(insert(basket_list), [row])
    return find_list(session, listed.product, listed.trade_day, version=version)


def find_list(session: Session, product: str, day: date, *, version: int | None = None) -> KeptList:
    """A list of a dealing day: by default the newest that is not rejected, if there is one.

    `ListNotFoundError` where none was made.
    """
    if version is None:
        found = _newest(session, product, day, states=_LIVE) or _newest(session, product, day)
    else:
        found = _newest(session, product, day, basket_list.c.version == version)
    if found is None:
        raise ListNotFoundError(
            f"No such list of {product} was made for {day}. Make it after the close before."
        )
    return found


def standing_list(session: Session, product: str, day: date) -> KeptList | None:
    """The published list of a dealing day; until there is one, the approved."""
    published = _newest(session, product, day, states=(ListState.PUBLISHED,))
    return published or _newest(session, product, day, states=STANDING)


def published_list(session: Session, product: str, day: date, *, at: datetime) -> KeptList | None:
    """The list of a dealing day that was the published one at an instant."""
    table = basket_list
    here = (table.c.product == product, table.c.trade_day == day, table.c.published_at <= at)
    query = select(table).where(*here).order_by(table.c.published_at.desc(), table.c.version.desc()).limit(1)
    row = session.execute(query).one_or_none()
    return None if row is None else _kept(row)


def _newest(
    session: Session,
    product: str,
    day: date,
    *which: ColumnElement[bool],
    states: Sequence[ListState] = tuple(ListState),
) -> KeptList | None:
    here = (basket_list.c.product == product, basket_list.c.trade_day == day, basket_list.c.state.in_(states))
    query = select(basket_list).where(*here, *which).order_by(basket_list.c.version.desc()).limit(1)
    row = session.execute(query).one_or_none()
    return None if row is None else _kept(row)


def latest_list(
    session: Session,
    product: str,
    *,
    closed_before: date | None = None,
    states: Sequence[ListState] = STANDING,
) -> KeptList | None:
    """The list of the latest day in one of the states; with ``closed_before`` of a close before that day."""
    query = select(basket_list).where(basket_list.c.product == product, basket_list.c.state.in_(states))
    if closed_before is not None:
        query = query.where(basket_list.c.body["close"]["day"].astext < closed_before.isoformat())
    published = basket_list.c.state == ListState.PUBLISHED
    row = session.execute(
        query.order_by(basket_list.c.trade_day.desc(), published.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _kept(row)


def lists(
    session: Session, product: str, *, limit: int, states: Sequence[ListState] = tuple(ListState)
) -> tuple[KeptList, ...]:
    """The newest list of each dealing day, of those in some states, latest day first.

    One that was rejected, or superseded, stands for its day only where there is no other.
    """
    table = basket_list
    query = (
        select(table)
        .ext(distinct_on(table.c.trade_day))
        .where(table.c.product == product, table.c.state.in_(states))
        .order_by(table.c.trade_day.desc(), table.c.state.in_(_LIVE).desc(), table.c.version.desc())
        .limit(limit)
    )
    return tuple(_kept(row) for row in session.execute(query))


def decide(
    session: Session, kept: KeptList, state: ListState, *, by: str, at: datetime, note: str | None = None
) -> KeptList:
    """Bring the newest list of a day to its next state; what it is published in place of is superseded.

    `ListStateError` where it cannot go there, has moved since ``kept`` was read, or was made anew.
    """
    listed = kept.document.listed
    _hold_lists(session, listed.product)
    newest = find_list(session, listed.product, listed.trade_day)
    told = f"The list of {listed.product} for {listed.trade_day}"
    if newest.version != kept.version:
        raise ListStateError(f"{told} was made anew: version {newest.version} stands there; read that one.")
    if newest.state not in _BEFORE[state]:
        raise ListStateError(f"{told} is {newest.state.value}, and cannot become {state.value}.")
    values: dict[str, Any] = {"state": state}
    if state is ListState.REJECTED:
        values["note"] = note
    else:
        values |= {f"{state.value}_by": by, f"{state.value}_at": at}
    here = (
        basket_list.c.product == listed.product,
        basket_list.c.trade_day == listed.trade_day,
        basket_list.c.version == kept.version,
    )
    if state is ListState.PUBLISHED:
        before = (*here[:2], basket_list.c.state == ListState.PUBLISHED)
        session.execute(update(basket_list).where(*before).values(state=ListState.SUPERSEDED))
    session.execute(update(basket_list).where(*here).values(values))
    return find_list(session, listed.product, listed.trade_day, version=kept.version)


def _hold_lists(session: Session, product: str) -> None:
    """Be the only one to make or decide lists of a product until the transaction ends."""
    hold(session, f"basket-list:{product}")


def append(session: Session, product: str, facts: Iterable[Happened], *, by: str) -> tuple[JournalEntry, ...]:
    """Write the next facts of a product's journal; hold it (`hold_journal`) from before it was read.

    `ApOrderConflictError` for an order's id, or a transfer's, that a journal has already.
    """
    last = session.scalar(select(func.max(basket_fact.c.number)).where(basket_fact.c.product == product)) or 0
    entries = tuple(JournalEntry(number, by, fact) for number, fact in enumerate(facts, last + 1))
    if not entries:
        return ()
    try:
        with session.begin_nested():
            session.execute(insert(basket_fact), [_row(product, entry) for entry in entries])
    except IntegrityError as error:
        raise ApOrderConflictError(
            "This order's id, or this transfer, was recorded for something else before; each counts once."
        ) from error
    return entries


def hold_journal(session: Session, product: str) -> None:
    """Be the only one to write a product's journal until the transaction ends."""
    hold(session, f"basket-journal:{product}")


def journal(session: Session, product: str, *, until: datetime | None = None) -> tuple[JournalEntry, ...]:
    """What happened, in its order; of that until an instant."""
    query = select(basket_fact).where(basket_fact.c.product == product).order_by(basket_fact.c.number)
    if until is not None:
        query = query.where(basket_fact.c.at <= until)
    return tuple(
        JournalEntry(row.number, row.actor, restore(cast(type[Happened], Happened), row.body))
        for row in session.execute(query)
    )


def write_inav(session: Session, product: str, point: InavPoint) -> None:
    """Keep a value; where another writer kept one of the same instant, that one stays."""
    row = {"product": product, "at": point.at, "body": encode(point)}
    session.execute(upsert(basket_inav).values(row).on_conflict_do_nothing())


def inav_points(
    session: Session, product: str, since: datetime, until: datetime, *, most: int
) -> tuple[InavPoint, ...]:
    """The values of a span, oldest first; of more than ``most`` only so many, evenly apart, the last too."""
    table = basket_inav
    within = (table.c.product == product, table.c.at >= since, table.c.at <= until)
    latest = func.row_number().over(order_by=table.c.at.desc()) - 1
    numbered = select(table.c.at, table.c.body, latest.label("place"), func.count().over().label("count"))
    found = numbered.where(*within).subquery()
    step = (found.c.count + most - 1) // most
    rows = session.scalars(select(found.c.body).where(found.c.place % step == 0).order_by(found.c.at))
    return tuple(restore(InavPoint, body) for body in rows)


def latest_inav(session: Session, product: str) -> InavPoint | None:
    """The last value; None where there never was one."""
    table = basket_inav
    query = select(table.c.body).where(table.c.product == product).order_by(table.c.at.desc()).limit(1)
    body = session.scalar(query)
    return None if body is None else restore(InavPoint, body)


def thin_inav(session: Session, *, now: datetime) -> int:
    """Delete all but the last value of each minute that is older than `EVERY_VALUE`, and of each hour that is
    older than `EVERY_MINUTE`; gives how many went.

    Looks at what grew that old in the last `THINNED_AT_ONCE`, so that it takes no longer each time.
    """
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    products = session.scalars(
        select(definition.c.id).where(definition.c.kind == Kind.BASKET).distinct()
    ).all()
    return sum(
        _thin(session, product, unit, hour - kept)
        for product in products
        for unit, kept in (("minute", EVERY_VALUE), ("hour", EVERY_MINUTE))
    )


def _thin(session: Session, product: str, unit: str, until: datetime) -> int:
    table = basket_inav
    within = (table.c.product == product, table.c.at >= until - THINNED_AT_ONCE, table.c.at < until)
    span = func.date_trunc(unit, table.c.at, "UTC")
    place = func.row_number().over(partition_by=span, order_by=table.c.at.desc())
    found = select(table.c.at, place.label("place")).where(*within).subquery()
    more = select(found.c.at).where(found.c.place > 1)
    return session.execute(delete(table).where(table.c.product == product, table.c.at.in_(more))).rowcount


def _row(product: str, entry: JournalEntry) -> dict[str, Any]:
    fact, key = entry.fact, entry.key
    return {
        "product": product,
        "number": entry.number,
        "kind": fact.TAG,
        "participant": None if key is None else key.participant,
        "client_id": None if key is None else key.client_id,
        "reference": fact.reference if isinstance(fact, DeliverySeen | BoughtIn | SponsorFeePaid) else None,
        "at": fact.at,
        "actor": entry.actor,
        "body": encode(fact),
    }


def _kept(row: Row[Any]) -> KeptList:
    return KeptList(
        row.version,
        ListState(row.state),
        restore(ListDocument, row.body),
        Sha256(row.document_sha.hex()),
        row.made_by,
        row.made_at,
        row.approved_by,
        row.approved_at,
        row.published_by,
        row.published_at,
        row.note,
        row.reason,
    )
