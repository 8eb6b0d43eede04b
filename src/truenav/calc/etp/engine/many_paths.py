"""Price histories for bulk simulation: checked, with the lowest and the highest price of each block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.engine.history import BadMarkError, check_charges
from truenav.calc.etp.engine.running import BLOCK, Marks
from truenav.core.clock import instant_text
from truenav.core.failure import InvalidInputError

LOWEST, HIGHEST = 1e-100, 1e100
"""Prices beyond these are refused, as floats could overflow on the way."""

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


def check_paths(paths: Sequence[Path], used: Iterable[int]) -> None:
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


def block_extremes(prices: Floats) -> tuple[Floats, Floats]:
    """The lowest and the highest price of each block of `BLOCK` marks; NaN where there is one."""
    starts = np.arange(0, prices.size, BLOCK)
    return np.minimum.reduceat(prices, starts), np.maximum.reduceat(prices, starts)


def marks_of(
    place: int, path: Path, extremes: Callable[[Floats], tuple[Floats, Floats]] = block_extremes
) -> Marks:
    """The marks of a path as read-only arrays; its prices are checked by the extremes of their blocks."""
    prices = _read_only(path.prices)
    lows, highs = extremes(prices)
    if not ((lows >= LOWEST).all() and (highs <= HIGHEST).all()):
        row = int(np.argmin((prices >= LOWEST) & (prices <= HIGHEST)))
        why = (
            f"the price {prices[row]:g} is not above 0"
            if prices[row] <= 0
            else f"{prices[row]:g} is no price between {LOWEST:g} and {HIGHEST:g}"
        )
        raise _bad(place, row, path.times, why)
    return Marks(prices, _read_only(path.times), lows, highs)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A contiguous view; one flavour of arrays means one compiled kernel."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
