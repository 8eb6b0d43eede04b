"""Pages that a custodian turns by a token, and the cursor that waits for what is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import MAX_PAGES, Pages, Row


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list: its rows, those of them under way, and the token of the next page ("": none)."""

    payload: Payload
    rows: tuple[Row, ...]
    under_way: tuple[Row, ...] = ()
    following: str = ""


Turn = Callable[[str], Awaitable[Page]]
"""Asks for the page of a token; "" is the first."""


async def turn(ask: Turn, cursor: Cursor | None, *, what: str) -> Pages:
    """Read ascending pages until none follows; the cursor's row must be on one of them.

    A page that came before, a token that came before and an empty page in the middle are gaps. Raises
    ``IncompletePagesError``; then nothing of the list is taken.
    """
    pages: list[Page] = []
    seen: set[str] = set()
    tokens = {""}
    token = ""
    for _ in range(MAX_PAGES):
        page = await ask(token)
        found = {row.id for row in page.rows}
        if page.following and (page.following in tokens or found <= seen):
            raise IncompletePagesError(
                f"{what}: a page came twice or without a row; nothing of this list is taken, the next "
                "gathering reads it again."
            )
        if found and found <= seen:
            raise IncompletePagesError(f"{what}: the last page repeats one before it; a page is missing.")
        pages.append(page)
        seen |= found
        tokens.add(token := page.following)
        if not token:
            break
    if cursor is not None and cursor.id not in seen:
        raise IncompletePagesError(f"{what}: row {cursor.id} of the last sync is gone; it is read again.")
    newest = max((row for page in pages for row in page.rows), default=None)
    reached = None if newest is None else Cursor(newest.id, newest.at)
    return held_back(
        Pages(tuple(page.payload for page in pages), reached),
        (row for page in pages for row in page.under_way),
    )


def held_back(pages: Pages, under_way: Iterable[Row]) -> Pages:
    """The pages with a cursor that stays at the oldest row under way, so that its end will be read."""
    oldest = min(under_way, default=None)
    if oldest is None or pages.cursor is None:
        return pages
    return Pages(pages.payloads, Cursor(oldest.id, oldest.at))
