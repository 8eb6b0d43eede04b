"""Histories told by closed windows of time, made to overlap; what was empty is asked for again.

The reader turns the pages of a window by an opaque token, newest first, as Bybit does and others after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import MAX_PAGES, Pages, Parts, Row

WINDOW_PAGES = 20
"""Pages of one window; a busier one is halved."""
SHORTEST = timedelta(seconds=1)
AGAIN = timedelta(minutes=1)
"""Read again before the last sync's row: a venue may show a row later than one that happened after it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A window of time, both ends included."""

    start: datetime
    end: datetime


@dataclass(slots=True)
class QuietTime:
    """Windows that had no row; ``has_rows`` asks for one again.

    A venue that answers with an empty page for want of time would else leave a hole behind the cursor.
    """

    has_rows: Callable[[Span], Awaitable[bool]]
    what: str
    spans: list[Span] = field(default_factory=list)

    async def end(self) -> None:
        """A later window has rows: those before it have to be empty still, else ``IncompletePagesError``."""
        spans, self.spans = self.spans, []
        for span in spans:
            if await self.has_rows(span):
                raise IncompletePagesError(
                    f"{self.what}: a window was empty and then was not; it is read again."
                )


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its rows in the venue's order, and the token that asks for the next one."""

    payload: Payload
    rows: list[Row]
    token: str


Ask = Callable[[Span, str], Awaitable[Page]]
"""Asks for the page of a window at a token; the empty token is the first page."""


@dataclass(slots=True)
class _Window:
    """What one window told."""

    payloads: list[Payload] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    filled: bool = False

    def take(self, page: Page, limit: int) -> int:
        """Keep a page; gives how many of its rows are new."""
        before = len(self.rows)
        self.payloads.append(page.payload)
        self.rows.update((row.id, row) for row in page.rows)
        self.filled = self.filled or len(page.rows) >= limit
        return len(self.rows) - before


def begin_of(cursor: Cursor | None, since: datetime) -> datetime:
    """Where a reading begins: a little before the cursor, but not before ``since`` but for that."""
    return since if cursor is None else min(cursor.at, max(since, cursor.at - AGAIN))


async def sweep(
    ask: Ask,
    cursor: Cursor | None,
    *,
    since: datetime,
    until: datetime,
    step: timedelta,
    limit: int,
    what: str,
) -> Parts:
    """All rows from a little before the cursor (else from ``since``) to ``until``, window by window.

    The cursor's row must come again. Nothing before ``since`` is asked for but that. A window that was empty
    is asked again when a later one is not: only an answer that is empty twice is taken for a quiet time. A
    window with a full page is given at once, others together. After ``MAX_PAGES`` the rest follows at the
    next sync. Raises ``IncompletePagesError``.
    """

    async def has_rows(span: Span) -> bool:
        return bool((await ask(span, "")).rows)

    quiet = QuietTime(has_rows, what)
    start, length = begin_of(cursor, since), step
    owed = cursor
    waiting: list[Payload] = []
    newest: Row | None = None
    asked = 0
    first = True
    while first or (start <= until and asked < MAX_PAGES):
        span = Span(start, start + length)
        window = await _read(ask, span, limit, what)
        if window is None:
            length /= 2
            continue
        if owed is not None and owed.id in window.rows:
            owed = None
        elif owed is not None and span.end >= owed.at:
            raise IncompletePagesError(
                f"{what}: row {owed.id} of the last sync is gone; the next gathering reads it again."
            )
        waiting += window.payloads
        asked += len(window.payloads)
        start, first, length = span.end, False, min(step, 2 * length)
        if not window.rows:
            quiet.spans.append(span)
            continue
        await quiet.end()
        newest = max(window.rows.values())
        if window.filled and start <= until:
            yield Pages(tuple(waiting), Cursor(newest.id, newest.at), more=True)
            waiting = []
    moved = None if newest is None else Cursor(newest.id, newest.at)
    yield Pages(tuple(waiting), moved, more=start <= until)


async def holding(parts: Parts, pending: Sequence[Row], cursor: Cursor | None, since: datetime) -> Parts:
    """The parts of a history, whose cursor stays at the oldest row that may still change.

    ``pending`` grows as the parts come. Where such a row lies before the cursor, the cursor stays.
    """
    begin = since if cursor is None else cursor.at
    async for pages in parts:
        oldest = min(pending, default=None)
        if oldest is None:
            yield pages
        else:
            yield replace(pages, cursor=cursor if oldest.at < begin else Cursor(oldest.id, oldest.at))


async def _read(ask: Ask, span: Span, limit: int, what: str) -> _Window | None:
    """One window to its end; None where it has too many pages and can be halved.

    Tokens cannot prove that no page is missing at its end: where one was full, what is as old as the oldest
    row is asked for once more, and must hold nothing that was not seen.
    """
    window, token = _Window(), ""
    for _ in range(WINDOW_PAGES):
        page = await ask(span, token)
        fresh = window.take(page, limit)
        if page.rows and not fresh:
            raise IncompletePagesError(f"{what}: the same page came twice.")
        token = page.token
        if not token or not page.rows:
            break
    else:
        if span.end - span.start <= SHORTEST:
            raise IncompletePagesError(f"{what}: one second has more than {WINDOW_PAGES} pages.")
        return None
    if window.filled:
        oldest = min(window.rows.values(), key=lambda row: row.at)
        closing = {row.id for row in (await ask(Span(span.start, oldest.at), "")).rows}
        if not closing or not closing <= window.rows.keys():
            raise IncompletePagesError(f"{what}: a page before row {oldest.id} is missing.")
    return window
