"""Executors: one pure function over many items, somewhere.

A function gives the same answer wherever it runs, so the choice of an executor changes how long a result
takes and nothing else. Answers come in the order of the items; an item whose function raised does not stop
the others, its error takes the answer's place.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from os import cpu_count
from threading import Lock
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from truenav.core.failure import InvalidInputError, UnavailableError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)

AHEAD = 2
"""Items that wait for each worker beside the one it has; no more are taken before an answer was."""


class WorkerLostError(UnavailableError):
    """A process that computed ended (killed, or out of memory) before it answered."""

    code = "worker-lost"
    title = "A computing process ended before it answered"


@dataclass(frozen=True, slots=True)
class Done(Generic[Answer]):
    """What became of one item: its answer, or the error that its function raised."""

    answer: Answer | None = None
    error: Exception | None = None

    def result(self) -> Answer:
        """The answer; raises where there is none."""
        if self.error is not None:
            raise self.error
        return self.answer  # type: ignore[return-value]


class Pending(Protocol[Answer_co]):
    """An answer that is being computed, as pools and clusters have it."""

    def result(self) -> Answer_co:
        """The answer, once it is there; raises what the function raised."""

    def cancel(self) -> object:
        """Do not begin, if that is still possible."""


class Executor(Protocol):
    """Something that computes."""

    @property
    def workers(self) -> int:
        """How many items are computed at once."""

    def map(self, function: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Done[Answer]]:
        """What a pure function makes of each item, in their order.

        Items are taken as workers become free, a few ahead, so that a long row need not fit in memory. Who
        stops reading lets those that were begun end, and begins no other.
        """


class InProcess:
    """Threads of this process: for functions that leave the interpreter's lock, as compiled code does.

    With one worker everything happens in the caller's own thread, one item after the other.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = _counted(workers)

    def map(self, function: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Done[Answer]]:
        """See `Executor.map`."""
        if self.workers == 1:
            yield from (_tried(function, item) for item in items)
            return
        with ThreadPoolExecutor(self.workers, "compute") as pool:
            yield from in_order(lambda item: pool.submit(function, item), items, self.workers)


class Processes:
    """Processes of this machine: for functions in plain Python, where exact decimals hold the interpreter.

    Function, items and answers must pickle, so a function stands in a module. The processes start afresh
    (they inherit no thread, lock or connection) and stay until ``close``; one that is lost is replaced.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = _counted(workers)
        self._pool = self._started()
        self._replacing = Lock()

    def map(self, function: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Done[Answer]]:
        """See `Executor.map`. Items that were waiting when a process was lost carry `WorkerLostError`."""

        def submit(item: Item) -> Future[Answer]:
            pool = self._pool
            try:
                return pool.submit(function, item)
            except BrokenProcessPool:
                with self._replacing:
                    if self._pool is pool:
                        self._pool = self._started()
                return self._pool.submit(function, item)

        yield from in_order(submit, items, self.workers, lost=BrokenProcessPool)

    def close(self) -> None:
        """End the processes, once what they have begun is done."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _started(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, multiprocessing.get_context("spawn"))


def _counted(workers: int | None) -> int:
    if workers is not None and workers < 1:
        raise InvalidInputError(f"Work needs at least one worker, not {workers}.", workers=workers)
    return workers or cpu_count() or 1


def _tried(function: Callable[[Item], Answer], item: Item) -> Done[Answer]:
    try:
        return Done(function(item))
    except Exception as error:  # whatever it is, it is the answer to this item
        return Done(error=error)


def in_order(
    submit: Callable[[Item], Pending[Answer]],
    items: Iterable[Item],
    workers: int,
    *,
    lost: type[Exception] | tuple[()] = (),
) -> Iterator[Done[Answer]]:
    """Submit items a few ahead, and give their answers in order; ``lost`` is how a lost worker shows."""
    begun: deque[Pending[Answer]] = deque()
    try:
        for item in items:
            begun.append(submit(item))
            if len(begun) > workers * (1 + AHEAD):
                yield _finished(begun.popleft(), lost)
        while begun:
            yield _finished(begun.popleft(), lost)
    finally:
        for pending in begun:
            pending.cancel()


def _finished(pending: Pending[Answer], lost: type[Exception] | tuple[()]) -> Done[Answer]:
    try:
        return Done(pending.result())
    except lost as error:
        told = WorkerLostError(
            "A process that computed ended before it answered: killed, or out of memory. Try again with "
            "fewer workers or smaller parts."
        )
        told.__cause__ = error
        return Done(error=told)
    except Exception as error:  # whatever it is, it is the answer to this item
        return Done(error=error)
