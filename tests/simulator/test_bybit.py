"""The Bybit dialect: paging, errors and signatures as documented; an unmodified ccxt object works with it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import ccxt
import httpx
import pytest
from websockets.sync.client import connect

from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.truth import truth
from truenav.simulator.world import World

from .conftest import Running, run_in_thread

SCENARIO = Path(__file__).parents[1] / "connect" / "cefi" / "bybit" / "scenario.toml"
NAME = "bybit-busy"
WEEK_MS = 7 * 86_400_000


@pytest.fixture(scope="module")
def bybit() -> Iterator[Running]:
    """On the wall clock, since clients sign with theirs."""
    world = World.load(SCENARIO, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    yield Running(world, url)
    server.should_exit = True
    thread.join(timeout=5)


def get(running: Running, path: str, *, secret: str = "", shift: int = 0, **params: Any) -> dict[str, Any]:
    plan = running.world.account(NAME)
    running.world.meter.reset()
    stamp, query = str(int(time.time() * 1000) + shift), urlencode(params)
    message = f"{stamp}{plan.api_key}5000{query}".encode()
    headers = {
        "X-BAPI-API-KEY": plan.api_key,
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": hmac.new((secret or plan.secret).encode(), message, hashlib.sha256).hexdigest(),
    }
    answer = httpx.get(f"{running.url}{path}?{query}", headers=headers)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def start(running: Running) -> int:
    return int(running.world.inception.timestamp() * 1000)


def test_paging_the_log_by_cursor_gives_every_change_of_the_balance(bybit: Running) -> None:
    lines: list[dict[str, str]] = []
    begin = start(bybit)
    for first in (begin, begin + WEEK_MS):
        cursor: dict[str, str] = {}
        while True:
            result = get(
                bybit,
                "/v5/account/transaction-log",
                accountType="UNIFIED",
                startTime=first,
                endTime=first + WEEK_MS - 1,
                limit=50,
                **cursor,
            )["result"]
            lines += result["list"]
            if not result["nextPageCursor"]:
                break
            cursor = {"cursor": result["nextPageCursor"]}
    assert len({line["id"] for line in lines}) == len(lines)
    books = bybit.world.books(NAME)
    for coin in ("BTC", "ETH", "USDT"):
        changes = [Decimal(line["change"]) for line in lines if line["currency"] == coin]
        assert sum(changes) == books.balance("unified", coin)
    assert {line["type"] for line in lines} == {
        "TRADE",
        "SETTLEMENT",
        "DELIVERY",
        "TRANSFER_IN",
        "TRANSFER_OUT",
        "FLEXIBLE_STAKING_SUBSCRIPTION",
        "FLEXIBLE_STAKING_REDEMPTION",
    }


def test_funding_is_an_execution_as_well_as_a_line_of_the_log(bybit: Running) -> None:
    result = get(
        bybit, "/v5/execution/list", category="linear", startTime=start(bybit), limit=100, execType="Funding"
    )["result"]
    paid = {Decimal(row["execFee"]) for row in result["list"] if row["execType"] == "Funding"}
    booked = {-entry.amount for entry in bybit.world.books(NAME).entries if entry.cause == "funding"}
    assert paid
    assert paid <= booked


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": "wrong"}, 10004),
        ({"shift": -60_000}, 10002),
        ({"shift": 60_000}, 10002),
        ({"startTime": 0, "endTime": 10**12}, 10001),
        ({"startTime": "x"}, 10001),
    ],
)
def test_bad_requests_are_refused_by_code(bybit: Running, changes: dict[str, Any], code: int) -> None:
    assert get(bybit, "/v5/account/transaction-log", **changes)["retCode"] == code


def test_a_key_that_nobody_has_and_too_many_requests_are_refused(bybit: Running) -> None:
    bybit.world.meter.reset()
    with httpx.Client(base_url=bybit.url, headers={"X-BAPI-API-KEY": "nobody"}) as client:
        path = "/v5/asset/transfer/query-account-coins-balance"
        assert [client.get(path).json()["retCode"] for _ in range(3)] == [10003, 10003, 10006]


def test_tickers_are_told_by_topic_and_pings_are_answered(bybit: Running) -> None:
    address = bybit.url.replace("http", "ws") + "/v5/public/linear"
    with connect(address) as stream:
        stream.send('{"op":"ping"}')
        assert json.loads(stream.recv(timeout=5))["ret_msg"] == "pong"
        stream.send('{"op":"subscribe","args":["tickers.NOSUCH"]}')
        assert json.loads(stream.recv(timeout=5))["success"] is False
        stream.send('{"op":"subscribe","args":["tickers.BTCUSDT"]}')
        assert json.loads(stream.recv(timeout=5))["success"] is True
        told = json.loads(stream.recv(timeout=5))
    assert (told["topic"], told["data"]["symbol"]) == ("tickers.BTCUSDT", "BTCUSDT")
    item = bybit.world.market.instrument("bybit", "BTC-USDT-SWAP")
    assert Decimal(told["data"]["markPrice"]) == bybit.world.mark(item)


@pytest.fixture
def client(bybit: Running) -> Any:
    plan = bybit.world.account(NAME)
    exchange = ccxt.bybit({"apiKey": plan.api_key, "secret": plan.secret, "enableRateLimit": False})
    exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], bybit.url)
    exchange.has["fetchCurrencies"] = False
    bybit.world.meter.reset()
    return exchange


def test_ccxt_reads_markets_balances_positions_and_trades(bybit: Running, client: Any) -> None:
    markets = client.load_markets()
    assert {market["type"] for market in markets.values()} == {"spot", "swap", "future", "option"}
    assert {"BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC"} <= set(markets)
    books = bybit.world.books(NAME)
    bybit.world.meter.reset()
    balance = client.fetch_balance({"type": "unified"})
    cash = {
        row["coin"]: Decimal(row["walletBalance"]) for row in balance["info"]["result"]["list"][0]["coin"]
    }
    assert cash == {coin: books.balance("unified", coin) for coin in ("BTC", "ETH", "USDT")}
    found = client.fetch_positions(params={"settleCoin": "USDT", "category": "linear"})
    sizes = {row["symbol"]: Decimal(str(row["contracts"])) for row in found}
    assert sizes["BTC/USDT:USDT"] == abs(books.positions["BTC-USDT-SWAP"].size)
    trades = client.fetch_my_trades("BTC/USDT", since=start(bybit), limit=100)
    assert [(trade["side"], Decimal(str(trade["amount"]))) for trade in trades[:1]] == [
        ("buy", Decimal("1.23456789"))
    ]
    assert client.fetch_time() > 0


def test_equity_recomputed_from_what_bybit_publishes_is_the_truth(bybit: Running, client: Any) -> None:
    equity: dict[str, Fraction] = {}
    (wallet,) = get(bybit, "/v5/account/wallet-balance", accountType="UNIFIED")["result"]["list"]
    for row in wallet["coin"]:
        equity[row["coin"]] = Fraction(row["walletBalance"])
    fund = get(bybit, "/v5/asset/transfer/query-account-coins-balance", accountType="FUND")["result"]
    earn = get(bybit, "/v5/earn/position", category="FlexibleSaving")["result"]
    for row in fund["balance"]:
        equity[row["coin"]] = equity.get(row["coin"], Fraction(0)) + Fraction(row["walletBalance"])
    for row in earn["list"]:
        equity[row["coin"]] = equity.get(row["coin"], Fraction(0)) + Fraction(row["amount"])
    for category in ("linear", "inverse", "option"):
        for row in get(bybit, "/v5/position/list", category=category)["result"]["list"]:
            size = Fraction(row["size"]) * (1 if row["side"] == "Buy" else -1)
            mark, entry = Fraction(row["markPrice"]), Fraction(row["avgPrice"])
            if category == "inverse":
                equity["BTC"] += size * (1 / entry - 1 / mark)
            else:
                equity["USDT"] += size * (mark if category == "option" else mark - entry)
    true = truth(bybit.world, NAME)["equity"]
    assert {coin: str(amount) for coin, amount in equity.items()} == {
        coin: row["exact"] for coin, row in true.items()
    }
