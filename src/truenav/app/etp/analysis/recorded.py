"""Where the return of a running product came from, by what it recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from truenav.app.etp.analysis.hedged import Seen, explain_hedged, hedged_end, refuse_empty
from truenav.calc.etp.engine.calendar import eras, microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import Event
from truenav.calc.etp.engine.stepping import State
from truenav.calc.etp.explain.attribution import EmptyWindowError, Explanation, explain_recorded
from truenav.core.listing import Listing
from truenav.core.money import ONE, exact
from truenav.store import products
from truenav.store.database import Session
from truenav.store.products import Chapter, UsedMark


def attribution(session: Session, listing: Listing, since: datetime, until: datetime) -> Explanation:
    """Where the return of a unit as issued came from, between the last marks at or before two instants.

    Of a hedged product it is that of what was really held, between the ends of the chapters that both
    instants fall into; `truenav.app.etp.analysis.hedged` says which part holds what. A start before the
    opening counts as the opening. `EmptyWindowError` where no mark lies between both ends. Of the chapters
    only those at both ends, in which something happened, and at the begin of new terms are read.
    """
    first = products.begun_by(session, listing.id, since)
    last = products.begun_by(session, listing.id, until)
    if last is None:
        raise EmptyWindowError(f"{listing.id} has no mark before {until:%Y-%m-%d %H:%M} UTC.")
    if last.live.actual is not None:
        start, end = hedged_end(listing, first, session), hedged_end(listing, last, session)
        refuse_empty(listing, start.at, end.at)
        begins = list(_begins(session, listing, start.at, end.at))
        return explain_hedged(session, listing, start, end, begins)
    if first is None:
        first = products.ending_from(session, listing.id, since)
        assert first is not None  # there is a later one
    begin, stop = _mark_by(first, microseconds(since)), _mark_by(last, microseconds(until))
    refuse_empty(listing, begin.at, stop.at)
    happened = products.steps(session, listing.id)
    events = [step.event for step in happened if begin.at < step.event.at <= stop.at]
    opening = _held_after(first, begin)
    begins = list(_begins(session, listing, begin.at, stop.at))
    history, places = _history(begin, [*begins, stop], events, opening)
    recorded = [replace(event, place=places[event.at]) for event in events]
    return explain_recorded(listing.product, history, opening, recorded)


def _mark_by(chapter: Chapter, at: int) -> Seen:
    """The last mark of a chapter at or before an instant, else its first; if it has none, the one before."""
    if not chapter.marks:
        return Seen(chapter.live.mark.at, chapter.live.price)
    mark = max(
        (mark for mark in chapter.marks if mark.at <= at), key=attrgetter("at"), default=chapter.marks[0]
    )
    return _seen_at(chapter, mark)


def _seen_at(chapter: Chapter, mark: UsedMark) -> Seen:
    worth = next((step.event.price for step in chapter.steps if step.event.at == mark.at), mark.price)
    return Seen(mark.at, worth)


def _held_after(chapter: Chapter, mark: Seen) -> State:
    """What a unit as issued held after the events of a mark."""
    before = [step.event for step in chapter.steps if step.event.at <= mark.at]
    if before:
        return State(before[-1].position, before[-1].cash, mark.price, 0)
    if not chapter.steps:
        return State(chapter.live.model.position, chapter.live.model.cash, mark.price, 0)
    event = chapter.steps[0].event
    with exact():
        exposure = event.held * event.price  # the same before and after a future rolled
        price = next(mark.price for mark in chapter.marks if mark.at == event.at)
        return State(exposure / price, event.nav_before - exposure, mark.price, 0)


def _begins(session: Session, listing: Listing, start: int, end: int) -> Iterator[Seen]:
    """The first mark of each new terms within a window."""
    for terms, since, _ in eras(listing.product):
        chapter = products.ending_from(session, listing.id, terms.since) if start < since <= end else None
        if chapter is not None:
            yield from [_seen_at(chapter, mark) for mark in chapter.marks if mark.at >= since][:1]


def _history(
    start: Seen, others: Sequence[Seen], events: Sequence[Event], opening: State
) -> tuple[History, dict[int, int]]:
    """The marks that an explanation needs, with the rolls of a future, and the place of each."""
    worth = {mark.at: mark.price for mark in (start, *others)} | {event.at: event.price for event in events}
    rolls, held = {}, opening.position
    with exact():
        for event in events:
            if event.held != held:
                rolls[event.at] = event.held / held
            held = event.position
        times = sorted(worth)
        prices = [worth[at] * rolls.get(at, ONE) for at in times]
    history = History(times, prices, rolls=tuple(rolls.items()))
    return history, {at: place for place, at in enumerate(times)}
