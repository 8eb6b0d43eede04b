"""WebSocket streams: one loop for all dialects, which say what they hear and what they tell.

A price that changed is told at once, one that stands still after its dialect's own interval.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

from truenav.simulator.faults import STREAM_KINDS
from truenav.simulator.numbers import exact
from truenav.simulator.protocol import ENCODE, Call

Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]
Send = Callable[[Message], Awaitable[None]]

TICK_SECONDS = 1.0
"""How often prices are looked at when nobody changed one by hand: a moving clock moves them, too."""

GARBAGE = "<html>502 Bad Gateway</html>"
DROPPED = 1011


@dataclass(frozen=True, slots=True)
class News:
    """One thing that a stream may tell: when ``price`` changed, or every ``seconds`` (0: whenever named)."""

    name: str
    price: object
    seconds: float
    payload: object


class Dialect(Protocol):
    """One client's subscriptions in one venue's words."""

    def hear(self, call: Call, text: str) -> list[str | bytes]:
        """Answers to what the client sent."""
        ...

    def news(self, call: Call) -> Iterable[News]:
        """Everything that the client subscribed to, as it stands now."""
        ...


class _EndedError(Exception):
    """The stream is over, on either side."""


@dataclass(slots=True)
class Stream:
    """One open connection. ``call`` is the request that opened it; its instants are renewed each time."""

    call: Call
    dialect: Dialect
    receive: Receive
    send: Send
    told: dict[str, tuple[object, float]] = field(default_factory=dict)
    stalled: bool = False

    async def run(self) -> None:
        """Tell what there is to tell until either side leaves."""
        await self.receive()  # websocket.connect
        await self.send({"type": "websocket.accept"})
        heard = asyncio.create_task(self.receive())
        try:
            with self.call.world.bell.heard() as rung:
                while True:
                    heard = await self._answer(heard)
                    await self._tell()
                    await self._wait(heard, rung)
        except _EndedError:
            pass
        finally:
            heard.cancel()

    async def _wait(self, heard: asyncio.Task[Message], rung: asyncio.Event) -> None:
        ring = asyncio.create_task(rung.wait())
        await asyncio.wait({heard, ring}, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        ring.cancel()
        rung.clear()

    async def _answer(self, heard: asyncio.Task[Message]) -> asyncio.Task[Message]:
        """Answer everything that has arrived; gives the task that waits for what comes next."""
        while heard.done():
            message = heard.result()
            if message["type"] == "websocket.disconnect":
                raise _EndedError
            text = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
            for answer in self.dialect.hear(self._now(), text):
                await self._say(answer)
            heard = asyncio.create_task(self.receive())
            await asyncio.sleep(0)
        return heard

    async def _tell(self) -> None:
        now = asyncio.get_running_loop().time()
        with exact():
            news = list(self.dialect.news(self._now()))
        for one in news:
            price, at = self.told.get(one.name, (None, 0.0))
            if price != one.price or now - at >= one.seconds:
                self.told[one.name] = (one.price, now)
                await self._say(ENCODE(one.payload))

    async def _say(self, text: str | bytes) -> None:
        call = self.call
        for fault in call.world.faults.strike(call.venue, call.path, "", STREAM_KINDS):
            if fault.kind == "drop":
                with suppress(Exception):
                    await self.send({"type": "websocket.close", "code": DROPPED})
                raise _EndedError
            if fault.kind == "garbage":
                text = GARBAGE
            if fault.kind == "partial":
                text = text[: len(text) // 2]
            self.stalled = self.stalled or fault.kind == "stall"
        if self.stalled:
            return
        try:
            await self.send(
                {"type": "websocket.send", "text": text if isinstance(text, str) else text.decode()}
            )
        except Exception as error:  # the server's own refusal to write to a client that left
            raise _EndedError from error

    def _now(self) -> Call:
        world = self.call.world
        at = world.now()
        skew = timedelta(milliseconds=world.faults.skew(self.call.venue))
        return replace(self.call, at=at, server_time=at + skew)


async def refuse(receive: Receive, send: Send) -> None:
    """Refuse the handshake: no venue listens at this address, or a fault keeps it from it."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
