"""A Dask cluster as an executor, for when one machine is not enough.

Needs the optional dependency ``truenav[cluster]``, here and on the workers, in the same version. Functions
and items travel as pickles, so whoever reaches the scheduler can run code: a cluster belongs on a network of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from truenav.compute.executor import Answer, Done, Item, in_order
from truenav.core.failure import UnavailableError


class ClusterUnavailableError(UnavailableError):
    """There is no Dask here, or no scheduler answers at the address."""

    code = "cluster-unavailable"
    title = "The computing cluster does not answer"


class Cluster:
    """The workers of the Dask scheduler at an address such as ``tcp://10.0.0.5:8786``."""

    def __init__(self, address: str, *, timeout_seconds: float = 10) -> None:
        try:
            import distributed
        except ImportError as error:
            raise ClusterUnavailableError(
                "This installation has no Dask; install truenav[cluster] to compute on a cluster."
            ) from error
        try:
            self._client: Any = distributed.Client(address, timeout=timeout_seconds, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterUnavailableError(
                f"No scheduler answers at {address!r}; check the address and that it runs.", address=address
            ) from error
        self._lost: type[Exception] = distributed.KilledWorker

    @property
    def workers(self) -> int:
        """Threads of all workers that are there now; one, while the first is still to come."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def map(self, function: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Done[Answer]]:
        """See `truenav.compute.executor.Executor.map`.

        Dask computes again what a lost worker had begun. An item that takes several workers down carries
        `WorkerLostError`, and so may those that were on them.
        """

        def submit(item: Item) -> Any:
            return self._client.submit(function, item, pure=False)

        yield from in_order(submit, items, self.workers, lost=self._lost)

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
