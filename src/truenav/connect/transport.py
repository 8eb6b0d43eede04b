"""Asking a venue: signed or public reads with budgets, bounded retries, and every answer archived first.

What writes to a venue is sent once (``Transport.send`` with ``repeatable=False``). Secrets live in the signer
only: the recorded request has the parameters as they were before signing, and no header.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx

from truenav.connect.asking import Endpoint, Outgoing, Params, Prepare, Signed, Signer, never
from truenav.connect.contract import (
    CLOCK_FOLLOWED,
    Archive,
    ClockedConnector,
    Connector,
    Manifest,
    Payload,
    Record,
    joined,
)
from truenav.connect.errors import (
    ClockSkewError,
    KeyRevokedError,
    MalformedPayloadError,
    RateLimitedError,
    VenueError,
    VenueStoppedError,
    VenueUnavailableError,
)
from truenav.connect.guard import GuardedTransport, venue_address
from truenav.connect.limits import LONGEST_WAIT, Monotonic, Sleep, VenueGate, real_monotonic
from truenav.connect.spending import OwnSpending, SharedSpending, Spending
from truenav.core.clock import Clock, SystemClock
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import Sha256

ATTEMPTS = 4
FIRST_PAUSE = 0.25
TIME_OUT = httpx.Timeout(20.0, connect=5.0)
POOLS = 4
CONNECTIONS_A_POOL = 8
"""A pool's bookkeeping grows with the square of its connections, so there are several small ones; requests
beyond them wait before the pools, in order."""
MAX_ANSWER = 64 * 1024 * 1024
DEFAULT_BAN = 120.0
PARTS = "local:parts"
"""Name of the note on a joined answer: the hashes of the answers that it is made of."""

Judge = Callable[[int, bytes], VenueError | None]
"""``Connector.refusal``."""


@dataclass(slots=True)
class Counter:
    """Requests sent and weight spent."""

    requests: int = 0
    weight: int = 0


class Network:
    """Connection pools and gates shared by all transports of a process; open one per gathering round."""

    def __init__(
        self,
        clients: Sequence[httpx.AsyncClient],
        *,
        clock: Clock,
        seed: int,
        sleep: Sleep = asyncio.sleep,
        monotonic: Monotonic = real_monotonic,
        limits: Path | None = None,
        private_hosts: Collection[str] = (),
    ) -> None:
        self.clock = clock
        self.private_hosts = private_hosts
        self.rng = random.Random(seed)  # noqa: S311 - spreads retries, guards nothing
        self.sleep = sleep
        self.slots: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for client in (*clients,) * CONNECTIONS_A_POOL:
            self.slots.put_nowait(client)
        self._monotonic = monotonic
        self._limits = limits
        self._gates: dict[tuple[str, str], VenueGate] = {}

    def transport(
        self,
        connector: Connector,
        archive: Archive,
        *,
        account: str = "",
        base_url: str | None = None,
        record: Record | None = None,
    ) -> Transport:
        """A transport to one venue for one account; ``base_url`` replaces all the venue's hosts.

        ``record`` takes long histories part by part; without it they are given whole.
        """
        manifest = connector.manifest
        hosts = {name: (base_url or url).rstrip("/") for name, url in manifest.hosts.items()}
        place = (manifest.name, base_url or "")
        gate = self._gates.get(place) or self._gate(manifest, *place)
        self._gates[place] = gate
        return Transport(self, connector, hosts, gate, archive, account, base_url, record)

    def _gate(self, manifest: Manifest, *place: str) -> VenueGate:
        spending: Spending = OwnSpending(self._monotonic)
        if self._limits is not None:
            spending = SharedSpending(
                self._limits / hashlib.sha256("\0".join(place).encode()).hexdigest()[:32]
            )
        return VenueGate(
            manifest.name,
            manifest.budgets,
            monotonic=self._monotonic,
            sleep=self.sleep,
            spending=spending,
        )


@asynccontextmanager
async def open_network(
    *, seed: int, private_hosts: Collection[str] = (), clock: Clock | None = None, limits: Path | None = None
) -> AsyncIterator[Network]:
    """A network with pools of its own, closed at the end. Redirects are not followed.

    Only hosts of the open internet are asked, and ``private_hosts`` (names or addresses, lower case) wherever
    they lead; another raises ``VenueNotAllowedError`` as it is connected to. Whoever gives the same folder of
    ``limits`` shares the venues' budgets and rests; without one they are this network's own.
    """
    bounds = httpx.Limits(max_connections=CONNECTIONS_A_POOL, max_keepalive_connections=CONNECTIONS_A_POOL)
    trust = httpx.create_ssl_context()
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    timeout=TIME_OUT,
                    transport=GuardedTransport(trust=trust, limits=bounds, allowed=private_hosts),
                    follow_redirects=False,
                )
            )
            for _ in range(POOLS)
        ]
        yield Network(
            clients, clock=clock or SystemClock(), seed=seed, limits=limits, private_hosts=private_hosts
        )


class Transport:
    """Reads from one venue for one account."""

    def __init__(
        self,
        network: Network,
        connector: Connector,
        hosts: Mapping[str, str],
        gate: VenueGate,
        archive: Archive,
        account: str,
        base_url: str | None = None,
        record: Record | None = None,
    ) -> None:
        self.manifest = connector.manifest
        self.account = account
        self.base_url = base_url
        self.record = record
        self.gate = gate
        self.counter = Counter()
        self._network = network
        self._hosts = hosts
        self._archive = archive
        self._connector = connector

    def now(self) -> datetime:
        """The present instant of the network's clock."""
        return self._network.clock.now()

    async def connect(self, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of bytes, for a venue that does not speak HTTP; with TLS where its host has ``https``.

        Judged as requests are. Raises ``VenueNotAllowedError`` or ``VenueUnavailableError``.
        """
        parts = urlsplit(self._hosts[host])
        name, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        try:
            async with asyncio.timeout(TIME_OUT.connect):
                address = await venue_address(name, port, allowed=self._network.private_hosts)
                self.counter.requests += 1
                return await asyncio.open_connection(
                    address, port, ssl=secure or None, server_hostname=name if secure else None
                )
        except (OSError, TimeoutError) as error:
            raise VenueUnavailableError(
                f"{self.manifest.title} did not answer at {name}:{port} ({type(error).__name__}); it is "
                "tried again at the next gathering. Check the network and the address."
            ) from error

    async def get(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str] | None = None,
        *,
        signer: Signer | None = None,
    ) -> Payload:
        """Ask once, and again where that can help; the answer is archived before it is given back.

        Raises a ``VenueError``: unavailable, rate limited, stopped, malformed, or what the judge says.
        """
        given: Params = tuple((params or {}).items())
        url = self._hosts[endpoint.host] + endpoint.path

        def prepare(now: datetime) -> Outgoing:
            signed = signer("GET", endpoint.path, given, now) if signer else Signed(urlencode(given), {})
            full = f"{url}?{signed.query}" if signed.query else url
            return Outgoing("GET", full, url, given, signed.headers)

        return await self.send(
            endpoint.name,
            endpoint.path,
            prepare,
            budget=endpoint.budget,
            weight=endpoint.weight,
            repeatable=True,
        )

    async def send(
        self,
        endpoint: str,
        path: str,
        prepare: Prepare,
        *,
        budget: str,
        weight: int = 1,
        repeatable: bool,
        judge: Judge | None = None,
        secret: Callable[[bytes], bool] = never,
    ) -> Payload:
        """Send what ``prepare`` makes, again only where it is ``repeatable``; ``path`` names it in messages.

        ``judge`` replaces the connector's own. An answer that holds a ``secret``, such as a session's token,
        is not archived. Raises as ``get`` does.
        """
        pause = 0.0
        followed = False
        for attempt in range(ATTEMPTS if repeatable else 1):
            if pause:
                await self._network.sleep(pause)
            await self.gate.enter(budget, weight, self.account)
            try:
                offset = self.gate.clock_offset
                judged_by = judge or self._connector.refusal
                return await self._ask(endpoint, path, prepare, weight, judged_by, secret)
            except VenueStoppedError:
                raise
            except ClockSkewError as error:
                last: VenueError = error
                if followed or not repeatable:
                    raise
                await self._follow_clock(offset, error)
                followed, pause = True, 0.0
            except RateLimitedError as error:
                last = error
                pause = 0.0
                seconds = float(str(error.context["seconds"]))
                self.gate.pause(seconds)
                if seconds > LONGEST_WAIT:
                    raise
            except (VenueUnavailableError, MalformedPayloadError) as error:
                last = error
                pause = FIRST_PAUSE * 2**attempt * (0.5 + self._network.rng.random())
        raise last

    async def _follow_clock(self, used: timedelta, error: ClockSkewError) -> None:
        """Measure the venue's clock, once however many were refused; raises where it cannot be followed."""
        async with self.gate.measuring:
            if self.gate.clock_offset != used:
                return
            if not isinstance(self._connector, ClockedConnector):
                raise error
            found = await self._connector.clock_offset(self)
            if abs(found) > CLOCK_FOLLOWED:
                raise error
            self.gate.clock_offset = found

    async def keep(self, payload: Payload) -> Payload:
        """Archive bytes that were made of answers, and give them back."""
        await self._archive(payload)
        return payload

    async def join(self, endpoint: str, payloads: Sequence[Payload]) -> Payload:
        """Answers `joined`, archived with a note of what they are made of (`PARTS`)."""
        whole = joined(payloads)
        note = (PARTS, ",".join(one.evidence.sha256 for one in payloads))
        request = replace(whole.evidence.request, params=(note,))
        return await self.keep(
            replace(whole, evidence=replace(whole.evidence, endpoint=endpoint, request=request))
        )

    async def note(self, payload: Payload, name: str, value: str) -> Payload:
        """The same answer with something learned elsewhere noted in its evidence, archived as such."""
        request = payload.evidence.request
        noted = replace(request, params=(*request.params, (name, value)))
        copy = Payload(replace(payload.evidence, request=noted), payload.body)
        await self._archive(copy)
        return copy

    async def _ask(
        self,
        endpoint: str,
        path: str,
        prepare: Prepare,
        weight: int,
        judge: Judge,
        secret: Callable[[bytes], bool],
    ) -> Payload:
        client = await self._network.slots.get()
        try:
            asked_at = self.now()
            sent = prepare(asked_at + self.gate.clock_offset)
            self._refuse_unspeakable(sent)
            self.counter.requests += 1
            self.counter.weight += weight
            response = await client.request(
                sent.method, sent.url, headers=dict(sent.headers), content=sent.body
            )
        except httpx.HTTPError as error:
            self.gate.failed(f"{path} was not answered ({type(error).__name__})")
            raise VenueUnavailableError(
                f"{self.manifest.title} did not answer {path} ({type(error).__name__}); it is tried again at "
                "the next gathering. Check the network and the venue's status page."
            ) from None
        finally:
            self._network.slots.put_nowait(client)
        payload = self._payload(endpoint, sent, asked_at, response)
        if not secret(payload.body):
            await self._archive(payload)
        self._refuse(path, response, payload.body, judge)
        self.gate.succeeded()
        return payload

    def _refuse_unspeakable(self, sent: Outgoing) -> None:
        """A header has plain letters alone: anything else is in the key, as a person entered it."""
        if not all(value.isascii() and value.isprintable() for value in sent.headers.values()):
            raise KeyRevokedError(
                f"{self.manifest.title} cannot be asked with this key: it holds a character that no key has, "
                "such as a line break or a letter that only looks like a plain one. Copy it again."
            )

    def _payload(
        self, endpoint: str, sent: Outgoing, asked_at: datetime, response: httpx.Response
    ) -> Payload:
        body = response.content
        return Payload(
            Evidence(
                sha256=Sha256(hashlib.sha256(body).hexdigest()),
                size=len(body),
                connector=self.manifest.name,
                connector_version=self.manifest.version,
                endpoint=endpoint,
                account=self.account,
                request=Request(sent.method, sent.shown, sent.params),
                asked_at=asked_at,
                answered_at=self.now(),
                status=response.status_code,
            ),
            body,
        )

    def _refuse(self, path: str, response: httpx.Response, body: bytes, judge: Judge) -> None:
        """Turn an answer that is no answer into the refusal that names it."""
        status, venue = response.status_code, self.manifest.title
        if status == 418:
            seconds = _retry_after(response, self.now()) or DEFAULT_BAN
            self.gate.ban(seconds)
            raise VenueStoppedError(
                f"{venue} has banned this address (HTTP 418 at {path}); it rests {seconds:.0f} s.",
                seconds=int(seconds),
            )
        if status == 429:
            seconds = _retry_after(response, self.now()) or 1.0
            raise RateLimitedError(
                f"{venue} answered 429 at {path} and asks for {seconds:.0f} s of patience.", seconds=seconds
            )
        if status >= 500:
            self.gate.failed(f"{path} was answered {status}")
            raise VenueUnavailableError(f"{venue} answered {status} at {path}; it is tried again later.")
        if len(body) > MAX_ANSWER:
            raise MalformedPayloadError(f"{venue} {path}: {len(body)} bytes are more than is read.")
        if 300 <= status < 400:
            raise MalformedPayloadError(
                f"{venue} {path}: a redirect came instead of an answer; check the connection's base URL."
            )
        error = judge(status, body)
        if isinstance(error, VenueStoppedError):
            self.gate.ban(float(str(error.context["seconds"])))
        if error is not None:
            raise type(error)(f"{venue} {path}: {error.message}", **error.context)


def _retry_after(response: httpx.Response, now: datetime) -> float | None:
    """Seconds of the Retry-After header, which holds seconds or a date; None where it holds neither.

    Kraken Futures calls it rate-limit-reset.
    """
    headers = response.headers
    text = (headers.get("retry-after") or headers.get("rate-limit-reset", "")).strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
