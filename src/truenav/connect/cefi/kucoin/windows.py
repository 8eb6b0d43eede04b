"""KuCoin's histories: closed windows of time, whose pages are counted, or turn at the number of a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import MAX_PAGES, Pages, Parts, Row
from truenav.connect.windows import QuietTime, Span

_TOGETHER = 500
"""Rows that are given together."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its rows, whether it was full, and how many the venue counts (None: it does not say)."""

    payload: Payload
    rows: list[Row]
    full: bool
    total: int | None = None


Turn = Callable[[Span, int, Row | None], Awaitable[Page]]
"""Asks for a page (from 1) of a window; ``Row`` is the last one of the page before, which is to repeat."""


async def sweep(
    ask: Turn, *, start: datetime, until: datetime, step: timedelta, must: str, what: str
) -> Parts:
    """All rows from ``start`` to ``until``; windows share their border, so none lies between two of them.

    The row ``must`` (the last sync's, or empty) has to come again in the first window. A window that was
    empty is asked again when a later one is not. Some windows are given together. After ``MAX_PAGES`` the
    rest follows at the next sync. Raises ``IncompletePagesError``.
    """

    async def has_rows(span: Span) -> bool:
        return bool((await ask(span, 1, None)).rows)

    quiet = QuietTime(has_rows, what)
    waiting: list[Payload] = []
    newest: Row | None = None
    asked = came = 0
    while not asked or (start < until and asked < MAX_PAGES):
        span = Span(start, max(start, min(start + step, until)))
        pages = await _window(ask, span, must, what)
        rows = [row for page in pages for row in page.rows]
        if must and must not in {row.id for row in rows}:
            raise IncompletePagesError(
                f"{what}: row {must} of the last sync is gone; the next gathering reads it again."
            )
        if rows:
            await quiet.end()
        else:
            quiet.spans.append(span)
        waiting += [page.payload for page in pages]
        newest = max((*rows, *(() if newest is None else (newest,))), default=None)
        start, must, asked, came = span.end, "", asked + len(pages), came + len(rows)
        if newest is not None and came >= _TOGETHER and start < until:
            yield Pages(tuple(waiting), Cursor(newest.id, newest.at), more=True)
            waiting, came = [], 0
    yield Pages(tuple(waiting), None if newest is None else Cursor(newest.id, newest.at), more=start < until)


async def _window(ask: Turn, span: Span, must: str, what: str) -> list[Page]:
    """All pages of a window: as many rows as the venue counts, or each page begun by the last one's end.

    Pages that are not counted end where one brings nothing but the row that it begins with, for a page may
    be cut short, or where the row ``must`` came, which is the oldest.
    """
    pages: list[Page] = []
    seen: set[str] = set()
    last: Row | None = None
    for number in range(1, MAX_PAGES + 1):
        page = await ask(span, number, last)
        ids = {row.id for row in page.rows}
        if page.total is None and last is not None and last.id not in ids:
            raise IncompletePagesError(f"{what}: row {last.id} does not repeat; a page is missing.")
        if pages and ids <= seen and page.full:
            raise IncompletePagesError(f"{what}: the same page came twice.")
        fresh = bool(ids - seen)
        pages.append(page)
        seen |= ids
        if page.total is None and (not fresh or (must in seen and not page.full)):
            return pages
        if page.total is not None and len(seen) >= page.total:
            return pages
        if page.total is not None and not page.full:
            raise IncompletePagesError(
                f"{what}: {page.total} rows are counted and {len(seen)} came; nothing is taken."
            )
        last = page.rows[-1] if page.rows else last
    raise IncompletePagesError(f"{what}: a window has more than {MAX_PAGES} pages.")
