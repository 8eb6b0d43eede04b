"""Many products over many histories in bulk, in floats: the same steps as `truenav.calc.etp.engine.simulate`.

The rules, the calendar and every step are those of the exact simulation; numbers are 64-bit floats, so that a
year of minutes of a hundred products takes milliseconds once it is compiled. Prices that lie within
`truenav.calc.etp.engine.many_plans.TIE` of a bound count as on it, as in the exact path those do that are
equal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise
from os import cpu_count
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from truenav.calc.etp.engine import many_paths, many_runs
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.engine.many_paths import (
    HIGHEST,
    Floats,
    Integers,
    Path,
    SimulationInputError,
    check_paths,
    marks_of,
)
from truenav.calc.etp.engine.many_plans import Planned, planned
from truenav.calc.etp.engine.many_results import Simulations, room_for_events, simulations, starts_of
from truenav.calc.etp.engine.many_runs import Runs
from truenav.calc.etp.engine.rules import check_product
from truenav.calc.etp.engine.running import Column, Events, Marks, Published
from truenav.calc.portfolio.valuation import Accelerator
from truenav.core.product import Product, Terms

COMPILED_FROM_MARKS = 20_000_000
"""From here on (marks of all runs together) a cold process is done sooner when it loads the kernels first."""

MARKS_PER_THREAD = 2_000_000
"""Below this a further thread costs more than it saves."""

_KERNELS = "truenav.calc.etp.engine._path_kernels"
_SPARE = 64  # room for a run's events beside the scheduled ones, before more is made

Row = TypeVar("Row", bound=NamedTuple)


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
    BadMarkError : a price is not positive or not finite, times do not rise, a rate or roll cannot be, or
        marks lie before a product's rules or after its end.
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
    check_paths(paths, sorted({path for _, path in pairs}))
    work = _Work(paths, planned(products, paths, pairs), float(nav), engine, keeps_events=events)
    with ThreadPoolExecutor(workers, thread_name_prefix="simulate") as pool:
        found = list((pool.map if workers > 1 else map)(work.run, *_shares(pairs, workers)))
    kept = dict(one for share in found for one in share)
    return simulations(
        products,
        pairs,
        work.runs,
        work.published,
        work.first_publication,
        [kept[row] for row in range(len(pairs))] if events else None,
    )


def warm_up() -> None:
    """Load the compiled kernels (compiling them on the first start), so that "auto" takes them."""
    terms = Terms(instant_of(0), Decimal(2))
    path = Path(np.arange(2), np.ones(2))
    simulate_many([Product("", "", "", "", (terms,))], [path], accelerator="numba")


class _Engine(NamedTuple):
    """How to run: the loop, how the extremes of blocks are found, and what it reads arrays as."""

    run_all: Callable[..., int]
    block_extremes: Callable[[Floats], tuple[Floats, Floats]]
    column: Callable[[NDArray[Any]], Column]
    is_compiled: bool


_PLAIN = _Engine(many_runs.run_all, many_paths.block_extremes, lambda array: array.tolist(), False)


def _compiled() -> _Engine:
    from truenav.calc.etp.engine import _path_kernels

    return _Engine(_path_kernels.run_all, _path_kernels.block_extremes, lambda array: array, True)


class _Work:
    """All runs: what they read, and the columns that they fill."""

    def __init__(
        self, paths: Sequence[Path], plan: Planned, nav: float, engine: _Engine, *, keeps_events: bool
    ) -> None:
        rooms = starts_of(plan.publications[plan.of_runs] + 1)  # ruin is published, too
        self.first_publication = rooms[:-1]
        self.published = Published(np.empty(rooms[-1], np.int64), np.empty(rooms[-1]))
        whole = ("scheduled", "triggered", "events", "publications")
        kinds = (np.int64 if name in whole else np.float64 for name in Runs._fields)
        self.runs = Runs(*(np.empty(plan.of_runs.size, kind) for kind in kinds))
        self._paths, self._nav, self._engine = paths, nav, engine
        self._plan, self._keeps_events = plan, keeps_events
        self._of_runs, self._first = engine.column(plan.of_runs), engine.column(self.first_publication)
        self._rules = tuple(self._columns(table) for table in (plan.plans, plan.eras, plan.stops))
        self._marks: dict[int, Marks] = {}
        self._reading = [Lock() for _ in paths]

    def _columns(self, table: Row) -> Row:
        return type(table)(*(self._engine.column(array) for array in table))

    def run(self, place: int, rows: Integers) -> list[tuple[int, Events]]:
        """Do some runs of one path; gives their events, where they are kept."""
        marks, plan = self._marks_of(place), self._plan
        stops = plan.plans.end_stop - plan.plans.first_stop
        foreseen = int((stops[plan.of_runs[rows]] + _SPARE).sum())
        room = room_for_events(foreseen if self._keeps_events else 0)
        count = self._run(marks, rows, room)
        if not self._keeps_events:
            return []
        if count > foreseen:
            room = room_for_events(count)
            self._run(marks, rows, room)
        starts = starts_of(self.runs.events[rows]).tolist()
        each = zip(rows.tolist(), pairwise(starts), strict=True)
        return [(row, Events(*(column[first:end] for column in room))) for row, (first, end) in each]

    def _run(self, marks: Marks, rows: Integers, room: Events) -> int:
        plans, eras, stops = self._rules
        return self._engine.run_all(
            marks,
            self._engine.column(rows),
            self._of_runs,
            self._first,
            plans,
            eras,
            stops,
            self._nav,
            self.runs,
            room,
            self.published,
        )

    def _marks_of(self, place: int) -> Marks:
        """The marks of a path, read by the thread that needs them first."""
        with self._reading[place]:
            if place not in self._marks:
                marks = marks_of(place, self._paths[place], self._engine.block_extremes)
                self._marks[place] = self._columns(marks)
        return self._marks[place]


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


def _is_compiled(accelerator: Accelerator, marks: int) -> bool:
    if accelerator == "auto":
        return _KERNELS in sys.modules or marks >= COMPILED_FROM_MARKS
    return accelerator == "numba"


def _threads(wanted: int | None, marks: int) -> int:
    return max(1, min(cpu_count() or 1, marks // MARKS_PER_THREAD) if wanted is None else wanted)


def _shares(pairs: Sequence[tuple[int, int]], workers: int) -> tuple[list[int], list[Integers]]:
    """Paths, each with a share of its runs; where paths are few for the workers, each has several shares."""
    paths = np.array([path for _, path in pairs], np.int64)
    used = np.unique(paths).tolist()
    parts = 1 if workers == 1 else -(-8 * workers // max(1, len(used)))
    shares = [
        (path, share)
        for path in used
        for share in np.array_split(np.flatnonzero(paths == path), parts)
        if share.size
    ]
    return [path for path, _ in shares], [share for _, share in shares]
