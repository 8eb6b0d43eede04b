"""Exact value of 1,000,000 positions up a tree of 10,000 nodes in 6 levels.

Quantities are Decimal(38, 18), prices Decimal(18, 8); the value of every node is kept at 26 decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit, prange
from numpy.typing import NDArray

from bench.harness import Contender, Goal, Workload
from truenav.calc.portfolio.columns import WIDE, DecimalColumn
from truenav.calc.portfolio.valuation import value_tree, warm_up

POSITIONS = 1_000_000
LEVELS = (1, 9, 90, 900, 3_000, 6_000)
NODES = sum(LEVELS)
LOOP_SHARE = 5
THREADS = 2


@dataclass(frozen=True)
class Book:
    """The positions, sorted by the leaf they hang on, and the tree."""

    quantities: list[int]
    limbs: NDArray[Any]
    prices: NDArray[np.int64]
    nodes: NDArray[np.int32]
    parents: NDArray[np.int64]


def book() -> Book:
    rng = np.random.default_rng(51)
    parents, first, size = [np.array([-1])], 0, 1
    for above, level in pairwise(LEVELS):
        parents.append(rng.integers(first, first + above, level))
        first, size = size, size + level
    rng = np.random.default_rng(52)
    nodes = np.sort(rng.integers(NODES - LEVELS[-1], NODES, POSITIONS)).astype(np.int32)
    whole = (rng.standard_normal(POSITIONS) * 10.0 ** rng.integers(0, 8, POSITIONS)).astype(np.int64)
    fraction = rng.integers(0, 10**18, POSITIONS)
    quantities = [
        w * 10**18 + (f if w >= 0 else -f) for w, f in zip(whole.tolist(), fraction.tolist(), strict=True)
    ]
    data = b"".join(q.to_bytes(16, "little", signed=True) for q in quantities)
    prices = (10.0 ** rng.uniform(-4, 5, POSITIONS) * 1e8).astype(np.int64)
    return Book(
        quantities, np.frombuffer(data, WIDE).copy(), prices, nodes, np.concatenate(parents).astype(np.int64)
    )


def workload() -> Workload:
    warm_up()
    b = book()
    quantities, prices = DecimalColumn(b.limbs, 18), DecimalColumn(b.prices, 8)
    arrow_quantities = _arrow(b.limbs, pa.decimal128(38, 18))
    arrow_prices = _arrow(prices.widened().values, pa.decimal128(18, 8))
    series = pl.Series(arrow_quantities), pl.Series(arrow_prices)
    value = partial(value_tree, nodes=b.nodes, parents=b.parents)

    def from_polars() -> object:
        return value(DecimalColumn.from_arrow(series[0]), DecimalColumn.from_arrow(series[1]))

    ours = partial(value, quantities, prices, threads=THREADS)
    pyarrow_run = _pyarrow(arrow_quantities, arrow_prices, b)
    polars_run = _polars(*series, b)
    contenders = [
        Contender("truenav", ours, f"public function, validation included, {THREADS} threads"),
        Contender("truenav, 1 thread", partial(value, quantities, prices, threads=1)),
        Contender("truenav, from polars", from_polars, "reads both columns in place, 128-bit prices"),
        Contender("truenav, plain Python", partial(value, quantities, prices, accelerator="python")),
        Contender("polars Decimal", polars_run, "rounds each product to 18 digits"),
        Contender("pyarrow decimal256", pyarrow_run, "exact; cast to decimal256 before the clock starts"),
        Contender("Python int loop", _loop(b, int), "one position in five, scaled", LOOP_SHARE),
        Contender("Python Decimal loop", _loop(b, Decimal), "one position in five, scaled", LOOP_SHARE),
        Contender("float64 kernel", _floats(b, THREADS), f"inexact, compiled, {THREADS} threads"),
        Contender("float64 kernel, 1 thread", _floats(b, 1), "inexact, compiled"),
    ]
    return Workload(
        title="Exact value of 1,000,000 positions up a tree of 10,000 nodes",
        items=POSITIONS,
        unit="position",
        ours="truenav",
        contenders=contenders,
        goals=(
            Goal("times as fast as polars Decimal", _over("polars Decimal", "truenav"), at_least=25),
            Goal("times as fast as pyarrow decimal256", _over("pyarrow decimal256", "truenav"), at_least=45),
            Goal("time over the memory limit", _over("truenav", "limit"), at_most=2.5),
            Goal("time over the float64 kernel", _over("truenav", "float64 kernel"), at_most=1.1),
        ),
        limit_bytes=POSITIONS * (16 + 8 + 4),
        verify=partial(_verify, b, ours, from_polars, pyarrow_run, polars_run),
    )


def _over(one: str, other: str) -> Callable[[Any], float]:
    return lambda seconds: seconds[one] / seconds[other]


def _verify(
    b: Book,
    ours: Callable[[], Any],
    from_polars: Callable[[], Any],
    pyarrow_run: Callable[[], list[Decimal]],
    polars_run: Callable[[], list[Decimal]],
) -> str:
    expected = _sum_loop(b.quantities, b.prices.tolist(), b.nodes.tolist(), b.parents, 0)
    if not ours().integers() == from_polars().integers() == expected:
        raise AssertionError("a node differs from Python integers")
    exact = [Decimal(f"{value}E-26") for value in expected]
    with localcontext(prec=76):
        errors = [float(abs(run()[0] - exact[0])) for run in (pyarrow_run, polars_run)]
    return (
        f"All {NODES:,} nodes equal Python integers at 26 decimals; error of the root: truenav 0, "
        f"pyarrow {errors[0]:.1g}, polars {errors[1]:.1g}."
    )


def _arrow(limbs: NDArray[Any], dtype: Any) -> Any:
    return pa.Array.from_buffers(dtype, limbs.size, [None, pa.py_buffer(limbs)])


def _pyarrow(quantities: Any, prices: Any, b: Book) -> Callable[[], list[Decimal]]:
    wide = quantities.cast(pa.decimal256(38, 18)), prices.cast(pa.decimal256(18, 8))

    def run() -> list[Decimal]:
        table = pa.table({"node": b.nodes, "value": pc.multiply(*wide)})
        sums = table.group_by("node").aggregate([("value", "sum")])
        return _rolled(sums["node"].to_pylist(), sums["value_sum"].to_pylist(), b.parents)

    return run


def _polars(quantities: pl.Series, prices: pl.Series, b: Book) -> Callable[[], list[Decimal]]:
    frame = pl.DataFrame({"node": b.nodes, "quantity": quantities, "price": prices})

    def run() -> list[Decimal]:
        sums = frame.group_by("node").agg((pl.col("quantity") * pl.col("price")).sum().alias("value"))
        return _rolled(sums["node"].to_list(), sums["value"].to_list(), b.parents)

    return run


def _rolled(nodes: Sequence[int], values: Sequence[Decimal], parents: Any) -> list[Decimal]:
    sums = [Decimal(0)] * NODES
    with localcontext(prec=76):
        for node, value in zip(nodes, values, strict=True):
            sums[node] += value
        _roll_up(sums, parents)
    return sums


def _roll_up(sums: Any, parents: Any) -> None:
    above = parents.tolist()
    for node in range(len(above) - 1, 0, -1):
        sums[above[node]] += sums[node]


def _loop(b: Book, number: type[int] | type[Decimal]) -> Callable[[], object]:
    rows = POSITIONS // LOOP_SHARE
    quantities = [number(q) for q in b.quantities[:rows]]
    prices = [number(p) for p in b.prices[:rows].tolist()]
    nodes = b.nodes[:rows].tolist()

    def run() -> object:
        with localcontext(prec=76):
            return _sum_loop(quantities, prices, nodes, b.parents, number(0))

    return run


def _sum_loop(quantities: Any, prices: Any, nodes: list[int], parents: Any, zero: Any) -> Any:
    sums = [zero] * NODES
    for quantity, price, node in zip(quantities, prices, nodes, strict=True):
        sums[node] += quantity * price
    _roll_up(sums, parents)
    return sums


def _floats(b: Book, threads: int) -> Callable[[], object]:
    quantities, prices = np.array(b.quantities, float) / 1e18, b.prices / 1e8
    return lambda: _float_kernel(quantities, prices, b.nodes, b.parents, threads)


@njit(parallel=True, cache=True)
def _float_kernel(quantities: Any, prices: Any, nodes: Any, parents: Any, threads: Any) -> Any:
    parts = np.zeros((threads, parents.size))
    rows = prices.size
    for thread in prange(threads):
        for row in range(rows * thread // threads, rows * (thread + 1) // threads):
            parts[thread, nodes[row]] += quantities[row] * prices[row]
    sums = parts[0].copy()
    for thread in range(1, threads):
        sums += parts[thread]
    for node in range(parents.size - 1, 0, -1):
        sums[parents[node]] += sums[node]
    return sums
