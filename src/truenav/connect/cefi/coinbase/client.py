"""Coinbase's requests: paths, budgets, and the pages of each list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import quote

from truenav.connect.asking import Endpoint
from truenav.connect.cefi.coinbase.answers import DONE, VENUE, fill_id, instant, rows
from truenav.connect.cefi.coinbase.keys import signer
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Parts, Row, broken_off, places, turning
from truenav.connect.transport import Transport
from truenav.connect.windows import Page, Span, sweep
from truenav.core.clock import instant_text

PAGE = 250
LEDGER_PAGE = 100
MONTH = timedelta(days=30)
_TICK = timedelta(milliseconds=1)


TIME = Endpoint("time/1", "/api/v3/brokerage/time", "public")
PRODUCTS = Endpoint("products/1", "/api/v3/brokerage/market/products", "public")
KEY = Endpoint("key/1", "/api/v3/brokerage/key_permissions", "private")
PORTFOLIO = Endpoint("portfolio/1", "/api/v3/brokerage/portfolios/{}", "private")
ACCOUNTS = Endpoint("accounts.list/1", "/api/v3/brokerage/accounts", "private")
FUTURES_BALANCE = Endpoint("futures-balance/1", "/api/v3/brokerage/cfm/balance_summary", "private")
FUTURES_POSITIONS = Endpoint("futures-positions/1", "/api/v3/brokerage/cfm/positions", "private")
ORDERS = Endpoint("orders/1", "/api/v3/brokerage/orders/historical/batch", "private")
FILLS = Endpoint("fills/1", "/api/v3/brokerage/orders/historical/fills", "private")
TRANSACTIONS = Endpoint("transactions/1", "/v2/accounts/{}/transactions", "ledger")

_DEAD = frozenset({"failed", "expired", "canceled"})


@dataclass(frozen=True, slots=True)
class CoinbaseClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(
        self, endpoint: Endpoint, params: Mapping[str, str] | None = None, *, of: str = ""
    ) -> Payload:
        """One answer of an endpoint, ``of`` one portfolio or account."""
        asked = replace(endpoint, path=endpoint.path.format(quote(of, "")))
        return await self.api.get(
            asked, params, signer=signer(self.credentials) if self.credentials else None
        )

    async def pages(
        self, endpoint: Endpoint, name: str, params: Mapping[str, str] | None = None
    ) -> tuple[Payload, ...]:
        """All pages of a list that has no past, by the venue's token.

        A token that comes again, or a page without a row in the middle, is a gap.
        """
        payloads: list[Payload] = []
        token, tokens = "", {""}
        for _ in range(MAX_PAGES):
            asked = {**(params or {}), "limit": str(PAGE), **({"cursor": token} if token else {})}
            payload = await self.get(endpoint, asked)
            document = read(payload)
            payloads.append(payload)
            token = document.text_or("cursor")
            if not document.flag("has_next"):
                return tuple(payloads)
            if token in tokens or not rows(document, name):
                raise IncompletePagesError(f"{VENUE} {endpoint.name}: a page came twice or without a row.")
            tokens.add(token)
        raise IncompletePagesError(f"{VENUE} {endpoint.name}: the list has more than {MAX_PAGES} pages.")

    def fills(self, cursor: Cursor | None, since: datetime) -> Parts:
        """Fills since the cursor, by the instants at which they were posted.

        A window's end is not within it at the venue, so that it is asked for a little later.
        """

        async def ask(span: Span, token: str) -> Page:
            payload = await self.get(
                FILLS,
                {
                    "start_sequence_timestamp": instant_text(span.start),
                    "end_sequence_timestamp": instant_text(span.end + _TICK),
                    "limit": str(PAGE),
                    **({"cursor": token} if token else {}),
                },
            )
            document = read(payload)
            found = [Row(instant(row, "sequence_timestamp"), fill_id(row)) for row in rows(document, "fills")]
            return Page(payload, found, document.text_or("cursor"))

        return sweep(
            ask,
            cursor,
            since=since,
            until=self.api.now(),
            step=MONTH,
            limit=PAGE,
            what=f"{VENUE} {FILLS.name}",
        )

    async def ledger(
        self, account: str, cursors: Mapping[str, Cursor], since: datetime, *, held: bool
    ) -> Parts:
        """The ledger of one account, newest first; a row that is under way holds the cursor back to itself.

        A page is asked for after the last row but one of the page before, so that its last row must come
        again, and so is the first page after a reading that was broken off. The venue leaves out what a key
        may not see: a short page is the last one only where it names no other. The ledger of an account that
        is ``held`` cannot be empty.
        """
        name, before, short = ledger_name(account), dict[str, Row](), list[Payload]()
        what, waits = f"{VENUE} {name}", f"{name} pending"
        _, newest, reached = places(name)
        cursor = cursors.get(name)
        until = since if cursor is None else cursor.at
        pending = [Row(one.at, one.id) for one in _kept_mark(name, waits, cursors)]

        async def page(last: Row | None) -> tuple[Payload, list[Row], bool]:
            after = {} if last is None else {"starting_after": before.get(last.id, last).id}
            payload = await self.get(
                TRANSACTIONS, {"limit": str(LEDGER_PAGE), "order": "desc", **after}, of=account
            )
            document = read(payload)
            nodes, more = rows(document, "data"), _names_another(document)
            found = [Row(instant(node, "created_at"), node.text("id")) for node in nodes]
            if last is None and held and not found:
                raise IncompletePagesError(f"{what}: the account holds something, its ledger is empty.")
            if not found and (last is not None or more):
                raise IncompletePagesError(f"{what}: a page came back without a row; it is read again.")
            pending.extend(
                row for row, node in zip(found, nodes, strict=True) if row.at >= until and _under_way(node)
            )
            if last is not None and last.id not in before:
                found = [last, *found]
            before.update((older.id, newer) for newer, older in pairwise(found))
            return payload, found, more

        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            payload, found, more = await page(last)
            while more and len(found) < LEDGER_PAGE and min(found).at >= until:
                short.append(payload)
                payload, (again, *further), more = await page(found[-1])
                if again != found[-1]:
                    raise IncompletePagesError(f"{what}: row {found[-1].id} does not repeat on a page.")
                if not further:  # all else of this page is left out, so the next one begins behind the row
                    before.pop(again.id, None)
                found += further
            return payload, found

        async for part in turning(ask, name, cursors, since=since, limit=LEDGER_PAGE, what=what):
            marks = {key: _newer(before, place) if key == reached else place for key, place in part.marks}
            cursor = part.cursor
            if pending:
                oldest = min(pending)
                stop = Cursor(oldest.id, oldest.at)
                marks[waits if part.more else newest] = stop
                cursor = None if part.more else stop
            yield replace(part, payloads=(*short, *part.payloads), cursor=cursor, marks=tuple(marks.items()))
            short.clear()


def ledger_name(account: str) -> str:
    """Name of the cursor of one account's ledger."""
    return f"{TRANSACTIONS.name}@{account}"


def _kept_mark(name: str, mark: str, cursors: Mapping[str, Cursor]) -> list[Cursor]:
    """A mark of a reading that was broken off; one of a reading that ended says nothing any more."""
    found = cursors.get(mark)
    return [found] if found is not None and broken_off(name, cursors) else []


def _newer(before: Mapping[str, Row], place: Cursor) -> Cursor:
    """The row before ``place``, after which a reading goes on so that ``place`` comes again."""
    row = before.get(place.id)
    return place if row is None else Cursor(row.id, row.at)


def _names_another(page: Node) -> bool:
    """Whether the venue says that another page follows."""
    told = page.maybe("pagination")
    return told is not None and bool(told.text_or("next_uri"))


def _under_way(row: Node) -> bool:
    """Whether a row may still be completed; one that only asks somebody else for money does not count."""
    return row.text("type") != "request" and row.text("status").strip() not in {DONE, *_DEAD}


def read(payload: Payload) -> Node:
    """The document of an answer; a malformed one is refused with its endpoint."""
    try:
        document = read_json(payload.body)
        if not isinstance(document.value, dict):
            raise document.wrong("an object is expected")
        return document
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"{VENUE} {payload.evidence.endpoint}: {error.message}") from error
