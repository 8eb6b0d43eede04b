"""Measure contenders side by side and judge the figures against goals.

Contenders alternate in one process. One sample of a quick contender is the mean of as many calls as fill
``SAMPLE_SECONDS``, after a call that is not counted: what ran before it (often for seconds on one core) has
emptied the caches and put the other core to sleep. The memory triad is read before and after; a run during
which it moved by more than ``TRIAD_TOLERANCE`` is repeated, and after ``ATTEMPTS`` the steadiest one is
reported with its reading. Ratios are comparable between machines and days, absolute times are not.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
SAMPLE_SECONDS = 0.01
WARMED_SECONDS = 0.5
ATTEMPTS = 3
TRIAD_TOLERANCE = 0.10


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    ``run`` does it once. It may return a ``float``, seconds it measured by itself (a child process, a
    remote answer); anything else means that the harness's own clock counts. A peer too slow for the
    whole work does one part in ``scale`` of it, and its time is multiplied.
    """

    name: str
    run: Callable[[], object]
    note: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Goal:
    """A figure computed from the median seconds of each contender (and ``limit``), and its bound."""

    text: str
    figure: Callable[[Mapping[str, float]], float]
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, value: float) -> bool:
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True)
class Workload:
    """What is measured. ``ours`` names the contender that ratios are taken of.

    ``limit_bytes`` is the least memory traffic of the work; the limit is that over the triad.
    ``verify`` checks results after the timing and says in one sentence what was equal to what; it
    raises when something was not.
    """

    title: str
    items: int
    unit: str
    ours: str
    contenders: Sequence[Contender]
    goals: Sequence[Goal] = ()
    limit_bytes: int | None = None
    verify: Callable[[], str] | None = None
    notes: Sequence[str] = ()
    runs: int = RUNS


@dataclass(frozen=True)
class Report:
    """The figures of one workload: median seconds, spread, triad (GB/s) before and after.

    ``load`` is the machine's load average before the run; anything near the number of cores means that
    others were computing too.
    """

    workload: Workload
    seconds: dict[str, float]
    spread: dict[str, tuple[float, float]]
    triad: tuple[float, float]
    triad_one_thread: float
    attempt: int
    load: float
    verified: str = ""
    limit: float | None = field(default=None)

    @property
    def is_steady(self) -> bool:
        return triad_movement(self.triad) <= TRIAD_TOLERANCE

    @property
    def figures(self) -> list[tuple[Goal, float, bool]]:
        known = self.seconds | ({} if self.limit is None else {"limit": self.limit})
        values = [(goal, goal.figure(known)) for goal in self.workload.goals]
        return [(goal, value, goal.is_met(value)) for goal, value in values]


def measure(workload: Workload) -> Report:
    """Run a workload until the machine held still for one run, at most ``ATTEMPTS`` times."""
    reports = []
    for attempt in range(1, ATTEMPTS + 1):
        reports.append(_measure_once(workload, attempt))
        if reports[-1].is_steady:
            break
    best = min(reports, key=lambda report: triad_movement(report.triad))
    verified = workload.verify() if workload.verify else ""
    return Report(**{**vars(best), "verified": verified})


def _measure_once(workload: Workload, attempt: int) -> Report:
    load = os.getloadavg()[0]
    before = triad_bandwidth()
    plans = {c.name: _calls_per_sample(c) for c in workload.contenders}
    samples: dict[str, list[float]] = {c.name: [] for c in workload.contenders}
    for _ in range(workload.runs):
        for contender in workload.contenders:
            gc.collect()
            calls, is_quick = plans[contender.name]
            if is_quick:
                contender.run()
            samples[contender.name].append(_sample(contender, calls))
    after = triad_bandwidth()
    bandwidth = (before + after) / 2 * 1e9
    return Report(
        workload=workload,
        seconds={name: statistics.median(times) for name, times in samples.items()},
        spread={name: (min(times), max(times)) for name, times in samples.items()},
        triad=(before, after),
        triad_one_thread=triad_bandwidth(threads=1),
        attempt=attempt,
        load=load,
        limit=workload.limit_bytes / bandwidth if workload.limit_bytes else None,
    )


def _sample(contender: Contender, calls: int) -> float:
    start = time.perf_counter()
    own = [contender.run() for _ in range(calls)][-1]
    elapsed = (time.perf_counter() - start) / calls
    return contender.scale * (own if isinstance(own, float) else elapsed)


def _calls_per_sample(contender: Contender) -> tuple[int, bool]:
    """How many calls make a sample, and whether a call takes less than `WARMED_SECONDS`.

    Warm up with one call, time a second one if the first was quick.
    """
    elapsed = 0.0
    for _ in range(2):
        start = time.perf_counter()
        contender.run()
        elapsed = time.perf_counter() - start
        if elapsed > 100 * SAMPLE_SECONDS:
            break
    return max(1, round(SAMPLE_SECONDS / max(elapsed, 1e-9))), elapsed < WARMED_SECONDS


def triad_movement(triad: tuple[float, float]) -> float:
    """How far the bandwidth moved during a run, as a fraction of the greater reading."""
    return 1 - min(triad) / max(triad)


def triad_bandwidth(threads: int | None = None, size: int = 20_000_000) -> float:
    """GB/s of ``a = b + s * c`` (24 bytes an element, write-allocate not counted), median of 7."""
    from bench._triad import triad, with_threads

    a, b, c = np.zeros(size), np.ones(size), np.full(size, 2.0)
    times = []
    with with_threads(threads):
        triad(a, b, c, 3.0)
        for _ in range(7):
            start = time.perf_counter()
            triad(a, b, c, 3.0)
            times.append(time.perf_counter() - start)
    return 24 * size / statistics.median(times) / 1e9
