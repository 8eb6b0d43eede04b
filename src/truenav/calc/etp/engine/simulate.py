"""A product over a history of marks, exact: what every unit held, was worth, paid and did."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from truenav.calc.etp.engine.adjustments import changes_due
from truenav.calc.etp.engine.calendar import Dues, dues, eras, instant_of, microseconds
from truenav.calc.etp.engine.history import BadMarkError, History, check_marks, rolls_by_mark
from truenav.calc.etp.engine.rules import check_product, limits_of
from truenav.calc.etp.engine.running import BLOCK, Events, Marks, Published, Seen, begun, run
from truenav.calc.etp.engine.stepping import CHARGED, RUINED, SCHEDULED, TRIGGERED, Paid, State
from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, exact
from truenav.core.product import Product, Terms


class EventKind(StrEnum):
    """What happened at a mark: charges alone, a scheduled rebalance, a triggered one, or the end."""

    CHARGE = "charge"
    SCHEDULED = "scheduled"
    TRIGGERED = "triggered"
    RUINED = "ruined"


_KINDS = {
    CHARGED: EventKind.CHARGE,
    SCHEDULED: EventKind.SCHEDULED,
    TRIGGERED: EventKind.TRIGGERED,
    RUINED: EventKind.RUINED,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a product.

    Amounts are of one unit as issued, in the quote asset; what was paid is positive. ``place`` is the
    mark's place in the history, ``price`` what is held was worth after the event (beside the mark only
    where a future rolled). ``held`` and ``position`` are before and after.
    """

    place: int
    at: int
    kind: EventKind
    price: Decimal
    nav_before: Decimal
    nav: Decimal
    leverage_before: Decimal | None
    leverage: Decimal | None
    held: Decimal
    position: Decimal
    cash: Decimal
    financing: Decimal
    fees: Decimal
    costs: Decimal
    gap: Decimal
    deficit: Decimal

    @property
    def trade(self) -> Decimal:
        """Underlying bought for one unit; sold is negative."""
        with exact():
            return self.position - self.held


@dataclass(frozen=True, slots=True)
class Merge:
    """``ratio`` units became one (or one ``1 / ratio``) when the NAV of ``at`` was published."""

    at: int
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class Simulation:
    """A product over a history.

    ``published`` are instants and NAVs per unit as holders saw them, share merges included; all else is per
    unit as issued. ``worst`` is the deepest drawdown of NAV at the marks, before their events, from 0 to -1.
    """

    product: Product
    history: History
    opening: State
    events: tuple[Event, ...]
    closing: State
    nav: Decimal
    published: tuple[tuple[int, Decimal], ...]
    merges: tuple[Merge, ...]
    scheduled: int
    triggered: int
    worst: Decimal


def simulate(product: Product, history: History, *, nav: Decimal = Decimal(100)) -> Simulation:
    """Run a product over a history, issued at its first mark for ``nav``.

    Exact to 78 digits. `ProductRulesError` where the rules cannot be followed, `BadMarkError` where a mark
    cannot be, or lies before the rules or after the product's end. What is only doubtful (a jump, a mark of
    the future) `checked` refuses.
    """
    check_replay(product, history, nav)
    with exact():
        due = dues(product, history.times, rates=history.rates or None, rolls=history.rolls)
        marks = exact_marks(history)
        opening = issued(terms_at(product, history.times[0]), history.prices[0], nav)
        capacity = len(due.stops.index) + 64
        while True:
            events = _room(capacity)
            closing, seen = _run(product, marks, due, opening, nav, events)
            if seen.event <= capacity:
                break
            capacity = seen.event
        found = tuple(_events(events, seen.event, marks, opening, due))
        published, merges = published_navs(product, found, due)
        worth = closing.position * last_price(history) + closing.cash
        return Simulation(
            product,
            history,
            opening,
            found,
            closing,
            worth,
            published,
            merges,
            seen.scheduled,
            seen.triggered,
            max(seen.worst - 1, -ONE),
        )


def check_replay(product: Product, history: History, nav: Decimal) -> None:
    """Refuse rules that cannot be followed, marks that cannot be or are not the product's, and a NAV of 0."""
    check_product(product)
    check_marks(history)
    check_span(product, history.times[0], history.times[-1])
    if not (nav.is_finite() and nav > 0):
        raise InvalidInputError(f"A unit cannot be issued at {nav}; NAV must be above 0.")


def check_span(product: Product, first: int, last: int) -> None:
    """`BadMarkError` where marks from ``first`` to ``last`` (microseconds since 1970) are not all its own."""
    if product.until is not None and last >= microseconds(product.until):
        raise BadMarkError(
            f"{product.id} ended at {instant_text(product.until)}, and the marks go on to "
            f"{instant_text(instant_of(last))}; end earlier, or take the rules of one instant as if they had "
            "always held.",
            product=product.id,
        )
    if first < microseconds(product.terms[0].since):
        raise BadMarkError(
            f"The rules of {product.id} begin at {instant_text(product.terms[0].since)}, and the marks at "
            f"{instant_text(instant_of(first))}; begin later, or take the rules of one instant as if they "
            "had always held.",
            product=product.id,
        )


def issued(terms: Terms, price: Decimal, nav: Decimal) -> State:
    """What a unit holds when it is issued at NAV: the target's position, and cash or a loan for the rest."""
    return State(terms.target * nav / price, (1 - terms.target) * nav, price, 0)


def exact_marks(history: History) -> Marks:
    """The marks of a history with the extremes of their blocks."""
    prices = list(history.prices)
    blocks = [prices[start : start + BLOCK] for start in range(0, len(prices), BLOCK)]
    lows, highs = [min(block) for block in blocks], [max(block) for block in blocks]
    return Marks(prices, history.times, lows, highs)


def terms_at(product: Product, at: int) -> Terms:
    """The rules that hold at an instant (microseconds since 1970); `BadMarkError` where none do."""
    for terms, start, end in eras(product):
        if start <= at < end:
            return terms
    raise BadMarkError(f"No rules of {product.id} hold at the first mark.", product=product.id)


def _room(capacity: int) -> Events:
    return Events(*([None] * capacity for _ in Events._fields))


def _run(
    product: Product, marks: Marks, due: Dues, opening: State, nav: Decimal, events: Events
) -> tuple[State, Seen]:
    state, seen, start, stops = opening, begun(nav, 0, 0), 1, due.stops
    nowhere = Published([], [])
    for terms, _, until in eras(product):
        end = bisect_left(marks.times, until)
        if end <= start:
            continue
        first, last = bisect_left(stops.index, start), bisect_left(stops.index, end)
        limits, rearm = limits_of(terms), terms.trigger.rearm_seconds * 1_000_000
        state, seen = run(marks, start, end, stops, first, last, limits, rearm, state, seen, events, nowhere)
        start = end
    return state, seen


def _events(events: Events, rows: int, marks: Marks, opening: State, due: Dues) -> Iterator[Event]:
    rolls = {place: due.stops.roll[kind] for place, kind in zip(due.stops.index, due.stops.kind, strict=True)}
    held = opening.position
    for row in range(rows):
        place = events.index[row]
        yield event_of(
            place,
            marks.times[place],
            events.kind[row],
            marks.prices[place],
            rolls.get(place, ONE),
            held,
            events.before[row],
            State(events.position[row], events.cash[row], ONE, 0),
            Paid(
                events.financing[row],
                events.fees[row],
                events.costs[row],
                events.gap[row],
                events.deficit[row],
            ),
        )
        held = events.position[row]


def event_of(
    place: int,
    at: int,
    kind: int,
    mark: Decimal,
    roll: Decimal,
    held: Decimal,
    before: Decimal,
    state: State,
    paid: Paid,
) -> Event:
    """What a step came to: a unit ``held`` so much and was worth ``before``, then it was in ``state``."""
    price = mark / roll
    nav = state.position * price + state.cash
    return Event(
        place=place,
        at=at,
        kind=_KINDS[kind],
        price=price,
        nav_before=before,
        nav=nav,
        leverage_before=held * mark / before if before > 0 else None,
        leverage=state.position * price / nav if nav > 0 else None,
        held=held * roll,
        position=state.position,
        cash=state.cash,
        financing=paid.financing,
        fees=paid.fees,
        costs=paid.costs,
        gap=paid.gap,
        deficit=paid.deficit,
    )


def last_price(history: History) -> Decimal:
    """The last mark, on the scale of the next future where it rolled there."""
    last = len(history) - 1
    return history.prices[last] / rolls_by_mark(history).get(last, ONE)


def published_navs(
    product: Product, events: Sequence[Event], due: Dues
) -> tuple[tuple[tuple[int, Decimal], ...], tuple[Merge, ...]]:
    """Published NAVs, with the share merges and splits that they lead to."""
    factor, published, merges = ONE, [], []
    ages = list(eras(product))
    publishes = due.publishes
    for event in events:
        if event.place not in publishes and event.kind is not EventKind.RUINED:
            continue
        published.append((event.at, event.nav * factor))
        terms = next(terms for terms, start, end in ages if start <= event.at < end)
        for change in changes_due(terms, event.nav * factor):
            merges.append(Merge(event.at, change.factor))
            factor *= change.factor
    return tuple(published), tuple(merges)
