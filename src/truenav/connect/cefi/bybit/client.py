"""Bybit's requests: signing, paths, budgets, and what identifies the rows of each history."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.cefi.bybit.answers import listed
from truenav.connect.cefi.bybit.rows import (
    OWNER,
    delivery_id,
    deposit_at,
    deposit_id,
    deposit_pending,
    fund_id,
    internal_deposit_pending,
    seconds,
    transfer_pending,
    withdrawal_pending,
)
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Parts, Row, kept
from truenav.connect.transport import Transport
from truenav.connect.windows import Page, Span, holding, sweep
from truenav.core.clock import to_milliseconds

RECEIVE_WINDOW = "5000"
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
REMEMBERED = timedelta(days=725)
"""Histories hold two years; a little less is relied on."""


@dataclass(frozen=True, slots=True)
class History(Endpoint):
    """An endpoint with a past: which of its fields hold rows, how a row is known, and what a page holds.

    ``pending`` tells whether a row may still change; the oldest such row holds the cursor. ``unit`` is the
    step of the venue's clock in the request: one where it takes milliseconds, a thousand for seconds.
    """

    rows: str
    row: Callable[[Node], Row]
    limit: int
    step: timedelta
    start: str = "startTime"
    end: str = "endTime"
    unit: int = 1
    pending: Callable[[Node], bool] = lambda _: False


def _log_row(node: Node) -> Row:
    return Row(node.instant("transactionTime"), node.text("id"))


def _execution_row(node: Node) -> Row:
    return Row(node.instant("execTime"), node.text("execId"))


def _transfer_row(node: Node) -> Row:
    return Row(node.instant("timestamp"), node.text("transferId"))


def _deposit_row(node: Node) -> Row:
    return Row(deposit_at(node), deposit_id(node))


def _internal_deposit_row(node: Node) -> Row:
    return Row(seconds(node, "createdTime"), node.text("id"))


def _withdrawal_row(node: Node) -> Row:
    return Row(node.instant("createTime"), node.text("withdrawId"))


def _delivery_row(node: Node) -> Row:
    return Row(node.instant("deliveryTime"), delivery_id(node))


def _fund_row(node: Node) -> Row:
    return Row(seconds(node, "createTime"), fund_id(node))


def _yield_row(node: Node) -> Row:
    return Row(node.instant("createdAt"), node.text("id"))


TIME = Endpoint("time/1", "/v5/market/time", "market")
INSTRUMENTS = Endpoint("instruments/1", "/v5/market/instruments-info", "market")
TICKERS = Endpoint("tickers/1", "/v5/market/tickers", "market")
TIERS = Endpoint("risk-limit/1", "/v5/market/risk-limit", "market")
KEY = Endpoint("key/1", "/v5/user/query-api", "key")
ACCOUNT = Endpoint("account/1", "/v5/account/info", "account")
WALLET = Endpoint("wallet/1", "/v5/account/wallet-balance", "wallet")
POSITIONS = Endpoint("positions.list/1", "/v5/position/list", "positions")
ORDERS = Endpoint("orders/1", "/v5/order/realtime", "orders")
FUNDING = Endpoint("funding-balances/1", "/v5/asset/transfer/query-account-coins-balance", "coins")
EARN = Endpoint("earn-positions.list/1", "/v5/earn/position", "earn")
OVERVIEW = Endpoint("overview/1", "/v5/asset/asset-overview", "overview")

DELIVERIES = History(
    "deliveries/1", "/v5/asset/delivery-record", "deliveries", "list", _delivery_row, 50, MONTH
)
LOG = History("log/1", "/v5/account/transaction-log", "log", "list", _log_row, 50, WEEK)
EXECUTIONS = History("executions/1", "/v5/execution/list", "executions", "list", _execution_row, 100, WEEK)
TRANSFERS = History(
    name="transfers/1",
    path="/v5/asset/transfer/query-inter-transfer-list",
    budget="transfers",
    rows="list",
    row=_transfer_row,
    limit=50,
    step=WEEK,
    pending=transfer_pending,
)
UNIVERSAL = History(
    name="universal-transfers/1",
    path="/v5/asset/transfer/query-universal-transfer-list",
    budget="universal",
    rows="list",
    row=_transfer_row,
    limit=50,
    step=WEEK,
    pending=transfer_pending,
)
DEPOSITS = History(
    name="deposits/1",
    path="/v5/asset/deposit/query-record",
    budget="deposits",
    rows="rows",
    row=_deposit_row,
    limit=50,
    step=MONTH,
    pending=deposit_pending,
)
INTERNAL_DEPOSITS = History(
    name="internal-deposits/1",
    path="/v5/asset/deposit/query-internal-record",
    budget="internal",
    rows="rows",
    row=_internal_deposit_row,
    limit=50,
    step=MONTH,
    pending=internal_deposit_pending,
)
WITHDRAWALS = History(
    name="withdrawals/1",
    path="/v5/asset/withdraw/query-record",
    budget="withdrawals",
    rows="rows",
    row=_withdrawal_row,
    limit=50,
    step=MONTH,
    pending=withdrawal_pending,
)
FUND_HISTORY = History(
    name="funding-history/1",
    path="/v5/asset/fundinghistory",
    budget="funding-history",
    rows="list",
    row=_fund_row,
    limit=100,
    step=WEEK,
    start="createTimeFrom",
    end="createTimeTo",
    unit=1000,
)
YIELDS = History("yields/1", "/v5/earn/yield", "yields", "list", _yield_row, 100, WEEK)


def signature(credentials: Credentials, message: str) -> str:
    """HMAC-SHA256 of a message in hexadecimal."""
    return hmac.new(credentials.secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def signer(credentials: Credentials) -> Signer:
    """Bybit's signature: HMAC-SHA256 of time, key, receive window and query, in hexadecimal."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        del method, path
        query = urlencode(params)
        stamp = str(to_milliseconds(now))
        headers = {
            "X-BAPI-API-KEY": credentials.key,
            "X-BAPI-SIGN": signature(credentials, f"{stamp}{credentials.key}{RECEIVE_WINDOW}{query}"),
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": RECEIVE_WINDOW,
        }
        return Signed(query, headers)

    return sign


@dataclass(frozen=True, slots=True)
class BybitClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint; all of them count against the address, too."""
        await self.api.gate.enter("address", 1, "")
        return await self.api.get(
            endpoint, params, signer=signer(self.credentials) if self.credentials else None
        )

    async def pages(self, endpoint: Endpoint, params: Mapping[str, str], limit: int) -> tuple[Payload, ...]:
        """All pages of a list that has no past, by the venue's cursor.

        It is given after the last row, too: an empty page that follows a full one is the end where it is
        empty twice.
        """
        payloads: list[Payload] = []
        token = ""
        for _ in range(MAX_PAGES):
            asked = {**params, "limit": str(limit), **({"cursor": token} if token else {})}
            payload = await self.get(endpoint, asked)
            found = result(payload)
            rows = listed(found, "list")
            if token and not rows and listed(result(await self.get(endpoint, asked)), "list"):
                raise IncompletePagesError(f"bybit {endpoint.name}: a page was empty and then was not.")
            payloads.append(payload)
            token = found.text_or("nextPageCursor")
            if not token or len(rows) < limit:
                return tuple(payloads)
        raise IncompletePagesError(f"bybit {endpoint.name}: the list has more than {MAX_PAGES} pages.")

    async def history(
        self,
        endpoint: History,
        cursor: Cursor | None,
        since: datetime,
        params: Mapping[str, str] | None = None,
        owner: str = "",
    ) -> Parts:
        """Rows since the cursor; one that is still under way holds the cursor back to itself.

        ``owner`` is noted in the evidence of each page where its rows cannot be told from others' without.
        """
        now = self.api.now()
        pending: list[Row] = []

        async def ask(span: Span, token: str) -> Page:
            asked = {
                **(params or {}),
                endpoint.start: str(to_milliseconds(span.start) // endpoint.unit),
                endpoint.end: str(to_milliseconds(span.end) // endpoint.unit),
                "limit": str(endpoint.limit),
            }
            payload = await self.get(endpoint, {**asked, **({"cursor": token} if token else {})})
            if owner:
                payload = await self.api.note(payload, OWNER, owner)
            found = result(payload)
            nodes = listed(found, endpoint.rows)
            pending.extend(endpoint.row(node) for node in nodes if endpoint.pending(node))
            return Page(payload, [endpoint.row(node) for node in nodes], found.text_or("nextPageCursor"))

        parts = sweep(
            ask,
            kept(cursor, now, REMEMBERED),
            since=max(since, now - REMEMBERED),
            until=now,
            step=endpoint.step,
            limit=endpoint.limit,
            what=f"bybit {endpoint.name}",
        )
        async for pages in holding(parts, pending, cursor, since):
            yield pages


def result(payload: Payload) -> Node:
    """What an answer holds; a malformed one is refused with its endpoint."""
    try:
        return read_json(payload.body).field("result")
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"bybit {payload.evidence.endpoint}: {error.message}") from error
