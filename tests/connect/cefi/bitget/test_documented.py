"""The vendor's own examples, as a public client tests with them, where they are at hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.core.asset import BTC, USDT
from truenav.core.facts import CashKind
from truenav.core.money import Amount

from .conftest import market, stated

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static" / "bitget" / "rest.json"
ENDPOINTS = {
    "Spot/ExchangeData/GetServerTime": "time/1",
    "Spot/Account/GetAssetsValuation": "overview/1",
    "Spot/ExchangeData/GetSymbols": "symbols/1",
    "Spot/ExchangeData/GetTickers": "spot.tickers/1",
    "Spot/Account/GetSpotBalances": "spot.assets/1",
    "Spot/Account/GetFundingBalances": "funding.assets/1",
    "Spot/Account/GetLedger": "spot.bills/1",
    "Spot/Account/GetDepositHistory": "deposits/1",
    "Spot/Account/GetWithdrawalHistory": "withdrawals/1",
    "Spot/Trading/GetUserTrades": "spot.fills/1",
    "Spot/Trading/GetOpenOrders": "spot.orders/1",
    "Spot/Margin/GetCrossBalances": "cross.assets/1",
    "Spot/Margin/GetCrossFinancialHistory": "cross.ledger/1",
    "Spot/Margin/GetCrossInterestHistory": "cross.interest/1",
    "Spot/Margin/GetCrossUserTrades": "cross.fills/1",
    "Futures/ExchangeData/GetContracts": "usdtm.contracts/1",
    "Futures/ExchangeData/GetTickers": "coinm.tickers/1",
    "Futures/Account/GetBalances": "usdtm.accounts/1",
    "Futures/Account/GetLedger": "usdtm.bills/1",
    "Futures/Trading/GetPositions": "usdtm.positions/1",
    "Futures/Trading/GetHistoricalUserTrades": "usdtm.fills/1",
    "Futures/Trading/GetUserTrades": "usdtm.fills/1",
    "Futures/Trading/GetOpenOrders2": "usdtm.orders/1",
}
pytestmark = pytest.mark.skipif(not SAMPLES.is_file(), reason="The vendor's examples are not at hand.")


@pytest.fixture(scope="module")
def samples():
    return {one["name"]: one["response"] for one in json.loads(SAMPLES.read_text(encoding="utf-8"))}


def read(samples, name):
    said = json.dumps(samples[name]).encode()
    return stated(ENDPOINTS[name], said, market(), symbol="BTCUSDT")


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_example_is_read_whole(samples, name):
    assert not any(problem.lost for problem in read(samples, name).problems)


def test_examples_state_what_they_show(samples):
    (fill,) = read(samples, "Spot/Trading/GetUserTrades").facts
    assert (fill.body.quantity, fill.body.cost) == (Decimal("0.0007"), Amount(Decimal("-9.1"), USDT))
    assert fill.body.fees == (Amount(Decimal("-0.0000007"), BTC),)
    (funding,) = read(samples, "Futures/Account/GetLedger").facts[:1]
    assert (funding.body.kind, funding.body.amount) == (CashKind.FUNDING, Amount(Decimal("-0.004992"), USDT))
    (closed,) = read(samples, "Futures/Trading/GetUserTrades").facts
    assert closed.body.quantity == Decimal(-1)  # a long of the hedge mode, closed by "buy"
    (sent,) = read(samples, "Spot/Account/GetWithdrawalHistory").facts
    assert (sent.body.amount.number, sent.body.fee) == (Decimal(-9), Amount(Decimal(-1), USDT))
