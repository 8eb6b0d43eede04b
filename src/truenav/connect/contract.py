"""What every connector gives: a manifest, a key check, gathering, and pure parsers.

A connector fetches; its parsers state. A parser sees the evidence, the bytes and the context, nothing
else, so that the offline verifier derives the same facts from the same bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from truenav.connect.errors import KeyMayTradeError, KeyMayWithdrawError, VenueError
from truenav.connect.supplies import Supply
from truenav.core.account import Account
from truenav.core.asset import AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence
from truenav.core.facts import Fact
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentBook

if TYPE_CHECKING:
    from truenav.connect.transport import Transport


@dataclass(frozen=True, slots=True)
class Payload:
    """An answer as received: its evidence and its bytes."""

    evidence: Evidence
    body: bytes


def joined(payloads: Sequence[Payload]) -> Payload:
    """Answers that only together state something, as one: a JSON array of them, each byte as it came.

    Its evidence is the first one's, from when the first was asked for to when the last was there.
    """
    parts = [one.evidence for one in payloads]
    body = b"[" + b",".join(one.body for one in payloads) + b"]"
    evidence = replace(
        parts[0],
        sha256=Sha256(sha256_hex(body)),
        size=len(body),
        asked_at=min(one.asked_at for one in parts),
        answered_at=max(one.answered_at for one in parts),
    )
    return Payload(evidence, body)


@dataclass(frozen=True, slots=True)
class ParseContext:
    """What the house knows: assets with their aliases, and contract terms."""

    assets: AssetBook
    instruments: InstrumentBook

    def with_instruments(self, more: tuple[Instrument, ...]) -> ParseContext:
        """The same context knowing ``more`` instruments; newer terms replace older ones."""
        return ParseContext(self.assets, self.instruments.with_newest(more))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a payload that the house cannot place.

    ``subject`` is the asset code, instrument id or row; ``lost`` tells that no fact could be stated for
    it, so the cursor of its endpoint stays where it is until the problem is mended.
    """

    where: str
    message: str
    mend: str
    subject: str = ""
    kind: FailureKind | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one payload states."""

    facts: Sequence[Fact] = ()
    instruments: tuple[Instrument, ...] = ()
    problems: tuple[Problem, ...] = ()


Parser = Callable[[Evidence, bytes, ParseContext], Parsed]
Archive = Callable[[Payload], Awaitable[None]]


class Right(StrEnum):
    """What a venue says about one right of a key; unreadable is never taken for "no"."""

    YES = "yes"
    NO = "no"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A venue key. Its text never shows in a repr, a log or a payload."""

    key: str = field(repr=False)
    secret: str = field(repr=False, default="")
    passphrase: str = field(repr=False, default="")


CLOCK_ALARM = timedelta(seconds=1)
"""Offset of a venue's clock from which it is shown as an alarm."""
CLOCK_FOLLOWED = timedelta(seconds=60)
"""Offset up to which requests are signed by the venue's time; beyond it one of the clocks is broken."""


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """What a key may do, whose it is, and how far the venue's clock stands from ours.

    ``clock_offset`` is venue minus ours, positive when the venue is ahead. ``identity`` is the venue's
    own account number, empty where it tells none.
    """

    read: Right
    trade: Right
    withdraw: Right
    clock_offset: timedelta
    account_types: tuple[str, ...] = ()
    identity: str = ""
    notes: tuple[str, ...] = ()


def refuse_unsafe_key(check: KeyCheck, *, read_only: bool = True) -> tuple[str, ...]:
    """Refuse a key that may withdraw, or trade on a read-only connection; give the notes to show.

    Raises ``KeyMayWithdrawError`` or ``KeyMayTradeError``. Unreadable rights are notes, never approval.
    """
    if check.withdraw is Right.YES:
        raise KeyMayWithdrawError(
            "The key may withdraw; a key that can move assets out is never accepted. Create a key with "
            "reading only at the venue and delete this one."
        )
    if read_only and check.trade is Right.YES:
        raise KeyMayTradeError(
            "The key may trade, but this connection only reads. Create a key with reading only at the venue."
        )
    rights = {"read": check.read, "trade": check.trade, "withdraw": check.withdraw}
    notes = [
        f"The venue does not tell whether this key may {name}: unverified."
        for name, right in rights.items()
        if right is Right.UNVERIFIED
    ]
    if abs(check.clock_offset) > CLOCK_ALARM:
        notes.append(f"The venue's clock differs by {check.clock_offset.total_seconds():.3f} s; check NTP.")
    return (*notes, *check.notes)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one endpoint was read completely: the last row's id (or empty) and its instant."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of one account's gathering."""

    subject: str
    done: int
    total: int
    message: str


ProgressReport = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """A progress report that tells nobody."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything one gathering learned.

    ``cursors`` holds only those that may move: their page sets are complete. Store them in the
    transaction that stores the facts. ``failures`` names what could not be read; the facts of all other
    endpoints are here all the same. ``unfinished`` names histories that go on behind what was read.
    """

    facts: Sequence[Fact] = ()
    instruments: tuple[Instrument, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    problems: tuple[Problem, ...] = ()
    failures: tuple[Failure, ...] = ()
    cursors: Mapping[str, Cursor] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    requests: int = 0
    weight: int = 0


Record = Callable[[Gathered], Awaitable[None]]
"""Makes durable what a part of a long history stated, with its cursor; given back when it is."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``weight`` units per ``seconds``; ``per`` is ``address`` (shared by all) or ``key``."""

    name: str
    weight: int
    seconds: int
    per: str = "address"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a connector is: shown to people, and used to open its transport.

    ``hosts`` maps a host's short name to its base URL, ``streams`` that of a WebSocket; ``grade`` is gold
    where our own parsers and a contract test with recorded payloads exist, and ``supplies`` then has a row
    for each item that a venue can supply. ``more_wallets`` are such as only some accounts have or use.
    """

    name: str
    title: str
    version: str
    grade: str
    hosts: Mapping[str, str]
    budgets: tuple[Budget, ...]
    wallets: tuple[str, ...] = ()
    more_wallets: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    streams: Mapping[str, str] = field(default_factory=dict)
    supplies: tuple[Supply, ...] = ()


def unanswered(message: bytes) -> str:
    """Nothing: most venues expect no answer to what their streams of prices tell."""
    del message
    return ""


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One WebSocket of public prices: where to connect, what to say, and when silence is a fault.

    ``endpoint`` names the parser of its messages, ``stream`` its host in the manifest; ``hello`` is said
    after each connecting. A stream from which nothing came for ``silence`` seconds is taken for broken;
    where the venue answers ``ping`` with ``pong`` (both texts of messages), it is asked at half of that.
    Where the venue asks, ``answer`` says what to answer to a message; mostly nothing.
    """

    endpoint: str
    stream: str
    path: str
    hello: tuple[str, ...]
    silence: float
    ping: str = ""
    pong: str = ""
    answer: Callable[[bytes], str] = unanswered


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one connection of a private stream goes and what is said first; both may hold secrets.

    ``standing``: the venue confirms nothing, the stream stands as soon as it is open.
    """

    path: str = field(repr=False)
    hello: tuple[str, ...] = field(default=(), repr=False)
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message of a private stream means.

    ``say`` is what to answer, ``standing`` that everything is subscribed. ``news`` names what of the account
    changed; such a message is evidence, the others are talk between machines and may hold secrets.
    """

    say: tuple[str, ...] = field(default=(), repr=False)
    standing: bool = False
    news: str = ""


class AccountStream(Protocol):
    """One private stream of one account: what to say, and what is meant by what is heard.

    Its news say *that* something changed; what it is now is asked for by requests, so that ids, pages and
    the proofs of completeness stay the same. ``plan`` has the path that is shown, and no ``hello``.
    """

    @property
    def plan(self) -> StreamPlan:
        """Endpoint of what is kept, host, shown path, silence, and what is asked in a long silence."""
        ...

    @property
    def renewal(self) -> float:
        """Seconds after which ``renew`` is to be called, again and again; may be infinite."""
        ...

    async def enter(self, api: Transport, credentials: Credentials) -> Entry:
        """Begin anew, for a connection that is about to be opened; asks for a listen key where one is needed.

        Raises a ``VenueError`` as any request does.
        """
        ...

    def hear(self, message: bytes) -> Heard:
        """The meaning of one message.

        Raises ``KeyRevokedError`` and its kin where the log-in is refused, ``VenueUnavailableError`` where
        the venue ends the stream, ``MalformedPayloadError`` where a message is broken.
        """
        ...

    async def renew(self, api: Transport, credentials: Credentials) -> tuple[str, ...]:
        """Keep the log-in alive; gives what to say for it. Raises as ``enter`` does."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """What a connector is sent for: one account by its key, what is known, and how far it was read.

    Without a cursor a history is read from ``since`` on; ``history`` False asks for the present state alone.
    """

    account: Account
    credentials: Credentials
    context: ParseContext
    cursors: Mapping[str, Cursor]
    since: datetime
    history: bool = True
    progress: ProgressReport = silent


@runtime_checkable
class Connector(Protocol):
    """The least that a connector offers: what it is, and how its payloads read."""

    @property
    def manifest(self) -> Manifest:
        """Name, hosts, wallets and limits."""
        ...

    @property
    def parsers(self) -> Mapping[str, Parser]:
        """Endpoint name to pure parser; a name ends with its version, as in ``spot.account/1``."""
        ...

    def refusal(self, status: int, body: bytes) -> VenueError | None:
        """The venue's own error in an answer, as ours; None where the answer is one."""
        ...


@runtime_checkable
class ClockedConnector(Connector, Protocol):
    """A connector whose venue tells the time, by which requests are signed where ours is not accepted."""

    async def clock_offset(self, api: Transport) -> timedelta:
        """The venue's clock less ours, at the middle of one request."""
        ...


@runtime_checkable
class MarketConnector(Connector, Protocol):
    """A connector that publishes prices (and, for a venue, contract terms)."""

    async def gather_market(
        self, api: Transport, context: ParseContext, credentials: Credentials | None = None
    ) -> Gathered:
        """Instruments and quotes of the known assets, once for a venue however many accounts it has."""
        ...


@runtime_checkable
class StreamingConnector(MarketConnector, Protocol):
    """A connector whose venue tells prices as they change."""

    def market_streams(self, context: ParseContext) -> tuple[StreamPlan, ...]:
        """What to open to follow the prices of the context's instruments; nothing where it follows none."""
        ...


@runtime_checkable
class AccountConnector(MarketConnector, Protocol):
    """A connector that reads accounts; where its manifest names no wallet, any (a custodian's vaults)."""

    async def check_key(self, api: Transport, credentials: Credentials) -> KeyCheck:
        """Clock offset, rights and account types of a key; give the result to ``refuse_unsafe_key``."""
        ...

    async def gather_account(self, api: Transport, errand: Errand) -> Gathered:
        """Balances, positions and open orders, then what happened since the cursors.

        Never raises for a venue's fault: what could not be read is in ``failures``.
        """
        ...


@runtime_checkable
class AccountStreamingConnector(AccountConnector, Protocol):
    """A connector whose venue tells an account's changes as they happen."""

    def account_streams(self, account: Account) -> tuple[AccountStream, ...]:
        """What to follow of the account's wallets; nothing where the venue tells nothing of them."""
        ...


@runtime_checkable
class ConfigurableConnector(Connector, Protocol):
    """A connector that a connection completes by settings of its own: where it asks, and how that reads."""

    def configured(self, settings: str) -> AccountConnector:
        """The connector as ``settings`` complete it; raises ``InvalidInputError`` naming the place."""
        ...
