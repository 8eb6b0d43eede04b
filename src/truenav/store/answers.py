"""How often and how lately each source answered, read from the archive of received payloads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from truenav.core.canonical import decode
from truenav.core.evidence import Evidence
from truenav.store.database import Session

HOURS = 24

_SOURCES = (
    "FROM unnest(CAST(:connectors AS text[]), CAST(:accounts AS text[])) AS source (connector, account)"
)

# One look at the end of the index for each source, however much it answered before.
_LATEST = text(
    f"""SELECT source.connector, source.account, latest.body {_SOURCES} CROSS JOIN LATERAL (
        SELECT body FROM evidence
        WHERE evidence.connector = source.connector AND evidence.account = source.account
        ORDER BY asked_at DESC LIMIT 1) AS latest"""  # noqa: S608 - no text of a caller in it
)
_HOURLY = text(
    f"""SELECT source.connector, source.account, hourly.ago, hourly.answers {_SOURCES} CROSS JOIN LATERAL (
        SELECT floor(extract(epoch FROM :now - asked_at) / 3600)::int AS ago, count(*) AS answers
        FROM evidence
        WHERE evidence.connector = source.connector AND evidence.account = source.account
        AND asked_at > :since AND asked_at <= :now GROUP BY 1) AS hourly"""  # noqa: S608 - likewise
)

Source = tuple[str, str]
"""A connector and the account that it read; the account is empty for public data."""


@dataclass(frozen=True, slots=True)
class Answers:
    """``latest`` is the newest payload; ``hourly`` counts those of 24 hours, the oldest hour first."""

    latest: Evidence
    hourly: tuple[int, ...]


def answers_of(session: Session, sources: Collection[Source], *, now: datetime) -> dict[Source, Answers]:
    """What is known of each source; one that never answered is left out."""
    wanted = {
        "connectors": [connector for connector, _ in sources],
        "accounts": [account for _, account in sources],
    }
    hours: dict[Source, list[int]] = {}
    day = {"now": now, "since": now - timedelta(hours=HOURS)}
    for row in session.execute(_HOURLY, {**wanted, **day}):
        counts = hours.setdefault((row.connector, row.account), [0] * HOURS)
        counts[HOURS - 1 - row.ago] = row.answers
    return {
        (row.connector, row.account): Answers(
            decode(Evidence, row.body), tuple(hours.get((row.connector, row.account), [0] * HOURS))
        )
        for row in session.execute(_LATEST, wanted)
    }
