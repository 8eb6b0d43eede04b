"""Configuration as versioned documents: accounts, nodes, rules, policies, numeraires, schedules.

A change writes a new version and a deletion writes a last one, so what was in force at any earlier
instant can still be read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError

from truenav.core.canonical import decode, encode
from truenav.core.failure import ConflictError, NotFoundError
from truenav.store.database import Session
from truenav.store.tables import definition

T = TypeVar("T")


class Kind(StrEnum):
    """What a document defines."""

    ACCOUNT = "account"
    CONNECTION = "connection"
    NODE = "node"
    RULE = "rule"
    SHARE_CLASS = "share_class"
    ASSET = "asset"
    ALIAS = "alias"
    INSTRUMENT = "instrument"
    PRICING_POLICY = "pricing_policy"
    NAV_POLICY = "nav_policy"
    NUMERAIRE = "numeraire"
    INDEX = "index"
    SCHEDULE = "schedule"
    IMPORT_MAPPING = "import_mapping"
    TRADING_LIMITS = "trading_limits"
    TRADING_KEY = "trading_key"
    LISTING = "listing"
    BASKET = "basket"
    PARTICIPANT = "participant"


class EditConflictError(ConflictError):
    """Somebody else changed the document meanwhile."""

    code = "edit-conflict"
    title = "The document changed meanwhile"


class DefinitionNotFoundError(NotFoundError):
    """There is no such document, or it was deleted."""

    code = "definition-not-found"


@dataclass(frozen=True, slots=True)
class Definition(Generic[T]):
    """One version of one document; versions count from 1."""

    kind: Kind
    id: str
    version: int
    body: T
    created_at: datetime
    created_by: str
    deleted: bool


def put(
    session: Session,
    kind: Kind,
    id: str,
    body: object,
    *,
    by: str,
    at: datetime,
    expected_version: int | None = None,
) -> int:
    """Write a new version of a document and give its number.

    With ``expected_version`` (0: must be new) an edit of another version than the newest is refused with
    `EditConflictError`, as are two edits at once.
    """
    return _write(
        session, kind, id, encode(body), by=by, at=at, expected_version=expected_version, deleted=False
    )


def put_many(session: Session, kind: Kind, documents: Mapping[str, object], *, by: str, at: datetime) -> None:
    """Write a new version of many documents at once; an edit of one of them meanwhile refuses all."""
    newest = select(definition.c.id, func.max(definition.c.version).label("version")).where(
        definition.c.kind == kind, definition.c.id.in_(documents)
    )
    versions = {row.id: row.version for row in session.execute(newest.group_by(definition.c.id))}
    rows = [
        {
            "kind": kind,
            "id": id,
            "version": versions.get(id, 0) + 1,
            "body": encode(body),
            "created_at": at,
            "created_by": by,
            "deleted": False,
        }
        for id, body in documents.items()
    ]
    if not rows:
        return
    try:
        with session.begin_nested():
            session.execute(insert(definition), rows)
    except IntegrityError as error:
        raise EditConflictError(f"Some {kind} was changed meanwhile. Repeat your change.") from error


def delete(
    session: Session, kind: Kind, id: str, *, by: str, at: datetime, expected_version: int | None = None
) -> None:
    """End a document; its versions stay readable. `DefinitionNotFoundError` when there is none."""
    newest = _newest(session, kind, id)
    if newest is None or newest.deleted:
        raise not_found(kind, id)
    _write(session, kind, id, newest.body, by=by, at=at, expected_version=expected_version, deleted=True)


def get(session: Session, kind: Kind, id: str, cls: type[T]) -> T:
    """The newest body of a document; `DefinitionNotFoundError` when there is none."""
    return find(session, kind, id, cls).body


def find(session: Session, kind: Kind, id: str, cls: type[T]) -> Definition[T]:
    """The newest version of a document with its number; `DefinitionNotFoundError` when there is none."""
    newest = _newest(session, kind, id)
    if newest is None or newest.deleted:
        raise not_found(kind, id)
    return _typed(newest, cls)


def list_all(
    session: Session, kind: Kind, cls: type[T], *, known_at: datetime | None = None
) -> tuple[Definition[T], ...]:
    """Every document of a kind, ordered by id: the newest versions, or those in force at ``known_at``."""
    query = (
        select(definition)
        .ext(distinct_on(definition.c.id))
        .where(definition.c.kind == kind)
        .order_by(definition.c.id, definition.c.version.desc())
    )
    if known_at is not None:
        query = query.where(definition.c.created_at <= known_at)
    return tuple(_typed(row, cls) for row in session.execute(query) if not row.deleted)


def list_page(
    session: Session, kind: Kind, cls: type[T], *, after: str, limit: int
) -> tuple[Definition[T], ...]:
    """At most ``limit`` documents of a kind, newest versions, by id, of those after ``after``."""
    newest = (
        select(definition)
        .ext(distinct_on(definition.c.id))
        .where(definition.c.kind == kind, definition.c.id > after)
        .order_by(definition.c.id, definition.c.version.desc())
        .subquery()
    )
    query = select(newest).where(~newest.c.deleted).order_by(newest.c.id).limit(limit)
    return tuple(_typed(row, cls) for row in session.execute(query))


def bodies(session: Session, kind: Kind, cls: type[T], *, known_at: datetime | None = None) -> tuple[T, ...]:
    """The bodies of `list_all`."""
    return tuple(found.body for found in list_all(session, kind, cls, known_at=known_at))


class Definitions:
    """All documents of some kinds as they stand, read in one go."""

    def __init__(self, session: Session, kinds: Collection[Kind]) -> None:
        newest = (
            select(definition)
            .ext(distinct_on(definition.c.kind, definition.c.id))
            .where(definition.c.kind.in_(kinds))
            .order_by(definition.c.kind, definition.c.id, definition.c.version.desc())
        )
        self._documents: dict[str, list[Any]] = {kind: [] for kind in kinds}
        self._read: dict[str, tuple[Any, ...]] = {}
        for row in session.execute(newest):
            if not row.deleted:
                self._documents[row.kind].append(row.body)

    def bodies(self, kind: Kind, cls: type[T]) -> tuple[T, ...]:
        """The bodies of a kind that was read, ordered by id."""
        if kind not in self._read:
            self._read[kind] = tuple(decode(cls, body) for body in self._documents[kind])
        return self._read[kind]


def history(session: Session, kind: Kind, id: str, cls: type[T]) -> tuple[Definition[T], ...]:
    """All versions of a document, oldest first; empty when it never was."""
    query = select(definition).where(definition.c.kind == kind, definition.c.id == id)
    return tuple(_typed(row, cls) for row in session.execute(query.order_by(definition.c.version)))


def _newest(session: Session, kind: Kind, id: str) -> Row[Any] | None:
    query = select(definition).where(definition.c.kind == kind, definition.c.id == id)
    return session.execute(query.order_by(definition.c.version.desc()).limit(1)).one_or_none()


def _write(
    session: Session,
    kind: Kind,
    id: str,
    body: object,
    *,
    by: str,
    at: datetime,
    expected_version: int | None,
    deleted: bool,
) -> int:
    newest = _newest(session, kind, id)
    version = 0 if newest is None else newest.version
    if expected_version is not None and version != expected_version:
        raise _edited(kind, id, version)
    values = {
        "kind": kind,
        "id": id,
        "version": version + 1,
        "body": body,
        "created_at": at,
        "created_by": by,
        "deleted": deleted,
    }
    try:
        with session.begin_nested():
            session.execute(insert(definition).values(values))
    except IntegrityError as error:
        raise _edited(kind, id, version + 1) from error
    return version + 1


def _typed(row: Row[Any], cls: type[T]) -> Definition[T]:
    return Definition(
        Kind(row.kind),
        row.id,
        row.version,
        decode(cls, row.body),
        row.created_at,
        row.created_by,
        row.deleted,
    )


def not_found(kind: Kind, id: str) -> DefinitionNotFoundError:
    """The refusal of a document that is not there."""
    return DefinitionNotFoundError(f"There is no {kind} {id!r}. List those that exist, and check the name.")


def _edited(kind: Kind, id: str, version: int) -> EditConflictError:
    return EditConflictError(
        f"The {kind} {id!r} is at version {version} by now. Read it again, then repeat your change.",
        version=version,
    )
