"""A stand-in for Binance whose one account has a million fills: `_fills_venue.py ROWS PORT`.

It makes each page as it is asked for, and keeps which were: `/_asked` gives the first fill of each.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

FIRST_FILL = datetime(2024, 12, 1, tzinfo=UTC)
STEP_MS = 60_000
FILLS_AN_ORDER = 10
SYMBOL = "BTCUSDT"
_START_MS = int(FIRST_FILL.timestamp() * 1000)
_PAIR = {
    "symbol": SYMBOL,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": False,
    "permissions": ["SPOT"],
}
_FIXED: dict[str, Any] = {
    "/api/v3/exchangeInfo": {"timezone": "UTC", "symbols": [_PAIR]},
    "/fapi/v1/exchangeInfo": {"timezone": "UTC", "symbols": []},
    "/dapi/v1/exchangeInfo": {"timezone": "UTC", "symbols": []},
    "/eapi/v1/exchangeInfo": {"timezone": "UTC", "optionContracts": [], "optionSymbols": []},
    "/api/v3/account": {
        "uid": 1000,
        "accountType": "SPOT",
        "canTrade": False,
        "balances": [
            {"asset": "BTC", "free": "1.5", "locked": "0"},
            {"asset": "USDT", "free": "1000", "locked": "0"},
        ],
    },
    "/sapi/v1/account/apiRestrictions": {
        "enableReading": True,
        "enableWithdrawals": False,
        "enableSpotAndMarginTrading": False,
        "enableFutures": False,
        "enableVanillaOptions": False,
        "enableMargin": False,
        "enableInternalTransfer": False,
        "permitsUniversalTransfer": False,
        "enablePortfolioMarginTrading": False,
    },
    "/sapi/v1/asset/transfer": {"total": 0, "rows": []},
    "/sapi/v1/asset/assetDividend": {"total": 0, "rows": []},
    "/sapi/v1/asset/dribblet": {"total": 0, "userAssetDribblets": []},
    "/sapi/v1/convert/tradeFlow": {"list": [], "moreData": False},
}


def fill(number: int) -> dict[str, Any]:
    """One fill; what it cost is exactly price times quantity."""
    cents, lots = 6_000_000 + number % 9_973, 1 + number % 991
    cost = cents * lots
    return {
        "symbol": SYMBOL,
        "id": number,
        "orderId": number // FILLS_AN_ORDER + 1,
        "orderListId": -1,
        "price": f"{cents // 100}.{cents % 100:02d}",
        "qty": f"{lots // 10_000}.{lots % 10_000:04d}",
        "quoteQty": f"{cost // 1_000_000}.{cost % 1_000_000:06d}",
        "commission": f"0.{1 + number % 997:06d}",
        "commissionAsset": "USDT",
        "time": _START_MS + number * STEP_MS,
        "isBuyer": number % 2 == 0,
        "isMaker": number % 3 == 0,
        "isBestMatch": True,
    }


def order(number: int) -> dict[str, Any]:
    """One order, placed by one of seven strategies."""
    return {"symbol": SYMBOL, "orderId": number, "clientOrderId": f"mm{number % 7}-{number}"}


class Venue:
    """Answers requests; signatures are not looked at."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.asked: list[int] = []

    def answer(self, path: str, params: dict[str, str]) -> Any:
        """What a path says."""
        if path == "/_asked":
            return self.asked
        if path == "/api/v3/myTrades":
            since = (int(params.get("startTime", _START_MS)) - _START_MS) // STEP_MS
            first = int(params.get("fromId", max(0, since)))
            self.asked.append(first)
            return [fill(one) for one in range(first, min(self.rows, first + int(params["limit"])))]
        if path == "/api/v3/allOrders":
            first, last = int(params["orderId"]), self.rows // FILLS_AN_ORDER + 1
            return [order(one) for one in range(first, min(last, first + int(params["limit"]) - 1) + 1)]
        now = int(datetime.now(UTC).timestamp() * 1000)
        if path == "/api/v3/time":
            return {"serverTime": now}
        if path == "/api/v3/ticker/24hr":
            return [{"symbol": SYMBOL, "lastPrice": "61000.5", "volume": "900", "closeTime": now}]
        return _FIXED.get(path, [])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request of ASGI."""
        if scope["type"] != "http":
            return
        body = json.dumps(
            self.answer(scope["path"], dict(parse_qsl(scope["query_string"].decode())))
        ).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(Venue(int(sys.argv[1])), port=int(sys.argv[2]), log_level="error", lifespan="off")
