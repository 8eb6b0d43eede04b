"""Whether the rules of a product can be followed, and the numbers that a step needs from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from truenav.calc.etp.engine import stepping
from truenav.calc.etp.engine.calendar import eras, instant_of, microseconds, time_of, zone_of
from truenav.calc.etp.engine.stepping import Limits
from truenav.core.clock import instant_text
from truenav.core.money import ONE, ZERO, exact, to_text
from truenav.core.product import (
    SECONDS_A_DAY,
    Aim,
    DailyTimes,
    Exposure,
    Fee,
    Product,
    ProductRulesError,
    Schedule,
    Terms,
    Trigger,
)

TIE = Decimal("1e-60")
"""Relative distance within which exact numbers of 78 digits count as equal."""

LARGEST_TARGET = 100
"""Leverage, either way, beyond which a target is taken for a slip."""

MOST_A_DAY = 1_440
"""Times of day, and batches of a rebalance, that a rule may name."""

_EXPOSURES = {
    Exposure.PERPETUAL: stepping.PERPETUAL,
    Exposure.INVERSE: stepping.INVERSE,
    Exposure.SPOT: stepping.SPOT,
    Exposure.FUTURE: stepping.FUTURE,
}


def trigger_leverages(terms: Terms) -> tuple[Decimal, Decimal]:
    """Magnitudes of leverage at which the trigger fires from below and from above; zero where it does not.

    Of a leverage and a deviation from the target, the one that fires first.
    """
    size, trigger = abs(terms.target), terms.trigger
    above = [trigger.above] if trigger.above is not None else []
    below = [trigger.below] if trigger.below is not None else []
    if trigger.over_target is not None:
        above.append(size * (1 + trigger.over_target))
    if trigger.under_target is not None:
        below.append(size * (1 - trigger.under_target))
    return min(above, default=ZERO), max(below, default=ZERO)


def as_if_always(product: Product, instant: datetime) -> Product:
    """The product as if its rules of an instant had always held and it had never ended.

    `ProductRulesError` where no rules held then.
    """
    at = microseconds(instant)
    for terms, start, end in eras(product):
        if start <= at < end:
            return replace(product, terms=(replace(terms, since=instant_of(0)),), until=None)
    raise ProductRulesError(
        f"No rules of {product.id} held at {instant_text(instant)}; its first began at "
        f"{instant_text(product.terms[0].since)}.",
        product=product.id,
    )


def limits_of(terms: Terms) -> Limits:
    """The numbers of the rules, for exact steps."""
    above, below = trigger_leverages(terms)
    return Limits(
        target=terms.target,
        above=above,
        below=below,
        adverse=terms.trigger.adverse_move or ZERO,
        favourable=terms.trigger.favourable_move or ZERO,
        to_edge=int(terms.trigger.aim is Aim.EDGE),
        cost=terms.trading_cost,
        exposure=_EXPOSURES[terms.exposure],
        tie=TIE,
        speed=terms.trigger.speed,
    )


def check_product(product: Product) -> Product:
    """The product itself, if its rules can be followed; else `ProductRulesError` with all that is wrong."""
    if wrong := faults(product):
        raise ProductRulesError(
            f"The rules of {product.id} cannot be followed: " + " ".join(wrong), wrong=wrong
        )
    return product


def faults(product: Product) -> list[str]:
    """All that is wrong with the rules of a product, a sentence each."""
    with exact():
        return list(_faults(product))


def _faults(product: Product) -> Iterator[str]:
    if unclear := list(_unclear(product, "a product")):
        yield from unclear  # nothing can be compared with these
        return
    if not product.terms:
        yield "They have no terms."
    for earlier, later in pairwise(product.terms):
        if later.since <= earlier.since:
            yield f"Terms since {later.since:%Y-%m-%d %H:%M} stand after terms that begin no earlier."
    if product.terms and product.until is not None and product.until <= product.terms[-1].since:
        yield "The product ended before its last terms began."
    for terms in product.terms:
        where = f"Terms since {terms.since:%Y-%m-%d}: "
        for fault in _terms_faults(terms):
            yield where + fault


def _unclear(value: object, name: str) -> Iterator[str]:
    """Numbers that are not finite and instants without a zone, however deep in a value."""
    if isinstance(value, Decimal) and not value.is_finite():
        yield f"{name} is {value}, no finite number."
    elif isinstance(value, datetime) and value.utcoffset() is None:
        yield f"{name} {value.isoformat()} has no time zone."
    elif isinstance(value, tuple):
        for one in value:
            yield from _unclear(one, name)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _unclear(getattr(value, field.name), field.name)


def _terms_faults(terms: Terms) -> Iterator[str]:
    if terms.target == 0:
        yield "a target leverage of 0 has no exposure to rebalance."
        return
    if abs(terms.target) > LARGEST_TARGET:
        yield f"a target leverage of {to_text(terms.target)} is beyond {LARGEST_TARGET} either way."
    if not 0 <= terms.trading_cost * max(ONE, abs(terms.target)) < 1:
        yield "the trading cost must be at least 0 and, times the leverage, below 1."
    yield from _trigger_faults(terms.target, terms.trigger)
    for schedule in terms.schedules:
        yield from _schedule_faults(abs(terms.target), schedule)
    for fee in terms.fees:
        yield from _fee_faults(fee)
    yield from _financing_faults(terms)
    yield from _unit_faults(terms)
    yield from _dealing_faults(terms)


def _trigger_faults(target: Decimal, trigger: Trigger) -> Iterator[str]:
    size = abs(target)
    if trigger.above is not None and trigger.above <= size:
        yield f"the trigger's leverage {to_text(trigger.above)} is not above the target's {to_text(size)}."
    if trigger.below is not None and not 0 < trigger.below < size:
        yield f"the trigger's leverage {to_text(trigger.below)} is not above 0 and below {to_text(size)}."
    if trigger.over_target is not None and trigger.over_target <= 0:
        yield "a deviation over the target must be above 0."
    if trigger.under_target is not None and not 0 < trigger.under_target < 1:
        yield "a deviation under the target must lie between 0 and 1."
    leverages = (trigger.above, trigger.below, trigger.over_target, trigger.under_target)
    if target == 1 and any(limit is not None for limit in leverages):
        yield "leverage of a product with target 1 never moves, so no leverage can trigger it."
    if 0 < target < 1 and trigger.above is not None and trigger.above >= 1:
        yield "a product with a target below 1 never reaches a leverage of 1."
    moves = (trigger.adverse_move, trigger.favourable_move)
    if any(move is not None and move <= 0 for move in moves):
        yield "a price move that triggers must be above 0."
    if trigger.adverse_move is not None and trigger.adverse_move * size >= 1:
        yield f"at an adverse move of {to_text(trigger.adverse_move)} nothing is left of {to_text(size)}x."
    if trigger.aim is Aim.EDGE and any(move is not None for move in moves):
        yield "a price move has no edge of leverage to return to; aim at the target."
    if not 0 <= trigger.speed <= 1:
        yield "the speed of a trigger must be at least 0 and at most 1."
    if trigger.speed != 0 and trigger.aim is not Aim.EDGE:
        yield "a trigger that goes to the target needs no speed; aim at the edge."
    if trigger.rearm_seconds < 0:
        yield "a trigger cannot sleep for a negative time."


def _schedule_faults(size: Decimal, schedule: Schedule) -> Iterator[str]:
    yield from _time_faults(schedule.at, "schedule")
    if schedule.batches < 1 or schedule.batch_seconds < 0:
        yield "a schedule needs at least one batch, and no negative time between them."
    elif schedule.batches > MOST_A_DAY:
        yield f"a schedule may have {MOST_A_DAY} batches, not {schedule.batches}."
    elif schedule.batches > 1 and not 0 < schedule.batch_seconds * (schedule.batches - 1) < SECONDS_A_DAY:
        yield "the batches of a schedule must lie apart, and within a day."
    if not 0 < schedule.speed <= 1:
        yield "the speed of a schedule must be above 0 and at most 1."
    if schedule.above is not None and schedule.above <= size:
        yield "a schedule that waits for a leverage above the target must name one above it."
    if schedule.below is not None and not 0 < schedule.below < size:
        yield "a schedule that waits for a leverage below the target must name one below it."
    if schedule.moved is not None and schedule.moved <= 0:
        yield "a schedule that waits for a price move must name one above 0."
    floor, ceiling = schedule.floor or ZERO, schedule.ceiling
    if floor > size or floor < 0 or (ceiling is not None and ceiling < size):
        yield "floor and ceiling of a schedule must enclose the target."


@lru_cache(maxsize=1_000)
def _time_faults(at: DailyTimes, what: str) -> tuple[str, ...]:
    """What is wrong with daily times; many terms name the same."""
    return tuple(_each_time_fault(at, what))


def _each_time_fault(at: DailyTimes, what: str) -> Iterator[str]:
    if not at.times:
        yield f"a {what} names no time."
    if len(at.times) > MOST_A_DAY:
        yield f"a {what} may name {MOST_A_DAY} times of day, not {len(at.times)}."
    try:
        zone_of(at.zone)
        times = [time_of(text) for text in at.times]
    except ProductRulesError as error:
        yield error.message
        return
    if len(set(times)) < len(times):
        yield f"a {what} names the same time twice."


def _fee_faults(fee: Fee) -> Iterator[str]:
    yield from _time_faults(fee.at, "fee")
    if not 0 <= fee.rate < 1:
        yield f"a fee of {to_text(fee.rate)} is not a share between 0 and 1."


def _financing_faults(terms: Terms) -> Iterator[str]:
    own = terms.financing
    if (own.rate is None) != (own.at is None):
        yield "a financing rate needs the times it is charged at, and times need a rate."
    if own.at is not None:
        yield from _time_faults(own.at, "financing")
    if own.rate is not None and not -1 < own.rate < 1:
        yield "a financing rate must lie between -1 and 1."
    if terms.exposure is Exposure.FUTURE and own.rate is not None:
        yield "a dated future is not financed; it rolls."


def _unit_faults(terms: Terms) -> Iterator[str]:
    merge, split = terms.merge, terms.split
    if merge is not None and (merge.ratio < 2 or merge.at_or_below <= 0):
        yield "a share merge needs a ratio of at least 2 and a NAV above 0."
    if split is not None and (split.ratio < 2 or split.at_or_above <= 0):
        yield "a share split needs a ratio of at least 2 and a NAV above 0."
    if merge is not None and split is not None:
        merged, divided = merge.at_or_below * merge.ratio, split.at_or_above / split.ratio
        if (
            merge.at_or_below >= split.at_or_above
            or merged >= split.at_or_above
            or divided <= merge.at_or_below
        ):
            yield "a share merge leads to a split, or a split to a merge."


def _dealing_faults(terms: Terms) -> Iterator[str]:
    dealing = terms.dealing
    if not (0 <= dealing.creation_fee < 1 and 0 <= dealing.redemption_fee < 1):
        yield "fees of creation and redemption must be shares between 0 and 1."
    if dealing.at is not None:
        yield from _time_faults(dealing.at, "dealing")
    if dealing.halt is not None:
        yield from _time_faults(dealing.halt.at, "halt")
        if not 0 < dealing.halt.seconds < SECONDS_A_DAY:
            yield "a halt of dealing must last longer than 0 s and less than a day."
    for name, limit in (("daily cap", dealing.daily_cap), ("unit size", dealing.unit_size)):
        if limit is not None and limit <= 0:
            yield f"the {name} must be above 0."
    if terms.price_band is not None and not 0 < terms.price_band < 1:
        yield "the price band must be a share between 0 and 1."
    if terms.stale_after_seconds <= 0:
        yield "a NAV must be stale after a time above 0."
