"""Idempotency keys of mutating calls: the same key and request is answered from here, not done again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from truenav.core.failure import ConflictError, InvalidInputError
from truenav.store.database import Session
from truenav.store.tables import idempotency_key


class KeyReusedError(InvalidInputError):
    """The idempotency key was used for another request."""

    code = "idempotency-key-reused"
    title = "The idempotency key belongs to another request"


class KeyInUseError(ConflictError):
    """The first request with this key has no answer yet."""

    code = "idempotency-key-in-use"
    title = "The first request with this key is still running"


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The answer that the first request got."""

    status: int
    response: str


def claim(session: Session, key: str, request_hash: bytes, *, at: datetime) -> StoredResponse | None:
    """Take a key for this request: None means go on, a response means it was done already.

    A second request at the same time waits here for the first one's commit. `KeyReusedError` when the key
    belongs to another request.
    """
    values = {"key": key, "request_hash": request_hash, "created_at": at}
    statement = insert(idempotency_key).values(values).on_conflict_do_nothing()
    if session.scalar(statement.returning(idempotency_key.c.key)) is not None:
        return None
    row = session.execute(select(idempotency_key).where(idempotency_key.c.key == key)).one()
    if row.request_hash != request_hash:
        raise KeyReusedError(f"The idempotency key {key!r} was used for another request. Use a new key.")
    if row.status is None:
        raise KeyInUseError(f"The request with the idempotency key {key!r} has no answer yet. Try again.")
    return StoredResponse(row.status, row.response)


def finish(session: Session, key: str, status: int, response: str) -> None:
    """Keep the answer, in the transaction that did the work."""
    found = idempotency_key.c.key == key
    session.execute(update(idempotency_key).where(found).values(status=status, response=response))


def forget_before(session: Session, instant: datetime) -> int:
    """Drop keys older than ``instant`` (at least 7 days ago); gives how many."""
    return session.execute(delete(idempotency_key).where(idempotency_key.c.created_at < instant)).rowcount
