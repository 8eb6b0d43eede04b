"""Data issues are closed with a reason, which the audit trail keeps: by a person, or by what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.core.failure import InvalidInputError
from truenav.store import audit, issues
from truenav.store.database import Session
from truenav.store.issues import IssueNotFoundError, IssueState

GATHERING = "gathering"
"""Who closes an issue that a later gathering or a new look at the facts has settled."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An open issue that is one no more, and why."""

    id: str
    state: IssueState
    explanation: str


def settle_found(session: Session, found: Sequence[Settled], *, at: datetime) -> None:
    """Close issues that facts have settled; the last thing that a transaction does, since the trail waits."""
    closed = []
    for one in found:
        with suppress(IssueNotFoundError):  # somebody else settled it in the meantime
            issues.close(session, one.id, one.state, by=GATHERING, at=at, explanation=one.explanation)
            closed.append(one)
    for one in closed:
        audit.append(
            session,
            actor=GATHERING,
            action=f"issue.{one.state}",
            subject=one.id,
            at=at,
            detail={"explanation": one.explanation},
        )


def settle_issue(
    session: Session, house: House, principal: Principal, id: str, state: IssueState, *, explanation: str
) -> str:
    """Explain an open issue or call it fixed; ``id`` may be its first digits. Gives the full id."""
    authorize(principal, "fact:write", Resource(principal.tenant, "issue", id))
    if not explanation.strip():
        raise InvalidInputError("Closing an issue needs a reason; say why, and where it can be checked.")
    found = [one.id for one in issues.list_issues(session) if id and one.id.startswith(id)]
    if len(found) > 1 and id not in found:
        raise InvalidInputError(f"{id!r} is the beginning of {len(found)} issues; give more digits.")
    if not found:
        raise IssueNotFoundError(f"There is no open issue {id[:64]!r}. List the open ones.")
    full = id if id in found else found[0]
    now = house.clock.now()
    issues.close(session, full, state, by=principal.user, at=now, explanation=explanation)
    audit.append(
        session,
        actor=principal.user,
        action=f"issue.{state}",
        subject=full,
        at=now,
        detail={"explanation": explanation},
    )
    return full
