"""NAV runs: strike, read, approve, publish, restate; and the evidence behind each figure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Query, Response

from truenav.access.masking import refuse_raw
from truenav.app.exports.wire import TableQueryDep, as_table
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.downloads import attachment
from truenav.app.http.pages import Page, PageQueryDep, read_number
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import API_PREFIX, Router, requires
from truenav.app.nav import runs as service
from truenav.app.nav.archived import read_bundle, read_result, read_result_bytes
from truenav.app.nav.figures import RunFigures, run_figures
from truenav.app.nav.schemas import (
    ApproveBody,
    CoverageAnswer,
    DifferencesAnswer,
    FundBridge,
    FundClass,
    NavLineAnswer,
    ReconciledAnswer,
    RejectBody,
    RunAnswer,
    RunEventAnswer,
    SigningKeyAnswer,
    StrikeBody,
    StruckAnswer,
)
from truenav.app.proof.signer import tenant_signer
from truenav.app.proof.signing import fingerprint_of
from truenav.calc.nav.model import NavResult
from truenav.core.failure import NotFoundError
from truenav.core.ids import NodeId, RunId
from truenav.store import queue, runs
from truenav.store.database import Session
from truenav.store.runs import Run, RunState

T = TypeVar("T")

router = Router(prefix="/nav", tags=["nav"])

RunPath = Annotated[str, Path(max_length=120)]

_READ = [requires("nav:read", sight="narrowed")]
_READ_TABLE = [*_READ, Depends(as_table)]
_UNCALCULATED = refusals(409)
_SIGNED = (RunState.PUBLISHED, RunState.SUPERSEDED)


def _reached(id: RunPath, session: SessionDep, sight: SightDep) -> Run:
    """A run of a fund that the caller sees, or sees something of; any other does not exist."""
    run = runs.get(session, RunId(id))
    if not sight.reaches(run.fund):
        raise runs.not_found(run.id)
    return run


ReachedDep = Annotated[Run, Depends(_reached)]


async def _found(run: ReachedDep, sight: SightDep) -> Run:
    """A run whose fund the caller sees whole."""
    if not sight.sees(run.fund):
        raise runs.not_found(run.id)
    return run


RunDep = Annotated[Run, Depends(_found)]


async def _run_id(run: RunDep) -> RunId:
    return run.id


RunIdDep = Annotated[RunId, Depends(_run_id)]


def _calculated(run: RunDep, house: HouseDep, principal: PrincipalDep) -> NavResult:
    return read_result(house.blobs(principal.tenant), run)


ResultDep = Annotated[NavResult, Depends(_calculated)]


@router.post("/runs", status_code=202, dependencies=[requires("nav:strike", sight="narrowed")])
def strike(
    body: StrikeBody,
    response: Response,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    now: NowDep,
    sight: SightDep,
) -> StruckAnswer:
    """Strike the NAV of a fund: a worker gathers, values and computes it. ``Location`` shows the run."""
    sight.refuse(body.fund)
    run = service.start_run(session, house, principal, NodeId(body.fund), as_of=body.as_of)
    return _queued(session, run, response, at=now)


@router.get("/runs", dependencies=_READ, responses=refusals(404))
def list_runs(
    session: SessionDep,
    sight: SightDep,
    query: TableQueryDep,
    fund: Annotated[str | None, Query(max_length=64)] = None,
    state: RunState | None = None,
) -> Page[RunAnswer]:
    """Runs, newest valuation first."""
    rows = runs.list_runs(
        session,
        fund=None if fund is None else NodeId(fund),
        among=None if sight.nodes is None else sight.nodes | sight.above,
        states=() if state is None else (state,),
        after=None if query.after is None else runs.get(session, RunId(query.after)),
        limit=query.limit + 1,
    )
    return query.page(rows, key=lambda row: row.id, show=RunAnswer.of)


@router.get("/runs/{id}", dependencies=_READ)
def get_run(run: RunDep) -> RunAnswer:
    """One run."""
    return RunAnswer.of(run)


@router.get(
    "/runs/{id}/result",
    dependencies=_READ,
    response_model=Record[NavResult],
    responses=_UNCALCULATED,
)
def get_result(run: RunDep, house: HouseDep, principal: PrincipalDep) -> Response:
    """The result in canonical bytes: their SHA-256 is `result_sha`, which an approver names."""
    refuse_raw(principal.masks, "The result in canonical bytes")
    data = read_result_bytes(house.blobs(principal.tenant), run)
    return Response(data, media_type="application/json")


@router.get("/runs/{id}/lines", dependencies=_READ, responses=_UNCALCULATED)
def list_lines(
    run: ReachedDep,
    house: HouseDep,
    principal: PrincipalDep,
    sight: SightDep,
    query: TableQueryDep,
    *,
    fund: Annotated[str | None, Query(max_length=64)] = None,
    node: Annotated[str | None, Query(max_length=64)] = None,
    account: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[NavLineAnswer]:
    """The lines of every fund of a run, or of one fund, node or account, each with its evidence."""
    result = read_result(house.blobs(principal.tenant), run)
    wanted = [
        NavLineAnswer(fund=one.fund, line=line)
        for one in result.funds
        for line in one.lines
        if fund in (None, one.fund)
        and node in (None, line.node)
        and account in (None, line.account)
        and sight.sees(line.node)
    ]
    return _numbered(query, wanted)


@router.get(
    "/runs/{id}/reconciliation",
    dependencies=_READ,
    responses=_UNCALCULATED,
)
def list_reconciliation(result: ResultDep, query: TableQueryDep) -> Page[ReconciledAnswer]:
    """Opening and facts against closing, for each asset and contract of each account."""
    rows = [ReconciledAnswer(fund=one.fund, row=row) for one in result.funds for row in one.reconciliation]
    return _numbered(query, rows)


@router.get("/runs/{id}/bridge", dependencies=_READ_TABLE, responses=_UNCALCULATED)
def get_bridge(result: ResultDep) -> list[FundBridge]:
    """From the NAV before to this one, fund by fund; the parts sum exactly."""
    return [FundBridge.of(fund) for fund in result.funds]


@router.get("/runs/{id}/coverage", dependencies=_READ_TABLE, responses=_UNCALCULATED)
def get_coverage(result: ResultDep) -> CoverageAnswer:
    """Which shares of the value are observed, imported, manual, stale or missing, and why."""
    return CoverageAnswer.of(result)


@router.get(
    "/runs/{id}/figures", dependencies=[requires("nav:read", sight="narrowed")], responses=_UNCALCULATED
)
def get_figures(result: ResultDep, session: SessionDep) -> Record[RunFigures]:
    """The NAV of each fund and class in every numeraire, and what its lines are called."""
    return run_figures(session, result)


@router.get(
    "/runs/{id}/classes",
    dependencies=_READ_TABLE,
    responses=_UNCALCULATED,
)
def list_classes(result: ResultDep) -> list[FundClass]:
    """Every share class of every fund of a run."""
    return [FundClass(fund=fund.fund, values=one) for fund in result.funds for one in fund.classes]


@router.get("/runs/{id}/events", dependencies=_READ_TABLE)
def list_run_events(run: RunDep, session: SessionDep) -> list[RunEventAnswer]:
    """The trail of a run, oldest first."""
    return [RunEventAnswer.of(event) for event in runs.events(session, run.id)]


@router.post("/runs/{id}/approve", dependencies=[requires("nav:approve", sight="narrowed")])
def approve(
    run_id: RunIdDep, body: ApproveBody, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> RunAnswer:
    """Approve what somebody else struck; refused (409) if the result is not the one that was seen."""
    run = service.approve(session, house, principal, run_id, result_sha=body.result_sha, note=body.note)
    return RunAnswer.of(run)


@router.post("/runs/{id}/reject", dependencies=[requires("nav:approve", sight="narrowed")])
def reject(
    run_id: RunIdDep, body: RejectBody, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> RunAnswer:
    """Refuse a NAV for good, with the reason."""
    return RunAnswer.of(service.reject(session, house, principal, run_id, reason=body.reason))


@router.post("/runs/{id}/publish", dependencies=[requires("nav:publish", sight="narrowed")])
def publish(run_id: RunIdDep, house: HouseDep, principal: PrincipalDep, session: SessionDep) -> RunAnswer:
    """Make an approved NAV final, with its evidence bundle."""
    return RunAnswer.of(service.publish(session, house, principal, run_id))


@router.post("/runs/{id}/restate", status_code=202, dependencies=[requires("nav:strike", sight="narrowed")])
def restate(
    run_id: RunIdDep,
    response: Response,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    now: NowDep,
) -> StruckAnswer:
    """Compute a published NAV again with what is known today; the new run is approved like any other."""
    run = service.start_restatement(session, house, principal, run_id)
    return _queued(session, run, response, at=now)


@router.get("/runs/{id}/differences", dependencies=_READ_TABLE, responses=_UNCALCULATED)
def get_differences(
    run_id: RunIdDep, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> DifferencesAnswer:
    """What a restatement changes, line by line."""
    return DifferencesAnswer.of(service.compare(session, house, principal, run_id))


@router.get(
    "/runs/{id}/bundle",
    dependencies=_READ,
    response_class=Response,
    responses={
        200: {"description": "The evidence bundle", "content": {"application/zip": {}}},
        **_UNCALCULATED,
    },
)
def get_bundle(run: RunDep, house: HouseDep, principal: PrincipalDep) -> Response:
    """The evidence bundle of a published NAV; `truenav verify` checks it without us."""
    refuse_raw(principal.masks, "The evidence bundle")
    return attachment(read_bundle(house.blobs(principal.tenant), run), f"{run.id}.zip", "application/zip")


@router.get("/signing-key", dependencies=_READ, responses=refusals(404))
def get_signing_key(house: HouseDep, session: SessionDep) -> SigningKeyAnswer:
    """The public key that signs the bundles; 404 before the first publication, which makes it."""
    if not runs.list_runs(session, states=_SIGNED, limit=1):
        raise NotFoundError("There is no signing key yet; it is made when the first NAV is published.")
    public = tenant_signer(session, house).public_key
    return SigningKeyAnswer(algorithm="ed25519", public_key=public, fingerprint=fingerprint_of(public))


def _queued(session: Session, run: Run, response: Response, *, at: datetime) -> StruckAnswer:
    """Have a worker calculate the run, in the transaction that opens it."""
    job = queue.enqueue_advance(session, run.id, at=at)
    response.headers["Location"] = f"{API_PREFIX}/nav/runs/{run.id}"
    return StruckAnswer(run=RunAnswer.of(run), job=job)


def _numbered(query: PageQueryDep, rows: list[T]) -> Page[T]:
    """A page of a list that never changes, by number."""
    rest = list(enumerate(rows, 1))[read_number(query.after) :]
    return query.page(rest, key=lambda row: str(row[0]), show=lambda row: row[1])
