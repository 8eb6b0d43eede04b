"""Bulk statements as Parquet files: immutable, named by the hash of their rows, never of their bytes.

The address of a segment is the SHA-256 of its statements as JSON Lines, so it does not change with the
Parquet library. A file that no committed transaction registered is an orphan: harmless, and collected later.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import select

from truenav.core.failure import NotFoundError
from truenav.core.ids import Sha256, TenantId, parse_slug
from truenav.store.database import Session
from truenav.store.files import write_durably
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
    """Segment files of one tenant under ``<data>/segments/<tenant>/<kind>/``."""

    def __init__(self, data_dir: Path, tenant: TenantId | str) -> None:
        self._root = data_dir / "segments" / parse_slug(tenant, what="tenant")

    def write(self, draft: SegmentDraft) -> None:
        """Keep a segment durably, before the transaction that registers it can commit."""
        path = self._path(draft.kind, draft.hash)
        if path.exists():
            os.utime(path)  # in use again: not an orphan for a while
        else:
            write_durably(path, draft.data)

    def read(self, kind: str, name: Sha256, rows: list[int]) -> list[str]:
        """The statements in some rows of a segment; each still has to be checked against its hash."""
        path = self._path(kind, name)
        try:
            column = pl.read_parquet(path, columns=["statement"])["statement"]
        except FileNotFoundError as error:
            raise SegmentMissingError(
                f"The segment {path} is not in the data folder. Restore it from a backup."
            ) from error
        return column.gather(rows).to_list()

    def collect_orphans(self, session: Session, *, before: datetime) -> int:
        """Delete files older than ``before`` that no committed transaction refers to; gives how many.

        ``before`` must lie further back than any running import.
        """
        registered = {row.hash.hex() for row in session.execute(select(segment.c.hash))}
        orphans = [
            path
            for path in self._root.glob("*/*")
            if path.stem not in registered and path.stat().st_mtime < before.timestamp()
        ]
        for path in orphans:
            path.unlink()
        return len(orphans)

    def _path(self, kind: str, name: Sha256) -> Path:
        return self._root / kind / f"{name}.parquet"


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
