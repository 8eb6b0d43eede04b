"""COIN-M accounts of the simulated venue: every balance, position, fill and payment is the truth."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import httpx
from tests.simulator.conftest import run_in_thread

from truenav.connect.contract import Errand
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import connector
from truenav.connect.streaming import MarketStream
from truenav.connect.transport import open_network
from truenav.core.clock import SystemClock
from truenav.core.facts import BalanceSnapshot, CashFlow, PositionSnapshot, Quote, Trade
from truenav.core.money import exact
from truenav.proving import history
from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World

from .conftest import EMPTY, SCENARIO, START

LOOPBACK = frozenset({"127.0.0.1"})
BUSY, QUIET = "binance-busy", "binance-quiet"


def bodies(facts, kind, wallet="coinm"):
    return [fact.body for fact in facts if isinstance(fact.body, kind) and fact.body.wallet == wallet]


def differences(facts, context, books):
    """Where facts and the venue's books tell different histories."""
    told = history.told(facts, context.assets, context.instruments, START)
    return told.differences(history.true(books, "binance"))


def gathered(lab, name, before=None):
    """An account gathered, ``before`` at an earlier instant, too; and what the venue's books say."""

    async def run():
        async with lab() as world:
            context = await world.market("binance")
            moved, known = {}, []
            if before is not None:
                world.clock.set(before)
                first = await world.gather(name, context)
                moved, known = first.cursors, list(first.facts)
                world.clock.set(START)
            got = await world.gather(name, context, moved)
            return got, known, context, world.world.books(name)

    return asyncio.run(run())


def test_everything_that_moved_and_every_fill_is_the_truth(lab):
    got, _, context, books = gathered(lab, BUSY)
    assert not got.failures
    assert not got.problems
    assert differences(got.facts, context, books) == {}
    assert len(bodies(got.facts, Trade)) == 133
    assert {one.tag for one in bodies(got.facts, Trade)} == {"basis", "grid", "trend"}
    assert len(bodies(got.facts, CashFlow)) > 20  # funding of two contracts


def test_cash_and_positions_in_contracts_are_the_books(lab):
    got, _, context, books = gathered(lab, BUSY)
    (held,) = bodies(got.facts, BalanceSnapshot)
    (open_,) = bodies(got.facts, PositionSnapshot)
    symbols = {context.assets.symbol(line.asset): line.total for line in held.lines}
    assert symbols == {asset: books.balance("coinm", asset) for asset in ("BTC", "ETH")}
    found = {line.instrument: (line.quantity, line.entry_price) for line in open_.lines}
    own = {name: books.positions[f"{name}-USD-SWAP"] for name in ("BTC", "ETH")}
    assert found == {f"binance-coinm:{name}USD_PERP": (one.size, one.entry) for name, one in own.items()}
    assert own["BTC"].size == Decimal(-2370)


def test_a_second_gathering_goes_on_where_the_first_ended(lab):
    midway = START.replace(day=15, hour=3)
    got, known, context, books = gathered(lab, BUSY, midway)
    facts = {fact.key_hash: fact for fact in (*known, *got.facts)}
    assert differences(facts.values(), context, books) == {}


def test_an_account_without_that_wallet_is_read_as_ever(lab):
    async def run():
        async with lab() as world:
            context = await world.market("binance")
            world.world.meter.requests.clear()
            account = replace(world.account(BUSY), wallets=("spot", "usdm"))
            got = await connector("binance").gather_account(
                world.transport("binance", BUSY),
                Errand(account, world.credentials(BUSY), context, {}, since=world.world.inception),
            )
            return got, [one for one in world.world.meter.requests if "/dapi/" in one]

    got, asked = asyncio.run(run())
    assert (asked, got.failures) == ([], ())
    assert not [key for key in got.cursors if "coinm" in key or "CMFUTURE" in key]


def test_an_account_that_never_moved_holds_nothing(lab):
    got, *_ = gathered(lab, QUIET)
    assert not got.failures
    assert bodies(got.facts, BalanceSnapshot)[0].lines == ()
    assert bodies(got.facts, PositionSnapshot)[0].lines == ()


def test_a_key_tells_the_wallets_that_it_reads(lab):
    async def run(struck):
        async with lab() as world:
            if struck:
                world.world.faults.add({"kind": "status", "status": 403, "path": "/dapi/v1/account"})
            api = world.transport("binance", QUIET)
            return await connector("binance").check_key(api, world.credentials(QUIET))

    assert asyncio.run(run(False)).account_types == ("spot", "usdm", "coinm", "margin")
    assert asyncio.run(run(True)).account_types == ("spot", "usdm", "margin")


def test_the_margin_ratio_is_the_worst_coins(lab):
    async def run():
        async with lab() as world:
            await world.gather(BUSY, await world.market("binance"), history=False)
            return [one for one in world.archived if one.evidence.endpoint == "coinm.account/1"], world.world

    (payload,), world = asyncio.run(run())
    ratio = read_margin_ratio("binance", "coinm.account", payload.body)
    assert ratio is not None
    assert Decimal(0) < ratio < Decimal("0.01")
    with exact():
        mark = {name: world.market.price("binance", f"{name}-USD-SWAP", START) for name in ("BTC", "ETH")}
        needed = Decimal(2370) * 100 / mark["BTC"] * Decimal("0.004")
    balance = world.books(BUSY).balance("coinm", "BTC")
    assert abs(ratio * balance - needed) < needed / 10  # open profit aside


async def followed(url):
    """Marks as they were asked for, and as the stream told them."""
    source, prices, heard = connector("binance"), {}, asyncio.Event()

    def take(_, parsed):
        told = (fact.body for fact in parsed.facts if isinstance(fact.body, Quote))
        prices.update({one.base: one.price for one in told})
        heard.set()

    async with open_network(seed=1, private_hosts=LOOPBACK) as network:
        found = await source.gather_market(network.transport(source, _forget, base_url=url), EMPTY)
    context = EMPTY.with_instruments(found.instruments)
    (plan,) = (one for one in source.market_streams(context) if one.stream == "coinm")
    stream = MarketStream(
        source,
        plan,
        context,
        take=take,
        catch_up=_nothing_missed,
        clock=SystemClock(),
        seed=1,
        private_hosts=LOOPBACK,
        base_url=url,
    )
    task = asyncio.create_task(stream.run())
    async with asyncio.timeout(10):
        while len(prices) < 4:
            heard.clear()
            await heard.wait()
    task.cancel()
    return {fact.body.base: fact.body.price for fact in found.facts}, prices


def test_marks_are_followed_on_a_stream_of_their_own():
    world = World.load(SCENARIO, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    asked, told = asyncio.run(followed(url))
    server.should_exit = True
    thread.join(timeout=5)
    marks = {f"binance-coinm:{coin}USD_PERP" for coin in ("BTC", "ETH")}
    assert marks <= told.keys()
    assert {name: told[name] for name in marks} == {name: asked[name] for name in marks}


def test_one_pair_of_contracts_can_be_asked_for(lab):
    async def run():
        async with lab() as world:
            app = httpx.ASGITransport(create_app(world.world))
            async with httpx.AsyncClient(transport=app) as client:
                return (await client.get("http://venue.test/dapi/v1/premiumIndex?pair=BTCUSD")).json()

    assert [row["symbol"] for row in asyncio.run(run())] == ["BTCUSD_PERP"]


async def _forget(payload):
    del payload


async def _nothing_missed():
    """Nothing was missed."""
