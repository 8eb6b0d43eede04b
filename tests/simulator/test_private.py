"""Unmodified clients of ccxt log in to the simulator's private streams and understand what these tell."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest

from truenav.simulator.binance.private import listen_key
from truenav.simulator.orders import Terms
from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World

from .conftest import SCENARIO, run_in_thread
from .trading import trading_world

CONNECT = Path(__file__).parents[1] / "connect" / "cefi"
CASES = {
    "okx": (SCENARIO, "okx-trend", "BTC-USDT-SWAP", "1", "BTC/USDT:USDT"),
    "bybit": (CONNECT / "bybit" / "scenario.toml", "bybit-busy", "BTC-USDT-SWAP", "0.02", "BTC/USDT:USDT"),
    "binance": (SCENARIO, "binance-basis", "BTC-USDT", "0.01", "BTC/USDT"),
    "binanceusdm": (SCENARIO, "binance-basis", "BTC-USDT-SWAP", "0.01", "BTC/USDT:USDT"),
}


def _pointed_at(url: str, address: Any) -> Any:
    """The same addresses at the simulator, however deep they lie."""
    if isinstance(address, dict):
        return {name: _pointed_at(url, one) for name, one in address.items()}
    scheme, _, rest = address.partition("://")
    path = rest.partition("/")[2]
    return f"{url.replace('http', 'ws') if scheme.startswith('ws') else url}/{path}".rstrip("/")


@pytest.mark.nightly
@pytest.mark.parametrize("name", CASES)
def test_ccxt_hears_of_an_order_as_the_books_have_it(name: str) -> None:
    scenario, account, key, size, symbol = CASES[name]
    world = World.load(scenario, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    plan = world.account(account)

    async def listen() -> tuple[Any, Any]:
        keys = {"apiKey": plan.api_key, "secret": plan.secret, "password": plan.passphrase}
        exchange = getattr(ccxt.pro, name)(keys)
        exchange.urls["api"] = _pointed_at(url, exchange.urls["api"])
        try:
            await exchange.load_markets()
            orders = asyncio.create_task(exchange.watch_orders(symbol))
            await asyncio.sleep(1.0)
            assert not orders.done()
            world.place(account, Terms(key, "buy", Decimal(size), client_id="ours"))
            return await asyncio.wait_for(orders, 5), exchange.markets[symbol]
        finally:
            await exchange.close()

    heard, market = asyncio.run(listen())
    server.should_exit = True
    thread.join(timeout=5)
    order = heard[-1]
    fill = world.books(account).fills[-1]
    assert (order["symbol"], order["side"], order["status"]) == (market["symbol"], "buy", "closed")
    assert Decimal(str(order["average"] or order["price"])) == fill.price


def test_two_changes_at_one_instant_are_both_told(tmp_path: Path) -> None:
    world = trading_world(tmp_path)
    path = f"/private/ws/{listen_key(world.account('binance'), 'usdm')}"
    told: list[dict[str, Any]] = []

    def sizes() -> list[str]:
        return [row["pa"] for one in told if one["e"] == "ACCOUNT_UPDATE" for row in one["a"]["P"]]

    async def listen() -> None:
        heard: asyncio.Queue[dict[str, str]] = asyncio.Queue()

        async def send(message: Any) -> None:
            told.extend([json.loads(message["text"])] if "text" in message else [{"e": "accepted"}])

        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": []}
        stream = asyncio.create_task(create_app(world)(scope, heard.get, send))
        heard.put_nowait({"type": "websocket.connect"})
        for size in range(4):
            for _ in range(100):
                if len(sizes()) == size and told:
                    break
                await asyncio.sleep(0.005)
            world.place("binance", Terms("BTC-USDT-SWAP", "buy", Decimal(1)))
        heard.put_nowait({"type": "websocket.disconnect"})
        await stream

    asyncio.run(listen())
    assert sizes()[:3] == ["1", "2", "3"]
