"""The life of a NAV run: collecting, calculated, approved, published; and its restatements.

Each step is one transaction with its audit entry inside. Collecting and calculating may be done again at
any time, since facts are idempotent and a calculation is a pure function of recorded inputs; so a run that
was killed goes on where it stood.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.app.nav.archived import read_inputs, read_result
from truenav.app.nav.inputs import (
    accounts_below,
    assemble_inputs,
    evidence_of,
    oldest_snapshot_at,
    refuse_instant,
)
from truenav.calc.nav.judge import LineDifference, differences, publishable
from truenav.calc.nav.model import NavInputs, NavResult
from truenav.calc.nav.strike import strike_nav
from truenav.core.canonical import canonical_json
from truenav.core.clock import as_utc
from truenav.core.failure import ConflictError, Failure, InvalidInputError
from truenav.core.ids import AccountId, NodeId, RunId, TenantId
from truenav.store import audit, issues, runs
from truenav.store.commit_points import commit_point
from truenav.store.database import Session, notify
from truenav.store.queue import run_lock
from truenav.store.runs import Run, RunState

if TYPE_CHECKING:
    from truenav.app.sources.gather import Outcome
    from truenav.connect.contract import ProgressReport

LIVE = "live"
AS_RECORDED = "as recorded"


class NotPublishableError(ConflictError):
    """The NAV is not good enough to be final."""

    code = "not-publishable"
    title = "This NAV cannot be published"


class PayloadChangedError(ConflictError):
    """What was approved is not what stands there."""

    code = "payload-changed"
    title = "The result changed since it was read"


@dataclass(frozen=True, slots=True)
class Restatement:
    """A restated NAV beside the one it replaces."""

    old: Run
    new: Run
    lines: tuple[LineDifference, ...]


def start_run(
    session: Session, house: House, principal: Principal, fund: NodeId, *, as_of: datetime | None = None
) -> Run:
    """Open a run in state *collecting*; ``advance_run`` (here, or a worker's job) does the rest.

    ``as_of`` None: a live NAV; its valuation time is the end of its collecting. A past ``as_of`` is computed
    from what was recorded, without gathering.
    """
    authorize(principal, "nav:strike", Resource(principal.tenant, "fund", fund))
    now = house.clock.now()
    at = as_utc(as_of, what="as-of") if as_of else now
    refuse_instant(at, now)
    accounts_below(session, fund)  # refuses a fund that does not exist
    run = runs.create(
        session, _run_id(fund, at), fund=fund, as_of=at, known_at=now, by=principal.user, at=now
    )
    note = AS_RECORDED if as_of else LIVE
    run = runs.advance(session, run, RunState.COLLECTING, by=principal.user, at=now, note=note)
    _told(session, principal.user, "nav.started", run, now, {"mode": note})
    return run


def advance_run(
    house: House,
    tenant: TenantId,
    run_id: RunId,
    *,
    reuse_seconds: int | None = None,
    report: ProgressReport | None = None,
    gathered: Callable[[Collection[Outcome]], None] = lambda _: None,
) -> Run:
    """Bring a run from *collecting* to *calculated*, whoever left it; one worker at a time.

    ``report`` hears every step of the gathering, ``gathered`` how each account ended.
    """
    with run_lock(house.database, tenant, run_id):
        with house.database.transaction(tenant) as session:
            run = runs.get(session, run_id)
            live = any(event.note == LIVE for event in runs.events(session, run_id))
            accounts = accounts_below(session, run.fund)
        if run.state is not RunState.COLLECTING:
            return run
        missing: tuple[Failure, ...] = ()
        if live and not _is_fresh(house, tenant, accounts, reuse_seconds):
            from truenav.app.sources.gather import gather, unread  # loads the HTTP client
            from truenav.connect.contract import silent

            outcomes = gather(house, tenant, accounts=accounts, report=report or silent)
            gathered(outcomes)
            missing = unread(outcomes)
        commit_point("nav.collected")
        return _calculate(house, tenant, run, missing, live=live)


def _is_fresh(
    house: House, tenant: TenantId, accounts: frozenset[AccountId], reuse_seconds: int | None
) -> bool:
    if reuse_seconds is None:
        return False
    with house.database.transaction(tenant) as session:
        oldest = oldest_snapshot_at(session, house, tenant, accounts)
    return oldest is not None and (house.clock.now() - oldest).total_seconds() <= reuse_seconds


def _calculate(house: House, tenant: TenantId, run: Run, missing: tuple[Failure, ...], *, live: bool) -> Run:
    now = house.clock.now()
    as_of = now if live else run.as_of
    with house.database.transaction(tenant, snapshot=True) as session:
        inputs = assemble_inputs(session, house, tenant, run.fund, as_of=as_of, known_at=now, unread=missing)
    result = strike_nav(inputs)
    blobs = house.blobs(tenant)
    inputs_sha, result_sha = blobs.write(canonical_json(inputs)), blobs.write(canonical_json(result))
    with house.database.transaction(tenant) as session:
        run = runs.advance(
            session,
            run,
            RunState.CALCULATED,
            by=run.created_by,
            at=now,
            note=result.quality,
            as_of=as_of,
            known_at=now,
            quality=result.quality,
            inputs_sha=inputs_sha,
            result_sha=result_sha,
        )
        _told(session, run.created_by, "nav.calculated", run, now, {"result": result_sha})
    commit_point("nav.calculated")
    return run


def approve(
    session: Session, house: House, principal: Principal, run_id: RunId, *, result_sha: str, note: str = ""
) -> Run:
    """Approve a calculated NAV that somebody else struck.

    ``result_sha`` names what the approver saw: the SHA-256 of the canonical result. If the run holds
    another one by now, nothing is approved.
    """
    run = runs.get(session, run_id)
    authorize(principal, "nav:approve", _resource(principal, run))
    if run.state is not RunState.CALCULATED:
        raise runs.RunConflictError(f"The run {run.id!r} is {run.state} and cannot become approved.")
    if result_sha != run.result_sha:
        raise PayloadChangedError(
            f"You saw result {result_sha[:16]}, but the run holds {(run.result_sha or 'none')[:16]}; "
            "read it again."
        )
    now = house.clock.now()
    run = runs.advance(
        session, run, RunState.APPROVED, by=principal.user, at=now, note=note, approved_by=principal.user
    )
    _told(session, principal.user, "nav.approved", run, now, {"note": note, "result": result_sha})
    commit_point("nav.approved")
    return run


def reject(session: Session, house: House, principal: Principal, run_id: RunId, *, reason: str) -> Run:
    """Refuse a NAV for good, with the reason; a new run takes its place."""
    if not reason.strip():
        raise InvalidInputError("A rejection needs a reason; say what is wrong.")
    run = runs.get(session, run_id)
    authorize(principal, "nav:approve", _resource(principal, run))
    if run.state not in runs.UNFINISHED:
        raise runs.RunConflictError(f"The run {run.id!r} is {run.state} and cannot become rejected.")
    now = house.clock.now()
    run = runs.advance(session, run, RunState.REJECTED, by=principal.user, at=now, note=reason)
    _told(session, principal.user, "nav.rejected", run, now, {"reason": reason})
    return run


def publish(session: Session, house: House, principal: Principal, run_id: RunId) -> Run:
    """Make an approved NAV final and keep its evidence bundle, which must verify first.

    Refused with ``NotPublishableError`` while it is provisional, does not reconcile, or a blocking data
    issue of one of its accounts is open.
    """
    from truenav.app.nav.bundle import Content, RunRecord, build_bundle
    from truenav.app.proof.signer import tenant_signer
    from truenav.app.proof.verify import Verdict, verify_bundle

    run = runs.get(session, run_id)
    authorize(principal, "nav:publish", _resource(principal, run))
    if run.state is not RunState.APPROVED:
        raise runs.RunConflictError(f"The run {run.id!r} is {run.state}, not approved.")
    blobs = house.blobs(principal.tenant)
    inputs, result = read_inputs(blobs, run), read_result(blobs, run)
    _refuse_unfit(session, inputs, result)
    signer = tenant_signer(session, house)
    record = RunRecord(run.id, run.created_by, run.approved_by or "", principal.user, run.restates)
    metas = evidence_of(session, inputs)
    payloads = {one.sha256: blobs.read(one.sha256) for one in metas}
    bundle = build_bundle(Content(record, inputs, result, metas, payloads), signer)
    check = verify_bundle(bundle, key=signer.public_key)
    if check.verdict is not Verdict.IDENTICAL:
        raise NotPublishableError(
            f"The evidence does not lead to this NAV: {check.difference}. Strike it again; if this stays, "
            "the archive was changed.",
            reasons=[check.difference],
        )
    bundle_sha = blobs.write(bundle)
    commit_point("nav.bundled")
    now = house.clock.now()
    if run.restates:
        old = runs.get(session, run.restates)
        runs.advance(session, old, RunState.SUPERSEDED, by=principal.user, at=now, note=run.id)
    run = runs.advance(
        session,
        run,
        RunState.PUBLISHED,
        by=principal.user,
        at=now,
        published_by=principal.user,
        bundle_sha=bundle_sha,
    )
    _told(session, principal.user, "nav.published", run, now, {"bundle": bundle_sha})
    commit_point("nav.published")
    return run


def start_restatement(session: Session, house: House, principal: Principal, run_id: RunId) -> Run:
    """Open a run that computes a published NAV again, for the same instant with what is known today."""
    authorize(principal, "nav:strike")
    old = runs.get(session, run_id)
    if old.state is not RunState.PUBLISHED:
        raise runs.RunConflictError(f"The run {old.id!r} is {old.state}; only what is published is restated.")
    now = house.clock.now()
    new = runs.create(
        session,
        _run_id(old.fund, old.as_of),
        fund=old.fund,
        as_of=old.as_of,
        known_at=now,
        by=principal.user,
        at=now,
        restates=old.id,
    )
    _told(session, principal.user, "nav.restating", new, now, {"restates": old.id})
    return new


def compare(session: Session, house: House, principal: Principal, run_id: RunId) -> Restatement:
    """A restatement and what it changes, line by line."""
    authorize(principal, "nav:read")
    new = runs.get(session, run_id)
    if new.restates is None:
        raise InvalidInputError(f"The run {run_id!r} restates no other; nothing to compare with.")
    old = runs.get(session, new.restates)
    blobs = house.blobs(principal.tenant)
    return Restatement(old, new, differences(read_result(blobs, old), read_result(blobs, new)))


def advance_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: bring the run named by ``run`` to *calculated*; each account's progress is its own."""
    from truenav.app.sources.jobs import Board  # loads the HTTP client

    board = Board(house, tenant, arguments["task"])
    advance_run(house, tenant, RunId(arguments["run"]), report=board.show, gathered=board.close)


def _refuse_unfit(session: Session, inputs: NavInputs, result: NavResult) -> None:
    reasons = list(publishable(result))
    places = {account.id for account in inputs.accounts} | {one.id for one in inputs.instruments}
    reasons += [
        f"Data issue {issue.id} is open: {issue.message}"
        for issue in issues.list_issues(session)
        if issue.blocking and issue.subject in places
    ]
    if reasons:
        more = f" And {len(reasons) - 5} more." if len(reasons) > 5 else ""
        shown = " ".join(reasons[:5])
        raise NotPublishableError(
            f"This NAV is not final. {shown}{more} Mend it and strike again.", reasons=reasons
        )


def _resource(principal: Principal, run: Run) -> Resource:
    return Resource(principal.tenant, "nav_run", run.id, maker=run.created_by)


def _told(
    session: Session, actor: str, action: str, run: Run, at: datetime, detail: Mapping[str, object]
) -> None:
    """Tell listeners, and write the audit entry last: other writers wait for it until the commit."""
    notify(session, "truenav", {"kind": action, "run": run.id, "fund": run.fund, "state": run.state})
    audit.append(session, actor=actor, action=action, subject=run.id, at=at, detail=detail)


def _run_id(fund: NodeId, at: datetime) -> RunId:
    return RunId(f"{fund}-{at:%Y%m%dt%H%M%S}-{secrets.token_hex(2)}")
