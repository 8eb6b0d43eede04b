"""A hundred venue accounts polled every ten seconds, product and database on one core, within all budgets."""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import psutil

from bench._house import TENANT, BenchHouse, scenario_of
from bench._installation import Installation
from bench.harness import Contender, Goal, Workload
from truenav.app.sources.gather import Outcome, gather
from truenav.connect.contract import Budget
from truenav.connect.limits import VenueGate
from truenav.connect.registry import connector

COPIES = {
    "binance-directional": 14,
    "binance-market-making": 13,
    "binance-basis": 13,
    "okx-arbitrage": 20,
    "okx-options": 20,
    "okx-trend": 20,
}
ACCOUNTS = sum(COPIES.values())
LATENCY_MS = 50
EVERY_SECONDS = 10.0
ROUNDS = 7
"""A little more than the longest window of a budget."""


@dataclass(frozen=True, slots=True)
class Spent:
    """One request as a budget sees it; ``scope`` is the account where the budget is counted by key."""

    at: float
    weight: int
    venue: str
    budget: str
    scope: str


@dataclass
class Bench:
    """An installation with a hundred connections, and what the last minute of polling used."""

    place: Installation = field(default_factory=lambda: Installation("polling"))
    spent: list[Spent] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.address = self.place.simulator(scenario_of(self.place, COPIES), latency_ms=LATENCY_MS)
        self.bench = BenchHouse(self.place)
        self.bench.connect_all(self.address)

    def poll(self) -> float:
        """Seconds of a round, in the middle of a minute of them."""
        self.spent, self.outcomes, self.rounds, self.cpu = [], [], [], []
        with self._one_core() as cores, self._counted():
            for _ in range(ROUNDS):
                began, used = time.perf_counter(), cores.used()
                self.outcomes += gather(self.bench.house, TENANT, history=False)
                self.rounds.append(time.perf_counter() - began)
                self.cpu.append(cores.used() - used)
                time.sleep(max(0.0, EVERY_SECONDS - self.rounds[-1]))
        return statistics.median(self.rounds)

    def shares(self) -> dict[str, float]:
        """The largest share of each budget that any of its windows used."""
        used: dict[tuple[str, str, str], list[Spent]] = defaultdict(list)
        for one in self.spent:
            used[one.venue, one.budget, one.scope].append(one)
        found: dict[str, float] = defaultdict(float)
        for (venue, name, _), requests in used.items():
            budget = _budget(venue, name)
            share = _fullest(requests, budget.seconds) / budget.weight
            found[f"{venue} {name}"] = max(found[f"{venue} {name}"], share)
        return dict(found)

    def check(self) -> str:
        """Every account was read in every round, and no venue was asked beyond its limits."""
        failed = [failure for outcome in self.outcomes for failure in outcome.failures]
        if failed or len(self.outcomes) != ROUNDS * ACCOUNTS:
            raise AssertionError(f"{len(self.outcomes)} outcomes, failures: {failed[:2]}")
        requests = len(self.spent) / ROUNDS
        shares = sorted(self.shares().items(), key=lambda one: -one[1])
        told = ", ".join(f"{name} {share:.0%}" for name, share in shares)
        return (
            f"{ACCOUNTS} accounts complete in each of {ROUNDS} rounds by {requests:.0f} requests a round, "
            f"none refused; {statistics.median(self.cpu):.1f} s of CPU time a round, database included; "
            f"the fullest window of each budget: {told}."
        )

    @contextmanager
    def _one_core(self) -> Iterator[_Core]:
        """Product and database on one core; the simulator is the rest of the world."""
        allowed = os.sched_getaffinity(0)
        core = _Core(_database(self.place.data))
        core.pin({min(allowed)})
        try:
            yield core
        finally:
            core.pin(allowed)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Write down what is spent of each budget, as it is let through."""
        enter = VenueGate.enter

        async def counted(gate: VenueGate, budget: str, weight: int, key: str) -> None:
            await enter(gate, budget, weight, key)
            scope = key if _budget(gate.venue, budget).per == "key" else ""
            self.spent.append(Spent(time.monotonic(), weight, gate.venue, budget, scope))

        with patch.object(VenueGate, "enter", counted):
            yield


@dataclass(frozen=True, slots=True)
class _Core:
    """This process and the database's, whose time is counted together."""

    database: psutil.Process

    def pin(self, cores: set[int]) -> None:
        """Let both run on these cores alone."""
        os.sched_setaffinity(0, cores)
        for one in self._family():
            one.cpu_affinity(sorted(cores))

    def used(self) -> float:
        """Seconds of CPU time that both have used, with what ended in between."""
        times = [one.cpu_times() for one in self._family()]
        ended = self.database.cpu_times()
        return (
            time.process_time()
            + sum(one.user + one.system for one in times)
            + ended.children_user
            + ended.children_system
        )

    def _family(self) -> list[psutil.Process]:
        return [self.database, *self.database.children(recursive=True)]


def _database(data: Path) -> psutil.Process:
    """The database server of an installation."""
    (found,) = data.rglob("postmaster.pid")
    return psutil.Process(int(found.read_text("ascii").split()[0]))


def _budget(venue: str, name: str) -> Budget:
    return next(one for one in connector(venue).manifest.budgets if one.name == name)


def _fullest(requests: list[Spent], seconds: int) -> int:
    """The most weight within any window of so many seconds."""
    most = total = first = 0
    for one in requests:
        total += one.weight
        while requests[first].at <= one.at - seconds:
            total -= requests[first].weight
            first += 1
        most = max(most, total)
    return most


def workload() -> Workload:
    bench = Bench()
    return Workload(
        title=f"Polling {ACCOUNTS} accounts every {EVERY_SECONDS:.0f} s on one core",
        items=ACCOUNTS,
        unit="account",
        ours="truenav",
        contenders=[Contender("truenav", bench.poll, note="one round: asked, archived, parsed, recorded")],
        goals=[
            Goal("seconds a round", lambda seconds: seconds["truenav"], at_most=EVERY_SECONDS),
            Goal("largest share of a budget", lambda _: max(bench.shares().values()), at_most=1.0),
            Goal("CPU seconds a round", lambda _: max(bench.cpu), at_most=EVERY_SECONDS),
        ],
        verify=bench.check,
        runs=1,
    )
