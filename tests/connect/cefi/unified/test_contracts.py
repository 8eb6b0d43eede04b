"""A venue of perpetuals that writes JSON numbers: positions, fills and funding, to the last digit."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx

from truenav.connect.contract import Credentials, Errand
from truenav.core.account import Account, AccountKind
from truenav.core.asset import USDT
from truenav.core.facts import CashFlow, CashKind, PositionSnapshot, Trade

VENUE = "woo"
ACCOUNT = Account("desk", "Desk", VENUE, AccountKind.EXCHANGE, ("main",))
KEY = Credentials("canary-key-1234567890", "canary-secret-1234567890")
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
SWAP = "woo-swap:PERP_BTC_USDT"
FILL = """{"id": 1734947821, "symbol": "PERP_BTC_USDT", "orderId": 60780383217,
  "executedPrice": 40000.100000000000000000001, "executedQuantity": 0.10000000000000001,
  "fee": 1e-8, "feeAsset": "USDT", "side": "SELL", "executedTimestamp": "1794000000.250", "isMaker": 0}"""
POSITION = """{"symbol": "PERP_BTC_USDT", "holding": -0.70000000000000000001, "averageOpenPrice": 3139.9,
  "markPrice": "40100.5", "timestamp": 1794000000250, "positionSide": "BOTH", "marginMode": "CROSS"}"""
FUNDING = """{"id": 1286360, "symbol": "PERP_BTC_USDT", "fundingRate": -0.00001445, "markPrice": "26930.6",
  "fundingFee": "9.56021744", "paymentType": "Pay", "status": "COMPLETED", "createdTime": 1794000000000,
  "updatedTime": 1794000000000}"""
MARKETS = [
    {"symbol": name, "status": "TRADING", "baseTick": "0.0001", "quoteTick": "0.01"}
    for name in ("SPOT_BTC_USDT", "PERP_BTC_USDT", "PERP_DOGE_USDT")
]


def answer(request: httpx.Request) -> httpx.Response:
    path = request.url.path.rpartition("/v3/")[2]
    rows = {
        "public/instruments": json.dumps(MARKETS),
        "trade/transactionHistory": f"[{FILL}]",
        "futures/fundingFee/history": f"[{FUNDING}]",
    }.get(path, "[]")
    data = {
        "futures/positions": f'{{"positions": [{POSITION}]}}',
        "asset/balances": '{"holding": [{"token": "USDT", "holding": 1000.000000000000000001}]}',
    }.get(path, f'{{"rows": {rows}}}')
    return httpx.Response(200, content=f'{{"success": true, "data": {data}, "timestamp": 1794000000000}}')


def test_a_venue_of_perpetuals_is_read_to_the_last_digit(line, empty):
    async def run():
        async with line(VENUE, answer) as one:
            listed = await one.connector.gather_market(one.transport(""), empty)
            context = empty.with_instruments(listed.instruments)
            found = await one.connector.gather_account(
                one.transport(), Errand(ACCOUNT, KEY, context, {}, since=SINCE)
            )
            return one, listed, found

    one, listed, found = asyncio.run(run())
    assert {item.id for item in listed.instruments} == {"woo:SPOT_BTC_USDT", SWAP}
    assert found.failures == ()
    bodies = [fact.body for fact in found.facts]
    (fill,) = [body for body in bodies if isinstance(body, Trade)]
    assert (fill.instrument, fill.price) == (SWAP, Decimal("40000.100000000000000000001"))
    assert fill.quantity == Decimal("-0.10000000000000001")
    assert [(fee.number, fee.asset) for fee in fill.fees] == [(Decimal("-0.00000001"), USDT)]
    (positions,) = [body for body in bodies if isinstance(body, PositionSnapshot)]
    assert [(item.instrument, item.quantity) for item in positions.lines] == [
        (SWAP, Decimal("-0.70000000000000000001"))
    ]
    (paid,) = [body for body in bodies if isinstance(body, CashFlow)]
    assert (paid.kind, paid.amount.number, paid.instrument) == (
        CashKind.FUNDING,
        Decimal("-9.56021744"),
        SWAP,
    )
    asked = [request for request in one.asked if request.url.path.endswith("transactionHistory")]
    assert asked
    assert all("type" not in request.url.params for request in asked)
