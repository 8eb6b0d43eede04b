"""Answers that others collected of the venue; they are read where they are, never copied."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.core.asset import BTC, ETH, USDT

from .conftest import EMPTY, stated

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "exchange_api_samples"
pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the collected answers are not on this machine")
LISTED = ("spot", "linear", "inverse", "option")


def sample(name: str) -> bytes:
    return (SAMPLES / f"bybit__{name}.json").read_bytes()


def listed(category: str) -> bytes:
    """The samples of instruments lack the category that the venue always gives."""
    document = json.loads(sample(f"http_get_instruments_{category}"))
    document["result"] = {**document["result"], "category": category}
    return json.dumps(document).encode()


def test_instruments_of_each_product():
    found = {}
    for category in LISTED:
        parsed = stated("instruments/1", listed(category))
        found |= {one.id: one for one in parsed.instruments}
    assert found["bybit-contract:BTCUSD"].inverse
    assert found["bybit-contract:ETH-26JUN26-16000-P"].strike == Decimal(16000)
    assert found["bybit-contract:BTCUSDT"].expiry_at is None


def test_wallets_and_what_they_owe():
    def totals(name):
        (fact,) = stated("wallet/1", sample(name)).facts
        return {line.asset: line.total for line in fact.body.lines}

    assert totals("http_get_wallet_balance_with_spot_borrow") == {USDT: Decimal(1000)}
    short = totals("http_get_wallet_balance_spot_short")
    assert short == {ETH: Decimal("-0.06142"), USDT: Decimal(2500)}
    assert BTC not in totals("http_get_wallet_balance")


def test_positions_leave_out_what_is_flat():
    (fact,) = stated("positions/1", sample("http_get_positions")).facts
    found = {line.instrument: line.quantity for line in fact.body.lines}
    assert found == {"bybit-contract:BTCUSDT": Decimal("0.5"), "bybit-contract:ETHUSDT": Decimal(-5)}


def test_executions_of_contracts_state_nothing():
    assert stated("executions/1", sample("http_get_executions")).facts == ()


def test_tickers_of_streams():
    known = tuple(one for category in LISTED for one in stated("instruments/1", listed(category)).instruments)
    context = EMPTY.with_instruments(known)
    linear = stated("stream.contracts/1", sample("ws_ticker_linear"), context)
    told = json.loads(sample("ws_ticker_linear"))["data"]
    assert [fact.body.price for fact in linear.facts] == [
        Decimal(told["markPrice"]),
        Decimal(told["indexPrice"]),
    ]
    assert stated("stream.contracts/1", sample("ws_ticker_option"), context).facts == ()
