"""Fifty venue accounts gathered from a simulator 50 ms away: wallets, positions, orders, marks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import httpx

from bench._house import TENANT, BenchHouse, scenario_of
from bench._installation import Installation
from bench.harness import Contender, Goal, Workload
from truenav.app.sources.gather import Outcome, gather

COPIES = {
    "binance-directional": 9,
    "binance-market-making": 8,
    "binance-basis": 8,
    "okx-arbitrage": 9,
    "okx-options": 8,
    "okx-trend": 8,
}
LATENCY_MS = 50


@dataclass
class Bench:
    """An installation with fifty connections, and what the last gathering brought."""

    place: Installation = field(default_factory=lambda: Installation("gather"))
    outcomes: tuple[Outcome, ...] = ()

    def __post_init__(self) -> None:
        self.address = self.place.simulator(scenario_of(self.place, COPIES), latency_ms=LATENCY_MS)
        self.bench = BenchHouse(self.place)
        self.bench.connect_all(self.address)

    def gather(self) -> float:
        """Seconds to gather all accounts as a strike does, each time with fresh budgets at the venues."""
        httpx.delete(f"{self.address}/_simulator/requests").raise_for_status()
        began = time.perf_counter()
        self.outcomes = gather(self.bench.house, TENANT, history=False)
        return time.perf_counter() - began

    def check(self) -> str:
        """Every account is there, none failed, and no venue was asked beyond its limits."""
        failed = [failure for outcome in self.outcomes for failure in outcome.failures]
        accounts = {outcome.subject for outcome in self.outcomes}
        if failed or len(accounts) != 50:
            raise AssertionError(f"{len(accounts)} accounts, failures: {failed[:2]}")
        counted = httpx.get(f"{self.address}/_simulator/requests").json()
        return (
            f"50 accounts complete by {counted['total']} requests, none refused; weight that the venues "
            f"counted: {counted['weight']}, of 6,000 and 2,400 a minute."
        )


def workload() -> Workload:
    bench = Bench()
    bench.gather()
    return Workload(
        title="Gathering 50 accounts, 50 ms away",
        items=50,
        unit="account",
        ours="truenav",
        contenders=[Contender("truenav", bench.gather, note="asked, archived, parsed, recorded")],
        goals=[Goal("seconds", lambda seconds: seconds["truenav"], at_most=2.0)],
        verify=bench.check,
    )
