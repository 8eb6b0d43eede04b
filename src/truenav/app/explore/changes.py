"""The rows of a pivot as they change: what differs from what was sent, in small batches."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from truenav.app.explore.rows import Difference, ExploreRow, Rows, hidden_columns
from truenav.app.sight import Sight
from truenav.calc.nav.valuation import Valuation
from truenav.core.clock import instant_text

BATCH_ROWS = 50
"""Most rows of one event; four events a second make 200 rows."""

STEPS_KEPT = 64
"""A reader that did not look for so many valuations reads all rows anew."""

TEXTS_KEPT = 10_000


class LiveRows:
    """The rows of one fund and what changed from each valuation to the next, for all who look.

    ``text`` is `row_text`, written once for all readers who see the same of a row. Safe to use from many
    threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Kept here, so that nothing of a tenant outlives its rows.
        self.text = lru_cache(TEXTS_KEPT)(row_text)
        self._valuation: Valuation | None = None
        self._rows: Rows | None = None
        self._steps: deque[Mapping[str, Difference]] = deque(maxlen=STEPS_KEPT)
        self._step = 0

    def follow(self, valuation: Valuation) -> Rows:
        """The rows of a valuation, made once; a valuation older than the last one changes nothing."""
        with self._lock:
            before = self._rows
            if before is not None and (valuation is self._valuation or valuation.inputs.as_of < before.as_of):
                return before
            self._valuation, self._rows = valuation, Rows.of(valuation, before)
            if before is not None:
                self._steps.append(self._rows.differences(before))
                self._step += 1
            return self._rows

    @property
    def step(self) -> int:
        """Where a reader who reads all rows now goes on from."""
        return self._step

    def since(self, step: int) -> tuple[int, list[Mapping[str, Difference]] | None]:
        """The present step, and what changed after an earlier one; None where that is too long ago."""
        with self._lock:
            missed = self._step - step
            if missed > len(self._steps):
                return self._step, None
            return self._step, [self._steps[place] for place in range(-missed, 0)]


@dataclass(slots=True)
class RowBoard:
    """What is still to be sent to one reader: the latest of each row, never a backlog."""

    rows: LiveRows
    masks: Collection[str]
    sight: Sight
    waiting: dict[str, Difference] = field(default_factory=dict)

    def update(self, changes: Iterable[Mapping[str, Difference]]) -> None:
        """Note what changed, as far as the reader sees it."""
        for changed in changes:
            for id, (old, new) in changed.items():
                sent = self.waiting[id][0] if id in self.waiting else self._seen(old)
                present = self._seen(new)
                if sent == present:
                    self.waiting.pop(id, None)
                else:
                    self.waiting[id] = (sent, present)

    def take(self, limit: int = BATCH_ROWS) -> str | None:
        """The next batch as JSON, None where nothing waits."""
        if not self.waiting:
            return None
        batch = list(islice(self.waiting.items(), limit))
        for id, _ in batch:
            del self.waiting[id]
        hidden = hidden_columns(self.masks)
        changed = ",".join(self.rows.text(row, hidden) for _, (_, row) in batch if row is not None)
        removed = json.dumps([id for id, (_, row) in batch if row is None])
        return f'{{"rows":[{changed}],"removed":{removed}}}'

    def _seen(self, row: ExploreRow | None) -> ExploreRow | None:
        return row if row is not None and self.sight.sees(row.node) else None


def row_text(row: ExploreRow, hidden: tuple[str, ...]) -> str:
    """One row as JSON, without its hidden columns."""
    shown = row.shown(hidden)
    time = None if row.time is None else instant_text(row.time)
    return json.dumps({**shown, "time": time}, separators=(",", ":"))
