"""OKX's requests: signing, paths, budgets, and histories that page from new to old."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from truenav.connect.cefi.okx.earn import lending_id
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import Pages, Row, kept, unfold
from truenav.connect.transport import Params, Signed, Signer, Transport
from truenav.core.clock import to_milliseconds

PAGE = 100
QUARTER = timedelta(days=85)
"""Archives hold three months; a little less is relied on."""
MONTH = timedelta(days=26)
"""Lending is told for a month; the same holds."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a parser's answers come from; ``budget`` is a name in the manifest."""

    name: str
    path: str
    budget: str


TIME = Endpoint("time/1", "/api/v5/public/time", "time")
INSTRUMENTS = Endpoint("instruments/1", "/api/v5/public/instruments", "instruments")
MARKS = Endpoint("mark-price/1", "/api/v5/public/mark-price", "marks")
TICKERS = Endpoint("tickers/1", "/api/v5/market/tickers", "tickers")
CONFIG = Endpoint("config/1", "/api/v5/account/config", "config")
BALANCE = Endpoint("balance/1", "/api/v5/account/balance", "balance")
POSITIONS = Endpoint("positions/1", "/api/v5/account/positions", "positions")
ORDERS = Endpoint("orders-pending/1", "/api/v5/trade/orders-pending", "orders")
FUNDING = Endpoint("funding-balances/1", "/api/v5/asset/balances", "funding")
VALUATION = Endpoint("valuation/1", "/api/v5/asset/asset-valuation", "valuation")
FILLS = Endpoint("fills/1", "/api/v5/trade/fills", "fills")
FILLS_HISTORY = Endpoint("fills/1", "/api/v5/trade/fills-history", "fills-history")
BILLS = Endpoint("bills/1", "/api/v5/account/bills", "bills")
BILLS_ARCHIVE = Endpoint("bills/1", "/api/v5/account/bills-archive", "bills-archive")
DEPOSITS = Endpoint("deposits/1", "/api/v5/asset/deposit-history", "deposits")
WITHDRAWALS = Endpoint("withdrawals/1", "/api/v5/asset/withdrawal-history", "withdrawals")
SAVINGS = Endpoint("savings/1", "/api/v5/finance/savings/balance", "savings")
STAKES = Endpoint("stakes/1", "/api/v5/finance/staking-defi/orders-active", "stakes")
LENDING = Endpoint("lending/1", "/api/v5/finance/savings/lending-history", "lending")
FUNDING_BILLS = Endpoint("funding-bills/1", "/api/v5/asset/bills", "funding-bills")
FUNDING_BILLS_HISTORY = Endpoint("funding-bills/1", "/api/v5/asset/bills-history", "funding-bills-history")

_RECENT = {FILLS.name: timedelta(days=2), BILLS.name: timedelta(days=6), FUNDING_BILLS.name: MONTH}
"""Age up to which the quick endpoint, which forgets sooner, still has a row."""
_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
_FINAL = {DEPOSITS.name: {"1", "2"}, WITHDRAWALS.name: {"2", "-1", "-2"}}


def signer(credentials: Credentials) -> Signer:
    """OKX's signature: HMAC-SHA256 of time, method and path with query, in base64."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = f"{stamp}{method}{path}{'?' if query else ''}{query}".encode()
        digest = hmac.new(credentials.secret.encode(), message, hashlib.sha256).digest()
        headers = {
            "OK-ACCESS-KEY": credentials.key,
            "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-PASSPHRASE": credentials.passphrase,
        }
        return Signed(query, headers)

    return sign


@dataclass(frozen=True, slots=True)
class OkxClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint.name,
            "api",
            endpoint.path,
            params,
            signer=signer(self.credentials) if self.credentials else None,
            budget=endpoint.budget,
        )

    async def fills(self, cursor: Cursor | None, since: datetime) -> Pages:
        """Fills since the cursor: of the last days in one set, older ones per instrument type."""
        if _is_recent(FILLS, cursor, self.api.now()):
            return await self._by_number(FILLS, {}, cursor, since)
        start = since if cursor is None else cursor.at
        sets = [await self._by_number(FILLS_HISTORY, {"instType": one}, None, start) for one in _TYPES]
        payloads = tuple(payload for pages in sets for payload in pages.payloads)
        moved = [pages.cursor for pages in sets if pages.cursor is not None]
        if kept(cursor, self.api.now(), QUARTER) is not None:
            _require_overlap(cursor, payloads)
        return Pages(payloads, max(moved, key=lambda one: (one.at, one.id), default=None))

    async def bills(self, cursor: Cursor | None, since: datetime) -> Pages:
        """Balance changes of the trading account since the cursor."""
        endpoint = BILLS if _is_recent(BILLS, cursor, self.api.now()) else BILLS_ARCHIVE
        return await self._by_number(endpoint, {}, kept(cursor, self.api.now(), QUARTER), since)

    async def movements(self, endpoint: Endpoint, cursor: Cursor | None, since: datetime) -> Pages:
        """Deposits or withdrawals; one that is still under way holds the cursor back to itself."""
        read = deposit_row if endpoint is DEPOSITS else withdrawal_row
        pages = await self._by_time(endpoint, read, cursor, since)
        pending = [
            read(node)
            for payload in pages.payloads
            for node in read_json(payload.body).field("data").items()
            if node.text("state") not in _FINAL[endpoint.name]
        ]
        if not pending:
            return pages
        oldest = min(pending)
        return Pages(pages.payloads, Cursor(oldest.id, oldest.at))

    async def lending(self, cursor: Cursor | None, since: datetime) -> Pages:
        """What savings earned since the cursor, or in the month that the venue tells."""
        return await self._by_time(LENDING, lending_row, kept(cursor, self.api.now(), MONTH), since)

    async def funding_bills(self, cursor: Cursor | None, since: datetime) -> Pages:
        """Balance changes of the funding account since the cursor."""
        recent = _is_recent(FUNDING_BILLS, cursor, self.api.now())
        return await self._by_time(
            FUNDING_BILLS if recent else FUNDING_BILLS_HISTORY, bill_row, cursor, since
        )

    async def earn_balances(self) -> tuple[Payload, Payload, Payload]:
        """Savings, orders of on-chain products, and both as one JSON array: together they state a wallet."""
        savings, stakes = await self.get(SAVINGS), await self.get(STAKES)
        return savings, stakes, await self.api.join("earn-balances/1", (savings, stakes))

    async def _by_time(
        self, endpoint: Endpoint, read: Callable[[Node], Row], cursor: Cursor | None, since: datetime
    ) -> Pages:
        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            # "after" excludes its own instant: one millisecond later keeps the last row on the page.
            after = {} if last is None else {"after": str(to_milliseconds(last.at) + 1)}
            payload = await self.get(endpoint, {**after, "limit": str(PAGE)})
            return payload, rows_of(payload, read)

        return await unfold(ask, cursor, since=since, limit=PAGE, what=f"okx {endpoint.name}")

    async def _by_number(
        self, endpoint: Endpoint, params: Mapping[str, str], cursor: Cursor | None, since: datetime
    ) -> Pages:
        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            # "after" excludes its own bill: one more keeps the last row on the page.
            after = {} if last is None else {"after": str(int(last.id) + 1)}
            payload = await self.get(endpoint, {**params, **after, "limit": str(PAGE)})
            return payload, rows_of(payload, bill_row)

        return await unfold(ask, cursor, since=since, limit=PAGE, what=f"okx {endpoint.name}")


def _is_recent(endpoint: Endpoint, cursor: Cursor | None, now: datetime) -> bool:
    return cursor is not None and now - cursor.at < _RECENT[endpoint.name]


def _require_overlap(cursor: Cursor | None, payloads: Iterable[Payload]) -> None:
    """The cursor's row must be on one of the pages, else something between is missing."""
    found = {row.id for payload in payloads for row in rows_of(payload, bill_row)}
    if cursor is not None and cursor.id not in found:
        raise IncompletePagesError(f"okx fills: row {cursor.id} of the last sync is gone; it is read again.")


def rows_of(payload: Payload, read: Callable[[Node], Row]) -> list[Row]:
    """Identity and instant of each row of an answer, in the venue's order."""
    try:
        return [read(node) for node in read_json(payload.body).field("data").items()]
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"okx {payload.evidence.endpoint}: {error.message}") from error


def bill_row(node: Node) -> Row:
    """A fill's or bill's number, by which pages turn."""
    number = node.text("billId")
    if not (number.isascii() and number.isdigit() and len(number) < 40):
        raise node.wrong("billId is not a number")
    return Row(node.instant("ts"), number)


def deposit_row(node: Node) -> Row:
    """A deposit's identity and instant."""
    return Row(node.instant("ts"), node.text("depId"))


def lending_row(node: Node) -> Row:
    """An hour's lending of one coin, and its instant."""
    return Row(node.instant("ts"), lending_id(node))


def withdrawal_row(node: Node) -> Row:
    """A withdrawal's identity and instant."""
    return Row(node.instant("ts"), node.text("wdId"))
