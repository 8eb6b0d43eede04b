"""Lots of one pair in Python's unbounded integers: the reference of the compiled kernels.

It serves small inputs, where loading the kernels would cost more than it saves, and the pairs whose
numbers the kernels cannot prove to fit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from truenav.calc.ledger.lots import Method


def match(
    quantities: list[int], prices: list[int], method: Method
) -> tuple[list[int], list[tuple[int, int, int]]]:
    """Profits of the fills of a pair; the lots left as row, quantity and value."""
    waiting = _WAITING[method]()
    left, profits, side = [0] * len(quantities), [0] * len(quantities), 0
    for row, (quantity, price) in enumerate(zip(quantities, prices, strict=True)):
        size, profit = abs(quantity), 0
        if quantity * side < 0:
            while size and waiting:
                lot = waiting.first()
                taken = min(size, left[lot])
                profit += taken * (price - prices[lot])
                size -= taken
                left[lot] -= taken
                if not left[lot]:
                    waiting.drop()
            profits[row] = profit if side > 0 else -profit
        if size:
            left[row], side = size, 1 if quantity > 0 else -1
            waiting.add(row, price * side)
    lots = [(row, size * side, size * prices[row]) for row, size in enumerate(left) if size]
    return profits, lots


class _Oldest:
    """Lots that wait to be closed, the oldest first."""

    def __init__(self) -> None:
        self.lots: deque[int] = deque()

    def __bool__(self) -> bool:
        return bool(self.lots)

    def first(self) -> int:
        return self.lots[0]

    def drop(self) -> None:
        self.lots.popleft()

    def add(self, lot: int, worth: int) -> None:
        self.lots.append(lot)


class _Newest(_Oldest):
    """The newest first."""

    def first(self) -> int:
        return self.lots[-1]

    def drop(self) -> None:
        self.lots.pop()


class _Worst:
    """The one that gains least first, of equals the oldest; ``worth`` is the price, negative when short."""

    def __init__(self) -> None:
        self.lots: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self.lots)

    def first(self) -> int:
        return self.lots[0][1]

    def drop(self) -> None:
        heappop(self.lots)

    def add(self, lot: int, worth: int) -> None:
        heappush(self.lots, (-worth, lot))


_WAITING: dict[Method, Callable[[], _Oldest | _Worst]] = {
    Method.FIFO: _Oldest,
    Method.LIFO: _Newest,
    Method.HIFO: _Worst,
}


def average(
    quantities: list[int], prices: list[int], exponent: int
) -> tuple[list[int], list[tuple[int, int, int]]]:
    """The same at average cost; values have ``exponent`` digits less than ``quantity * price``."""
    multiply, divide = (1, 10**exponent) if exponent >= 0 else (10**-exponent, 1)
    held = cost = opened = 0
    profits = [0] * len(quantities)
    for row, (quantity, price) in enumerate(zip(quantities, prices, strict=True)):
        size = abs(quantity)
        value = _half_even(size * price * multiply, divide)
        if quantity * held < 0:
            closed = min(size, abs(held))
            received = _half_even(closed * price * multiply, divide)
            given = _half_even(cost * closed, abs(held))
            profits[row] = received - given if held > 0 else given - received
            cost, value, size = cost - given, value - received, size - closed
            held += closed if quantity > 0 else -closed
        if size:
            opened = opened if held else row
            held, cost = held + (size if quantity > 0 else -size), cost + value
    return profits, [(opened, held, cost)] if held else []


def _half_even(numerator: int, denominator: int) -> int:
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))
