"""Readers and open pages of many users, in a process of its own.

``python -m bench._load_generator SECONDS``; standard input: ``{"base", "fund", "tokens"}``; standard output:
one JSON object of figures. Requests come at a fixed rate whether or not earlier ones were answered, and
count from when they were due, so that a server that falls behind is not flattered.
"""

from __future__ import annotations

import asyncio
import collections
import json
import random
import sys
import time
from typing import Any

import httpx

STREAMS = 200
READS_A_SECOND = 100
CROWD = 400
CROWD_SECONDS = 5.0
REST_SECONDS = 3.0
AFTERWARDS = 20
COOKIE = "truenav_session"
READS = (
    "/overview/{fund}",
    "/overview/{fund}",
    "/overview/{fund}",
    "/overview/{fund}/history",
    "/overview/{fund}/lines",
    "/nav/runs",
    "/connections",
    "/issues",
    "/nodes",
    "/me",
)


class Crowd:
    """Users with their sessions, and what became of what they asked."""

    def __init__(self, base: str, fund: str, tokens: list[str]) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx.AsyncClient(base_url=base, timeout=30, limits=limits)
        self._cookies = [{"Cookie": f"{COOKIE}={token}"} for token in tokens]
        self._paths = [f"/api/v1{path.format(fund=fund)}" for path in READS]
        self._fund = fund
        self._dice = random.Random(7)
        self.told = 0
        self.open = 0
        self.statuses: collections.Counter[str] = collections.Counter()
        self.times: list[float] = []

    async def follow(self, number: int) -> None:
        """One open page: its events, or the rows of its pivot."""
        path = "/api/v1/events" if number % 2 else f"/api/v1/explore/{self._fund}/changes"
        cookie = self._cookies[number % len(self._cookies)]
        async with self._client.stream("GET", path, headers=cookie, timeout=None) as answer:
            if answer.status_code != 200:
                self.statuses[f"stream {answer.status_code}"] += 1
                return
            self.open += 1
            async for line in answer.aiter_lines():
                self.told += line.startswith("event: ")
                if line == "event: end":
                    self.statuses["stream ended"] += 1

    async def read(self, due: float) -> None:
        """One request of one user."""
        try:
            answer = await self._client.get(
                self._dice.choice(self._paths), headers=self._dice.choice(self._cookies)
            )
        except httpx.HTTPError as error:
            self.statuses[type(error).__name__] += 1
            return
        self.times.append(time.perf_counter() - due)
        named = answer.status_code == 429 and "retry-after" not in answer.headers
        self.statuses["429 without Retry-After" if named else str(answer.status_code)] += 1

    async def at_a_rate(self, seconds: float) -> None:
        """Requests at the fixed rate."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(seconds * READS_A_SECOND)):
                due = began + number / READS_A_SECOND
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.create_task(self.read(due))

    async def all_at_once(self, seconds: float) -> None:
        """Many who ask again as soon as they are answered."""
        until = time.perf_counter() + seconds

        async def insist() -> None:
            while (now := time.perf_counter()) < until:
                await self.read(now)

        await asyncio.gather(*(insist() for _ in range(CROWD)))

    def figures(self) -> dict[str, Any]:
        """What happened since the last figures."""
        times, self.times = sorted(self.times), []
        statuses, self.statuses = dict(self.statuses), collections.Counter()
        shares = {f"p{share}": times[min(len(times) - 1, len(times) * share // 100)] for share in (50, 99)}
        return {"requests": len(times), "statuses": statuses, **shares}


async def run(seconds: float, given: dict[str, Any]) -> dict[str, Any]:
    crowd = Crowd(given["base"], given["fund"], given["tokens"])
    pages = [asyncio.create_task(crowd.follow(number)) for number in range(STREAMS)]
    while crowd.open + sum(page.done() for page in pages) < STREAMS:
        await asyncio.sleep(0.1)
    await crowd.at_a_rate(2)  # the first figures of each kind are made once
    crowd.figures()
    before = crowd.told
    await crowd.at_a_rate(seconds)
    steady = {
        **crowd.figures(),
        "told": crowd.told - before,
        "streams": sum(not page.done() for page in pages),
    }
    await crowd.all_at_once(CROWD_SECONDS)
    overload = crowd.figures()
    await asyncio.sleep(REST_SECONDS)
    for _ in range(AFTERWARDS):
        await crowd.read(time.perf_counter())
    after = crowd.figures()
    for page in pages:
        page.cancel()
    await asyncio.gather(*pages, return_exceptions=True)
    return {"steady": steady, "overload": overload, "after": after}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(float(sys.argv[1]), json.load(sys.stdin)))))
