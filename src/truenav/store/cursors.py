"""How far each endpoint of each account was read. Moved in the transaction that appends its facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from truenav.core.canonical import encode
from truenav.store.database import Session
from truenav.store.tables import cursor


def get(session: Session, account: str, endpoint: str) -> Any:
    """The position as plain JSON data, None before the first complete read."""
    query = select(cursor.c.position).where(cursor.c.account == account, cursor.c.endpoint == endpoint)
    return session.execute(query).scalar_one_or_none()


def get_all(session: Session, account: str) -> dict[str, Any]:
    """Endpoint to position of everything that was read for an account."""
    query = select(cursor.c.endpoint, cursor.c.position).where(cursor.c.account == account)
    return {row.endpoint: row.position for row in session.execute(query)}


def move(session: Session, account: str, endpoint: str, position: object, *, at: datetime) -> None:
    """Set the position (canonical data) after a complete page set."""
    values = {"position": encode(position), "moved_at": at}
    statement = insert(cursor).values(account=account, endpoint=endpoint, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[cursor.c.tenant_id, cursor.c.account, cursor.c.endpoint], set_=values
        )
    )
