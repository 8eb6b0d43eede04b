"""A desk's acceptor: keeps what it sent, repeats what is asked for, and fails where it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from truenav.connect.otc.fix.wire import Message, Reader, stamp, written
from truenav.simulator.times import VirtualClock

US, THEM, USER, PASSWORD = "FUND", "DESK", "fund-user", "fund-password"
ADMIN = {"0", "1", "2", "3", "4", "5", "A"}
Fields = list[tuple[int, str]]


def report(id: str, side: str, quantity: str, price: str, **more: str) -> tuple[str, Fields]:
    """An execution report of a spot trade in BTC/USD; ``more`` are tags, as in ``t150``."""
    given = {
        "t37": f"order-{id}",
        "t11": "otc-0001",
        "t17": id,
        "t150": "F",
        "t39": "2",
        "t55": "BTC/USD",
        "t54": side,
        "t32": quantity,
        "t31": price,
        "t60": "20261120-08:30:00.250",
    }
    given.update(more)
    return "8", [(int(tag[1:]), value) for tag, value in given.items() if value]


class Desk:
    """What the desk has for us, what it has sent, and how it misbehaves."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.waiting: list[tuple[str, Fields]] = []
        self.sent: dict[int, tuple[str, Fields]] = {}
        self.outgoing, self.incoming = 1, 1
        self.lose: set[int] = set()
        self.garble: set[int] = set()
        self.twice: set[int] = set()
        self.close_after = 0
        self.reset_at: int | None = None
        self.silent = False
        self.asked: list[Message] = []
        self.port = 0

    async def serve(self, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader = Reader(stream)
        with suppress(ConnectionError):
            while True:
                message = await reader.next()
                self.asked.append(message)
                if not await self._answer(message, writer):
                    break
        writer.close()

    async def _answer(self, message: Message, writer: asyncio.StreamWriter) -> bool:
        if message.kind == "4":
            self.incoming = int(message.get(36))
            return True
        if message.number < self.incoming:
            text = f"MsgSeqNum too low, expecting {self.incoming} but received {message.number}"
            self._send(writer, "5", [(58, text)])
            return False
        gap = message.number > self.incoming
        if message.kind == "A":
            if (message.get(553), message.get(554)) != (USER, PASSWORD):
                self._send(writer, "5", [(58, "Invalid username or password")])
                return False
            self._send(writer, "A", [(98, "0"), (108, message.get(108))])
            self._flush(writer)
        if gap:
            self._send(writer, "2", [(7, str(self.incoming)), (16, "0")])
            if message.kind != "A":
                return True
        self.incoming = message.number + 1 if not gap else self.incoming
        if message.kind == "1" and not self.silent:
            self._send(writer, "0", [(112, message.get(112))])
        if message.kind == "2":
            self._repeat(writer, int(message.get(7)), int(message.get(16)))
        if message.kind == "5":
            self._send(writer, "5", [])
            return False
        if self.close_after and self.outgoing > self.close_after:
            self.close_after = 0
            return False
        return True

    def _flush(self, writer: asyncio.StreamWriter) -> None:
        if self.reset_at is not None:
            self._write(writer, "4", self.outgoing, [(123, "N"), (36, str(self.reset_at))])
            self.outgoing, self.reset_at = self.reset_at, None
        for kind, fields in self.waiting:
            self._send(writer, kind, fields)
        self.waiting.clear()

    def _send(self, writer: asyncio.StreamWriter, kind: str, fields: Fields) -> None:
        number = self.outgoing
        self.outgoing += 1
        self.sent[number] = (kind, fields)
        if number in self.lose:
            self.lose.discard(number)
            return
        self._write(writer, kind, number, fields, broken=number in self.garble)
        self.garble.discard(number)
        if number in self.twice:
            self._write(writer, kind, number, [(43, "Y"), *fields])

    def _write(
        self, writer: asyncio.StreamWriter, kind: str, number: int, fields: Fields, *, broken: bool = False
    ) -> None:
        raw = written(kind, number, THEM, US, self.clock.now(), fields)
        writer.write(raw.replace(b"\x0132=", b"\x0132=9", 1) if broken else raw)

    def _repeat(self, writer: asyncio.StreamWriter, begin: int, end: int) -> None:
        """Business messages again, runs of others as one filled gap."""
        last, fill = end or self.outgoing - 1, 0
        for number in range(begin, last + 1):
            kind, fields = self.sent.get(number, ("0", []))
            if kind in ADMIN:
                fill = fill or number
                continue
            self._fill(writer, fill, number)
            fill = 0
            again: Fields = [(43, "Y"), (122, stamp(self.clock.now()))]
            self._write(writer, kind, number, [*again, *fields])
        self._fill(writer, fill, last + 1)

    def _fill(self, writer: asyncio.StreamWriter, begin: int, following: int) -> None:
        if begin:
            self._write(writer, "4", begin, [(43, "Y"), (123, "Y"), (36, str(following))])


@asynccontextmanager
async def open_desk(clock: VirtualClock) -> AsyncIterator[Desk]:
    desk = Desk(clock)
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0)
    desk.port = server.sockets[0].getsockname()[1]
    try:
        yield desk
    finally:
        server.close()
