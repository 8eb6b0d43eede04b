"""Kraken's histories: a window of time that ends in the past, its pages turned by offset from the oldest.

Offsets count from the newest row, so they shift as rows come; those of a window that has ended stand still.
Each page begins with a row of the one before it, which proves that nothing slipped between them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from truenav.connect.cefi.kraken.client import PAGE
from truenav.connect.contract import Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import Row

TOGETHER = timedelta(seconds=1)
"""In which the entries of one trade are booked: what ends a part of a history may lack some for so long."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its rows, and how many the venue counts in the whole window."""

    payload: Payload
    rows: tuple[Row, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Climb:
    """Pages of a window from its oldest row on; ``whole`` where they reach its newest."""

    pages: tuple[Page, ...]
    whole: bool

    @property
    def rows(self) -> list[Row]:
        """All rows, the oldest first."""
        return sorted({row for page in self.pages for row in page.rows})


Ask = Callable[[int], Awaitable[Page]]
"""Asks for the page of a window at an offset from its newest row."""


async def climb(ask: Ask, known: str, *, most: int, what: str) -> Climb:
    """The oldest pages of a window, ``most`` of them; the row ``known`` of the last sync must be there.

    There are more of them where so many hold one burst of rows: a part must lead on. The venue's count tells
    where the oldest page is, and that an empty window is empty. Raises ``IncompletePagesError``.
    """
    newest = await ask(0)
    pages: list[Page] = []
    offset: int | None = max(newest.count - PAGE, 0)
    while offset is not None and (len(pages) < most or not _leads_on(pages, known)):
        page = await ask(offset) if offset else newest
        if len(page.rows) < min(PAGE, newest.count - offset):
            raise IncompletePagesError(
                f"{what}: {len(page.rows)} rows came at offset {offset} of {newest.count}; nothing is taken."
            )
        if pages and not set(page.rows) & set(pages[-1].rows):
            raise IncompletePagesError(f"{what}: the page at offset {offset} does not meet the one before.")
        pages.append(page)
        offset = max(offset - PAGE + 1, 0) if offset else None
    if known and known not in {row.id for page in pages for row in page.rows}:
        raise IncompletePagesError(
            f"{what}: row {known} of the last sync is gone; the next gathering reads it again."
        )
    return Climb(tuple(pages), whole=offset is None)


def _leads_on(pages: Iterable[Page], known: str) -> bool:
    """Whether a row behind the known one, or else the first, is surely whole."""
    rows = sorted({row for page in pages for row in page.rows})
    if known:
        place = next((n for n, row in enumerate(rows) if row.id == known), len(rows))
        rows = rows[place + 1 :]
    return bool(rows) and rows[-1].at - rows[0].at > TOGETHER
