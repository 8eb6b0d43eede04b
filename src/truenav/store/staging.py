"""How a batch of facts enters the journal: COPY into a temporary table, then one INSERT that the rules judge.

PostgreSQL refuses COPY into a table with row-level security, hence the temporary table.
"""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

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
    content_hash bytea, key_hash bytea, series_id bigint, occurred_at timestamptz, evidence bytea,
    supersedes bytea, statement text, segment_number integer, segment_row integer, row integer
) ON COMMIT DELETE ROWS
"""

_INSERT = """
INSERT INTO fact (tenant_id, content_hash, key_hash, series_id, occurred_at, recorded_at, evidence,
    supersedes, statement, segment_id, segment_row)
SELECT (SELECT current_setting('truenav.tenant')), content_hash, key_hash, series_id, occurred_at,
    :recorded_at, evidence, supersedes, statement,
    (CAST(:segment_ids AS bigint[]))[segment_number], segment_row
FROM pg_temp.fact_stage stage
"""
_ORIGINALS = "WHERE supersedes IS NULL"
_CORRECTIONS = "WHERE EXISTS (SELECT 1 FROM fact WHERE fact.content_hash = stage.supersedes)"
_SKIP_KNOWN = " ON CONFLICT DO NOTHING"

_INSERT_NEW = text(_INSERT + _ORIGINALS)
_INSERT_ORIGINALS = text(_INSERT + _ORIGINALS + _SKIP_KNOWN)
_INSERT_CORRECTIONS = text(_INSERT + _CORRECTIONS + _SKIP_KNOWN)

_KNOWN = text("""
SELECT count(*) FROM pg_temp.fact_stage stage CROSS JOIN LATERAL (SELECT content_hash FROM fact
    WHERE key_hash = stage.key_hash AND supersedes IS NULL LIMIT 1) original
WHERE original.content_hash = stage.content_hash AND stage.supersedes IS NULL
""")

# Who stands where a staged fact wanted to go, if it is not that fact itself; LATERAL, so that each row is one
# look into an index.
_CONFLICTS = text("""
SELECT stage.row, coalesce(successor.content_hash, original.content_hash) AS standing
FROM pg_temp.fact_stage stage
LEFT JOIN LATERAL (SELECT content_hash FROM fact
    WHERE supersedes = stage.supersedes AND supersedes IS NOT NULL LIMIT 1) successor ON true
LEFT JOIN LATERAL (SELECT content_hash FROM fact
    WHERE key_hash = stage.key_hash AND supersedes IS NULL LIMIT 1) original ON stage.supersedes IS NULL
WHERE coalesce(successor.content_hash, original.content_hash) IS DISTINCT FROM stage.content_hash
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
class Batch:
    """Facts (`frames.SCHEMA`), and the segments that the statements of bulk kinds are to lie in."""

    facts: pl.DataFrame
    segments: tuple[SegmentDraft, ...]


def prepare_batch(facts: pl.DataFrame) -> Batch:
    """Everything about a batch that needs no database."""
    counts = facts["kind"].value_counts().filter(pl.col("count") >= SEGMENT_MINIMUM)
    return Batch(
        facts,
        tuple(draft_segment(kind, facts.filter(pl.col("kind") == kind)) for kind in sorted(counts["kind"])),
    )


def append_batch(
    session: Session, segments: Segments, batch: Batch, recorded_at: datetime
) -> tuple[int, list[Conflict]]:
    """Record a batch: gives how many facts were new, and the refused ones."""
    ids = _segment_ids(session, batch)
    _stage(session, batch)
    parameters = {"recorded_at": recorded_at, "segment_ids": ids}
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


def _stage(session: Session, batch: Batch) -> None:
    frame, bulk = batch.facts, [draft.kind for draft in batch.segments]
    is_bulk = pl.col("kind").is_in(bulk)
    number = pl.col("kind").replace_strict(bulk, range(1, len(bulk) + 1), default=None, return_dtype=pl.Int32)
    series_ids = _series_ids(session, frame)
    staged = frame.join(series_ids, on=_SERIES, how="left", maintain_order="left").select(
        _bytea("content_hash"),
        _bytea("key_hash"),
        "id",
        pl.col("occurred_at").dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ"),
        _bytea("evidence"),
        _bytea("supersedes"),
        pl.when(~is_bulk).then(pl.col("statement")),
        number.alias("segment_number"),
        pl.when(is_bulk).then(pl.int_range(pl.len()).over("kind")).alias("segment_row"),
        pl.int_range(pl.len()).alias("row"),
    )
    buffer = io.BytesIO()
    staged.write_csv(buffer, include_header=False, null_value=r"\N")
    session.execute(text(_STAGE))
    with driver(session).cursor() as cursor:
        cursor.execute("TRUNCATE pg_temp.fact_stage")
        with cursor.copy(r"COPY pg_temp.fact_stage FROM STDIN (FORMAT csv, NULL '\N')") as copy:
            copy.write(buffer.getbuffer())


def _series_ids(session: Session, frame: pl.DataFrame) -> pl.DataFrame:
    """The ids of the series in a frame; new series are named. Sorted, so that writers cannot deadlock."""
    wanted = frame.select(_SERIES).unique().sort(_SERIES)
    parameters = wanted.to_dict(as_series=False)
    ids = [row.id for row in session.execute(_FIND_SERIES, parameters)]
    if None in ids:
        new = [row for row, id in zip(wanted.to_dicts(), ids, strict=True) if id is None]
        session.execute(insert_series(series).on_conflict_do_nothing(), new)
        ids = [row.id for row in session.execute(_FIND_SERIES, parameters)]
    return wanted.with_columns(pl.Series("id", ids, pl.Int64))


def _bytea(name: str) -> pl.Expr:
    return pl.concat_str(pl.lit(r"\x"), pl.col(name)).alias(name)


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
