"""One mark of a product that is its own model: rebalanced by the rules, at the mark itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from truenav.calc.etp.engine.simulate import Event, event_of
from truenav.calc.etp.engine.stepping import (
    RUINED,
    SCHEDULED,
    TRIGGERED,
    Limits,
    Paid,
    State,
    Stop,
    bounds,
    is_reached,
    net_value,
    step,
)
from truenav.calc.etp.live.state import Holding, LiveProduct, Step


class Now(NamedTuple):
    """The mark that a step is made at, and the rules in force."""

    at: int
    price: Decimal
    stop: Stop
    limits: Limits
    rearm: int

    @property
    def worth(self) -> Decimal:
        """The price of what is held after a roll."""
        worth: Decimal = self.price / self.stop.roll
        return worth


class Outcome(NamedTuple):
    """A holding after a mark, what that cost, and what it came to."""

    holding: Holding
    paid: Paid
    kind: int


def stepped(holding: Holding, now: Now, *, is_due: bool) -> Outcome | None:
    """A holding that is rebalanced at the mark itself; none where nothing happens to it."""
    armed = now.at >= holding.sleeps_until
    if holding.position == 0:
        return None
    if not is_due and not is_reached(bounds(holding.state, now.limits, armed), now.price):
        return None
    state, paid, kind = step(holding.state, now.price, now.stop, now.limits, armed)
    sleeps_until = now.at + now.rearm if kind in (SCHEDULED, TRIGGERED) else holding.sleeps_until
    return Outcome(Holding(*state, sleeps_until=sleeps_until), paid, kind)


def model_step(live: LiveProduct, now: Now, *, is_due: bool) -> tuple[LiveProduct, Step | None]:
    """The step of a product that is its model."""
    done = stepped(live.model, now, is_due=is_due)
    if done is None:
        return live, None
    after = replace(
        live,
        price=now.worth,
        model=done.holding,
        deficit=live.deficit + done.paid.deficit * live.units * live.factor,
        ruined=done.kind == RUINED,
    )
    return after, Step(event_at(live, now, live.model.state, done.holding.state, done.paid, done.kind))


def event_at(live: LiveProduct, now: Now, before: State, after: State, paid: Paid, kind: int) -> Event:
    """What happened at the mark to one unit as issued."""
    worth = net_value(before, now.price)
    return event_of(live.place, now.at, kind, now.price, now.stop.roll, before.position, worth, after, paid)
