"""Payloads of the venue, and a world with two Binance accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from tests.connect.conftest import ASSETS, Lab

from truenav.connect.contract import ParseContext, Parsed
from truenav.connect.reading import TAGS
from truenav.connect.registry import parse
from truenav.connect.transport import Network
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.instrument import InstrumentBook
from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World

PAYLOADS = Path(__file__).parents[3] / "payloads" / "binance"
SCENARIO = Path(__file__).with_name("scenario.toml")
T0 = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
EMPTY = ParseContext(ASSETS, InstrumentBook(()))
TERMS = ("spot", "usdm", "coinm")


def stated(
    endpoint: str,
    body: bytes,
    context: ParseContext = EMPTY,
    tags: str = "",
    params: tuple[tuple[str, str], ...] = (),
) -> Parsed:
    """What a body states as an answer of an endpoint."""
    request = Request("GET", "https://venue.test", (*params, *(((TAGS, tags),) if tags else ())))
    return parse(
        Evidence(sha256_hex(body), len(body), "binance", "1", endpoint, "a", request, T0, T0, 200),
        body,
        context,
    )


def body_of(name: str) -> bytes:
    """A payload file."""
    return (PAYLOADS / f"{name}.json").read_bytes()


@pytest.fixture
def read() -> Callable[..., Parsed]:
    """Reads a payload file as an answer of an endpoint, knowing the terms of all three markets."""
    known = [
        one
        for market in TERMS
        for one in stated(f"{market}.exchangeInfo/1", body_of(f"{market}-exchange-info")).instruments
    ]
    context = EMPTY.with_instruments(tuple(known))

    def reading(endpoint: str, name: str, tags: str = "") -> Parsed:
        return stated(endpoint, body_of(name), context, tags)

    return reading


@asynccontextmanager
async def open_lab(start: datetime = START, scenario: Path = SCENARIO) -> AsyncIterator[Lab]:
    clock = VirtualClock(start)
    world = World.load(scenario, date(2026, 11, 21), clock)
    ticks = [0.0]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(world))) as client:

        async def sleep(seconds: float) -> None:
            ticks[0] += seconds
            world.meter.reset()

        network = Network([client], clock=clock, seed=7, sleep=sleep, monotonic=lambda: ticks[0])
        yield Lab(world, clock, network)


@pytest.fixture
def lab() -> Callable[..., AbstractAsyncContextManager[Lab]]:
    """Opens the world."""
    return open_lab
