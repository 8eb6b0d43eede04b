"""The fact journal: append-only, idempotent, and readable as of any instant as known at any other.

Every fact has one row in the table ``fact``, and the database itself holds the rules: one row a statement,
one original a key, one successor a fact. A fact that was stated before is a *duplicate* and ignored. The same
key with another statement, or a correction of a fact that is unknown or corrected already, is a *conflict*:
the original stands and a data issue tells of it. Statements of bulk kinds lie in segments, others in rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    bindparam,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import distinct_on

from truenav.core.facts import BalanceSnapshot, Body, Fact, PositionSnapshot, RecordedFact, Void
from truenav.core.failure import NotFoundError
from truenav.core.ids import Sha256, TenantId
from truenav.store.database import Session
from truenav.store.objects import FolderObjects, ObjectStore
from truenav.store.recall import Recall
from truenav.store.statements import read_statement
from truenav.store.tables import fact as table
from truenav.store.tables import segment, series

if TYPE_CHECKING:
    import polars as pl

    from truenav.store.segments import Segments
    from truenav.store.staging import Conflict

BATCH_ROWS = 50_000
"""Facts staged at once; also the most rows of a segment."""

FIRST_ROWS = 10_000
"""Facts of the first of several batches: the database has nothing to do until they are ready."""

SNAPSHOT_KINDS = (BalanceSnapshot.TAG, PositionSnapshot.TAG)


class FactNotFoundError(NotFoundError):
    """There is no such fact in the journal."""

    code = "fact-not-found"


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What became of the facts handed in: recorded, known before, refused."""

    appended: int
    duplicates: int
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True, slots=True)
class FactQuery:
    """Which facts: those that happened in ``(since, as_of]``, as known at ``known_at``; None: no limit.

    ``kinds``, ``accounts`` and ``sources``: None for any; an empty tuple finds nothing.
    """

    kinds: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    since: datetime | None = None
    as_of: datetime | None = None
    known_at: datetime | None = None


class Journal:
    """The journal of the tenant of one transaction; what it appends commits with that transaction."""

    def __init__(
        self,
        session: Session,
        place: ObjectStore | Path,
        tenant: TenantId | str,
        recall: Recall | None = None,
    ) -> None:
        """``place``: where segments lie; a path stands for the folder of that name."""
        self._session = session
        self._recall = recall or Recall()
        self._place = FolderObjects(place) if isinstance(place, Path) else place
        self._tenant = tenant

    @property
    def _segments(self) -> Segments:
        from truenav.store.segments import Segments

        return Segments(self._place, self._tenant)

    def append(self, facts: Sequence[Fact], recorded_at: datetime) -> AppendResult:
        """Record facts as learned at ``recorded_at``; doing it again changes nothing.

        Raises `BadFactError` for facts the tables cannot hold and `StorageError` when the disk refuses;
        the transaction must then be given up, and nothing is recorded.
        """
        from truenav.store.frames import facts_frame
        from truenav.store.recording import record

        def frame(rows: slice) -> pl.DataFrame:
            return facts_frame(facts[rows])

        recorded = record(self._session, self._segments, frame, _batches(len(facts)), recorded_at)
        return _result(len(facts), *recorded)

    def append_columns(self, body: type[Body], frame: pl.DataFrame, recorded_at: datetime) -> AppendResult:
        """`append` for facts of one flat kind given as columns, several times as fast.

        Columns and refusals: see `truenav.store.columns.columns_frame`.
        """
        from truenav.store.columns import columns_frame
        from truenav.store.recording import record

        def part(rows: slice) -> pl.DataFrame:
            return columns_frame(body, frame[rows])

        recorded = record(self._session, self._segments, part, _batches(frame.height), recorded_at)
        return _result(frame.height, *recorded)

    def facts(self, query: FactQuery) -> list[RecordedFact]:
        """The facts in force: not superseded by a fact known at ``known_at``, and no voids.

        Ordered by time of occurrence, then content hash.
        """
        statement = (
            _every_fact()
            .where(_is_of(self._series(query)), *_in_force(query))
            .order_by(table.c.occurred_at, table.c.content_hash)
        )
        return self._load(self._session.execute(statement).all())

    def learned(self, query: FactQuery, after: datetime) -> bool:
        """Whether more became known of a query's facts after that instant.

        That is a fact that was recorded later, or whatever corrects or takes back one of them: a void, or a
        statement of another time.
        """
        later = table.alias("later")
        mine = [_is_of(self._series(query)), *_up_to(table.c.occurred_at, query.as_of)]
        corrected = [later.c.supersedes == table.c.content_hash, later.c.supersedes.is_not(None)]
        # Counted: a limit of one makes the database read through all facts in the hope of an early find.
        counts = [
            select(func.count()).where(
                *mine, *more, one.c.recorded_at > after, *_up_to(one.c.recorded_at, query.known_at)
            )
            for one, more in ((table, []), (later, corrected))
        ]
        return any(self._session.scalar(count) for count in counts)

    def page(
        self, query: FactQuery, *, after: tuple[datetime, Sha256] | None, limit: int
    ) -> list[RecordedFact]:
        """At most ``limit`` of `facts`, of those after a time of occurrence and content hash."""
        place = tuple_(table.c.occurred_at, table.c.content_hash)
        conditions = [_is_of(self._series(query)), *_in_force(query)]
        if after is not None:
            conditions.append(place > tuple_(literal(after[0]), literal(bytes.fromhex(after[1]))))
        statement = _every_fact().where(*conditions).order_by(*place).limit(limit)
        return self._load(self._session.execute(statement).all())

    def latest(self, query: FactQuery) -> list[RecordedFact]:
        """Of the facts in force, the last one for each kind, account and subject.

        The subject of a snapshot is its wallet, of a quote its source, pair and kind. Of two that happened
        at the same instant, the one recorded later counts. Ordered by kind, account and subject.
        """
        newest = (table.c.occurred_at.desc(), table.c.recorded_at.desc(), table.c.content_hash)
        last = (  # of each series: one short walk down its index, however long its history
            select(*_COLUMNS, table.c.tenant_id, table.c.segment_id, table.c.occurred_at)
            .where(table.c.series_id == series.c.id, *_in_force(query))
            .order_by(*newest)
            .limit(1)
            .lateral("last")
        )
        group = (series.c.kind, series.c.account, series.c.subject)
        statement: Select[Any] = (
            select(
                series.c.kind,
                *(last.c[column.name] for column in _COLUMNS),
                segment.c.hash.label("segment"),
            )
            .select_from(series)
            .join(last, true())
            .outerjoin(segment, _is_segment_of(last))
            .ext(distinct_on(*group))
            .where(*_in_series(query))
            .order_by(*group, last.c.occurred_at.desc(), last.c.recorded_at.desc(), last.c.content_hash)
        )
        return self._load(self._session.execute(statement).all())

    def latest_snapshots(
        self, accounts: Sequence[str], as_of: datetime, known_at: datetime
    ) -> list[RecordedFact]:
        """The last balance and position snapshot of every wallet of these accounts."""
        query = FactQuery(kinds=SNAPSHOT_KINDS, accounts=tuple(accounts), as_of=as_of, known_at=known_at)
        return self.latest(query)

    def get(self, content_hash: Sha256) -> RecordedFact:
        """One fact, superseded or not; `FactNotFoundError` when there is none."""
        row = None
        with suppress(ValueError):  # of a text that is no hash at all
            statement = _every_fact().where(table.c.content_hash == bytes.fromhex(content_hash))
            row = self._session.execute(statement).one_or_none()
        if row is None:
            raise FactNotFoundError(f"There is no fact {content_hash[:64]!r}. Check the hash.")
        return self._load([row])[0]

    def recorded_at(self, content_hashes: Sequence[Sha256]) -> dict[Sha256, datetime]:
        """When each of these facts was recorded; one that is not is left out."""
        wanted = [bytes.fromhex(one) for one in content_hashes]
        if not wanted:
            return {}
        query = select(table.c.content_hash, table.c.recorded_at).where(table.c.content_hash.in_(wanted))
        return {Sha256(row.content_hash.hex()): row.recorded_at for row in self._session.execute(query)}

    def count(self) -> int:
        """How many facts are recorded, superseded ones and voids included."""
        return self._session.scalar(select(func.count()).select_from(table)) or 0

    def _series(self, query: FactQuery) -> Sequence[int]:
        """The numbers of a query's series."""
        return self._session.scalars(
            select(series.c.id).where(*_in_series(query)).order_by(series.c.id)
        ).all()

    def _load(self, rows: Sequence[Row[Any]]) -> list[RecordedFact]:
        wanted: dict[tuple[str, bytes], list[int]] = defaultdict(list)
        for row in rows:
            if row.segment is not None and row.content_hash not in self._recall:
                wanted[row.kind, row.segment].append(row.segment_row)
        # No segment wanted, no column engine loaded: a strike reads rows only.
        texts = {
            (segment_hash, number): statement
            for (kind, segment_hash), numbers in wanted.items()
            for number, statement in zip(
                numbers, self._segments.read(kind, Sha256(segment_hash.hex()), numbers), strict=True
            )
        }

        def fact_of(row: Row[Any]) -> Fact:
            statement = row.statement if row.segment is None else texts[row.segment, row.segment_row]
            return read_statement(statement, row.content_hash, row.evidence)

        return [
            RecordedFact(self._recall.get(row.content_hash, partial(fact_of, row)), row.recorded_at)
            for row in rows
        ]


def _batches(size: int) -> list[slice]:
    """The rows of each batch."""
    if size <= BATCH_ROWS:
        return [slice(0, size)] if size else []
    starts = [0, *range(FIRST_ROWS, size, BATCH_ROWS)]
    return [slice(*ends) for ends in pairwise([*starts, size])]


def _result(size: int, appended: int, conflicts: Sequence[Conflict]) -> AppendResult:
    return AppendResult(appended, size - appended - len(conflicts), tuple(conflicts))


_COLUMNS = (
    table.c.content_hash,
    table.c.evidence,
    table.c.recorded_at,
    table.c.statement,
    table.c.segment_row,
)


def _every_fact() -> Select[Any]:
    """All facts with the name of their kind and the hash of their segment."""
    return (
        select(series.c.kind, *_COLUMNS, segment.c.hash.label("segment"))
        .select_from(table)
        .join(series, (series.c.tenant_id == table.c.tenant_id) & (series.c.id == table.c.series_id))
        .outerjoin(segment, _is_segment_of(table))
    )


def _is_segment_of(facts: FromClause) -> ColumnElement[bool]:
    return (segment.c.tenant_id == facts.c.tenant_id) & (segment.c.id == facts.c.segment_id)


def _is_of(numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether a fact is of these series, whose numbers stand in the statement itself.

    The database knows the sizes of series, but could not tell from names that it is these that are asked
    for; it would read the whole table.
    """
    return table.c.series_id.in_(bindparam("series", numbers, expanding=True, literal_execute=True))


def _in_series(query: FactQuery) -> list[ColumnElement[bool]]:
    """What a query says about series: kinds (voids never), accounts, sources."""
    named = (
        (series.c.kind, query.kinds),
        (series.c.account, query.accounts),
        (series.c.source, query.sources),
    )
    return [series.c.kind != Void.TAG] + [
        column.in_(allowed) for column, allowed in named if allowed is not None
    ]


def _in_force(query: FactQuery) -> list[ColumnElement[bool]]:
    """What a query says about single facts: its times, and that none known by then supersedes them."""
    successor = table.alias("successor")
    superseded = exists().where(
        successor.c.supersedes == table.c.content_hash,
        successor.c.supersedes.is_not(None),  # follows, but tells the planner how few they are
    )
    conditions = [*_up_to(table.c.recorded_at, query.known_at), *_up_to(table.c.occurred_at, query.as_of)]
    if query.since is not None:
        conditions.append(table.c.occurred_at > query.since)
    return [*conditions, ~superseded.where(*_up_to(successor.c.recorded_at, query.known_at))]


def _up_to(time: ColumnElement[datetime], limit: datetime | None) -> list[ColumnElement[bool]]:
    return [] if limit is None else [time <= limit]
