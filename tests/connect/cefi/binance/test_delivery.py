"""A delivery: its size is a fill of an order that the venue placed, its cash an income."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from truenav.connect.cefi.binance.client import COINM
from truenav.connect.cefi.binance.history import futures_trades
from truenav.connect.cefi.binance.rows import order_tag
from truenav.connect.gathering import whole
from truenav.connect.registry import parse

from .conftest import EMPTY, body_of, stated
from .standin import NOW, asked_of


def test_the_order_of_a_delivery_has_no_strategy():
    assert order_tag("delivery_autoclose-12345") is None
    assert order_tag("autoclose-1") is None
    assert order_tag("mm1-7") == "mm1"


def test_the_fill_of_a_delivery_closes_the_position_and_no_strategy_traded():
    terms = stated("coinm.exchangeInfo/1", body_of("coinm-exchange-info")).instruments
    known = EMPTY.with_instruments(terms)
    at = int((NOW - timedelta(days=2)).timestamp() * 1000)
    fill = {
        "symbol": "BTCUSD_200626",
        "id": 6,
        "orderId": 28,
        "side": "SELL",
        "price": "9193.5",
        "qty": "100",
    }
    fill |= {"time": at, "realizedPnl": "0", "commission": "0", "commissionAsset": "BTC", "buyer": False}
    order = {"orderId": 28, "clientOrderId": "delivery_autoclose-12345", "symbol": "BTCUSD_200626"}

    def answer(path, params):
        del params
        return [order] if path.endswith("allOrders") else [fill]

    def ask(client):
        return whole(futures_trades(client, COINM, "BTCUSD_200626", None, NOW - timedelta(days=3)))

    pages, _ = asked_of(answer, ask)
    (page,) = [one for one in pages.payloads if one.evidence.endpoint == "coinm.trades/1"]
    (fact,) = parse(page.evidence, page.body, known).facts
    assert (fact.body.quantity, fact.body.realised.number) == (Decimal(-100), Decimal(0))
    assert fact.body.tag is None
