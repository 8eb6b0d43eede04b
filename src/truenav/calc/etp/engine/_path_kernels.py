"""`truenav.calc.etp.engine.many_runs` compiled for floats as it stands: there is no second text of the rules.

Every plain function of `stepping`, `running` and `many_runs` is compiled along with what calls it. Nothing is
reordered or fused, so that the results are those of the same functions on Python's floats, bit by bit.

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

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from truenav.calc.etp.engine import many_runs, running, stepping

_MODULES = (stepping, running, many_runs)


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


def _entry(of: str) -> Callable[..., Any]:
    """`many_runs.run_all`, compiled for one content of the modules."""

    @njit(cache=True, nogil=True, error_model="numpy")
    def run_all(
        marks: Any,
        rows: Any,
        of_runs: Any,
        first_publication: Any,
        plans: Any,
        eras: Any,
        stops: Any,
        nav: Any,
        runs: Any,
        events: Any,
        published: Any,
    ) -> Any:
        _ = of  # so that it is closed over
        return many_runs.run_all(
            marks, rows, of_runs, first_publication, plans, eras, stops, nav, runs, events, published
        )

    return run_all


for _module in _MODULES:
    _register(_module)

run_all = _entry(contents())


def _block_entry(block: int) -> Callable[..., Any]:
    @njit(cache=True, nogil=True)
    def extremes_of_bits(prices: Any, lows: Any, highs: Any) -> None:
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

    return extremes_of_bits


_extremes_of_bits = _block_entry(running.BLOCK)


def block_extremes(prices: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and the highest price of each block of `running.BLOCK` marks, from their bits as integers.

    Positive floats are in the order of their bits; zero, negative ones, infinity and NaN lie outside.
    """
    lows, highs = np.empty((2, -(-prices.size // running.BLOCK)))
    _extremes_of_bits(prices.view(np.int64), lows.view(np.int64), highs.view(np.int64))
    return lows, highs
