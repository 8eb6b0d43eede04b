"""Binance's requests: signing, paths, weights and the rows that turn pages."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Outgoing, Params, Signed, Signer
from truenav.connect.cefi.binance.rows import income_id, interest_id, utc_time
from truenav.connect.contract import Credentials, Payload
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.gathering import Row
from truenav.core.clock import to_milliseconds

if TYPE_CHECKING:
    from truenav.connect.transport import Transport

RECEIVE_WINDOW_MS = 5000


SPOT_TIME = Endpoint("spot.time/1", "/api/v3/time", "spot", host="spot")
SPOT_INFO = Endpoint("spot.exchangeInfo/1", "/api/v3/exchangeInfo", "spot", weight=20, host="spot")
SPOT_TICKER = Endpoint("spot.ticker/1", "/api/v3/ticker/24hr", "spot", weight=80, host="spot")
SPOT_ACCOUNT = Endpoint("spot.account/1", "/api/v3/account", "spot", weight=20, host="spot")
SPOT_OPEN_ORDERS = Endpoint("spot.openOrders/1", "/api/v3/openOrders", "spot", weight=80, host="spot")
SPOT_ORDERS = Endpoint("spot.orders/1", "/api/v3/allOrders", "spot", weight=20, host="spot")
SPOT_TRADES = Endpoint("spot.trades/1", "/api/v3/myTrades", "spot", weight=20, host="spot")
KEY_RIGHTS = Endpoint("key.restrictions/1", "/sapi/v1/account/apiRestrictions", "wallet", host="spot")
DEPOSITS = Endpoint("wallet.deposits/1", "/sapi/v1/capital/deposit/hisrec", "wallet", host="spot")
WITHDRAWALS = Endpoint(
    "wallet.withdrawals/1", "/sapi/v1/capital/withdraw/history", "wallet", weight=600, host="spot"
)
MARGIN_ACCOUNT = Endpoint("margin.account/1", "/sapi/v1/margin/account", "wallet", weight=10, host="spot")
MARGIN_OPEN_ORDERS = Endpoint(
    "margin.openOrders/1", "/sapi/v1/margin/openOrders", "wallet", weight=10, host="spot"
)
MARGIN_ORDERS = Endpoint("margin.orders/1", "/sapi/v1/margin/allOrders", "wallet", weight=200, host="spot")
MARGIN_TRADES = Endpoint("margin.trades/1", "/sapi/v1/margin/myTrades", "wallet", weight=10, host="spot")
MARGIN_INTEREST = Endpoint("margin.interest/1", "/sapi/v1/margin/interestHistory", "wallet", host="spot")
TRANSFERS = Endpoint("wallet.transfers/1", "/sapi/v1/asset/transfer", "wallet", host="spot")


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
    info=Endpoint("usdm.exchangeInfo/1", "/fapi/v1/exchangeInfo", "usdm", host="usdm"),
    marks=Endpoint("usdm.premiumIndex/1", "/fapi/v1/premiumIndex", "usdm", weight=10, host="usdm"),
    account=Endpoint("usdm.account/1", "/fapi/v2/account", "usdm", weight=5, host="usdm"),
    open_orders=Endpoint("usdm.openOrders/1", "/fapi/v1/openOrders", "usdm", weight=40, host="usdm"),
    orders=Endpoint("usdm.orders/1", "/fapi/v1/allOrders", "usdm", weight=5, host="usdm"),
    trades=Endpoint("usdm.trades/1", "/fapi/v1/userTrades", "usdm", weight=5, host="usdm"),
    income=Endpoint("usdm.income/1", "/fapi/v1/income", "usdm", weight=30, host="usdm"),
    tiers=Endpoint("usdm.leverageBracket/1", "/fapi/v1/leverageBracket", "usdm", host="usdm"),
    orders_page=500,
)
COINM = Futures(
    wallet="coinm",
    namespace="binance-coinm",
    info=Endpoint("coinm.exchangeInfo/1", "/dapi/v1/exchangeInfo", "coinm", host="coinm"),
    marks=Endpoint("coinm.premiumIndex/1", "/dapi/v1/premiumIndex", "coinm", weight=10, host="coinm"),
    account=Endpoint("coinm.account/1", "/dapi/v1/account", "coinm", weight=5, host="coinm"),
    open_orders=Endpoint("coinm.openOrders/1", "/dapi/v1/openOrders", "coinm", weight=40, host="coinm"),
    orders=Endpoint("coinm.orders/1", "/dapi/v1/allOrders", "coinm", weight=20, host="coinm"),
    trades=Endpoint("coinm.trades/1", "/dapi/v1/userTrades", "coinm", weight=20, host="coinm"),
    income=Endpoint("coinm.income/1", "/dapi/v1/income", "coinm", weight=20, host="coinm"),
    tiers=Endpoint("coinm.leverageBracket/1", "/dapi/v2/leverageBracket", "coinm", host="coinm"),
    orders_page=100,
)
FUTURES = (USDM, COINM)

USDM_TIME = Endpoint("usdm.time/1", "/fapi/v1/time", "usdm", host="usdm")
USDM_MARK = Endpoint("usdm.mark/1", "/fapi/v1/premiumIndex", "usdm", host="usdm")
USDM_POSITION = Endpoint("usdm.position/1", "/fapi/v3/positionRisk", "usdm", weight=5, host="usdm")
USDM_PLACE = Endpoint("usdm.order.place/1", "/fapi/v1/order", "usdm", host="usdm")
USDM_LOOK_UP = Endpoint("usdm.order/1", "/fapi/v1/order", "usdm", host="usdm")
USDM_CANCEL = Endpoint("usdm.order.cancel/1", "/fapi/v1/order", "usdm", host="usdm")
USDM_ORDER_TRADES = Endpoint("usdm.order.trades/1", "/fapi/v1/userTrades", "usdm", weight=5, host="usdm")


@dataclass(frozen=True, slots=True)
class Lending:
    """The endpoints of a wallet in which spot pairs are traded with borrowed coins.

    ``archive`` is the age from which interest may be told from an archive alone; None where there is none.
    """

    wallet: str
    trades: Endpoint
    orders: Endpoint
    interest: Endpoint
    params: Mapping[str, str] = field(default_factory=dict)
    archive: timedelta | None = None


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

    async def get(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of an endpoint."""
        return await self.api.get(
            endpoint, params, signer=signer(self.credentials) if self.credentials else None
        )

    def url(self, endpoint: Endpoint) -> str:
        """The address of an endpoint, without a query."""
        return (self.api.base_url or self.api.manifest.hosts[endpoint.host]).rstrip("/") + endpoint.path

    async def post(self, endpoint: Endpoint) -> Payload:
        """One answer of an endpoint that reads, though the venue wants it asked by POST."""
        assert self.credentials is not None
        sign, path, url = signer(self.credentials), endpoint.path, self.url(endpoint)

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
