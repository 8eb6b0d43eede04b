"""`truenav.calc.etp.engine.running` compiled for floats, as it stands: there is no second text of the rules.

Every plain function of `stepping` and `running` is compiled along with what calls it. Nothing is reordered or
fused, so that the results are those of the same functions on Python's floats, bit by bit.

Compiled code is cached by the file that defines it, and by what it closes over. So the entries close over the
hash of what is compiled, as it was loaded: other functions are another entry, and older ones are never served
for them. The kernels do not hold the interpreter's lock, so plain threads run them side by side.
"""

# numba decorators are untyped
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, TypeGuard

from numba import njit
from numba.extending import register_jitable

from truenav.calc.etp.engine import running, stepping

_MODULES = (stepping, running)


def contents(modules: tuple[ModuleType, ...] = _MODULES) -> str:
    """The hash of the modules' functions, constants and tuples.

    Not of their files, which may be edited after they were loaded.
    """
    return hashlib.sha256(repr([sorted(_parts(module)) for module in modules]).encode()).hexdigest()


def _parts(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name, value in vars(module).items():
        if _is_plain(value, module):
            yield name, repr((_instructions(value.__code__), value.__defaults__))
        elif isinstance(value, int):
            yield name, repr(value)
        elif isinstance(value, type) and issubclass(value, tuple):
            yield name, repr(value._fields)  # type: ignore[attr-defined]


def _instructions(code: CodeType) -> tuple[object, ...]:
    constants = [_instructions(one) if isinstance(one, CodeType) else one for one in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return code.co_code, constants, names


def _is_plain(value: object, module: ModuleType) -> TypeGuard[FunctionType]:
    return inspect.isfunction(value) and value.__module__ == module.__name__


def _register(module: ModuleType) -> None:
    """Let compiled code call all plain functions of a module."""
    for function in list(vars(module).values()):
        if _is_plain(function, module):
            register_jitable(function)


def _entries(of: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`running.run` and `running.summary`, compiled for one content of the modules."""

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
        _ = of  # so that it is closed over
        return running.run(
            marks, start, end, stops, first_stop, limits, rearm, state, seen, events, first_event
        )

    @njit(cache=True, nogil=True, error_model="numpy")
    def summary(marks: Any, stops: Any, events: Any, rows: Any, published: Any) -> Any:
        _ = of  # so that it is closed over
        return running.summary(marks, stops, events, rows, published)

    return run, summary


for _module in _MODULES:
    _register(_module)

run, summary = _entries(contents())


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


block_extremes = _block_entry(running.BLOCK)

__all__ = ["block_extremes", "contents", "run", "summary"]
