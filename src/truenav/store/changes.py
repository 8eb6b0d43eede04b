"""Whether what was read still stands: every transaction that writes what figures are made of leaves a note.

The notes are written by triggers on the tables themselves, so no writer can forget one. A note names the
transaction, which is compared with the snapshot that a value was read in: exact, whatever the order in
which transactions commit.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from truenav.store.database import Session

NEWS = "truenav"
"""The channel of a tenant's news; the triggers write to it, too."""

FIGURES = ("fact", "definition", "nav_run")
"""What the value of a fund is made of: changes to these tables."""

KEPT_SECONDS = 3600
"""Notes are kept at least this long; whoever keeps a value asks more often."""

_SNAPSHOT = text("SELECT pg_current_snapshot()::text")
_CHANGED = text("""
SELECT EXISTS (SELECT FROM change WHERE what = ANY(:what)
    AND xid >= pg_snapshot_xmin(CAST(:snapshot AS pg_snapshot))::text::bigint
    AND NOT pg_visible_in_snapshot(xid::text::xid8, CAST(:snapshot AS pg_snapshot)))
""")
_FORGET = text("DELETE FROM change WHERE at < now() - make_interval(secs => :seconds)")


def snapshot_of(session: Session) -> str:
    """What the transaction sees, in a form to keep; take it in the transaction that reads the value."""
    return str(session.scalar(_SNAPSHOT))


def changed_since(session: Session, snapshot: str, what: Sequence[str] = FIGURES) -> bool:
    """Whether this transaction sees a change to the tables ``what`` that the kept snapshot did not."""
    return bool(session.scalar(_CHANGED, {"snapshot": snapshot, "what": list(what)}))


def forget_old(session: Session) -> int:
    """Drop notes older than `KEPT_SECONDS`; gives how many."""
    return session.execute(_FORGET, {"seconds": KEPT_SECONDS}).rowcount
