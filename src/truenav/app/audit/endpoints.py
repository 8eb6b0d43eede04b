"""The audit trail, entry by entry, and whether its chain holds."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import Query
from sqlalchemy import Row

from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.context import SessionDep
from truenav.app.http.models import Answer, Instant
from truenav.app.http.pages import Page, read_number
from truenav.app.http.routes import Router, requires
from truenav.store import audit
from truenav.store.audit import AuditSearch

router = Router(prefix="/audit", tags=["audit"])


class AuditEntryAnswer(Answer):
    """One entry. ``hash`` seals it together with all before it; ``detail`` is canonical JSON text."""

    seq: int
    at: Instant
    actor: str
    action: str
    subject: str
    detail: str
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """An entry as stored."""
        return cls(
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            detail=row.detail,
            previous_hash=row.previous_hash.hex(),
            hash=row.hash.hex(),
        )


class AuditCheckAnswer(Answer):
    """Whether every link holds. Note ``seq`` and ``hash``: only against them a cut-off end shows."""

    ok: bool
    seq: int
    hash: str
    first_bad: int | None = None
    reason: str = ""


@router.get("", dependencies=[requires("audit:read")])
def list_entries(
    session: SessionDep,
    query: TableQueryDep,
    newest_first: bool = False,
    actor: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Exactly this actor")
    ] = None,
    action: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Actions that begin so")
    ] = None,
    subject: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Subjects that contain this")
    ] = None,
) -> Page[AuditEntryAnswer]:
    """Entries of the tenant, oldest first unless asked otherwise."""
    rows = audit.entries(
        session,
        after_seq=read_number(query.after),
        limit=query.limit + 1,
        newest_first=newest_first,
        search=AuditSearch(actor, action, subject),
    )
    return query.page(rows, key=lambda row: str(row.seq), show=AuditEntryAnswer.of)


@router.get("/verify", dependencies=[requires("audit:read")])
def verify_chain(session: SessionDep) -> AuditCheckAnswer:
    """Check the whole chain now; names the first entry that does not hold."""
    check = audit.verify(session)
    return AuditCheckAnswer(
        ok=check.ok, seq=check.head.seq, hash=check.head.hash, first_bad=check.first_bad, reason=check.reason
    )
