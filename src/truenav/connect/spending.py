"""What was spent of a venue's budgets: by this process alone, or by all processes of this machine.

A venue counts by the address that asks, so every process behind one address must count together. They
do so in a folder: a small file for each budget, locked while it is read and written. Who has several machines
behind one address lets them share the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from truenav.connect.contract import Budget

Seconds = Callable[[], float]
SLICES = 50
"""A shared window is kept in so many slices; one counts until the whole of it has passed."""

_SLICES = msgspec.json.Decoder(dict[float, int])
_RESTS = msgspec.json.Decoder(dict[str, float])
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Rest:
    """For how many seconds more nobody asks: the venue asked for patience, or banned us."""

    paused: float = 0.0
    banned: float = 0.0


class Spending(Protocol):
    """One venue's budgets, as far as they are used."""

    def take(self, budget: Budget, scope: str, weight: int) -> float:
        """Spend ``weight``; 0 when it was taken, else the seconds after which to try again.

        The weight of any ``budget.seconds`` in a row never exceeds ``budget.weight``, but for one request
        heavier than the whole budget. ``scope`` parts the keys of a budget that is counted by key.
        """
        ...

    def used(self, budget: Budget, scope: str) -> int:
        """The weight that was spent in the last ``budget.seconds``."""
        ...

    def rest(self, seconds: float, *, banned: bool = False) -> None:
        """Nobody asks for so long from now; never shortens a rest that was longer."""
        ...

    def resting(self) -> Rest:
        """How long nobody asks from now."""
        ...


@dataclass(slots=True)
class _Window:
    """What was spent in the last seconds of one budget."""

    spent: deque[tuple[float, int]] = field(default_factory=deque)
    used: int = 0


@dataclass(slots=True)
class OwnSpending:
    """Kept in memory, for one process. ``now`` is any clock of seconds that does not go back."""

    now: Seconds
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _paused_until: float = 0.0
    _banned_until: float = 0.0

    def take(self, budget: Budget, scope: str, weight: int) -> float:
        """As ``Spending.take``, exact to the request."""
        window, now = self._window(budget, scope), self.now()
        if window.spent and window.used + weight > budget.weight:
            return window.spent[0][0] + budget.seconds - now
        window.spent.append((now, weight))
        window.used += weight
        return 0.0

    def used(self, budget: Budget, scope: str) -> int:
        """As ``Spending.used``."""
        return self._window(budget, scope).used

    def _window(self, budget: Budget, scope: str) -> _Window:
        """The window without what has passed out of it."""
        window = self._windows.setdefault((budget.name, scope), _Window())
        passed = self.now() - budget.seconds
        while window.spent and window.spent[0][0] <= passed:
            window.used -= window.spent.popleft()[1]
        return window

    def rest(self, seconds: float, *, banned: bool = False) -> None:
        """As ``Spending.rest``."""
        until = self.now() + seconds
        if banned:
            self._banned_until = max(self._banned_until, until)
        else:
            self._paused_until = max(self._paused_until, until)

    def resting(self) -> Rest:
        """As ``Spending.resting``."""
        now = self.now()
        return Rest(max(0.0, self._paused_until - now), max(0.0, self._banned_until - now))


@dataclass(slots=True)
class SharedSpending:
    """Kept in a folder of a venue, for all processes that share it. A file that cannot be read starts anew.

    Times are seconds since 1970, which processes of one machine share; what lies in the future, after the
    clock was set back, is forgotten.
    """

    folder: Path
    now: Seconds = time.time

    def take(self, budget: Budget, scope: str, weight: int) -> float:
        """As ``Spending.take``, a slice of the window late."""
        slice_seconds = budget.seconds / SLICES
        with _Locked(self._file(budget.name, scope)) as file:
            now = self.now()
            spent = _still_spent(file.read(_SLICES), budget, now)
            if spent and sum(spent.values()) + weight > budget.weight:
                return min(spent) - now
            until = (now // slice_seconds + 1) * slice_seconds + budget.seconds
            file.write({**spent, until: spent.get(until, 0) + weight})
            return 0.0

    def used(self, budget: Budget, scope: str) -> int:
        """As ``Spending.used``, a slice of the window late."""
        with _Locked(self._file(budget.name, scope)) as file:
            return sum(_still_spent(file.read(_SLICES), budget, self.now()).values())

    def rest(self, seconds: float, *, banned: bool = False) -> None:
        """As ``Spending.rest``."""
        name = "banned" if banned else "paused"
        with _Locked(self.folder / "rest") as file:
            known, now = file.read(_RESTS), self.now()
            until = now + max(_left(known, name, now), seconds)
            file.write({**known, name: until, f"{name} since": now})

    def resting(self) -> Rest:
        """As ``Spending.resting``."""
        if not (self.folder / "rest").exists():
            return Rest()
        with _Locked(self.folder / "rest") as file:
            known, now = file.read(_RESTS), self.now()
        return Rest(_left(known, "paused", now), _left(known, "banned", now))

    def _file(self, budget: str, scope: str) -> Path:
        return self.folder / hashlib.sha256(f"{budget}\0{scope}".encode()).hexdigest()[:32]


def _left(rests: Mapping[str, float], name: str, now: float) -> float:
    """Seconds that a rest lasts; one that began in the future, before the clock was set back, is over."""
    begun = rests.get(f"{name} since", 0.0) <= now
    return max(0.0, rests.get(name, 0.0) - now) if begun else 0.0


def _still_spent(slices: Mapping[float, int], budget: Budget, now: float) -> dict[float, int]:
    """The slices that count; what lies in the future, after the clock was set back, does not."""
    latest = now + budget.seconds + budget.seconds / SLICES
    return {until: used for until, used in slices.items() if now < until <= latest}


class _Locked:
    """A small file of numbers by key that one process at a time reads and writes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Locked:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self._file = os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, flags, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)  # which gives up the lock

    def read(self, form: msgspec.json.Decoder[dict[K, V]]) -> dict[K, V]:
        """What the file holds; nothing where that cannot be read."""
        with suppress(ValueError, msgspec.ValidationError):
            return form.decode(os.pread(self._file, 1 << 20, 0))
        return {}

    def write(self, numbers: Mapping[K, V]) -> None:
        """Replace what the file holds."""
        data = msgspec.json.encode(numbers)
        os.pwrite(self._file, data, 0)
        os.ftruncate(self._file, len(data))
