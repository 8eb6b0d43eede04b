"""What was read before and cannot have changed: it need not be read and decoded again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Recall:
    """Values by keys that name their content for good, such as a hash.

    One reading has one, made from that of the reading before; what a reading did not ask for is forgotten
    with the next. Not for several threads at once.
    """

    def __init__(self, before: Self | None = None) -> None:
        self._before: dict[Hashable, Any] = {} if before is None else before._present
        self._present: dict[Hashable, Any] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._present or key in self._before

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made only where neither this reading nor the one before had it."""
        if key not in self._present:
            self._present[key] = self._before[key] if key in self._before else make()
        value: T = self._present[key]
        return value
