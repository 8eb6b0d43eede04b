"""Gate's histories: closed windows of whole seconds that are halved until each fits into one page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import MAX_PAGES, Pages, Parts, Row
from truenav.connect.windows import QuietTime, Span

_SECOND = timedelta(seconds=1)
_ROUND = 100
"""A venue that gives fewer rows than were asked for stops at such a round number."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer and what identifies its rows."""

    payload: Payload
    rows: list[Row]


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
) -> Parts:
    """All rows from ``start`` to ``until``; windows share their border, so none lies between two of them.

    The row ``must`` (the last sync's, or empty) has to come again, in any window: fills are found by when
    their order ended; nothing is given before. A window that was empty is asked again when a later one is
    not. As many rows as fill a page are given together. After ``MAX_PAGES`` the rest follows at the next
    sync. Raises ``IncompletePagesError``.
    """

    async def has_rows(span: Span) -> bool:
        return bool((await ask(span, 1)).rows)

    quiet = QuietTime(has_rows, what)
    spans = _windows(_whole(start), _whole(until) + _SECOND, step)
    waiting: list[Payload] = []
    newest: Row | None = None
    asked = came = 0
    while spans and asked < MAX_PAGES:
        span = spans.pop()
        pages = await _read(ask, span, limit, what)
        if pages is None:
            spans += reversed(_halves(span))
            continue
        waiting += [page.payload for page in pages]
        asked += len(pages)
        rows = [row for page in pages for row in page.rows]
        if not rows:
            quiet.spans.append(span)
            continue
        await quiet.end()
        came += len(rows)
        newest = max(rows) if newest is None else max(newest, *rows)
        must = "" if must in {row.id for row in rows} else must
        if not must and came >= limit and spans:
            yield Pages(tuple(waiting), Cursor(newest.id, newest.at), more=True)
            waiting, came = [], 0
    if must:
        raise IncompletePagesError(
            f"{what}: row {must} of the last sync is gone; the next gathering reads it again."
        )
    yield Pages(tuple(waiting), None if newest is None else Cursor(newest.id, newest.at), more=bool(spans))


def _halves(span: Span) -> tuple[Span, Span]:
    """Both halves of a window of whole seconds, by which the venue is asked; they share the one between."""
    middle = _whole(span.start + (span.end - span.start) / 2)
    return Span(span.start, middle), Span(middle, span.end)


def _windows(start: datetime, end: datetime, step: timedelta) -> list[Span]:
    """At least one window, the latest first."""
    spans = [Span(start, max(start, min(start + step, end)))]
    while spans[-1].end < end:
        spans.append(Span(spans[-1].end, min(spans[-1].end + step, end)))
    return spans[::-1]


async def _read(ask: Ask, span: Span, limit: int, what: str) -> list[Page] | None:
    """One window as one page, None where it is to be halved; a single second by turning its pages."""
    page = await ask(span, 1)
    if not _is_full(page, limit):
        return [page]
    if not any(span.start <= row.at <= span.end + _SECOND for row in page.rows):
        raise IncompletePagesError(f"{what}: no row of a full page lies in the time that was asked for.")
    if span.end - span.start > _SECOND:
        return None
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
