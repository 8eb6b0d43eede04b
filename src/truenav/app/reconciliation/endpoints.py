"""How complete each account is, snapshots against facts, and transfers between own accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from truenav.app.completeness.transfers import LONGEST
from truenav.app.exports.wire import as_table
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Instant, Queued
from truenav.app.http.problems import refusals
from truenav.app.http.routes import API_PREFIX, Router, requires
from truenav.app.reconciliation import service
from truenav.app.reconciliation.confirm import confirm_pair
from truenav.app.reconciliation.jobs import start_reconciling
from truenav.app.reconciliation.schemas import (
    ConfirmTransferBody,
    ReconcileBody,
    ReconciliationRowAnswer,
    SourceAnswer,
    TransferAnswer,
)
from truenav.app.sources.catalogues import ACCOUNTS
from truenav.app.sources.schemas import FactAnswer
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.ids import AccountId, Sha256

router = Router(tags=["reconciliation"])

AccountPath = Annotated[str, Path(max_length=200)]
Since = Annotated[Instant | None, Query(description="What happened after it")]
Until = Annotated[Instant | None, Query(description="What happened up to it; absent: until now")]

_EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
"""Nothing of a chain happened before it."""


@router.get("/reconciliation", dependencies=[requires("source:read", sight="narrowed"), Depends(as_table)])
def list_sources(
    session: SessionDep, principal: PrincipalDep, sight: SightDep, now: NowDep
) -> list[SourceAnswer]:
    """Every account: what feeds it, when it was read and judged last, and whether all of it adds up."""
    return [SourceAnswer.of(one) for one in service.list_sources(session, principal, sight, now=now)]


@router.post("/reconciliation", status_code=202, dependencies=[requires("source:gather")])
def start_reconciliation(
    body: ReconcileBody, response: Response, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> Queued:
    """Have a worker judge every window of accounts from their first snapshot on. ``Location``: the job."""
    names = [AccountId(name) for name in body.accounts or ()]
    known = {found.id for found in ACCOUNTS.list_all(session, principal)}
    if unknown := [name for name in names if name not in known]:
        raise InvalidInputError(f"{unknown[0]!r} is not an account; list the accounts.")
    job = start_reconciling(session, principal, now=now, accounts=names)
    if job is None:
        raise ConflictError("The same work waits for a worker already; list the jobs.")
    response.headers["Location"] = f"{API_PREFIX}/jobs/{job}"
    return Queued(job=job)


@router.get(
    "/reconciliation/{account}",
    dependencies=[requires("fact:read", sight="narrowed"), Depends(as_table)],
)
def reconcile_account(
    account: AccountPath,
    *,
    house: HouseDep,
    session: SessionDep,
    principal: PrincipalDep,
    sight: SightDep,
    since: Since = None,
    until: Until = None,
    from_nothing: Annotated[
        bool, Query(description="As if the account had held nothing before its first fact")
    ] = False,
) -> list[ReconciliationRowAnswer]:
    """Snapshots against facts, every asset and contract of either side, with what makes a difference."""
    rows = service.reconcile(
        session,
        house,
        principal,
        AccountId(account),
        sight=sight,
        since=since,
        until=until,
        from_nothing=from_nothing,
    )
    return [ReconciliationRowAnswer.of(row) for row in rows]


@router.get("/transfers", dependencies=[requires("fact:read", sight="narrowed"), Depends(as_table)])
def list_transfers(
    *,
    house: HouseDep,
    session: SessionDep,
    principal: PrincipalDep,
    sight: SightDep,
    now: NowDep,
    since: Since = None,
    until: Until = None,
) -> list[TransferAnswer]:
    """Transfers between own accounts, paired, and legs without their other one; by default of 31 days."""
    end = until or now
    rows = service.list_transfers(
        session, house, principal, sight, since=since or max(end, _EARLIEST) - LONGEST, until=end
    )
    return [TransferAnswer.of(row) for row in rows]


@router.post(
    "/transfers/confirm",
    status_code=201,
    dependencies=[requires("fact:write")],
    responses=refusals(404),
)
def confirm_transfer(
    body: ConfirmTransferBody, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> list[FactAnswer]:
    """Say that two legs are one transfer between own accounts: the external ones become internal."""
    made = confirm_pair(
        session, house, principal, Sha256(body.sent), Sha256(body.received), reason=body.reason
    )
    return [FactAnswer.of(one) for one in made]
