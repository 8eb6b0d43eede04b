"""Where the return of a leveraged product went: for any window, in parts that sum exactly."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import accumulate, pairwise

from truenav.calc.etp.engine.calendar import eras, instant_of, instants, microseconds
from truenav.calc.etp.engine.history import History, rolls_by_mark
from truenav.calc.etp.engine.simulate import Event, EventKind, Simulation
from truenav.calc.etp.engine.stepping import State
from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, ZERO, exact, summing
from truenav.core.product import DailyTimes, Product

MIDNIGHT = DailyTimes(("00:00",))


class EmptyWindowError(InvalidInputError):
    """A window holds no two marks, or begins after the product has lost everything."""

    code = "empty-window"
    title = "Nothing can be explained in this window"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a return, each over the NAV at the window's start; together they are the return, exactly.

    Attributes
    ----------
    leverage : what the target's multiple of the starting NAV, held still, made on the underlying's move.
    compounding : what the position made beside that and the gaps, because its size followed NAV and
        between rebalances did not (volatility decay where it is negative).
    financing : interest and funding on what was held; paid is negative.
    fees : fees on NAV and notional; negative.
    costs : cost of trading and rolling; negative.
    gap : what triggered rebalances made because the mark that was seen lay beyond the trigger's price.
    deficit : what the issuer bore where NAV fell below zero.
    """

    leverage: Decimal
    compounding: Decimal
    financing: Decimal
    fees: Decimal
    costs: Decimal
    gap: Decimal
    deficit: Decimal

    def total(self) -> Decimal:
        """The sum of all parts, without rounding."""
        with summing():
            return (
                self.leverage
                + self.compounding
                + self.financing
                + self.fees
                + self.costs
                + self.gap
                + self.deficit
            )


@dataclass(frozen=True, slots=True)
class Explanation:
    """The return of a window, and where it came from.

    ``start`` and ``end`` are the instants of marks; the window lies between what was held after the events of
    the first and after those of the second, so that windows which follow each other leave nothing out. NAVs
    are per unit as issued, so share merges change nothing here. ``underlying`` is the return of what is held,
    rolls linked. ``turnover`` is the value traded by rebalances, each over the NAV that it was made on.
    """

    start: datetime
    end: datetime
    nav_before: Decimal
    nav_after: Decimal
    underlying: Decimal
    product: Decimal
    parts: Parts
    scheduled: int
    triggered: int
    turnover: Decimal

    @property
    def rebalances(self) -> int:
        """Rebalances of both kinds."""
        return self.scheduled + self.triggered


def explain(
    simulation: Simulation, *, start: datetime | None = None, end: datetime | None = None
) -> Explanation:
    """Split the return of a window into leverage, compounding, financing, fees, costs, gaps and deficit.

    Parameters
    ----------
    simulation : a product over a history.
    start, end : instants; each counts as the last mark at or before it (a start before the first mark as the
        first), None as the first and the last mark. The explanation says which marks it took.

    Raises
    ------
    EmptyWindowError
        Where no mark lies between both, or nothing was left at the start.

    Notes
    -----
    With ``N`` the NAV at the start, ``Q`` the price with rolls linked and ``L`` the target that held over a
    stretch of the window, leverage is ``sum(L * change of Q) / Q at the start``, so ``L R`` where the target
    stays. Compounding is what the position made, over ``N``, less leverage and gaps. One rebalance a day
    without costs makes it ``prod(1 + L r) - 1 - L R``. Method: docs/methods/leveraged.md.
    """
    times = simulation.history.times
    first = 0 if start is None else max(_mark_at(times, start), 0)
    last = len(times) - 1 if end is None else _mark_at(times, end)
    return _record_of(simulation).window(first, last)


def explain_recorded(
    product: Product, history: History, opening: State, events: Sequence[Event]
) -> Explanation:
    """The same split of what a running product recorded: from the first mark of a history to its last.

    Parameters
    ----------
    history : at least the first mark and the last, those of the events, and each first mark of new terms.
    opening : what a unit as issued held after the events of the first mark.
    events : those after the first mark, with their places in this history.
    """
    return _Record(product, history, opening, events).window(0, len(history) - 1)


def explain_daily(simulation: Simulation, at: DailyTimes = MIDNIGHT) -> tuple[Explanation, ...]:
    """The windows between daily times, in order: from the first mark to the last, nothing left out.

    A day without a mark has no window of its own. The last window is the one in which nothing was left.
    """
    times = simulation.history.times
    cuts = [bisect_right(times, instant) - 1 for instant in instants(at, times[0], times[-1])]
    places = sorted({0, *cuts, len(times) - 1})
    record = _record_of(simulation)
    return tuple(record.window(first, last) for first, last in pairwise(places) if record.nav(first) > 0)


def _mark_at(times: Sequence[int], instant: datetime) -> int:
    """The place of the last mark at or before an instant, -1 where there is none."""
    return bisect_right(times, microseconds(instant)) - 1


@dataclass(frozen=True, slots=True)
class _Sums:
    """What was paid and done up to an event, its own included."""

    financing: Decimal = ZERO
    fees: Decimal = ZERO
    costs: Decimal = ZERO
    gap: Decimal = ZERO
    deficit: Decimal = ZERO
    scheduled: int = 0
    triggered: int = 0
    turnover: Decimal = ZERO

    def and_of(self, event: Event) -> _Sums:
        rebalances = event.kind in (EventKind.SCHEDULED, EventKind.TRIGGERED)
        return _Sums(
            self.financing + event.financing,
            self.fees + event.fees,
            self.costs + event.costs,
            self.gap + event.gap,
            self.deficit + event.deficit,
            self.scheduled + (event.kind is EventKind.SCHEDULED),
            self.triggered + (event.kind is EventKind.TRIGGERED),
            self.turnover + (_turned_over(event) if rebalances else ZERO),
        )


def _turned_over(event: Event) -> Decimal:
    with exact():
        return abs(event.trade) * event.price / event.nav


def _record_of(simulation: Simulation) -> _Record:
    return _Record(simulation.product, simulation.history, simulation.opening, simulation.events)


class _Record:
    """What happened to a product, so arranged that any window is explained by looking at its two ends."""

    def __init__(self, product: Product, history: History, opening: State, events: Sequence[Event]) -> None:
        self._product, self._history, self._opening, self._events = product, history, opening, events
        self._places = [event.place for event in events]
        with summing():
            self._sums = list(accumulate(events, _Sums.and_of, initial=_Sums()))
        self._rolls = rolls_by_mark(history)

    def nav(self, place: int) -> Decimal:
        """NAV of a unit as issued, after the events of a mark."""
        count = bisect_right(self._places, place)
        held = self._events[count - 1] if count else self._opening
        with exact():
            price = self._history.prices[place] / self._rolls.get(place, ONE)
            return held.position * price + held.cash

    def window(self, first: int, last: int) -> Explanation:
        """The window between what was held after the events of two marks."""
        times = self._history.times
        if last <= first:
            raise EmptyWindowError(
                "No mark lies between the start and the end of the window; the history has marks from "
                f"{instant_text(instant_of(times[0]))} to {instant_text(instant_of(times[-1]))}."
            )
        before, after = self.nav(first), self.nav(last)
        if before <= 0:
            raise EmptyWindowError(
                f"At {instant_text(instant_of(times[first]))} nothing was left of the product; begin earlier."
            )
        then, now = (self._sums[bisect_right(self._places, place)] for place in (first, last))
        with exact():
            product = (after - before) / before
            leverage = sum((target * move for target, move in self._moves(first, last)), ZERO)
            financing = (then.financing - now.financing) / before
            fees = (then.fees - now.fees) / before
            costs = (then.costs - now.costs) / before
            gap = (now.gap - then.gap) / before
            deficit = (now.deficit - then.deficit) / before
            underlying = self._growth(first, last) - 1
        with summing():
            compounding = product - leverage - financing - fees - costs - gap - deficit
            turnover = now.turnover - then.turnover
        return Explanation(
            start=instant_of(times[first]),
            end=instant_of(times[last]),
            nav_before=before,
            nav_after=after,
            underlying=underlying,
            product=product,
            parts=Parts(leverage, compounding, financing, fees, costs, gap, deficit),
            scheduled=now.scheduled - then.scheduled,
            triggered=now.triggered - then.triggered,
            turnover=turnover,
        )

    def _moves(self, first: int, last: int) -> Iterator[tuple[Decimal, Decimal]]:
        """Each target that held within a window, and the underlying's move meanwhile over its first price.

        A target holds from the first mark that its terms see: the move to that mark is the one before's.
        """
        times = self._history.times
        for terms, start, end in eras(self._product):
            since = max(bisect_left(times, start), first)
            until = min(bisect_left(times, end), last)
            if since < until:
                yield terms.target, self._growth(first, until) - self._growth(first, since)

    def _growth(self, first: int, last: int) -> Decimal:
        """What one of the underlying's value at a mark is worth at a later one, the rolls between linked."""
        prices, growth = self._history.prices, ONE
        for place, roll in self._rolls.items():
            if first <= place < last:
                growth *= roll
        return growth * prices[last] / prices[first]
