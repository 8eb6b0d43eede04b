"""Hyperliquid's histories, turned by time until they prove to be whole.

A window gives its oldest rows, so pages turn forward, each from the instant that ended the last one. That it
gave the oldest is not taken on trust: what may lie before the first page is asked for, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from truenav.connect.cefi.hyperliquid.client import SHORT, History, HyperliquidClient, listed
from truenav.connect.contract import Cursor, Payload
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import MAX_PAGES, Pages, Row
from truenav.core.clock import to_milliseconds


@dataclass(frozen=True, slots=True)
class Told:
    """A history since its cursor, and from when on the venue tells it where it has forgotten older rows."""

    pages: Pages
    forgotten: datetime | None = None


async def read_history(
    client: HyperliquidClient, history: History, cursor: Cursor | None, since: datetime
) -> Told:
    """Rows since the cursor, whose own row must repeat; else raises ``IncompletePagesError``."""
    book = _Book(client, history)
    begin = since if cursor is None else cursor.at
    await book.turn(begin)
    rows = [row for _, page in book.pages for row in page]
    last = None if cursor is None else Row(cursor.at, cursor.id)
    first = min(rows, default=None)
    forgotten = None
    if last is not None and last not in rows:
        if history.kept is None or first is None or first.at <= last.at:
            raise book.amiss(f"row {last.id} of the last sync does not repeat")
        forgotten = first.at
    elif last is None and first is not None and history.kept is not None and len(book.seen) >= history.kept:
        forgotten = first.at
    end = max(rows, key=lambda row: row.at, default=last)
    payloads = tuple(payload for payload, _ in book.pages)
    return Told(Pages(payloads, None if end is None else Cursor(end.id, end.at)), forgotten)


@dataclass(slots=True)
class _Book:
    """The pages of one history that brought something, in the order of time."""

    client: HyperliquidClient
    history: History
    pages: list[tuple[Payload, list[Row]]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    async def turn(self, begin: datetime) -> None:
        """Read from ``begin``: the first page, what lies before it, what lies behind it."""
        payload, rows = await self._ask(begin)
        self.seen.update(row.id for row in rows)
        self.pages.append((payload, rows))
        for _ in range(MAX_PAGES):
            rows = self.pages[0][1]
            if len(rows) < SHORT or not await self._add(min(rows), begin, before=True):
                break
        for _ in range(MAX_PAGES):
            rows = self.pages[-1][1]
            if len(rows) < SHORT or not await self._add(max(rows), max(rows).at, before=False):
                break

    async def _add(self, known: Row, begin: datetime, *, before: bool) -> bool:
        """One more page, in which a known row must repeat unless it is empty; whether it brought anything."""
        payload, rows = await self._ask(begin, known.at if before else None)
        if known not in rows and (rows or not before):
            raise self.amiss(f"row {known.id} does not repeat")
        if self.seen.issuperset(row.id for row in rows):
            if len(rows) >= self.history.page:
                raise self.amiss(f"{len(rows)} rows bear one instant")
            return False
        self.seen.update(row.id for row in rows)
        self.pages.insert(0 if before else len(self.pages), (payload, rows))
        return True

    async def _ask(self, begin: datetime, end: datetime | None = None) -> tuple[Payload, list[Row]]:
        window = {"startTime": to_milliseconds(begin)}
        if end is not None:
            window["endTime"] = to_milliseconds(end)
        payload = await self.client.own(self.history.endpoint, window)
        nodes = listed(payload)
        instants = [node.instant("time") for node in nodes]
        return payload, [Row(at, name) for at, name in zip(instants, self.history.ids(nodes), strict=True)]

    def amiss(self, what: str) -> IncompletePagesError:
        """What is wrong with this history's pages."""
        return IncompletePagesError(
            f"hyperliquid {self.history.endpoint.name}: {what}; nothing of this endpoint is taken, "
            "the next gathering reads it again."
        )
