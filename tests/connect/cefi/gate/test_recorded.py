"""Answers of the venue that other clients keep for their tests; no numbers of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import known_markets, stated

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static" / "gate" / "rest.json"
SPOT = {"local__wallet": "spot", "account": "spot"}
FUTURES = {"local__wallet": "futures"}
READ = {
    "/api/v4/spot/accounts": ("spot-accounts/1", {}, 1),
    "/api/v4/spot/account_book": ("spot-book/1", SPOT, 1),
    "/api/v4/spot/currency_pairs": ("pairs/1", {}, 0),
    "/api/v4/spot/tickers": ("spot-tickers/1", {}, 0),
    "/api/v4/margin/accounts": ("margin-accounts/1", {}, 1),
    "/api/v4/margin/account_book": ("margin-book/1", {}, 1),
    "/api/v4/margin/uni/interest_records": ("margin-interest/1", {}, 1),
    "/api/v4/unified/interest_records": ("unified-interest/1", {}, 1),
    "/api/v4/futures/usdt/contracts": ("futures-contracts/1", {}, 0),
    "/api/v4/futures/usdt/tickers": ("contract-tickers/1", {}, 2),
    "/api/v4/futures/usdt/positions": ("positions/1", FUTURES, 1),
    "/api/v4/futures/usdt/my_trades_timerange": ("contract-trades/1", FUTURES, 1),
    "/api/v4/futures/usdt/account_book": ("futures-book/1", FUTURES, 1),
    "/api/v4/wallet/deposits": ("deposits/1", SPOT, 1),
    "/api/v4/wallet/withdrawals": ("withdrawals/1", SPOT, 1),
}
"""Path to endpoint, what is noted on it, and how many facts the sample states."""


@pytest.mark.skipif(not SAMPLES.exists(), reason="The samples of other clients are not beside the checkout.")
def test_samples_of_other_clients_are_read():
    context, found = known_markets(), set()
    for sample in json.loads(SAMPLES.read_text()):
        if sample["method"] == "GET" and sample["path"] in READ:
            endpoint, noted, facts = READ[sample["path"]]
            body = json.dumps(sample["response"]).encode()
            parsed = stated(endpoint, body, context, f"https://x{sample['path']}", **noted)
            assert len(parsed.facts) == facts, sample["path"]
            found.add(sample["path"])
    assert found == READ.keys()
