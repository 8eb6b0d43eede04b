"""Forms of NAV runs on the wire."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import StringConstraints

from truenav.app.http.models import Answer, Body, Instant, Slug
from truenav.app.http.records import Record
from truenav.app.nav.runs import Restatement
from truenav.calc.nav.judge import LineDifference
from truenav.calc.nav.model import ClassNav, Coverage, FundNav, NavBridge, NavLine, NavResult, Reconciled
from truenav.core.failure import Failure
from truenav.store.runs import Run, RunEvent, RunState

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class StrikeBody(Body):
    """The fund, and the valuation time; without one the NAV is live and gathers first."""

    fund: Slug
    as_of: Instant | None = None


class ApproveBody(Body):
    """What was seen: ``result_sha`` is the SHA-256 of the result's bytes."""

    result_sha: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    note: Note = ""


class RejectBody(Body):
    """Why the NAV is wrong."""

    reason: Sentence


class RunAnswer(Answer):
    """A NAV run. ``restates`` is the run that it replaces once it is published."""

    id: str
    fund: str
    as_of: Instant
    known_at: Instant
    state: RunState
    quality: str | None
    created_by: str
    created_at: Instant
    updated_at: Instant
    approved_by: str | None
    published_by: str | None
    restates: str | None
    result_sha: str | None
    bundle_sha: str | None
    failure: str | None
    version: int

    @classmethod
    def of(cls, run: Run) -> Self:
        """A run as the API shows it."""
        return cls.model_validate(run)


class StruckAnswer(Answer):
    """A run that was opened, and the job that will calculate it (absent: one waits already)."""

    run: RunAnswer
    job: str | None


class RunEventAnswer(Answer):
    """One step of a run: who brought it to which state, when and why."""

    version: int
    at: Instant
    actor: str
    state: RunState
    note: str

    @classmethod
    def of(cls, event: RunEvent) -> Self:
        """A step as the API shows it."""
        return cls.model_validate(event)


class NavLineAnswer(Answer):
    """One line of one fund; each hash in ``evidence`` is at ``/api/v1/evidence/{sha256}``."""

    fund: str
    line: Record[NavLine]


class ReconciledAnswer(Answer):
    """One comparison of one fund: opening and facts against closing."""

    fund: str
    row: Record[Reconciled]


class FundBridge(Answer):
    """How a fund's NAV came from the one before; absent on a first NAV."""

    fund: str
    bridge: Record[NavBridge] | None

    @classmethod
    def of(cls, fund: FundNav) -> Self:
        """A fund's bridge as the API shows it."""
        return cls(fund=fund.fund, bridge=fund.bridge)


class FundClass(Answer):
    """One share class of one fund."""

    fund: str
    values: Record[ClassNav]


class FundCoverage(Answer):
    """How well one fund's value is observed."""

    fund: str
    coverage: Record[Coverage]


class CoverageAnswer(Answer):
    """How good a NAV is: coverage of the whole and of each fund, and everything that is missing."""

    quality: str
    coverage: Record[Coverage]
    funds: list[FundCoverage]
    failures: list[Record[Failure]]
    breaks: int

    @classmethod
    def of(cls, result: NavResult) -> Self:
        """A result's coverage as the API shows it."""
        return cls(
            quality=result.quality,
            coverage=result.coverage,
            funds=[FundCoverage(fund=one.fund, coverage=one.coverage) for one in result.funds],
            failures=list(result.failures),
            breaks=result.breaks,
        )


class DifferencesAnswer(Answer):
    """What a restatement changes, line by line."""

    old: RunAnswer
    new: RunAnswer
    lines: list[Record[LineDifference]]

    @classmethod
    def of(cls, found: Restatement) -> Self:
        """A restatement as the API shows it."""
        return cls(old=RunAnswer.of(found.old), new=RunAnswer.of(found.new), lines=list(found.lines))


class SigningKeyAnswer(Answer):
    """The Ed25519 key that signs the tenant's bundles; give it, or its fingerprint, to who verifies."""

    algorithm: str
    public_key: str
    fingerprint: str
