"""KuCoin's requests: signing, paths, budgets, and what identifies the rows of each history."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from truenav.connect import asking
from truenav.connect.asking import Params, Signed, Signer
from truenav.connect.cefi.kucoin.answers import answered, rows
from truenav.connect.cefi.kucoin.rows import (
    fill_id,
    interest_at,
    interest_id,
    money_id,
    money_pending,
    session_id,
    session_runs,
)
from truenav.connect.cefi.kucoin.windows import Page, sweep
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Parts, Row, kept
from truenav.connect.transport import Transport
from truenav.connect.windows import Span, begin_of, holding
from truenav.core.clock import to_milliseconds

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
QUARTER = timedelta(days=89)
"""How long fills are kept; a little less is relied on."""
HALF_YEAR = timedelta(days=175)
YEAR = timedelta(days=360)
THREE_DAYS = timedelta(hours=71)
"""How long the ledgers of the trade and margin accounts reach back; a little less is relied on."""


@dataclass(frozen=True, slots=True)
class Endpoint(asking.Endpoint):
    """Where a parser's answers come from; most requests cost two."""

    weight: int = 2
    host: str = "spot"


@dataclass(frozen=True, slots=True)
class History(Endpoint):
    """An endpoint with a past: how a row is known, what a page holds, and how far it reaches back.

    ``counted`` pages tell how many rows there are; the others turn at the number of a row. ``pending`` tells
    whether a row may still change; the oldest such row holds the cursor. ``unfinished`` rows have no number
    yet and are left to a later sync.
    """

    row: Callable[[Node], Row] = lambda node: Row(node.instant("createdAt"), node.text("id"))
    limit: int = 100
    step: timedelta = WEEK
    counted: bool = True
    reaches: timedelta = YEAR
    start: str = "startAt"
    end: str = "endAt"
    pending: Callable[[Node], bool] = lambda _: False
    unfinished: Callable[[Node], bool] = lambda _: False


def _fill(node: Node) -> Row:
    return Row(node.instant("createdAt"), fill_id(node))


def _money(node: Node) -> Row:
    return Row(node.instant("createdAt"), money_id(node))


def _interest(node: Node) -> Row:
    return Row(interest_at(node), interest_id(node))


def _session(node: Node) -> Row:
    return Row(node.instant("time"), session_id(node))


TIME = Endpoint("time/1", "/api/v1/timestamp", "public", 3)
MODE = Endpoint("mode/1", "/api/ua/v1/account/mode", "management", 3)
KEY = Endpoint("key/1", "/api/v1/user/api-key", "management", 3)
SYMBOLS = Endpoint("symbols/1", "/api/v2/symbols", "public", 4)
TICKERS = Endpoint("tickers/1", "/api/v1/market/allTickers", "public", 15)
CONTRACTS = Endpoint("contracts/1", "/api/v1/contracts/active", "public", 3, "futures")

ACCOUNTS = Endpoint("accounts/1", "/api/v1/accounts", "management", 5)
MARGIN_ACCOUNTS = Endpoint("margin-accounts/1", "/api/v3/margin/accounts", "spot", 15)
ISOLATED_ACCOUNTS = Endpoint("isolated-accounts/1", "/api/v3/isolated/accounts", "spot", 15)
FUTURES_ACCOUNT = Endpoint("futures-account/1", "/api/v1/account-overview", "futures", 5, "futures")
POSITIONS = Endpoint("positions/1", "/api/v1/positions", "futures", 2, "futures")
ORDERS = Endpoint("orders/1", "/api/v1/orders", "futures", 2, "futures")
RISK_LIMITS = Endpoint("risk-limits/1", "/api/v1/contracts/risk-limit", "public", 5, "futures")
HOLDINGS = Endpoint("earn-holdings.list/1", "/api/v1/earn/hold-assets", "earn", 5)

LEDGER = History("ledger/1", "/api/v1/accounts/ledgers", "management", limit=500, step=DAY)
TRADE_LEDGER = History(
    "trade-ledger/1",
    "/api/v1/hf/accounts/ledgers",
    "spot",
    limit=200,
    step=THREE_DAYS,
    counted=False,
    reaches=THREE_DAYS,
)
MARGIN_LEDGER = History(
    "margin-ledger/1",
    "/api/v3/hf/margin/account/ledgers",
    "spot",
    limit=200,
    step=THREE_DAYS,
    counted=False,
    reaches=THREE_DAYS,
)
FILLS = History("fills/1", "/api/v1/hf/fills", "spot", limit=100, counted=False, reaches=QUARTER)
OLD_FILLS = History("fills/1", "/api/v1/fills", "spot", 10, row=_fill, limit=500)
MARGIN_FILLS = History(
    "fills/1", "/api/v3/hf/margin/fills", "spot", 5, limit=100, counted=False, reaches=QUARTER
)
INTEREST = History(
    "interest/1",
    "/api/v3/margin/interest",
    "spot",
    20,
    row=_interest,
    limit=50,
    step=timedelta(days=29),
    reaches=HALF_YEAR,
    start="startTime",
    end="endTime",
)
DEPOSITS = History(
    "deposits/1", "/api/v1/deposits", "management", 5, row=_money, limit=500, pending=money_pending
)
WITHDRAWALS = History(
    "withdrawals/1", "/api/v1/withdrawals", "management", 20, row=_money, limit=500, pending=money_pending
)
FUTURES_FILLS = History(
    "futures-fills/1", "/api/v1/fills", "futures", 5, "futures", row=_fill, limit=100, reaches=QUARTER
)
FUTURES_LEDGER = History(
    "futures-ledger/1",
    "/api/v1/transaction-history",
    "futures",
    2,
    "futures",
    row=_session,
    limit=50,
    step=DAY,
    counted=False,
    unfinished=session_runs,
)


def signer(credentials: Credentials) -> Signer:
    """KuCoin's signature: HMAC-SHA256 of time, method, path and query; the passphrase is signed as well."""

    def digest(text: str) -> str:
        signed = hmac.new(credentials.secret.encode(), text.encode(), hashlib.sha256).digest()
        return base64.b64encode(signed).decode()

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        stamp = str(to_milliseconds(now))
        headers = {
            "KC-API-KEY": credentials.key,
            "KC-API-SIGN": digest(f"{stamp}{method}{path}{f'?{query}' if query else ''}"),
            "KC-API-TIMESTAMP": stamp,
            "KC-API-PASSPHRASE": digest(credentials.passphrase),
            "KC-API-KEY-VERSION": "2",
        }
        return Signed(query, headers)

    return sign


@dataclass(frozen=True, slots=True)
class KucoinClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint, params, signer=signer(self.credentials) if self.credentials else None
        )

    async def pages(
        self, endpoint: Endpoint, params: Mapping[str, str] | None = None, size: int = 100
    ) -> tuple[Payload, ...]:
        """All pages of a list that has no past; as many rows as the venue counts."""
        payloads: list[Payload] = []
        came = 0
        for number in range(1, MAX_PAGES + 1):
            asked = {**(params or {}), "currentPage": str(number), "pageSize": str(size)}
            payload = await self.get(endpoint, asked)
            payloads.append(payload)
            found = result(payload)
            came += len(rows(found))
            total = int(found.decimal("totalNum"))
            if came >= total:
                return tuple(payloads)
            if not rows(found):
                raise IncompletePagesError(f"kucoin {endpoint.name}: {total} rows are counted, {came} came.")
        raise IncompletePagesError(f"kucoin {endpoint.name}: the list has more than {MAX_PAGES} pages.")

    async def history(
        self,
        endpoint: History,
        cursor: Cursor | None,
        since: datetime,
        params: Mapping[str, str] | None = None,
    ) -> Parts:
        """Rows since the cursor; one that is still under way holds the cursor back to itself."""
        now = self.api.now()
        pending: list[Row] = []

        async def ask(span: Span, number: int, last: Row | None) -> Page:
            asked = {
                **(params or {}),
                endpoint.start: str(to_milliseconds(span.start)),
                endpoint.end: str(to_milliseconds(span.end)),
                **_turned(endpoint, number, last),
            }
            payload = await self.get(endpoint, asked)
            found = result(payload)
            nodes = rows(found)
            pending.extend(endpoint.row(node) for node in nodes if endpoint.pending(node))
            total = int(found.decimal("totalNum")) if endpoint.counted else None
            finished = [endpoint.row(node) for node in nodes if not endpoint.unfinished(node)]
            return Page(payload, finished, _is_full(endpoint, len(nodes)), total)

        held = kept(cursor, now, endpoint.reaches)
        parts = sweep(
            ask,
            start=max(begin_of(cursor, since), now - endpoint.reaches),
            until=now,
            step=endpoint.step,
            must="" if held is None else held.id,
            what=f"kucoin {endpoint.name}",
        )
        async for pages in holding(parts, pending, cursor, since):
            yield pages


def _is_full(endpoint: History, came: int) -> bool:
    """Whether more rows may follow; a venue that gives fewer than were asked for stops at a round number."""
    return came > 0 and (endpoint.counted or came >= endpoint.limit or came % 50 == 0)


def _turned(endpoint: History, number: int, last: Row | None) -> dict[str, str]:
    """What asks for a page: its number, or the row with which it begins (the venue leaves out its bound)."""
    if endpoint.counted:
        return {"currentPage": str(number), "pageSize": str(endpoint.limit)}
    if endpoint is FUTURES_LEDGER:
        offset = {} if last is None else {"offset": str(int(last.id.partition(":")[0]) + 1)}
        return {"maxCount": str(endpoint.limit), **offset}
    bound = {} if last is None else {"lastId": str(int(last.id) + 1)}
    return {"limit": str(endpoint.limit), **bound}


def result(payload: Payload) -> Node:
    """What an answer holds; a malformed one is refused with its endpoint."""
    try:
        return answered(read_json(payload.body))
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"kucoin {payload.evidence.endpoint}: {error.message}") from error
