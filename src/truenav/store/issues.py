"""Data issues: what does not fit together, kept open until a person explains or mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from truenav.core.failure import NotFoundError
from truenav.store.database import Session
from truenav.store.tables import data_issue


class IssueState(StrEnum):
    """Where an issue stands."""

    OPEN = "open"
    EXPLAINED = "explained"
    FIXED = "fixed"


class IssueNotFoundError(NotFoundError):
    """There is no such open issue."""

    code = "issue-not-found"


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. ``id`` follows from the finding, so finding it twice is one issue.

    ``detail`` is canonical JSON text of what was found; ``blocking`` keeps a NAV from becoming final.
    """

    id: str
    kind: str
    subject: str
    message: str
    mend: str
    opened_at: datetime
    detail: str = "{}"
    blocking: bool = True
    state: IssueState = IssueState.OPEN
    closed_at: datetime | None = None
    closed_by: str | None = None
    explanation: str | None = None


def open_many(session: Session, issues: Sequence[Issue]) -> None:
    """Record findings; one that is known already stays as it is, closed ones included."""
    if not issues:
        return
    rows = [
        {
            "id": issue.id,
            "kind": issue.kind,
            "subject": issue.subject,
            "message": issue.message,
            "mend": issue.mend,
            "detail": issue.detail,
            "state": issue.state,
            "blocking": issue.blocking,
            "opened_at": issue.opened_at,
        }
        for issue in issues
    ]
    session.execute(insert(data_issue).on_conflict_do_nothing(), rows)


def close(session: Session, id: str, state: IssueState, *, by: str, at: datetime, explanation: str) -> None:
    """Explain an open issue or call it fixed; `IssueNotFoundError` when none is open under this id."""
    result = session.execute(
        update(data_issue)
        .where(data_issue.c.id == id, data_issue.c.state == IssueState.OPEN)
        .values(state=state, closed_by=by, closed_at=at, explanation=explanation)
    )
    if result.rowcount == 0:
        raise IssueNotFoundError(f"There is no open issue {id!r}. List the open ones.")


def reopen(session: Session, ids: Sequence[str]) -> None:
    """Open issues again that were fixed and are found anew; what a person explained stays explained."""
    session.execute(
        update(data_issue)
        .where(data_issue.c.id.in_(ids), data_issue.c.state == IssueState.FIXED)
        .values(state=IssueState.OPEN, closed_by=None, closed_at=None, explanation=None)
    )


def list_issues(
    session: Session,
    state: IssueState | None = IssueState.OPEN,
    *,
    kind: str | None = None,
    subject: str | None = None,
) -> tuple[Issue, ...]:
    """Issues in a state, or all with None, oldest first; with ``kind`` or ``subject`` those alone."""
    query = select(data_issue).order_by(data_issue.c.opened_at, data_issue.c.id)
    for column, wanted in (("state", state), ("kind", kind), ("subject", subject)):
        if wanted is not None:
            query = query.where(data_issue.c[column] == wanted)
    return tuple(
        Issue(
            row.id,
            row.kind,
            row.subject,
            row.message,
            row.mend,
            row.opened_at,
            row.detail,
            row.blocking,
            IssueState(row.state),
            row.closed_at,
            row.closed_by,
            row.explanation,
        )
        for row in session.execute(query)
    )
