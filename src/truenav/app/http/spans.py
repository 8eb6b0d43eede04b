"""The span of time that a series is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

from fastapi import Depends, Query

from truenav.app.http.context import NowDep
from truenav.app.http.models import Instant

_DAY = timedelta(days=1)
_SECOND_DAY = datetime.min.replace(tzinfo=UTC) + _DAY


class Span(NamedTuple):
    """From an instant until another one, which need not be later."""

    since: datetime
    until: datetime


async def span(
    now: NowDep,
    since: Annotated[Instant | None, Query(description="By default a day before `until`")] = None,
    until: Annotated[Instant | None, Query(description="By default now")] = None,
) -> Span:
    """The span of a query: the last day where it says nothing."""
    end = until or now
    return Span(since or max(end, _SECOND_DAY) - _DAY, end)


SpanDep = Annotated[Span, Depends(span)]
