"""Recording facts batch after batch; the next is prepared while the database takes in the present one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import polars as pl

from truenav.core.clock import as_utc
from truenav.store.database import Session
from truenav.store.segments import Segments
from truenav.store.staging import Batch, Conflict, append_batch, prepare_batch


def record(
    session: Session,
    segments: Segments,
    frame_of: Callable[[slice], pl.DataFrame],
    batches: Sequence[slice],
    recorded_at: datetime,
) -> tuple[int, list[Conflict]]:
    """Append the frames (`frames.SCHEMA`) of these batches of rows.

    Gives how many facts were new, and what was refused.
    """
    moment = as_utc(recorded_at, what="recorded_at")
    appended = 0
    conflicts: list[Conflict] = []

    def batch(rows: slice) -> Batch:
        return prepare_batch(frame_of(rows))

    if len(batches) == 1:  # nothing to prepare meanwhile, so no thread for it
        return append_batch(session, segments, batch(batches[0]), moment)
    with ThreadPoolExecutor(1, "journal") as ahead:
        coming = ahead.submit(batch, batches[0]) if batches else None
        for number in range(len(batches)):
            assert coming is not None
            present = coming.result()
            later = batches[number + 1 : number + 2]
            coming = ahead.submit(batch, later[0]) if later else None
            added, refused = append_batch(session, segments, present, moment)
            appended += added
            conflicts += refused
    return appended, conflicts
