"""The database, a worker and the API are killed in the middle: what was acknowledged stands."""

from __future__ import annotations

import random
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from truenav.app.http.login import CSRF_HEADER
from truenav.core.failure import UnavailableError
from truenav.core.ids import RunId
from truenav.store import queue
from truenav.store.commit_points import VARIABLE
from truenav.store.postgres import EmbeddedPostgres, Role

from ..conftest import ends_with_this_process
from .conftest import Life, Venues
from .reef import CHECKER, NOW, PASSWORD, TENANT, Processes, Reef, Started, build, create_database, open_run

DEADLINE = 5.0


@pytest.fixture(scope="module")
def durable_server(
    initialised_postgres: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """A server with the settings of an installation: what it commits is on the disk."""
    data_dir = tmp_path_factory.mktemp("durable") / "server"
    shutil.copytree(initialised_postgres, data_dir)
    server = EmbeddedPostgres(data_dir)
    with ends_with_this_process(data_dir):
        server.start()
        yield server
        server.stop()


def installed(server: EmbeddedPostgres, processes: Processes, venues: Venues, folder: Path) -> Reef:
    name = f"reef_{folder.name}"
    create_database(server, name)
    reef = Reef(server, name, folder / "data", processes, venues.address)
    build(reef, venues.world)
    return open_run(reef)


def statements(state: dict[str, Any]) -> set[tuple[str, bytes]]:
    return {(account, content) for _, account, content in state["facts"]}


def killed_with_the_database(seed: int, life: Life, reef: Reef) -> list[str]:
    """Every stage is begun once with the database dying on the way; gives the stages that it stopped."""
    chance, stopped = random.Random(seed), []
    cluster = str(reef.server.data_dir / "cluster")
    for stage, steps in life.steps.items():
        ended = reef.do(stage, fatal_step=chance.randint(2, steps // 2), victim=cluster)
        if ended.exit_code:
            assert ended.exit_code == UnavailableError.exit_code, ended.said
            assert "truenav: The database cannot be reached" in ended.said
            stopped.append(stage)
        began = time.monotonic()
        reef.server.start()
        assert time.monotonic() - began < DEADLINE
        found = statements(reef.state())
        assert found <= statements(life.after["publish"])
        told = set(ended.acknowledged)
        assert {one for one in statements(life.after["publish"]) if one[0] in told} <= found
        again = reef.do(stage)
        assert again.exit_code in (0, 4), again.said
    state, wanted = reef.state(), life.after["publish"]
    assert statements(state) == statements(wanted)
    (run,), (same,) = state["runs"], wanted["runs"]
    assert (run.state, run.version, run.result_sha) == (same.state, same.version, same.result_sha)
    reef.bundle()
    return stopped


def test_the_database_is_killed_in_every_stage(
    life: Life, durable_server: EmbeddedPostgres, processes: Processes, venues: Venues, tmp_path: Path
) -> None:
    reef = installed(durable_server, processes, venues, tmp_path)
    assert len(killed_with_the_database(1, life, reef)) >= 4


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 120))
def test_the_database_is_killed_in_every_stage_at_many_instants(
    seed: int,
    life: Life,
    durable_server: EmbeddedPostgres,
    processes: Processes,
    venues: Venues,
    tmp_path: Path,
) -> None:
    killed_with_the_database(seed, life, installed(durable_server, processes, venues, tmp_path))


def until(condition: Callable[[], bool], *, seconds: float, what: str) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_worker_killed_while_it_strikes_is_replaced_within_five_seconds(
    life: Life, reef_before: Callable[[str], Reef], venues: Venues
) -> None:
    reef = reef_before("gather")
    given = {"queue_dsn": reef.dsn(Role.QUEUE)}
    venues.world.faults.add({"kind": "hang", "venue": "okx", "path": "positions", "times": 1})

    def workers() -> int:
        with psycopg.connect(reef.dsn(Role.QUEUE), autocommit=True) as connection:
            row = connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone()
            return 0 if row is None else row[0]

    first = reef.start("work", **given)
    until(lambda: workers() == 1, seconds=30, what="the first worker")
    with reef.house() as house, house.database.transaction(TENANT) as session:
        queue.enqueue_advance(session, RunId(reef.run), at=NOW)
    until(lambda: not venues.world.faults.listed(), seconds=30, what="gathering")
    second = reef.start("work", **given)
    try:
        until(lambda: workers() == 2, seconds=30, what="the second worker")
        first.kill()
        assert first.wait().exit_code == -9
        until(lambda: run_state(reef) == "calculated", seconds=DEADLINE, what="taken over")
    finally:
        second.kill()
        second.wait()
    state, wanted = reef.state(), life.after["strike"]
    assert state["facts"] == wanted["facts"]
    assert [run.result_sha for run in state["runs"]] == [run.result_sha for run in wanted["runs"]]


def run_state(reef: Reef) -> str:
    with psycopg.connect(reef.server.dsn(Role.ADMIN, database=reef.name)) as connection:
        row = connection.execute("SELECT state FROM nav_run").fetchone()
        return "" if row is None else str(row[0])


class Api:
    """The API as a process, and the checker's client."""

    def __init__(self, reef: Reef, environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.process: Started = reef.start("serve", port=port, environment=environment)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        until(self._answers, seconds=30, what="the API")
        answer = self.client.post(
            "/api/v1/login", json={"email": f"{CHECKER[0]}@reef.test", "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        self.client.headers[CSRF_HEADER] = answer.json()["me"]["csrf"]

    def _answers(self) -> bool:
        try:
            return self.client.get("/healthz").status_code == 200
        except httpx.ConnectError:
            return False

    def close(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize(("stage", "point"), [("approve", "nav.approved"), ("publish", "nav.published")])
def test_the_api_is_killed_with_a_change_in_flight_and_the_same_request_is_sent_again(
    stage: str, point: str, life: Life, reef_before: Callable[[str], Reef]
) -> None:
    reef = reef_before(stage)
    (run,) = life.before[stage].state()["runs"]
    path = f"/api/v1/nav/runs/{reef.run}/{stage}"
    body = {"result_sha": run.result_sha.hex()} if stage == "approve" else None
    headers = {"Idempotency-Key": f"{stage}-1"}
    first = Api(reef, {VARIABLE: point})
    with pytest.raises(httpx.TransportError):
        first.client.post(path, json=body, headers=headers)
    assert first.process.wait().exit_code == -9
    first.client.close()
    second = Api(reef, {VARIABLE: ""})
    try:
        answers = [second.client.post(path, json=body, headers=headers) for _ in range(2)]
    finally:
        second.close()
    assert [one.status_code for one in answers] == [200, 200], answers[0].text
    assert answers[0].content == answers[1].content
    assert reef.state()["events"] == life.after[stage]["events"]
    assert reef.state()["runs"] == life.after[stage]["runs"]
