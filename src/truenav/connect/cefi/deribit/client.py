"""Deribit's requests: JSON-RPC over GET, signatures, credits, and histories that prove they are whole."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from truenav.connect import asking
from truenav.connect.asking import Outgoing, Params, Signed, Signer, always
from truenav.connect.cefi.deribit.ledger import PROFITS, TRADE, LogEntry, log_entry
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Pages, Row, follow
from truenav.connect.transport import Transport
from truenav.core.clock import to_milliseconds

T = TypeVar("T")

CREDITS = 500
"""What one request costs of the 10,000 credits that come back every second."""
TRADES_PAGE = 1000
LOG_PAGE = 250
LOG_SPAN, LONGEST_SPAN = timedelta(days=30), timedelta(days=480)
"""How much of the log is read at once: twice as much after each span that filled a few pages only."""
FEW_PAGES = 10
RECENT = timedelta(hours=20)
"""Younger trades are told at once where history is not asked for; there they are forgotten after a day."""


@dataclass(frozen=True, slots=True)
class Endpoint(asking.Endpoint):
    """Where a parser's answers come from; a request costs credits."""

    weight: int = CREDITS


TIME = Endpoint("time/1", "/api/v2/public/get_time", "public")
AUTH = Endpoint("auth/1", "/api/v2/public/auth", "public")
INSTRUMENTS = Endpoint("instruments/1", "/api/v2/public/get_instruments", "instruments", 1)
SUMMARIES = Endpoint("book-summaries/1", "/api/v2/public/get_book_summary_by_currency", "public")
ACCOUNT = Endpoint("account/1", "/api/v2/private/get_account_summaries", "private")
POSITIONS = Endpoint("positions/1", "/api/v2/private/get_positions", "private")
ORDERS = Endpoint("open-orders/1", "/api/v2/private/get_open_orders", "private")
TRADES = Endpoint("trades/1", "/api/v2/private/get_user_trades_by_currency_and_time", "private")
LOG = Endpoint("log/1", "/api/v2/private/get_transaction_log", "log", 1)


def _signature(credentials: Credentials, stamp: str, message: str) -> tuple[str, str]:
    """A nonce, and HMAC-SHA256 of time, nonce and message in hexadecimal."""
    nonce = hashlib.sha256(f"{stamp}{message}".encode()).hexdigest()[:12]
    text = f"{stamp}\n{nonce}\n{message}".encode()
    return nonce, hmac.new(credentials.secret.encode(), text, hashlib.sha256).hexdigest()


def login(credentials: Credentials, now: datetime) -> dict[str, str]:
    """What ``public/auth`` asks for: the key's id and a signature, not its secret."""
    stamp = str(to_milliseconds(now))
    nonce, signed = _signature(credentials, stamp, "")
    return {
        "grant_type": "client_signature",
        "client_id": credentials.key,
        "timestamp": stamp,
        "nonce": nonce,
        "data": "",
        "signature": signed,
    }


def signer(credentials: Credentials) -> Signer:
    """Deribit's ``deri-hmac-sha256``: each request carries its own signature, so no token is kept."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        stamp = str(to_milliseconds(now))
        target = f"{path}?{query}" if query else path
        nonce, signature = _signature(credentials, stamp, f"{method}\n{target}\n\n")
        header = f"deri-hmac-sha256 id={credentials.key},ts={stamp},sig={signature},nonce={nonce}"
        return Signed(query, {"Authorization": header})

    return sign


@dataclass(frozen=True, slots=True)
class DeribitClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint, params, signer=signer(self.credentials) if self.credentials else None
        )

    async def scope(self) -> str:
        """What the key may do, in the venue's words.

        It is told with a token, so the answer is a secret and not archived; the key's own secret is
        not sent (``client_signature``).
        """
        credentials = self.credentials
        if credentials is None:
            raise KeyError("a scope belongs to a key")
        url = (self.api.base_url or self.api.manifest.hosts["api"]).rstrip("/") + AUTH.path

        def prepare(now: datetime) -> Outgoing:
            return Outgoing("GET", f"{url}?{urlencode(login(credentials, now))}", url)

        answer = await self.api.send(
            AUTH.name,
            AUTH.path,
            prepare,
            budget=AUTH.budget,
            weight=AUTH.weight,
            repeatable=True,
            secret=always,
        )
        return read_json(answer.body).field("result").text_or("scope")

    async def trades(self, currency: str, cursor: Cursor | None, since: datetime) -> Pages:
        """Trades since the cursor: those of the last hours from the quick store, older ones from the other.

        The older store is filled with a delay, so the quick one is always read, too. That the older one holds
        nothing is not confirmed by anything: the cursor then stays, and the next sync asks it again.
        """
        recent = self.api.now() - RECENT
        start = since if cursor is None else cursor.at
        past = Pages((), cursor)
        if start < recent:
            past = await self._trades(currency, cursor, since, historical=True)
        near = past.cursor if past.cursor is not None and past.cursor.at >= recent else None
        late = await self._trades(currency, near, max(since, recent), historical=False)
        unsure = start < recent and past.cursor is None
        return Pages((*past.payloads, *late.payloads), None if unsure else late.cursor or past.cursor)

    async def _trades(
        self, currency: str, cursor: Cursor | None, since: datetime, *, historical: bool
    ) -> Pages:
        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            params = {
                "currency": currency,
                "kind": "any",
                "start_timestamp": str(to_milliseconds(since if last is None else last.at)),
                "end_timestamp": str(to_milliseconds(self.api.now())),
                "count": str(TRADES_PAGE),
                "sorting": "asc",
                "historical": "true" if historical else "false",
            }
            payload = await self.get(TRADES, params)
            return payload, rows_of(payload, "trades", trade_row)

        return await follow(ask, cursor, limit=TRADES_PAGE, what=f"deribit {TRADES.name} {currency}")

    async def log(self, currency: str, cursor: Cursor | None, since: datetime, *, reach: datetime) -> Pages:
        """Every change of a balance since the cursor, or since ``reach`` before it, span by span."""
        start, now = min(since if cursor is None else cursor.at, reach), self.api.now()
        payloads: list[Payload] = []
        entries: list[LogEntry] = []
        span = LOG_SPAN
        while True:
            end = min(start + span, now)
            pages, found = await self._log_span(currency, (start, end))
            payloads += pages
            entries = [*found, *entries]
            if end >= now:
                break
            start, span = end, min(span * 2, LONGEST_SPAN) if len(pages) <= FEW_PAGES else LOG_SPAN
        if cursor is not None and cursor.id not in {one.id for one in entries}:
            raise IncompletePagesError(
                f"deribit {LOG.name} {currency}: row {cursor.id} of the last sync is gone; the next "
                "gathering reads it again."
            )
        return Pages(tuple(payloads), Cursor(entries[0].id, entries[0].at) if entries else None)

    async def with_profits(self, trades: Pages, log: Pages) -> Pages:
        """Pages of trades, noted with what the log says that each of their contracts' trades realised."""
        told = realised_by_trade(log.payloads)
        noted = []
        for page in trades.payloads:
            ids = {row.id for row in rows_of(page, "trades", trade_row)}
            text = ",".join(f"{trade}={told[trade]}" for trade in sorted(ids & told.keys()))
            noted.append(await self.api.note(page, PROFITS, text))
        return Pages(tuple(noted), trades.cursor)

    async def _log_span(
        self, currency: str, span: tuple[datetime, datetime]
    ) -> tuple[list[Payload], list[LogEntry]]:
        """Pages from new to old; each balance must be the one before it and its change."""
        what = f"deribit {LOG.name} {currency}"
        params = {
            "currency": currency,
            "start_timestamp": str(to_milliseconds(span[0])),
            "end_timestamp": str(to_milliseconds(span[1])),
            "count": str(LOG_PAGE),
        }
        payloads: list[Payload] = []
        entries: list[LogEntry] = []
        token = ""
        for _ in range(MAX_PAGES):
            payload = await self.get(LOG, {**params, **({"continuation": token} if token else {})})
            page = rows_of(payload, "logs", log_entry)
            if token and (not page or page[0].id in {one.id for one in entries}):
                raise IncompletePagesError(f"{what}: the page that should follow is not there.")
            payloads.append(payload)
            if token and not page[0].leads_to(entries[-1]):
                raise IncompletePagesError(f"{what}: a page between two pages is missing.")
            entries += page
            following = read_json(payload.body).field("result").maybe("continuation")
            token = "" if following is None else str(following.value)
            if not token:
                return payloads, entries
        raise IncompletePagesError(f"{what}: more than {MAX_PAGES} pages between {span[0]} and {span[1]}.")


def realised_by_trade(log: Iterable[Payload]) -> dict[str, str]:
    """What the log says that each trade realised since the last settlement, in the log's own digits."""
    rows = (row for page in log for row in result_rows(page.body, "logs"))
    return {
        row.text("trade_id"): row.text("cashflow")
        for row in rows
        if row.text("type") == TRADE and row.text_or("trade_id") and row.text_or("cashflow")
    }


def rows_of(payload: Payload, name: str, read: Callable[[Node], T]) -> list[T]:
    """What ``read`` makes of each row under ``name``, in the venue's order."""
    try:
        return [read(node) for node in result_rows(payload.body, name)]
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"deribit {payload.evidence.endpoint}: {error.message}") from error


def result_rows(body: bytes, name: str) -> Iterable[Node]:
    """The rows of an answer's result."""
    return read_json(body).field("result").field(name).items()


def trade_row(node: Node) -> Row:
    """A trade's identity and instant."""
    return Row(node.instant("timestamp"), node.text("trade_id"))
