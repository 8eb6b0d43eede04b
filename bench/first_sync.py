"""The first sync of an account with a million fills, killed on the way (`kill -9`) and begun again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from bench._fills_venue import FIRST_FILL
from bench._house import TENANT, BenchHouse
from bench._installation import ROOT, Installation
from bench.harness import Contender, Goal, Workload
from truenav.app.house import House
from truenav.app.sources.jobs import start_gathering
from truenav.connect.contract import Credentials, Cursor
from truenav.core.canonical import decode
from truenav.core.ids import AccountId, ConnectionId
from truenav.store import cursors
from truenav.store.journal import Journal

ROWS = int(os.environ.get("BENCH_FILLS", "1000000"))
PAGE = 1000
KILLS = (0.3, 0.7)
"""At which shares of the fills the process is killed."""
ACCOUNT = "busy"
LAST = ROWS - 1
MEMORY_MIB = 500


def reached(house: House, connection: ConnectionId) -> int:
    """Number of the last fill that is recorded; -1 where none is."""
    with house.database.transaction(TENANT) as session:
        kept = cursors.get_all(session, connection)
    places = [decode(Cursor, text).id for name, text in kept.items() if name.startswith("spot.trades")]
    return max((int(one) for one in places if one.isdecimal()), default=-1)


class Bench:
    """An installation with one busy account, and a venue that counts what is asked."""

    def __init__(self) -> None:
        self.place = Installation("first-sync")
        self.address = self.place.server("bench._fills_venue", str(ROWS), sign="/_asked")
        self.bench = BenchHouse(self.place)
        with self.bench.house.database.transaction(TENANT) as session:
            self.bench.connect(
                session,
                ACCOUNT,
                "binance",
                wallets=("spot",),
                key=Credentials("key", "secret"),
                since=FIRST_FILL,
                address=self.address,
            )
            now = self.bench.house.clock.now()
            accounts = [AccountId(ACCOUNT)]
            self.task = start_gathering(session, self.bench.manager, now=now, accounts=accounts)
        self.kills: list[tuple[int, int]] = []
        self.seconds = self.peak = self.cpu = 0.0

    def sync(self) -> float:
        """Seconds of the whole sync with its kills; it is done once, however often it is asked for."""
        if not self.seconds:
            began = time.perf_counter()
            for share in KILLS:
                self._kill_at(int(ROWS * share))
            out, _ = self._job().communicate()
            told = json.loads(out)
            self.seconds = time.perf_counter() - began
            self.peak, self.cpu = max(self.peak, told["peak"]), told["cpu"]
        return self.seconds

    def repeated(self) -> int:
        """The most recorded rows that a life after a kill asked for again."""
        asked = self._asked()
        return max(recorded - asked[number] + 1 for recorded, number in self.kills)

    def check(self) -> str:
        """Every fill is recorded once, whatever was killed."""
        house, asked = self.bench.house, self._asked()
        with house.database.transaction(TENANT) as session:
            facts = Journal(session, house.objects, TENANT).count()
        if reached(house, ConnectionId(ACCOUNT)) != LAST or not ROWS <= facts < ROWS + PAGE:
            raise AssertionError(f"{facts} facts of {ROWS} fills")
        twice = len(asked) - len(set(asked))
        return (
            f"{ROWS:,} fills are recorded once, by {len(asked):,} pages, {twice} of them asked for twice; "
            f"{len(KILLS)} kills, at most {self.peak:.0f} MiB, {self.cpu:.0f} s of CPU time in the last life."
        )

    def _kill_at(self, fills: int) -> None:
        """Let the job run until so many fills are recorded, and kill it."""
        job, house = self._job(), self.bench.house
        while reached(house, ConnectionId(ACCOUNT)) < fills:
            if job.poll() is not None:
                raise AssertionError(f"the job ended by itself: {job.communicate()}")
            time.sleep(0.05)
        self.peak = max(self.peak, peak(job.pid))
        job.kill()
        job.wait()
        time.sleep(1)  # a commit that the database had taken by then ends there
        self.kills.append((reached(house, ConnectionId(ACCOUNT)), len(self._asked())))

    def _job(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bench._sync", str(self.task)],
            env=self.place.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _asked(self) -> list[int]:
        found: list[int] = httpx.get(f"{self.address}/_asked").raise_for_status().json()
        return found


def peak(process: int) -> float:
    """The most memory that a process had so far, in MiB."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def workload() -> Workload:
    bench = Bench()
    least = ROWS // PAGE * 24 / 6000
    return Workload(
        title=f"First sync of {ROWS:,} fills, killed twice",
        items=ROWS,
        unit="fill",
        ours="truenav",
        contenders=[Contender("truenav", bench.sync, note="asked, archived, parsed, recorded; two kills")],
        goals=[
            Goal("recorded rows asked for again after a kill", lambda _: bench.repeated(), at_most=PAGE - 1),
            Goal("most memory, MiB", lambda _: bench.peak, at_most=MEMORY_MIB),
        ],
        verify=bench.check,
        notes=[
            f"The venue's limits are out of the way; by them a sync takes {least:.0f} minutes at least.",
            "Done once: the time is that of one run.",
        ],
        runs=1,
    )
