"""Which moment is asked for: the present, or a past instant as it was known at another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from truenav.app.http.context import NowDep
from truenav.app.http.models import Instant
from truenav.app.nav.inputs import refuse_instant
from truenav.core.failure import InvalidInputError

AsOfQuery = Annotated[Instant | None, Query(description="Value what is recorded as of then; absent: now")]
KnownAtQuery = Annotated[
    Instant | None, Query(description="With the facts recorded by then; absent: all that are recorded now")
]


@dataclass(frozen=True, slots=True)
class Then:
    """A past moment: valued as of ``as_of`` with the facts recorded by ``known_at``."""

    as_of: datetime
    known_at: datetime


async def asked_moment(now: NowDep, as_of: AsOfQuery = None, known_at: KnownAtQuery = None) -> Then | None:
    """The past moment asked for, None for the present; ``known_at`` alone looks as of that instant."""
    if as_of is None and known_at is None:
        return None
    then = Then(as_of or known_at or now, known_at or now)
    refuse_instant(then.as_of, now)
    refuse_knowledge(then.known_at, now)
    return then


def refuse_knowledge(known_at: datetime, now: datetime) -> None:
    """Refuse knowledge that nobody has yet."""
    if known_at > now:
        raise InvalidInputError(
            f"known-at {known_at.isoformat()} lies in the future; leave it out for all that is known."
        )


ThenDep = Annotated[Then | None, Depends(asked_moment)]
