"""Histories of venues whose way of turning pages is not known: walked by time, proved by overlap.

Each page begins just before the last row of the one before, and that row must be on it; pages go on until
one brings nothing new, however short. Then the newest page, asked without a time, must hang together with
what was read. So neither a short page nor an empty one is taken for the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Pages, Row
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.clock import from_milliseconds, to_milliseconds

LIMIT = 100
_BEFORE = timedelta(milliseconds=1)
_PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Page:
    """One page as archived, and its rows."""

    payload: Payload
    rows: tuple[Row, ...]
    pending: tuple[Row, ...] = ()


Ask = Callable[[int | None, Mapping[str, int]], Awaitable[Page]]
"""Asks for the rows since some milliseconds (None: the newest ones), with more parameters."""


def page_of(payload: Payload, rows: Iterable[Mapping[str, Any]]) -> Page:
    """A page and what its rows are known by: the venue's number, else all that they say."""
    found = [(_row(row), row.get("status") == _PENDING) for row in rows]
    return Page(payload, tuple(row for row, _ in found), tuple(row for row, held in found if held))


def _row(row: Mapping[str, Any]) -> Row:
    if "timestamp" not in row:
        raise MalformedPayloadError("a row has no time, so its history cannot be followed.")
    name = row.get("id") or row.get("txid") or sha256_hex(canonical_json(row))
    return Row(from_milliseconds(int(row["timestamp"])), f"{row.get('market', '')}:{name}")


class _Walk:
    """What was read of one history."""

    def __init__(self, ask: Ask, start: datetime, what: str) -> None:
        self.ask = ask
        self.start = start
        self.what = what
        self.pages: list[Page] = []
        self.seen: dict[str, Row] = {}

    async def take(self, at: datetime | None, **more: int) -> tuple[Row, ...]:
        """Ask for one page; its rows that are new and not older than the start."""
        page = await self.ask(None if at is None else to_milliseconds(at - _BEFORE), more)
        fresh = tuple(row for row in page.rows if row.id not in self.seen and row.at >= self.start)
        if fresh or not self.pages:
            self.pages.append(page)
        self.seen.update((row.id, row) for row in fresh)
        return fresh

    async def backwards(self, fresh: tuple[Row, ...]) -> None:
        """What lies between the start and the first page, of a venue that gives its newest rows first."""
        while fresh and min(fresh).at > self.start and len(self.pages) < MAX_PAGES:
            fresh = await self.take(self.start, until=to_milliseconds(min(fresh).at))

    async def forwards(self, now: datetime, window: timedelta | None) -> None:
        """Pages until one brings nothing new and, where the venue gives spans only, until now."""
        at = max((row.at for row in self.seen.values()), default=self.start)
        while len(self.pages) < MAX_PAGES:
            newest = max(self.seen.values(), default=None)
            page = await self.ask(to_milliseconds(at - _BEFORE), {})
            if newest is not None and newest.at >= at and newest.id not in {row.id for row in page.rows}:
                raise IncompletePagesError(
                    f"{self.what}: row {newest.id} does not repeat; a page is missing."
                )
            fresh = [row for row in page.rows if row.id not in self.seen and row.at >= self.start]
            if fresh:
                self.pages.append(page)
                self.seen.update((row.id, row) for row in fresh)
                at = max(fresh).at
            elif window is None or at + window >= now:
                return
            else:
                at += window
        raise IncompletePagesError(f"{self.what}: more than {MAX_PAGES} pages; read it from a later day on.")

    async def confirm(self) -> None:
        """The newest page must hang together with what was read."""
        page = await self.ask(None, {})
        fresh = [row for row in page.rows if row.id not in self.seen and row.at >= self.start]
        if not fresh:
            return
        newest = max(self.seen.values(), default=None)
        connected = (
            min(page.rows).at < self.start if newest is None else newest.id in {row.id for row in page.rows}
        )
        if not connected:
            raise IncompletePagesError(
                f"{self.what}: the newest rows do not follow those that were read; rows between are missing."
            )
        self.pages.append(page)
        self.seen.update((row.id, row) for row in fresh)


async def walk(
    ask: Ask, cursor: Cursor | None, *, since: datetime, now: datetime, window: timedelta | None, what: str
) -> Pages:
    """All rows since the cursor's row (else since an instant), or ``IncompletePagesError``.

    ``window`` is the longest span that the venue answers for at once. A row that is still under way holds
    the cursor back to itself.
    """
    found = _Walk(ask, since if cursor is None else cursor.at, what)
    fresh = await found.take(found.start)
    if cursor is None:
        await found.backwards(fresh)
    elif cursor.id not in found.seen:
        raise IncompletePagesError(f"{what}: row {cursor.id} of the last sync is gone; it is read again.")
    await found.forwards(now, window)
    await found.confirm()
    pending = [row for page in found.pages for row in page.pending]
    moved = min(pending) if pending else max(found.seen.values(), default=None)
    payloads = tuple(page.payload for page in found.pages)
    return Pages(payloads, None if moved is None else Cursor(moved.id, moved.at))
