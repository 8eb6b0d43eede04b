"""Forms of sources, reconciliations and transfers on the wire."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from truenav.app.http.models import Answer, Body, Instant, Number, Slug
from truenav.app.reconciliation.service import Completeness, ReconciledRow, Source, TransferRow
from truenav.app.sources.freshness import Freshness
from truenav.app.sources.health import SourceState
from truenav.app.sources.schemas import Hash, Reason
from truenav.calc.ledger.breaks import BreakKind
from truenav.calc.ledger.completeness import ReconciliationStatus
from truenav.core.account import AccountKind


class SourceAnswer(Answer):
    """An account as a source; ``connector`` to ``freshness`` are null where files alone feed it.

    ``freshness``: whether it is read as it changes or when it is gathered. ``checked_at``: up to when every
    wallet was judged. ``open_issues``: windows and transfers that do not add up.
    """

    account: str
    name: str
    venue: str
    kind: AccountKind
    connector: str | None
    grade: str | None
    state: SourceState | None
    freshness: Freshness | None
    synced_at: Instant | None
    checked_at: Instant | None
    open_issues: int
    completeness: Completeness

    @classmethod
    def of(cls, source: Source) -> Self:
        """A source as the API shows it."""
        return cls.model_validate(source)


class ReconciliationRowAnswer(Answer):
    """One asset or contract of one wallet: ``opening + facts = closing``, else what makes the difference.

    ``broken`` of the ``windows`` between its snapshots do not add up; ``cause`` and ``explanation`` are of
    the first of them. ``evidence``: content hashes of the facts that show it.
    """

    account: str
    wallet: str
    subject: str
    is_position: bool
    status: ReconciliationStatus
    opening_at: Instant | None
    opening: Number | None
    facts: Number
    closing: Number | None
    closing_at: Instant | None
    difference: Number | None
    fact_count: int
    windows: int
    broken: int
    cause: BreakKind | None
    explanation: str
    evidence: list[str]

    @classmethod
    def of(cls, row: ReconciledRow) -> Self:
        """A row as the API shows it."""
        return cls.model_validate(row)


class TransferAnswer(Answer):
    """A transfer between own accounts, or a leg without its other one; ``sent`` and ``received`` are facts.

    ``status``: ``internal`` as both facts say, ``own_transfer`` where one is called external,
    ``unmatched_transfer``, or ``ambiguous_transfer``. ``lost`` is what arrived less than was sent.
    """

    status: str
    by: str | None
    asset: str
    sent: str | None
    sent_from: str | None
    sent_at: Instant | None
    sent_amount: Number | None
    received: str | None
    received_in: str | None
    received_at: Instant | None
    received_amount: Number | None
    seconds: Number | None
    lost: Number | None

    @classmethod
    def of(cls, row: TransferRow) -> Self:
        """A row as the API shows it."""
        return cls.model_validate(row)


class ReconcileBody(Body):
    """Which accounts a worker judges from their first snapshot on; absent: all of them."""

    accounts: Annotated[list[Slug], Field(min_length=1, max_length=500)] | None = None


class ConfirmTransferBody(Body):
    """The two facts of one transfer between own accounts, by content hash, and why they are one."""

    sent: Hash
    received: Hash
    reason: Reason
