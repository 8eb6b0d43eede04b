"""Answers that follow from facts, definitions and runs alone: made once, anew when one of them changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from truenav.core.ids import TenantId
from truenav.store.changes import changed_since, snapshot_of
from truenav.store.database import Session

T = TypeVar("T")

LONGEST = timedelta(seconds=30)
"""An answer up to the present instant is made anew after so long, though nothing changed."""


@dataclass(frozen=True, slots=True)
class _Answer:
    snapshot: str
    made_at: datetime
    value: Any


class Remembered:
    """One server's answers of the last half minute. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[tuple[TenantId, Hashable], _Answer] = {}

    def get(
        self, session: Session, tenant: TenantId, name: Hashable, make: Callable[[], T], *, now: datetime
    ) -> T:
        """The answer of that ``name``; ``make`` reads it in the same transaction, which sees one state."""
        known = self._answers.get((tenant, name))
        if known is not None and _is_young(known, now) and not changed_since(session, known.snapshot):
            kept: T = known.value
            return kept
        made = make()
        answer = _Answer(snapshot_of(session), now, made)
        with self._lock:
            young = {key: one for key, one in self._answers.items() if _is_young(one, now)}
            self._answers = {**young, (tenant, name): answer}
        return made


def _is_young(answer: _Answer, now: datetime) -> bool:
    return timedelta(0) <= now - answer.made_at < LONGEST
