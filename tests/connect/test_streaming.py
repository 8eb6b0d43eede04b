"""Streams of the simulated venues, over real sockets: what they state, and what happens when they fail."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest
import uvicorn

from truenav.connect.contract import ParseContext, Parsed
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.registry import connector, parse
from truenav.connect.streaming import MarketStream, StreamState, stream_url
from truenav.connect.transport import open_network
from truenav.core.clock import SystemClock
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Quote, QuoteKind
from truenav.core.instrument import InstrumentBook
from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World

from .conftest import EMPTY, SCENARIO

CLOCK = SystemClock()
LOOPBACK = frozenset({"127.0.0.1"})
T0 = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Venue:
    """A served simulator and what its streams told."""

    world: World
    url: str
    told: list[Parsed] = field(default_factory=list)
    read_again: int = 0

    async def market(self, name: str) -> ParseContext:
        async with open_network(seed=1, private_hosts=LOOPBACK) as network:
            api = network.transport(connector(name), _forget, base_url=self.url)
            found = await connector(name).gather_market(api, EMPTY)
        return EMPTY.with_instruments(found.instruments)

    async def control(self, verb: str, **body: object) -> None:
        async with httpx.AsyncClient() as client:
            (await client.post(f"{self.url}/_simulator/{verb}", json=body)).raise_for_status()

    def streams(self, name: str, context: ParseContext, *, silence: float = 5.0) -> list[MarketStream]:
        async def catch_up() -> None:
            self.read_again += 1

        return [
            MarketStream(
                connector(name),
                replace(plan, silence=silence),
                context,
                take=lambda _, parsed: self.told.append(parsed),
                catch_up=catch_up,
                clock=CLOCK,
                seed=1,
                private_hosts=LOOPBACK,
                base_url=self.url,
                sleep=lambda _: asyncio.sleep(0.01),
            )
            for plan in connector(name).market_streams(context)
        ]

    def prices(self, kind: QuoteKind) -> dict[str, Decimal]:
        """The latest price of each thing."""
        return {
            fact.body.base: fact.body.price
            for parsed in self.told
            for fact in parsed.facts
            if isinstance(fact.body, Quote) and fact.body.kind is kind
        }


async def _forget(payload: object) -> None:
    del payload


@asynccontextmanager
async def venue() -> AsyncIterator[Venue]:
    world = World.load(SCENARIO, date.today(), WallClock())  # noqa: DTZ011 - a day of the demo's market
    config = uvicorn.Config(create_app(world), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield Venue(world, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def running(*streams: MarketStream) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(stream.run()) for stream in streams]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def test_streams_state_the_prices_that_requests_state() -> None:
    async def scenario() -> None:
        async with venue() as place:
            for name in ("binance", "okx"):
                context = await place.market(name)
                async with open_network(seed=1, private_hosts=LOOPBACK) as network:
                    api = network.transport(connector(name), _forget, base_url=place.url)
                    asked = (await connector(name).gather_market(api, context)).facts
                expected = {
                    (one.body.base, one.body.quote, one.body.kind): one.body.price
                    for one in asked
                    if isinstance(one.body, Quote)
                }
                place.told.clear()
                async with running(*place.streams(name, context)):
                    await until(lambda: len(_latest(place)) >= len(expected))  # noqa: B023 - awaited here
                assert _latest(place) == expected

    asyncio.run(scenario())


def _latest(place: Venue) -> dict[tuple[str, str, QuoteKind], Decimal]:
    return {
        (fact.body.base, fact.body.quote, fact.body.kind): fact.body.price
        for parsed in place.told
        for fact in parsed.facts
        if isinstance(fact.body, Quote)
    }


def test_a_changed_mark_arrives_in_a_fraction_of_a_second() -> None:
    async def scenario() -> None:
        async with venue() as place:
            streams = place.streams("okx", await place.market("okx"))
            async with running(*streams):
                await until(lambda: "okx:BTC-USDT-SWAP" in place.prices(QuoteKind.MARK))
                body = {"venue": "okx", "instrument": "BTC-USDT-SWAP", "price": "12345.6"}
                await place.control("mark", **body)
                wanted = Decimal("12345.6")
                await until(lambda: place.prices(QuoteKind.MARK)["okx:BTC-USDT-SWAP"] == wanted, 0.5)

    asyncio.run(scenario())


@pytest.mark.parametrize(("fault", "trouble"), [("drop", "ConnectionClosed"), ("garbage", "HTML")])
def test_a_broken_stream_is_opened_anew_and_the_market_read_again(fault: str, trouble: str) -> None:
    async def scenario() -> None:
        async with venue() as place:
            (stream,) = place.streams("okx", await place.market("okx"))
            async with running(stream):
                await until(lambda: bool(place.told))
                body = {"kind": fault, "venue": "okx", "path": "/ws/", "times": 1}
                await place.control("faults", **body)
                await place.control("mark", venue="okx", instrument="BTC-USDT-SWAP", price="1.5")
                await until(lambda: place.prices(QuoteKind.MARK).get("okx:BTC-USDT-SWAP") == Decimal("1.5"))
                assert (place.read_again, stream.health.reconnects) == (2, 1)
                assert stream.health.state is StreamState.STANDING
                assert trouble in stream.health.trouble

    asyncio.run(scenario())


def test_a_stream_that_is_let_go_ends_though_a_message_comes_at_that_moment() -> None:
    class Connection:
        def __init__(self) -> None:
            self.coming: asyncio.Queue[bytes] = asyncio.Queue()

        async def recv(self, *, decode: bool) -> bytes:
            del decode
            return await self.coming.get()

    async def scenario() -> None:
        async with venue() as place:
            (stream,) = place.streams("okx", await place.market("okx"))
            connection = Connection()

            async def listen() -> None:
                while True:
                    await stream._hear(connection)  # type: ignore[arg-type]

            listening = asyncio.create_task(listen())
            await asyncio.sleep(0.01)
            connection.coming.put_nowait(b"{}")
            asyncio.get_running_loop().call_soon(listening.cancel)
            await asyncio.wait({listening}, timeout=2)
            assert listening.cancelled()

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["binance", "okx"])
def test_a_stream_that_falls_silent_is_opened_anew(name: str) -> None:
    async def scenario() -> None:
        async with venue() as place:
            stream = place.streams(name, await place.market(name), silence=1.6)[0]
            async with running(stream):
                await until(lambda: bool(place.told))
                await place.control("faults", kind="stall", venue=name, times=1)
                await until(lambda: stream.health.reconnects == 1, 8)
                assert "said nothing" in stream.health.trouble
                await until(lambda: stream.health.state is StreamState.STANDING)

    asyncio.run(scenario())


def test_a_venue_that_refuses_is_asked_with_growing_pauses() -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await asyncio.sleep(0)
        if len(naps) == 8:
            raise asyncio.CancelledError

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        place = Venue(World.load(SCENARIO, date(2026, 11, 21), WallClock()), url)
        context = ParseContext(EMPTY.assets, InstrumentBook(()))
        plan = connector("binance").market_streams(_one_pair(context))[0]
        stream = MarketStream(
            connector("binance"),
            plan,
            context,
            take=lambda _, parsed: place.told.append(parsed),
            catch_up=_nothing,
            clock=CLOCK,
            seed=1,
            private_hosts=LOOPBACK,
            base_url=url,
            sleep=nap,
        )
        with pytest.raises(asyncio.CancelledError):
            await stream.run()
        assert stream.health.state is StreamState.BROKEN

    asyncio.run(scenario())
    assert all(0.25 * 2**n <= pause <= min(45.0, 0.75 * 2**n) for n, pause in enumerate(naps[:6]))
    assert naps[7] <= 45.0


async def _nothing() -> None:
    return


def _one_pair(context: ParseContext) -> ParseContext:
    found = parse(
        _evidence("binance", "spot.exchangeInfo/1"),
        b'{"symbols":[{"symbol":"ETHUSDT","baseAsset":"ETH","quoteAsset":"USDT"}]}',
        context,
    )
    return context.with_instruments(found.instruments)


def _evidence(name: str, endpoint: str) -> Evidence:
    request = Request("GET", "wss://venue.test")
    return Evidence("0" * 64, 0, name, "1", endpoint, "", request, T0, T0, 101)


def test_the_documented_messages_of_binance_state_prices_and_unknown_symbols_nothing() -> None:
    context = _one_pair(EMPTY)
    body = (
        b'{"stream":"ethusdt@miniTicker","data":{"e":"24hrMiniTicker","E":1672515782136,"s":"ETHUSDT",'
        b'"c":"0.0025","o":"0.0010","h":"0.0025","l":"0.0010","v":"10000","q":"18"}}'
    )
    (fact,) = parse(_evidence("binance", "spot.stream.miniTicker/1"), body, context).facts
    assert (fact.body.price, fact.body.volume) == (Decimal("0.0025"), Decimal(10000))
    assert fact.occurred_at.year == 2022
    marks = (
        b'[{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11185.87786614",'
        b'"i":"11784.62659091","P":"11784.25641265","r":"0.00030000","T":1562306400000}]'
    )
    assert parse(_evidence("binance", "usdm.stream.markPrice/1"), marks, context) == Parsed()
    answer = b'{"result":null,"id":1}'
    assert parse(_evidence("binance", "spot.stream.miniTicker/1"), answer, context) == Parsed()


def test_a_refused_subscription_of_okx_is_told_an_unlisted_market_is_left_out() -> None:
    unlisted = b'{"event":"error","code":"60018","msg":"does not exist","connId":"a4d3ae55"}'
    assert parse(_evidence("okx", "stream.public/1"), unlisted, EMPTY) == Parsed()
    invalid = b'{"event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"}'
    with pytest.raises(MalformedPayloadError, match="60012"):
        parse(_evidence("okx", "stream.public/1"), invalid, EMPTY)


def test_many_markets_are_subscribed_in_messages_of_bounded_size() -> None:
    async def scenario() -> None:
        async with venue() as place:
            for name in ("binance", "okx"):
                for plan in connector(name).market_streams(await place.market(name)):
                    assert plan.hello
                    assert all(len(text) < 16_000 for text in plan.hello)
        assert connector("okx").market_streams(EMPTY) == ()
        assert connector("binance").market_streams(EMPTY) == ()

    asyncio.run(scenario())


def test_a_stream_does_not_lead_into_a_private_network_unless_its_host_is_allowed() -> None:
    async def once(_: float) -> None:
        raise asyncio.CancelledError

    async def scenario() -> None:
        context = _one_pair(EMPTY)
        source = connector("binance")
        stream = MarketStream(
            source,
            source.market_streams(context)[0],
            context,
            take=lambda *_: None,
            catch_up=_nothing,
            clock=CLOCK,
            seed=1,
            base_url="http://169.254.169.254",
            sleep=once,
        )
        with pytest.raises(asyncio.CancelledError):
            await stream.run()
        assert "TRUENAV_PRIVATE_HOSTS" in stream.health.trouble

    asyncio.run(scenario())


def test_the_address_of_a_stream_follows_that_of_the_requests() -> None:
    assert stream_url("https://proxy.test/venue/", "/stream") == "wss://proxy.test/venue/stream"
    assert stream_url("http://127.0.0.1:8900", "/stream") == "ws://127.0.0.1:8900/stream"
    assert stream_url("HTTPS://proxy.test", "/stream") == "wss://proxy.test/stream"
    with pytest.raises(MalformedPayloadError):
        stream_url("file:///etc/passwd", "/stream")
