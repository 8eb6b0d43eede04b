"""The memory triad, compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba import get_num_threads, njit, prange, set_num_threads


@njit(parallel=True, cache=True)
def triad(a: Any, b: Any, c: Any, s: Any) -> None:
    for i in prange(a.size):
        a[i] = b[i] + s * c[i]


@contextmanager
def with_threads(threads: int | None) -> Iterator[None]:
    """Let parallel kernels use so many threads; ``None`` leaves them all."""
    usual = get_num_threads()
    set_num_threads(threads or usual)
    try:
        yield
    finally:
        set_num_threads(usual)
