"""When the rules of a product act, and which marks see it.

An instant is seen at the first mark at or after it. Instants are microseconds since 1970 (UTC).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import cache
from itertools import islice, pairwise
from operator import sub
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from truenav.calc.etp.engine.running import Stops
from truenav.core.money import ONE, ZERO
from truenav.core.product import (
    SECONDS_A_DAY,
    DailyTimes,
    Fee,
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
    fixed = zone.utcoffset(None)
    found = _of_days(at, after, until, zone) if fixed is None else _of_equal_days(at, after, until, fixed)
    return (instant for instant in found if after < instant <= until)


def _of_equal_days(at: DailyTimes, after: int, until: int, offset: timedelta) -> list[int]:
    """Where clocks never change, so that a year of instants is quickly found."""
    ahead = offset // _MICROSECOND
    into_day = sorted(time_of(text) for text in at.times)
    spans = [
        (timedelta(hours=one.hour, minutes=one.minute, seconds=one.second, microseconds=one.microsecond))
        // _MICROSECOND
        for one in into_day
    ]
    first = (after + ahead) // _DAY * _DAY - ahead
    return [day + span for day in range(first, until + 1, _DAY) for span in spans]


def _of_days(at: DailyTimes, after: int, until: int, zone: tzinfo) -> Iterator[int]:
    day = instant_of(after).astimezone(zone).date() - timedelta(days=1)
    last = instant_of(until).astimezone(zone).date()
    while day <= last:
        yield from sorted(_of_day(at, day, zone))
        day += timedelta(days=1)


def _of_day(at: DailyTimes, day: date, zone: tzinfo) -> Iterator[int]:
    for text in at.times:
        yield microseconds(datetime.combine(day, time_of(text), tzinfo=zone))


class _Conditions(NamedTuple):
    """What a rebalance waits for, any of it: leverages and a price move; 0 is none."""

    low: Decimal = ZERO
    high: Decimal = ZERO
    moved: Decimal = ZERO


_NOTHING = _Conditions()


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
    waits_for: _Conditions = _NOTHING
    publishes: int = 0


_Change: TypeAlias = Callable[[_Due], _Due]
"""What one rule adds to what is due at a mark."""


class _Found:
    """What falls due at which mark. Days are alike, so each change to each kind of due is made only once."""

    def __init__(self) -> None:
        self.kinds = [_Due()]
        self.at: dict[int, int] = {}
        self._changed: defaultdict[_Change, dict[int, int]] = defaultdict(dict)

    def add(self, places: Iterable[int], change: _Change) -> None:
        """Change what is due at places; the same change is the same object."""
        at, changed = self.at, self._changed[change]
        for place in places:
            before = at.get(place, 0)
            after = changed.get(before)
            if after is None:
                after = changed[before] = len(self.kinds)
                self.kinds.append(change(self.kinds[before]))
            at[place] = after


@dataclass(frozen=True, slots=True)
class Dues:
    """The stops of a product over a row of marks."""

    stops: Stops

    @property
    def publishes(self) -> frozenset[int]:
        """The marks at which the NAV of a day is published."""
        stops = self.stops
        return frozenset(
            place for place, kind in zip(stops.index, stops.kind, strict=True) if stops.publishes[kind]
        )


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
    found = _Found()
    for terms, start, end in eras(product):
        after, until = max(times[0], start - 1), min(times[-1], end - 1)
        for schedule in terms.schedules:
            _add_schedule(found, schedule, times, max(opened, start - 1), until)
        if after >= until:
            continue
        found.add(_places(times, instants(publication_times(terms), after, until)), _publishing)
        _add_charges(found, terms, times, rates, after, until)
    for instant, roll in rolls:
        if times[0] < instant <= times[-1]:
            found.add([bisect_left(times, instant)], _rolling(roll))
    return Dues(_columns(found))


def _places(times: Sequence[int], instants: Iterable[int]) -> list[int]:
    """The first mark at or after each instant, all at once where ``times`` are an array."""
    search = getattr(times, "searchsorted", None)
    if search is not None:
        places: list[int] = search(list(instants)).tolist()
        return places
    return [bisect_left(times, instant) for instant in instants]


def _publishing(due: _Due) -> _Due:
    return replace(due, publishes=1)


def _rolling(roll: Decimal) -> _Change:
    return lambda due: replace(due, roll=due.roll * roll)


def _charging(rate: Decimal) -> _Change:
    return lambda due: replace(due, financing=due.financing + rate)


def _collecting(fee: Fee) -> _Change:
    if fee.basis is FeeBasis.NAV:
        return lambda due: replace(due, kept=due.kept * (1 - fee.rate))
    return lambda due: replace(due, fee_notional=due.fee_notional + fee.rate)


def _trading(schedule: Schedule, batch: int) -> _Change:
    """One batch; batches that one mark sees together become one trade.

    Of two schedules that one mark sees, the one that stands later in the rules counts. One that waits for
    something never displaces one that does not; of two that wait, either condition is enough.
    """
    part, left = _share_of_rest(schedule, batch), schedule.batches - 1 - batch
    wanted = _Conditions(schedule.below or ZERO, schedule.above or ZERO, schedule.moved or ZERO)
    waits = wanted != _NOTHING

    def change(due: _Due) -> _Due:
        again, begins = due.schedule is schedule, due.schedule is not None and not due.follows
        if waits and begins and due.waits_for == _NOTHING:
            return due
        beside = waits and begins and batch == 0
        return replace(
            due,
            rest=(due.rest if again else ONE) * (1 - part),
            batches=left,
            follows=due.follows if again and batch else int(batch > 0),
            schedule=schedule,
            waits_for=due.waits_for if again else _either(due.waits_for, wanted) if beside else wanted,
        )

    return change


def _either(one: _Conditions, other: _Conditions) -> _Conditions:
    low, high, moved = zip(one, other, strict=True)
    return _Conditions(
        max(low), min(filter(None, high), default=ZERO), min(filter(None, moved), default=ZERO)
    )


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
    found: _Found,
    terms: Terms,
    times: Sequence[int],
    rates: Sequence[tuple[int, Decimal]] | None,
    after: int,
    until: int,
) -> None:
    for fee in terms.fees:
        found.add(_places(times, instants(fee.at, after, until)), _collecting(fee))
    own = terms.financing
    if own.issuer_bears:
        return
    if rates is not None:
        for instant, rate in rates:
            if after < instant <= until:
                found.add([bisect_left(times, instant)], _charging(rate))
    elif own.rate is not None and own.at is not None:
        found.add(_places(times, instants(own.at, after, until)), _charging(own.rate))


def _add_schedule(found: _Found, schedule: Schedule, times: Sequence[int], after: int, until: int) -> None:
    """Add a schedule and the batches that follow.

    Of a rebalance that began before the first of ``times``, those batches count that come after it.
    """
    apart = schedule.batch_seconds * 1_000_000
    batches = range(schedule.batches)
    trading = [_trading(schedule, batch) for batch in batches]
    begun = instants(schedule.at, max(after, times[0] - schedule.batches * apart), until)
    due = [(instant + batch * apart, batch) for instant in begun for batch in batches]
    due = [(instant, batch) for instant, batch in due if times[0] < instant <= times[-1]]
    places = _places(times, (instant for instant, _ in due))
    if schedule.batches == 1:
        found.add(places, trading[0])
        return
    for place, (_, batch) in zip(places, due, strict=True):  # in this order: one mark may see several
        found.add([place], trading[batch])


def _share_of_rest(schedule: Schedule, batch: int) -> Decimal:
    """The part of what is left of the way that one of equal batches goes."""
    if batch == schedule.batches - 1 and schedule.speed == 1:
        return ONE
    part = schedule.speed / schedule.batches
    return part / (1 - part * batch)


def _columns(found: _Found) -> Stops:
    rows, dues = sorted(found.at.items()), found.kinds
    plans = [due.schedule or _NO_SCHEDULE for due in dues]
    return Stops(
        index=[place for place, _ in rows],
        kind=[kind for _, kind in rows],
        publishes=[due.publishes for due in dues],
        financing=[due.financing for due in dues],
        fee_nav=[1 - due.kept for due in dues],
        fee_notional=[due.fee_notional for due in dues],
        roll=[due.roll for due in dues],
        share=[1 - due.rest for due in dues],
        batches=[due.batches for due in dues],
        follows=[due.follows for due in dues],
        low=[due.waits_for.low for due in dues],
        high=[due.waits_for.high for due in dues],
        moved=[due.waits_for.moved for due in dues],
        floor=[plan.floor or ZERO for plan in plans],
        ceiling=[plan.ceiling or ZERO for plan in plans],
    )


_NO_SCHEDULE = Schedule(DailyTimes(()))


def usual_step(times: Sequence[int]) -> int:
    """The middle one (the lower of two) of the distances between neighbouring instants, in microseconds."""
    steps: list[int] = sorted(map(sub, islice(times, 1, None), times))
    return steps[(len(steps) - 1) // 2]


def gaps(times: Sequence[int], *, longest: int) -> list[tuple[int, int]]:
    """Pairs of neighbouring instants that lie further apart than ``longest`` microseconds."""
    return [(earlier, later) for earlier, later in pairwise(times) if later - earlier > longest]
