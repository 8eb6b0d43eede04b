"""The rows of a pivot as they change: what differs from what was sent, in small batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from truenav.app.explore.rows import ExploreRow
from truenav.core.clock import instant_text

BATCH_ROWS = 50
"""Most rows of one event; four events a second make 200 rows."""


@dataclass(slots=True)
class RowBoard:
    """What one reader was sent, and what is still to be sent: the latest of each row, never a backlog."""

    masks: Collection[str]
    sent: dict[str, ExploreRow] = field(default_factory=dict)
    waiting: dict[str, ExploreRow | None] = field(default_factory=dict)

    def start(self, rows: Iterable[ExploreRow]) -> None:
        """Take these as known to the reader."""
        self.sent = {row.id: row for row in rows}

    def update(self, rows: Iterable[ExploreRow]) -> None:
        """Note what differs now; a row that is gone waits as None."""
        present = {row.id: row for row in rows}
        for id, row in present.items():
            if self.sent.get(id) != row:
                self.waiting[id] = row
            else:
                self.waiting.pop(id, None)
        for id in self.sent.keys() - present.keys():
            self.waiting[id] = None

    def take(self, limit: int = BATCH_ROWS) -> Mapping[str, Any] | None:
        """The next batch as JSON data, None where nothing waits."""
        if not self.waiting:
            return None
        batch = dict(list(self.waiting.items())[:limit])
        changed, removed = [], []
        for id, row in batch.items():
            del self.waiting[id]
            if row is None:
                self.sent.pop(id, None)
                removed.append(id)
            else:
                self.sent[id] = row
                changed.append(_data(row, self.masks))
        return {"rows": changed, "removed": removed}


def _data(row: ExploreRow, masks: Collection[str]) -> dict[str, Any]:
    shown = row.shown(masks)
    return {**shown, "time": None if row.time is None else instant_text(row.time)}
