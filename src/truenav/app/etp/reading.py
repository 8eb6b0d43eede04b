"""What is known of the products that are run here: where they stand, what happened, how they went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import prod

from truenav.access.policy import Principal, authorize
from truenav.app.etp.catalogues import LISTINGS, MODULE
from truenav.app.etp.live.product import NotOpenError
from truenav.app.sight import Sight
from truenav.calc.etp.engine.adjustments import UnitChange, factor_at
from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.calc.etp.engine.simulate import terms_at
from truenav.calc.etp.live.deeds import Changed, Dealt, Filled
from truenav.calc.etp.live.disclosure import PLACES, Disclosure, disclosure
from truenav.calc.etp.live.hedged import tracking
from truenav.calc.etp.live.state import HaltCause, LiveProduct, basket, halts, issued_units, unit_state
from truenav.core.failure import NotFoundError
from truenav.core.ids import NodeId
from truenav.core.listing import Listing
from truenav.core.money import ONE, ZERO, exact, rounded
from truenav.store import definitions, products, roles
from truenav.store.database import Session
from truenav.store.definitions import DefinitionNotFoundError, Kind
from truenav.store.products import Chapter, UsedMark

UnitChanges = Sequence[tuple[int, UnitChange]]
"""Share merges and splits with their instants (microseconds since 1970), rising."""


class NotDisclosedError(NotFoundError):
    """The public may know of no such product."""

    code = "not-disclosed"
    title = "No such product"


class Standing(StrEnum):
    """Whether a product waits for its first price, runs, or is over because its NAV was gone."""

    WAITING = "waiting"
    RUNNING = "running"
    RUINED = "ruined"


@dataclass(frozen=True, slots=True)
class ProductRow:
    """Where a product stands, of one present unit; what a product that waits has not got is unknown.

    ``hedge_difference`` is actual over model NAV, less 1; unknown, too, where the model is the product.
    """

    id: str
    node: NodeId
    product: str
    issuer: str
    underlying: str
    quote: str
    target: Decimal
    standing: Standing
    as_of: datetime | None
    price: Decimal | None
    nav: Decimal | None
    leverage: Decimal | None
    units: Decimal | None
    net_assets: Decimal | None
    hedge_difference: Decimal | None
    halts: tuple[HaltCause, ...]


@dataclass(frozen=True, slots=True)
class ProductPoint:
    """A product at a mark: NAV of a unit as there was then, and of a present one, which compares across share
    merges and splits. Leverage is unknown where nothing is left.
    """

    at: datetime
    price: Decimal
    nav: Decimal
    adjusted_nav: Decimal
    leverage: Decimal | None


def list_rows(session: Session, principal: Principal, sight: Sight) -> tuple[ProductRow, ...]:
    """All products in sight, by id."""
    listed = [one.body for one in LISTINGS.list_all(session, principal) if LISTINGS.seen(sight, one.body)]
    return tuple(_row(one, products.last_live(session, one.id)) for one in listed)


def find_listing(session: Session, principal: Principal, sight: Sight, id: str) -> Listing:
    """A listed product; ``DefinitionNotFoundError`` where there is none in sight."""
    return LISTINGS.find(session, principal, id, sight).body


def find_ever_listed(session: Session, principal: Principal, sight: Sight, id: str) -> Listing:
    """A product that is or was listed, as it was last; ``DefinitionNotFoundError`` where none is in sight."""
    authorize(principal, LISTINGS.read)
    versions = definitions.history(session, Kind.LISTING, id, Listing)
    if not versions or not LISTINGS.seen(sight, versions[-1].body):
        raise definitions.not_found(Kind.LISTING, id)
    return versions[-1].body


def last_chapter(session: Session, listing: Listing) -> Chapter:
    """What was written last of a product; `NotOpenError` where nothing was."""
    last = products.latest(session, listing.id)
    if last is None:
        raise NotOpenError(
            f"{listing.id} has not opened yet: no price of {listing.instrument} was seen since "
            f"{listing.opened_at:%Y-%m-%d %H:%M} UTC.",
            product=listing.id,
        )
    return last


def disclosed(session: Session, listing: Listing) -> Disclosure:
    """The product's document at its last written mark; `NotOpenError` where there is none."""
    last = last_chapter(session, listing)
    steps = products.steps(session, listing.id)
    closed = [*products.rebalances(session, listing.id), *(one.replaced for one in steps if one.replaced)]
    return disclosure(
        listing.product,
        last.live,
        steps=steps,
        rebalances=sorted(closed, key=lambda one: one.closed_at),
        changes=unit_changes(session, listing.id),
    )


def unit_changes(session: Session, id: str) -> UnitChanges:
    """Share merges and splits of a product, the oldest first, each as of the mark after which it was done.

    By a venue's clock the next mark may be older than the deed, and yet is one of the new units.
    """
    plans = [one.what.plan for one in products.deeds(session, id) if isinstance(one.what, Changed)]
    return [(plan.at, plan.change) for plan in plans]


def publicly_listed(session: Session, id: str) -> Listing:
    """A product that is open and disclosed; to the public, no other exists."""
    try:
        listing = definitions.get(session, Kind.LISTING, id, Listing)
    except DefinitionNotFoundError:
        raise _nothing(id) from None
    is_open = products.last_number(session, id) is not None
    if not (listing.disclosed and is_open) or MODULE in roles.modules_off(session):
        raise _nothing(id)
    return listing


def points(
    session: Session, id: str, since: datetime, until: datetime, *, most: int
) -> tuple[ProductPoint, ...]:
    """The product at its marks of a span, about ``most`` of them at most, evenly apart.

    Of a long span only the ends of some chapters are read.
    """
    with exact():
        changes = unit_changes(session, id)
        whole, found = products.between(session, id, since, until, most=most)
        marks = _marks(found, microseconds(since), microseconds(until), ends_only=not whole)
        known = [_point(*one, changes) for one in marks]
    step = -(-len(known) // most) if known else 1
    return tuple(known[(len(known) - 1) % step :: step])


def _row(listing: Listing, live: LiveProduct | None) -> ProductRow:
    rules = listing.product
    known = (listing.id, listing.node, rules.id, rules.issuer, rules.underlying, rules.quote)
    if live is None:
        target = terms_at(rules, microseconds(listing.opened_at)).target
        return ProductRow(*known, target, Standing.WAITING, None, None, None, None, None, None, None, ())
    held, hedge, terms = basket(live), tracking(live), terms_at(rules, live.mark.at)
    with exact():
        net_assets = held.nav * live.units
    return ProductRow(
        *known,
        target=terms.target,
        standing=Standing.RUINED if live.ruined else Standing.RUNNING,
        as_of=instant_of(held.at),
        price=rounded(held.price, PLACES),
        nav=rounded(held.nav, PLACES),
        leverage=None if held.leverage is None else rounded(held.leverage, PLACES),
        units=rounded(live.units, PLACES),
        net_assets=rounded(net_assets, PLACES),
        hedge_difference=None if hedge is None or hedge.relative is None else rounded(hedge.relative, PLACES),
        halts=tuple(sorted(halts(live, terms))),
    )


def _nothing(id: str) -> NotDisclosedError:
    return NotDisclosedError(f"There is no product {id[:60]!r} that is disclosed.")


def _marks(
    chapters: Iterable[Chapter], since: int, until: int, *, ends_only: bool
) -> Iterator[tuple[UsedMark, Decimal, Decimal]]:
    """The marks of a span, or the last ones of the chapters, with what a unit as issued held after their
    events: position and cash.
    """
    for chapter in chapters:
        marks = zip(chapter.marks, reversed(list(_held(chapter))), strict=True)
        for mark, (position, cash) in list(marks)[-1:] if ends_only else marks:
            if since <= mark.at <= until:
                yield mark, position, cash


def _held(chapter: Chapter) -> Iterator[tuple[Decimal, Decimal]]:
    """Position and cash of a unit as issued after each mark of a chapter, the last one first.

    They are followed back from the end: through what was traded since, and the events at the marks.
    """
    live = chapter.live
    held, factor = unit_state(live), live.factor
    units = ONE if live.actual is None else issued_units(live)  # a model's unit holds the same for any number
    position, cash, ruined = held.position * units, held.cash * units, live.ruined
    happened = {step.event.at: step.event for step in chapter.steps}
    deeds = list(chapter.deeds) if live.actual is not None else []
    for back, mark in enumerate(reversed(chapter.marks)):
        while deeds and deeds[-1].after == live.place - back:
            match deeds.pop().what:
                case Filled(_, fill):
                    position -= fill.quantity
                    cash += fill.quantity * fill.price + fill.fee
                case Dealt(settlement):
                    position, cash = position - settlement.position, cash - settlement.cash
                    units -= settlement.units * factor
                case Changed(plan):
                    factor /= plan.change.factor
                    cash, units = cash + plan.paid_out, plan.units * factor
        yield (ZERO, ZERO) if ruined else (position / units, cash / units)
        if event := happened.get(mark.at):
            exposure = event.held * event.price  # the same before and after a future rolled
            position, cash = exposure / mark.price * units, (event.nav_before - exposure) * units
            ruined = False


def _point(mark: UsedMark, position: Decimal, cash: Decimal, changes: UnitChanges) -> ProductPoint:
    exposure = position * mark.price
    nav = exposure + cash
    then = factor_at(changes, mark.at)
    now = prod((change.factor for _, change in changes), start=ONE)
    return ProductPoint(
        at=instant_of(mark.at),
        price=mark.price,
        nav=rounded(nav * then, PLACES),
        adjusted_nav=rounded(nav * now, PLACES),
        leverage=rounded(exposure / nav, PLACES) if nav > 0 else None,
    )
