"""Lots and realised profit of many pairs of account and instrument in bulk: linear contracts and spot.

The same as `truenav.calc.ledger.lots`, for a multiplier of one and without fees, on columns of scaled
integers: quantities and prices at one scale each, profits in 128 bits at the sum of both scales.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from os import cpu_count
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from truenav.calc.ledger import lots_integers
from truenav.calc.ledger.lots import AVERAGE_PLACES, Method
from truenav.calc.portfolio.columns import WIDE, DecimalColumn
from truenav.calc.portfolio.valuation import Accelerator
from truenav.core.failure import InvalidInputError

COMPILED_FROM_FILLS = 500_000
"""From here on a cold process is done sooner when it loads the compiled kernels first."""

FILLS_PER_THREAD = 50_000
"""Below this a further thread costs more than it saves."""

_KERNELS = "truenav.calc.ledger._lot_kernels"
_ORDERS = (Method.FIFO, Method.LIFO, Method.HIFO)
_LARGEST = 2**63 - 1
_POWER_DIGITS = 18  # the greatest power of ten in 64 bits


class FillColumnsError(InvalidInputError):
    """Columns of fills do not fit together; the message names the first bad row."""

    code = "fill-columns"
    title = "The columns of fills do not fit together"


class ProfitOverflowError(InvalidInputError):
    """A profit or cost exceeds 128 bits; nothing was rounded or wrapped."""

    code = "profit-overflow"
    title = "A profit is too large"


@dataclass(frozen=True, slots=True, eq=False)
class FillColumns:
    """Fills stored by pair, each pair's in order of time.

    Pair ``p`` has the fills ``starts[p]`` to ``starts[p + 1]`` (shape (pairs + 1,), int64). A bought
    quantity is positive. ``grouped_from`` is the pair of each row of the columns that they were grouped from.
    """

    starts: NDArray[np.int64]
    quantities: DecimalColumn
    prices: DecimalColumn
    grouped_from: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        fills, starts = len(self.quantities), self.starts
        if len(self.prices) != fills:
            raise FillColumnsError(f"There are {fills} quantities and {len(self.prices)} prices.")
        if starts.dtype != np.int64 or starts.ndim != 1 or not starts.size:
            raise FillColumnsError("The starts must be one-dimensional int64, one more than there are pairs.")
        if starts[0] != 0 or starts[-1] != fills or (np.diff(starts) < 0).any():
            raise FillColumnsError(f"The starts must rise from 0 to the number of fills, {fills}.")
        object.__setattr__(self, "starts", _read_only(starts))

    @classmethod
    def grouped(
        cls,
        pairs: NDArray[np.int32],
        quantities: DecimalColumn,
        prices: DecimalColumn,
        count: int,
        *,
        accelerator: Accelerator = "auto",
        threads: int | None = None,
    ) -> Self:
        """Store fills by pair that come in order of time; ``pairs`` are 0 to ``count - 1``.

        ``FillColumnsError`` names the first row of another pair.
        """
        if pairs.ndim != 1 or pairs.dtype != np.int32 or not pairs.size == len(quantities) == len(prices):
            raise FillColumnsError(
                f"Each fill needs an int32 pair, a quantity and a price; got {pairs.size} of {pairs.dtype}, "
                f"{len(quantities)} and {len(prices)}."
            )
        if _is_compiled(accelerator, pairs.size):
            starts, out = _group_compiled(pairs, quantities, prices, count, _threads(threads, pairs.size))
            if out is not None:
                by_pair = [DecimalColumn(out[0], quantities.scale), DecimalColumn(out[1], prices.scale)]
                return cls(starts, by_pair[0], by_pair[1], pairs)
        outside = np.flatnonzero((pairs < 0) | (pairs >= count))
        if outside.size:
            raise _bad_pair(int(outside[0]), pairs, count)
        rows = _rows_by_pair(pairs)
        starts = _ends(np.bincount(pairs, minlength=count))
        by_pair = [_narrow_if_it_fits(one.values[rows], one.scale) for one in (quantities, prices)]
        return cls(starts, by_pair[0], by_pair[1], pairs)

    def __len__(self) -> int:
        return len(self.quantities)

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return int(self.starts.size) - 1

    def rows(self) -> NDArray[np.int64]:
        """Which row of the columns that were grouped each fill was; its own place where none were."""
        if self.grouped_from is None:
            return np.arange(len(self))
        return _rows_by_pair(self.grouped_from)


@dataclass(frozen=True, slots=True, eq=False)
class OpenLots:
    """The lots that are left, by pair and then by age: pair ``p`` has ``starts[p]`` to ``starts[p + 1]``.

    ``fills`` is the place of the fill that opened each, in the order of `FillColumns`; a quantity is
    negative when short; values are those of what is left, when it was opened.
    """

    starts: NDArray[np.int64]
    fills: NDArray[np.int64]
    quantities: DecimalColumn
    values: DecimalColumn


@dataclass(frozen=True, slots=True, eq=False)
class RealisedColumns:
    """What each fill realised (zero where it opened), in the order of ``fills``, and what each pair did."""

    fills: FillColumns
    profits: DecimalColumn
    totals: DecimalColumn
    lots: OpenLots

    def profits_as_given(self) -> DecimalColumn:
        """The profits in the order of the rows that were grouped."""
        values = np.empty_like(self.profits.values)
        values[self.fills.rows()] = self.profits.values
        return DecimalColumn(values, self.profits.scale)


def realise(
    fills: FillColumns,
    method: Method = Method.FIFO,
    *,
    places: int = AVERAGE_PLACES,
    accelerator: Accelerator = "auto",
    threads: int | None = None,
) -> RealisedColumns:
    """Realised profit of every fill and the lots left of every pair, exactly.

    Parameters
    ----------
    fills : by pair; fastest with quantities and prices as ``int64``.
    method : any but `Method.SPECIFIC`, which names lots one by one.
    places : decimals of profits and values at average cost, where the value of each fill and of each part
        closed are rounded half-even. The other methods round nothing, and use the sum of both scales.
    accelerator : ``"numba"`` compiled, ``"python"`` the reference; ``"auto"`` takes the compiled path once
        it is loaded (see :func:`warm_up`) or when there are enough fills to pay for loading it.
    threads : for the compiled path; default as many as the fills keep busy.

    Raises
    ------
    FillColumnsError : the method is `Method.SPECIFIC`, or ``places`` is not 0 to 38.
    ProfitOverflowError : a result exceeds 128 bits.

    Notes
    -----
    A pair that the kernels cannot prove to fit 64-bit quantities and prices, 128-bit totals and, at
    average cost, values below 2**61, is computed with unbounded integers.
    """
    scale = fills.quantities.scale + fills.prices.scale
    if method is Method.SPECIFIC:
        raise FillColumnsError("Specific lots are named fill by fill; book them with lots().")
    if not 0 <= places <= 38 or scale > 38:
        raise FillColumnsError(f"Profits have 0 to 38 decimals, not {places} or the scales' sum of {scale}.")
    found = _Found(fills)
    if _is_compiled(accelerator, len(fills)):
        todo = _realise_compiled(fills, method, places, _threads(threads, len(fills)), found)
    else:
        todo = np.arange(fills.pairs)
    _realise_in_python(fills, method, places, todo, found)
    return found.result(places if method is Method.AVERAGE else scale)


def warm_up() -> None:
    """Load the compiled kernels (compiling them on the first start), so that "auto" takes them."""
    one = DecimalColumn(np.ones(1, np.int64), scale=0)
    fills = FillColumns.grouped(np.zeros(1, np.int32), one, one, 1, accelerator="numba")
    for method in (Method.FIFO, Method.AVERAGE):
        realise(fills, method, accelerator="numba")


class _Found:
    """Room for the results of each fill and pair, filled pair by pair.

    ``lots``: the place of the opening fill, quantity and value in two limbs each. A pair has ``counts`` of
    them from ``places`` on; of this memory only what is written is ever touched.
    """

    def __init__(self, fills: FillColumns) -> None:
        self.fills = fills
        self.profits: NDArray[np.int64] = np.empty((len(fills), 2), np.int64)
        self.totals: NDArray[np.int64] = np.empty((fills.pairs, 2), np.int64)
        self.lots: NDArray[np.int64] = np.empty((len(fills), 5), np.int64)
        self.places: NDArray[np.int64] = fills.starts[:-1].copy()
        self.counts: NDArray[np.int64] = np.empty(fills.pairs, np.int64)

    def put(self, pair: int, profits: list[int], lots: Sequence[tuple[int, int, int]]) -> None:
        """Keep what was computed in Python: profits, and lots as place, quantity and value."""
        start = int(self.fills.starts[pair])
        try:
            self.profits[start : start + len(profits)] = _limbs(profits)
            self.totals[pair] = _limbs([sum(profits)])
            for place, (fill, quantity, value) in enumerate(lots, int(self.places[pair])):
                self.lots[place, 0] = fill
                self.lots[place, 1:] = _limbs([quantity, value]).reshape(-1)
        except OverflowError:
            raise ProfitOverflowError(
                f"A profit, a lot or the total of pair {pair} exceeds 128 bits; look for a wrong quantity, "
                "price or scale.",
                pair=pair,
            ) from None
        self.counts[pair] = len(lots)

    def result(self, scale: int) -> RealisedColumns:
        starts, ends = _ends(self.counts), self.places + self.counts
        breaks = np.flatnonzero(self.places[1:] != ends[:-1]) + 1
        runs = pairwise([0, *breaks.tolist(), self.counts.size])  # pairs whose lots lie close together
        lots = np.concatenate(
            [self.lots[:0], *(self.lots[self.places[a] : ends[b - 1]] for a, b in runs if a < b)]
        )
        quantity_scale = self.fills.quantities.scale
        return RealisedColumns(
            self.fills,
            _column(self.profits, scale),
            _column(self.totals, scale),
            OpenLots(
                starts, lots[:, 0].copy(), _column(lots[:, 1:3], quantity_scale), _column(lots[:, 3:], scale)
            ),
        )


def _rows_by_pair(pairs: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.argsort(pairs, kind="stable")


def _ends(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of some runs starts, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A contiguous view; one flavour of arrays means one compiled kernel."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _column(limbs: NDArray[np.int64], scale: int) -> DecimalColumn:
    return DecimalColumn(np.ascontiguousarray(limbs).view(WIDE).reshape(-1), scale)


def _limbs(numbers: Sequence[int]) -> NDArray[np.int64]:
    packed = b"".join(number.to_bytes(16, "little", signed=True) for number in numbers)
    return np.frombuffer(packed, np.int64).reshape(-1, 2)


def _is_compiled(accelerator: Accelerator, fills: int) -> bool:
    if accelerator == "auto":
        return _KERNELS in sys.modules or fills >= COMPILED_FROM_FILLS
    return accelerator == "numba"


def _threads(wanted: int | None, fills: int) -> int:
    return max(1, min(cpu_count() or 1, fills // FILLS_PER_THREAD) if wanted is None else wanted)


def _bad_pair(row: int, pairs: NDArray[np.int32], count: int) -> FillColumnsError:
    return FillColumnsError(
        f"Row {row} is of pair {pairs[row]}, but there are {count}, numbered from 0.", row=row
    )


def _realise_in_python(
    fills: FillColumns, method: Method, places: int, todo: NDArray[np.int64], found: _Found
) -> None:
    average = method is Method.AVERAGE
    exponent = fills.quantities.scale + fills.prices.scale - places
    for pair in todo.tolist():
        start, stop = int(fills.starts[pair]), int(fills.starts[pair + 1])
        quantities = DecimalColumn(fills.quantities.values[start:stop], 0).integers()
        prices = DecimalColumn(fills.prices.values[start:stop], 0).integers()
        if average:
            profits, lots = lots_integers.average(quantities, prices, exponent)
        else:
            profits, lots = lots_integers.match(quantities, prices, method)
        found.put(pair, profits, [(start + row, quantity, value) for row, quantity, value in lots])


def _realise_compiled(
    fills: FillColumns, method: Method, places: int, threads: int, found: _Found
) -> NDArray[np.int64]:
    """Run the kernels over contiguous ranges of pairs; the pairs that they leave unproven."""
    from truenav.calc.ledger import _lot_kernels

    quantities, wide_quantities = _narrowed(fills.quantities)
    prices, wide_prices = _narrowed(fills.prices)
    unproven: NDArray[np.bool_] = np.zeros(fills.pairs, np.bool_)
    wide_fills = np.concatenate([wide_quantities, wide_prices])
    unproven[np.searchsorted(fills.starts, wide_fills, side="right") - 1] = True
    results = (found.profits, found.totals, found.lots, found.places, found.counts, unproven)
    shares = np.linspace(0, len(fills), threads + 1).astype(np.int64)
    bounds = np.searchsorted(fills.starts[:-1], shares).tolist()
    bounds[-1] = fills.pairs
    if method is Method.AVERAGE:
        exponent = fills.quantities.scale + fills.prices.scale - places
        if not _fits(prices, exponent):
            return np.arange(fills.pairs)
        if exponent < 0:
            prices = _read_only(prices * np.int64(10**-exponent))
        divisor = np.int64(10 ** max(exponent, 0))

        def run(thread: int, first: int, last: int) -> None:
            _lot_kernels.average(divisor, quantities, prices, fills.starts, first, last, *results)
    else:
        order = _ORDERS.index(method)

        def run(thread: int, first: int, last: int) -> None:
            longest = int(np.diff(fills.starts[first : last + 1]).max(initial=0))
            work: NDArray[np.int64] = np.empty((3, longest + 1), np.int64)
            _lot_kernels.match_lots(order, quantities, prices, fills.starts, first, last, work, *results)

    _in_threads(run, bounds)
    return np.flatnonzero(unproven)


def _in_threads(run: Callable[[int, int, int], None], bounds: list[int]) -> None:
    """Run each range between two bounds: the first here, each other in a thread."""
    ranges = [(thread, first, last) for thread, (first, last) in enumerate(pairwise(bounds))]
    if len(ranges) == 1:
        run(*ranges[0])
        return
    with ThreadPoolExecutor(len(ranges) - 1, thread_name_prefix="lots") as pool:
        others = [pool.submit(run, *one) for one in ranges[1:]]
        run(*ranges[0])
        for other in others:
            other.result()


def _narrowed(column: DecimalColumn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers in 64 bits, and the rows that do not fit them."""
    if not column.is_wide:
        return column.values, np.empty(0, np.int64)
    low = _read_only(column.values["low"])
    return low, np.flatnonzero(column.values["high"] != low >> 63)


def _narrow_if_it_fits(values: NDArray[Any], scale: int) -> DecimalColumn:
    column = DecimalColumn(values, scale)
    narrow, wide_rows = _narrowed(column)
    return column if wide_rows.size else DecimalColumn(narrow, scale)


def _fits(prices: NDArray[np.int64], exponent: int) -> bool:
    """Whether values can be scaled by ``10**-exponent`` in 64 bits."""
    if exponent >= 0 or exponent < -_POWER_DIGITS:
        return 0 <= exponent <= _POWER_DIGITS
    largest = max(int(prices.max(initial=0)), -int(prices.min(initial=0)))
    return bool(largest * 10**-exponent <= _LARGEST)


def _group_compiled(
    pairs: NDArray[np.int32], quantities: DecimalColumn, prices: DecimalColumn, count: int, threads: int
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Where pairs start, and quantities and prices in 64 bits; None where they do not fit.

    The rows of each pair are counted, then each thread copies a range of rows to where its pairs continue.
    """
    from truenav.calc.ledger import _lot_kernels

    bounds = np.linspace(0, pairs.size, threads + 1).astype(np.int64).tolist()
    counts: NDArray[np.int64] = np.zeros((threads, count), np.int64)
    bad: NDArray[np.int64] = np.full(threads, -1, np.int64)
    pairs = _read_only(pairs)

    def count_range(thread: int, first: int, last: int) -> None:
        bad[thread] = _lot_kernels.count_rows(pairs, first, last, counts[thread])

    _in_threads(count_range, bounds)
    if (bad >= 0).any():
        raise _bad_pair(int(bad[bad >= 0].min()), pairs, count)
    starts = _ends(counts.sum(axis=0))
    places = starts[:-1] + np.cumsum(counts, axis=0) - counts
    out: NDArray[np.int64] = np.empty((2, pairs.size), np.int64)
    sizes, levels = (one.values.view(np.int64).reshape(-1, 1 + one.is_wide) for one in (quantities, prices))
    fit: NDArray[np.bool_] = np.zeros(threads, np.bool_)

    def place_range(thread: int, first: int, last: int) -> None:
        fit[thread] = _lot_kernels.place_rows(pairs, first, last, places[thread], sizes, levels, out)

    _in_threads(place_range, bounds)
    return starts, out if fit.all() else None
