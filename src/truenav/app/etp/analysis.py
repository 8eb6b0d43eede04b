"""What rules mean before any price has happened, and where the return of a running product came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from truenav.app.etp.analysis_hedged import Seen, explain_hedged, hedged_end, refuse_empty
from truenav.app.etp.analysis_rules import RuleSet
from truenav.calc.etp.engine.calendar import eras, microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import Event
from truenav.calc.etp.engine.stepping import State
from truenav.calc.etp.explain.attribution import EmptyWindowError, Explanation, explain_recorded
from truenav.calc.etp.explain.decay import Expected, decay, expected_return
from truenav.calc.etp.explain.outlook import Outlook, outlook
from truenav.calc.etp.explain.risk_note import Language, risk_note
from truenav.calc.etp.explain.what_if import Legs, one_way_day, two_legs
from truenav.core.failure import InvalidInputError
from truenav.core.listing import Listing
from truenav.core.money import ONE, exact
from truenav.core.product import Product
from truenav.store import products
from truenav.store.database import Session
from truenav.store.products import Chapter, UsedMark

_STEPS = tuple(Decimal(percent) / 100 for percent in (5, 10, 15, 20, 30))
MOVES = (*_STEPS, *(-step for step in _STEPS))
"""Of a day one way, by default."""

with exact():
    BOTH_FALL = (ONE / 9, Decimal("-0.15"))
"""Two moves (the first to all digits, as a trigger may lie there) after which a long and a short product with
triggers are both below their start.
"""

VOLATILITIES = tuple(Decimal(tenth) / 10 for tenth in range(21))
"""Of a year, for the curve of decay: 0 to 200 %."""

MOST_MOVES = 40


class ProfileInputError(InvalidInputError):
    """The moves or the price that rules are shown at make no sense."""

    code = "profile-input"
    title = "The rules cannot be shown at these numbers"


# --- before any price ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProfileQuestion:
    """Rule sets by their names (``text`` holds those that are *given*), and the numbers to show them at.

    ``moves`` are single moves of the underlying within a day, ``first`` and ``second`` two in turn, each a
    fraction above -1; ``price`` is where a unit was just rebalanced.
    """

    rules: tuple[str, ...]
    text: str | None = None
    price: Decimal = Decimal(100)
    moves: tuple[Decimal, ...] = MOVES
    first: Decimal = BOTH_FALL[0]
    second: Decimal = BOTH_FALL[1]


@dataclass(frozen=True, slots=True)
class RiskNote:
    """What a holder should know, a sentence a point, in both languages."""

    en: tuple[str, ...]
    zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What the last terms of a rule set mean.

    ``one_way`` are returns over each of the moves without turning, triggers filled at their own price;
    ``legs`` those over two moves, each seen as one mark. ``outlook`` is that of a unit just rebalanced.
    """

    rules: str
    product: str
    target: Decimal
    note: RiskNote
    outlook: Outlook
    one_way: tuple[Decimal, ...]
    legs: Legs


@dataclass(frozen=True, slots=True)
class Profiles:
    """Rule sets beside each other; ``underlying`` are its returns over the two moves."""

    moves: tuple[Decimal, ...]
    underlying: Legs
    profiles: tuple[Profile, ...]


@dataclass(frozen=True, slots=True)
class DecayPoint:
    """What volatility of a year alone takes, in the time asked for, where the price ends as it began."""

    volatility: Decimal
    decay: Decimal


@dataclass(frozen=True, slots=True)
class DecayTheory:
    """The return that theory expects, and decay by volatility in the same time."""

    expected: Expected
    curve: tuple[DecayPoint, ...]


def profiles(question: ProfileQuestion, sets: Sequence[RuleSet]) -> Profiles:
    """What each rule set means by its last terms."""
    _check_profile(question)
    terms = [one.product.terms[-1] for one in sets]
    rows = one_way_day(terms, question.moves)
    underlying, *legs = two_legs(terms, question.first, question.second)
    found = [
        Profile(
            rules=one.name,
            product=one.product.id,
            target=rules.target,
            note=_note(one.product),
            outlook=outlook(rules, question.price),
            one_way=tuple(row[column] for row in rows),
            legs=both,
        )
        for column, (one, rules, both) in enumerate(zip(sets, terms, legs, strict=True))
    ]
    return Profiles(question.moves, underlying, tuple(found))


def decay_theory(
    leverage: Decimal, drift: Decimal, volatility: Decimal, days: Decimal, fee: Decimal
) -> DecayTheory:
    """The expected return and the curve of decay for a target; `TheoryInputError` for a senseless number."""
    expected = expected_return(leverage, drift, volatility, days, fee=fee)
    with exact():
        curve = tuple(DecayPoint(one, decay(leverage, one, days / 365)) for one in VOLATILITIES)
    return DecayTheory(expected, curve)


def _note(product: Product) -> RiskNote:
    return RiskNote(risk_note(product), risk_note(product, language=Language.CHINESE))


def _check_profile(question: ProfileQuestion) -> None:
    if not 0 < question.price <= 10**12:
        raise ProfileInputError("The price must be above 0 and at most a million millions.")
    if not 1 <= len(question.moves) <= MOST_MOVES:
        raise ProfileInputError(f"Ask for 1 to {MOST_MOVES} moves.")
    if any(not -1 < move <= 100 for move in (*question.moves, question.first, question.second)):
        raise ProfileInputError("A move is a fraction above -1 and at most 100; 0.05 is 5 %.")


# --- what a running product recorded ---------------------------------------------------------------------


def attribution(session: Session, listing: Listing, since: datetime, until: datetime) -> Explanation:
    """Where the return of a unit as issued came from, between the last marks at or before two instants.

    Of a hedged product it is that of what was really held, between the ends of the chapters that both
    instants fall into; `truenav.app.etp.analysis_hedged` says which part holds what. A start before the
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
