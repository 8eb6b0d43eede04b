"""Bulk statements as Parquet files: immutable, named by the hash of their rows, never of their bytes.

The address of a segment is the SHA-256 of its statements as JSON Lines, so it does not change with the
Parquet library. A file that no committed transaction registered is an orphan: harmless, and collected later.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

import polars as pl
from sqlalchemy import select

from truenav.core.failure import NotFoundError
from truenav.core.ids import Sha256, TenantId
from truenav.store.database import Session
from truenav.store.objects import ObjectMissingError, ObjectName, ObjectStore
from truenav.store.tables import segment

_COLUMNS = ("statement", "occurred_at", "source", "account", "subject")


class SegmentMissingError(NotFoundError):
    """A registered segment is not where it should be."""

    code = "segment-missing"


@dataclass(frozen=True, slots=True)
class SegmentDraft:
    """A segment that is not on disk yet."""

    kind: str
    hash: Sha256
    rows: int
    data: memoryview


class Segments:
    """Segments of one tenant: ``segments/<tenant>/<kind>/`` of an object store."""

    def __init__(self, objects: ObjectStore, tenant: TenantId | str) -> None:
        self._objects = objects
        self._tenant = TenantId(tenant)

    def write(self, draft: SegmentDraft) -> None:
        """Keep a segment durably, before the transaction that registers it can commit."""
        self._objects.put(segment_name(self._tenant, draft.kind, draft.hash), draft.data)

    def read(self, kind: str, name: Sha256, rows: list[int]) -> list[str]:
        """The statements in some rows of a segment; each still has to be checked against its hash."""
        return self.statements(kind, name).gather(rows).to_list()

    def statements(self, kind: str, name: Sha256) -> pl.Series:
        """Every statement of a segment, in its order."""
        try:
            data = self._objects.get(segment_name(self._tenant, kind, name))
        except ObjectMissingError as error:
            raise SegmentMissingError(
                f"The segment {name} of {kind} is not in the archive. Restore it from a backup."
            ) from error
        return pl.read_parquet(io.BytesIO(data), columns=["statement"])["statement"]

    def collect_orphans(self, session: Session, *, before: datetime) -> int:
        """Delete files older than ``before`` that no committed transaction refers to; gives how many.

        ``before`` must lie further back than any running import.
        """
        registered = {row.hash.hex() for row in session.execute(select(segment.c.hash))}
        orphans = [
            name
            for name, put_at in self._objects.names("segments", self._tenant)
            if PurePosixPath(name.name).stem not in registered and put_at < before
        ]
        for name in orphans:
            self._objects.delete(name)
        return len(orphans)


def segment_name(tenant: TenantId, kind: str, rows_hash: str) -> ObjectName:
    """Where the segment of a kind whose rows have this hash lies."""
    return ObjectName("segments", tenant, f"{kind}/{rows_hash}.parquet")


def draft_segment(kind: str, rows: pl.DataFrame) -> SegmentDraft:
    """A segment of statements of one kind, in their order; nothing is written yet."""
    buffer = io.BytesIO()
    rows.select(_COLUMNS).write_parquet(buffer, compression="zstd", compression_level=1)
    return SegmentDraft(kind, rows_hash(rows["statement"].to_list()), rows.height, buffer.getbuffer())


def rows_hash(statements: Sequence[str]) -> Sha256:
    """SHA-256 of statements as JSON Lines: a segment's address."""
    digest = hashlib.sha256()
    for start in range(0, len(statements), 4096):
        digest.update(("\n".join(statements[start : start + 4096]) + "\n").encode())
    return Sha256(digest.hexdigest())
