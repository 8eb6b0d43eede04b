"""Orders of authorised participants: each step looks at the folded book, and records the fact that follows.

Each step is one transaction with its audit entry inside; one at a time writes a product's journal. Who
entered an order does not accept it, and who recorded what arrived for it does not settle it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.baskets.closing import constituents, order_book
from truenav.app.baskets.lists import value_at
from truenav.app.house import House
from truenav.calc.etp.baskets import ap_delivery, ap_orders
from truenav.calc.etp.baskets.ap_book import OrderStatus, missing
from truenav.calc.etp.baskets.dealing_days import next_dealing_day
from truenav.calc.portfolio.tree import Tree
from truenav.core.ap_orders import (
    ApOrder,
    ApOrderConflictError,
    ApOrderStateError,
    BoughtIn,
    DeliverySeen,
    OrderAccepted,
    OrderFact,
    OrderKey,
    OrderReceived,
    OrderRejected,
    OrderState,
    TruedUp,
)
from truenav.core.basket import (
    AuthorisedParticipant,
    BasketClose,
    BasketListing,
    CreationList,
    ListDocument,
    SponsorFeePaid,
)
from truenav.core.canonical import encode
from truenav.core.facts import Transfer
from truenav.core.failure import InvalidInputError, NotFoundError
from truenav.core.money import ZERO, Amount, AssetId
from truenav.core.portfolio import Node, SubBookRule
from truenav.store import audit, baskets, definitions
from truenav.store.baskets import JournalEntry, ListState
from truenav.store.database import Session
from truenav.store.definitions import DefinitionNotFoundError, Kind
from truenav.store.journal import FactQuery, Journal


class OrderNotFoundError(NotFoundError):
    """There is no such order."""

    code = "ap-order-not-found"


class NoPublishedListError(ApOrderStateError):
    """The list that the order deals by, or the close that it is priced at, does not stand yet."""

    code = "ap-order-no-list"
    title = "The list that this needs is not published yet"


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One thing that happened to an order: its kind, when, and who recorded it."""

    number: int
    kind: str
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Substituted:
    """Cash that was taken, or given, in place of an asset whose trade is trued up.

    Both numbers are in the quote asset. ``true_up`` is what the participant owes more since that trade is
    known (negative: it gets so much back); None: not known yet.
    """

    asset: AssetId
    cash: Decimal
    true_up: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its facts left it; ``number`` names it.

    ``due_in`` is all that the participant owes by now, ``missing`` what of it has not arrived. ``reasons``
    are those of a rejection. A None was not fixed yet.
    """

    number: int
    order: ApOrder
    state: OrderState
    received_at: datetime
    dealing_day: date | None
    settles_on: date | None
    cut_off_at: datetime | None
    shares: int | None
    fee: Amount | None
    due_in: tuple[Amount, ...]
    due_out: tuple[Amount, ...]
    due_at: datetime | None
    seen: tuple[Amount, ...]
    missing: tuple[Amount, ...]
    substituted: tuple[Substituted, ...]
    late_days: int
    reasons: tuple[str, ...]
    steps: tuple[OrderStep, ...]


@dataclass(frozen=True, slots=True)
class SeenTransfer:
    """Something that came into an account of the product, and is not counted for an order yet."""

    reference: str
    at: datetime
    account: str
    amount: Amount


def list_orders(session: Session, listing: BasketListing) -> tuple[OrderView, ...]:
    """All orders of a product, the latest first."""
    entries = baskets.journal(session, listing.id)
    book = order_book(listing, entries)
    steps = _steps(entries)
    views = (_view(book.status(key), some) for key, some in steps.items())
    return tuple(sorted(views, key=lambda view: -view.number))


def find_order(session: Session, listing: BasketListing, number: int) -> OrderView:
    """An order by its number; `OrderNotFoundError` where there is none."""
    found = next((one for one in list_orders(session, listing) if one.number == number), None)
    if found is None:
        raise _not_found(listing, number)
    return found


class OrderDesk:
    """Steps of one person at one product's orders, within one transaction; nobody else writes its journal.

    What cannot happen now is `ApOrderStateError`, an id that was used for something else
    `ApOrderConflictError`; a number that no order has is `OrderNotFoundError`.
    """

    def __init__(self, session: Session, house: House, principal: Principal, listing: BasketListing) -> None:
        self._session = session
        self._house = house
        self._principal = principal
        self._listing = listing
        baskets.hold_journal(session, listing.id)
        self._now = house.clock.now()  # after the wait: facts stand in the order of their instants
        self._entries = baskets.journal(session, listing.id)
        self._book = order_book(listing, self._entries)

    def receive(self, order: ApOrder) -> OrderView:
        """Enter an order and check it at once; the same order again changes nothing."""
        self._authorize("basket:deal")
        if not order.client_id.isprintable() or not 0 < len(order.client_id) <= 64:
            raise InvalidInputError("An order's own id has 1 to 64 printable characters.")
        if order.product != self._listing.id:
            raise InvalidInputError(
                f"The address names {self._listing.id!r}, the order {order.product[:60]!r}."
            )
        received = ap_orders.receive(self._book, order, self._now)
        if received:
            book = self._book.applied(received)
            judged = ap_orders.validate(
                book,
                order.key,
                self._now,
                product=self._listing.product,
                participant=_participant(self._session, order.participant),
                halted=self._listing.halted,
            )
            self._record(order.key, (*received, judged))
        return self._view(order.key)

    def accept(self, number: int) -> OrderView:
        """Bind the issuer by the published list of the dealing day, or reject what it does not allow."""
        key = self._key_of(number)
        self._authorize("basket:approve", makers=self._actors(key, OrderReceived))
        listed = self._published(self._dealing_day(key))
        return self._record(key, (ap_orders.accept(self._book, key, self._now, listed),))

    def reject(self, number: int, *, reason: str) -> OrderView:
        """Refuse an order before it was accepted; the participant is told the reason."""
        self._authorize("basket:approve")
        key = self._key_of(number)
        return self._record(key, (ap_orders.reject(self._book, key, self._now, reason),))

    def cancel(self, number: int) -> OrderView:
        """Take an order back until the cut-off of its dealing day."""
        self._authorize("basket:deal")
        key = self._key_of(number)
        return self._record(key, (ap_orders.cancel(self._book, key, self._now),))

    def price(self, number: int) -> OrderView:
        """Fix the amounts at the close of the dealing day, as the next day's list was published with it."""
        self._authorize("basket:deal")
        key = self._key_of(number)
        day = self._dealing_day(key)
        listed, close = self._dealt_by(key, day), self._close_of(day)
        fact = ap_orders.price(
            self._book,
            key,
            self._now,
            product=self._listing.product,
            listed=listed,
            prices=close.prices,
            value=value_at(self._listing.product, close),
        )
        return self._record(key, (fact,))

    def instruct(self, number: int) -> OrderView:
        """Tell both sides to deliver."""
        self._authorize("basket:deal")
        key = self._key_of(number)
        return self._record(key, (ap_delivery.instruct(self._book, key, self._now, self._listing.product),))

    def transfers(self, number: int) -> tuple[SeenTransfer, ...]:
        """What came into the product's accounts since the order did, of the assets that it still owes."""
        status = self._book.status(self._key_of(number))
        wanted = {one.asset for one in missing(status)}
        return tuple(
            one
            for one in self._arrived(since=status.received_at)
            if one.amount.asset in wanted and one.reference not in self._book.references
        )

    def deliver(self, number: int, *, reference: str, amount: Amount | None = None) -> OrderView:
        """Record what arrived: a transfer that the record shows, by its reference, or any other by hand.

        The same transfer again changes nothing. By hand the amount is needed; one that contradicts the
        record is refused.
        """
        self._authorize("basket:deal")
        key = self._key_of(number)
        seen = next((one for one in self._arrived() if one.reference == reference), None)
        if seen is None and amount is None:
            raise InvalidInputError(
                f"The record shows no transfer {reference[:80]!r}; to enter it by hand, state its amount."
            )
        if seen is not None and amount not in (None, seen.amount):
            raise ApOrderConflictError(
                f"Transfer {reference!r} brought {seen.amount.number} {seen.amount.asset} by the record."
            )
        told = amount if seen is None else seen.amount
        assert told is not None
        if seen is None:
            self._refuse_not_owed(key, told)
        return self._record(key, ap_delivery.see(self._book, DeliverySeen(key, self._now, told, reference)))

    def charge_lateness(self, number: int) -> OrderView:
        """Charge the days of lateness that were not charged yet, at the latest approved close."""
        self._authorize("basket:deal")
        key = self._key_of(number)
        status = self._book.status(key)
        late = status.due_at is not None and self._now > status.due_at
        if status.state is not OrderState.DELIVERY_PENDING or not late:
            raise ApOrderStateError("Nothing of this order is late; only a delivery that is due is charged.")
        last = baskets.latest_list(self._session, self._listing.id)
        if last is None:
            raise NoPublishedListError("A fail fee is a share of a value, and no close was approved yet.")
        document = last.document
        prices = {**document.close.prices, self._listing.product.share: document.listed.nav_per_share}
        facts = ap_delivery.charge_lateness(
            self._book, key, self._now, product=self._listing.product, prices=prices
        )
        return self._record(key, facts)

    def buy_in(self, number: int, *, missing: Amount, cost: Decimal, reference: str) -> OrderView:
        """Record that the issuer bought what was missing; the participant owes ``cost`` in its place."""
        self._authorize("basket:deal")
        key = self._key_of(number)
        bought = BoughtIn(key, self._now, missing, Amount(cost, self._listing.product.quote), reference)
        return self._record(key, ap_delivery.buy_in(self._book, bought, self._listing.product))

    def settle(self, number: int) -> OrderView:
        """Delivery against payment: all that was due has arrived, so the other side goes out."""
        key = self._key_of(number)
        self._authorize("basket:approve", makers=self._actors(key, DeliverySeen, BoughtIn))
        return self._record(key, (ap_delivery.settle(self._book, key, self._now),))

    def fail(self, number: int, *, reason: str) -> OrderView:
        """Give an overdue order up; what had come in goes back."""
        self._authorize("basket:approve")
        key = self._key_of(number)
        return self._record(key, (ap_delivery.fail(self._book, key, self._now, reason),))

    def true_up(self, number: int, *, asset: AssetId, realised: Decimal) -> OrderView:
        """Settle the cash that stood for an asset against what the product's own trade came to."""
        self._authorize("basket:approve")
        if realised <= ZERO:
            raise InvalidInputError("What the product's own trade came to is above zero.")
        key = self._key_of(number)
        fact = ap_delivery.true_up(
            self._book, key, self._now, asset=asset, realised=realised, product=self._listing.product
        )
        return self._record(key, (fact,))

    def pay_fee(self, *, amount: Amount, reference: str) -> None:
        """Record that accrued fee left the product, in tokens. The same payment again changes nothing."""
        self._authorize("basket:deal")
        if amount.number <= ZERO:
            raise InvalidInputError("A payment of the fee is above zero.")
        if not any(amount.asset in constituents(terms) for terms in self._listing.product.terms):
            raise InvalidInputError(
                f"{amount.asset[:60]!r} is no constituent of {self._listing.id}; the fee accrues in those."
            )
        paid = [one.fact for one in self._entries if isinstance(one.fact, SponsorFeePaid)]
        if any((one.reference, one.amount) == (reference, amount) for one in paid):
            return
        fact = SponsorFeePaid(self._now, amount, reference)
        baskets.append(self._session, self._listing.id, (fact,), by=self._principal.user)
        audit.append(
            self._session,
            actor=self._principal.user,
            action="basket.fee_paid",
            subject=self._listing.id,
            at=self._now,
            detail=encode({"amount": amount, "reference": reference}),
        )

    def _refuse_not_owed(self, key: OrderKey, amount: Amount) -> None:
        """Refuse what is typed by hand and no part of the order: it could not be taken back."""
        status = self._book.status(key)
        owed = {one.asset for one in (() if status.priced is None else status.priced.due_in)}
        if owed and amount.asset not in owed | {self._listing.product.quote}:
            raise InvalidInputError(
                f"The order does not owe {amount.asset[:60]!r}, but {', '.join(sorted(owed))}."
            )

    def _authorize(self, action: str, *, makers: Sequence[str] = ()) -> None:
        """Refuse who may not, and who made what is to be checked."""
        for maker in makers or (None,):
            resource = Resource(self._principal.tenant, "basket", self._listing.id, maker=maker)
            authorize(self._principal, action, resource)

    def _key_of(self, number: int) -> OrderKey:
        """The order of a number."""
        for entry in self._entries:
            if entry.number == number and isinstance(entry.fact, OrderReceived):
                return entry.fact.order.key
        raise _not_found(self._listing, number)

    def _actors(self, key: OrderKey, *kinds: type) -> tuple[str, ...]:
        """Who recorded facts of some kinds about an order."""
        found = (entry for entry in self._entries if isinstance(entry.fact, kinds))
        return tuple(dict.fromkeys(entry.actor for entry in found if entry.key == key))

    def _dealing_day(self, key: OrderKey) -> date:
        """On which an order deals."""
        validated = self._book.status(key).validated
        if validated is None:
            raise ApOrderStateError(f"Order {key.client_id!r} has no dealing day; it was not validated.")
        return validated.dealing_day

    def _published(self, day: date) -> CreationList:
        """The published list of a dealing day."""
        return self._final(
            day, f"The list of {day} is not published yet; orders of that day wait for it."
        ).listed

    def _dealt_by(self, key: OrderKey, day: date) -> CreationList:
        """The list that was published when the order was accepted, whatever was corrected since."""
        facts = (entry.fact for entry in self._entries if entry.key == key)
        accepted = next((one.at for one in facts if isinstance(one, OrderAccepted)), None)
        if accepted is None:
            return self._published(day)
        found = baskets.published_list(self._session, self._listing.id, day, at=accepted)
        assert found is not None  # acceptance asks for it
        return found.document.listed

    def _close_of(self, day: date) -> BasketClose:
        """The close of a dealing day, which is final when the next day's list is published."""
        following = next_dealing_day(self._listing.product, day)
        waits = f"The close of {day} is final when the list of {following} is published; publish that first."
        return self._final(following, waits).close

    def _final(self, day: date, waits: str) -> ListDocument:
        found = baskets.standing_list(self._session, self._listing.id, day)
        if found is None or found.state is not ListState.PUBLISHED:
            raise NoPublishedListError(waits)
        return found.document

    def _arrived(self, *, since: datetime | None = None) -> Iterable[SeenTransfer]:
        """What came into the product's accounts, oldest first."""
        tree = Tree(definitions.bodies(self._session, Kind.NODE, Node))
        nodes = set(tree.subtree(self._listing.node))
        rules = definitions.bodies(self._session, Kind.RULE, SubBookRule)
        accounts = tuple(sorted({rule.account for rule in rules if rule.node in nodes}))
        journal = Journal(self._session, self._house.objects, self._principal.tenant)
        query = FactQuery(kinds=("transfer",), accounts=accounts, since=since, as_of=self._now)
        for recorded in journal.facts(query):
            fact = recorded.fact
            if isinstance(fact.body, Transfer) and fact.body.amount.number > 0:
                reference = ":".join((fact.source, fact.account, fact.external_id))
                yield SeenTransfer(reference, fact.occurred_at, fact.account, fact.body.amount)

    def _record(self, key: OrderKey, facts: Sequence[OrderFact]) -> OrderView:
        """Write what follows, each with its audit entry, and show the order after it."""
        book = self._book.applied(facts)
        written = baskets.append(self._session, self._listing.id, facts, by=self._principal.user)
        for entry in written:
            audit.append(
                self._session,
                actor=self._principal.user,
                action=f"basket.order_{entry.fact.TAG}",
                subject=f"{self._listing.id}/{key.participant}/{key.client_id}",
                at=self._now,
                detail=encode(entry.fact),
            )
        self._book, self._entries = book, (*self._entries, *written)
        return self._view(key)

    def _view(self, key: OrderKey) -> OrderView:
        """An order as it stands."""
        return _view(self._book.status(key), _steps(self._entries)[key])


def _participant(session: Session, id: str) -> AuthorisedParticipant | None:
    try:
        return definitions.get(session, Kind.PARTICIPANT, id, AuthorisedParticipant)
    except DefinitionNotFoundError:
        return None


def _steps(entries: Iterable[JournalEntry]) -> dict[OrderKey, list[JournalEntry]]:
    """The entries of each order."""
    found: dict[OrderKey, list[JournalEntry]] = {}
    for entry in entries:
        if entry.key is not None:
            found.setdefault(entry.key, []).append(entry)
    return found


def _view(status: OrderStatus, entries: Sequence[JournalEntry]) -> OrderView:
    validated, priced = status.validated, status.priced
    rejected = (entry.fact for entry in entries if isinstance(entry.fact, OrderRejected))
    return OrderView(
        number=entries[0].number,
        order=status.order,
        state=status.state,
        received_at=status.received_at,
        dealing_day=None if validated is None else validated.dealing_day,
        settles_on=None if validated is None else validated.settles_on,
        cut_off_at=None if validated is None else validated.cut_off_at,
        shares=None if priced is None else priced.shares,
        fee=None if priced is None else priced.fee,
        due_in=status.due_in,
        due_out=() if priced is None else priced.due_out,
        due_at=status.due_at,
        seen=status.seen,
        missing=missing(status),
        substituted=_substituted(status, entries),
        late_days=status.late_days,
        reasons=next((fact.reasons for fact in rejected), ()),
        steps=tuple(OrderStep(one.number, one.fact.TAG, one.fact.at, one.actor) for one in entries),
    )


def _substituted(status: OrderStatus, entries: Sequence[JournalEntry]) -> tuple[Substituted, ...]:
    if status.priced is None:
        return ()
    settled = {one.fact.asset: one.fact.amount.number for one in entries if isinstance(one.fact, TruedUp)}
    return tuple(Substituted(asset, cash, settled.get(asset)) for asset, cash in status.priced.substituted)


def _not_found(listing: BasketListing, number: int) -> OrderNotFoundError:
    return OrderNotFoundError(f"{listing.id} has no order {number}. List its orders.")
