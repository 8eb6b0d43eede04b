"""Compiled kernels of :mod:`truenav.calc.portfolio.valuation`; its Python path is their reference.

A wide number is a tuple of 64-bit limbs, least significant first, two's complement: the layout of an
Arrow decimal128 value. The arithmetic is LLVM's own 128, 192 and 256-bit integers.

The kernels do not hold the interpreter's lock, so plain threads run them side by side. Compiled code
is cached beside this file or where ``NUMBA_CACHE_DIR`` says; the cache is keyed by this file alone,
which is why the arithmetic is not in a file of its own.
"""

# numba offers no types for intrinsics and type constructors
# mypy: disable-error-code="no-untyped-call,call-arg"

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

ZERO = (np.int64(0), np.int64(0), np.int64(0))
"""A three-limb zero."""

LOW, HIGH, MAGNITUDE, SIGNS, BAD_ROW = range(5)
"""Places in the ``state`` that :func:`sum_rows` fills."""

_LIMB, _PAIR, _SUM, _PRODUCT = (ir.IntType(bits) for bits in (64, 128, 192, 256))
_SUM_TYPE = types.UniTuple(types.int64, 3)


def _shifted(builder: Any, value: Any, limbs: int) -> Any:
    return builder.shl(value, ir.Constant(value.type, 64 * limbs)) if limbs else value


def _joined(builder: Any, limbs: list[Any]) -> Any:
    total = ir.Constant(_SUM, 0)
    for place, limb in enumerate(limbs):
        total = builder.or_(total, _shifted(builder, builder.zext(limb, _SUM), place))
    return total


def _limb(builder: Any, value: Any, place: int) -> Any:
    return builder.trunc(builder.lshr(value, ir.Constant(value.type, 64 * place)), _LIMB)


def _packed(builder: Any, value: Any) -> Any:
    return cgutils.pack_array(builder, [_limb(builder, value, place) for place in range(3)])


def _product(builder: Any, quantity: list[Any], price: list[Any]) -> Any:
    """Exact 256-bit product of a two-limb number and a one or two-limb number.

    Only a top limb carries a sign. A one-limb price is not negative, so it may be read either way;
    reading it like the limb it meets saves a correction.
    """
    total = ir.Constant(_PRODUCT, 0)
    for i, x in enumerate(quantity):
        for j, y in enumerate(price):
            x_signed = i == 1
            y_signed = j == 1 or (x_signed and len(price) == 1)
            wide_x = (builder.sext if x_signed else builder.zext)(x, _PAIR)
            wide_y = (builder.sext if y_signed else builder.zext)(y, _PAIR)
            extend = builder.sext if x_signed or y_signed else builder.zext
            part = extend(builder.mul(wide_x, wide_y), _PRODUCT)
            total = builder.add(total, _shifted(builder, part, i + j))
    return total


@intrinsic
def _multiply_add(typingctx: Any, total: Any, seen: Any, quantity: Any, price: Any) -> Any:
    """``(total + quantity * price, seen | magnitude)``: modulo 2**192, with what proves it exact.

    The magnitude of a product is its third limb with the sign folded away (``x ^ 2x`` has no bit
    above the highest that differs from the sign, plus one): with ``m`` significant bits the product
    is at most 2**(128 + m). It is all ones where the product exceeds 192 bits.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, seen, *factors = args
        limbs = [cgutils.unpack_tuple(builder, factor) for factor in factors]
        product = _product(builder, *limbs)
        kept = builder.trunc(product, _SUM)
        result = builder.add(_joined(builder, cgutils.unpack_tuple(builder, total)), kept)
        top = _limb(builder, kept, 2)
        magnitude = builder.xor(top, builder.add(top, top))
        if len(limbs[1]) == 2:
            fits = builder.icmp_signed("==", builder.sext(kept, _PRODUCT), product)
            magnitude = builder.select(fits, magnitude, ir.Constant(_LIMB, -1))
        return cgutils.pack_struct(builder, [_packed(builder, result), builder.or_(seen, magnitude)])

    return types.Tuple([_SUM_TYPE, types.int64])(total, seen, quantity, price), generate


@intrinsic
def _add(typingctx: Any, a: Any, b: Any) -> Any:
    """Sum of two three-limb numbers, modulo 2**192."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, y = (_joined(builder, cgutils.unpack_tuple(builder, arg)) for arg in args)
        return _packed(builder, builder.add(x, y))

    return _SUM_TYPE(a, b), generate


def _number(column: Any, row: Any) -> Any:
    """The limbs of one value of an int64 or a (low, high) column; exists in compiled code only."""


@overload(_number, inline="always", strict=False)
def _compiled_number(column: Any, row: Any) -> Any:
    if isinstance(column.dtype, types.Record):
        return lambda column, row: (column[row].low, column[row].high)
    return lambda column, row: (column[row],)


@njit(cache=True, nogil=True, inline="always")
def _get(sums: Any, node: Any) -> Any:
    return sums[node, 0], sums[node, 1], sums[node, 2]


@njit(cache=True, nogil=True, inline="always")
def _put(sums: Any, node: Any, value: Any) -> None:
    sums[node, 0], sums[node, 1], sums[node, 2] = value


@njit(cache=True, nogil=True)
def sum_rows(quantities: Any, prices: Any, nodes: Any, start: Any, stop: Any, sums: Any, state: Any) -> None:
    """Add ``quantity * price`` of rows ``start`` to ``stop`` to the sum of each row's node.

    ``sums`` (nodes, 3) may come uninitialised: the touched range LOW to HIGH grows as rows name
    nodes outside it and is zeroed as it grows, so rows sorted by node touch a short range once.
    ``state`` also receives the MAGNITUDE of the products, the SIGNS of the prices (negative if one
    of them is) and BAD_ROW, the first row whose node is not in the tree, or -1.

    The inner loop of a run (rows of one node) decides the speed, and it pays for every register and
    branch. Hence the bounds live in ``state``, indices are unsigned, and only the last run watches
    the end: the ones before it end where the node changes.
    """
    state[LOW], state[HIGH], state[BAD_ROW] = 0, -1, -1
    seen, signs = np.int64(0), np.int64(0)
    row, end = np.uint64(start), np.uint64(stop)
    tail = end
    while tail > row and nodes[tail - np.uint64(1)] == nodes[end - np.uint64(1)]:
        tail -= np.uint64(1)
    while row < end:
        here = nodes[row]
        node = np.int64(here)
        if node < 0 or node >= sums.shape[0]:
            state[BAD_ROW] = np.int64(row)
            break
        if state[HIGH] < state[LOW]:
            state[LOW], state[HIGH] = node, node - 1
        while state[HIGH] < node:
            state[HIGH] += 1
            _put(sums, state[HIGH], ZERO)
        while state[LOW] > node:
            state[LOW] -= 1
            _put(sums, state[LOW], ZERO)
        running = _get(sums, node)
        if row < tail:
            while True:
                price = _number(prices, row)
                running, seen = _multiply_add(running, seen, _number(quantities, row), price)
                signs |= price[-1]
                row += np.uint64(1)
                if nodes[row] != here:
                    break
        else:
            while row < end:
                price = _number(prices, row)
                running, seen = _multiply_add(running, seen, _number(quantities, row), price)
                signs |= price[-1]
                row += np.uint64(1)
        _put(sums, node, running)
    state[MAGNITUDE], state[SIGNS] = seen, signs


@njit(cache=True, nogil=True)
def merge(sums: Any, part: Any, low: Any, high: Any) -> None:
    """Add nodes ``low`` to ``high``, both included, of one thread's sums to the whole."""
    for node in range(low, high + 1):
        _put(sums, node, _add(_get(sums, node), _get(part, node)))


@njit(cache=True, nogil=True)
def roll_up(sums: Any, parents: Any) -> Any:
    """Add each node to its parent, leaves first; the first node with a bad parent, or -1."""
    bad = -1
    for node in range(parents.size - 1, -1, -1):
        parent = parents[node]
        if parent >= node or parent < -1:
            bad = node
        elif parent >= 0:
            _put(sums, parent, _add(_get(sums, parent), _get(sums, node)))
    return bad
