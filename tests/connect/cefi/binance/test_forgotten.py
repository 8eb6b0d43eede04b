"""The venue tells futures fills for longer than their orders: such a fill is stated without its tag."""

from __future__ import annotations

from datetime import timedelta

from truenav.connect.cefi.binance import history
from truenav.connect.cefi.binance.client import USDM
from truenav.connect.gathering import whole
from truenav.connect.registry import parse
from truenav.core.clock import to_milliseconds

from .conftest import EMPTY, body_of, stated
from .standin import NOW, asked_of


def fill(number, days):
    """A fill that many days ago, of an order with ten times its number."""
    row = {"symbol": "BTCUSDT", "id": number, "orderId": 10 * number, "price": "9000", "qty": "0.1"}
    row |= {"realizedPnl": "0", "commission": "0", "commissionAsset": "USDT", "buyer": True}
    return row | {"time": to_milliseconds(NOW - timedelta(days=days))}


FILLS = [fill(1, 101), fill(2, 100), fill(3, 3)]


def answer(path, params):
    if path.endswith("allOrders"):
        return [{"orderId": 30, "clientOrderId": "trend-7"}]
    if "fromId" in params:
        return [row for row in FILLS if row["id"] >= int(params["fromId"])]
    span = range(int(params["startTime"]), int(params["endTime"]) + 1)
    return [row for row in FILLS if row["time"] in span][: int(params["limit"])]


def test_fills_whose_orders_the_venue_has_forgotten_are_stated_without_a_tag_and_told():
    since = NOW - timedelta(days=120)
    ask = lambda client: whole(history.futures_trades(client, USDM, "BTCUSDT", None, since))  # noqa: E731 - one question
    pages, questions = asked_of(answer, ask)
    assert [params["orderId"] for name, params in questions if name == "allOrders"] == ["30"]
    known = EMPTY.with_instruments(stated("usdm.exchangeInfo/1", body_of("usdm-exchange-info")).instruments)
    parsed = [parse(page.evidence, page.body, known) for page in pages.payloads]
    assert [fact.body.tag for one in parsed for fact in one.facts] == [None, None, "trend"]
    (problem,) = [problem for one in parsed for problem in one.problems]
    assert not problem.lost
    assert "carry no tag" in problem.message
