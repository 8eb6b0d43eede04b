"""Binance's requests: signing, paths, weights and the rows that turn pages."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from truenav.connect.asking import Outgoing, Params, Signed, Signer
from truenav.connect.cefi.binance.rows import income_id, interest_id, utc_time
from truenav.connect.contract import Credentials, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.gathering import Row
from truenav.core.clock import to_milliseconds

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

RECEIVE_WINDOW_MS = 5000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a parser's answers come from: ``host`` and ``budget`` are names in the manifest."""

    name: str
    host: str
    path: str
    budget: str
    weight: int


SPOT_TIME = Endpoint("spot.time/1", "spot", "/api/v3/time", "spot", 1)
SPOT_INFO = Endpoint("spot.exchangeInfo/1", "spot", "/api/v3/exchangeInfo", "spot", 20)
SPOT_TICKER = Endpoint("spot.ticker/1", "spot", "/api/v3/ticker/24hr", "spot", 80)
SPOT_ACCOUNT = Endpoint("spot.account/1", "spot", "/api/v3/account", "spot", 20)
SPOT_OPEN_ORDERS = Endpoint("spot.openOrders/1", "spot", "/api/v3/openOrders", "spot", 80)
SPOT_ORDERS = Endpoint("spot.orders/1", "spot", "/api/v3/allOrders", "spot", 20)
SPOT_TRADES = Endpoint("spot.trades/1", "spot", "/api/v3/myTrades", "spot", 20)
KEY_RIGHTS = Endpoint("key.restrictions/1", "spot", "/sapi/v1/account/apiRestrictions", "wallet", 1)
DEPOSITS = Endpoint("wallet.deposits/1", "spot", "/sapi/v1/capital/deposit/hisrec", "wallet", 1)
WITHDRAWALS = Endpoint("wallet.withdrawals/1", "spot", "/sapi/v1/capital/withdraw/history", "wallet", 600)
MARGIN_ACCOUNT = Endpoint("margin.account/1", "spot", "/sapi/v1/margin/account", "wallet", 10)
MARGIN_OPEN_ORDERS = Endpoint("margin.openOrders/1", "spot", "/sapi/v1/margin/openOrders", "wallet", 10)
MARGIN_ORDERS = Endpoint("margin.orders/1", "spot", "/sapi/v1/margin/allOrders", "wallet", 200)
MARGIN_TRADES = Endpoint("margin.trades/1", "spot", "/sapi/v1/margin/myTrades", "wallet", 10)
MARGIN_INTEREST = Endpoint("margin.interest/1", "spot", "/sapi/v1/margin/interestHistory", "wallet", 1)
TRANSFERS = Endpoint("wallet.transfers/1", "spot", "/sapi/v1/asset/transfer", "wallet", 1)


@dataclass(frozen=True, slots=True)
class Futures:
    """The endpoints of one futures wallet; ``orders_page`` is how many orders come at once.

    ``namespace`` begins the ids of its contracts.
    """

    wallet: str
    namespace: str
    info: Endpoint
    marks: Endpoint
    account: Endpoint
    open_orders: Endpoint
    orders: Endpoint
    trades: Endpoint
    income: Endpoint
    tiers: Endpoint
    orders_page: int


USDM = Futures(
    wallet="usdm",
    namespace="binance-usdm",
    info=Endpoint("usdm.exchangeInfo/1", "usdm", "/fapi/v1/exchangeInfo", "usdm", 1),
    marks=Endpoint("usdm.premiumIndex/1", "usdm", "/fapi/v1/premiumIndex", "usdm", 10),
    account=Endpoint("usdm.account/1", "usdm", "/fapi/v2/account", "usdm", 5),
    open_orders=Endpoint("usdm.openOrders/1", "usdm", "/fapi/v1/openOrders", "usdm", 40),
    orders=Endpoint("usdm.orders/1", "usdm", "/fapi/v1/allOrders", "usdm", 5),
    trades=Endpoint("usdm.trades/1", "usdm", "/fapi/v1/userTrades", "usdm", 5),
    income=Endpoint("usdm.income/1", "usdm", "/fapi/v1/income", "usdm", 30),
    tiers=Endpoint("usdm.leverageBracket/1", "usdm", "/fapi/v1/leverageBracket", "usdm", 1),
    orders_page=500,
)
COINM = Futures(
    wallet="coinm",
    namespace="binance-coinm",
    info=Endpoint("coinm.exchangeInfo/1", "coinm", "/dapi/v1/exchangeInfo", "coinm", 1),
    marks=Endpoint("coinm.premiumIndex/1", "coinm", "/dapi/v1/premiumIndex", "coinm", 10),
    account=Endpoint("coinm.account/1", "coinm", "/dapi/v1/account", "coinm", 5),
    open_orders=Endpoint("coinm.openOrders/1", "coinm", "/dapi/v1/openOrders", "coinm", 40),
    orders=Endpoint("coinm.orders/1", "coinm", "/dapi/v1/allOrders", "coinm", 20),
    trades=Endpoint("coinm.trades/1", "coinm", "/dapi/v1/userTrades", "coinm", 20),
    income=Endpoint("coinm.income/1", "coinm", "/dapi/v1/income", "coinm", 20),
    tiers=Endpoint("coinm.leverageBracket/1", "coinm", "/dapi/v2/leverageBracket", "coinm", 1),
    orders_page=100,
)
FUTURES = (USDM, COINM)


@dataclass(frozen=True, slots=True)
class Lending:
    """The endpoints of a wallet in which spot pairs are traded with borrowed coins."""

    wallet: str
    trades: Endpoint
    orders: Endpoint
    interest: Endpoint
    params: Mapping[str, str] = field(default_factory=dict)


CROSS = Lending("margin", MARGIN_TRADES, MARGIN_ORDERS, MARGIN_INTEREST)


def signer(credentials: Credentials) -> Signer:
    """Binance's signature: HMAC-SHA256 of the query, in hexadecimal, as its last parameter."""

    def sign(method: str, path: str, params: Params, now: datetime) -> Signed:
        del method, path
        query = urlencode(
            [*params, ("recvWindow", str(RECEIVE_WINDOW_MS)), ("timestamp", str(to_milliseconds(now)))]
        )
        signature = hmac.new(credentials.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        return Signed(f"{query}&signature={signature}", {"X-MBX-APIKEY": credentials.key})

    return sign


@dataclass(frozen=True, slots=True)
class BinanceClient:
    """Asks endpoints for one key, or without one for public data."""

    api: Transport
    credentials: Credentials | None = None

    async def get(
        self, endpoint: Endpoint, params: Mapping[str, str] | None = None, *, weight: int | None = None
    ) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint.name,
            endpoint.host,
            endpoint.path,
            params,
            signer=signer(self.credentials) if self.credentials else None,
            budget=endpoint.budget,
            weight=weight or endpoint.weight,
        )

    async def post(self, endpoint: Endpoint) -> Payload:
        """One answer of an endpoint that reads, though the venue wants it asked by POST."""
        assert self.credentials is not None
        sign, path = signer(self.credentials), endpoint.path
        url = (self.api.base_url or self.api.manifest.hosts[endpoint.host]).rstrip("/") + path

        def prepare(now: datetime) -> Outgoing:
            signed = sign("POST", path, (), now)
            return Outgoing("POST", f"{url}?{signed.query}", url, (), signed.headers)

        return await self.api.send(
            endpoint.name, path, prepare, budget=endpoint.budget, weight=endpoint.weight, repeatable=True
        )


def rows_of(payload: Payload, read: Callable[[Node], Row]) -> list[Row]:
    """Identity and instant of each row of an array."""
    try:
        return [read(node) for node in read_json(payload.body).items()]
    except MalformedPayloadError as error:
        raise MalformedPayloadError(f"binance {payload.evidence.endpoint}: {error.message}") from error


def trade_row(node: Node) -> Row:
    """A trade's identity, which is unique in its symbol."""
    return Row(node.instant("time"), node.text("id"))


def income_row(node: Node) -> Row:
    """An income's identity and instant."""
    return Row(node.instant("time"), income_id(node))


def deposit_row(node: Node) -> Row:
    """A deposit's identity and instant."""
    return Row(node.instant("insertTime"), node.text("id"))


def withdrawal_row(node: Node) -> Row:
    """A withdrawal's identity and instant."""
    return Row(utc_time(node, "applyTime"), node.text("id"))


def interest_row(node: Node) -> Row:
    """An interest charge's identity and instant."""
    return Row(node.instant("interestAccuredTime"), interest_id(node))


def transfer_row(node: Node) -> Row:
    """A transfer's identity and instant."""
    return Row(node.instant("timestamp"), node.text("tranId"))
