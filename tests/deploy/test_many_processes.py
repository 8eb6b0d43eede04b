"""Two API and two worker processes on one PostgreSQL and one bucket: a NAV is struck once, and verifies."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.api.conftest import BALANCES, CUT, DEALINGS, DEFINITIONS, NAV_USD, PASSWORD, PRICES, Client
from tests.conftest import ends_with_this_process
from tests.store import s3_stand_in
from tests.store.s3_stand_in import ACCESS_KEY, BUCKET, SECRET_KEY, StandIn

from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.store.postgres import EmbeddedPostgres

TENANT = "reef"


@dataclass
class Office:
    """The processes, the bucket, and where each API listens."""

    apis: list[str]
    environment: dict[str, str]
    bucket: StandIn

    def client(self, api: int, user: str) -> Client:
        client = Client(base_url=self.apis[api], timeout=30)
        assert client.log_in(f"{user}@{TENANT}.test").status_code == 200
        return client


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "truenav", *arguments]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    with ExitStack() as stack:
        stack.enter_context(ends_with_this_process(tmp_path / "postgres"))
        bucket = stack.enter_context(s3_stand_in.served())
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TRUENAV_")},
            "TRUENAV_DATA_DIR": str(tmp_path / "data"),
            "TRUENAV_PRIVATE_HOSTS": "127.0.0.1",
            "TRUENAV_DATABASE_URL": server.start().superuser_dsn,
            "TRUENAV_S3_ENDPOINT": bucket.endpoint,
            "TRUENAV_S3_BUCKET": BUCKET,
            "TRUENAV_S3_ACCESS_KEY": ACCESS_KEY,
            "TRUENAV_S3_SECRET_KEY": SECRET_KEY,
        }
        stack.callback(server.stop)
        bootstrap = command("user", "bootstrap", TENANT, "--email", f"ada@{TENANT}.test", "--password-stdin")
        subprocess.run(bootstrap, input=PASSWORD + "\n", env=environment, text=True, check=True)

        def started(*arguments: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                command(*arguments), env=environment, stdout=subprocess.PIPE, text=True
            )
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            return process

        processes = [started("serve", "--workers", "0", "--port", "0") for _ in range(2)]
        for _ in range(2):
            started("worker")
        apis = []
        for process in processes:
            assert process.stdout is not None
            apis.append(process.stdout.readline().strip())
        yield Office(apis, environment, bucket)


def people(office: Office) -> None:
    with closing(office.client(0, "ada")) as admin:
        for user, role in (("max", "manager"), ("fay", "finance")):
            body = {
                "id": user,
                "name": user.title(),
                "email": f"{user}@{TENANT}.test",
                "roles": [role],
                "password": PASSWORD,
            }
            answer = admin.post("/api/v1/users", json=body)
            assert answer.status_code == 201, answer.text


def until_calculated(client: Client, location: str) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = client.get(location).json()
        if run["state"] != "collecting":
            return run
        time.sleep(0.05)
    raise AssertionError("no worker struck the NAV")


def steps(client: Client, run: str) -> list[str]:
    answer: httpx.Response = client.get(f"/api/v1/nav/runs/{run}/events")
    return [event["state"] for event in answer.json()]


@pytest.mark.timeout(240)
def test_a_nav_is_struck_once_by_many_processes(office: Office) -> None:
    assert len({re.sub(r".*:", "", api) for api in office.apis}) == 2
    people(office)
    with closing(office.client(0, "max")) as maker, closing(office.client(1, "fay")) as checker:
        for path, body in DEFINITIONS.items():
            assert maker.put(f"/api/v1/{path}", json=body).status_code == 200
        for name, text in (("balances.csv", BALANCES), ("prices.csv", PRICES), ("dealings.csv", DEALINGS)):
            sent = maker.post("/api/v1/imports", files={"file": (name, text.encode())})
            assert sent.status_code == 201, sent.text
        # The same request at both APIs at once, as a browser that lost its connection would send it.
        again = office.client(1, "max")
        request = {"json": {"fund": "alpha", "as_of": CUT}, "headers": {"Idempotency-Key": "strike-1"}}
        with closing(again), ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda one: one.post("/api/v1/nav/runs", **request), (maker, again)))
        accepted = [one for one in answers if one.status_code == 202]
        assert accepted, [one.text for one in answers]
        assert len({one.json()["run"]["id"] for one in accepted}) == 1
        run = until_calculated(checker, accepted[0].headers["location"])
        assert steps(checker, str(run["id"])) == ["collecting", "collecting", "calculated"]
        path = f"/api/v1/nav/runs/{run['id']}"
        result = maker.get(f"{path}/result")
        assert result.status_code == 200, result.text
        assert result.json()["funds"][-1]["nav_usd"] == NAV_USD
        approved = checker.post(f"{path}/approve", json={"result_sha": run["result_sha"]})
        assert approved.status_code == 200, approved.text
        assert checker.post(f"{path}/publish").status_code == 200
        bundle = maker.get(f"{path}/bundle").content
        key = maker.get("/api/v1/nav/signing-key").json()["fingerprint"]
    assert verify_bundle(bundle, key=key).verdict is Verdict.IDENTICAL
    assert {key.split("/")[0] for key in office.bucket.objects} == {TENANT}
    assert not (Path(office.environment["TRUENAV_DATA_DIR"]) / "blobs").exists()
