"""Installations of the small fund in each state of its work, on a simulator whose clock stands still."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from truenav.simulator.server import create_app
from truenav.simulator.times import VirtualClock
from truenav.simulator.world import World
from truenav.store.postgres import EmbeddedPostgres

from .reef import (
    NOW,
    STAGES,
    Processes,
    Reef,
    build,
    copy_of,
    create_database,
    drop_database,
    load_world,
    open_run,
)


@dataclass(frozen=True)
class Venues:
    """The simulator and where it listens."""

    world: World
    address: str

    def set_clock(self, now: datetime) -> None:
        assert isinstance(self.world.clock, VirtualClock)
        self.world.clock.set(now)

    def calm(self) -> None:
        self.set_clock(NOW)
        self.world.faults.clear()
        self.world.overrides.clear()
        self.world.meter.reset()


@pytest.fixture(scope="session")
def served_venues() -> Iterator[Venues]:
    world = load_world()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = uvicorn.Server(uvicorn.Config(create_app(world), log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield Venues(world, f"http://127.0.0.1:{listener.getsockname()[1]}")
    server.should_exit = True
    server.force_exit = True
    thread.join(5)


@pytest.fixture
def venues(served_venues: Venues) -> Iterator[Venues]:
    """Without faults, before and after a test."""
    served_venues.calm()
    yield served_venues
    served_venues.calm()


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    opened = Processes(tmp_path_factory.mktemp("processes"))
    yield opened
    opened.close()


@dataclass(frozen=True)
class Life:
    """An installation before each stage; what it stated after it, in how many steps. Never killed."""

    before: dict[str, Reef]
    after: dict[str, dict[str, Any]]
    steps: dict[str, int]
    published: list[Reef]


@pytest.fixture(scope="session")
def life(
    postgres_server: EmbeddedPostgres,
    served_venues: Venues,
    processes: Processes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Life:
    folder = tmp_path_factory.mktemp("life")
    served_venues.calm()
    create_database(postgres_server, "reef_0")
    reef = Reef(postgres_server, "reef_0", folder / "built", processes, served_venues.address)
    build(reef, served_venues.world)
    reef = open_run(reef)
    whole = Life({}, {}, {}, [])
    for stage in STAGES:
        whole.before[stage] = reef
        reef = copy_of(reef, folder / stage)
        whole.steps[stage] = reef.done(stage).steps
        whole.after[stage] = reef.state()
    whole.published.append(reef)
    return whole


@pytest.fixture
def reef_before(life: Life, tmp_path: Path, venues: Venues) -> Iterator[Callable[[str], Reef]]:
    """An installation of the test's own, as it stands before a stage."""
    made: list[Reef] = []

    def make(stage: str) -> Reef:
        made.append(copy_of(life.before[stage], tmp_path / f"data-{len(made)}"))
        return made[-1]

    yield make
    for reef in made:
        drop_database(reef.server, reef.name)
