"""European options are traded at the simulated Binance, by ccxt as it is and by bare requests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import ccxt
import httpx
import pytest

from truenav.simulator.binance.private import listen_key
from truenav.simulator.orders import Terms
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock, milliseconds
from truenav.simulator.world import Override, World

from .conftest import run_in_thread
from .test_ccxt import pointed_at
from .trading import HEAD, NOW

OPTION, NAME = "BTC-USDT-231229-42000-C", "BTC/USDT:USDT-261209-42000-C"
SYMBOL, GONE = "BTC-261209-42000-C", "BTC-261118-42000-C"
VENUE = 'dialect = "binance"\n'
MONEY = """events = [
{ at = "+0d00:10", deposit = "200000 USDT" },
{ at = "+0d00:11", transfer = "100000 USDT", from = "spot", to = "options" },
{ at = "+0d00:12", deposit = "1 BTC" } ]
"""


def option_world(folder: Path) -> World:
    """Binance with the prices of another venue, which has options; one account may only read."""
    head = HEAD.partition("[[instruments]]")[0].replace(VENUE, f'{VENUE}prices = "bybit"\n')
    accounts = "".join(
        f'[[accounts]]\nid = "{name}"\nvenue = "binance"\napi_key = "{name}"\nsecret = "s"\n'
        f"permissions = [{rights}]\n{MONEY}"
        for name, rights in (("vol", '"read", "trade"'), ("reader", '"read"'))
    )
    path = folder / "options.toml"
    path.write_text(head + accounts, encoding="utf-8")
    return World.load(path, date(2026, 11, 21), VirtualClock(NOW))


def ask(world: World, method: str, name: str, key: str = "vol", **params: str) -> tuple[int, Any]:
    """Status and answer of one signed request, without a network."""
    query = urlencode({**params, "timestamp": milliseconds(world.now())})
    signature = hmac.new(b"s", query.encode(), hashlib.sha256).hexdigest()

    async def send() -> httpx.Response:
        app: Any = create_app(world)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://venue") as client:
            url = f"/eapi/v1/{name}?{query}&signature={signature}"
            return await client.request(method, url, headers={"X-MBX-APIKEY": key})

    answer = asyncio.run(send())
    return answer.status_code, answer.json()


def order(**changed: str) -> dict[str, str]:
    """A limit order far below the market."""
    usual = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "quantity": "2", "price": "1000"}
    return {**usual, "newOrderRespType": "RESULT", **changed}


def test_ccxt_takes_rests_and_cancels_and_the_fills_are_the_books(tmp_path: Path) -> None:
    world = option_world(tmp_path)
    server, thread, url = run_in_thread(create_app(world))
    options = {"defaultType": "option", "fetchMarkets": {"types": ["option"]}}
    exchange: Any = ccxt.binance(
        {"apiKey": "vol", "secret": "s", "enableRateLimit": False, "options": options}
    )
    exchange.has["fetchCurrencies"] = False
    exchange.milliseconds = lambda: milliseconds(NOW)
    pointed_at(exchange, url)
    taken = exchange.create_order(
        NAME, "limit", "buy", 3, 2400, {"clientOrderId": "ours", "timeInForce": "IOC"}
    )
    taken = exchange.fetch_order(taken["id"], NAME)
    fills = world.books("vol").fills
    assert (taken["status"], taken["filled"], taken["clientOrderId"]) == ("closed", 3, "ours")
    assert Decimal(str(taken["average"])) == fills[0].price
    resting = exchange.create_order(NAME, "limit", "buy", 2, 1000)
    assert [one["id"] for one in exchange.fetch_open_orders(NAME)] == [resting["id"]]
    exchange.cancel_order(resting["id"], NAME)
    assert exchange.fetch_order(resting["id"], NAME)["status"] == "canceled"
    assert [one["id"] for one in exchange.fetch_orders(NAME)] == [taken["id"], resting["id"]]
    with pytest.raises(ccxt.ExchangeError, match="-2011"):
        exchange.cancel_order(resting["id"], NAME)
    exchange.create_order(NAME, "limit", "buy", 1, 900)
    exchange.cancel_all_orders(NAME)
    assert exchange.fetch_open_orders(NAME) == []
    with pytest.raises(ccxt.ExchangeError, match="-2018"):
        exchange.create_order(NAME, "limit", "buy", 50, 2400)
    with pytest.raises(ccxt.ExchangeError, match="-2027"):
        exchange.create_order(NAME, "limit", "sell", 5000, 2400)
    trades = exchange.fetch_my_trades(NAME)
    server.should_exit = True
    thread.join(timeout=5)
    assert {one["order"] for one in trades} == {taken["id"]}
    assert [(one["amount"], Decimal(str(one["price"]))) for one in trades] == [(3, fills[0].price)]


def test_a_resting_order_is_filled_when_the_mark_comes_to_it_and_the_wallet_tells(tmp_path: Path) -> None:
    world = option_world(tmp_path)
    item = world.market.instrument("bybit", OPTION)
    _, placed = ask(world, "POST", "order", **order())
    assert (placed["status"], placed["executedQty"]) == ("NEW", "0")
    assert [one["orderId"] for one in ask(world, "GET", "openOrders")[1]] == [placed["orderId"]]
    (coin,) = ask(world, "GET", "marginAccount")[1]["asset"]
    assert (Decimal(coin["marginBalance"]), Decimal(coin["available"])) == (Decimal(100_000), Decimal(98_000))
    world.overrides["bybit", item.id] = Override(price=Decimal(900))
    world.print(item, Decimal(900))
    _, found = ask(world, "GET", "order", symbol=SYMBOL, clientOrderId=placed["clientOrderId"])
    assert (found["status"], found["avgPrice"]) == ("FILLED", "1000")
    (trade,) = ask(world, "GET", "userTrades", symbol=SYMBOL)[1]
    assert (trade["orderId"], trade["quantity"], trade["liquidity"]) == (placed["orderId"], "2", "MAKER")
    (position,) = ask(world, "GET", "position")[1]
    assert (position["quantity"], position["entryPrice"], position["markPrice"]) == ("2", "1000", "900")
    bills = [one for one in ask(world, "GET", "bill", currency="USDT")[1] if one["type"] != "TRANSFER"]
    assert [(one["type"], Decimal(one["amount"])) for one in bills] == [
        ("FEE", -Decimal(trade["fee"])),
        ("CONTRACT", Decimal(-2000)),
    ]
    (told,) = ask(world, "GET", "historyOrders", symbol=SYMBOL)[1]
    assert told == found
    world.clock.set(NOW + timedelta(days=6))  # type: ignore[attr-defined]
    assert ask(world, "GET", "historyOrders", symbol=SYMBOL) == (200, [])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"symbol": "BTC-261209-99000-C"}, -1121),
        ({"symbol": GONE}, -1121),
        ({"type": "MARKET"}, -1116),
        ({"side": "HOLD"}, -1117),
        ({"timeInForce": "GTD"}, -1115),
        ({"price": "ten"}, -1100),
        ({"price": "-1"}, -1100),
        ({"price": "0"}, -4001),
        ({"price": "1000.05"}, -4029),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.001"}, -4004),
        ({"quantity": "1.005"}, -4030),
        ({"quantity": "1000"}, -2018),
        ({"side": "SELL", "quantity": "9000"}, -2027),
        ({"price": "2400", "timeInForce": "GTX"}, -2010),
        ({"price": "2400", "postOnly": "true"}, -2010),
        ({"side": "SELL", "reduceOnly": "true"}, -2010),
        ({"clientOrderId": "taken"}, -2010),
        ({"clientOrderId": "no spaces"}, -1100),
        ({"key": "reader"}, -2015),
    ],
)
def test_a_bad_order_is_refused_with_the_venue_s_code(
    refusing: World, changed: dict[str, str], code: int
) -> None:
    before = len(refusing.books("vol").orders)
    status, answer = ask(refusing, "POST", "order", **order(**changed))
    assert (status, answer["code"]) == (401 if code == -2015 else 400, code)
    assert len(refusing.books("vol").orders) == before


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = option_world(tmp_path_factory.mktemp("refusing"))
    assert ask(world, "POST", "order", **order(clientOrderId="taken"))[0] == 200
    return world


def test_orders_of_an_underlying_are_cancelled_together(tmp_path: Path) -> None:
    world = option_world(tmp_path)
    for symbol in (SYMBOL, SYMBOL.replace("-C", "-P")):
        assert ask(world, "POST", "order", **order(symbol=symbol, price="1"))[1]["status"] == "NEW"
    assert len(ask(world, "GET", "openOrders")[1]) == 2
    assert ask(world, "DELETE", "allOpenOrdersByUnderlying", underlying="XRPUSDT")[1]["code"] == -1128
    assert ask(world, "DELETE", "allOpenOrdersByUnderlying", underlying="BTCUSDT")[1]["code"] == 0
    assert ask(world, "GET", "openOrders") == (200, [])
    assert ask(world, "DELETE", "order", symbol=SYMBOL, orderId="1")[1]["code"] == -2011
    assert ask(world, "GET", "order", symbol=SYMBOL, orderId="1")[1]["code"] == -2013


def test_the_private_stream_of_options_tells_an_order_and_what_it_moved(tmp_path: Path) -> None:
    world = option_world(tmp_path)
    told: list[dict[str, Any]] = []

    async def listen() -> None:
        heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()

        async def send(message: Any) -> None:
            told.extend([json.loads(message["text"])] if "text" in message else [{"e": "accepted"}])

        key = listen_key(world.account("vol"), "options")
        scope = {"type": "websocket", "path": f"/private/ws/{key}", "query_string": b"", "headers": []}
        stream = asyncio.create_task(create_app(world)(scope, heard.get, send))
        heard.put_nowait({"type": "websocket.connect"})
        while not told:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
        world.place("vol", Terms(OPTION, "buy", Decimal(1), Decimal(2400), client_id="ours"))
        for _ in range(200):
            if len(told) > 2:
                break
            await asyncio.sleep(0.005)
        heard.put_nowait({"type": "websocket.disconnect"})
        await stream

    asyncio.run(listen())
    _, changed, moved = told
    assert (changed["e"], changed["o"]["s"], changed["o"]["X"]) == ("ORDER_TRADE_UPDATE", SYMBOL, "FILLED")
    assert (moved["e"], moved["a"]["P"][0]["pa"]) == ("BALANCE_POSITION_UPDATE", "1")
