"""Forms of connections, gathering, imports, entries, facts and issues on the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from truenav.app.http.models import Answer, Body, Instant, Number, ShortText, Slug
from truenav.app.http.records import Record
from truenav.app.sources.connections import CheckedConnection
from truenav.app.sources.model import Connection
from truenav.app.sources.tiers import ToldTiers
from truenav.connect.contract import Credentials, KeyCheck
from truenav.core import facts
from truenav.core.evidence import Evidence
from truenav.core.facts import RecordedFact
from truenav.core.ids import AccountId, ConnectionId, Sha256
from truenav.core.leverage import LeverageTiers
from truenav.store.issues import Issue, IssueState
from truenav.store.progress import TaskProgress, TaskState

Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
"""A SHA-256 as 64 hexadecimal digits."""

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""Why, and where it can be checked."""

_KeyPart = Annotated[str, StringConstraints(max_length=4096)]


class KeyBody(Body):
    """A venue's key; kept encrypted and never shown again."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    secret: _KeyPart = ""
    passphrase: _KeyPart = ""

    def credentials(self) -> Credentials:
        """The key as connectors take it."""
        return Credentials(self.key, self.secret, self.passphrase)


class ConnectionBody(Body):
    """How an account, or a public price source (no ``account``), is read.

    ``since``: from when on history is read. ``base_url`` absent: the venue's own address. ``settings``: JSON
    text that completes a connector which serves many, as a custodian's REST mapping; no secret belongs in it.
    """

    connector: ShortText
    account: Slug | None = None
    since: Instant
    base_url: Annotated[str, StringConstraints(pattern="^https?://[!-~]+$", max_length=500)] | None = None
    enabled: bool = True
    settings: Annotated[str, StringConstraints(max_length=65_536)] = ""
    key: KeyBody | None = None

    def connection(self, id: str) -> Connection:
        """The connection without its key."""
        account = None if self.account is None else AccountId(self.account)
        return Connection(
            id=ConnectionId(id),
            connector=self.connector,
            account=account,
            since=self.since,
            base_url=self.base_url,
            enabled=self.enabled,
            settings=self.settings,
        )


class KeyCheckAnswer(Answer):
    """What the venue says of a key; ``clock_offset_seconds`` is the venue's clock less ours."""

    read: str
    trade: str
    withdraw: str
    clock_offset_seconds: Number
    account_types: list[str]
    identity: str

    @classmethod
    def of(cls, check: KeyCheck) -> Self:
        """A check as the API shows it."""
        return cls(
            read=check.read,
            trade=check.trade,
            withdraw=check.withdraw,
            clock_offset_seconds=Decimal(str(check.clock_offset.total_seconds())),
            account_types=list(check.account_types),
            identity=check.identity,
        )


class CheckedAnswer(Answer):
    """A connection, what its venue says of its key (absent: it has none), and what to look at."""

    connection: Record[Connection]
    check: KeyCheckAnswer | None
    notes: list[str]

    @classmethod
    def of(cls, checked: CheckedConnection) -> Self:
        """A checked connection as the API shows it."""
        check = None if checked.check is None else KeyCheckAnswer.of(checked.check)
        return cls(connection=checked.connection, check=check, notes=list(checked.notes))


class GatherBody(Body):
    """Which accounts to read now, besides every price source; absent: all of them."""

    accounts: Annotated[list[Slug], Field(min_length=1, max_length=500)] | None = None


class PartAnswer(Answer):
    """One account's progress in a job that gathers it; ``error`` says why it could not be read."""

    account: str
    state: TaskState
    done: int
    total: int | None
    message: str
    error: str | None
    updated_at: Instant

    @classmethod
    def of(cls, part: TaskProgress) -> Self:
        """A stored part as the API shows it."""
        return cls(
            account=part.subject,
            state=part.state,
            done=part.done,
            total=part.total,
            message=part.message,
            error=part.error,
            updated_at=part.updated_at,
        )


class EntryBody(Body):
    """What a person states. ``supersedes`` makes it a correction of that fact; a ``void`` takes it back.

    ``external_id`` is the entry's own identity (absent: a new one). ``account`` is needed only where the
    statement names neither fund nor node itself.
    """

    body: Record[facts.Body]
    occurred_at: Instant
    reason: Reason
    external_id: ShortText | None = None
    account: ShortText | None = None
    supersedes: Hash | None = None


class FactAnswer(Answer):
    """A recorded fact; ``evidence`` is the SHA-256 of the payload it was read from."""

    content_hash: str
    kind: str
    source: str
    account: str
    external_id: str
    occurred_at: Instant
    recorded_at: Instant
    body: Record[facts.Body]
    evidence: str
    supersedes: str | None

    @classmethod
    def of(cls, recorded: RecordedFact) -> Self:
        """A fact as the API shows it."""
        fact = recorded.fact
        return cls(
            content_hash=fact.content_hash,
            kind=fact.kind,
            source=fact.source,
            account=fact.account,
            external_id=fact.external_id,
            occurred_at=fact.occurred_at,
            recorded_at=recorded.recorded_at,
            body=fact.body,
            evidence=fact.evidence,
            supersedes=fact.supersedes,
        )


class EvidenceAnswer(Answer):
    """A payload and each time that it was received."""

    sha256: str
    size: int
    received: list[Record[Evidence]]

    @classmethod
    def of(cls, sha256: Sha256, received: tuple[Evidence, ...]) -> Self:
        """Evidence as the API shows it."""
        return cls(sha256=sha256, size=received[0].size, received=list(received))


class IssueAnswer(Answer):
    """Something that does not fit together; a blocking one keeps a NAV of its subject from publication."""

    id: str
    kind: str
    subject: str
    message: str
    mend: str
    detail: str
    blocking: bool
    state: IssueState
    opened_at: Instant
    closed_at: Instant | None
    closed_by: str | None
    explanation: str | None

    @classmethod
    def of(cls, issue: Issue) -> Self:
        """An issue as the API shows it."""
        return cls.model_validate(issue)


class SettleBody(Body):
    """Why an issue is closed."""

    explanation: Reason


class TiersAnswer(Answer):
    """A contract's leverage tiers, when they were told, and the payload that tells them."""

    tiers: Record[LeverageTiers]
    told_at: Instant
    evidence: Hash

    @classmethod
    def of(cls, told: ToldTiers) -> Self:
        """As it is told."""
        return cls(tiers=told.tiers, told_at=told.told_at, evidence=told.evidence)
