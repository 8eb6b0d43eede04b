"""Gate's requests: signing, paths, budgets, and what identifies the rows of each history."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Params, Signed, Signer
from truenav.connect.cefi.gate.answers import WALLET
from truenav.connect.cefi.gate.rows import (
    book_id,
    deposit_pending,
    fill_id,
    interest_id,
    margin_line_at,
    milliseconds,
    seconds,
    settlement_id,
    spot_trade_at,
    withdrawal_pending,
)
from truenav.connect.cefi.gate.windows import Page, sweep
from truenav.connect.contract import Credentials, Cursor, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import IncompletePagesError, MalformedPayloadError
from truenav.connect.gathering import MAX_PAGES, Parts, Row, kept
from truenav.connect.transport import Transport
from truenav.connect.windows import Span, begin_of, holding
from truenav.core.clock import to_milliseconds

PREFIX = "/api/v4"
MONTH = timedelta(days=30)
REMEMBERED = timedelta(days=175)
"""Some histories hold half a year: an older row of a last sync need not come again."""
_NO_BODY = hashlib.sha512(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class History(Endpoint):
    """An endpoint with a past: how a row is known, what a page holds, and how the next one is asked for.

    ``pending`` tells whether a row may still change; the oldest such row holds the cursor.
    """

    row: Callable[[Node], Row]
    limit: int
    paged: bool = False
    pending: Callable[[Node], bool] = lambda _: False

    def turned(self, page: int) -> dict[str, str]:
        """What asks for a page (from 1): its number, or how many rows to leave out."""
        if self.paged:
            return {"page": str(page)}
        return {"offset": str((page - 1) * self.limit)}


def _spot_line(node: Node) -> Row:
    return Row(milliseconds(node, "time"), node.text("id"))


def _spot_trade(node: Node) -> Row:
    return Row(spot_trade_at(node), fill_id(node))


def _margin_line(node: Node) -> Row:
    return Row(margin_line_at(node), node.text("id"))


def _contract_line(node: Node) -> Row:
    return Row(seconds(node, "time"), book_id(node))


def _contract_trade(node: Node) -> Row:
    return Row(seconds(node, "create_time"), fill_id(node))


def _interest(node: Node) -> Row:
    return Row(milliseconds(node, "create_time"), interest_id(node))


def _money(node: Node) -> Row:
    return Row(seconds(node, "timestamp"), node.text("id"))


def _settlement(node: Node) -> Row:
    return Row(seconds(node, "time"), settlement_id(node))


TIME = Endpoint("time/1", "/spot/time", "public")
PAIRS = Endpoint("pairs/1", "/spot/currency_pairs", "public")
SPOT_TICKERS = Endpoint("spot-tickers/1", "/spot/tickers", "public")
FUTURES_CONTRACTS = Endpoint("futures-contracts/1", "/futures/{settle}/contracts", "public")
FUTURES_TICKERS = Endpoint("contract-tickers/1", "/futures/{settle}/tickers", "public")
DELIVERY_CONTRACTS = Endpoint("futures-contracts/1", "/delivery/{settle}/contracts", "public")
DELIVERY_TICKERS = Endpoint("contract-tickers/1", "/delivery/{settle}/tickers", "public")
UNDERLYINGS = Endpoint("underlyings/1", "/options/underlyings", "public")
OPTIONS_CONTRACTS = Endpoint("options-contracts/1", "/options/contracts", "public")
OPTIONS_TICKERS = Endpoint("options-tickers/1", "/options/tickers", "public")

FUTURES_TIERS = Endpoint("risk-limits/1", "/futures/{settle}/risk_limit_tiers", "public")
DELIVERY_TIERS = Endpoint("risk-limits/1", "/delivery/{settle}/risk_limit_tiers", "public")

DETAIL = Endpoint("detail/1", "/account/detail", "account")
KEYS = Endpoint("keys/1", "/account/main_keys", "account")
MODE = Endpoint("mode/1", "/unified/unified_mode", "unified")
UNIFIED_ACCOUNT = Endpoint("unified.account/1", "/unified/accounts", "unified")
SPOT_ACCOUNTS = Endpoint("spot-accounts/1", "/spot/accounts", "spot")
MARGIN_ACCOUNTS = Endpoint("margin-accounts/1", "/margin/accounts", "margin")
FUTURES_ACCOUNT = Endpoint("contract.account/1", "/futures/{settle}/accounts", "futures")
DELIVERY_ACCOUNT = Endpoint("contract.account/1", "/delivery/{settle}/accounts", "delivery")
OPTIONS_ACCOUNT = Endpoint("contract.account/1", "/options/accounts", "options")
FUTURES_POSITIONS = Endpoint("positions.list/1", "/futures/{settle}/positions", "futures")
DELIVERY_POSITIONS = Endpoint("positions.list/1", "/delivery/{settle}/positions", "delivery")
OPTIONS_POSITIONS = Endpoint("positions.list/1", "/options/positions", "options")
LENDS = Endpoint("lends.list/1", "/earn/uni/lends", "earn")
TOTAL = Endpoint("total/1", "/wallet/total_balance", "wallet")
SPOT_ORDERS = Endpoint("orders/1", "/spot/open_orders", "spot")
FUTURES_ORDERS = Endpoint("orders/1", "/futures/{settle}/orders", "futures")
DELIVERY_ORDERS = Endpoint("orders/1", "/delivery/{settle}/orders", "delivery")
OPTIONS_ORDERS = Endpoint("orders/1", "/options/orders", "options")

SPOT_BOOK = History("spot-book/1", "/spot/account_book", "spot", _spot_line, 1000, paged=True)
SPOT_TRADES = History("spot-trades/1", "/spot/my_trades", "spot", _spot_trade, 1000, paged=True)
MARGIN_BOOK = History("margin-book/1", "/margin/account_book", "margin", _margin_line, 100, paged=True)
MARGIN_INTEREST = History(
    "margin-interest/1", "/margin/uni/interest_records", "margin", _interest, 100, paged=True
)
UNIFIED_INTEREST = History(
    "unified-interest/1", "/unified/interest_records", "unified", _interest, 100, paged=True
)
LEND_INTEREST = History("lend-interest/1", "/earn/uni/interest_records", "earn", _interest, 100, paged=True)
FUTURES_BOOK = History("futures-book/1", "/futures/{settle}/account_book", "futures", _contract_line, 1000)
FUTURES_TRADES = History(
    "contract-trades/1", "/futures/{settle}/my_trades_timerange", "futures", _contract_trade, 1000
)
DELIVERY_BOOK = History("futures-book/1", "/delivery/{settle}/account_book", "delivery", _contract_line, 100)
DELIVERY_TRADES = History(
    "contract-trades/1", "/delivery/{settle}/my_trades", "delivery", _contract_trade, 100
)
DELIVERY_SETTLEMENTS = History(
    "settlements/1", "/delivery/{settle}/settlements", "delivery", _settlement, 100
)
OPTIONS_BOOK = History("futures-book/1", "/options/account_book", "options", _contract_line, 100)
OPTIONS_TRADES = History("contract-trades/1", "/options/my_trades", "options", _contract_trade, 100)
OPTIONS_SETTLEMENTS = History("settlements/1", "/options/my_settlements", "options", _settlement, 100)
DEPOSITS = History("deposits/1", "/wallet/deposits", "wallet", _money, 500, pending=deposit_pending)
WITHDRAWALS = History(
    "withdrawals/1", "/wallet/withdrawals", "wallet", _money, 500, pending=withdrawal_pending
)


def signer(credentials: Credentials) -> Signer:
    """Gate's signature: HMAC-SHA512 of method, path, query, hash of the body and time, in hexadecimal.

    The header about decimal sizes keeps parts of contracts from being cut off.
    """

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        query = urlencode(params)
        stamp = str(to_milliseconds(now) // 1000)
        message = "\n".join((method, path, query, _NO_BODY, stamp)).encode()
        digest = hmac.new(credentials.secret.encode(), message, hashlib.sha512).hexdigest()
        headers = {"KEY": credentials.key, "SIGN": digest, "Timestamp": stamp, "X-Gate-Size-Decimal": "1"}
        return Signed(query, headers)

    return sign


_E = TypeVar("_E", bound=Endpoint)


def of_coin(endpoint: _E, settle: str) -> _E:
    """The endpoint for contracts that are settled in a coin."""
    return replace(endpoint, path=endpoint.path.format(settle=settle))


@dataclass(frozen=True, slots=True)
class GateClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(
        self, endpoint: Endpoint, params: Mapping[str, str] | None = None, wallet: str = ""
    ) -> Payload:
        """One answer; ``wallet`` is noted on it where the answer itself does not say what it is about."""
        asked = replace(endpoint, path=PREFIX + endpoint.path)
        payload = await self.api.get(
            asked, params, signer=signer(self.credentials) if self.credentials else None
        )
        return await self.api.note(payload, WALLET, wallet) if wallet else payload

    async def pages(
        self, endpoint: Endpoint, params: Mapping[str, str], limit: int, *, paged: bool = False
    ) -> tuple[Payload, ...]:
        """All pages of a list that has no past; a page that says nothing new is the end."""
        payloads: list[Payload] = []
        seen: set[str] = set()
        for number in range(MAX_PAGES):
            turn = {"page": str(number + 1)} if paged else {"offset": str(number * limit)}
            payload = await self.get(endpoint, {**params, "limit": str(limit), **turn})
            found = {str(node.value) for node in listed(payload)}
            if not payloads or found - seen:
                payloads.append(payload)
            if len(found) < limit or not found - seen:
                return tuple(payloads)
            seen |= found
        raise IncompletePagesError(f"gate {endpoint.name}: the list has more than {MAX_PAGES} pages.")

    async def history(
        self,
        endpoint: History,
        cursor: Cursor | None,
        since: datetime,
        params: Mapping[str, str] | None = None,
        wallet: str = "",
    ) -> Parts:
        """Rows since the cursor; one that is still under way holds the cursor back to itself."""
        now = self.api.now()
        pending: list[Row] = []

        async def ask(span: Span, page: int) -> Page:
            asked = {
                **(params or {}),
                "from": str(to_milliseconds(span.start) // 1000),
                "to": str(to_milliseconds(span.end) // 1000),
                "limit": str(endpoint.limit),
                **(endpoint.turned(page) if page > 1 else {}),
            }
            payload = await self.get(endpoint, asked, wallet)
            nodes = listed(payload)
            pending.extend(endpoint.row(node) for node in nodes if endpoint.pending(node))
            return Page(payload, [endpoint.row(node) for node in nodes])

        held = kept(cursor, now, REMEMBERED)
        parts = sweep(
            ask,
            start=begin_of(cursor, since),
            until=now,
            step=MONTH,
            limit=endpoint.limit,
            must="" if held is None else held.id,
            what=f"gate {endpoint.name}",
        )
        async for pages in holding(parts, pending, cursor, since):
            yield pages


def listed(payload: Payload) -> list[Node]:
    """The rows of an answer; a malformed one is refused with its endpoint."""
    try:
        return list(read_json(payload.body).items())
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"gate {payload.evidence.endpoint}: {error.message}") from error
