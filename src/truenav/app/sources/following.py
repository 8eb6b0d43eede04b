"""One followed account: whatever its private streams tell has it gathered at once.

Facts come from requests alone, so that ids, pages and the proofs of completeness stay what they are. A
message is kept as evidence and is a signal. So is each connecting: what happened while the streams were down
is never taken for nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from truenav.app.house import House
from truenav.app.sources.connections import stored_key
from truenav.app.sources.freshness import BEAT_SECONDS, BELIEVED, show_feed
from truenav.app.sources.gather import gather
from truenav.app.sources.jobs import GATHERED_BY, tell_parts
from truenav.app.sources.model import Connection
from truenav.app.sources.opening import open_source
from truenav.connect.accounts import AccountLine
from truenav.connect.contract import AccountStreamingConnector, Credentials, Payload, joined
from truenav.connect.errors import KeyRevokedError
from truenav.connect.streaming import MarketHealth, StreamState, market_health
from truenav.connect.transport import Network
from truenav.core.account import Account
from truenav.core.failure import TruenavError
from truenav.core.ids import TenantId
from truenav.store import evidence

LEAST_SECONDS = 1.5
"""An account is gathered at once, and then not more often than this, however much it tells."""
SPARING = 2
"""Gathering takes at most one second in three: after a long one the next waits so many times as long."""
SPARED = 0.5
"""This share of a venue's slow budgets is left to strikes and to people who gather by hand."""
ECHO_SECONDS = 5.0
"""What a stream tells, a venue's histories may show a little later: after the last news all is read again."""
LOOK_SECONDS = 0.2
MOST_KEPT = 8 * 1024 * 1024
"""Bytes of messages that wait for a gathering; more are written down before it comes."""

_WAITS = (
    "What the venue told is not gathered yet: half of its budgets is used, or other accounts come first. "
    "Gather less often by schedule, or wait."
)

_log = structlog.get_logger("truenav.following")


@dataclass(slots=True)
class _News:
    """What the streams told since the last gathering, by stream.

    ``since`` is when the oldest of it was told of which no gathering has come to its end.
    """

    told: asyncio.Event = field(default_factory=asyncio.Event)
    kept: dict[int, list[Payload]] = field(default_factory=dict)
    size: int = 0
    since: float | None = None

    def take(self, stream: int, news: str, message: Payload | None) -> None:
        del news
        if message is not None:
            self.kept.setdefault(stream, []).append(message)
            self.size += len(message.body)
        if self.since is None:
            self.since = time.monotonic()
        self.told.set()

    def messages(self) -> list[Payload]:
        """What was told, one payload a stream; it is kept here no more."""
        kept, self.kept, self.size = self.kept, {}, 0
        return [joined(messages) for messages in kept.values()]

    def taken(self) -> list[Payload]:
        """The messages, for a gathering that begins: from now on nothing was told."""
        self.told.clear()
        return self.messages()

    def gathered(self, began: float) -> None:
        """A gathering that began then has come to its end."""
        self.since = began if self.told.is_set() else None


class FollowedAccount:
    """Follows the streams of one connection, and has its account gathered when they tell something.

    ``network`` is shared with other accounts; so is ``gathering``, in whose threads accounts are gathered.
    """

    def __init__(
        self,
        house: House,
        tenant: TenantId,
        connection: Connection,
        account: Account,
        *,
        network: Network,
        gathering: Executor,
    ) -> None:
        self._house = house
        self._tenant = tenant
        self._connection = connection
        self._account = account
        self._gathering = gathering
        self._news = _News()
        source, base_url = open_source(connection)
        assert isinstance(source, AccountStreamingConnector)
        self._api = network.transport(source, _keep, account=account.id, base_url=base_url)
        self._lines = self._open(source)

    @property
    def health(self) -> MarketHealth | None:
        """How its streams do, the worst of them counting; None where it has none.

        Streams that stand make no account fresh whose news nobody has gathered for long.
        """
        found, since = market_health([line.health for line in self._lines]), self._news.since
        waits = since is not None and time.monotonic() - since > BELIEVED.total_seconds()
        if found is None or found.state is not StreamState.STANDING or not waits:
            return found
        return replace(found, state=StreamState.CONNECTING, trouble=_WAITS)

    def _open(self, source: AccountStreamingConnector) -> tuple[AccountLine, ...]:
        return tuple(
            AccountLine(
                source,
                stream,
                self._api,
                keys=self._keys,
                signal=partial(self._news.take, number),
                clock=self._house.clock,
                seed=_seed(self._tenant, self._connection.id, str(number)),
                private_hosts=self._house.settings.private_hosts,
            )
            for number, stream in enumerate(source.account_streams(self._account))
        )

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for line in self._lines:
                tasks.create_task(line.run())
            tasks.create_task(self._keep_fresh())
            tasks.create_task(self._keep_shown())
            tasks.create_task(self._keep_small())

    async def _keys(self) -> Credentials:
        """The key as it is stored now; it is kept for one log-in."""
        return await asyncio.to_thread(self._read_key)

    def _read_key(self) -> Credentials:
        with self._house.database.transaction(self._tenant) as session:
            found = stored_key(session, self._house, self._connection)
        if found is None:
            raise KeyRevokedError(f"{self._connection.id}: no key is stored for it; give it one.")
        return found

    async def _keep_fresh(self) -> None:
        """Gather whenever something was told, and once more when it has been quiet for a moment."""
        loop = asyncio.get_running_loop()
        echo = False
        while True:
            try:
                async with asyncio.timeout(ECHO_SECONDS if echo else None):
                    await self._news.told.wait()
                echo = True
            except TimeoutError:
                echo = False
            while self._api.gate.spare() < SPARED:
                await asyncio.sleep(LOOK_SECONDS)
            began = time.monotonic()
            try:
                await loop.run_in_executor(self._gathering, self._gather, self._news.taken())
            except TruenavError as error:
                _log.warning("account not gathered", account=self._account.id, reason=error.message)
                echo = True
            else:
                self._news.gathered(began)
            took = time.monotonic() - began
            await asyncio.sleep(max(LEAST_SECONDS - took, SPARING * took))

    def _gather(self, messages: Sequence[Payload]) -> None:
        """Keep the messages, as evidence of why it was gathered; then gather, and tell how that went."""
        self._write_down(messages)
        outcomes = gather(self._house, self._tenant, accounts=frozenset((self._account.id,)), prices=False)
        with self._house.database.transaction(self._tenant) as session:
            tell_parts(session, GATHERED_BY, outcomes, at=self._house.clock.now())

    def _write_down(self, messages: Sequence[Payload]) -> None:
        if messages:
            blobs = self._house.blobs(self._tenant)
            for message in messages:
                blobs.write(message.body)
            with self._house.database.transaction(self._tenant) as session:
                evidence.note_many(session, [message.evidence for message in messages])

    async def _keep_small(self) -> None:
        """Write messages down before they are many, however long the next gathering has to wait."""
        while True:
            if self._news.size > MOST_KEPT:
                try:
                    await asyncio.to_thread(self._write_down, self._news.messages())
                except TruenavError as error:
                    _log.warning("messages not kept", account=self._account.id, reason=error.message)
            await asyncio.sleep(LOOK_SECONDS)

    async def _keep_shown(self) -> None:
        """Write down how the streams do when it changes, and again and again, so that it is believed."""
        shown: tuple[StreamState, int] | None = None
        at = 0.0
        while True:
            found = self.health
            if found is not None and (
                shown != (found.state, found.reconnects) or time.monotonic() - at > BEAT_SECONDS
            ):
                await asyncio.to_thread(self._show, found)
                shown, at = (found.state, found.reconnects), time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)

    def _show(self, health: MarketHealth) -> None:
        try:
            with self._house.database.transaction(self._tenant) as session:
                show_feed(session, self._connection.id, health, at=self._house.clock.now())
        except TruenavError as error:
            _log.warning("stream not shown", connection=self._connection.id, reason=error.message)


async def _keep(payload: Payload) -> None:
    """What is said to open a stream (an answer with the venue's clock) states nothing of an account."""
    del payload


def _seed(*names: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest()[:4])
