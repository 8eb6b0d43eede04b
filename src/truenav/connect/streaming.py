"""Following one stream of a venue: connect, subscribe, listen; when it breaks or falls silent, again.

Messages of prices are parsed by the connector's own pure parsers, with their evidence, as answers to requests
are. After each connecting what is followed is read once by request, so that nothing that changed meanwhile is
missed.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from truenav.connect.contract import Connector, ParseContext, Parsed, Payload, StreamPlan
from truenav.connect.errors import (
    KeyForbiddenError,
    KeyRevokedError,
    MalformedPayloadError,
    VenueError,
    VenueUnavailableError,
)
from truenav.connect.guard import venue_address
from truenav.connect.limits import Sleep
from truenav.connect.registry import parse
from truenav.core.clock import Clock
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import Sha256

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
SETTLED_SECONDS = 10.0
"""A stream that stood so long begins anew with the shortest pause."""
REFUSED_PAUSE = 60.0
"""A key that is not accepted is not tried more often."""

OPEN_TIMEOUT = 5.0
CLOSE_TIMEOUT = 1.0
MAX_MESSAGE = 8 * 1024 * 1024
"""Bytes of a message, also of one that was compressed."""
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""What zlib calls a gzip stream with the largest window."""
SWITCHING_PROTOCOLS = 101

_QUIET = logging.getLogger("truenav.wire")
_QUIET.setLevel(logging.WARNING)
"""What is said to a venue may hold a key; a library that logs every word at its lowest level does not."""

Take = Callable[[Payload, Parsed], None]
"""Gets a message as it came, and what it states."""
CatchUp = Callable[[], Awaitable[None]]


class StreamState(StrEnum):
    """Whether a stream tells what happens now."""

    CONNECTING = "connecting"
    STANDING = "standing"
    BROKEN = "broken"


@dataclass(slots=True)
class StreamHealth:
    """How a stream does. ``since`` is when its state began; ``trouble`` why it broke last."""

    state: StreamState
    since: datetime
    last_message_at: datetime | None = None
    messages: int = 0
    reconnects: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class MarketHealth:
    """How the streams of one venue do, the worst of them counting.

    ``since`` is when the state began, ``trouble`` why a stream broke last.
    """

    state: StreamState
    since: datetime
    last_message_at: datetime | None
    reconnects: int
    trouble: str


def market_health(streams: Sequence[StreamHealth]) -> MarketHealth | None:
    """The streams of one venue judged together; None where there is none."""
    if not streams:
        return None
    worst = min(streams, key=lambda one: _RANK[one.state])
    heard = [one.last_message_at for one in streams if one.last_message_at is not None]
    return MarketHealth(
        state=worst.state,
        since=max(one.since for one in streams if one.state is worst.state),
        last_message_at=max(heard, default=None),
        reconnects=sum(one.reconnects for one in streams),
        trouble=worst.trouble,
    )


_RANK: Mapping[StreamState, int] = {
    StreamState.BROKEN: 0,
    StreamState.CONNECTING: 1,
    StreamState.STANDING: 2,
}


class _NoRedirect(connect):
    """A redirect could lead anywhere, so none is followed."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class Line:
    """One WebSocket of a venue. ``run`` follows it until cancelled; ``health`` tells how it does.

    It is opened anew, after pauses that grow, whenever it breaks or falls silent. ``base_url`` replaces the
    venue's own host and ``private_hosts`` may lead to a private network, as for requests.
    """

    def __init__(
        self,
        source: Connector,
        plan: StreamPlan,
        *,
        clock: Clock,
        seed: int,
        private_hosts: Collection[str] = (),
        base_url: str | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.plan = plan
        self.health = StreamHealth(StreamState.CONNECTING, clock.now())
        self.url = stream_url(base_url or source.manifest.streams[plan.stream], plan.path)
        self._pong = plan.pong.encode()
        self.source = source
        self._clock = clock
        self._private_hosts = private_hosts
        self._base_url = base_url
        self._rng = random.Random(seed)  # noqa: S311 - spreads retries, guards nothing
        self._sleep = sleep

    async def run(self) -> None:
        """Follow the stream; a fault of the venue is never raised."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            least = 0.0
            try:
                await self._follow()
            except (VenueError, WebSocketException, OSError) as error:
                trouble = (
                    error.message if isinstance(error, VenueError) else f"{type(error).__name__}: {error}"
                )
                self._become(StreamState.BROKEN, trouble)
                least = REFUSED_PAUSE if isinstance(error, KeyRevokedError | KeyForbiddenError) else 0.0
            failures = 1 if loop.time() - began > SETTLED_SECONDS else failures + 1
            pause = max(least, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)))
            await self._sleep(pause * (0.5 + self._rng.random()))
            self.health.reconnects += 1

    async def _follow(self) -> None:
        """One connection, from its opening to its end, which is always a refusal."""
        raise NotImplementedError

    async def _opening(self, url: str) -> connect:
        """The connection to be opened: its address is judged as for requests, TLS still asks for the name."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        address = await venue_address(parts.hostname or "", port, allowed=self._private_hosts)
        return _NoRedirect(
            url,
            host=address,
            proxy=None,
            open_timeout=OPEN_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            max_size=MAX_MESSAGE,
            user_agent_header="truenav",
            logger=_QUIET,
        )

    async def _hear(self, connection: ClientConnection) -> bytes:
        """The next message; silence beyond the plan's is refused, after a ping where the venue knows one."""
        pings = bool(self.plan.ping)
        for last in (False, True) if pings else (True,):
            try:
                # Not `wait_for`, which forgets that it was cancelled where a message comes at that moment.
                async with asyncio.timeout(self.plan.silence / (2 if pings else 1)):
                    message = await connection.recv(decode=False)
                    self.health.messages += 1
                    self.health.last_message_at = self._clock.now()
                    return unpacked(message)
            except TimeoutError:
                if not last:
                    await connection.send(self.plan.ping)
        raise VenueUnavailableError(
            f"{self.source.manifest.title} said nothing on its stream for {self.plan.silence:.0f} s; "
            "it is opened anew."
        )

    def _become(self, state: StreamState, trouble: str = "") -> None:
        self.health.state, self.health.since = state, self._clock.now()
        self.health.trouble = trouble or self.health.trouble


class MarketStream(Line):
    """A stream of public prices: ``take`` gets what each message states, ``catch_up`` reads by request."""

    def __init__(
        self,
        source: Connector,
        plan: StreamPlan,
        context: ParseContext,
        *,
        take: Take,
        catch_up: CatchUp,
        clock: Clock,
        seed: int,
        private_hosts: Collection[str] = (),
        base_url: str | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(
            source,
            plan,
            clock=clock,
            seed=seed,
            private_hosts=private_hosts,
            base_url=base_url,
            sleep=sleep,
        )
        self._context = context
        self._take = take
        self._catch_up = catch_up

    async def _follow(self) -> None:
        async with await self._opening(self.url) as connection:
            opened_at = self._clock.now()
            for text in self.plan.hello:
                await connection.send(text)
            await self._catch_up()
            while True:
                message = await self._hear(connection)
                if answer := self.plan.answer(message):
                    await connection.send(answer)
                payload = self._payload(message, opened_at)
                stated = Parsed() if message == self._pong else self._read(payload)
                if self.health.state is not StreamState.STANDING:
                    self._become(StreamState.STANDING)
                self._take(payload, stated)

    def _payload(self, message: bytes, opened_at: datetime) -> Payload:
        evidence = stream_evidence(self, message, asked_at=opened_at, answered_at=self._clock.now())
        return Payload(evidence, message)

    def _read(self, payload: Payload) -> Parsed:
        return parse(payload.evidence, payload.body, self._context)


def unpacked(message: bytes) -> bytes:
    """A message as it was before a venue compressed it by gzip; any other as it is.

    What is kept and parsed is the message itself, as of requests. Raises ``MalformedPayloadError`` where it
    is cut short or larger than any message may be.
    """
    if not message.startswith(_GZIP):
        return message
    stream = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = stream.decompress(message, MAX_MESSAGE)
    except zlib.error as error:
        raise MalformedPayloadError(f"a compressed message of a stream is broken: {error}") from error
    if not stream.eof:
        raise MalformedPayloadError(
            f"a compressed message of a stream is cut short or larger than {MAX_MESSAGE} bytes."
        )
    return text


def stream_evidence(
    line: Line, body: bytes, *, asked_at: datetime, answered_at: datetime, account: str = ""
) -> Evidence:
    """Where what a stream told comes from; nothing that was said to the venue is in it."""
    manifest = line.source.manifest
    return Evidence(
        sha256=Sha256(hashlib.sha256(body).hexdigest()),
        size=len(body),
        connector=manifest.name,
        connector_version=manifest.version,
        endpoint=line.plan.endpoint,
        account=account,
        request=Request("GET", line.url),
        asked_at=asked_at,
        answered_at=answered_at,
        status=SWITCHING_PROTOCOLS,
    )


def stream_url(base: str, path: str) -> str:
    """The address of a stream below a base URL; that of a host for requests serves, too."""
    scheme, separator, rest = base.rstrip("/").partition("://")
    secure = {"https": "wss", "http": "ws", "wss": "wss", "ws": "ws"}.get(scheme.lower())
    if not separator or secure is None:
        raise MalformedPayloadError(f"{base[:60]!r} is no address of a stream; it begins with wss or https.")
    return f"{secure}://{rest}{path}"
