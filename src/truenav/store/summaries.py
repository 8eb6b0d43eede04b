"""The few figures of each NAV result that histories are drawn from: derived, by the result's hash.

A result never changes, so neither does its summary; dropping the table loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from truenav.core.ids import Sha256
from truenav.store.database import Session
from truenav.store.tables import nav_summary


def find(session: Session, results: Collection[Sha256]) -> Mapping[Sha256, str]:
    """The kept summaries of these results, as canonical JSON text."""
    wanted = [bytes.fromhex(sha) for sha in results]
    rows = session.execute(select(nav_summary).where(nav_summary.c.result_sha.in_(wanted)))
    return {Sha256(row.result_sha.hex()): row.body for row in rows}


def keep(session: Session, summaries: Mapping[Sha256, str]) -> None:
    """Keep summaries; one that is kept already stays."""
    if summaries:
        rows = [{"result_sha": bytes.fromhex(sha), "body": body} for sha, body in summaries.items()]
        session.execute(insert(nav_summary).on_conflict_do_nothing(), rows)
