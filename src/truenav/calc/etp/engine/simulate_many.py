"""Many products over many histories in bulk, in floats: the same steps as `truenav.calc.etp.engine.simulate`.

The rules, the calendar and every step are those of the exact simulation; numbers are 64-bit floats, so that a
year of minutes of a hundred products takes milliseconds once it is compiled. Prices that lie within `TIE` of
a bound count as on it, as in the exact path those do that are equal.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import pairwise
from os import cpu_count
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from truenav.calc.etp.engine import running
from truenav.calc.etp.engine.adjustments import changes_due
from truenav.calc.etp.engine.calendar import dues, eras, instant_of
from truenav.calc.etp.engine.history import BadMarkError, check_charges
from truenav.calc.etp.engine.rules import check_product, limits_of
from truenav.calc.etp.engine.running import BLOCK, Events, Marks, Published, Seen, Stops
from truenav.calc.etp.engine.simulate import Merge, terms_at
from truenav.calc.etp.engine.stepping import Limits, Paid, State
from truenav.calc.portfolio.valuation import Accelerator
from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError
from truenav.core.money import exact
from truenav.core.product import Product, Terms

TIE = 1e-12
"""Relative distance within which floats count as equal."""

LOWEST, HIGHEST = 1e-100, 1e100
"""Prices beyond these are refused, as floats could overflow on the way."""

COMPILED_FROM_MARKS = 20_000_000
"""From here on (marks of all runs together) a cold process is done sooner when it loads the kernels first."""

MARKS_PER_THREAD = 2_000_000
"""Below this a further thread costs more than it saves."""

_KERNELS = "truenav.calc.etp.engine._path_kernels"
_SPARE = 64  # room for events beside the scheduled ones, before more is made
_DIGITS, _NEARLY = 12, 1e-11  # a NAV is compared by so many digits; one that is further away need not be

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class SimulationInputError(InvalidInputError):
    """Products, paths and runs do not fit together."""

    code = "simulation-input"
    title = "Products and paths do not fit together"


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Prices of one underlying in the quote asset, float64 of shape (marks,), in order of time.

    ``times`` are microseconds since 1970 (UTC), int64 of the same shape and rising. Paths that share their
    times should share the array: what falls due when is then found once for all. ``rates`` are published
    financing rates, ``rolls`` prices of an expiring future over those of the next, both with their instants.
    """

    times: Integers
    prices: Floats
    rates: Sequence[tuple[int, Decimal]] = ()
    rolls: Sequence[tuple[int, Decimal]] = ()


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns:
    """The steps of all runs: run ``r`` has rows ``starts[r]`` to ``starts[r + 1]``.

    ``index`` is the mark's place in its path, ``kind`` one of `CHARGED`, `SCHEDULED`, `TRIGGERED` and
    `RUINED` of `truenav.calc.etp.engine.stepping`; ``position`` and ``cash`` are of a unit as issued after
    the step, ``before`` NAV before it. What was paid is positive.
    """

    starts: Integers
    index: Integers
    kind: Integers
    position: Floats
    cash: Floats
    before: Floats
    financing: Floats
    fees: Floats
    costs: Floats
    gap: Floats
    deficit: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Simulations:
    """What became of each run, columns of shape (runs,).

    Attributes
    ----------
    runs : (runs, 2) product and path of each, their places in what was given.
    nav : per unit as issued, at the last mark.
    factor : by what merges and splits multiplied NAV per unit: units as issued in one of now.
    scheduled, triggered : how many rebalances there were.
    worst : deepest drawdown of NAV at the marks, before their events, from 0 to -1.
    ruined : whether nothing is left.
    financing, fees, costs, gap, deficit : totals, per unit as issued, in the quote asset; what was paid is
        positive, a gap is what was made between triggers and the marks that they were seen at.
    merges : share merges and splits, each with its run.
    starts : run ``r`` published ``published[starts[r]:starts[r + 1]]``, NAVs per unit as holders saw them,
        at the instants of ``published_at`` (microseconds since 1970); a merge counts from the next one on.
    events : each step, where they were asked for.
    """

    runs: Integers
    nav: Floats
    factor: Floats
    scheduled: Integers
    triggered: Integers
    worst: Floats
    ruined: NDArray[np.bool_]
    financing: Floats
    fees: Floats
    costs: Floats
    gap: Floats
    deficit: Floats
    starts: Integers
    published_at: Integers
    published: Floats
    merges: tuple[tuple[int, Merge], ...]
    events: EventColumns | None

    def __len__(self) -> int:
        return int(self.nav.size)

    def published_by(self, run: int) -> tuple[Integers, Floats]:
        """Instants and NAVs that one run published."""
        rows = slice(int(self.starts[run]), int(self.starts[run + 1]))
        return self.published_at[rows], self.published[rows]


def simulate_many(
    products: Sequence[Product],
    paths: Sequence[Path],
    runs: Sequence[tuple[int, int]] | None = None,
    *,
    nav: float = 100.0,
    events: bool = False,
    accelerator: Accelerator = "auto",
    threads: int | None = None,
) -> Simulations:
    """Run products over paths, each issued at its path's first mark for ``nav``.

    Parameters
    ----------
    products : rules; checked once each.
    paths : histories; checked once each.
    runs : pairs of a product's and a path's place; by default every product on every path, path by path.
    nav : quote asset per unit as issued.
    events : whether to keep every step.
    accelerator : ``"numba"`` compiled, ``"python"`` the same functions on Python's floats; ``"auto"`` takes
        the compiled path once it is loaded (see :func:`warm_up`) or when there is enough work to pay for
        loading it.
    threads : for the compiled path; default as many as the work keeps busy.

    Raises
    ------
    ProductRulesError : rules cannot be followed.
    BadMarkError : a price is not positive or not finite, times do not rise, a rate or roll cannot be, or no
        rules hold at a first mark.
    SimulationInputError : arrays of another shape or type, a run of no product or path.

    Notes
    -----
    Numbers agree with `truenav.calc.etp.engine.simulate.simulate` to 1e-10 relative and events are the same,
    but where a price comes within `TIE` of a bound without reaching it. Both accelerators agree to the bit.
    """
    pairs = _pairs(products, paths, runs)
    if not 0 < nav < HIGHEST:
        raise SimulationInputError(f"A unit cannot be issued at {nav!r}; NAV must be above 0.")
    size = sum(paths[path].prices.size for _, path in pairs)
    engine = _compiled() if _is_compiled(accelerator, size) else _PLAIN
    workers = _threads(threads, size) if engine.is_compiled else 1
    for product in products:
        check_product(product)
    used = sorted({path for _, path in pairs})
    _check_paths(paths, used)
    plans = _plans(products, paths, pairs, engine)
    results: list[_Result | None] = [None] * len(pairs)
    with ThreadPoolExecutor(workers, thread_name_prefix="simulate") as pool:
        mapped = pool.map if workers > 1 else map
        read = mapped(lambda place: _marks(place, paths[place], engine), used)
        marks = dict(zip(used, read, strict=True))

        rooms = [_Room(engine) for _ in range(workers)]

        def run(rows: Sequence[int]) -> None:
            room = rooms.pop()
            for row in rows:
                found = _simulated(plans[row], marks[pairs[row][1]], float(nav), engine, room)
                results[row] = found._replace(events=room.kept(found.rows)) if events else found
            rooms.append(room)

        list(mapped(run, _shares(pairs, workers)))
    return _columns(pairs, paths, cast(list[_Result], results), events)


def warm_up() -> None:
    """Load the compiled kernels (compiling them on the first start), so that "auto" takes them."""
    terms = Terms(instant_of(0), Decimal(2))
    path = Path(np.arange(2), np.ones(2))
    simulate_many([Product("", "", "", "", (terms,))], [path], accelerator="numba")


def joined(parts: Sequence[Simulations]) -> Simulations:
    """Simulations one after the other; their runs keep the numbers of products and paths that they have."""
    first = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    plain = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Simulations)
        if field.name not in ("starts", "merges", "events")
    }
    kept = [part.events for part in parts if part.events is not None]
    return Simulations(
        **plain,
        starts=_starts(np.concatenate([np.diff(part.starts) for part in parts])),
        merges=tuple(
            (start + run, merge)
            for start, part in zip(first, parts, strict=False)
            for run, merge in part.merges
        ),
        events=_joined_events(kept) if len(kept) == len(parts) else None,
    )


def _joined_events(parts: Sequence[EventColumns]) -> EventColumns:
    starts = _starts(np.concatenate([np.diff(part.starts) for part in parts]))
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in Events._fields)
    return EventColumns(starts, *columns)


class _Engine(NamedTuple):
    """How to run: the functions, and how columns of floats (or of whole numbers) are filled or made empty."""

    run: Callable[..., Any]
    summary: Callable[..., Any]
    column: Callable[[Sequence[Any], bool], Any]
    room: Callable[[int, bool], Any]
    is_compiled: bool


_PLAIN = _Engine(
    running.run,
    running.summary,
    lambda values, whole: [int(value) if whole else float(value) for value in values],
    lambda size, whole: [0] * size,
    is_compiled=False,
)


def _compiled() -> _Engine:
    from truenav.calc.etp.engine import _path_kernels

    return _Engine(
        _path_kernels.run,
        _path_kernels.summary,
        lambda values, whole: np.array(values, np.int64 if whole else np.float64),
        lambda size, whole: np.empty(size, np.int64 if whole else np.float64),
        is_compiled=True,
    )


class _Era(NamedTuple):
    """Rules up to the mark ``end``, and as numbers; ``first_stop`` is the first that falls due under them."""

    terms: Terms
    limits: Limits
    rearm: int
    end: int
    first_stop: int


class _Plan(NamedTuple):
    """All that the rules of a product come to on the times of a path; the target is that of its issue."""

    target: float
    eras: tuple[_Era, ...]
    stops: Stops


class _Result(NamedTuple):
    """One run: what is published is per unit as holders saw it."""

    state: State
    nav: float
    factor: float
    seen: Seen
    paid: Paid
    places: Integers
    published: Floats
    merges: tuple[tuple[int, Decimal], ...]
    rows: int
    events: Events | None = None


class _Room:
    """Columns for events and published NAVs, used by one run after the other."""

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine
        self.events = Events(*([] for _ in Events._fields))
        self.published = Published([], [])

    def grow(self, size: int) -> int:
        """Make room for at least so many events; for how many there is."""
        if len(self.events.index) < size:
            room = self._engine.room
            self.events = Events(*(room(size, name in _WHOLE) for name in Events._fields))
            self.published = Published(room(size, True), room(size, False))
        return len(self.events.index)

    def kept(self, rows: int) -> Events:
        """The events of the last run, no longer overwritten by the next one."""
        return Events(*(np.array(column[:rows]) for column in self.events))


def _pairs(
    products: Sequence[Product], paths: Sequence[Path], runs: Sequence[tuple[int, int]] | None
) -> list[tuple[int, int]]:
    if runs is None:
        return [(product, path) for path in range(len(paths)) for product in range(len(products))]
    for row, (product, path) in enumerate(runs):
        if not (0 <= product < len(products) and 0 <= path < len(paths)):
            raise SimulationInputError(
                f"Run {row} is of product {product} on path {path}; there are {len(products)} products and "
                f"{len(paths)} paths, numbered from 0.",
                row=row,
            )
    return list(runs)


def _check_paths(paths: Sequence[Path], used: list[int]) -> None:
    """Shapes, types and charges of all paths, and that times rise; a shared array is looked at once."""
    rising: set[int] = set()
    for place in used:
        times, prices = paths[place].times, paths[place].prices
        if times.dtype != np.int64 or prices.dtype != np.float64 or times.ndim != 1 or times.size < 2:
            raise SimulationInputError(
                f"Path {place}: times must be int64 and prices float64, of two marks or more; got "
                f"{times.size} of {times.dtype} and {prices.size} of {prices.dtype}.",
                path=place,
            )
        if times.shape != prices.shape:
            raise SimulationInputError(
                f"Path {place} has {times.size} times and {prices.size} prices.", path=place
            )
        check_charges(paths[place].rates, paths[place].rolls)
        if id(times) in rising:
            continue
        ordered = times[1:] > times[:-1]
        if not ordered.all():
            row = int(np.argmin(ordered)) + 1
            raise _bad(place, row, times, "its time is not after that of the mark before")
        rising.add(id(times))


def _bad(path: int, row: int, times: Integers, why: str) -> BadMarkError:
    text = instant_text(instant_of(int(times[row])))
    return BadMarkError(f"Path {path}, mark {row + 1} ({text}): {why}.", path=path, row=row + 1, at=text)


def _marks(place: int, path: Path, engine: _Engine) -> Marks:
    """The marks of a path with the extremes of their blocks; its prices are checked on the way."""
    prices = np.ascontiguousarray(path.prices)
    blocks = -(-prices.size // BLOCK)
    if engine.is_compiled:
        from truenav.calc.etp.engine import _path_kernels

        lows, highs = np.empty(blocks), np.empty(blocks)
        _path_kernels.block_extremes(
            _read_only(prices.view(np.int64)), lows.view(np.int64), highs.view(np.int64)
        )
    else:
        starts = np.arange(0, prices.size, BLOCK)
        lows, highs = np.minimum.reduceat(prices, starts), np.maximum.reduceat(prices, starts)
    if not ((lows >= LOWEST).all() and (highs <= HIGHEST).all()):
        row = int(np.argmin((prices >= LOWEST) & (prices <= HIGHEST)))
        why = (
            f"the price {prices[row]:g} is not above 0"
            if prices[row] <= 0
            else f"{prices[row]:g} is no price between {LOWEST:g} and {HIGHEST:g}"
        )
        raise _bad(place, row, path.times, why)
    if engine.is_compiled:
        return Marks(_read_only(prices), _read_only(path.times), lows, highs)
    return Marks(prices.tolist(), path.times.tolist(), lows.tolist(), highs.tolist())


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A contiguous view; one flavour of arrays means one compiled kernel."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _plans(
    products: Sequence[Product], paths: Sequence[Path], pairs: list[tuple[int, int]], engine: _Engine
) -> list[_Plan]:
    """The plan of each run; what is alike is found once.

    Products with the same times of everything share their stops, and so do paths with the same times and
    charges.
    """
    calendars: dict[Any, Stops] = {}
    plans: dict[Any, _Plan] = {}
    timings = {one: _timing(products[one]) for one, _ in pairs}
    found = []
    with exact():
        for one, place in pairs:
            product, path = products[one], paths[place]
            when = (id(path.times), tuple(path.rates), tuple(path.rolls))
            if (one, when) not in plans:
                key = (timings[one], when)
                if key not in calendars:
                    calendars[key] = _stops(product, path, engine)
                plans[one, when] = _plan(product, path, calendars[key])
            found.append(plans[one, when])
    return found


def _timing(product: Product) -> Any:
    """All of the rules that the calendar depends on."""
    terms = [(one.since, one.schedules, one.fees, one.financing) for one in product.terms]
    return (*terms, product.until)


def _stops(product: Product, path: Path, engine: _Engine) -> Stops:
    times = cast(Sequence[int], path.times)
    return _numbers(dues(product, times, rates=path.rates or None, rolls=path.rolls).stops, engine)


_WHOLE = {"index", "kind", "publishes", "batches", "follows"}


def _numbers(stops: Stops, engine: _Engine) -> Stops:
    return Stops(
        *(engine.column(column, name in _WHOLE) for name, column in zip(Stops._fields, stops, strict=True))
    )


def _plan(product: Product, path: Path, stops: Stops) -> _Plan:
    target = terms_at(product, int(path.times[0])).target
    found, start = [], 1
    for terms, _, until in eras(product):
        end = int(np.searchsorted(path.times, until))
        if end > start:
            first, rearm = bisect_left(stops.index, start), terms.trigger.rearm_seconds * 1_000_000
            found.append(_Era(terms, _float_limits(terms), rearm, end, first))
            start = end
    return _Plan(float(target), tuple(found), stops)


def _float_limits(terms: Terms) -> Limits:
    limits = limits_of(terms)
    numbers: list[Any] = [value if isinstance(value, int) else float(value) for value in limits]
    return Limits(*numbers)._replace(tie=TIE)


def _simulated(plan: _Plan, marks: Marks, nav: float, engine: _Engine, room: _Room) -> _Result:
    """One product over one path."""
    stops, first = plan.stops, float(marks.prices[0])
    opening = State(plan.target * nav / first, (1 - plan.target) * nav, first, 0)
    capacity = room.grow(len(stops.index) + _SPARE)
    while True:
        state, seen, row, start = opening, Seen(nav, 1.0, int(marks.times[0]), 0, 0), 0, 1
        for era in plan.eras:
            state, seen, row = engine.run(
                marks,
                start,
                era.end,
                stops,
                era.first_stop,
                era.limits,
                era.rearm,
                state,
                seen,
                room.events,
                row,
            )
            start = era.end
        if row <= capacity:
            break
        capacity = room.grow(2 * row)
    paid, count = engine.summary(marks, stops, room.events, row, room.published)
    places = np.array(room.published.index[:count], np.int64)
    navs = np.array(room.published.nav[:count], np.float64)
    factor, merges = _merged(plan, places, navs)
    worth = state.position * _last_price(marks, stops) + state.cash
    return _Result(state, worth, factor, seen, paid, places, navs, merges, row)


def _last_price(marks: Marks, stops: Stops) -> float:
    """The last mark, on the scale of the next future where it rolled there."""
    price, last = float(marks.prices[-1]), len(marks.prices) - 1
    rolled = len(stops.index) > 0 and stops.index[-1] == last
    return price / float(stops.roll[stops.kind[-1]]) if rolled else price


def _merged(plan: _Plan, places: Integers, navs: Floats) -> tuple[float, tuple[tuple[int, Decimal], ...]]:
    """Make published NAVs of a unit as issued (in place) those that holders saw.

    Gives the factor at the end, and what NAV was multiplied by after which mark.
    """
    row, factor, merges = 0, 1.0, []
    for era in plan.eras:
        end = int(np.searchsorted(places, era.end))
        low, high = _unit_bounds(era.terms)
        while row < end and (outside := (navs[row:end] <= low) | (navs[row:end] >= high)).any():
            row += int(outside.argmax())
            for change in changes_due(era.terms, Decimal(f"{navs[row]:.{_DIGITS}g}")):
                merges.append((int(places[row]), change.factor))
                navs[row + 1 :] *= float(change.factor)
                factor *= float(change.factor)
            row += 1
        row = end
    return factor, tuple(merges)


def _unit_bounds(terms: Terms) -> tuple[float, float]:
    """A published NAV between these calls for no merge and no split; one outside may."""
    low = 0.0 if terms.merge is None else float(terms.merge.at_or_below)
    high = math.inf if terms.split is None else float(terms.split.at_or_above)
    return low * (1 + _NEARLY), high * (1 - _NEARLY)


def _columns(
    pairs: list[tuple[int, int]], paths: Sequence[Path], results: list[_Result], with_events: bool
) -> Simulations:
    def floats(values: Iterable[float]) -> Floats:
        return np.fromiter(values, np.float64, len(results))

    def integers(values: Iterable[int]) -> Integers:
        return np.fromiter(values, np.int64, len(results))

    instants = [paths[path].times[one.places] for (_, path), one in zip(pairs, results, strict=True)]
    return Simulations(
        runs=np.array(pairs, np.int64).reshape(-1, 2),
        nav=floats(one.nav for one in results),
        factor=floats(one.factor for one in results),
        scheduled=integers(one.seen.scheduled for one in results),
        triggered=integers(one.seen.triggered for one in results),
        worst=floats(max(one.seen.worst - 1.0, -1.0) for one in results),
        ruined=np.array([one.state.position == 0 for one in results], np.bool_),
        financing=floats(one.paid.financing for one in results),
        fees=floats(one.paid.fees for one in results),
        costs=floats(one.paid.costs for one in results),
        gap=floats(one.paid.gap for one in results),
        deficit=floats(one.paid.deficit for one in results),
        starts=_starts([one.places.size for one in results]),
        published_at=np.concatenate([np.empty(0, np.int64), *instants]),
        published=np.concatenate([np.empty(0), *(one.published for one in results)]),
        merges=tuple(
            (run, Merge(int(paths[path].times[place]), ratio))
            for run, ((_, path), one) in enumerate(zip(pairs, results, strict=True))
            for place, ratio in one.merges
        ),
        events=_event_columns(results) if with_events else None,
    )


def _starts(counts: Sequence[int] | Integers) -> Integers:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _event_columns(results: list[_Result]) -> EventColumns:
    kept = [one.events for one in results if one.events is not None]

    def joined(name: str) -> NDArray[Any]:
        none = np.empty(0, np.int64 if name in _WHOLE else np.float64)
        return np.concatenate([none, *(getattr(events, name) for events in kept)]).astype(none.dtype)

    return EventColumns(
        _starts([len(events.index) for events in kept]), *(joined(name) for name in Events._fields)
    )


def _is_compiled(accelerator: Accelerator, marks: int) -> bool:
    if accelerator == "auto":
        return _KERNELS in sys.modules or marks >= COMPILED_FROM_MARKS
    return accelerator == "numba"


def _threads(wanted: int | None, marks: int) -> int:
    return max(1, min(cpu_count() or 1, marks // MARKS_PER_THREAD) if wanted is None else wanted)


def _shares(pairs: list[tuple[int, int]], workers: int) -> list[Sequence[int]]:
    """The runs in shares, those of one path together; more shares than workers, so that none waits long."""
    rows = sorted(range(len(pairs)), key=lambda row: pairs[row][1])
    count = max(1, min(len(rows), 1 if workers == 1 else 8 * workers))
    bounds = [len(rows) * share // count for share in range(count + 1)]
    return [rows[start:stop] for start, stop in pairwise(bounds)]
