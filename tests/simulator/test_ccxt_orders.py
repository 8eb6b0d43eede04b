"""Unmodified ccxt objects trade at the simulator: create, look up, cancel, list, and are refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock

from .conftest import Running, run_in_thread
from .test_ccxt import pointed_at
from .trading import trading_world


@pytest.fixture(scope="module")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("trading")
    world = trading_world(folder, WallClock(), anchor=datetime.now(UTC).date())
    server, thread, url = run_in_thread(create_app(world))
    yield Running(world, url)
    server.should_exit = True
    thread.join(timeout=5)


def client(kind: Any, trading: Running, account: str, **options: Any) -> Any:
    """A client with the keys of an account, at its own pace."""
    keys = {"apiKey": account, "secret": "s", "password": "p", "enableRateLimit": False, "options": options}
    return pointed_at(kind(keys), trading.url)


def own_ids(symbol: str) -> tuple[str, str]:
    """The client's own ids of the order that takes and of the one that rests."""
    return f"taken{len(symbol)}", f"resting{len(symbol)}"


def trade(exchange: Any, symbol: str, size: float, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take at the market and rest far from it; the resting one is looked up and cancelled on the way."""
    taken, resting = own_ids(symbol)
    done = exchange.create_order(symbol, "market", "buy", size, None, {"clientOrderId": taken, **more})
    done = exchange.fetch_order(done["id"], symbol)
    assert (done["status"], done["filled"], done["remaining"]) == ("closed", size, 0)
    price = float(exchange.price_to_precision(symbol, done["average"] * 0.8))
    far = exchange.create_order(symbol, "limit", "buy", size, price, {"clientOrderId": resting})
    far = exchange.fetch_order(far["id"], symbol)
    assert (far["status"], far["filled"], far["price"]) == ("open", 0, price)
    assert [one["id"] for one in exchange.fetch_open_orders(symbol)] == [far["id"]]
    exchange.cancel_order(far["id"], symbol)
    assert exchange.fetch_order(far["id"], symbol)["status"] == "canceled"
    assert exchange.fetch_open_orders(symbol) == []
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order(far["id"], symbol)
    return done, far


@pytest.mark.parametrize(
    ("symbol", "kind", "size"),
    [
        ("BTC/USDT", "spot", 0.25),
        ("BTC/USDT:USDT", "swap", 0.25),
        ("BTC/USD:BTC", "delivery", 10),
    ],
)
def test_binance(symbol: str, kind: str, size: float, trading: Running) -> None:
    exchange = client(ccxt.binance, trading, "binance", defaultType=kind)
    done, far = trade(exchange, symbol, size)
    assert (done["clientOrderId"], far["clientOrderId"]) == own_ids(symbol)
    assert exchange.fetch_order("", symbol, {"origClientOrderId": own_ids(symbol)[0]})["id"] == done["id"]
    trades = exchange.fetch_my_trades(symbol)
    assert sum(one["amount"] for one in trades) == size
    assert {one["order"] for one in trades} == {done["id"]}
    fill = trading.world.books("binance").fills[-1]
    assert Decimal(str(trades[-1]["price"])) == fill.price
    with pytest.raises(ccxt.ExchangeError, match="insufficient"):
        exchange.create_order(symbol, "market", "buy", 9_000_000)
    exchange.create_order(symbol, "limit", "buy", size, 20_000, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.ExchangeError, match=r"[dD]uplicate"):
        exchange.create_order(symbol, "limit", "buy", size, 20_000, {"clientOrderId": "twice"})
    exchange.cancel_all_orders(symbol)
    reader = client(ccxt.binance, trading, "binance-reader", defaultType=kind)
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        reader.create_order(symbol, "market", "buy", size)


def refused(exchange: Any, error: type[Exception], symbol: str, *terms: Any, **more: Any) -> None:
    kind, side, size, price = (*terms, None)[:4]
    with pytest.raises(error):
        exchange.create_order(symbol, kind, side, size, price, more)


@pytest.mark.parametrize(("symbol", "size"), [("BTC/USDT", 0.25), ("BTC/USDT:USDT", 25)])
def test_okx(symbol: str, size: float, trading: Running) -> None:
    exchange = client(ccxt.okx, trading, "okx")
    done, far = trade(exchange, symbol, size)
    assert (done["clientOrderId"], far["clientOrderId"]) == own_ids(symbol)
    assert {one["order"] for one in exchange.fetch_my_trades(symbol)} == {done["id"]}
    assert exchange.fetch_order("", symbol, {"clOrdId": own_ids(symbol)[0]})["id"] == done["id"]
    refused(
        exchange, ccxt.InvalidOrder, symbol, "limit", "buy", size, 20_000, clientOrderId=own_ids(symbol)[1]
    )
    refused(exchange, ccxt.InsufficientFunds, symbol, "market", "buy", 100_000)
    reader = client(ccxt.okx, trading, "okx-reader")
    refused(reader, ccxt.ExchangeError, symbol, "market", "buy", size)


@pytest.mark.parametrize(("symbol", "size"), [("BTC/USDT", 0.25), ("BTC/USDT:USDT", 0.25)])
def test_bybit(symbol: str, size: float, trading: Running) -> None:
    exchange = client(ccxt.bybit, trading, "bybit", fetchOrder={"acknowledged": True})
    exchange.options["createMarketBuyOrderRequiresPrice"] = False
    done, far = trade(exchange, symbol, size)
    assert (done["clientOrderId"], far["clientOrderId"]) == own_ids(symbol)
    assert {one["order"] for one in exchange.fetch_my_trades(symbol)} == {done["id"]}
    asked = {"category": "linear" if ":" in symbol else "spot", "orderLinkId": own_ids(symbol)[0]}
    rows = exchange.private_get_v5_order_realtime(asked)["result"]["list"]
    assert [row["orderId"] for row in rows] == [done["id"]]
    refused(
        exchange, ccxt.ExchangeError, symbol, "limit", "buy", size, 20_000, clientOrderId=own_ids(symbol)[1]
    )
    refused(exchange, ccxt.InsufficientFunds, symbol, "limit", "buy", 100_000, 20_000)
    reader = client(ccxt.bybit, trading, "bybit-reader")
    refused(reader, ccxt.PermissionDenied, symbol, "limit", "buy", size, 20_000)


@pytest.mark.parametrize(("symbol", "size"), [("BTC/USD:BTC", 1000), ("BTC/USDT", 0.25)])
def test_deribit(symbol: str, size: float, trading: Running) -> None:
    exchange = client(ccxt.deribit, trading, "deribit")
    done, _ = trade(exchange, symbol, size, label="tagged")
    assert done["info"]["label"] == "tagged"
    assert {one["order"] for one in exchange.fetch_my_trades(symbol)} == {done["id"]}
    named = exchange.private_get_get_order_state_by_label({"currency": "BTC", "label": "tagged"})["result"]
    assert done["id"] in {row["order_id"] for row in named}
    refused(
        exchange,
        ccxt.InsufficientFunds,
        symbol,
        "market",
        "sell",
        9_000 if symbol == "BTC/USDT" else 900_000_000,
    )
    reader = client(ccxt.deribit, trading, "deribit-reader")
    refused(reader, ccxt.PermissionDenied, symbol, "market", "buy", size)
