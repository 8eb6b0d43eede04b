"""When the rules of a product act, and which marks see it.

An instant is seen at the first mark at or after it. Instants are microseconds since 1970 (UTC).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from truenav.calc.etp.running import Stops
from truenav.core.money import ONE, ZERO
from truenav.core.product import (
    SECONDS_A_DAY,
    DailyTimes,
    FeeBasis,
    Product,
    ProductRulesError,
    Schedule,
    Terms,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_DAY = SECONDS_A_DAY * 1_000_000
NEVER = 2**62
"""An instant that no mark reaches."""


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """The instant that lies so many microseconds after 1970."""
    return _EPOCH + microseconds * _MICROSECOND


@cache
def zone_of(name: str) -> tzinfo:
    """The zone of a name: ``UTC``, a fixed offset such as ``+08:00``, or one of the time-zone database."""
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        delta = timedelta(hours=int(hours), minutes=int(minutes))
        if delta < timedelta(hours=24):
            return timezone(-delta if sign == "-" else delta)
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ProductRulesError(
            f"There is no time zone {name[:60]!r}; write UTC, an offset such as +08:00, or a name such as "
            "Asia/Shanghai.",
            zone=name[:60],
        ) from error


@cache
def time_of(text: str) -> time:
    """A time of day from ``HH:MM`` or ``HH:MM:SS``."""
    try:
        read = time.fromisoformat(text)
    except ValueError as error:
        raise ProductRulesError(
            f"{text[:30]!r} is no time of day; write 00:02 or 23:55:30.", time=text[:30]
        ) from error
    if read.tzinfo is not None:
        raise ProductRulesError(f"{text[:30]!r}: the zone of a time of day stands beside it, not in it.")
    return read


def instants(at: DailyTimes, after: int, until: int) -> Iterator[int]:
    """The instants of daily times that are later than ``after`` and not later than ``until``, in order."""
    zone = zone_of(at.zone)
    day = instant_of(after).astimezone(zone).date() - timedelta(days=1)
    last = instant_of(until).astimezone(zone).date()
    while day <= last:
        for instant in sorted(_of_day(at, day, zone)):
            if after < instant <= until:
                yield instant
        day += timedelta(days=1)


def _of_day(at: DailyTimes, day: date, zone: tzinfo) -> Iterator[int]:
    for text in at.times:
        yield microseconds(datetime.combine(day, time_of(text), tzinfo=zone))


@dataclass(frozen=True, slots=True)
class _Due:
    """What falls due at one mark, before it is put into columns."""

    financing: Decimal = ZERO
    kept: Decimal = ONE
    fee_notional: Decimal = ZERO
    roll: Decimal = ONE
    rest: Decimal = ONE
    batches: int = 0
    follows: int = 0
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True)
class Dues:
    """The stops of a product over a row of marks, and which of them publish the NAV of a day."""

    stops: Stops
    publishes: frozenset[int]


def publication_times(terms: Terms) -> DailyTimes:
    """When a NAV is published: at the first scheduled rebalance, else the first fee, else at midnight."""
    planned = [*(schedule.at for schedule in terms.schedules), *(fee.at for fee in terms.fees)]
    first = planned[0] if planned else DailyTimes(("00:00",))
    return DailyTimes(first.times[:1], first.zone)


def eras(product: Product) -> Iterator[tuple[Terms, int, int]]:
    """Each terms with the first instant at which they hold and the first at which they do no more."""
    starts = [microseconds(terms.since) for terms in product.terms]
    ends = [*starts[1:], NEVER if product.until is None else microseconds(product.until)]
    yield from zip(product.terms, starts, ends, strict=True)


def dues(
    product: Product,
    times: Sequence[int],
    *,
    rates: Sequence[tuple[int, Decimal]] | None = None,
    rolls: Sequence[tuple[int, Decimal]] = (),
    opened_at: int | None = None,
) -> Dues:
    """What falls due after the first of ``times`` (rising), by the rules that hold at each instant.

    ``rates`` are published financing rates with their instants; where they are given, though there be none,
    the fixed rates of the rules do not count. ``rolls`` are prices of an expiring future over those of the
    next one. Batches of a rebalance that began at or before ``opened_at`` (the first of ``times``) do not
    take place.
    """
    opened = times[0] if opened_at is None else opened_at
    found: dict[int, _Due] = {}
    published: set[int] = set()
    for terms, start, end in eras(product):
        after, until = max(times[0], start - 1), min(times[-1], end - 1)
        for schedule in terms.schedules:
            _add_schedule(found, schedule, times, max(opened, start - 1), until)
        if after >= until:
            continue
        for instant in instants(publication_times(terms), after, until):
            place = bisect_left(times, instant)
            published.add(place)
            found.setdefault(place, _Due())
        _add_charges(found, terms, times, rates, after, until)
    for instant, roll in rolls:
        if times[0] < instant <= times[-1]:
            place = bisect_left(times, instant)
            due = found.get(place, _Due())
            found[place] = replace(due, roll=due.roll * roll)
    return Dues(_columns(found), frozenset(published))


def next_due(product: Product, after: int) -> int:
    """The first instant later than ``after`` at which anything may fall due by the rules, or others begin.

    Early, at worst: what is found there to be due decides. Published rates and rolls are not foreseen.
    """
    found = [NEVER]
    for terms, start, end in eras(product):
        if start > after:
            found.append(start)
            break
        earliest, latest = max(after - _DAY, start - 1), min(after + 3 * _DAY, end - 1)
        for at, offsets in _plans(terms):
            for instant in instants(at, earliest, latest):
                found.extend(instant + offset for offset in offsets if instant + offset > after)
    return min(found)


def _plans(terms: Terms) -> Iterator[tuple[DailyTimes, Sequence[int]]]:
    """All daily times of the rules, and how long after each of them something is due."""
    at_once = (0,)
    yield publication_times(terms), at_once
    for fee in terms.fees:
        yield fee.at, at_once
    if terms.financing.at is not None:
        yield terms.financing.at, at_once
    for schedule in terms.schedules:
        yield schedule.at, [batch * schedule.batch_seconds * 1_000_000 for batch in range(schedule.batches)]


def _add_charges(
    found: dict[int, _Due],
    terms: Terms,
    times: Sequence[int],
    rates: Sequence[tuple[int, Decimal]] | None,
    after: int,
    until: int,
) -> None:
    for fee in terms.fees:
        for instant in instants(fee.at, after, until):
            place = bisect_left(times, instant)
            due = found.get(place, _Due())
            if fee.basis is FeeBasis.NAV:
                found[place] = replace(due, kept=due.kept * (1 - fee.rate))
            else:
                found[place] = replace(due, fee_notional=due.fee_notional + fee.rate)
    for instant, rate in _financing(terms, rates, after, until):
        place = bisect_left(times, instant)
        due = found.get(place, _Due())
        found[place] = replace(due, financing=due.financing + rate)


def _financing(
    terms: Terms, rates: Sequence[tuple[int, Decimal]] | None, after: int, until: int
) -> Iterator[tuple[int, Decimal]]:
    own = terms.financing
    if own.issuer_bears:
        return
    if rates is not None:
        yield from ((instant, rate) for instant, rate in rates if after < instant <= until)
    elif own.rate is not None and own.at is not None:
        yield from ((instant, own.rate) for instant in instants(own.at, after, until))


def _add_schedule(
    found: dict[int, _Due], schedule: Schedule, times: Sequence[int], after: int, until: int
) -> None:
    """Add a schedule and the batches that follow; those that one mark sees together become one trade.

    Of a rebalance that began before the first of ``times``, those batches count that come after it.
    """
    apart = schedule.batch_seconds * 1_000_000
    for instant in instants(schedule.at, max(after, times[0] - schedule.batches * apart), until):
        for batch in range(schedule.batches):
            if instant + batch * apart <= times[0]:
                continue
            place = bisect_left(times, instant + batch * apart)
            if place == len(times):
                break
            due = found.get(place, _Due())
            rest = due.rest * (1 - _share_of_rest(schedule, batch))
            if batch and due.schedule is schedule:
                found[place] = replace(due, rest=rest, batches=schedule.batches - 1 - batch)
            else:
                found[place] = replace(
                    due,
                    rest=rest if due.schedule is schedule else 1 - _share_of_rest(schedule, batch),
                    batches=schedule.batches - 1 - batch,
                    follows=int(batch > 0),
                    schedule=schedule,
                )


def _share_of_rest(schedule: Schedule, batch: int) -> Decimal:
    """The part of what is left of the way that one of equal batches goes."""
    if batch == schedule.batches - 1 and schedule.speed == 1:
        return ONE
    part = schedule.speed / schedule.batches
    return part / (1 - part * batch)


def _columns(found: dict[int, _Due]) -> Stops:
    rows = sorted(found.items())
    plans = [due.schedule or _NO_SCHEDULE for _, due in rows]
    return Stops(
        index=[place for place, _ in rows],
        financing=[due.financing for _, due in rows],
        fee_nav=[1 - due.kept for _, due in rows],
        fee_notional=[due.fee_notional for _, due in rows],
        roll=[due.roll for _, due in rows],
        share=[1 - due.rest for _, due in rows],
        batches=[due.batches for _, due in rows],
        follows=[due.follows for _, due in rows],
        low=[plan.below or ZERO for plan in plans],
        high=[plan.above or ZERO for plan in plans],
        moved=[plan.moved or ZERO for plan in plans],
        floor=[plan.floor or ZERO for plan in plans],
        ceiling=[plan.ceiling or ZERO for plan in plans],
    )


_NO_SCHEDULE = Schedule(DailyTimes(()))


def gaps(times: Sequence[int], *, longest: int) -> list[tuple[int, int]]:
    """Pairs of neighbouring instants that lie further apart than ``longest`` microseconds."""
    return [(earlier, later) for earlier, later in pairwise(times) if later - earlier > longest]
