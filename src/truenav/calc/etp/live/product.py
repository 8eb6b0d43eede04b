"""A running product: its exact state after each mark, and what its rules make due there.

A `LiveProduct` is what is stored; a `Watch` adds what follows from it and the rules (the next due instant,
the prices between which nothing happens), found once and kept, so that most marks cost a comparison.

Two ways to run. In the first, the model is the product: the step itself rebalances at the mark, as
`truenav.calc.etp.engine.simulate` does, to the last digit. In the second the product is hedged: its position
and cash are what was really traded, a rebalance that is due becomes a `Proposal`, fills are applied as they
come, and the model runs beside it to tell the tracking difference. Instants are microseconds since 1970
(UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from truenav.calc.etp.engine.adjustments import UnitChange, changes_due
from truenav.calc.etp.engine.calendar import dues, instant_of, microseconds, next_due
from truenav.calc.etp.engine.history import LARGEST_JUMP, BadMarkError
from truenav.calc.etp.engine.rules import check_product, limits_of
from truenav.calc.etp.engine.running import no_stop, stop_at
from truenav.calc.etp.engine.simulate import Event, event_of, issued, terms_at
from truenav.calc.etp.engine.stepping import (
    RUINED,
    SCHEDULED,
    TRIGGERED,
    Bounds,
    Limits,
    Paid,
    State,
    Stop,
    bounds,
    is_reached,
    net_value,
    rebalanced,
    step,
)
from truenav.core.clock import instant_text
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.money import ONE, ZERO, exact, to_text
from truenav.core.product import Product, Terms

SECOND = 1_000_000
"""Microseconds."""


class MarkFault(StrEnum):
    """Why a mark is refused."""

    NOT_POSITIVE = "not_positive"
    OTHER_UNDERLYING = "other_underlying"
    ENDED = "ended"
    FUTURE = "future"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    STALE = "stale"
    JUMP = "jump"


class FillRefusedError(InvalidInputError):
    """A fill cannot be booked: not a trade, booked before, or of a product that trades nothing."""

    code = "fill-refused"
    title = "The fill cannot be booked"


class NoProposalError(ConflictError):
    """No rebalance waits to be done."""

    code = "no-proposal"
    title = "No rebalance waits to be done"


class HaltCause(StrEnum):
    """Why units are not created or redeemed now."""

    REBALANCING = "rebalancing"
    MERGE = "merge"
    RUIN = "ruin"
    ISSUER = "issuer"


class ProposalKind(StrEnum):
    """Why an order is proposed: the first purchase, the schedule, a trigger, or the end after ruin."""

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

    @property
    def trade(self) -> Decimal:
        """Underlying to buy for one unit."""
        with exact():
            return (self.wanted - self.held) / self.units


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
class Tracking:
    """The model beside what was really traded: NAVs of one present unit, positions of all units together.

    ``difference`` is actual less model NAV, ``relative`` the same over the model's (unknown where that is 0).
    ``open_order`` is what an open proposal still has to trade.
    """

    at: int
    price: Decimal
    model_nav: Decimal
    actual_nav: Decimal
    difference: Decimal
    relative: Decimal | None
    model_position: Decimal
    actual_position: Decimal
    open_order: Decimal


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


def issue(
    product: Product,
    mark: Mark,
    *,
    nav: Decimal,
    units: Decimal = ZERO,
    hedged: bool = False,
    published_rates: bool = False,
) -> LiveProduct:
    """Open a product at a mark, at ``nav`` a unit.

    A hedged product begins with the cash of its units and a proposal to buy what they stand for.
    ``published_rates`` says that financing follows rates that come with the marks, not the rules' own.
    """
    check_product(product)
    _check_whose(product, mark)
    if not (nav > 0 and units >= 0 and (units > 0 or not hedged)):
        raise InvalidInputError(
            f"{product.id} cannot open with {to_text(units)} units at {to_text(nav)}; NAV must be above 0, "
            "and a hedged product needs units."
        )
    with exact():
        terms = terms_at(product, mark.at)
        state = issued(terms, mark.price, nav)
        live = LiveProduct(
            product=product.id,
            opened_at=mark.at,
            units=units,
            factor=ONE,
            mark=mark,
            place=0,
            price=mark.price,
            model=Holding(*state, sleeps_until=mark.at),
            actual=None,
            peak=nav,
            worst=ONE,
            rates_until=mark.at if published_rates else None,
        )
        if not hedged:
            return live
        cash = Holding(ZERO, nav * units, mark.price, 0, mark.at)
        opened = replace(live, actual=cash)
        wish = _Wish(terms.target, 0, ProposalKind.OPENING, ())
        proposal = _proposed(opened, cash, wish, terms.trading_cost)
        return replace(opened, proposal=proposal, proposals=1)


def watch(product: Product, live: LiveProduct) -> Watch:
    """What follows from a live product and its rules; again needed after whatever is not a mark."""
    check_product(product)
    if live.product != product.id:
        raise InvalidInputError(f"These are the rules of {product.id}, not of {live.product}.")
    with exact():
        terms = terms_at(product, live.mark.at)
        return _watched(product, live, terms, limits_of(terms), next_due(product, live.mark.at))


def advance(
    watched: Watch,
    mark: Mark,
    *,
    now: int,
    rates: Sequence[tuple[int, Decimal]] = (),
    rolls: Sequence[tuple[int, Decimal]] = (),
    largest_jump: Decimal = LARGEST_JUMP,
) -> tuple[Watch, Step | None]:
    """Take a product to a mark: everything that the rules make due since the last one happens at it.

    ``now`` is the present instant; ``rates`` are the published financing rates that became known since the
    last mark, each with its instant; ``rolls`` prices of an expiring future over those of the next one (of
    the trades that were made, where the product is hedged). A rate that became known late is charged now.
    `BadMarkError` where the mark cannot be used; then nothing has changed.
    """
    with exact():
        _check_mark(watched, mark, now, largest_jump)
        _check_charges(watched.live, mark, rates, rolls)
        live = _seen(watched.live, mark)
        quiet = mark.at < watched.quiet_until and not is_reached(watched.quiet, mark.price)
        if live.ruined or (quiet and not rates and not rolls):
            return _with(watched, live), None
        return _acted(watched, live, rates, rolls)


def basket(live: LiveProduct) -> Basket:
    """What one unit holds and is worth at the last mark."""
    with exact():
        if live.ruined:
            return Basket(live.mark.at, live.price, ZERO, ZERO, ZERO, None)
        one = _unit(live)
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


def remaining(live: LiveProduct) -> Decimal:
    """Underlying that an open proposal still has to buy (sell is negative); 0 without one.

    It is measured on the position, so that late fills of an order that was replaced count.
    """
    if live.proposal is None or live.actual is None:
        return ZERO
    with exact():
        return live.proposal.wanted - live.actual.position


def filled(live: LiveProduct, fill: Fill, *, largest_jump: Decimal = LARGEST_JUMP) -> LiveProduct:
    """Book a fill: position and cash are what was really traded.

    A trade is a fact, so one that comes late or overshoots the order is booked, too; `FillRefusedError` only
    where it cannot be one of this product: no quantity, no price, one far from the mark, or booked already.
    """
    if live.actual is None:
        raise _bad_fill(fill, f"{live.product} holds what its rules say, and trades nothing")
    if not (fill.quantity.is_finite() and fill.quantity != 0):
        raise _bad_fill(fill, "it has no quantity")
    if not (fill.price.is_finite() and fill.price > 0 and fill.fee.is_finite()):
        raise _bad_fill(fill, "its price is not above 0, or its fee is no number")
    if any(one.id == fill.id for one in live.fills):
        raise _bad_fill(fill, "it was booked already")
    with exact():
        if fill.price > live.price * largest_jump or fill.price * largest_jump < live.price:
            raise _bad_fill(fill, f"its price is far from the mark {to_text(live.price)}")
        paid = fill.quantity * fill.price + fill.fee
        actual = replace(
            live.actual, position=live.actual.position + fill.quantity, cash=live.actual.cash - paid
        )
    return replace(live, actual=actual, fills=(*live.fills, fill))


def closed(live: LiveProduct, *, at: int, rests_until: int = 0) -> tuple[LiveProduct, Rebalance]:
    """End the open proposal, done or not.

    What was not traded stays as it is and shows in the leverage. Price moves count from the proposal's mark
    on, unless nothing was traded: then the rebalance did not take place, and the trigger asks for it again at
    the next mark. Whoever declines one says until when the trigger shall rest; the schedule does not, nor is
    ruin overlooked meanwhile.
    """
    if live.proposal is None or live.actual is None:
        raise NoProposalError(f"{live.product} has no open proposal to close.", product=live.product)
    with exact():
        done = _rebalance(live, live.proposal, live.actual, at)
        reference = live.proposal.price if live.fills else live.actual.reference
    rests = max(live.actual.sleeps_until, rests_until)
    actual = replace(live.actual, reference=reference, sleeps_until=rests)
    return replace(live, actual=actual, proposal=None, fills=()), done


def tracking(live: LiveProduct) -> Tracking | None:
    """How far what was really traded is from the model; none where the model is the product."""
    if live.actual is None:
        return None
    with exact():
        model = net_value(live.model.state, live.price) * live.factor
        actual = basket(live).nav
        return Tracking(
            at=live.mark.at,
            price=live.price,
            model_nav=model,
            actual_nav=actual,
            difference=actual - model,
            relative=(actual - model) / model if model > 0 else None,
            model_position=live.model.position * issued_units(live),
            actual_position=live.actual.position,
            open_order=remaining(live),
        )


# Marks


def _check_whose(product: Product, mark: Mark) -> None:
    if not (mark.price.is_finite() and mark.price > 0):
        raise _bad_mark(mark, MarkFault.NOT_POSITIVE, f"the price {mark.price} is not above 0")
    if mark.of != product.underlying:
        raise _bad_mark(
            mark,
            MarkFault.OTHER_UNDERLYING,
            f"it is one of {mark.of}, while {product.id} follows {product.underlying}",
        )
    if product.until is not None and mark.at >= microseconds(product.until):
        raise _bad_mark(mark, MarkFault.ENDED, "the product, or what its symbol stood for, had ended")


def _check_mark(watched: Watch, mark: Mark, now: int, largest_jump: Decimal) -> None:
    live = watched.live
    _check_whose(watched.product, mark)
    if mark.at > now:
        raise _bad_mark(mark, MarkFault.FUTURE, "it lies in the future")
    if mark.at == live.mark.at:
        raise _bad_mark(mark, MarkFault.DUPLICATE, "there is a mark of this instant already")
    if mark.at < live.mark.at:
        last = instant_text(instant_of(live.mark.at))
        raise _bad_mark(mark, MarkFault.OUT_OF_ORDER, f"it comes after the mark of {last}")
    if now - mark.at > watched.terms.stale_after_seconds * SECOND:
        age = to_text(Decimal(now - mark.at) / SECOND)
        raise _bad_mark(
            mark,
            MarkFault.STALE,
            f"it is {age} s old, more than the {watched.terms.stale_after_seconds} s that are allowed",
        )
    if mark.price > live.price * largest_jump or mark.price * largest_jump < live.price:
        raise _bad_mark(
            mark,
            MarkFault.JUMP,
            f"the price goes from {to_text(live.price)} to {to_text(mark.price)} at once; the symbol may "
            "stand for another asset now",
        )


def _check_charges(
    live: LiveProduct,
    mark: Mark,
    rates: Sequence[tuple[int, Decimal]],
    rolls: Sequence[tuple[int, Decimal]],
) -> None:
    if rates and live.rates_until is None:
        raise BadMarkError(
            f"{live.product} is financed at the rate of its rules; published ones do not count."
        )
    charged = live.rates_until or 0
    for at, rate in rates:
        text = instant_text(instant_of(at))
        if not (rate.is_finite() and -1 < rate < 1):
            raise BadMarkError(f"Financing rate of {text}: {rate} is no fraction.")
        if not charged < at <= mark.at:
            raise BadMarkError(f"Financing rate of {text}: it was charged before, or is not due yet.")
        charged = at
    for at, roll in rolls:
        if not (roll.is_finite() and roll > 0 and live.mark.at < at <= mark.at):
            raise BadMarkError(
                f"Roll of {instant_text(instant_of(at))}: it must be above 0, and come with the first mark "
                "of the next future."
            )


def _bad_mark(mark: Mark, fault: MarkFault, why: str) -> BadMarkError:
    text = instant_text(instant_of(mark.at))
    return BadMarkError(f"Mark of {text} from {mark.source}: {why}.", fault=fault, at=text)


def _bad_fill(fill: Fill, why: str) -> FillRefusedError:
    return FillRefusedError(f"Fill {fill.id}: {why}.", fill=fill.id)


def _seen(live: LiveProduct, mark: Mark) -> LiveProduct:
    """The product with a mark seen, before its events."""
    peak, worst = live.peak, live.worst
    if not live.ruined:
        value = net_value(_unit(live), mark.price)
        if value > peak:
            peak = value
        elif value < worst * peak:
            worst = value / peak
    return replace(live, mark=mark, place=live.place + 1, price=mark.price, peak=peak, worst=worst)


def _unit(live: LiveProduct) -> State:
    """What the product holds for one unit as issued."""
    if live.actual is None:
        return live.model.state
    return _each(live.actual.state, live.units * live.factor)


def _each(state: State, units: Decimal) -> State:
    return state._replace(position=state.position / units, cash=state.cash / units)


# What is due


class _Now(NamedTuple):
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


class _Outcome(NamedTuple):
    """A holding after a mark, what that cost, and what it came to."""

    holding: Holding
    paid: Paid
    kind: int


def _acted(
    watched: Watch,
    live: LiveProduct,
    rates: Sequence[tuple[int, Decimal]],
    rolls: Sequence[tuple[int, Decimal]],
) -> tuple[Watch, Step | None]:
    """Everything that happens at a mark that is not quiet."""
    terms, limits, next_at = watched.terms, watched.limits, watched.next_at
    stop, publishes, at, last = None, False, live.mark.at, watched.live.mark.at
    if at >= next_at or rates or rolls:
        due = dues(
            watched.product,
            (last, at),
            rates=None if live.rates_until is None else [(max(when, last + 1), rate) for when, rate in rates],
            rolls=rolls,
            opened_at=live.opened_at,
        )
        stop = stop_at(due.stops, 0) if due.stops.index else None
        publishes = bool(due.publishes)
        terms, next_at = terms_at(watched.product, at), next_due(watched.product, at)
        limits = limits_of(terms)
    if rates:
        live = replace(live, rates_until=rates[-1][0])
    now = _Now(at, live.price, stop or no_stop(live.price), limits, terms.trigger.rearm_seconds * SECOND)
    if live.actual is None:
        live, happened = _model_step(live, now, is_due=stop is not None)
    else:
        live, happened = _hedged_step(live, live.actual, now, is_due=stop is not None)
    if happened is not None and (publishes or live.ruined):
        live, happened = _published(live, happened, terms)
    return _watched(watched.product, live, terms, limits, next_at), happened


def _stepped(holding: Holding, now: _Now, *, is_due: bool) -> _Outcome | None:
    """A holding that is rebalanced at the mark itself; none where nothing happens to it."""
    armed = now.at >= holding.sleeps_until
    if holding.position == 0:
        return None
    if not is_due and not is_reached(bounds(holding.state, now.limits, armed), now.price):
        return None
    state, paid, kind = step(holding.state, now.price, now.stop, now.limits, armed)
    sleeps_until = now.at + now.rearm if kind in (SCHEDULED, TRIGGERED) else holding.sleeps_until
    return _Outcome(Holding(*state, sleeps_until=sleeps_until), paid, kind)


def _model_step(live: LiveProduct, now: _Now, *, is_due: bool) -> tuple[LiveProduct, Step | None]:
    """The step of a product that is its model."""
    done = _stepped(live.model, now, is_due=is_due)
    if done is None:
        return live, None
    after = replace(
        live,
        price=now.worth,
        model=done.holding,
        deficit=live.deficit + done.paid.deficit * live.units * live.factor,
        ruined=done.kind == RUINED,
    )
    return after, Step(_event(live, now, live.model.state, done.holding.state, done.paid, done.kind))


def _event(live: LiveProduct, now: _Now, before: State, after: State, paid: Paid, kind: int) -> Event:
    worth = net_value(before, now.price)
    return event_of(live.place, now.at, kind, now.price, now.stop.roll, before.position, worth, after, paid)


def _hedged_step(
    live: LiveProduct, actual: Holding, now: _Now, *, is_due: bool
) -> tuple[LiveProduct, Step | None]:
    """The step of a hedged product: charges are taken, a rebalance is proposed; the model goes its own way.

    An order for a future that rolls away is over.
    """
    done = _stepped(live.model, now, is_due=is_due)
    before, replaced = live, None
    if now.stop.roll != 1 and live.proposal is not None:
        live, replaced = closed(live, at=now.at)
    charged = _charged(live.actual or actual, now)
    live = replace(
        live,
        price=now.worth,
        model=live.model if done is None else done.holding,
        actual=charged.holding,
        ruined=charged.kind == RUINED,
        deficit=live.deficit + charged.paid.deficit,
    )
    wish = _wish(live, charged.holding, now, is_due=is_due)
    if wish is None and not is_due:
        return live, None
    opened = None
    if wish is not None:
        if live.proposal is not None:
            replaced = _rebalance(live, live.proposal, charged.holding, now.at)
        live, opened = _opened(live, charged.holding, now, wish)
    units = live.units * live.factor
    state = State(ZERO, ZERO, now.worth, 0) if live.ruined else _each(charged.holding.state, units)
    paid = Paid(*(part / units for part in charged.paid))
    event = _event(before, now, _each(actual.state, units), state, paid, charged.kind)
    return live, Step(event, proposal=opened, replaced=replaced)


def _charged(actual: Holding, now: _Now) -> _Outcome:
    """A holding after roll, financing and fees; after ruin it still stands, to be closed by trades."""
    state, paid, kind = step(actual.state, now.price, now.stop._replace(share=ZERO), now.limits, False)
    if kind == RUINED:
        cash = actual.cash - paid.financing - paid.fees - paid.costs
        state = State(actual.position * now.stop.roll, cash, now.worth, 0)
    return _Outcome(Holding(*state, sleeps_until=actual.sleeps_until), paid, kind)


class _Wish(NamedTuple):
    """A rebalance that is due: the leverage it goes to, the batches that follow, and why."""

    goal: Decimal
    batches: int
    kind: ProposalKind
    reached: tuple[Reached, ...]


def _wish(live: LiveProduct, actual: Holding, now: _Now, *, is_due: bool) -> _Wish | None:
    """The rebalance that the rules ask for, judged on what is held once the open order is filled."""
    if live.ruined:
        return _Wish(ZERO, 0, ProposalKind.CLOSING, ())
    judged = _expected(live, actual, now.limits.cost)
    armed = now.at >= actual.sleeps_until
    if not is_due and not is_reached(bounds(judged, now.limits, armed), now.worth):
        return None
    uncharged = now.stop._replace(financing=ZERO, fee_nav=ZERO, fee_notional=ZERO, roll=ONE)
    state, _, kind = step(judged, now.worth, uncharged, now.limits, armed)
    if kind == RUINED:  # what is left cannot pay for the rebalance
        return _Wish(ZERO, 0, ProposalKind.CLOSING, ())
    if kind not in (SCHEDULED, TRIGGERED):
        return None
    goal = state.position * now.worth / net_value(state, now.worth)
    if abs(goal - now.limits.target) < _SLACK:
        goal = now.limits.target
    if kind == SCHEDULED:
        return _Wish(goal, state.batches, ProposalKind.SCHEDULED, ())
    reached = tuple(_reached(judged, now.worth, now.limits))
    return _Wish(goal, state.batches, ProposalKind.TRIGGERED, reached)


def _expected(live: LiveProduct, actual: Holding, cost: Decimal) -> State:
    """What is held once the open order is filled at the mark, at the cost of the rules."""
    if live.proposal is None:
        return actual.state
    rest = live.proposal.wanted - actual.position
    paid = rest * live.price + abs(rest) * live.price * cost
    return State(actual.position + rest, actual.cash - paid, live.proposal.price, actual.batches)


def _opened(
    live: LiveProduct, actual: Holding, now: _Now, wish: _Wish
) -> tuple[LiveProduct, Proposal | None]:
    """The product with a rebalance proposed; where there is nothing to trade, it is done with that."""
    sleeping = replace(actual, batches=wish.batches, sleeps_until=now.at + now.rearm)
    proposal = _proposed(live, actual, wish, now.limits.cost)
    if proposal.wanted == actual.position:
        return replace(live, actual=replace(sleeping, reference=now.worth), proposal=None, fills=()), None
    opened = replace(live, actual=sleeping, proposal=proposal, fills=(), proposals=proposal.number)
    return opened, proposal


def _proposed(live: LiveProduct, actual: Holding, wish: _Wish, cost: Decimal) -> Proposal:
    if live.ruined:
        wanted, paid = ZERO, abs(actual.position) * live.price * cost
    else:
        after, paid = rebalanced(actual.state, live.price, wish.goal, cost, 0)
        wanted = after.position
    return Proposal(
        number=live.proposals + 1,
        kind=wish.kind,
        reached=wish.reached,
        at=live.mark.at,
        price=live.price,
        source=live.mark.source,
        units=live.units,
        held=actual.position,
        wanted=wanted,
        goal=wish.goal,
        leverage_before=_leverage(actual.state, live.price),
        cost_estimate=paid,
        replaces=None if live.proposal is None else live.proposal.number,
    )


_SLACK = Decimal("1e-50")
"""Rounding of leverages and moves that are compared only to name a limit or a goal."""


def _reached(state: State, price: Decimal, limits: Limits) -> list[Reached]:
    """Which limits of the trigger a state has reached."""
    leverage = abs(state.position * price / net_value(state, price))
    move = price / state.reference - 1
    adverse = -move if state.position > 0 else move
    found = []
    if 0 < limits.above <= leverage * (1 + _SLACK):
        found.append(Reached(LimitKind.ABOVE, limits.above, leverage))
    if limits.below > 0 and leverage * (1 - _SLACK) <= limits.below:
        found.append(Reached(LimitKind.BELOW, limits.below, leverage))
    if 0 < limits.adverse <= adverse + _SLACK:
        found.append(Reached(LimitKind.ADVERSE, limits.adverse, adverse))
    if 0 < limits.favourable <= _SLACK - adverse:
        found.append(Reached(LimitKind.FAVOURABLE, limits.favourable, -adverse))
    return found


def _rebalance(live: LiveProduct, proposal: Proposal, actual: Holding, at: int) -> Rebalance:
    quantity = sum((fill.quantity for fill in live.fills), ZERO)
    value = sum((fill.quantity * fill.price for fill in live.fills), ZERO)
    fees = sum((fill.fee for fill in live.fills), ZERO)
    return Rebalance(
        proposal=proposal,
        closed_at=at,
        quantity=quantity,
        average_price=value / quantity if quantity != 0 else None,
        fees=fees,
        cost=value - quantity * proposal.price + fees,
        remainder=proposal.wanted - actual.position,
        leverage=_leverage(actual.state, live.price),
    )


def _leverage(state: State, price: Decimal) -> Decimal | None:
    worth = net_value(state, price)
    return state.position * price / worth if worth > 0 else None


def _published(live: LiveProduct, happened: Step, terms: Terms) -> tuple[LiveProduct, Step]:
    nav = happened.event.nav * live.factor
    changes = tuple(changes_due(terms, nav))
    after = replace(live, published_at=live.mark.at, published_nav=nav, changes=changes)
    return after, replace(happened, published=nav, changes=changes)


# What is kept


def _with(watched: Watch, live: LiveProduct) -> Watch:
    return Watch(
        watched.product,
        live,
        watched.terms,
        watched.limits,
        watched.next_at,
        watched.quiet,
        watched.quiet_until,
    )


def _watched(product: Product, live: LiveProduct, terms: Terms, limits: Limits, next_at: int) -> Watch:
    """Between which prices, and until when, nothing happens: to the model, nor to what is held."""
    low = high = ZERO
    until = next_at
    if live.proposal is not None:
        until = 0  # what an open order leads to depends on the price it is filled at
    elif live.actual is not None and net_value(live.actual.state, live.price) <= 0:
        until = 0  # trades alone have lost everything
    for holding in (live.model, live.actual):
        if holding is None or holding.position == 0:
            continue
        armed = live.mark.at >= holding.sleeps_until
        if not armed:
            until = min(until, holding.sleeps_until)
        limit = bounds(holding.state, limits, armed)
        low = max(low, limit.low)
        high = limit.high if high == 0 else min(high, limit.high or high)
    return Watch(product, live, terms, limits, next_at, Bounds(low, high), until)
