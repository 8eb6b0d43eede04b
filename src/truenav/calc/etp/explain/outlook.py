"""What a product would do next: the prices at which it acts by itself, how much it would trade, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import prod

from truenav.calc.etp.engine.calendar import NEVER, instant_of, next_due
from truenav.calc.etp.engine.rules import limits_of
from truenav.calc.etp.engine.running import no_stop
from truenav.calc.etp.engine.simulate import EventKind, Simulation, issued, terms_at
from truenav.calc.etp.engine.stepping import State, net_value, ruin_bounds, step, trigger_bounds
from truenav.core.money import ONE, exact
from truenav.core.product import Product, Terms


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a price would bring.

    ``move`` is how far it is away, as a fraction of the mark. ``leverage`` and ``leverage_after`` are before
    and after the rebalance, both None where nothing would be left. ``trade`` is the underlying bought for
    one unit (sold is negative), ``traded_share`` its value over NAV.
    """

    price: Decimal
    move: Decimal
    leverage: Decimal | None
    leverage_after: Decimal | None
    trade: Decimal
    traded_share: Decimal | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """A product at a mark, and what could happen to it.

    ``triggers`` are the prices nearest below and above at which it would rebalance, ``ruin`` is where nothing
    would be left. The trigger sleeps until ``armed_at`` where that lies ahead; ``next_due`` is the first
    instant at which something may fall due by the calendar.
    """

    at: datetime | None
    price: Decimal
    nav: Decimal
    leverage: Decimal | None
    triggers: tuple[Prospect, ...]
    ruin: Prospect | None
    armed_at: datetime | None
    next_due: datetime | None


def outlook(terms: Terms, price: Decimal, nav: Decimal = Decimal(100)) -> Outlook:
    """The outlook of a unit that was just issued, or rebalanced to its target, at a price."""
    with exact():
        return _outlook(terms, issued(terms, price, nav), price, None, None, None)


def outlook_of(simulation: Simulation) -> Outlook:
    """The outlook at a simulation's last mark, after its events; of a unit as share merges have left it."""
    product, history, events = simulation.product, simulation.history, simulation.events
    at = history.times[-1]
    price = events[-1].price if events and events[-1].at == at else history.prices[-1]
    terms = terms_at(product, at)
    with exact():
        factor = prod((merge.ratio for merge in simulation.merges), start=ONE)
        held = simulation.closing
        return _outlook(
            terms,
            State(held.position * factor, held.cash * factor, held.reference, held.batches),
            price,
            instant_of(at),
            _armed_at(simulation, terms),
            _next_due(product, at),
        )


def _outlook(
    terms: Terms,
    state: State,
    price: Decimal,
    at: datetime | None,
    armed_at: datetime | None,
    due: datetime | None,
) -> Outlook:
    nav = net_value(state, price)
    return Outlook(
        at=at,
        price=price,
        nav=nav,
        leverage=state.position * price / nav if nav > 0 else None,
        triggers=tuple(_triggers(terms, state, price)),
        ruin=_ruin(state, price),
        armed_at=armed_at,
        next_due=due,
    )


def _triggers(terms: Terms, state: State, price: Decimal) -> Iterator[Prospect]:
    if state.position == 0:
        return
    limits = limits_of(terms)
    for bound in trigger_bounds(state, limits):
        if bound > 0:
            nav = net_value(state, bound)
            after, _, _ = step(state, bound, no_stop(bound), limits, True)
            left = net_value(after, bound)
            trade = after.position - state.position
            yield Prospect(
                price=bound,
                move=bound / price - 1,
                leverage=state.position * bound / nav if nav > 0 else None,
                leverage_after=after.position * bound / left if left > 0 else None,
                trade=trade,
                traded_share=trade * bound / nav if nav > 0 else None,
            )


def _ruin(state: State, price: Decimal) -> Prospect | None:
    bound = max(ruin_bounds(state))
    if bound <= 0:
        return None
    return Prospect(bound, bound / price - 1, None, None, -state.position, None)


def _armed_at(simulation: Simulation, terms: Terms) -> datetime | None:
    """When the trigger wakes, if it sleeps at the last mark."""
    rebalances = (EventKind.SCHEDULED, EventKind.TRIGGERED)
    last = next((event.at for event in reversed(simulation.events) if event.kind in rebalances), None)
    if last is None:
        return None
    wakes = last + terms.trigger.rearm_seconds * 1_000_000
    return instant_of(wakes) if wakes > simulation.history.times[-1] else None


def _next_due(product: Product, at: int) -> datetime | None:
    due = next_due(product, at)
    return instant_of(due) if due < NEVER else None
