"""Executors of one machine; each gives ``[function(item) for item in items]``, errors included."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class InProcess:
    """Runs where it is called, one item after the other."""

    def map(self, function: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """``[function(item) for item in items]``."""
        return [function(item) for item in items]


class ProcessPool:
    """Runs on several cores; ``function`` is one of a module's top level, items and results can be pickled.

    A context manager: the processes end with the block. ``workers`` None: one for each core.
    """

    def __init__(self, workers: int | None = None) -> None:
        # Forking a process that has threads (a worker, a server) could copy locks that are held.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, mp_context=context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map(self, function: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """``[function(item) for item in items]``; the first error, in the order of the items, is raised."""
        return list(self._pool.map(function, items))
