"""A venue's clock that is off is told before orders are refused for it: an issue, and by it a notice."""

from __future__ import annotations

from datetime import datetime, timedelta

from truenav.app.completeness.settle import Settled, settle_found
from truenav.connect.contract import CLOCK_ALARM
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.ids import AccountId
from truenav.store import issues
from truenav.store.database import Session
from truenav.store.issues import Issue, IssueState

VENUE_CLOCK = "venue_clock"
"""Kind of an issue about the clock by which a venue judges orders; its subject is the account."""


def note_clock(session: Session, account: AccountId, offset: timedelta, *, at: datetime) -> None:
    """Open an issue, one a day, where the venue's clock less ours is more than a second; else close it."""
    if abs(offset) <= CLOCK_ALARM:
        known = issues.list_issues(session, kind=VENUE_CLOCK, subject=account)
        reason = f"The clock differs by {offset.total_seconds():.3f} s now."
        settle_found(session, [Settled(one.id, IssueState.FIXED, reason) for one in known], at=at)
        return
    id = sha256_hex(canonical_json([VENUE_CLOCK, account, at.date().isoformat()]))[:32]
    issue = Issue(
        id=id,
        kind=VENUE_CLOCK,
        subject=account,
        message=f"The clock of {account}'s venue differs from ours by {offset.total_seconds():.3f} s. "
        "Beyond 5 s nothing is ordered.",
        mend="Synchronise this machine's clock by NTP; 'truenav trade key check' shows the difference.",
        opened_at=at,
        blocking=False,
    )
    issues.open_many(session, [issue])
    issues.reopen(session, [id])
