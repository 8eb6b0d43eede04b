"""Bitget's requests: signing, paths, budgets, and what identifies the rows of each history."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from truenav.connect import asking
from truenav.connect.asking import Params, Signed, Signer
from truenav.connect.cefi.bitget.answers import (
    COINM,
    CROSS,
    FUNDING,
    ISOLATED,
    PRODUCTS,
    USDCM,
    USDTM,
    answered,
    listed,
)
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Parts, Row, kept
from truenav.connect.transport import Transport
from truenav.connect.windows import Page, Span, holding, sweep
from truenav.core.clock import to_milliseconds

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
QUARTER = timedelta(days=90)
REMEMBERED = timedelta(days=89)
"""Histories hold ninety days; a little less is relied on."""
_MARGIN_OF_WINDOW = timedelta(seconds=1)
_CONFIRMED_FROM = 1
"""Rows of a window from which its end is confirmed: any, for a page may be cut short as well as empty."""


@dataclass(frozen=True, slots=True)
class Endpoint(asking.Endpoint):
    """Where a parser's answers come from; ``params`` belong to it.

    ``rows`` is the field that holds its rows, empty where the answer is a list.
    """

    budget: str = "private"
    rows: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


def _never(row: Node) -> bool:
    del row
    return False


_DONE_WITH = frozenset({"success", "fail", "failed", "reject", "pending_review_fail"})
"""States in which a deposit or withdrawal stays; any other may be on the way to them."""


def _pending(row: Node) -> bool:
    """Whether a deposit or withdrawal may still change."""
    return row.text("status").lower() not in _DONE_WITH


@dataclass(frozen=True, slots=True)
class History(Endpoint):
    """An endpoint with a past: which fields of a row identify it, what a page and a window hold.

    ``pending`` tells whether a row may still change; the oldest such row holds the cursor.
    """

    id: str = "billId"
    at: str = "cTime"
    limit: int = 100
    window: timedelta = QUARTER
    pending: Callable[[Node], bool] = _never

    def row(self, node: Node) -> Row:
        """Identity and instant of a row."""
        return Row(node.instant(self.at), node.text(self.id))


TIME = Endpoint("time/1", "/api/v2/public/time", "market")
SYMBOLS = Endpoint("symbols/1", "/api/v2/spot/public/symbols", "market")
SPOT_TICKERS = Endpoint("spot.tickers/1", "/api/v2/spot/market/tickers", "market")
KEY = Endpoint("key/1", "/api/v2/spot/account/info", "account")
OVERVIEW = Endpoint("overview/1", "/api/v2/account/all-account-balance", "overview")
SPOT_ASSETS = Endpoint("spot.assets/1", "/api/v2/spot/account/assets")
FUNDING_ASSETS = Endpoint("funding.assets/1", "/api/v2/account/funding-assets")
EARN_ASSETS = Endpoint("earn.assets/1", "/api/v2/earn/account/assets")
CROSS_ASSETS = Endpoint("cross.assets/1", "/api/v2/margin/crossed/account/assets")
ISOLATED_ASSETS = Endpoint("isolated.assets/1", "/api/v2/margin/isolated/account/assets")
SPOT_ORDERS = Endpoint("spot.orders/1", "/api/v2/spot/trade/unfilled-orders")

SPOT_FILLS = History("spot.fills/1", "/api/v2/spot/trade/fills", id="tradeId")
SPOT_BILLS = History("spot.bills/1", "/api/v2/spot/account/bills", limit=500)
DEPOSITS = History("deposits/1", "/api/v2/spot/wallet/deposit-records", id="orderId", pending=_pending)
WITHDRAWALS = History(
    "withdrawals/1", "/api/v2/spot/wallet/withdrawal-records", id="orderId", pending=_pending
)
FUNDING_BILLS = History(
    f"{FUNDING}.bills/1", "/api/v2/tax/p2p-record", "tax", id="id", at="ts", limit=500, window=MONTH
)


@dataclass(frozen=True, slots=True)
class Futures:
    """The endpoints of one futures product; all take its type."""

    wallet: str
    contracts: Endpoint
    tickers: Endpoint
    accounts: Endpoint
    positions: Endpoint
    orders: Endpoint
    fills: History
    bills: History
    tiers: Endpoint


@dataclass(frozen=True, slots=True)
class Margin:
    """The endpoints of one margin wallet; a ``symbol`` belongs to all histories of isolated margin."""

    wallet: str
    assets: Endpoint
    ledger: History
    interest: History
    fills: History


def _futures(wallet: str, type_: str) -> Futures:
    product = {"productType": type_}
    mix = "/api/v2/mix"
    return Futures(
        wallet=wallet,
        contracts=Endpoint(f"{wallet}.contracts/1", f"{mix}/market/contracts", "market", params=product),
        tickers=Endpoint(f"{wallet}.tickers/1", f"{mix}/market/tickers", "market", params=product),
        accounts=Endpoint(f"{wallet}.accounts/1", f"{mix}/account/accounts", params=product),
        positions=Endpoint(
            f"{wallet}.positions/1", f"{mix}/position/all-position", "positions", params=product
        ),
        orders=Endpoint(
            f"{wallet}.orders/1", f"{mix}/order/orders-pending", rows="entrustedList", params=product
        ),
        fills=History(
            f"{wallet}.fills/1",
            f"{mix}/order/fill-history",
            rows="fillList",
            params=product,
            id="tradeId",
            window=WEEK,
        ),
        bills=History(f"{wallet}.bills/1", f"{mix}/account/bill", rows="bills", params=product, window=MONTH),
        tiers=Endpoint(f"{wallet}.tiers/1", f"{mix}/market/query-position-lever", "market", params=product),
    )


def _margin(wallet: str, assets: Endpoint, mode: str) -> Margin:
    path = f"/api/v2/margin/{mode}"
    return Margin(
        wallet=wallet,
        assets=assets,
        ledger=History(
            f"{wallet}.ledger/1", f"{path}/financial-records", rows="resultList", id="marginId", limit=500
        ),
        interest=History(
            f"{wallet}.interest/1", f"{path}/interest-history", rows="resultList", id="interestId", limit=500
        ),
        fills=History(f"{wallet}.fills/1", f"{path}/fills", rows="fills", id="tradeId", limit=500),
    )


FUTURES = tuple(_futures(one.wallet, one.type) for one in PRODUCTS)
CROSS_MARGIN = _margin(CROSS, CROSS_ASSETS, "crossed")
ISOLATED_MARGIN = _margin(ISOLATED, ISOLATED_ASSETS, "isolated")
WALLETS_OF_WORTH: Mapping[str, tuple[str, ...]] = {
    "futures": (USDTM, USDCM, COINM),
    "margin": (CROSS, ISOLATED),
}
"""What the venue's overview values together."""


def signature(credentials: Credentials, message: str) -> str:
    """HMAC-SHA256 of a message in base 64."""
    digest = hmac.new(credentials.secret.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signer(credentials: Credentials) -> Signer:
    """Bitget's signature: that of time, method, path and query."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        stamp = str(to_milliseconds(now))
        message = f"{stamp}{method}{path}{'?' if query else ''}{query}"
        headers = {
            "ACCESS-KEY": credentials.key,
            "ACCESS-SIGN": signature(credentials, message),
            "ACCESS-TIMESTAMP": stamp,
            "ACCESS-PASSPHRASE": credentials.passphrase,
            "locale": "en-US",
        }
        return Signed(query, headers)

    return sign


@dataclass(frozen=True, slots=True)
class BitgetClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint; all of them count against the address, too."""
        await self.api.gate.enter("address", 1, "")
        return await self.api.get(
            endpoint,
            {**endpoint.params, **(params or {})},
            signer=signer(self.credentials) if self.credentials else None,
        )

    async def pages(self, endpoint: Endpoint, id: str, limit: int) -> tuple[Payload, ...]:
        """All pages of a list that has no past, newest first, until one is empty."""
        payloads: list[Payload] = []
        before: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            payload = await self.get(endpoint, {"limit": str(limit), **before})
            payloads.append(payload)
            found = rows(payload, endpoint)
            if not found:
                return tuple(payloads)
            last = _end(payload, endpoint) or found[-1].text(id)
            if before == {"idLessThan": last}:
                raise IncompletePagesError(f"bitget {endpoint.name}: the same page came twice.")
            before = {"idLessThan": last}
        raise IncompletePagesError(f"bitget {endpoint.name}: the list has more than {MAX_PAGES} pages.")

    async def history(
        self,
        endpoint: History,
        cursor: Cursor | None,
        since: datetime,
        params: Mapping[str, str] | None = None,
    ) -> Parts:
        """Rows since the cursor; one that is still under way holds the cursor back to itself.

        Pages turn by where the venue says that they end, else by the number of the last row, until one is
        empty; then what is as old as the oldest row
        is asked for once more. Windows are asked for a little wider than they are, for the venue does not
        say whether their ends belong to them.
        """
        now = self.api.now()
        pending: list[Row] = []

        async def ask(span: Span, token: str) -> Page:
            asked = {
                **(params or {}),
                "startTime": str(to_milliseconds(span.start) - 1),
                "endTime": str(to_milliseconds(min(span.end, now)) + 1),
                "limit": str(endpoint.limit),
                **({"idLessThan": token} if token else {}),
            }
            payload = await self.get(endpoint, asked)
            nodes = rows(payload, endpoint)
            pending.extend(endpoint.row(node) for node in nodes if endpoint.pending(node))
            found = [endpoint.row(node) for node in nodes]
            return Page(payload, found, _end(payload, endpoint) or found[-1].id if found else "")

        parts = sweep(
            ask,
            kept(cursor, now, REMEMBERED),
            since=max(since, now - REMEMBERED),
            until=now,
            step=endpoint.window - _MARGIN_OF_WINDOW,
            limit=_CONFIRMED_FROM,
            what=f"bitget {endpoint.name}",
        )
        async for pages in holding(parts, pending, cursor, since):
            yield pages


def _end(payload: Payload, endpoint: Endpoint) -> str:
    """What an answer with a list in it calls its end, to ask for the next page; empty where it tells none."""
    data = answered(read_json(payload.body)) if endpoint.rows else None
    return "" if data is None else data.text_or("endId")


def rows(payload: Payload, endpoint: Endpoint) -> list[Node]:
    """The rows of an answer; a malformed one is refused with its endpoint."""
    try:
        return listed(answered(read_json(payload.body)), endpoint.rows)
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"bitget {payload.evidence.endpoint}: {error.message}") from error
