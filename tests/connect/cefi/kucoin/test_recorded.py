"""Answers of the venue that other clients keep for their tests; no numbers of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import known_markets, stated

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static" / "kucoin" / "rest.json"
READ = {
    "Spot/Account/GetAccounts": ("accounts/1", 2),
    "Spot/Account/GetAccountLedgers": ("ledger/1", 2),
    "Spot/Account/GetCrossMarginAccounts": ("margin-accounts/1", 1),
    "Spot/Account/GetDeposits": ("deposits/1", 1),
    "Spot/Account/GetWithdrawals": ("withdrawals/1", 1),
    "Spot/Earn/GetEarnHolding": ("earn-holdings/1", 1),
    "Spot/ExchangeData/GetSymbols": ("symbols/1", 0),
    "Spot/ExchangeData/GetTickers": ("tickers/1", 1),
    "Spot/Margin/GetInterestHistory": ("interest/1", 2),
    "Spot/Trading/GetUserTrades": ("fills/1", 1),
    "Futures/Account/GetAccountOverview": ("futures-accounts/1", 1),
    "Futures/Account/GetPositions": ("positions/1", 1),
    "Futures/Account/GetTransactionHistory": ("futures-ledger/1", 1),
    "Futures/ExchangeData/GetOpenContracts": ("contracts/1", 2),
    "Futures/Trading/GetUserTrades": ("futures-fills/1", 1),
}
"""Name to endpoint, and how many facts the sample states."""


@pytest.mark.skipif(not SAMPLES.exists(), reason="The samples of other clients are not beside the checkout.")
def test_samples_of_other_clients_are_read():
    context, found = known_markets(), set()
    for sample in json.loads(SAMPLES.read_text()):
        if sample["name"] in READ:
            endpoint, facts = READ[sample["name"]]
            parsed = stated(endpoint, json.dumps(sample["response"]).encode(), context)
            assert len(parsed.facts) == facts, sample["name"]
            found.add(sample["name"])
    assert found == READ.keys()
