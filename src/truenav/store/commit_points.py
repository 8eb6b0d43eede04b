"""Named commit points: the instants at which a killed process is most telling.

Every stage of every state machine passes one. Normally nothing happens there; with ``TRUENAV_KILL_AT=NAME``
the process kills itself as it passes, with ``NAME:3`` as it passes for the third time. Tests kill at every
point and then compare with a run that was not killed.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from truenav.core.failure import InvalidInputError, TruenavError

VARIABLE = "TRUENAV_KILL_AT"

COMMIT_POINTS: Mapping[str, str] = MappingProxyType(
    {
        "gather.archived": "A venue's answers are on disk; nothing is recorded from them yet",
        "gather.part": "A part of a long history is committed, its cursor with it",
        "gather.recorded": "The facts of one connection are committed, its cursors with them",
        "import.archived": "The imported file is on disk; none of its rows is recorded yet",
        "import.recorded": "All rows of the imported file are committed",
        "nav.collected": "A run has what it needs; nothing is calculated yet",
        "nav.calculated": "The result of a run is committed",
        "nav.approved": "The approval of a run is written; its transaction is not committed yet",
        "nav.bundled": "The evidence bundle is on disk; the run is not published yet",
        "nav.published": "The run is published and its trail written; the transaction is not committed yet",
        "orders.intended": "Orders are written down; none of them was sent yet",
        "orders.sent": "A sending is written down with its window; the order is not sent yet",
        "orders.answered": "The venue answered to a sending; its answer is not recorded yet",
        "migrate.applied": "The migrations ran; their transaction is not committed yet",
    }
)

_passed: Counter[str] = Counter()
_counting = threading.Lock()


class UndeclaredCommitPointError(TruenavError):
    """The code passes a point that `COMMIT_POINTS` does not name."""

    code: ClassVar[str] = "undeclared-commit-point"


class KillAtError(InvalidInputError):
    """``TRUENAV_KILL_AT`` names no commit point, or no number of a passing."""

    code = "bad-kill-at"


def commit_point(name: str) -> None:
    """Pass the point ``name``: nothing happens, unless the environment says that the process dies here."""
    if name not in COMMIT_POINTS:
        raise UndeclaredCommitPointError(f"{name!r} is not declared in truenav.store.commit_points.")
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    target, passing = _parse(wanted)
    if name != target:
        return
    with _counting:
        _passed[name] += 1
        if _passed[name] == passing:
            os.kill(os.getpid(), signal.SIGKILL)


def _parse(text: str) -> tuple[str, int]:
    name, _, number = text.partition(":")
    if name not in COMMIT_POINTS or (number and not (number.isdecimal() and int(number) > 0)):
        raise KillAtError(
            f"{VARIABLE}: {text[:60]!r} is not a commit point, or one with a number such as "
            f"'nav.calculated:2'; the points are {', '.join(COMMIT_POINTS)}."
        )
    return name, int(number or 1)
