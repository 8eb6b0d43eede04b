"""One account's past as one page set: ledger, trades, and what confirms and completes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.kraken import client as kraken
from truenav.connect.cefi.kraken.client import PAGE, KrakenClient
from truenav.connect.cefi.kraken.ledger import goes_to_earn
from truenav.connect.cefi.kraken.names import entries
from truenav.connect.cefi.kraken.notes import (
    NOTE,
    TRADED,
    LedgerNotes,
    answered,
    result,
    rows_of,
    seconds,
    write_ledger_notes,
    write_trade_notes,
)
from truenav.connect.cefi.kraken.pages import TOGETHER, Climb, Page, climb
from truenav.connect.contract import Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, VenueError
from truenav.connect.gathering import MAX_PAGES, Pages, Parts, Row
from truenav.connect.reading import TAGS, tag_of, tags_note
from truenav.core.money import exact

PAGES_A_PART, PARTS_A_GATHERING = 20, 5
"""Pages of the ledger that are recorded together, and how often in a gathering: the counter is small."""
SETTLED = timedelta(seconds=1)
"""After which a trade is in both lists."""
AGAIN = timedelta(minutes=1)
"""How much of the last sync's time is read again, so that an entry that came late is not missed."""
APART = timedelta(seconds=30)
"""By how much less of it is asked of trades, so that the ledger has the entries of each."""
UNLISTED = timedelta(days=1)
"""An entry whose trade is still not listed after so long stands for itself."""
_ON_ITS_WAY = timedelta(days=30)
"""How long before its entry in the ledger a deposit may have been seen."""
_ENDED = frozenset({"Success", "Failure"})


async def read_past(client: KrakenClient, cursor: Cursor | None, since: datetime) -> Parts:
    """Ledger and trades since the cursor, the oldest first, some pages of the ledger at a time.

    Each page is noted with what the other list says of it. A withdrawal under way, and a trade that is in
    one list only, hold the cursor before themselves.
    """
    for _ in range(PARTS_A_GATHERING):
        part = await _part(client, cursor, since)
        yield part
        if not part.more or part.cursor == cursor:
            return
        cursor = part.cursor


async def _part(client: KrakenClient, cursor: Cursor | None, since: datetime) -> Pages:
    start = max(since, cursor.at - AGAIN) if cursor else since
    end = client.api.now() + client.api.gate.clock_offset - SETTLED
    known = cursor.id if cursor else ""
    booked = await _window(client, kraken.LEDGERS, "ledger", start - 2 * APART, end, known=known)
    ledger = {entry: row for page in booked.pages for entry, row in rows_of(page.payload, "ledger")}
    reach = end if booked.whole else booked.rows[-1].at - TOGETHER
    traded = await _trades(client, ledger, start, reach)
    trades = {trade: row for page in traded.pages for trade, row in rows_of(page.payload, "trades")}
    lines = _lines(ledger, trades)
    stated = frozenset(entry for found in lines.values() for entry in found)
    chains, under_way, answers = await _chains(client, ledger, start)
    within = _within(ledger)
    sure = min(reach, end - UNLISTED)
    waiting = frozenset(
        entry
        for entry, row in ledger.items()
        if row.text("refid") in under_way
        or (goes_to_earn(row) and entry not in within and seconds(row, "time") > max(start, reach))
        or (row.text("type") in TRADED and entry not in stated and seconds(row, "time") > max(start, sure))
    )
    payloads = list(answers)
    for page in booked.pages:
        ids = {row.id for row in page.rows}
        refids = {ledger[entry].text("refid") for entry in ids}
        of_page = {refid: chain for refid, chain in chains.items() if refid in refids}
        moved = {entry: codes for entry, codes in within.items() if entry in ids}
        note = write_ledger_notes(LedgerNotes(start, stated & ids, waiting & ids, moved, of_page))
        payloads.append(await client.api.note(page.payload, NOTE, note))
    booked_for = {trade: tuple(found.values()) for trade, found in lines.items()}
    for page in traded.pages:
        payloads += await _with_lines(client, page, booked_for, trades, start)
    return Pages(tuple(payloads), _cursor(booked, waiting, cursor), more=not booked.whole)


async def _trades(client: KrakenClient, ledger: Mapping[str, Node], start: datetime, end: datetime) -> Climb:
    """Trades of a window; that there is none though the ledger books some is believed when told twice."""
    found = await _window(client, kraken.TRADES, "trades", start - APART, end, most=MAX_PAGES)
    speaks = any(row.text("type") in TRADED and seconds(row, "time") >= start for row in ledger.values())
    if found.rows or not speaks:
        return found
    return await _window(client, kraken.TRADES, "trades", start - APART, end, most=MAX_PAGES)


def _cursor(booked: Climb, waiting: frozenset[str], cursor: Cursor | None) -> Cursor | None:
    """The newest row before all that wait; where that is none, the cursor stays."""
    found = booked.rows
    first = min((row for row in found if row.id in waiting), default=None)
    done = [row for row in found if first is None or row < first]
    if not done or (cursor is not None and done[-1].at < cursor.at):
        return cursor
    return Cursor(done[-1].id, done[-1].at)


async def _window(
    client: KrakenClient,
    endpoint: Endpoint,
    name: str,
    start: datetime,
    end: datetime,
    *,
    known: str = "",
    most: int = PAGES_A_PART,
) -> Climb:
    """A history between two instants; the venue takes seconds, the first exclusive, the last inclusive."""
    params = {
        "start": str(max(math.floor(start.timestamp()) - 1, 0)),
        "end": str(math.floor(end.timestamp())),
        **({"ledgers": "true", "consolidate_taker": "false"} if endpoint is kraken.TRADES else {}),
    }

    async def ask(offset: int) -> Page:
        payload = await client.private(endpoint, {**params, "ofs": str(offset)})
        found = tuple(Row(seconds(row, "time"), key) for key, row in rows_of(payload, name))
        told = result(payload)
        if told.maybe("count") is None and len(found) >= PAGE:
            raise told.wrong("a full page does not tell how many rows there are")
        return Page(payload, found, int(told.decimal_or("count", Decimal(offset + len(found)))))

    return await climb(ask, known, most=most, what=f"kraken {endpoint.name}")


def _lines(ledger: Mapping[str, Node], trades: Mapping[str, Node]) -> dict[str, dict[str, Node]]:
    """The entries of each trade: those that it names itself if all are there, or that refer to it.

    One whose entries are all there and of no trade has none; one that is not in the answer may yet get some.
    """
    by_trade: dict[str, dict[str, Node]] = {}
    for entry, row in ledger.items():
        if row.text("type") in TRADED:
            by_trade.setdefault(row.text("refid"), {})[entry] = row
    found = {}
    for trade, row in trades.items():
        named = row.maybe("ledgers")
        ids = [str(one.value) for one in named.items()] if named is not None else []
        if not ids and trade in by_trade:
            found[trade] = by_trade[trade]
        elif ids and all(one in ledger for one in ids):
            found[trade] = {one: ledger[one] for one in ids if ledger[one].text("type") in TRADED}
    return found


def _within(ledger: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
    """The entries of whole moves into earn products and out of them, with the codes of all their sides."""
    moves: dict[str, dict[str, Node]] = {}
    for entry, row in ledger.items():
        if goes_to_earn(row):
            moves.setdefault(row.text("refid"), {})[entry] = row
    with exact():
        return {
            entry: tuple(sorted(row.text("asset") for row in sides.values()))
            for sides in moves.values()
            if not sum(row.decimal("amount") - row.decimal("fee") for row in sides.values())
            for entry in sides
        }


async def _with_lines(
    client: KrakenClient,
    page: Page,
    lines: Mapping[str, Iterable[Node]],
    trades: Mapping[str, Node],
    start: datetime,
) -> tuple[Payload, ...]:
    """A page of trades with its notes, and the answer that told its orders."""
    ids = {row.id for row in page.rows}
    noted = await client.api.note(
        page.payload, NOTE, write_trade_notes(start, {one: lines[one] for one in sorted(ids & lines.keys())})
    )
    orders = sorted({trades[one].text("ordertxid") for one in ids})
    if not orders:
        return (noted,)
    try:
        answer = await client.private(kraken.QUERIED_ORDERS, {"txid": ",".join(orders)})
    except VenueError as error:
        if type(error) is not VenueError:
            raise
        return (noted,)  # orders that the venue has forgotten have no tags
    tags = [(order, tag_of(row.text_or("cl_ord_id"))) for order, row in entries(result(answer))]
    return (answer, await client.api.note(noted, TAGS, tags_note(tags)))


async def _chains(
    client: KrakenClient, ledger: Mapping[str, Node], start: datetime
) -> tuple[dict[str, tuple[str, str]], frozenset[str], list[Payload]]:
    """Transaction and address of the deposits and withdrawals among the entries, and which are under way.

    A deposit's address is one of our own, so it tells nobody who sent it.
    """
    chains: dict[str, tuple[str, str]] = {}
    under_way: set[str] = set()
    payloads: list[Payload] = []
    for kind, endpoint in (("deposit", kraken.DEPOSITS), ("withdrawal", kraken.WITHDRAWALS)):
        dated = [seconds(row, "time") for row in ledger.values() if row.text("type") == kind]
        dated = [at for at in dated if at >= start]
        if not dated:
            continue
        for payload in await _statuses(client, endpoint, min(dated) - _ON_ITS_WAY):
            payloads.append(payload)
            for row in status_rows(payload.body):
                address = row.text_or("info") if kind == "withdrawal" else ""
                chains[row.text("refid")] = (row.text_or("txid"), address)
                if kind == "withdrawal" and row.text("status") not in _ENDED:
                    under_way.add(row.text("refid"))
    return chains, frozenset(under_way), payloads


async def _statuses(client: KrakenClient, endpoint: Endpoint, start: datetime) -> list[Payload]:
    """All pages of a list of deposits or withdrawals, newest first, by the venue's cursor."""
    payloads: list[Payload] = []
    token = "true"  # noqa: S105 - asks for the first page
    for _ in range(MAX_PAGES):
        params = {"start": str(max(math.floor(start.timestamp()), 0)), "cursor": token, "limit": "500"}
        payloads.append(await client.private(endpoint, params))
        found = result(payloads[-1])
        token = found.text_or("next_cursor") if isinstance(found.value, dict) else ""
        if not token:
            return payloads
    raise IncompletePagesError(f"kraken {endpoint.name}: the list has more than {MAX_PAGES} pages.")


def status_rows(body: bytes) -> list[Node]:
    """Deposits or withdrawals of an answer: a list, or one under its name beside a cursor."""
    found = answered(read_json(body))
    if isinstance(found.value, list):
        return list(found.items())
    return [row for _, node in entries(found) if isinstance(node.value, list) for row in node.items()]
