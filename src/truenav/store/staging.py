"""How a batch of facts enters the journal: COPY into a temporary table, then one INSERT that the rules judge.

PostgreSQL refuses COPY into a table with row-level security, hence the temporary table.
Binary COPY: https://www.postgresql.org/docs/current/sql-copy.html.
"""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as insert_series
from sqlalchemy.exc import IntegrityError

from truenav.core.canonical import canonical_json
from truenav.core.ids import Sha256
from truenav.store import issues
from truenav.store.database import Session, driver
from truenav.store.segments import SegmentDraft, Segments, draft_segment
from truenav.store.tables import segment, series

SEGMENT_MINIMUM = 1_000
"""From this many facts of one kind in one batch, statements go to a segment (decision 0001)."""

ISSUE_KIND = "fact_conflict"

_SERIES = ["kind", "source", "account", "subject"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A fact that was refused: who stated it, its content hash, and the recorded fact that stands."""

    source: str
    account: str
    kind: str
    content_hash: Sha256
    standing: Sha256 | None
    reason: str
    statement: str


_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS fact_stage (
    content_hash bytea, slot uuid, series_number integer, occurred_at timestamptz, evidence bytea,
    segment_number integer, segment_row integer, row integer, supersedes bytea, statement text
) ON COMMIT DELETE ROWS
"""

_HASH, _UUID, _INTEGER, _INSTANT = "(32,)u1", "(16,)u1", ">i4", ">i8"
_FIXED_COLUMNS = {
    "content_hash": _HASH,
    "slot": _UUID,
    "series_number": _INTEGER,
    "occurred_at": _INSTANT,
    "evidence": _HASH,
    "segment_number": _INTEGER,
    "segment_row": _INTEGER,
    "row": _INTEGER,
}
"""The columns that a fact of a bulk kind fills, and how binary COPY writes them."""

_BINARY_ROW = np.dtype(
    [("fields", ">i2")]
    + [part for name, kind in _FIXED_COLUMNS.items() for part in ((f"{name} width", ">i4"), (name, kind))]
)
_BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_BINARY_TRAILER = b"\xff\xff"
_POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01, from which PostgreSQL counts, in microseconds of the Unix epoch."""

_COPY_BINARY = f"COPY pg_temp.fact_stage ({', '.join(_FIXED_COLUMNS)}) FROM STDIN (FORMAT binary)"
_COPY_TEXT = r"COPY pg_temp.fact_stage FROM STDIN (FORMAT csv, NULL '\N')"

_INSERT = """
INSERT INTO fact (tenant_id, content_hash, slot, series_id, occurred_at, recorded_at, evidence,
    supersedes, statement, segment_id, segment_row)
SELECT (SELECT current_setting('truenav.tenant')), content_hash, slot,
    (CAST(:series_ids AS bigint[]))[series_number], occurred_at, :recorded_at, evidence, supersedes,
    statement, (CAST(:segment_ids AS bigint[]))[segment_number], segment_row
FROM pg_temp.fact_stage stage
"""
_ORIGINALS = "WHERE supersedes IS NULL"
_CORRECTIONS = "WHERE EXISTS (SELECT 1 FROM fact WHERE fact.content_hash = stage.supersedes)"
_SKIP_KNOWN = " ON CONFLICT DO NOTHING"

_INSERT_NEW = text(_INSERT + _ORIGINALS)
_INSERT_ORIGINALS = text(_INSERT + _ORIGINALS + _SKIP_KNOWN)
_INSERT_CORRECTIONS = text(_INSERT + _CORRECTIONS + _SKIP_KNOWN)

_KNOWN = text("""
SELECT count(*) FROM pg_temp.fact_stage stage
JOIN fact USING (slot) WHERE fact.content_hash = stage.content_hash
""")

# Who stands where a staged fact wanted to go, if it is not that fact itself; LATERAL, so that each row is one
# look into the index.
_CONFLICTS = text("""
SELECT stage.row, standing.content_hash AS standing
FROM pg_temp.fact_stage stage
LEFT JOIN LATERAL (SELECT content_hash FROM fact WHERE slot = stage.slot LIMIT 1) standing ON true
WHERE standing.content_hash IS DISTINCT FROM stage.content_hash
ORDER BY stage.row
""")

_FIND_SERIES = text("""
SELECT wanted.number, series.id FROM unnest(
    CAST(:kind AS text[]), CAST(:source AS text[]), CAST(:account AS text[]), CAST(:subject AS text[])
) WITH ORDINALITY AS wanted (kind, source, account, subject, number)
LEFT JOIN series USING (kind, source, account, subject) ORDER BY wanted.number
""")

_SEGMENT_IDS = text(
    "SELECT nextval(pg_get_serial_sequence('public.segment', 'id')) FROM generate_series(1, :count)"
)


@dataclass(frozen=True, slots=True)
class StagedRows:
    """What COPY takes: rows of fixed width, and the others as text. None where there are none."""

    binary: memoryview | None
    text: memoryview | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts (`frames.SCHEMA`) and what is made of them.

    Their series, the segments that the statements of bulk kinds are to lie in, and the rows of the staging
    table; these name series and segments by number, because ids need the database.
    """

    facts: pl.DataFrame
    series: pl.DataFrame
    segments: tuple[SegmentDraft, ...]
    rows: StagedRows


def prepare_batch(facts: pl.DataFrame) -> Batch:
    """Everything about a batch that needs no database."""
    counts = facts["kind"].value_counts().filter(pl.col("count") >= SEGMENT_MINIMUM)
    bulk = sorted(counts["kind"])
    names = facts.select(_SERIES).unique().sort(_SERIES)  # sorted, so that writers cannot deadlock
    return Batch(
        facts,
        names,
        tuple(draft_segment(kind, facts.filter(pl.col("kind") == kind)) for kind in bulk),
        _staged_rows(facts, names, bulk),
    )


def append_batch(
    session: Session, segments: Segments, batch: Batch, recorded_at: datetime
) -> tuple[int, list[Conflict]]:
    """Record a batch: gives how many facts were new, and the refused ones."""
    ids = _segment_ids(session, batch)
    _stage(session, batch.rows)
    parameters = {
        "recorded_at": recorded_at,
        "segment_ids": ids,
        "series_ids": _series_ids(session, batch.series),
    }
    appended = _insert_all_as_new(session, parameters) if ids else 0
    if ids and not appended and session.scalar(_KNOWN) == batch.facts.height:
        return 0, []
    appended = appended or session.execute(_INSERT_ORIGINALS, parameters).rowcount
    if batch.facts["supersedes"].null_count() < batch.facts.height:
        while added := session.execute(_INSERT_CORRECTIONS, parameters).rowcount:
            appended += added
    if appended:
        for id, draft in zip(ids, batch.segments, strict=True):
            segments.write(draft)
            values = {"id": id, "kind": draft.kind, "rows": draft.rows, "registered_at": recorded_at}
            session.execute(insert(segment).values(**values, hash=bytes.fromhex(draft.hash)))
    conflicts = _conflicts(session, batch.facts) if appended < batch.facts.height else []
    issues.open_many(session, [_issue(conflict, recorded_at) for conflict in conflicts])
    return appended, conflicts


def _segment_ids(session: Session, batch: Batch) -> list[int]:
    if not batch.segments:
        return []
    return list(session.scalars(_SEGMENT_IDS, {"count": len(batch.segments)}))


def _insert_all_as_new(session: Session, parameters: dict[str, object]) -> int:
    """Add the facts that correct nothing, if not one of them is known; else nothing, and 0.

    Skipping known rows costs half as much again as a plain insert, so bulk is first tried as all new: an
    import that was seen before fails at its first known row.
    """
    with suppress(IntegrityError), session.begin_nested():
        return session.execute(_INSERT_NEW, parameters).rowcount
    return 0


def _staged_rows(facts: pl.DataFrame, names: pl.DataFrame, bulk: list[str]) -> StagedRows:
    """The rows of the staging table: originals of bulk kinds in binary, all others as text."""
    is_bulk = pl.col("kind").is_in(bulk)
    segment_number = pl.col("kind").replace_strict(
        bulk, range(1, len(bulk) + 1), default=None, return_dtype=pl.Int32
    )
    numbered = names.with_row_index("series_number", offset=1)
    staged = facts.join(numbered, on=_SERIES, how="left", maintain_order="left").select(
        "content_hash",
        pl.coalesce("supersedes", "key_hash").str.head(32).alias("slot"),
        "series_number",
        "occurred_at",
        "evidence",
        segment_number.alias("segment_number"),
        pl.when(is_bulk).then(pl.int_range(pl.len()).over("kind")).alias("segment_row"),
        pl.int_range(pl.len()).alias("row"),
        "supersedes",
        pl.when(~is_bulk).then(pl.col("statement")).alias("statement"),
    )
    fixed = pl.col("supersedes").is_null() & pl.col("statement").is_null()
    return StagedRows(_binary_rows(staged.filter(fixed)), _text_rows(staged.filter(~fixed)))


def _binary_rows(staged: pl.DataFrame) -> memoryview | None:
    """Rows without a null as PostgreSQL's binary COPY format: all of one width, so one array holds them."""
    if staged.is_empty():
        return None
    rows = np.zeros(staged.height, _BINARY_ROW)
    rows["fields"] = len(_FIXED_COLUMNS)
    for name, kind in _FIXED_COLUMNS.items():
        column, field = staged[name], rows[name]
        rows[f"{name} width"] = field.itemsize if field.ndim == 1 else field.shape[1]
        if kind == _INSTANT:
            field[:] = column.dt.epoch("us").to_numpy() - _POSTGRES_EPOCH_US
        elif field.ndim == 1:
            field[:] = column.to_numpy()
        else:
            digits = bytes.fromhex("".join(column.to_list()))
            field[:] = np.frombuffer(digits, np.uint8).reshape(field.shape)
    return memoryview(_BINARY_HEADER + rows.tobytes() + _BINARY_TRAILER)


def _text_rows(staged: pl.DataFrame) -> memoryview | None:
    if staged.is_empty():
        return None
    buffer = io.BytesIO()
    staged.with_columns(
        *(
            pl.concat_str(pl.lit(r"\x"), name).alias(name)
            for name in ("content_hash", "evidence", "supersedes")
        ),
        pl.col("occurred_at").dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ"),
    ).write_csv(buffer, include_header=False, null_value=r"\N")
    return buffer.getbuffer()


def _stage(session: Session, rows: StagedRows) -> None:
    session.execute(text(_STAGE))
    with driver(session).cursor() as cursor:
        cursor.execute("TRUNCATE pg_temp.fact_stage")
        if rows.binary is not None:
            with cursor.copy(_COPY_BINARY) as copy:
                copy.write(rows.binary)
        if rows.text is not None:
            with cursor.copy(_COPY_TEXT) as copy:
                copy.write(rows.text)


def _series_ids(session: Session, names: pl.DataFrame) -> list[int]:
    """The ids of series, in their order; new ones are named."""
    parameters = names.to_dict(as_series=False)
    ids = [row.id for row in session.execute(_FIND_SERIES, parameters)]
    if None in ids:
        new = [row for row, id in zip(names.to_dicts(), ids, strict=True) if id is None]
        session.execute(insert_series(series).on_conflict_do_nothing(), new)
        ids = [row.id for row in session.execute(_FIND_SERIES, parameters)]
    return ids


def _conflicts(session: Session, frame: pl.DataFrame) -> list[Conflict]:
    refused = session.execute(_CONFLICTS).all()
    given = frame[[row.row for row in refused]].iter_rows(named=True)
    return [
        Conflict(
            fact["source"],
            fact["account"],
            fact["kind"],
            Sha256(fact["content_hash"]),
            None if row.standing is None else Sha256(row.standing.hex()),
            _reason(fact["supersedes"] is not None, row.standing is not None),
            fact["statement"],
        )
        for row, fact in zip(refused, given, strict=True)
    ]


def _reason(corrects: bool, stands: bool) -> str:
    if not corrects:
        return "the source stated something else under the same id before"
    if stands:
        return "the fact that it corrects was corrected already"
    return "the fact that it corrects is not recorded"


def _issue(conflict: Conflict, opened_at: datetime) -> issues.Issue:
    where = f"{conflict.source} {conflict.account} {conflict.kind}".replace("  ", " ")
    return issues.Issue(
        id=f"{ISSUE_KIND}-{conflict.content_hash}",
        kind=ISSUE_KIND,
        subject=conflict.account or conflict.source,
        message=f"{where}: a fact was refused, because {conflict.reason}.",
        mend="Compare both statements. If the new one is right, record it as a correction of the one that "
        "stands; if not, explain the difference.",
        opened_at=opened_at,
        detail=canonical_json({"standing": conflict.standing, "statement": conflict.statement}).decode(),
    )
