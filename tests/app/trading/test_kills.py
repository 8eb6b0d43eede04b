"""``kill -9`` over real HTTP: what was begun is finished, once, by whoever comes next."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import uvicorn
from tests.simulator.trading import account, trading_world

from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.core.canonical import encode
from truenav.core.clock import SystemClock
from truenav.core.ids import TenantId
from truenav.core.orders import Order, OrderRequest
from truenav.simulator.server import create_app
from truenav.simulator.times import WallClock
from truenav.simulator.world import World
from truenav.store import orders
from truenav.store.commit_points import VARIABLE
from truenav.store.database import Database

from ...conftest import LOOPBACK
from .desk import DESK, furnish, request

PROCESS = Path(__file__).with_name("process.py")
_numbers = count(1)


@dataclass
class Served:
    """A venue on a port of its own, and a tenant that trades there."""

    world: World
    house: House
    dsn: str
    tenant: TenantId

    def begin(self, *requests: OrderRequest, kill_at: str = "", seconds: float = 30) -> subprocess.Popen[str]:
        """Start a process that executes."""
        arguments = [self.dsn, str(self.house.settings.data_dir), self.tenant, str(seconds)]
        environment = {**os.environ, "TRUENAV_LOG_LEVEL": "error"} | ({VARIABLE: kill_at} if kill_at else {})
        process = subprocess.Popen(
            [sys.executable, str(PROCESS), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps([encode(one) for one in requests]))
        process.stdin.close()
        return process

    def end(self, process: subprocess.Popen[str]) -> int:
        return process.wait(timeout=60)

    def journal(self) -> dict[str, Order]:
        with self.house.database.transaction(self.tenant) as session:
            found = orders.since(session, DESK, datetime(2020, 1, 1, tzinfo=UTC))
        return {one.request.client_id: one for one in found}

    def states(self) -> list[str]:
        return sorted(str(one.state) for one in self.journal().values())

    def held(self) -> list[str]:
        return [one.terms.client_id for one in self.world.books(DESK).orders.values()]


@pytest.fixture
def served(trading_database: Database, trading_dsn: str, tmp_path: Path) -> Iterator[Served]:
    now = datetime.now(UTC)
    world = trading_world(tmp_path, WallClock(), accounts=account("binance", "binance"), anchor=now.date())
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(world), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    house = House.of(Settings(data_dir=tmp_path, private_hosts=LOOPBACK), trading_database, SystemClock())
    tenant = TenantId(f"killed-{next(_numbers)}")
    furnish(house, tenant, f"http://127.0.0.1:{listener.getsockname()[1]}", now)
    while not server.started:
        time.sleep(0.005)
    yield Served(world, house, trading_dsn, tenant)
    server.should_exit = True
    thread.join(5)


@pytest.mark.parametrize(
    ("point", "before", "placed"),
    [
        ("orders.intended", ["intended", "intended"], 0),
        ("orders.sent", ["intended", "sent"], 0),
        ("orders.answered", ["intended", "sent"], 1),
        ("orders.answered:2", ["filled", "sent"], 2),
    ],
)
def test_killed_at_a_commit_point_the_orders_are_finished_once_by_the_next_process(
    served: Served, point: str, before: list[str], placed: int
) -> None:
    asked = [request(0), request(1, "0.2")]
    assert served.end(served.begin(*asked, kill_at=point)) == -signal.SIGKILL
    assert (served.states(), len(served.held())) == (before, placed)
    assert served.end(served.begin(*asked)) == 0
    assert served.states() == ["filled", "filled"]
    assert sorted(served.held()) == sorted(one.client_id for one in asked)
    assert all(one.settled for one in served.journal().values())


def test_killed_while_the_answer_is_on_its_way_the_order_is_found_by_its_client_id(served: Served) -> None:
    served.world.faults.add({"kind": "lost", "path": "/fapi/v1/order", "times": 1})
    process = served.begin(request())
    while not served.held():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    assert served.end(process) == -signal.SIGKILL
    assert served.states() == ["sent"]
    assert served.end(served.begin()) == 0, "a run without orders brings to an end what was left"
    assert (served.states(), served.held()) == (["filled"], [request().client_id])


def test_an_answer_that_is_cut_off_is_looked_up(served: Served) -> None:
    served.world.faults.add({"kind": "cut", "path": "/fapi/v1/order", "times": 1})
    assert served.end(served.begin(request())) == 0
    assert (served.states(), served.held()) == (["filled"], [request().client_id])


def test_two_processes_that_are_told_the_same_place_it_once(served: Served) -> None:
    both = [served.begin(request()) for _ in range(2)]
    codes = sorted(served.end(one) for one in both)
    assert codes in ([0, 0], [0, 1]), "the second waited a little, or was refused"
    assert (served.states(), served.held()) == (["filled"], [request().client_id])
