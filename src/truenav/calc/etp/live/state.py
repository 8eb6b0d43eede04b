"""The words of a running product: marks, what is held, proposals and fills, and the state they lead to.

Instants are microseconds since 1970 (UTC); amounts are exact, in the product's quote asset.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.simulate import Event
from truenav.calc.etp.engine.stepping import Bounds, Limits, State
from truenav.core.money import ZERO, exact
from truenav.core.product import Product, Terms

SECOND = 1_000_000
"""Microseconds."""


class HaltCause(StrEnum):
    """Why units are not created or redeemed now."""

    REBALANCING = "rebalancing"
    MERGE = "merge"
    RUIN = "ruin"
    ISSUER = "issuer"


class ProposalKind(StrEnum):
    """Why an order is proposed: the first purchase (and what replaces it before it is done), the schedule, a
    trigger, or the end after ruin.
    """

    OPENING = "opening"
    SCHEDULED = "scheduled"
    TRIGGERED = "triggered"
    CLOSING = "closing"


class LimitKind(StrEnum):
    """A limit of a trigger; see `truenav.core.product.Trigger`."""

    ABOVE = "leverage_above"
    BELOW = "leverage_below"
    ADVERSE = "adverse_move"
    FAVOURABLE = "favourable_move"


@dataclass(frozen=True, slots=True)
class Mark:
    """The price of the underlying ``of``, in the quote asset, as ``source`` gave it for ``at``."""

    of: str
    at: int
    price: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Holding:
    """Position and cash under the rules: price of the last rebalance, batches still to come, and until when
    the trigger sleeps.
    """

    position: Decimal
    cash: Decimal
    reference: Decimal
    batches: int
    sleeps_until: int

    @property
    def state(self) -> State:
        """The part that a step works on."""
        return State(self.position, self.cash, self.reference, self.batches)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that a mark reached: its bound, and what was seen."""

    limit: LimitKind
    bound: Decimal
    seen: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rebalance that is due, sized at the mark it fell due at.

    ``held`` and ``wanted`` are positions of all ``units`` together, ``goal`` the leverage to reach,
    ``cost_estimate`` is in the quote asset, by the trading cost of the rules. ``replaces`` is the number of
    the proposal that was still open.
    """

    number: int
    kind: ProposalKind
    reached: tuple[Reached, ...]
    at: int
    price: Decimal
    source: str
    units: Decimal
    held: Decimal
    wanted: Decimal
    goal: Decimal
    leverage_before: Decimal | None
    cost_estimate: Decimal
    replaces: int | None

    @property
    def order(self) -> Decimal:
        """Underlying to buy for all units together; to sell is negative."""
        with exact():
            return self.wanted - self.held


@dataclass(frozen=True, slots=True)
class Fill:
    """Underlying that was bought (sold is negative), its price, and the fee in the quote asset (a rebate is
    negative).
    """

    id: str
    at: int
    quantity: Decimal
    price: Decimal
    fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Rebalance:
    """What became of a proposal.

    ``cost`` is what the fills cost beside trading at the proposal's mark, fees included, to be held against
    its estimate; ``average_price`` is unknown where nothing net was traded; ``remainder`` is the part of the
    order that was not.
    """

    proposal: Proposal
    closed_at: int
    quantity: Decimal
    average_price: Decimal | None
    fees: Decimal
    cost: Decimal
    remainder: Decimal
    leverage: Decimal | None


@dataclass(frozen=True, slots=True)
class LiveProduct:
    """A product after a mark.

    Attributes
    ----------
    units : outstanding.
    factor : units as issued that one present unit came from (share merges and splits).
    place : marks since the product opened, which is 0.
    price : what is held was worth at the mark: the mark, on the scale of the next future where it rolled.
    model : one unit as issued, rebalanced by the rules at the marks themselves.
    actual : all units together, by fills; none where the model is the product.
    peak, worst : highest NAV of a unit as issued at any mark, and the lowest share of the highest before it.
    deficit : what the issuer bore for all units together, because NAV fell below zero.
    rates_until : up to when published financing rates were charged; none where the rules' own rate holds.
    published_at, published_nav : the last NAV of a unit that was published.
    changes : share merges or splits that are due and not done yet.
    proposal, fills : the rebalance that waits to be done, and what was traded since it was proposed.
    proposals : how many there were.
    approved : number of the proposal that may be executed; every new one must be approved anew.
    trouble : why the execution of the open proposal stopped and waits for a person; empty where it did not.
    unexplained : position at the venue less what the product holds, in underlying, as last compared.
    halted : the issuer stopped dealing.
    """

    product: str
    opened_at: int
    units: Decimal
    factor: Decimal
    mark: Mark
    place: int
    price: Decimal
    model: Holding
    actual: Holding | None
    peak: Decimal
    worst: Decimal
    deficit: Decimal = ZERO
    rates_until: int | None = None
    published_at: int | None = None
    published_nav: Decimal | None = None
    changes: tuple[UnitChange, ...] = ()
    proposal: Proposal | None = None
    fills: tuple[Fill, ...] = ()
    proposals: int = 0
    approved: int | None = None
    trouble: str = ""
    unexplained: Decimal = ZERO
    ruined: bool = False
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Basket:
    """What one present unit holds and is worth at ``price``; leverage is unknown where NAV is 0."""

    at: int
    price: Decimal
    position: Decimal
    cash: Decimal
    nav: Decimal
    leverage: Decimal | None


@dataclass(frozen=True, slots=True)
class Step:
    """What happened at a mark, per unit as issued.

    The event of a hedged product holds charges; its rebalance is in ``proposal``. ``published`` is the NAV of
    a present unit, where one was published; ``changes`` are the merges or splits that it calls for.
    ``replaced`` is what had become of an open proposal when another one took its place.
    """

    event: Event
    published: Decimal | None = None
    changes: tuple[UnitChange, ...] = ()
    proposal: Proposal | None = None
    replaced: Rebalance | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """A live product with the rules in force, and what follows from both.

    Before ``next_at`` nothing is due by the calendar; before ``quiet_until`` and between the prices of
    ``quiet`` nothing happens at all.
    """

    product: Product
    live: LiveProduct
    terms: Terms
    limits: Limits
    next_at: int
    quiet: Bounds
    quiet_until: int


def basket(live: LiveProduct) -> Basket:
    """What one unit holds and is worth at the last mark."""
    with exact():
        if live.ruined:
            return Basket(live.mark.at, live.price, ZERO, ZERO, ZERO, None)
        one = unit_state(live)
        position, cash = one.position * live.factor, one.cash * live.factor
        exposure = position * live.price
        nav = exposure + cash
        return Basket(live.mark.at, live.price, position, cash, nav, exposure / nav if nav > 0 else None)


def issued_units(live: LiveProduct) -> Decimal:
    """Units outstanding, counted as they were issued."""
    with exact():
        return live.units * live.factor


def halts(live: LiveProduct, terms: Terms) -> frozenset[HaltCause]:
    """Why dealing is halted by the product's state; nothing where it is not.

    Until its first purchase is done a unit does not hold what it stands for, so that halts it in any case.
    """
    opening = live.proposal is not None and live.proposal.kind is ProposalKind.OPENING
    rebalancing = live.proposal is not None and terms.dealing.halts_while_rebalancing
    causes = {
        HaltCause.REBALANCING: opening or rebalancing,
        HaltCause.MERGE: bool(live.changes),
        HaltCause.RUIN: live.ruined,
        HaltCause.ISSUER: live.halted,
    }
    return frozenset(cause for cause, holds in causes.items() if holds)


def unit_state(live: LiveProduct) -> State:
    """What the product holds for one unit as issued."""
    if live.actual is None:
        return live.model.state
    return shared(live.actual.state, live.units * live.factor)


def shared(state: State, units: Decimal) -> State:
    """The part of one unit in what all units hold together."""
    return state._replace(position=state.position / units, cash=state.cash / units)
