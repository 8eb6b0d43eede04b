"""Where the return of a hedged product came from: of what was really held, by the fills that came.

Financing, fees and deficit are those charged. Costs are those of rebalances that were closed: what their
fills cost beside trading at the proposal's mark, fees included, and of rolls. A hedge has no gap of its own:
what was made until a fill came, what creation and redemption left in the product, and the fills of a
rebalance that is still open are in compounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from truenav.app.etp.reading import UnitChanges, unit_changes
from truenav.calc.etp.engine.adjustments import factor_at
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import Event, EventKind
from truenav.calc.etp.engine.stepping import State, net_value
from truenav.calc.etp.explain.attribution import EmptyWindowError, Explanation, explain_recorded
from truenav.calc.etp.live.state import ProposalKind, Rebalance, shared
from truenav.core.clock import instant_text
from truenav.core.listing import Listing
from truenav.core.money import ZERO, exact
from truenav.store import products
from truenav.store.database import Session
from truenav.store.products import Chapter

_KINDS = {ProposalKind.SCHEDULED: EventKind.SCHEDULED, ProposalKind.TRIGGERED: EventKind.TRIGGERED}
"""The first purchase and the last sale are no rebalances; they only cost."""


class Seen(NamedTuple):
    """A mark (microseconds since 1970), and the price of what was held after its events."""

    at: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class HedgedEnd:
    """A hedged product at the end of a chapter, or at its opening, which is the end of chapter 0.

    ``held`` is of one unit as issued.
    """

    chapter: int
    at: int
    held: State


def hedged_end(listing: Listing, chapter: Chapter | None, session: Session) -> HedgedEnd:
    """The product at the end of a chapter; None is the opening."""
    if chapter is None:
        first = _first(session, listing)
        mark = first.marks[0]
        return HedgedEnd(0, mark.at, State(ZERO, listing.opening_nav, mark.price, 0))
    live = chapter.live
    assert live.actual is not None
    if live.units == 0:
        at = instant_text(instant_of(live.mark.at))
        raise EmptyWindowError(f"No units of {listing.id} were left at {at}; take a window without it.")
    with exact():
        held = shared(live.actual.state, live.units * live.factor)._replace(reference=live.price)
    return HedgedEnd(chapter.number, live.mark.at, held)


def explain_hedged(
    session: Session, listing: Listing, start: HedgedEnd, end: HedgedEnd, begins: Sequence[Seen]
) -> Explanation:
    """The window between two ends; ``begins`` are the first marks of new terms in it."""
    chapters = products.eventful(session, listing.id, after=start.chapter, until=end.chapter)
    worth = {one.at: one.price for one in begins} | {
        start.at: start.held.reference,
        end.at: end.held.reference,
    }
    times = sorted(worth)
    place = len(times) - 1
    charges = [replace(step.event, place=place) for chapter in chapters for step in chapter.steps]
    with exact():
        changes = unit_changes(session, listing.id)
        trades = [_trade(one, changes, place) for one in _rebalances(chapters)]
    history = History(times, [worth[at] for at in times])
    return explain_recorded(listing.product, history, start.held, [*charges, *trades, _standing(end, place)])


def refuse_empty(listing: Listing, start: int, end: int) -> None:
    """`EmptyWindowError` where no mark lies between both ends."""
    if end <= start:
        raise EmptyWindowError(f"No mark of {listing.id} lies between the start and the end of the window.")


def _first(session: Session, listing: Listing) -> Chapter:
    found = products.ending_from(session, listing.id, listing.opened_at)
    assert found is not None  # it was asked because there is a later one
    return found


def _rebalances(chapters: Sequence[Chapter]) -> Iterator[Rebalance]:
    for chapter in chapters:
        yield from (step.replaced for step in chapter.steps if step.replaced is not None)
        yield from chapter.rebalances


def _trade(done: Rebalance, changes: UnitChanges, place: int) -> Event:
    """A rebalance as an event of one unit as issued, whatever merges and splits came after it."""
    units = done.proposal.units * factor_at(changes, done.proposal.at)
    price, kind = done.average_price or done.proposal.price, _KINDS.get(done.proposal.kind, EventKind.CHARGE)
    leverage, held = done.proposal.leverage_before, done.proposal.held
    nav = held * done.proposal.price / leverage / units if leverage else ZERO
    paid = _event(place, done.closed_at, kind, price, nav, done.quantity / units, ZERO)
    return replace(paid, costs=done.cost / units)


def _standing(end: HedgedEnd, place: int) -> Event:
    """The last event, after which a unit holds what it holds at the end."""
    nav = net_value(end.held, end.held.reference)
    return _event(place, end.at, EventKind.CHARGE, end.held.reference, nav, end.held.position, end.held.cash)


def _event(
    place: int, at: int, kind: EventKind, price: Decimal, nav: Decimal, position: Decimal, cash: Decimal
) -> Event:
    """An event that paid nothing."""
    return Event(
        place=place,
        at=at,
        kind=kind,
        price=price,
        nav_before=nav,
        nav=nav,
        leverage_before=None,
        leverage=None,
        held=ZERO,
        position=position,
        cash=cash,
        financing=ZERO,
        fees=ZERO,
        costs=ZERO,
        gap=ZERO,
        deficit=ZERO,
    )
