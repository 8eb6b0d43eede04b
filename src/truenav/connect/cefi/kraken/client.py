"""Kraken's requests: public reads, and private ones with a nonce that only grows."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from truenav.connect.asking import Endpoint, Outgoing, Params, never
from truenav.connect.contract import Credentials, Payload
from truenav.connect.errors import KeyRevokedError
from truenav.connect.transport import Transport

PAGE = 50
"""Rows of a page of trades or of the ledger."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


TIME = Endpoint("time/1", "/0/public/Time", "public")
PAIRS = Endpoint("pairs/1", "/0/public/AssetPairs", "public")
TICKERS = Endpoint("tickers/1", "/0/public/Ticker", "public")
KEY = Endpoint("key/1", "/0/private/GetApiKeyInfo", "private")
BALANCES = Endpoint("balances.list/1", "/0/private/BalanceEx", "private")
TRADE_BALANCE = Endpoint("trade-balance/1", "/0/private/TradeBalance", "private")
POSITIONS = Endpoint("positions/1", "/0/private/OpenPositions", "private")
ORDERS = Endpoint("orders/1", "/0/private/OpenOrders", "private")
ALLOCATIONS = Endpoint("allocations/1", "/0/private/Earn/Allocations", "private")
LEDGERS = Endpoint("ledgers/1", "/0/private/Ledgers", "private", weight=2)
TRADES = Endpoint("trades/1", "/0/private/TradesHistory", "private", weight=2)
QUERIED_ORDERS = Endpoint("queried-orders/1", "/0/private/QueryOrders", "private")
DEPOSITS = Endpoint("deposits/1", "/0/private/DepositStatus", "private")
TOKEN = Endpoint("token/1", "/0/private/GetWebSocketsToken", "private")
WITHDRAWALS = Endpoint("withdrawals/1", "/0/private/WithdrawStatus", "private")


def signature(secret: str, path: str, nonce: str, body: str) -> str:
    """Kraken's ``API-Sign``: HMAC-SHA512 of the path and the SHA-256 of nonce and body.

    The secret is the key's private part as the venue shows it, in base64. Raises ``KeyRevokedError`` where
    it is none.
    """
    try:
        private = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raise KeyRevokedError(
            "the private key is not the base64 text that the venue shows; copy it again, whole."
        ) from None
    digest = hashlib.sha256(f"{nonce}{body}".encode()).digest()
    return base64.b64encode(hmac.new(private, path.encode() + digest, hashlib.sha512).digest()).decode()


class KrakenClient:
    """Asks endpoints for one key, or without one for public data.

    A nonce must be greater than all before it, so private requests of a key go one after the other.
    """

    def __init__(self, api: Transport, credentials: Credentials | None = None) -> None:
        self.api = api
        self._credentials = credentials
        self._turn = asyncio.Lock()
        self._last_nonce = 0

    async def public(self, endpoint: Endpoint, params: Mapping[str, str] | None = None) -> Payload:
        """One answer of a public endpoint."""
        return await self.api.get(endpoint, params)

    async def private(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None = None,
        *,
        secret: Callable[[bytes], bool] = never,
    ) -> Payload:
        """One answer of a private endpoint; a read, though the venue wants it posted."""
        given: Params = tuple((params or {}).items())

        def prepare(now: datetime) -> Outgoing:
            return self._signed(endpoint.path, given, now)

        async with self._turn:
            return await self.api.send(
                endpoint.name,
                endpoint.path,
                prepare,
                budget=endpoint.budget,
                weight=endpoint.weight,
                repeatable=True,
                secret=secret,
            )

    def _signed(self, path: str, params: Params, now: datetime) -> Outgoing:
        credentials = self._credentials
        if credentials is None:
            raise KeyError("a private request needs a key")
        microseconds = (now - _EPOCH) // timedelta(microseconds=1)
        self._last_nonce = max(self._last_nonce + 1, microseconds)
        nonce = str(self._last_nonce)
        body = urlencode((("nonce", nonce), *params))
        headers = {
            "API-Key": credentials.key,
            "API-Sign": signature(credentials.secret, path, nonce, body),
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }
        url = (self.api.base_url or self.api.manifest.hosts["api"]).rstrip("/") + path
        return Outgoing("POST", url, url, params, headers, body.encode())
