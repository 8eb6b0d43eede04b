"""NAV runs as state machines in a table: collecting, calculated, approved, published, and their trail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import NodeId, RunId, Sha256
from truenav.store.database import Session
from truenav.store.tables import nav_run, nav_run_event


class RunState(StrEnum):
    """Where a run stands; published is final, and only a restatement supersedes it."""

    COLLECTING = "collecting"
    CALCULATED = "calculated"
    APPROVED = "approved"
    PUBLISHED = "published"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


_NEXT = {
    RunState.COLLECTING: {RunState.CALCULATED, RunState.REJECTED},
    RunState.CALCULATED: {RunState.COLLECTING, RunState.APPROVED, RunState.REJECTED},
    RunState.APPROVED: {RunState.PUBLISHED, RunState.REJECTED},
    RunState.PUBLISHED: {RunState.SUPERSEDED},
    RunState.REJECTED: set[RunState](),
    RunState.SUPERSEDED: set[RunState](),
}

UNFINISHED = (RunState.COLLECTING, RunState.CALCULATED, RunState.APPROVED)


class RunNotFoundError(NotFoundError):
    """There is no such NAV run."""

    code = "run-not-found"


class RunConflictError(ConflictError):
    """The run moved on meanwhile, may not go to that state, or another NAV is published."""

    code = "run-conflict"
    title = "The NAV run cannot go there"


@dataclass(frozen=True, slots=True)
class Run:
    """One NAV run. ``version`` counts its changes from 1; a change must name the version it saw."""

    id: RunId
    fund: NodeId
    as_of: datetime
    known_at: datetime
    state: RunState
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int
    quality: str | None = None
    approved_by: str | None = None
    published_by: str | None = None
    restates: RunId | None = None
    inputs_sha: Sha256 | None = None
    result_sha: Sha256 | None = None
    bundle_sha: Sha256 | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One step of a run: who brought it to which state, when and why."""

    run_id: RunId
    version: int
    at: datetime
    actor: str
    state: RunState
    note: str


def create(
    session: Session,
    id: RunId,
    *,
    fund: NodeId,
    as_of: datetime,
    known_at: datetime,
    by: str,
    at: datetime,
    restates: RunId | None = None,
) -> Run:
    """Start a run in state *collecting*; `RunConflictError` when the id is taken."""
    run = Run(id, fund, as_of, known_at, RunState.COLLECTING, by, at, at, 1, restates=restates)
    values = {
        "id": id,
        "fund": fund,
        "as_of": as_of,
        "known_at": known_at,
        "state": run.state,
        "created_by": by,
        "created_at": at,
        "updated_at": at,
        "version": 1,
        "restates": restates,
    }
    try:
        with session.begin_nested():
            session.execute(insert(nav_run).values(values))
    except IntegrityError as error:
        raise RunConflictError(
            f"A run {id!r} exists already, or {restates!r}, which it restates, does not."
        ) from error
    _note(session, RunEvent(run.id, 1, at, by, run.state, "started"))
    return run


def get(session: Session, id: RunId) -> Run:
    """One run; `RunNotFoundError` when there is none."""
    row = session.execute(select(nav_run).where(nav_run.c.id == id)).one_or_none()
    if row is None:
        raise not_found(id)
    return _run(row)


def not_found(id: RunId) -> RunNotFoundError:
    """The refusal of a run that is not there."""
    return RunNotFoundError(f"There is no NAV run {id!r}. List the runs of the fund.")


def list_runs(
    session: Session,
    *,
    fund: NodeId | None = None,
    among: Collection[str] | None = None,
    states: Collection[RunState] = (),
    before: datetime | None = None,
    after: Run | None = None,
    limit: int = 100,
) -> tuple[Run, ...]:
    """Runs, newest valuation first; of one fund, or ``among`` some, in some states, valued before an instant.

    ``after``: those that come later in this order than that run.
    """
    query = select(nav_run).order_by(nav_run.c.as_of.desc(), nav_run.c.created_at.desc(), nav_run.c.id)
    if fund is not None:
        query = query.where(nav_run.c.fund == fund)
    if among is not None:
        query = query.where(nav_run.c.fund.in_(among))
    if states:
        query = query.where(nav_run.c.state.in_(states))
    if before is not None:
        query = query.where(nav_run.c.as_of < before)
    if after is not None:
        place, at = tuple_(nav_run.c.as_of, nav_run.c.created_at), (after.as_of, after.created_at)
        query = query.where(or_(place < at, and_(place == at, nav_run.c.id > after.id)))
    return tuple(_run(row) for row in session.execute(query.limit(limit)))


def published(session: Session, fund: NodeId, *, as_of: datetime) -> Run | None:
    """The published NAV of a fund at exactly this instant, if there is one."""
    query = select(nav_run).where(nav_run.c.fund == fund, nav_run.c.as_of == as_of)
    row = session.execute(query.where(nav_run.c.state == RunState.PUBLISHED)).one_or_none()
    return None if row is None else _run(row)


def previous_published(session: Session, fund: NodeId, *, before: datetime) -> Run | None:
    """The last published NAV of a fund with a valuation time before ``before``."""
    query = (
        select(nav_run)
        .where(nav_run.c.fund == fund, nav_run.c.as_of < before, nav_run.c.state == RunState.PUBLISHED)
        .order_by(nav_run.c.as_of.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else _run(row)


def advance(
    session: Session, run: Run, state: RunState, *, by: str, at: datetime, note: str = "", **changes: object
) -> Run:
    """Bring a run to its next state and set ``changes`` (quality, approved_by, result_sha, ...).

    The same state again only sets the changes. Refused with `RunConflictError`: a step that is not in the
    life of a run, a run that somebody else moved since ``run`` was read, and a second published NAV of one
    fund and instant (a restatement first turns the old one *superseded*, in the same transaction).
    """
    if state != run.state and state not in _NEXT[run.state]:
        raise RunConflictError(f"The run {run.id!r} is {run.state} and cannot become {state}.")
    if state == run.state and run.state not in UNFINISHED and changes.keys() - {"bundle_sha"}:
        raise RunConflictError(f"The run {run.id!r} is {run.state} and is not edited any more.")
    values = {key: _stored(key, value) for key, value in changes.items()}
    version = run.version + 1
    statement = (
        update(nav_run)
        .where(nav_run.c.id == run.id, nav_run.c.version == run.version)
        .values(**values, state=state, updated_at=at, version=version)
    )
    try:
        with session.begin_nested():
            moved = session.execute(statement).rowcount
    except IntegrityError as error:
        raise RunConflictError(
            f"A NAV of {run.fund!r} at {run.as_of.isoformat()} is published already. Make a restatement."
        ) from error
    if moved == 0:
        raise RunConflictError(f"The run {run.id!r} was changed meanwhile. Read it again and decide anew.")
    _note(session, RunEvent(run.id, version, at, by, state, note))
    return get(session, run.id)


def events(session: Session, id: RunId) -> tuple[RunEvent, ...]:
    """The trail of a run, oldest first."""
    query = select(nav_run_event).where(nav_run_event.c.run_id == id).order_by(nav_run_event.c.version)
    return tuple(
        RunEvent(row.run_id, row.version, row.at, row.actor, RunState(row.state), row.note)
        for row in session.execute(query)
    )


def _note(session: Session, event: RunEvent) -> None:
    session.execute(insert(nav_run_event).values(asdict(event)))


def _stored(name: str, value: object) -> object:
    return bytes.fromhex(str(value)) if name.endswith("_sha") and value is not None else value


def _hex(value: bytes | None) -> Sha256 | None:
    return None if value is None else Sha256(value.hex())


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        fund=row.fund,
        as_of=row.as_of,
        known_at=row.known_at,
        state=RunState(row.state),
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        quality=row.quality,
        approved_by=row.approved_by,
        published_by=row.published_by,
        restates=row.restates,
        inputs_sha=_hex(row.inputs_sha),
        result_sha=_hex(row.result_sha),
        bundle_sha=_hex(row.bundle_sha),
        failure=row.failure,
    )
