"""Saved views of pages: whose, how the page is set, and whether colleagues may open them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, delete, insert, or_, select, update

from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import UserId
from truenav.store.database import Session
from truenav.store.tables import saved_view


class ViewNotFoundError(NotFoundError):
    """There is no such view, or it is somebody else's and not shared."""

    code = "view-not-found"


class ViewChangedError(ConflictError):
    """The view was changed since it was read."""

    code = "view-changed"
    title = "The view changed meanwhile"
    status = 412


@dataclass(frozen=True, slots=True)
class SavedView:
    """One view. ``body`` is JSON text that only the page understands; versions count from 1."""

    id: str
    user_id: UserId
    page: str
    name: str
    body: str
    shared: bool
    created_at: datetime
    updated_at: datetime
    version: int = 1


def add(session: Session, view: SavedView) -> None:
    """Keep a new view."""
    values = {name: getattr(view, name) for name in SavedView.__dataclass_fields__}
    session.execute(insert(saved_view).values(values))


def find(session: Session, id: str, *, reader: UserId) -> SavedView:
    """One's own view, or a shared one; `ViewNotFoundError` otherwise."""
    row = session.execute(select(saved_view).where(saved_view.c.id == id, _open_to(reader))).one_or_none()
    if row is None:
        raise _not_found(id)
    return _view(row)


def list_for(session: Session, reader: UserId, *, page: str | None = None) -> tuple[SavedView, ...]:
    """One's own views and the shared ones, by name."""
    query = select(saved_view).where(_open_to(reader)).order_by(saved_view.c.name, saved_view.c.id)
    if page is not None:
        query = query.where(saved_view.c.page == page)
    return tuple(_view(row) for row in session.execute(query))


def change(session: Session, view: SavedView, *, owner: UserId) -> SavedView:
    """Write the name, body and sharing of one's own view; ``view.version`` must be the one that is there."""
    values = {"name": view.name, "body": view.body, "shared": view.shared, "updated_at": view.updated_at}
    mine = (saved_view.c.id == view.id) & (saved_view.c.user_id == owner)
    done = session.execute(
        update(saved_view)
        .where(mine, saved_view.c.version == view.version)
        .values(**values, version=view.version + 1)
    )
    if done.rowcount:
        return find(session, view.id, reader=owner)
    if session.execute(select(saved_view.c.id).where(mine)).one_or_none() is None:
        raise _not_found(view.id)
    raise ViewChangedError("It was changed since you read it; read it again and repeat the change.")


def remove(session: Session, id: str, *, owner: UserId) -> None:
    """Forget one's own view."""
    mine = (saved_view.c.id == id) & (saved_view.c.user_id == owner)
    if not session.execute(delete(saved_view).where(mine)).rowcount:
        raise _not_found(id)


def _open_to(reader: UserId) -> ColumnElement[bool]:
    return or_(saved_view.c.user_id == reader, saved_view.c.shared)


def _not_found(id: str) -> ViewNotFoundError:
    return ViewNotFoundError(f"There is no view {id[:60]!r} of yours, and none that is shared with you.")


def _view(row: Row[tuple[object, ...]]) -> SavedView:
    return SavedView(
        id=row.id,
        user_id=row.user_id,
        page=row.page,
        name=row.name,
        body=row.body,
        shared=row.shared,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )
