"""What a statement is printed from: a run with its inputs, its trail, and the NAVs before it.

Everything is read as it stood when the run reached its present state, so that a statement printed again
is the same bytes, whatever was restated, opened or explained since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

import msgspec

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.nav.archived import read_inputs, read_result
from truenav.app.proof.signer import tenant_signer
from truenav.app.proof.signing import fingerprint_of
from truenav.calc.nav.model import FundNav, NavInputs, NavResult
from truenav.core.ids import NodeId, Sha256
from truenav.core.money import parse_decimal
from truenav.store import issues, runs, users
from truenav.store.blobs import BlobStore
from truenav.store.database import Session
from truenav.store.issues import Issue
from truenav.store.runs import Run, RunEvent, RunState

MOST_POINTS = 400
_FINAL = (RunState.PUBLISHED, RunState.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class PastNav:
    """A NAV that was in force: of the fund in USD, per unit of each class in the class's currency."""

    as_of: datetime
    nav_usd: Decimal
    per_unit: Mapping[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """One run with all that is printed of it.

    ``history``: the NAVs before it, oldest first. ``issues``: data issues of its accounts and instruments
    that were open. ``people``: names by user id. ``key``: fingerprint of the signing key, once published.
    """

    run: Run
    inputs: NavInputs
    result: NavResult
    events: tuple[RunEvent, ...]
    history: tuple[PastNav, ...]
    issues: tuple[Issue, ...]
    people: Mapping[str, str]
    key: str | None

    @property
    def is_final(self) -> bool:
        """Whether the NAV is published and not replaced by a restatement."""
        return self.run.state is RunState.PUBLISHED


def read_subject(session: Session, house: House, principal: Principal, run: Run) -> Subject:
    """Read all of a calculated run; ``RunConflictError`` while it is collecting."""
    blobs = house.blobs(principal.tenant)
    inputs, result = _decoded(_Calculated(run.inputs_sha, run.result_sha, run, blobs))
    events = runs.events(session, run.id)
    until = _settled_at(events)
    return Subject(
        run=run,
        inputs=inputs,
        result=result,
        events=events,
        history=_history(session, blobs, run, until),
        issues=_issues_open_at(session, inputs, until),
        people={user.id: user.name for user in users.list_users(session)},
        key=fingerprint_of(tenant_signer(session, house).public_key) if run.bundle_sha else None,
    )


@dataclass(frozen=True, slots=True)
class _Calculated:
    """A run's archived inputs and result, which never change: where they lie is no part of what they are."""

    inputs: Sha256 | None
    result: Sha256 | None
    run: Run = field(compare=False)
    blobs: BlobStore = field(compare=False)


@lru_cache(maxsize=2)
def _decoded(calculated: _Calculated) -> tuple[NavInputs, NavResult]:
    """Inputs and result; the last ones are kept, since one run is printed for many readers."""
    return read_inputs(calculated.blobs, calculated.run), read_result(calculated.blobs, calculated.run)


def forget_runs() -> None:
    """Decode the next run again, as a process does that has just begun."""
    _decoded.cache_clear()


def past_nav(fund: FundNav) -> PastNav:
    """The history's point of a fund's NAV."""
    classes = {str(one.share_class): one.nav_per_unit_currency for one in fund.classes}
    return PastNav(fund.as_of, fund.nav_usd, classes)


def _settled_at(events: tuple[RunEvent, ...]) -> datetime:
    """When the run was published, else when it last moved; a later restatement changes nothing."""
    published = [event.at for event in events if event.state is RunState.PUBLISHED]
    return published[0] if published else events[-1].at


def _history(session: Session, blobs: BlobStore, run: Run, until: datetime) -> tuple[PastNav, ...]:
    earlier = runs.list_runs(session, fund=run.fund, states=_FINAL, before=run.as_of, limit=MOST_POINTS)
    in_force = [one for one in earlier if _was_in_force(session, one, until)]
    points = [_read_past(blobs, one) for one in in_force]
    return tuple(sorted(points, key=lambda point: point.as_of))


def _was_in_force(session: Session, run: Run, at: datetime) -> bool:
    """Whether a run was published by ``at`` and not superseded yet; its last change is its last step."""
    if run.state is RunState.PUBLISHED:
        return run.updated_at <= at
    return run.updated_at > at and _settled_at(runs.events(session, run.id)) <= at


def _issues_open_at(session: Session, inputs: NavInputs, at: datetime) -> tuple[Issue, ...]:
    places = {account.id for account in inputs.accounts} | {one.id for one in inputs.instruments}
    return tuple(
        issue
        for issue in issues.list_issues(session, None)
        if issue.subject in places
        and issue.opened_at <= at
        and (issue.closed_at is None or issue.closed_at > at)
    )


class _PastClass(msgspec.Struct):
    share_class: str
    nav_per_unit_currency: str | None


class _PastFund(msgspec.Struct):
    fund: str
    nav_usd: str
    classes: list[_PastClass]


class _PastResult(msgspec.Struct):
    funds: list[_PastFund]


@dataclass(frozen=True, slots=True)
class _Archived:
    """A fund in an archived result, which never changes: where it lies is no part of what it is."""

    result: Sha256
    fund: NodeId
    blobs: BlobStore = field(compare=False)


def _read_past(blobs: BlobStore, run: Run) -> PastNav:
    assert run.result_sha is not None, "a published run has a result"
    nav, classes = _figures_of(_Archived(run.result_sha, run.fund, blobs))
    return PastNav(run.as_of, nav, dict(classes))


@lru_cache(maxsize=8 * MOST_POINTS)
def _figures_of(archived: _Archived) -> tuple[Decimal, tuple[tuple[str, Decimal | None], ...]]:
    """The few figures of a result that a history needs."""
    read = msgspec.json.decode(archived.blobs.read(archived.result), type=_PastResult)
    found = next(one for one in read.funds if one.fund == archived.fund)
    classes = tuple((one.share_class, _number(one.nav_per_unit_currency)) for one in found.classes)
    return parse_decimal(found.nav_usd), classes


def _number(text: str | None) -> Decimal | None:
    return None if text is None else parse_decimal(text)
