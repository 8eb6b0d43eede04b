"""A simulator on a free port, nine days and some hours after inception."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn

from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock, WallClock
from truenav.simulator.world import World

SCENARIO = Path(__file__).parents[2] / "examples" / "demo_fund" / "scenario.toml"
ANCHOR = date(2026, 11, 21)


@dataclass(frozen=True)
class Running:
    """A served world and its address."""

    world: World
    url: str


def make_world(now: datetime | None = None) -> World:
    return World.load(SCENARIO, ANCHOR, VirtualClock(now or datetime(2026, 11, 21, 12, 30, tzinfo=UTC)))


def run_in_thread(app: object) -> tuple[uvicorn.Server, threading.Thread, str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    return server, thread, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """On the wall clock, since clients sign with theirs."""
    world = World.load(SCENARIO, datetime.now(UTC).date(), WallClock())
    server, thread, url = run_in_thread(create_app(world))
    yield Running(world, url)
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture
def simulator(served: Running) -> Running:
    """The served world without faults or overrides and with fresh limits."""
    served.world.faults.clear()
    served.world.overrides.clear()
    served.world.meter.reset()
    return served


@pytest.fixture
def http(simulator: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.url) as client:
        yield client
