"""Turns for what takes seconds to compute: a few at once, so that the server goes on answering the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from truenav.app.http.load import OverloadedError

AT_ONCE = 2

_TURNS = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """One of the turns; `OverloadedError` where all are taken.

    Nobody waits for one: who waits holds a thread and a connection, of which others have need.
    """
    if not _TURNS.acquire(blocking=False):
        raise OverloadedError(
            "The server is replaying as much as it can at once; try again in some seconds, or ask for less."
        )
    try:
        yield
    finally:
        _TURNS.release()
