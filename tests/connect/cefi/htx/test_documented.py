"""The vendor's own examples, as a public client tests with them, where they are at hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.core.asset import USDT

from .conftest import market, stated

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static" / "htx" / "rest.json"
ENDPOINTS = {
    "Spot/ExchangeData/GetSymbols": "symbols/1",
    "Spot/ExchangeData/GetTickers": "tickers/1",
    "Spot/Account/GetAccounts": "accounts/1",
    "Spot/Account/GetBalances": "spot.balance/1",
    "Spot/Account/GetAccountLedger": "spot.transfers/1",
    "Spot/Account/GetWithdrawDeposit": "withdrawals/1",
    "Spot/Margin/GetCrossMarginBalance": "cross.balance/1",
    "Spot/Margin/GetIsolatedMarginBalance": "isolated.balance/1",
    "Spot/Margin/GetRepaymentHistory": "cross.repayments/1",
    "Spot/Trading/GetOpenOrders": "spot.orders/1",
    "UsdtMarginSwap/ExchangeData/GetContractInfo": "usdtm.contracts/1",
    "UsdtMarginSwap/ExchangeData/GetSwapIndexPrice": "usdtm.index/1",
    "UsdtMarginSwap/ExchangeData/GetMarkPriceKlines": "usdtm.mark/1",
}
pytestmark = pytest.mark.skipif(not SAMPLES.is_file(), reason="The vendor's examples are not at hand.")


@pytest.fixture(scope="module")
def samples():
    return {one["name"]: one["response"] for one in json.loads(SAMPLES.read_text(encoding="utf-8"))}


def read(samples, name):
    return stated(ENDPOINTS[name], json.dumps(samples[name]).encode(), market())


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_example_is_read_whole(samples, name):
    assert not any(problem.lost for problem in read(samples, name).problems)


def test_examples_state_what_they_show(samples):
    (balance,) = read(samples, "Spot/Account/GetBalances").facts
    held = {line.asset: line.total for line in balance.body.lines}
    assert held[USDT] == Decimal("97.010043797676510318")
    out, into = read(samples, "Spot/Account/GetAccountLedger").facts
    assert (out.body.amount.number, into.body.amount.number) == (10, -10)
    assert [fact.body.amount.number for fact in read(samples, "Spot/Account/GetWithdrawDeposit").facts] == [
        -400,
        -2,
    ]
    (mark,) = read(samples, "UsdtMarginSwap/ExchangeData/GetMarkPriceKlines").facts
    assert mark.body.price == Decimal("31078.68")
