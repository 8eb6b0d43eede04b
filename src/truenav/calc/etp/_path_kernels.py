"""`truenav.calc.etp.running` compiled for floats, as it stands: there is no second text of the rules.

Every plain function of `stepping` and `running` is compiled along with what calls it. Nothing is reordered or
fused, so that the results are those of the same functions on Python's floats, bit by bit.

Compiled code is cached by the file that defines it, and by what it closes over. So the entries close over the
hash of both texts: another text is another entry, and an older one is never served for it. The kernels do not
hold the interpreter's lock, so plain threads run them side by side.
"""

# numba decorators are untyped
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from numba import njit
from numba.extending import register_jitable

from truenav.calc.etp import running, stepping

_MODULES = (stepping, running)
_WHOLE = running.BLOCK


def sources(modules: tuple[ModuleType, ...] = _MODULES) -> str:
    """The hash of the modules' texts."""
    return hashlib.sha256("\0".join(inspect.getsource(module) for module in modules).encode()).hexdigest()


def _register(module: ModuleType) -> None:
    """Let compiled code call all plain functions of a module."""
    for function in vars(module).values():
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            register_jitable(function)


def _entries(text: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`running.run` and `running.summary`, compiled for one text of the modules."""

    @njit(cache=True, nogil=True, error_model="numpy")
    def run(
        marks: Any,
        start: Any,
        end: Any,
        stops: Any,
        first_stop: Any,
        limits: Any,
        rearm: Any,
        state: Any,
        seen: Any,
        events: Any,
        first_event: Any,
    ) -> Any:
        _ = text
        return running.run(
            marks, start, end, stops, first_stop, limits, rearm, state, seen, events, first_event
        )

    @njit(cache=True, nogil=True, error_model="numpy")
    def summary(marks: Any, stops: Any, events: Any, rows: Any, published: Any) -> Any:
        _ = text
        return running.summary(marks, stops, events, rows, published)

    return run, summary


for _module in _MODULES:
    _register(_module)

run, summary = _entries(sources())


def _block_entry(block: int) -> Callable[..., Any]:
    @njit(cache=True, nogil=True)
    def block_extremes(prices: Any, lows: Any, highs: Any) -> None:
        """The lowest and the highest price of each block, from the bits of floats (as int64).

        Positive floats are in the order of their bits; zero, negative ones, infinity and NaN lie outside.
        """
        whole = prices.size // block
        for row in range(whole):
            low = high = prices[row * block]
            for place in range(row * block, row * block + block):
                low, high = min(low, prices[place]), max(high, prices[place])
            lows[row], highs[row] = low, high
        for place in range(whole * block, prices.size):
            first = place == whole * block
            lows[whole] = prices[place] if first else min(lows[whole], prices[place])
            highs[whole] = prices[place] if first else max(highs[whole], prices[place])

    return block_extremes


block_extremes = _block_entry(_WHOLE)

__all__ = ["block_extremes", "run", "sources", "summary"]
