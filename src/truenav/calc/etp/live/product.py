"""A running product from mark to mark: its exact state after each, and what its rules make due there.

A `LiveProduct` is what is stored; a `Watch` adds what follows from it and the rules (the next due instant,
the prices between which nothing happens), found once and kept, so that most marks cost a comparison.

Two ways to run. In the first, the model is the product: the step itself rebalances at the mark, as
`truenav.calc.etp.engine.simulate` does, to the last digit (`truenav.calc.etp.live.model`). In the second the
product is hedged: its position and cash are what was really traded, a rebalance that is due becomes a
`Proposal`, and fills are applied as they come (`truenav.calc.etp.live.hedged`). Instants are microseconds
since 1970 (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

from truenav.calc.etp.engine.adjustments import changes_due
from truenav.calc.etp.engine.calendar import dues, instant_of, microseconds, next_due
from truenav.calc.etp.engine.history import LARGEST_JUMP, BadMarkError
from truenav.calc.etp.engine.rules import check_product, limits_of
from truenav.calc.etp.engine.running import no_stop, stop_at
from truenav.calc.etp.engine.simulate import issued, terms_at
from truenav.calc.etp.engine.stepping import Bounds, Limits, bounds, is_reached, net_value
from truenav.calc.etp.live.hedged import hedged_step, opening
from truenav.calc.etp.live.model import Now, model_step
from truenav.calc.etp.live.state import SECOND, Holding, LiveProduct, Mark, Step, Watch, unit_state
from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, ZERO, exact, to_text
from truenav.core.product import Product, Terms


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
        return opening(live, terms, nav * units) if hedged else live


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


def _seen(live: LiveProduct, mark: Mark) -> LiveProduct:
    """The product with a mark seen, before its events."""
    peak, worst = live.peak, live.worst
    if not live.ruined:
        value = net_value(unit_state(live), mark.price)
        if value > peak:
            peak = value
        elif value < worst * peak:
            worst = value / peak
    return replace(live, mark=mark, place=live.place + 1, price=mark.price, peak=peak, worst=worst)


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
    now = Now(at, live.price, stop or no_stop(live.price), limits, terms.trigger.rearm_seconds * SECOND)
    if live.actual is None:
        live, happened = model_step(live, now, is_due=stop is not None)
    else:
        live, happened = hedged_step(live, live.actual, now, is_due=stop is not None)
    if happened is not None and (publishes or live.ruined):
        live, happened = _published(live, happened, terms)
    return _watched(watched.product, live, terms, limits, next_at), happened


def _published(live: LiveProduct, happened: Step, terms: Terms) -> tuple[LiveProduct, Step]:
    nav = happened.event.nav * live.factor
    changes = tuple(changes_due(terms, nav))
    after = replace(live, published_at=live.mark.at, published_nav=nav, changes=changes)
    return after, replace(happened, published=nav, changes=changes)


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
