"""An unmodified ccxt object reads European options at the simulator: what it understands are the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest

from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World

from .conftest import Running, run_in_thread
from .test_ccxt import pointed_at

SCENARIO = Path(__file__).parents[1] / "connect" / "cefi" / "binance" / "options.toml"
ACCOUNT = "binance-vol"
NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def options() -> Iterator[Running]:
    world = World.load(SCENARIO, date(2026, 11, 21), VirtualClock(NOW))
    server, thread, url = run_in_thread(create_app(world))
    yield Running(world, url)
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture(scope="module")
def exchange(options: Running) -> Any:
    plan = options.world.account(ACCOUNT)
    kinds = {"defaultType": "option", "fetchMarkets": {"types": ["option"]}}
    client = ccxt.binance({"apiKey": plan.api_key, "secret": plan.secret, "options": kinds})
    client.has["fetchCurrencies"] = False
    client.milliseconds = lambda: int(NOW.timestamp() * 1000)
    return pointed_at(client, options.url)


def exact(number: Any) -> Decimal:
    return Decimal(str(number))


def test_markets_and_balance_and_positions(options: Running, exchange: Any) -> None:
    markets = exchange.load_markets()
    books = options.world.books(ACCOUNT)
    listed = {one["id"]: one for one in markets.values()}
    assert {one["type"] for one in listed.values()} == {"option"}
    (coin,) = exchange.eapiPrivateGetMarginAccount()["asset"]
    assert Decimal(coin["marginBalance"]) == books.balance("options", "USDT")
    positions = {one["info"]["symbol"]: one for one in exchange.fetch_option_positions()}
    assert positions.keys() <= listed.keys()
    found = sorted((exact(one["contracts"]), exact(one["entryPrice"])) for one in positions.values())
    assert found == sorted((abs(one.size), one.entry) for one in books.positions.values())


def test_fills_expiries_and_bills(options: Running, exchange: Any) -> None:
    books = options.world.books(ACCOUNT)
    trades = exchange.fetch_my_trades(limit=1000, params={"type": "option"})
    fills = [one for one in books.fills if one.instrument.kind == "option"]
    assert Counter((one["side"], exact(one["amount"]), exact(one["price"])) for one in trades) == Counter(
        (one.side, one.size, one.price) for one in fills
    )
    assert sum(exact(one["fee"]["cost"]) for one in trades) == sum(one.fee for one in fills)
    expired = exchange.fetch_my_settlement_history(params={"type": "option"})
    entries = [one for one in books.entries if one.wallet == "options"]
    assert Counter(Decimal(one["info"]["amount"]) for one in expired) == Counter(
        one.amount for one in entries if one.cause == "settlement"
    )
    bills = exchange.fetch_ledger("USDT", limit=1000, params={"type": "option"})
    signs = {"in": 1, "out": -1}
    moved = sum(signs[one["direction"]] * exact(one["amount"]) for one in bills)
    assert moved == books.balance("options", "USDT")
