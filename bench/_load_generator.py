"""Readers and open pages of many users, in a process of its own.

``python -m bench._load_generator SECONDS``; standard input: an object of ``host port funds rate changed
people``, of which ``rate`` is reads a second, ``changed`` the fund that is changed every two seconds, or
null, and a person the session's token and what it sends with a change; standard output: one JSON object of
figures.

Requests come at a fixed rate whether or not earlier ones were answered, and count from when they were due, so
that a server that falls behind is not flattered.
"""

from __future__ import annotations

import asyncio
import collections
import json
import random
import sys
import time
from datetime import UTC, datetime
from typing import Any

STREAMS = 200
SECONDS_PER_WRITE = 2
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


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Person = tuple[str, str]


class Crowd:
    """Users with their sessions, and what became of what they asked.

    It speaks HTTP/1.1 by itself: a client library would take more of the two cores than the server.
    """

    def __init__(
        self, host: str, port: int, funds: list[str], rate: int, changed: str | None, people: list[Person]
    ) -> None:
        self._address = host, port
        self._people = people
        self._paths = [f"/api/v1{path.format(fund=fund)}" for fund in funds for path in READS]
        self._funds = funds
        self._rate = rate
        self._changed = changed
        self._dice = random.Random(7)
        self._idle: list[Connection] = []
        self.told = 0
        self.open = 0
        self.ended = 0
        self.statuses: collections.Counter[str] = collections.Counter()
        self.times: list[float] = []
        self.writes: list[float] = []
        self.pushes: list[float] = []
        self._written: collections.deque[float] = collections.deque()

    async def follow(self, number: int) -> None:
        """One open page: its events, or the rows of its pivot; opened anew where it is told to."""
        fund = self._funds[number // 2 % len(self._funds)]
        path = "/api/v1/events" if number % 2 else f"/api/v1/explore/{fund}/changes"
        while True:
            reader, writer = await asyncio.open_connection(*self._address)
            try:
                status, _ = await self._ask(reader, writer, path, self._people[number % len(self._people)])
                if status != 200:
                    self.statuses[f"stream {status}"] += 1
                    await asyncio.sleep(1)
                    continue
                self.open += 1
                try:
                    while line := await reader.readline():
                        self.told += line.startswith(b"event: ")
                        self.ended += line == b"event: end\n"
                        if number == 1 and b'"fact"' in line and self._written:
                            self.pushes.append(time.perf_counter() - self._written.popleft())
                finally:
                    self.open -= 1
            finally:
                writer.close()

    async def read(self, due: float) -> None:
        """One request of one user."""
        path, person = self._dice.choice(self._paths), self._dice.choice(self._people)
        used = bool(self._idle)
        reader, writer = self._idle.pop() if used else await asyncio.open_connection(*self._address)
        try:
            status, headers = await self._ask(reader, writer, path, person)
            await reader.readexactly(int(headers.get("content-length", "0")))
        except (OSError, EOFError) as error:
            writer.close()
            if used:  # the server closes what lay idle for long; then one asks again
                self._idle.clear()
                await self.read(due)
            else:
                self.statuses[type(error).__name__] += 1
            return
        self.times.append(time.perf_counter() - due)
        unsaid = status == 429 and "retry-after" not in headers
        self.statuses["429 without Retry-After" if unsaid else str(status)] += 1
        self._idle.append((reader, writer))

    async def write(self, due: float) -> None:
        """One manual item of one user, of which every open page is told; every fund is valued anew."""
        reader, writer = await asyncio.open_connection(*self._address)
        item: dict[str, Any] = {"is": "manual_item", "node": self._changed, "kind": "receivable"}
        item |= {"amount": {"number": "1", "asset": "iso4217:USD"}, "reason": "bench"}
        body = json.dumps({"body": item, "occurred_at": datetime.now(UTC).isoformat(), "reason": "bench"})
        self._written.append(due)
        status, _ = await self._ask(reader, writer, "/api/v1/entries", self._dice.choice(self._people), body)
        writer.close()
        self.writes.append(time.perf_counter() - due)
        self.statuses[f"write {status}"] += 1

    async def _ask(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        path: str,
        person: Person,
        body: str | None = None,
    ) -> tuple[int, dict[str, str]]:
        """Send a request, a change where there is a ``body``; gives status and headers of the answer."""
        token, proof = person
        lines = [f"Host: {self._address[0]}", f"Cookie: {COOKIE}={token}"]
        if body is not None:
            lines += [f"X-Truenav-CSRF: {proof}", "Content-Type: application/json"]
            lines += [
                f"Content-Length: {len(body)}",
                f"Idempotency-Key: load-{time.perf_counter_ns()}",
            ]
        method, head = "GET" if body is None else "POST", "\r\n".join(lines)
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n\r\n{body or ''}".encode())
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        return int(first.split()[1]), {name.lower(): value for name, _, value in pairs}

    async def at_a_rate(self, seconds: float) -> None:
        """Requests at the fixed rate."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(seconds * self._rate)):
                due = began + number / self._rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.create_task(self.read(due))
                if self._changed is not None and number % (SECONDS_PER_WRITE * self._rate) == 0:
                    tasks.create_task(self.write(due))

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
        writes, self.writes = self.writes, []
        pushes, self.pushes = self.pushes, []
        shares = {f"p{share}": times[min(len(times) - 1, len(times) * share // 100)] for share in (50, 99)}
        slowest = {"write": max(writes, default=None), "push": max(pushes, default=None)}
        return {"requests": len(times), "statuses": statuses, "pushes": len(pushes), **shares, **slowest}


async def run(seconds: float, given: dict[str, Any]) -> dict[str, Any]:
    crowd = Crowd(**given)
    pages = [asyncio.create_task(crowd.follow(number)) for number in range(STREAMS)]
    while crowd.open < STREAMS:
        await asyncio.sleep(0.1)
    await crowd.at_a_rate(2)  # the first figures of each kind are made once
    crowd.figures()
    before = crowd.told
    await crowd.at_a_rate(seconds)
    steady = {
        **crowd.figures(),
        "told": crowd.told - before,
        "ended": crowd.ended,
        "streams": crowd.open,
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
