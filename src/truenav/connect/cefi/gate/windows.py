"""Gate's histories: closed windows of whole seconds that are halved until each fits into one page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import MAX_PAGES, Pages, Row

_SECOND = timedelta(seconds=1)
_ROUND = 100
"""A venue that gives fewer rows than were asked for stops at such a round number."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer and what identifies its rows."""

    payload: Payload
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Span:
    """A window of time, both ends included; whole seconds, as the venue is asked by."""

    start: datetime
    end: datetime

    @property
    def halves(self) -> tuple[Span, Span]:
        """Both halves, which share the second between them."""
        middle = _whole(self.start + (self.end - self.start) / 2)
        return Span(self.start, middle), Span(middle, self.end)


Ask = Callable[[Span, int], Awaitable[Page]]
"""Asks for a page (from 1) of a window."""


async def sweep(
    ask: Ask,
    *,
    start: datetime,
    until: datetime,
    step: timedelta,
    limit: int,
    must: str,
    what: str,
) -> Pages:
    """All rows from ``start`` to ``until``; windows share their border, so none lies between two of them.

    The row ``must`` (the last sync's, or empty) has to come again, in any window: fills are found by when
    their order ended. A window that was empty though later ones were not is asked again. After ``MAX_PAGES``
    the rest follows at the next sync. Raises ``IncompletePagesError``.
    """
    ends, waiting = _whole(until) + _SECOND, _whole(start)
    payloads: list[Payload] = []
    rows: dict[str, Row] = {}
    quiet: list[Span] = []
    told = 0
    while waiting < ends and len(payloads) < MAX_PAGES:
        span = Span(waiting, min(waiting + step, ends))
        pages = await _read(ask, span, limit, what)
        payloads += [page.payload for page in pages]
        found = {row.id: row for page in pages for row in page.rows}
        if found:
            rows.update(found)
            told = len(quiet)
        else:
            quiet.append(span)
        waiting = span.end
    if must and must not in rows:
        raise IncompletePagesError(
            f"{what}: row {must} of the last sync is gone; the next gathering reads it again."
        )
    for span in quiet[:told]:
        if (await ask(span, 1)).rows:
            raise IncompletePagesError(f"{what}: a window was empty and then was not; it is read again.")
    newest = max(rows.values(), default=None)
    return Pages(tuple(payloads), None if newest is None else Cursor(newest.id, newest.at))


async def _read(ask: Ask, span: Span, limit: int, what: str) -> list[Page]:
    """One window: as one page, else as two halves; a single second by turning its pages."""
    page = await ask(span, 1)
    if not _is_full(page, limit):
        return [page]
    if not any(span.start <= row.at <= span.end + _SECOND for row in page.rows):
        raise IncompletePagesError(f"{what}: no row of a full page lies in the time that was asked for.")
    if span.end - span.start > _SECOND:
        return [one for half in span.halves for one in await _read(ask, half, limit, what)]
    pages, seen = [page], {row.id for row in page.rows}
    while _is_full(page, limit):
        page = await ask(span, len(pages) + 1)
        fresh = {row.id for row in page.rows} - seen
        if page.rows and not fresh:
            raise IncompletePagesError(f"{what}: the same page came twice.")
        pages.append(page)
        seen |= fresh
    return pages


def _is_full(page: Page, limit: int) -> bool:
    """Whether more may follow: all rows that were asked for, or a round number that may be the venue's."""
    return len(page.rows) >= limit or (bool(page.rows) and len(page.rows) % _ROUND == 0)


def _whole(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
