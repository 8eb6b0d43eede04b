"""HTX's requests: signing, hosts, paths, budgets, and what identifies the rows of each history."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from truenav.connect import asking
from truenav.connect.asking import Outgoing, Params, always, never
from truenav.connect.cefi.htx.answers import (
    COINFUTURES,
    COINSWAP,
    CROSS,
    ISOLATED,
    USDTM,
    answered,
    fee_runs,
    listed,
    transfer_id,
)
from truenav.connect.cefi.htx.manifest import MANIFEST
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.gathering import Parts, Row, kept, places, turning
from truenav.connect.transport import Transport
from truenav.connect.windows import Page, Span, holding, sweep
from truenav.core.clock import to_milliseconds

TWO_DAYS = timedelta(days=2)
TEN_DAYS = timedelta(days=10)
_MARGIN_OF_WINDOW = timedelta(seconds=1)
_CONFIRMED_FROM = 1
"""Rows of a window from which its end is confirmed: any, for a page may be cut short as well as empty."""
_RECORDS_PAGE = 50


@dataclass(frozen=True, slots=True)
class Endpoint(asking.Endpoint):
    """Where a parser's answers come from; ``params`` belong to it."""

    budget: str = "spot"
    host: str = "spot"
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History(Endpoint):
    """An endpoint with a past, and how it names things.

    ``remembered`` is how far back the venue tells. Pages turn by ``next`` of the answer, or where that is
    empty by the number of the last row. ``pending`` tells whether a row, as told at an instant, may still
    change; the oldest such row holds the cursor.
    """

    row: Callable[[Node], Row] = field(kw_only=True)
    remembered: timedelta = timedelta(days=89)
    window: timedelta = TWO_DAYS
    start: str = "start_time"
    end: str = "end_time"
    turn: str = "from_id"
    next: str = ""
    pending: Callable[[Node, datetime], bool] = lambda row, told_at: False


def _row(at: str, id: str) -> Callable[[Node], Row]:
    def read(node: Node) -> Row:
        return Row(node.instant(at), node.text(id))

    return read


def _transfer_row(node: Node) -> Row:
    return Row(node.instant("transactTime"), transfer_id(node))


TIME = Endpoint("time/1", "/v1/common/timestamp", "market")
SYMBOLS = Endpoint("symbols/1", "/v2/settings/common/symbols", "market")
TICKERS = Endpoint("tickers/1", "/market/tickers", "market")
UID = Endpoint("uid/1", "/v2/user/uid")
API_KEY = Endpoint("api-key/1", "/v2/user/api-key")
ACCOUNTS = Endpoint("accounts/1", "/v1/account/accounts")
CROSS_BALANCE = Endpoint("cross.balance/1", "/v1/cross-margin/accounts/balance")
ISOLATED_BALANCE = Endpoint("isolated.balance/1", "/v1/margin/accounts/balance")
SPOT_ORDERS = Endpoint("spot.orders/1", "/v1/order/openOrders", params={"size": "500"})
SPOT_FILLS = History(
    "spot.fills/1",
    "/v1/order/matchresults",
    row=_row("created-at", "id"),
    remembered=timedelta(days=119),
    start="start-time",
    end="end-time",
    turn="from",
    params={"size": "500"},
    pending=fee_runs,
)
RECORDS = Endpoint("deposits/1", "/v1/query/deposit-withdraw", params={"type": "deposit"})
WITHDRAWALS = replace(RECORDS, name="withdrawals/1", params={"type": "withdraw"})


def balance_of(wallet: str, account: str) -> Endpoint:
    """The balance of an account by its number."""
    return Endpoint(f"{wallet}.balance/1", f"/v1/account/accounts/{account}/balance")


def transfers_of(wallet: str) -> History:
    """The ledger of transfers of an account, which is asked for by its number."""
    return History(
        f"{wallet}.transfers/1",
        "/v2/account/ledger",
        "ledger",
        row=_transfer_row,
        remembered=timedelta(days=179),
        window=TEN_DAYS,
        start="startTime",
        end="endTime",
        turn="fromId",
        next="nextId",
        params={"transactTypes": "transfer", "limit": "500"},
    )


def repayments_of(wallet: str) -> History:
    """Repayments of a margin account, which tell the interest."""
    return History(
        f"{wallet}.repayments/1",
        "/v2/account/repayment",
        "ledger",
        row=_row("repayTime", "repayId"),
        window=TEN_DAYS,
        start="startTime",
        end="endTime",
        turn="fromId",
        next="nextId",
        params={"limit": "100"},
    )


@dataclass(frozen=True, slots=True)
class Contracts:
    """The endpoints of one family of contracts.

    ``unit`` is the field of its accounts by which the requests for their past are told apart, ``asked_by``
    what they call it; both are empty where one account holds all.
    """

    wallet: str
    info: Endpoint
    mark: Endpoint
    marked_by: str
    accounts: Endpoint
    positions: Endpoint
    records: History
    fills: History
    index: Endpoint | None = None
    unit: str = ""
    asked_by: str = ""


def _public(name: str, path: str, params: Mapping[str, str] | None = None) -> Endpoint:
    return Endpoint(name, path, "contract-market", "contract", params=params or {})


def _posted(name: str, path: str) -> Endpoint:
    return Endpoint(name, path, "contract", "contract", "POST")


def _past(name: str, path: str, at: str, params: Mapping[str, str]) -> History:
    return History(name, path, "contract", "contract", "POST", params, row=_row(at, "query_id"))


_KLINES = "/index/market/history"
_LAST_MINUTE = {"period": "1min", "size": "1"}
_NEWEST_FIRST = {"direct": "prev"}
_ALL_TRADES = {**_NEWEST_FIRST, "trade_type": "0"}
LINEAR = Contracts(
    wallet=USDTM,
    info=_public(
        "usdtm.contracts/1", "/linear-swap-api/v1/swap_contract_info", params={"business_type": "all"}
    ),
    mark=_public("usdtm.mark/1", f"{_KLINES}/linear_swap_mark_price_kline", _LAST_MINUTE),
    marked_by="contract_code",
    accounts=Endpoint("usdtm.balance/1", "/v5/account/balance", "contract", "contract"),
    positions=Endpoint("usdtm.positions/1", "/v5/trade/position/opens", "contract-trades", "contract"),
    records=History(
        "usdtm.bills/1",
        "/v5/account/bills",
        "contract",
        "contract",
        params={"limit": "100"},
        row=_row("created_time", "id"),
        turn="from",
    ),
    fills=History(
        "usdtm.fills/1",
        "/v5/trade/order/details",
        "contract-trades",
        "contract",
        params={"limit": "100"},
        row=_row("created_time", "id"),
        remembered=timedelta(days=3),
        turn="from",
    ),
    index=_public("usdtm.index/1", "/linear-swap-api/v1/swap_index"),
)
LINEAR_ORDERS = Endpoint(
    "usdtm.orders/1", "/v5/trade/order/opens", "contract-trades", "contract", params={"limit": "100"}
)
LINEAR_TIERS = Endpoint(
    "usdtm.tiers/1", "/v5/market/risk/limit", "contract", "contract", params={"margin_mode": "cross"}
)
COIN_SWAPS = Contracts(
    wallet=COINSWAP,
    info=_public("coinswap.contracts/1", "/swap-api/v1/swap_contract_info"),
    mark=_public("coinswap.mark/1", f"{_KLINES}/swap_mark_price_kline", _LAST_MINUTE),
    marked_by="contract_code",
    accounts=_posted("coinswap.accounts/1", "/swap-api/v1/swap_account_info"),
    positions=_posted("coinswap.positions/1", "/swap-api/v1/swap_position_info"),
    records=_past("coinswap.records/1", "/swap-api/v3/swap_financial_record_exact", "ts", _NEWEST_FIRST),
    fills=_past("coinswap.fills/1", "/swap-api/v3/swap_matchresults_exact", "create_date", _ALL_TRADES),
    index=_public("coinswap.index/1", "/swap-api/v1/swap_index"),
    unit="contract_code",
    asked_by="contract",
)
COIN_FUTURES = Contracts(
    wallet=COINFUTURES,
    info=_public("coinfutures.contracts/1", "/api/v1/contract_contract_info"),
    mark=_public("coinfutures.mark/1", f"{_KLINES}/mark_price_kline", _LAST_MINUTE),
    marked_by="symbol",
    accounts=_posted("coinfutures.accounts/1", "/api/v1/contract_account_info"),
    positions=_posted("coinfutures.positions/1", "/api/v1/contract_position_info"),
    records=_past("coinfutures.records/1", "/api/v3/contract_financial_record_exact", "ts", _NEWEST_FIRST),
    fills=_past("coinfutures.fills/1", "/api/v3/contract_matchresults_exact", "create_date", _ALL_TRADES),
    unit="symbol",
    asked_by="symbol",
)
FAMILIES = (LINEAR, COIN_SWAPS, COIN_FUTURES)
MARGINS: Mapping[str, tuple[str, Endpoint]] = {
    CROSS: ("super-margin", CROSS_BALANCE),
    ISOLATED: ("margin", ISOLATED_BALANCE),
}
"""Margin wallets: the type of their accounts, and where their balances come from."""


def stamp(at: datetime) -> str:
    """An instant in UTC as HTX's signatures have it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def signed_query(
    credentials: Credentials, host: str, method: str, path: str, params: Params, at: datetime
) -> str:
    """A query with what identifies the key, and HTX's signature of it all as last parameter."""
    asked = {
        "AccessKeyId": credentials.key,
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": "2",
        "Timestamp": stamp(at),
        **dict(params),
    }
    query = urlencode(sorted(asked.items()))
    signed = signature(credentials, host, method, path, query)
    return f"{query}&{urlencode({'Signature': signed})}"


def signature(credentials: Credentials, host: str, method: str, path: str, query: str) -> str:
    """HMAC-SHA256 of method, host, path and sorted query, in base 64."""
    message = f"{method}\n{host}\n{path}\n{query}".encode()
    digest = hmac.new(credentials.secret.encode(), message, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class HtxClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(
        self, endpoint: Endpoint, params: Mapping[str, str] | None = None, *, secret: bool = False
    ) -> Payload:
        """One answer of an endpoint; where it is ``secret`` it is not archived."""
        given: Params = tuple({**endpoint.params, **(params or {})}.items())
        url = (self.api.base_url or MANIFEST.hosts[endpoint.host]).rstrip("/") + endpoint.path
        posts = endpoint.method == "POST"

        def prepare(now: datetime) -> Outgoing:
            query = urlencode(() if posts else given)
            if self.credentials is not None:
                host = urlsplit(MANIFEST.hosts[endpoint.host]).netloc
                inside = () if posts else given
                query = signed_query(self.credentials, host, endpoint.method, endpoint.path, inside, now)
            full = f"{url}?{query}" if query else url
            if not posts:
                return Outgoing("GET", full, url, given)
            body = json.dumps(dict(given), separators=(",", ":")).encode()
            return Outgoing("POST", full, url, given, {"Content-Type": "application/json"}, body)

        return await self.api.send(
            endpoint.name,
            endpoint.path,
            prepare,
            budget=endpoint.budget,
            repeatable=True,
            secret=always if secret else never,
        )

    async def history(
        self,
        endpoint: History,
        cursor: Cursor | None,
        since: datetime,
        params: Mapping[str, str] | None = None,
    ) -> Parts:
        """Rows since the cursor, window by window; one that may still change holds the cursor back to itself.

        Pages turn until one brings nothing new; then what is as old as the oldest row is asked for once more.
        Windows are asked for a little wider than they are, for the venue does not say whether their ends
        belong to them, nor whether a page begins with the row that it is asked from.
        """
        now = self.api.now()
        remembered = now - endpoint.remembered + _MARGIN_OF_WINDOW
        pending: list[Row] = []

        async def ask(span: Span, token: str) -> Page:
            asked = {
                **(params or {}),
                endpoint.start: str(to_milliseconds(span.start) - 1),
                endpoint.end: str(to_milliseconds(min(span.end, now)) + 1),
                **({endpoint.turn: token} if token else {}),
            }
            payload = await self.get(endpoint, asked)
            nodes = rows(payload)
            found = [endpoint.row(node) for node in nodes]
            told_at = payload.evidence.answered_at
            pending.extend(endpoint.row(node) for node in nodes if endpoint.pending(node, told_at))
            if endpoint.next:
                return Page(payload, found, read_json(payload.body).text_or(endpoint.next))
            fresh = [row for row in found if row.id != token]
            return Page(payload, fresh, fresh[-1].id if fresh else "")

        parts = sweep(
            ask,
            kept(cursor, now, endpoint.remembered),
            since=max(since, remembered),
            until=now,
            step=endpoint.window - _MARGIN_OF_WINDOW,
            limit=_CONFIRMED_FROM,
            what=f"htx {endpoint.name}",
        )
        async for pages in holding(parts, pending, cursor, since):
            yield pages

    async def records(self, endpoint: Endpoint, cursors: Mapping[str, Cursor], since: datetime) -> Parts:
        """Deposits or withdrawals, newest first by their number; one under way holds the cursor.

        Where the reading is broken off, the place where it began is that one, too: what goes on from there
        does not see it again.
        """
        pending: list[Row] = []

        async def ask(last: Row | None) -> tuple[Payload, list[Row]]:
            begin = {"from": str(int(last.id) + 1)} if last is not None else {}
            page = {"direct": "next", "size": str(_RECORDS_PAGE), **begin}
            payload = await self.get(endpoint, page)
            nodes = rows(payload)
            pending.extend(record_row(node) for node in nodes if is_pending(node))
            return payload, [record_row(node) for node in nodes]

        name = endpoint.name
        parts = turning(ask, name, cursors, since=since, limit=_RECORDS_PAGE, what=f"htx {name}")
        async for pages in parts:
            began = places(name)[1]
            marks = tuple(
                (mark, _held(place, pending) if mark == began else place) for mark, place in pages.marks
            )
            yield replace(pages, cursor=pages.cursor and _held(pages.cursor, pending), marks=marks)


def _held(place: Cursor, pending: Sequence[Row]) -> Cursor:
    """A place, or the oldest row before it that may still change."""
    oldest = min(pending, default=None)
    return place if oldest is None or oldest.at > place.at else Cursor(oldest.id, oldest.at)


_DONE_WITH = frozenset(
    {
        "confirmed",
        "safe",
        "orphan",
        "failed",
        "canceled",
        "reject",
        "wallet-reject",
        "confirm-error",
        "repealed",
    }
)
"""States in which a deposit or withdrawal stays; any other may be on the way to them."""


def record_row(node: Node) -> Row:
    """Identity and instant of a deposit or withdrawal, whose identity is a number."""
    number = node.text("id")
    if not (number.isascii() and number.isdigit()):
        raise node.wrong("id is no number")
    return Row(node.instant("created-at"), number)


def is_pending(node: Node) -> bool:
    """Whether a deposit or withdrawal may still change."""
    return node.text("state") not in _DONE_WITH


def rows(payload: Payload) -> list[Node]:
    """The rows of an answer; a malformed one is refused with its endpoint."""
    return listed(data(payload))


def data(payload: Payload) -> Node | None:
    """What an answer holds; a malformed one is refused with its endpoint."""
    try:
        return answered(read_json(payload.body))
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"htx {payload.evidence.endpoint}: {error.message}") from error
