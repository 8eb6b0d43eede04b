"""Binance's histories: each endpoint's own way of turning pages, made to overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.binance.client import (
    DEPOSITS,
    SPOT_ORDERS,
    SPOT_TRADES,
    TRANSFERS,
    WITHDRAWALS,
    BinanceClient,
    Futures,
    Lending,
    deposit_row,
    income_row,
    rows_of,
    trade_row,
    transfer_row,
    withdrawal_row,
)
from truenav.connect.cefi.binance.rows import ORDERS_KEPT, order_tag
from truenav.connect.contract import Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError
from truenav.connect.gathering import Pages, Parts, Row, following, kept, unfold
from truenav.connect.reading import TAGS, tags_note
from truenav.core.clock import to_milliseconds

PAGE = 1000
TRANSFER_PAGE = 100
SPOT_ORDERS_PAGE = 500
MARGIN_ORDERS_PAGE = 500
TAGS_KEPT = 10_000
"""Orders whose tags are remembered from page to page; an older one is looked up again."""
LONGEST_SPAN = timedelta(days=90)
INCOME_KEPT = timedelta(days=85)
TRANSFERS_KEPT = timedelta(days=180)
TRADES_KEPT = timedelta(days=175)
WEEK = timedelta(days=7)
_DONE = {
    DEPOSITS.path: {"1", "2", "6", "7"},
    WITHDRAWALS.path: {"1", "3", "5", "6"},
    TRANSFERS.path: {"CONFIRMED", "FAILED"},
}
"""States of a deposit, withdrawal or transfer that do not change any more."""


def spot_trades(client: BinanceClient, symbol: str, cursor: Cursor | None, since: datetime) -> Parts:
    """Trades of one pair from the cursor's trade on, else since an instant."""
    first = {"startTime": str(to_milliseconds(since))}
    orders = _Orders(client, SPOT_ORDERS, SPOT_ORDERS_PAGE, symbol)
    return _trades(orders, SPOT_TRADES, cursor, first)


async def margin_trades(
    client: BinanceClient, lending: Lending, symbol: str, cursor: Cursor | None, since: datetime
) -> Parts:
    """Trades of one pair in a margin wallet from the cursor's trade on, else since an instant.

    The venue finds by time within a day only, so the first trade is sought by number from the oldest on.
    """
    number, first = "0", {"fromId": ""}
    while cursor is None and not first["fromId"]:
        params = {"symbol": symbol, "fromId": number, "limit": str(PAGE), **lending.params}
        rows = rows_of(await client.get(lending.trades, params), trade_row)
        later = [row for row in rows if row.at >= since]
        if not later and len(rows) < PAGE:
            return
        first["fromId"] = min(later, key=_numbered).id if later else ""
        number = max(rows).id
    orders = _Orders(client, lending.orders, MARGIN_ORDERS_PAGE, symbol, lending.params)
    async for part in _trades(orders, lending.trades, cursor, first):
        yield part


def _numbered(row: Row) -> tuple[datetime, str]:
    return row.at, row.id.rjust(20)


async def futures_trades(
    client: BinanceClient, futures: Futures, symbol: str, cursor: Cursor | None, since: datetime
) -> Parts:
    """Trades of one contract from the cursor's trade on, else since an instant.

    The venue gives at most a week by time, so the first trade is sought week by week; from there on
    pages turn by number.
    """
    start, now = max(since, client.api.now() - TRADES_KEPT), client.api.now()
    cursor = kept(cursor, now, TRADES_KEPT) if cursor is not None and cursor.id else None
    first: dict[str, str] = {}
    while cursor is None and not first:
        if start >= now:
            return
        span = {"startTime": str(to_milliseconds(start)), "endTime": str(to_milliseconds(start + WEEK))}
        rows = rows_of(await client.get(futures.trades, {"symbol": symbol, **span, "limit": "1"}), trade_row)
        first = {"fromId": min(rows).id} if rows else {}
        start += WEEK
    orders = _Orders(client, futures.orders, futures.orders_page, symbol, kept=ORDERS_KEPT)
    async for part in _trades(orders, futures.trades, cursor, first):
        yield part


@dataclass(slots=True)
class _Orders:
    """Looks up the tags of one symbol's orders, which the trades do not tell.

    ``kept`` is how long the venue lists an order; older ones are not asked for. None: for ever.
    """

    client: BinanceClient
    endpoint: Endpoint
    page: int
    symbol: str
    more: Mapping[str, str] = field(default_factory=dict)
    kept: timedelta | None = None
    tags: dict[str, str | None] = field(default_factory=dict)
    seen: list[Payload] = field(default_factory=list)

    async def learn(self, trades: Iterable[Row]) -> None:
        """Look up the orders of trades that are not known yet, oldest first; a row has its order's number."""
        now = self.client.api.now()
        listed = {row.id for row in trades if self.kept is None or now - row.at < self.kept}
        missing = listed - self.tags.keys()
        while missing:
            oldest = min(missing, key=lambda order: order.rjust(20))
            params = {"symbol": self.symbol, "orderId": oldest, "limit": str(self.page), **self.more}
            payload = await self.client.get(self.endpoint, params)
            self.seen.append(payload)
            for node in read_json(payload.body).items():
                self.tags[node.text("orderId")] = order_tag(node.text_or("clientOrderId"))
            missing -= {*self.tags, oldest}

    def forget(self) -> list[Payload]:
        """The answers since the last time, and of the tags only the newest are kept from here on."""
        for order in list(self.tags)[:-TAGS_KEPT]:
            del self.tags[order]
        seen, self.seen = self.seen, []
        return seen


async def _trades(orders: _Orders, endpoint: Endpoint, cursor: Cursor | None, first: dict[str, str]) -> Parts:
    """Trades of one symbol, each page noted with the tags of its orders."""
    client, symbol = orders.client, orders.symbol

    async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
        start = first if last is None else {"fromId": last.id}
        payload = await client.get(endpoint, {"symbol": symbol, **start, "limit": str(PAGE), **orders.more})
        rows = rows_of(payload, trade_row)
        placed = rows_of(payload, _order_row)
        await orders.learn(placed)
        known = {row.id for row in placed} & orders.tags.keys()
        noted = tags_note((order, orders.tags[order]) for order in known)
        return await client.api.note(payload, TAGS, noted), rows

    async for part in following(ask, cursor, limit=PAGE, what=f"binance {endpoint.name} {symbol}"):
        yield replace(part, payloads=(*orders.forget(), *part.payloads))


def _order_row(node: Node) -> Row:
    return Row(node.instant("time"), node.text("orderId"))


async def income(
    client: BinanceClient, futures: Futures, cursors: Mapping[str, Cursor], since: datetime, traded: set[str]
) -> Parts:
    """A futures wallet's cash movements since the cursor; adds the contracts that they name to ``traded``.

    Contracts whose trades were never read are marked with the income that names them, so that a gathering
    that ends before their trades came does not forget them.
    """

    async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
        start = since if last is None else last.at
        params = {"startTime": str(to_milliseconds(start)), "limit": str(PAGE)}
        payload = await client.get(futures.income, params)
        return payload, rows_of(payload, income_row)

    start = kept(cursors.get(futures.income.name), client.api.now(), INCOME_KEPT)
    async for part in following(ask, start, limit=PAGE, what=f"binance {futures.wallet}.income"):
        named = _symbols(part.payloads) - traded
        traded |= named
        keys = [f"{futures.trades.name}?{symbol}" for symbol in sorted(named)]
        yield replace(part, marks=tuple((key, Cursor("", since)) for key in keys if key not in cursors))


def _symbols(payloads: Iterable[Payload]) -> set[str]:
    rows = (node for payload in payloads for node in read_json(payload.body).items())
    return {symbol for node in rows if (symbol := node.text_or("symbol"))}


async def movements(
    client: BinanceClient, endpoint: Endpoint, cursor: Cursor | None, since: datetime
) -> Pages:
    """Deposits or withdrawals; one that is still under way holds the cursor back to itself."""
    read = deposit_row if endpoint.path == DEPOSITS.path else withdrawal_row
    start, now = (since if cursor is None else cursor.at), client.api.now()
    payloads: list[Payload] = []
    moved = cursor
    while True:
        end = min(start + LONGEST_SPAN, now)
        pages = await _span(client, endpoint, read, (start, end), cursor)
        payloads += pages.payloads
        moved, cursor = pages.cursor or moved, None
        if end >= now:
            break
        start = end
    nodes = (node for payload in payloads for node in read_json(payload.body).items())
    return Pages(tuple(payloads), _held_back(nodes, _DONE[endpoint.path], read) or moved)


async def _span(
    client: BinanceClient,
    endpoint: Endpoint,
    read: Callable[[Node], Row],
    span: tuple[datetime, datetime],
    cursor: Cursor | None,
) -> Pages:
    """Pages by offset, newest first, each repeating the last row of the one before."""
    offset = 0

    async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
        nonlocal offset
        offset += 0 if last is None else PAGE - 1
        start, end = span
        params = {
            # Whole seconds: withdrawals are told to the second only.
            "startTime": str(to_milliseconds(start.replace(microsecond=0))),
            "endTime": str(to_milliseconds(end)),
            "offset": str(offset),
            "limit": str(PAGE),
        }
        payload = await client.get(endpoint, params)
        return payload, rows_of(payload, read)

    return await unfold(ask, cursor, since=span[0], limit=PAGE, what=f"binance {endpoint.name}")


def _held_back(nodes: Iterable[Node], done: set[str], read: Callable[[Node], Row]) -> Cursor | None:
    pending = [read(node) for node in nodes if node.text("status") not in done]
    return Cursor(min(pending).id, min(pending).at) if pending else None


async def transfers(client: BinanceClient, kind: str, cursor: Cursor | None, since: datetime) -> Pages:
    """Transfers between wallets in one direction; complete when the venue's own count is reached.

    One that is still under way holds the cursor back to itself.
    """
    start = max(since if cursor is None else cursor.at, client.api.now() - TRANSFERS_KEPT)
    params = {"type": kind, "startTime": str(to_milliseconds(start))}
    payloads, rows = await _counted(client, TRANSFERS, params, transfer_row)
    pages = _repeating(payloads, rows, cursor, start, f"transfers {kind}")
    nodes = (node for payload in payloads for node in _listed(payload))
    return replace(pages, cursor=_held_back(nodes, _DONE[TRANSFERS.path], transfer_row) or pages.cursor)


async def _counted(
    client: BinanceClient, endpoint: Endpoint, params: dict[str, str], read: Callable[[Node], Row]
) -> tuple[list[Payload], dict[str, Row]]:
    """Pages by number until the venue's own count of rows is reached."""
    payloads: list[Payload] = []
    rows: dict[str, Row] = {}
    for number in range(1, PAGE):
        asked = {**params, "current": str(number), "size": str(TRANSFER_PAGE)}
        payload = await client.get(endpoint, asked)
        payloads.append(payload)
        page = [read(node) for node in _listed(payload)]
        rows.update((row.id, row) for row in page)
        if len(page) < TRANSFER_PAGE:
            break
    total = read_json(payload.body).decimal("total")
    if total != len(rows):
        raise IncompletePagesError(f"binance {endpoint.name}: {len(rows)} of {total} rows came.")
    return payloads, rows


def _listed(payload: Payload) -> list[Node]:
    rows = read_json(payload.body).maybe("rows")
    return list(rows.items()) if rows is not None else []


def _repeating(
    payloads: list[Payload], rows: dict[str, Row], cursor: Cursor | None, start: datetime, what: str
) -> Pages:
    """All pages, where the row of the last sync came again."""
    if cursor is not None and cursor.id not in rows and cursor.at >= start:
        raise IncompletePagesError(f"binance {what}: row {cursor.id} of the last sync is gone.")
    newest = max(rows.values(), default=None)
    return Pages(tuple(payloads), None if newest is None else Cursor(newest.id, newest.at))
