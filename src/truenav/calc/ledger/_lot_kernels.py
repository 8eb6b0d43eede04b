"""Compiled kernels of :mod:`truenav.calc.ledger.lots_columns`; `lots_integers` is their reference.

Fills are stored pair after pair, so the lots of a pair fit a small work space that stays in cache, and no
two threads write the same memory. Quantities and prices are 64-bit, values and profits LLVM's own 128-bit
integers: the value of one fill is below 2**126, so its profit cannot wrap. What might not fit (a sum over a
pair, average cost of 2**61) marks the pair as *unproven*, and the caller computes it with unbounded integers.

The kernels do not hold the interpreter's lock, so plain threads run them side by side. The cache of compiled
code is keyed by this file alone, which is why the arithmetic is not shared with other kernels.
"""

# numba offers no types for intrinsics and type constructors
# mypy: disable-error-code="no-untyped-call,call-arg"

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

OLDEST, NEWEST, WORST = range(3)
"""Which lot a closing fill takes first: FIFO, LIFO, HIFO."""

SMALLEST = np.int64(-(2**63))
"""The only quantity that has no magnitude in 64 bits."""

BOUND = np.int64(2**61)
"""Holdings and their cost are proven at average cost while they are below it."""

AHEAD = np.uint64(32)
"""So many rows before one is copied, the memory it goes to is asked for: rows of a pair lie far apart."""

_TWO_64 = 2.0**64
_SURELY_FITS = 2.0**61
_OFF_BY_ONE = 2.0**49

_LIMB, _PAIR = ir.IntType(64), ir.IntType(128)
_WIDE = types.UniTuple(types.int64, 2)


def _joined(builder: Any, low: Any, high: Any) -> Any:
    top = builder.shl(builder.sext(high, _PAIR), ir.Constant(_PAIR, 64))
    return builder.or_(builder.zext(low, _PAIR), top)


def _limbs(builder: Any, value: Any) -> list[Any]:
    high = builder.lshr(value, ir.Constant(_PAIR, 64))
    return [builder.trunc(value, _LIMB), builder.trunc(high, _LIMB)]


@intrinsic
def _multiply_add(typingctx: Any, low: Any, high: Any, a: Any, b: Any) -> Any:
    """``(low, high) + a * b`` modulo 2**128."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        low, high, a, b = args
        product = builder.mul(builder.sext(a, _PAIR), builder.sext(b, _PAIR))
        total = builder.add(_joined(builder, low, high), product)
        return cgutils.pack_array(builder, _limbs(builder, total))

    return _WIDE(types.int64, types.int64, types.int64, types.int64), generate


@intrinsic
def _negated(typingctx: Any, low: Any, high: Any) -> Any:
    """``-(low, high)`` modulo 2**128."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return cgutils.pack_array(builder, _limbs(builder, builder.neg(_joined(builder, *args))))

    return _WIDE(types.int64, types.int64), generate


@intrinsic
def _add(typingctx: Any, low: Any, high: Any, other_low: Any, other_high: Any) -> Any:
    """The sum modulo 2**128, and 1 where that is not the sum."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left, right = _joined(builder, *args[:2]), _joined(builder, *args[2:])
        checked = builder.sadd_with_overflow(left, right)
        wrapped = builder.zext(builder.extract_value(checked, 1), _LIMB)
        limbs = _limbs(builder, builder.extract_value(checked, 0))
        return cgutils.pack_array(builder, [*limbs, wrapped])

    four = (types.int64, types.int64, types.int64, types.int64)
    return types.UniTuple(types.int64, 3)(*four), generate


@intrinsic
def _fetch(typingctx: Any, array: Any, place: Any) -> Any:
    """Ask for the memory of an element that is going to be written; any place will do."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        hint = ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [address.type, hint, hint, hint])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [address.type], shape)
        builder.call(prefetch, [address, hint(1), hint(3), hint(1)])
        return context.get_dummy_value()

    return types.void(array, place), generate


@njit(cache=True, nogil=True, inline="always")
def _profit(low: Any, high: Any, closed: Any, price: Any, side: Any) -> Any:
    """What closing a quantity at a price made, from the value that it was opened at."""
    low, high = _negated(low, high)
    low, high = _multiply_add(low, high, closed, price)
    return _negated(low, high) if side < 0 else (low, high)


@njit(cache=True, nogil=True)
def _match_queue(
    newest: Any, quantities: Any, prices: Any, start: Any, stop: Any, left: Any, rows: Any, profits: Any
) -> Any:
    """Match one pair by FIFO, or LIFO where ``newest``; where the lots left begin and end, and their side.

    ``rows`` and ``left`` are the lots in order of age; that which is closed next is held in ``room`` and
    ``entry``. Whether a fill opens or closes cannot be predicted, so both go the same way: an opening fill
    closes nothing, and a closing one writes a lot that the next fill overwrites.
    """
    head, tail = np.uint64(0), np.uint64(0)
    side, room, entry = np.int64(0), np.int64(0), np.int64(0)
    for row in range(start, stop):
        quantity, price = quantities[row], prices[row]
        size = abs(quantity)
        if size == 0:
            profits[row, 0] = profits[row, 1] = 0
            continue
        if head == tail:
            head = tail = np.uint64(0)
            side, room, entry = quantity, size, price
        opens = (quantity ^ side) >= 0
        rows[tail], left[tail] = row, size
        tail += np.uint64(opens)
        if newest:
            room = size if opens else room
            entry = price if opens else entry
        size = np.int64(0) if opens else size
        closed, was = size, side
        low, high = np.int64(0), np.int64(0)
        while size >= room:
            low, high = _multiply_add(low, high, room, entry)
            size -= room
            if newest:
                tail -= np.uint64(1)
            else:
                head += np.uint64(1)
            if head == tail:
                break
            lot = tail - np.uint64(1) if newest else head
            room, entry = left[lot], prices[rows[lot]]
        if head == tail:
            closed -= size
            if size > 0:
                head, tail = np.uint64(0), np.uint64(1)
                rows[0], left[0] = row, size
                side, room, entry = quantity, size, price
        else:
            low, high = _multiply_add(low, high, size, entry)
            room -= size
            left[tail - np.uint64(1) if newest else head] = room
        profits[row, 0], profits[row, 1] = _profit(low, high, closed, price, was)
    return head, tail, side


@njit(cache=True, nogil=True)
def _split(quantities: Any, start: Any, stop: Any, rows: Any, left: Any, closing: Any, profits: Any) -> Any:
    """The fills that open (``rows``, their sizes ``left``) and those that close, if none turns the position.

    How many there are of each and their side; (0, 0, 0) where a fill turns it, is nothing, or is very large.
    Profits become zero.
    """
    opened, closed = np.uint64(0), np.uint64(0)
    if start == stop:
        return opened, closed, np.int64(0)
    side = quantities[start] >> 63 | np.int64(1)
    held, odd = np.int64(0), False
    for row in range(start, stop):
        quantity = quantities[row]
        profits[row, 0] = profits[row, 1] = 0
        size = abs(quantity)
        held += quantity * side
        odd |= (size == 0) | (size >= BOUND) | (quantity == SMALLEST) | (held < 0) | (held >= BOUND)
        rows[opened], left[opened], closing[closed] = row, size, row
        opens = np.uint64((quantity ^ side) >= 0)
        opened += opens
        closed += np.uint64(1) - opens
    if odd:
        return np.uint64(0), np.uint64(0), np.int64(0)
    return opened, closed, side


@njit(cache=True, nogil=True)
def _merge_oldest(
    quantities: Any,
    prices: Any,
    rows: Any,
    left: Any,
    opened: Any,
    closing: Any,
    closed: Any,
    side: Any,
    profits: Any,
) -> Any:
    """Match fills that are split by FIFO: the first lot that is left, the total, and whether it wrapped.

    As no fill turns the position, the closing ones eat the opening ones in the order of both, whenever that
    was: each step ends a lot, a fill, or both. Which of them cannot be predicted, so both go the same way:
    all is read and written at each step, and only the last time counts.
    """
    one = np.uint64(1)
    rows[opened], left[opened], closing[closed] = rows[0], 0, closing[0]
    head, place = np.uint64(0), np.uint64(0)
    room, size = left[head], abs(quantities[closing[place]])
    low, high = np.int64(0), np.int64(0)
    total_low, total_high, wrapped = np.int64(0), np.int64(0), np.int64(0)
    while place < closed:
        row = closing[place]
        next_room, next_size = left[head + one], abs(quantities[closing[place + one]])
        taken = min(room, size)
        low, high = _multiply_add(low, high, taken, prices[rows[head]])
        profit_low, profit_high = _profit(low, high, abs(quantities[row]), prices[row], side)
        profits[row, 0], profits[row, 1] = profit_low, profit_high
        room -= taken
        size -= taken
        ends, eaten = -np.int64(size == 0), -np.int64(room == 0)
        total_low, total_high, over = _add(total_low, total_high, profit_low & ends, profit_high & ends)
        wrapped |= over
        low, high = low & ~ends, high & ~ends
        size |= next_size & ends
        room |= next_room & eaten
        head = np.uint64(np.int64(head) - eaten)
        place = np.uint64(np.int64(place) - ends)
    left[head] = room
    return head, total_low, total_high, wrapped != 0


@njit(cache=True, nogil=True, inline="always")
def _is_worse(price: Any, lot: Any, other_price: Any, other: Any, side: Any) -> Any:
    """Whether HIFO takes one lot before the other."""
    if price == other_price:
        return lot < other
    return (price > other_price) == (side >= 0)


@njit(cache=True, nogil=True)
def _push(heap: Any, count: Any, lot: Any, prices: Any, start: Any, side: Any) -> None:
    """Add a lot to ``count`` lots."""
    place = count
    price = prices[start + lot]
    while place > 0:
        above = (place - 1) >> 1
        if not _is_worse(price, lot, prices[start + heap[above]], heap[above], side):
            break
        heap[place] = heap[above]
        place = above
    heap[place] = lot


@njit(cache=True, nogil=True)
def _pop(heap: Any, count: Any, prices: Any, start: Any, side: Any) -> None:
    """Remove the first of ``count`` lots."""
    last = count - 1
    lot = heap[last]
    price = prices[start + lot]
    place = 0
    while 2 * place + 1 < last:
        child = 2 * place + 1
        child_price = prices[start + heap[child]]
        if child + 1 < last:
            next_price = prices[start + heap[child + 1]]
            if _is_worse(next_price, heap[child + 1], child_price, heap[child], side):
                child, child_price = child + 1, next_price
        if not _is_worse(child_price, heap[child], price, lot, side):
            break
        heap[place] = heap[child]
        place = child
    heap[place] = lot


@njit(cache=True, nogil=True)
def _match_heap(
    quantities: Any, prices: Any, start: Any, stop: Any, left: Any, rows: Any, profits: Any
) -> Any:
    """The same by HIFO; meanwhile ``rows`` is a heap of lots, which like ``left`` count from ``start``."""
    count, side = np.int64(0), np.int64(0)
    for row in range(start, stop):
        quantity, price = quantities[row], prices[row]
        size = abs(quantity)
        low, high, closed = np.int64(0), np.int64(0), np.int64(0)
        if count > 0 and (quantity ^ side) < 0:
            while size > 0 and count > 0:
                lot = rows[0]
                taken = min(size, left[lot])
                low, high = _multiply_add(low, high, taken, prices[start + lot])
                size -= taken
                closed += taken
                left[lot] -= taken
                if left[lot] == 0:
                    _pop(rows, count, prices, start, side)
                    count -= 1
        profits[row, 0], profits[row, 1] = _profit(low, high, closed, price, side)
        left[row - start] = size
        if size > 0:
            side = quantity
            _push(rows, count, row - start, prices, start, side)
            count += 1
    found = 0
    for lot in range(stop - start):
        if left[lot] > 0:
            rows[found], left[found] = start + lot, left[lot]
            found += 1
    return 0, found, side


@njit(cache=True, nogil=True)
def _total(quantities: Any, profits: Any, start: Any, stop: Any) -> Any:
    """The sum of the profits of a pair, and whether it or a quantity is beyond what is computed exactly."""
    low, high, over, wrapped = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for row in range(start, stop):
        low, high, over = _add(low, high, profits[row, 0], profits[row, 1])
        wrapped |= over | np.int64(quantities[row] == SMALLEST)
    return low, high, wrapped != 0


@njit(cache=True, nogil=True, inline="always")
def _put_lot(lots: Any, place: Any, fill: Any, quantity: Any, low: Any, high: Any) -> None:
    lots[place, 0], lots[place, 1], lots[place, 2] = fill, quantity, quantity >> 63
    lots[place, 3], lots[place, 4] = low, high


@njit(cache=True, nogil=True)
def match_lots(
    order: Any,
    quantities: Any,
    prices: Any,
    starts: Any,
    first: Any,
    last: Any,
    work: Any,
    profits: Any,
    totals: Any,
    lots: Any,
    places: Any,
    counts: Any,
    unproven: Any,
) -> None:
    """Profits of the fills of pairs ``first`` to ``last``, the totals of those pairs, and what is left.

    ``work`` (3, longest pair + 1) is the caller's. ``profits`` and ``totals`` have two limbs. ``lots``
    (fills, 5) receives, close together, ``counts`` lots of each pair from ``places`` on: the opening fill,
    the quantity left (negative when short) and its value in two limbs each. Pairs that are ``unproven`` are
    left out, and those that turn out to be are marked; each has room for as many lots as it has fills.
    """
    left, rows, closing = work[0], work[1], work[2]
    place = starts[first]
    for pair in range(first, last):
        start, stop = np.uint64(starts[pair]), np.uint64(starts[pair + 1])
        places[pair] = place
        if not unproven[pair]:
            if order == WORST:
                head, tail, side = _match_heap(
                    quantities, prices, starts[pair], starts[pair + 1], left, rows, profits
                )
                low, high, wrapped = _total(quantities, profits, start, stop)
            elif order == NEWEST:
                head, tail, side = _match_queue(True, quantities, prices, start, stop, left, rows, profits)
                low, high, wrapped = _total(quantities, profits, start, stop)
            else:
                tail, closed, side = _split(quantities, start, stop, rows, left, closing, profits)
                if side != 0:
                    head, low, high, wrapped = _merge_oldest(
                        quantities, prices, rows, left, tail, closing, closed, side, profits
                    )
                else:
                    head, tail, side = _match_queue(
                        False, quantities, prices, start, stop, left, rows, profits
                    )
                    low, high, wrapped = _total(quantities, profits, start, stop)
            totals[pair, 0], totals[pair, 1], unproven[pair] = low, high, wrapped
        if unproven[pair]:
            place += starts[pair + 1] - starts[pair]
            continue
        counts[pair] = tail - head
        for lot in range(head, tail):
            row, size = rows[lot], left[lot]
            low, high = np.int64(0), np.int64(0)
            low, high = _multiply_add(low, high, size, prices[row])
            _put_lot(lots, place, row, size if side > 0 else -size, low, high)
            place += 1


@njit(cache=True, nogil=True, inline="always")
def _share(a: Any, b: Any, c: Any) -> Any:
    """``a * b / c`` half-even, exact, for ``0 <= a, b`` and ``0 < c <= 2**61``; -1 where it exceeds 2**61.

    A quotient of floats is off by less than 2**-50 of itself, less than a half below 2**49; above it, by less
    than 2**12, which the exact remainder brings down to less than a half. Rounded to an integer it is then
    the result or beside it. The last remainder fits 64 bits and tells.
    """
    inverse = 1.0 / np.float64(c)
    estimate = np.float64(a) * (np.float64(b) * inverse)
    if estimate > _SURELY_FITS:
        return np.int64(-1)
    quotient = np.int64(estimate + 0.5)
    if estimate > _OFF_BY_ONE:
        low, high = np.int64(0), np.int64(0)
        low, high = _multiply_add(low, high, a, b)
        low, high = _multiply_add(low, high, -quotient, c)
        carry = np.int64(low < 0)  # the low limb is read with its sign: a small remainder keeps its digits
        rest = np.float64(high + carry) * _TWO_64 + np.float64(low)
        quotient += np.int64(np.floor(rest * inverse + 0.5))
    twice = 2 * (a * b - quotient * c)
    if abs(twice) >= c:
        odd = quotient & np.int64(1)
        quotient += np.int64(twice > c) | (np.int64(twice == c) & odd)
        quotient -= np.int64(-twice > c) | (np.int64(-twice == c) & odd)
    return quotient


@njit(cache=True, nogil=True, error_model="numpy")
def average(
    divisor: Any,
    quantities: Any,
    prices: Any,
    starts: Any,
    first: Any,
    last: Any,
    profits: Any,
    totals: Any,
    lots: Any,
    places: Any,
    counts: Any,
    unproven: Any,
) -> None:
    """The same at average cost: a value is ``quantity * price / divisor``, half-even; one lot a pair."""
    place = starts[first]
    for pair in range(first, last):
        start, stop = np.uint64(starts[pair]), np.uint64(starts[pair + 1])
        held, cost, opened, side = np.int64(0), np.int64(0), start, np.int64(1)
        total_low, total_high = np.int64(0), np.int64(0)
        proven: Any = not unproven[pair]
        row = start
        while proven and row < stop:
            quantity, price = quantities[row], prices[row]
            size = abs(quantity)
            profit = np.int64(0)
            value = np.int64(-1) if quantity == SMALLEST or price < 0 else _share(size, price, divisor)
            if held > 0 and (quantity ^ side) < 0:
                closed, received = size, value
                if size > held:
                    closed, received = held, _share(held, price, divisor)
                given = _share(cost, closed, held)
                profit = received - given if side > 0 else given - received
                cost -= given
                held -= closed
                if size > closed:
                    opened, side = row, quantity
                    cost, held = value - received, size - closed
            else:
                if held == 0:
                    opened, side = row, quantity
                cost += value
                held += size
            proven = (value >= 0) & (cost >= 0) & (cost < BOUND) & (held >= 0) & (held < BOUND)
            profits[row, 0], profits[row, 1] = profit, profit >> 63
            total_low, total_high, _ = _add(total_low, total_high, profit, profit >> 63)
            row += np.uint64(1)
        totals[pair, 0], totals[pair, 1] = total_low, total_high
        places[pair], counts[pair] = place, np.int64(held > 0)
        if not proven:
            unproven[pair] = True
            place += np.int64(stop - start)
        elif held > 0:
            _put_lot(lots, place, opened, held if side > 0 else -held, cost, np.int64(0))
            place += 1


@njit(cache=True, nogil=True)
def count_rows(pairs: Any, start: Any, stop: Any, counts: Any) -> Any:
    """Count the rows ``start`` to ``stop`` of each pair; the first row of a pair that is none, or -1."""
    for row in range(start, stop):
        pair = np.int64(pairs[row])
        if pair < 0 or pair >= counts.size:
            return row
        counts[pair] += 1
    return -1


@njit(cache=True, nogil=True)
def place_rows(pairs: Any, start: Any, stop: Any, places: Any, quantities: Any, prices: Any, out: Any) -> Any:
    """Copy rows to the next of the ``places`` of their pair: quantity and price to ``out`` (2, fills).

    Quantities and prices have one limb or two, shape (fills, limbs); whether all of them fit one.
    """
    wide_quantities, wide_prices = quantities.shape[1] == 2, prices.shape[1] == 2
    lost, fills, last = np.int64(0), np.uint64(out.shape[1]), np.uint64(stop) - np.uint64(1)
    for row in range(np.uint64(start), np.uint64(stop)):
        ahead = np.uint64(places[np.uint64(pairs[min(row + AHEAD, last)])])
        _fetch(out, ahead)
        _fetch(out, fills + ahead)
        pair = np.uint64(pairs[row])
        place = np.uint64(places[pair])
        places[pair] = place + np.uint64(1)
        quantity, price = quantities[row, 0], prices[row, 0]
        out[0, place], out[1, place] = quantity, price
        if wide_quantities:
            lost |= quantities[row, 1] ^ (quantity >> 63)
        if wide_prices:
            lost |= prices[row, 1] ^ (price >> 63)
    return lost == 0
