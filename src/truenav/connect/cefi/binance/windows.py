"""Histories that Binance tells by spans of time, whatever order their rows come in.

A span ends where its pages do, or, where the venue turns none, is halved until no answer is full. An empty
span is asked for twice, unless it is the last: that one is read again by the next gathering, which begins
with the newest row, or four weeks ago where no row is younger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import BinanceClient
from truenav.connect.contract import Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import Pages, Parts, Row
from truenav.core.clock import to_milliseconds

INSTANT = timedelta(milliseconds=1)
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
OVERLAP = timedelta(days=28)
MAX_PAGES = 1000


def settled(row: Node) -> bool:
    """Every row is final."""
    del row
    return False


@dataclass(frozen=True, slots=True)
class History:
    """How one history is told.

    ``rows`` names the field of its rows, empty where the answer is an array of them. ``page`` is how many
    come at once, told by the parameter ``size``; ``count`` the field with how many there are, where pages
    turn by the number in ``turn``. ``pending`` says of a row that it may still change: it is read again.
    ``late`` is how long after its instant a row may appear. A span that begins further back than ``archive``
    is asked for in the venue's archive, too.
    """

    endpoint: Endpoint
    row: Callable[[Node], Row]
    rows: str = "rows"
    span: timedelta = MONTH
    page: int = 100
    size: str = "size"
    turn: str = "current"
    count: str = "total"
    pending: Callable[[Node], bool] = settled
    late: timedelta = timedelta(0)
    archive: timedelta | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Found:
    """What was read so far."""

    payloads: list[Payload] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    pending: list[Row] = field(default_factory=list)

    def take(self, history: History, payload: Payload, nodes: list[Node]) -> None:
        """Keep an answer and its rows."""
        self.payloads.append(payload)
        for node in nodes:
            row = history.row(node)
            self.rows[row.id] = row
            if history.pending(node):
                self.pending.append(row)


async def read_history(
    client: BinanceClient, history: History, cursor: Cursor | None, since: datetime
) -> Parts:
    """All spans since the cursor, else since an instant, each as it comes. The cursor's row must be there."""
    now, start = client.api.now(), since if cursor is None else cursor.at
    place, proven = _Place(max(start, now - OVERLAP)), cursor is None or not cursor.id
    begin = start if cursor is None else start - history.late
    while begin <= now:
        end = min(begin + history.span - INSTANT, now)
        found = await _span(client, history, begin, end)
        if not found.rows and end < now:
            found = await _span(client, history, begin, end)
        if not proven and cursor is not None and cursor.id not in found.rows:
            raise IncompletePagesError(
                f"binance {history.endpoint.name}: row {cursor.id} of the last sync is gone."
            )
        proven = True
        passed = max(start, min(end, place.young))
        yield Pages(tuple(found.payloads), place.after(found, passed), more=end < now)
        begin = end + INSTANT


@dataclass(slots=True)
class _Place:
    """Where the next gathering begins: with the oldest row that may change, else a young newest one."""

    young: datetime
    newest: Row | None = None
    pending: Row | None = None

    def after(self, found: _Found, passed: datetime) -> Cursor:
        """The cursor behind one more span; without such a row the instant that was passed."""
        rows = found.rows.values()
        self.newest = max((*rows, *([self.newest] if self.newest else ())), default=None)
        held = (*found.pending, *([self.pending] if self.pending else ()))
        self.pending = min(held, default=None)
        if self.pending is not None:
            return Cursor(self.pending.id, self.pending.at)
        if self.newest is not None and self.newest.at >= self.young:
            return Cursor(self.newest.id, self.newest.at)
        return Cursor("", passed)


async def _span(client: BinanceClient, history: History, begin: datetime, end: datetime) -> _Found:
    found = _Found()
    turn = _pages if history.turn else _halves
    await turn(client, history, found, begin, end)
    if history.archive is not None and client.api.now() - begin > history.archive:
        archived = replace(history, params={**history.params, "archived": "true"})
        await turn(client, archived, found, begin, end)
    return found


async def _pages(
    client: BinanceClient, history: History, found: _Found, begin: datetime, end: datetime
) -> None:
    """Pages by number until the venue's own count of rows is reached."""
    seen: set[str] = set()
    for number in range(1, MAX_PAGES):
        payload, nodes = await _ask(client, history, begin, end, {history.turn: str(number)})
        found.take(history, payload, nodes)
        seen |= {history.row(node).id for node in nodes}
        if len(nodes) < history.page:
            break
    total = read_json(payload.body).decimal_or(history.count, Decimal(len(seen)))
    if total != len(seen):
        raise IncompletePagesError(f"binance {history.endpoint.name}: {len(seen)} of {total} rows came.")


async def _halves(
    client: BinanceClient, history: History, found: _Found, begin: datetime, end: datetime
) -> None:
    """One answer if it is not full, else both halves of the span."""
    payload, nodes = await _ask(client, history, begin, end, {})
    if len(nodes) < history.page:
        found.take(history, payload, nodes)
        return
    if end - begin < 2 * INSTANT:
        raise IncompletePagesError(
            f"binance {history.endpoint.name}: {len(nodes)} rows bear one instant; the page cannot be turned."
        )
    middle = begin + (end - begin) // 2
    middle = middle.replace(microsecond=middle.microsecond // 1000 * 1000)
    await _halves(client, history, found, begin, middle)
    await _halves(client, history, found, middle + INSTANT, end)


async def _ask(
    client: BinanceClient, history: History, begin: datetime, end: datetime, more: Mapping[str, str]
) -> tuple[Payload, list[Node]]:
    asked = {"startTime": str(to_milliseconds(begin)), "endTime": str(to_milliseconds(end))}
    if history.size:
        asked[history.size] = str(history.page)
    payload = await client.get(history.endpoint, {**history.params, **asked, **more})
    try:
        document = read_json(payload.body)
        listed = document.maybe(history.rows) if history.rows else document
        return payload, list(listed.items()) if listed is not None else []
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"binance {history.endpoint.name}: {error.message}") from error
