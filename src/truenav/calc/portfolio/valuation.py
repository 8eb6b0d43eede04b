"""Exact value of every node of a portfolio tree, from positions and prices in bulk."""

from __future__ import annotations

import functools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from truenav.calc.portfolio.columns import DecimalColumn
from truenav.core.failure import InvalidInputError

Accelerator = Literal["auto", "numba", "python"]

COMPILED_FROM_ROWS = 3_000_000
"""From here on a cold process is done sooner when it loads the compiled kernels first."""

ROWS_PER_THREAD = 50_000
"""Below this a further thread costs more than it saves."""

_KERNELS = "truenav.calc.portfolio._kernels"
_SUM_BYTES = 24


class TreeInputError(InvalidInputError):
    """Positions and tree do not fit together; the message names the first bad row or node."""

    code = "tree-input"
    title = "Positions and tree do not fit together"


class TreeValueOverflowError(InvalidInputError):
    """A node is worth 2**191 units of the last digit or more; nothing was rounded or wrapped."""

    code = "tree-value-overflow"
    title = "A value is too large"


@dataclass(frozen=True, slots=True, eq=False)
class TreeValues:
    """Exact value of each node, its descendants included.

    ``limbs`` has shape (nodes, 3): 192-bit two's complement, least significant limb first, in units
    of ``10**-scale`` of the numeraire. Numbers are converted when asked for.
    """

    limbs: NDArray[np.int64]
    scale: int

    def __len__(self) -> int:
        return int(self.limbs.shape[0])

    def integer(self, node: int) -> int:
        """Value of one node in units of the last digit."""
        return int.from_bytes(self.limbs[node].tobytes(), "little", signed=True)

    def node(self, node: int) -> Decimal:
        """Value of one node, all digits kept whatever the decimal context."""
        return Decimal(f"{self.integer(node)}E-{self.scale}")

    def integers(self) -> list[int]:
        """Values of all nodes in units of the last digit."""
        return [self.integer(node) for node in range(len(self))]

    def to_decimals(self) -> list[Decimal]:
        """Values of all nodes, all digits kept."""
        return [self.node(node) for node in range(len(self))]


def value_tree(
    quantities: DecimalColumn,
    prices: DecimalColumn,
    nodes: NDArray[np.int32],
    parents: NDArray[np.int64],
    *,
    accelerator: Accelerator = "auto",
    threads: int | None = None,
) -> TreeValues:
    """Value positions and sum them up a tree, exactly.

    Parameters
    ----------
    quantities : units of each position, any sign.
    prices : numeraire per unit for each position, any sign; fastest as non-negative ``int64``.
    nodes : shape (positions,), int32; the node each position hangs on. Any order; fastest sorted.
    parents : shape (nodes,), int64; a node stands after its parent, roots have -1, several roots
        are allowed.
    accelerator : ``"numba"`` compiled, ``"python"`` the reference; ``"auto"`` takes the compiled
        path once it is loaded (see :func:`warm_up`) or when the input is large enough to pay for
        loading it. All give the same values.
    threads : for the compiled path; default as many as the input keeps busy.

    Returns
    -------
    One value per node at ``quantities.scale + prices.scale`` decimals: nothing is rounded.

    Raises
    ------
    TreeInputError : lengths or types differ, a node is not in the tree, a parent is not before its
        child. The first such row or node is named.
    TreeValueOverflowError : a node exceeds 192 bits (about 3e31 numeraire at 26 decimals).

    Notes
    -----
    ``value[n] = sum(quantity * price of positions on n) + sum(value of children of n)``.

    Why no overflow goes unseen: the compiled path adds modulo 2**192 and notes the third limb of
    every product, which bounds them all by 2**(128 + m). A position enters a node at most once, so
    every node is below ``positions * 2**(128 + m)``. Where that is below 2**191 the wrapped sums
    are the true ones, whatever the order of additions; where it is not, the reference path decides
    with unbounded integers. For a million positions that allows 2**170 each: 1e25 numeraire at 26 decimals.
    """
    _check_shapes(quantities, prices, nodes, parents)
    scale = quantities.scale + prices.scale
    if _is_compiled(accelerator, len(quantities)):
        count = _thread_count(threads, len(quantities))
        sums = _value_compiled(quantities.widened(), prices, nodes, parents, count)
        if sums is not None:
            return TreeValues(sums, scale)
    return TreeValues(_value_in_python(quantities, prices, nodes, parents), scale)


def warm_up() -> None:
    """Load the compiled kernels (compiling them on the first start), so that "auto" takes them."""
    one = DecimalColumn(np.ones(1, np.int64), scale=0)
    node, parents = np.zeros(1, np.int32), np.array([-1])
    for price in (one, one.widened()):
        value_tree(one, price, node, parents, accelerator="numba")


def _check_shapes(
    quantities: DecimalColumn,
    prices: DecimalColumn,
    nodes: NDArray[np.int32],
    parents: NDArray[np.int64],
) -> None:
    for name, array, dtype in (("nodes", nodes, np.int32), ("parents", parents, np.int64)):
        if array.ndim != 1 or array.dtype != dtype:
            raise TreeInputError(
                f"{name} must be one-dimensional {np.dtype(dtype)}, got {array.dtype} of shape {array.shape}."
            )
    if not len(quantities) == len(prices) == nodes.size:
        raise TreeInputError(
            f"Each position needs a quantity, a price and a node; got {len(quantities)} quantities, "
            f"{len(prices)} prices and {nodes.size} nodes."
        )


def _is_compiled(accelerator: Accelerator, rows: int) -> bool:
    if accelerator == "auto":
        return _KERNELS in sys.modules or rows >= COMPILED_FROM_ROWS
    return accelerator == "numba"


def _thread_count(threads: int | None, rows: int) -> int:
    wanted = min(os.cpu_count() or 1, rows // ROWS_PER_THREAD) if threads is None else threads
    return max(1, min(wanted, rows))


def _value_in_python(
    quantities: DecimalColumn,
    prices: DecimalColumn,
    nodes: NDArray[np.int32],
    parents: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The reference: unbounded integers, one position after the other."""
    outside = np.flatnonzero((nodes < 0) | (nodes >= parents.size))
    if outside.size:
        raise _bad_row(int(outside[0]), nodes, parents)
    misplaced = np.flatnonzero((parents >= np.arange(parents.size)) | (parents < -1))
    if misplaced.size:
        raise _bad_parent(int(misplaced[0]), parents)
    sums = [0] * parents.size
    rows = zip(nodes.tolist(), quantities.integers(), prices.integers(), strict=True)
    for node, quantity, price in rows:
        sums[node] += quantity * price
    above = parents.tolist()
    for node in range(len(sums) - 1, -1, -1):
        if above[node] >= 0:
            sums[above[node]] += sums[node]
    return _limbs(sums)


def _limbs(sums: list[int]) -> NDArray[np.int64]:
    packed = bytearray()
    for node, value in enumerate(sums):
        try:
            packed += value.to_bytes(_SUM_BYTES, "little", signed=True)
        except OverflowError:
            raise TreeValueOverflowError(
                f"Node {node} is worth {Decimal(value):.3e} units of the last digit, beyond 192 bits; "
                f"look for a wrong quantity, price or scale.",
                node=node,
            ) from None
    return np.frombuffer(packed, np.int64).reshape(-1, 3)


def _value_compiled(
    quantities: DecimalColumn,
    prices: DecimalColumn,
    nodes: NDArray[np.int32],
    parents: NDArray[np.int64],
    threads: int,
) -> NDArray[np.int64] | None:
    """The compiled path, or None where it cannot prove that nothing overflowed."""
    from truenav.calc.portfolio import _kernels

    nodes, parents = _read_only(nodes), _read_only(parents)
    sums, state = _sum_positions(quantities, prices, nodes, parents.size, threads)
    bad_rows = state[:, _kernels.BAD_ROW]
    if (bad_rows >= 0).any():
        raise _bad_row(int(bad_rows[bad_rows >= 0].min()), nodes, parents)
    if not prices.is_wide and (state[:, _kernels.SIGNS] < 0).any():
        return _value_compiled(quantities, prices.widened(), nodes, parents, threads)
    bad_node = _kernels.roll_up(sums, parents)
    if bad_node >= 0:
        raise _bad_parent(bad_node, parents)
    magnitude = int(np.bitwise_or.reduce(state[:, _kernels.MAGNITUDE]).astype(np.uint64))
    proven = len(quantities).bit_length() + magnitude.bit_length() <= 63
    return sums if proven else None


def _sum_positions(
    quantities: DecimalColumn,
    prices: DecimalColumn,
    nodes: NDArray[np.int32],
    size: int,
    threads: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums of each node's own positions, and one row of kernel state per thread.

    Each thread takes a contiguous range of rows and sums of its own, so no two write one cache line.
    """
    from truenav.calc.portfolio import _kernels

    rows = len(quantities)
    sums: NDArray[np.int64] = np.zeros((size, 3), np.int64)
    parts = [sums, *(np.empty((size, 3), np.int64) for _ in range(threads - 1))]
    state: NDArray[np.int64] = np.zeros((threads, 8), np.int64)

    def sum_range(thread: int) -> None:
        start, stop = rows * thread // threads, rows * (thread + 1) // threads
        _kernels.sum_rows(quantities.values, prices.values, nodes, start, stop, parts[thread], state[thread])

    others = [_pool(threads).submit(sum_range, thread) for thread in range(1, threads)]
    sum_range(0)
    for thread, other in enumerate(others, start=1):
        other.result()
        _kernels.merge(sums, parts[thread], *state[thread, : _kernels.HIGH + 1])
    return sums, state


@functools.cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="value-tree")


if hasattr(os, "register_at_fork"):  # a forked child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A contiguous view; one flavour of arrays means one compiled kernel."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _bad_row(row: int, nodes: NDArray[np.int32], parents: NDArray[np.int64]) -> TreeInputError:
    return TreeInputError(
        f"Position row {row} hangs on node {nodes[row]}, but the tree has {parents.size} nodes "
        f"numbered from 0.",
        row=row,
    )


def _bad_parent(node: int, parents: NDArray[np.int64]) -> TreeInputError:
    return TreeInputError(
        f"Node {node} has parent {parents[node]}; a parent must stand before its child, and a root "
        f"has -1. Sort the nodes from the top down.",
        node=node,
    )
