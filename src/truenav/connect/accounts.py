"""Following one account's private stream: what it tells is a signal that the account is to be gathered.

Whoever takes the signals gathers by requests. There is one after each connecting, too: what happened while
the stream was down is never assumed to be nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from websockets.asyncio.client import ClientConnection

from truenav.connect.contract import (
    CLOCK_FOLLOWED,
    AccountStream,
    ClockedConnector,
    Connector,
    Credentials,
    Heard,
    Payload,
)
from truenav.connect.errors import ClockSkewError, KeyForbiddenError, KeyRevokedError
from truenav.connect.limits import Sleep
from truenav.connect.streaming import Line, StreamState, stream_evidence, stream_url
from truenav.connect.transport import Transport
from truenav.core.clock import Clock

OPENED = "opened"
REFUSED = "refused"
"""Signals of the line itself: it stands and may have missed something; the venue refused the key."""

Signal = Callable[[str, Payload | None], None]
"""Takes what changed, and the message that told it where one did."""
Keys = Callable[[], Awaitable[Credentials]]
"""Fetches the account's key for one log-in; it is forgotten after it."""


class AccountLine(Line):
    """One private stream of one account; ``signal`` gets its news as they come."""

    def __init__(
        self,
        source: Connector,
        stream: AccountStream,
        api: Transport,
        *,
        keys: Keys,
        signal: Signal,
        clock: Clock,
        seed: int,
        private_hosts: Collection[str] = (),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(
            source,
            stream.plan,
            clock=clock,
            seed=seed,
            private_hosts=private_hosts,
            base_url=api.base_url,
            sleep=sleep,
        )
        self._stream = stream
        self._api = api
        self._keys = keys
        self._signal = signal

    async def _follow(self) -> None:
        try:
            entry = await self._stream.enter(self._api, await self._keys())
            base = self._base_url or self.source.manifest.streams[self.plan.stream]
            async with await self._opening(stream_url(base, entry.path)) as connection:
                for text in entry.hello:
                    await connection.send(text)
                if entry.standing:
                    self._stand()
                del entry
                await self._listen(connection)
        except (KeyRevokedError, KeyForbiddenError):
            self._signal(REFUSED, None)
            raise
        except ClockSkewError:
            await self._follow_clock()
            raise

    async def _listen(self, connection: ClientConnection) -> None:
        """Hear message after message, and renew the log-in when it is time."""
        loop = asyncio.get_running_loop()
        renewed_at = loop.time()
        hearing = asyncio.create_task(self._hear(connection))
        try:
            while True:
                # Not cancelled by a renewal: silence is counted from the last message on.
                await asyncio.wait([hearing], timeout=renewed_at + self._stream.renewal - loop.time())
                if loop.time() >= renewed_at + self._stream.renewal:
                    for text in await self._stream.renew(self._api, await self._keys()):
                        await connection.send(text)
                    renewed_at = loop.time()
                elif hearing.done():
                    message = hearing.result()
                    hearing = asyncio.create_task(self._hear(connection))
                    await self._understand(connection, message)
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _understand(self, connection: ClientConnection, message: bytes) -> None:
        """Answer one message, and tell what is news in it."""
        heard = Heard() if self._pong and message == self._pong else self._stream.hear(message)
        for text in heard.say:
            await connection.send(text)
        if heard.standing and self.health.state is not StreamState.STANDING:
            self._stand()
        if heard.news:
            at = self._clock.now()
            evidence = stream_evidence(self, message, asked_at=at, answered_at=at, account=self._api.account)
            self._signal(heard.news, Payload(evidence, message))

    async def _follow_clock(self) -> None:
        """Log in by the venue's time from now on, as far as requests would follow it."""
        if isinstance(self.source, ClockedConnector):
            offset = await self.source.clock_offset(self._api)
            if abs(offset) <= CLOCK_FOLLOWED:
                self._api.gate.clock_offset = offset

    def _stand(self) -> None:
        self._become(StreamState.STANDING)
        self._signal(OPENED, None)
