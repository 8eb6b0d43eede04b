"""Tickers followed over a real socket: a mark that moves is told, and a quiet market is asked for a sign."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import httpx
from tests.simulator.conftest import run_in_thread

from truenav.connect.registry import connector
from truenav.connect.streaming import MarketStream, StreamState
from truenav.connect.transport import open_network
from truenav.core.clock import SystemClock
from truenav.core.facts import Quote
from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World

from .test_accounts import SCENARIO
from .test_parse import BARE

LOOPBACK = frozenset({"127.0.0.1"})


async def forget(payload):
    del payload


async def catch_up():
    """Nothing was missed."""


async def followed(url):
    source, prices, heard = connector("deribit"), {}, asyncio.Event()

    def take(_, parsed):
        prices.update({one.body.base: one.body.price for one in parsed.facts if isinstance(one.body, Quote)})
        heard.set()

    async def until(price):
        async with asyncio.timeout(10):
            while prices.get("deribit:BTC-PERPETUAL") != price:
                heard.clear()
                await heard.wait()

    async with open_network(seed=1, private_hosts=LOOPBACK) as network:
        found = await source.gather_market(network.transport(source, forget, base_url=url), BARE)
    context = BARE.with_instruments(found.instruments)
    (plan,) = source.market_streams(context)
    stream = MarketStream(
        source,
        replace(plan, silence=0.6),
        context,
        take=take,
        catch_up=catch_up,
        clock=SystemClock(),
        seed=1,
        private_hosts=LOOPBACK,
        base_url=url,
    )
    task = asyncio.create_task(stream.run())
    async with httpx.AsyncClient(base_url=url) as client:
        for price in (43210, 43211):
            mark = {"venue": "okx", "instrument": "BTC-USD-SWAP", "price": str(price)}
            await client.post("/_simulator/mark", json=mark)
            await until(price)
    spoken = stream.health.messages
    await asyncio.sleep(1)  # nothing moves: only answers to our own question come
    task.cancel()
    return stream.health, stream.health.messages - spoken


def test_a_moving_mark_is_told_and_a_quiet_market_is_no_fault():
    world = World.load(SCENARIO, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    health, signs = asyncio.run(followed(url))
    server.should_exit = True
    thread.join(timeout=5)
    assert (health.state, health.reconnects, health.trouble) == (StreamState.STANDING, 0, "")
    assert signs >= 2
