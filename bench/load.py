"""Fifty users at once: 200 open pages and 100 reads a second of the demo fund while its prices move.

Then far more than the server takes on, and how it is afterwards. The users are a process of their own.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from bench._installation import ROOT, Installation
from bench._load_generator import STREAMS
from bench.harness import Contender, Goal, Workload
from truenav.access.passwords import NO_PASSWORD
from truenav.access.sessions import csrf_token, open_session
from truenav.app.house import House, open_house
from truenav.app.settings import Settings
from truenav.core.ids import NodeId, TenantId, UserId
from truenav.store import users
from truenav.store.users import SessionProof, User

USERS = 50
READS_A_SECOND = 100
SECONDS, SHORT_SECONDS = 20.0, 2.0
START_SECONDS = 300.0


class Bench:
    """The demo, served, and its users; the last figures of their process.

    ``enlarge`` adds a fund to the demo's tenant and gives its id; then the users look at both, and change it.
    """

    def __init__(
        self, enlarge: Callable[[House, TenantId], NodeId] | None = None, rate: int = READS_A_SECOND
    ) -> None:
        self._place = Installation("load")
        fund = json.loads((ROOT / "examples" / "demo_fund" / "fund.json").read_text("utf-8"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._base = f"http://127.0.0.1:{port}"
        self._log = (self._place.data / "demo.log").open("wb")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "truenav", "demo", "--port", str(port)],
            env={**self._place.environment, "TRUENAV_LOG_LEVEL": "error"},
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
        )
        atexit.register(self._stop)
        self._wait()
        self._given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": port,
            "funds": [fund["fund"]],
            "rate": rate,
            "changed": None,
        }
        tenant = TenantId(fund["tenant"])
        with open_house(Settings(data_dir=self._place.data)) as house:
            if enlarge is not None:
                self._given["changed"] = added = enlarge(house, tenant)
                self._given["funds"].append(added)
            self._given["people"] = _log_in(house, tenant)
        self.last = self._run(SHORT_SECONDS)

    def run(self) -> float:
        """All phases; the p99 of reads at the steady rate, in seconds."""
        self.last = self._run(SECONDS)
        return float(self.last["steady"]["p99"])

    def check(self) -> str:
        """Nobody saw anything but an answer, or was told that they are too many."""
        steady, overload, after = (self.last[phase] for phase in ("steady", "overload", "after"))
        told = json.dumps(self.last)
        changes = steady["statuses"].get("write 201", 0)
        if not steady["statuses"].keys() <= {"200", "429", "write 201"} or steady["streams"] != STREAMS:
            raise AssertionError(f"at the steady rate: {told}")
        if steady["pushes"] != changes:
            raise AssertionError(f"a change that no page heard of, or two: {told}")
        if overload["statuses"].keys() != {"200", "429"} or after["statuses"].keys() != {"200"}:
            raise AssertionError(f"under overload and after it: {told}")
        served, refused = (overload["statuses"][status] for status in ("200", "429"))
        return (
            f"At the steady rate {steady['requests']} reads, {changes} changes of which "
            f"{steady['pushes']} were heard of, and {steady['streams']} streams, "
            f"{self.refused()} reads refused with 429, "
            f"{steady['told']} messages on them, {steady['ended']} times told to read anew. Under overload "
            f"{served} reads were served and {refused} answered with 429 and `Retry-After`, none with "
            f"anything else; {after['requests']} reads after it were served."
        )

    def seconds(self, phase: str, share: str) -> float:
        """A figure of the last run, in seconds."""
        return float(self.last[phase][share])

    def refused(self) -> int:
        """Reads at the steady rate that were not served."""
        return int(self.last["steady"]["statuses"].get("429", 0))

    def _run(self, seconds: float) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "bench._load_generator", str(seconds)],
            input=json.dumps(self._given),
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-800:])
        return json.loads(done.stdout)

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._server.poll() is None:
            try:
                httpx.get(f"{self._base}/healthz", timeout=2).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError("the demo does not answer")

    def _stop(self) -> None:
        self._server.terminate()
        self._server.wait(30)
        self._log.close()


def _log_in(house: House, tenant: TenantId) -> list[tuple[str, str]]:
    """A session of each user; as if they had given their second factor, without hashing fifty passwords."""
    now = house.clock.now()
    proof = SessionProof(("password", "totp"), "127.0.0.1", "bench", None)
    one = User(UserId("load-0"), "Load", "load-0@bench.test", NO_PASSWORD, ("auditor", "finance"), None, now)
    with house.database.transaction(tenant) as session:
        tokens = []
        for number in range(USERS):
            user = replace(one, id=UserId(f"load-{number}"), email=f"load-{number}@bench.test")
            users.create_user(session, user)
            tokens.append(open_session(session, user.id, now=now, proof=proof).token)
    return [(token, csrf_token(token)) for token in tokens]


def workload() -> Workload:
    os.environ.pop("TRUENAV_DATA_DIR", None)
    bench = Bench()
    return Workload(
        title=f"{USERS} users, 200 open pages, {READS_A_SECOND} reads a second",
        items=1,
        unit="read",
        ours="p99 of reads",
        contenders=contenders(bench),
        goals=goals(bench),
        verify=bench.check,
        runs=1,
    )


def contenders(bench: Bench) -> list[Contender]:
    """The phases of one run; the first of them runs all."""
    return [
        Contender("p99 of reads", bench.run, note=f"counted from when each was due, for {SECONDS:g} s"),
        Contender("median of reads", lambda: bench.seconds("steady", "p50")),
        Contender("p99 under overload", lambda: bench.seconds("overload", "p99"), note="refusals included"),
        Contender("p99 afterwards", lambda: bench.seconds("after", "p99")),
    ]


def goals(bench: Bench) -> list[Goal]:
    """What every read owes its user."""
    return [
        Goal("seconds", lambda seconds: seconds["p99 of reads"], at_most=0.3),
        Goal("reads refused", lambda _: float(bench.refused()), at_most=0),
    ]
