"""What outer rooms provide to inner ones, as protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from truenav.core.ids import Sha256

A = TypeVar("A")
B = TypeVar("B")


class BlobReader(Protocol):
    """Reads archived payloads by hash."""

    def read(self, sha256: Sha256) -> bytes:
        """The bytes whose SHA-256 this is; their hash is checked on the way out."""
        ...


class Executor(Protocol):
    """Maps a pure function over many inputs, in process or on a cluster, results in input order."""

    def map(self, function: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """``[function(item) for item in items]``, wherever it runs."""
        ...
