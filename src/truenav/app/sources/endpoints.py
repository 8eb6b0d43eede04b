"""Connections and gathering, imports, entries, facts with their evidence, and data issues."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query, Request, Response

from truenav.access.masking import refuse_raw
from truenav.app.completeness.settle import settle_issue
from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.catalogues import (
    IdPath,
    catalogue_router,
    present_version,
    seen_version,
    version_tag,
)
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.downloads import attachment
from truenav.app.http.models import Instant, Queued
from truenav.app.http.pages import Page, PageQueryDep, bad_cursor
from truenav.app.http.problems import refusals
from truenav.app.http.routes import API_PREFIX, Router, requires
from truenav.app.sight import Sight
from truenav.app.sources import connections
from truenav.app.sources.catalogues import ACCOUNTS, ALIASES, ASSETS, CONNECTIONS, INSTRUMENTS
from truenav.app.sources.entries import enter
from truenav.app.sources.jobs import start_gathering
from truenav.app.sources.layouts import LAYOUTS
from truenav.app.sources.schemas import (
    CheckedAnswer,
    ConnectionBody,
    EntryBody,
    EvidenceAnswer,
    FactAnswer,
    GatherBody,
    IssueAnswer,
    PartAnswer,
    SettleBody,
    TiersAnswer,
)
from truenav.app.sources.tiers import told_tiers
from truenav.core.clock import instant_text, parse_instant
from truenav.core.evidence import Evidence
from truenav.core.facts import RecordedFact
from truenav.core.failure import ConflictError, InvalidInputError
from truenav.core.ids import AccountId, InstrumentId, Sha256
from truenav.store import evidence, issues, progress
from truenav.store.database import Session
from truenav.store.issues import Issue, IssueState
from truenav.store.journal import FactNotFoundError, FactQuery, Journal

router = Router(tags=["sources"])
facts_router = Router(tags=["facts"])

ROUTERS = (
    router,
    facts_router,
    catalogue_router(ACCOUNTS, "accounts"),
    catalogue_router(ASSETS, "assets"),
    catalogue_router(ALIASES, "aliases"),
    catalogue_router(INSTRUMENTS, "instruments", writable=False),
    catalogue_router(CONNECTIONS, "connections", writable=False),
    catalogue_router(LAYOUTS, "layouts"),
)

_SHA256 = re.compile("[0-9a-f]{64}")

HashPath = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.put(
    "/connections/{id}",
    dependencies=[requires("source:write", secret_request=True, fresh=True)],
    responses=refusals(502),
)
def put_connection(
    id: IdPath,
    body: ConnectionBody,
    *,
    request: Request,
    response: Response,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
) -> CheckedAnswer:
    """Add or change a connection. Its key is checked at the venue first; one that may withdraw is refused."""
    seen_version(request, present_version(session, CONNECTIONS, id))
    key = None if body.key is None else body.key.credentials()
    checked = connections.add_connection(session, house, principal, body.connection(id), key)
    response.headers["ETag"] = version_tag(present_version(session, CONNECTIONS, id) or 0)
    return CheckedAnswer.of(checked)


@router.post("/connections/{id}/check", dependencies=[requires("source:gather")], responses=refusals(502))
def check_connection(
    id: IdPath, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> CheckedAnswer:
    """Ask the venue about the stored key again: its rights, the clock, the account."""
    return CheckedAnswer.of(connections.check_connection(session, house, principal, id))


@router.delete("/connections/{id}", status_code=204, dependencies=[requires("source:write")])
def delete_connection(
    id: IdPath, request: Request, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> None:
    """Forget a connection and its key; what was gathered through it stays."""
    seen_version(request, present_version(session, CONNECTIONS, id))
    connections.remove_connection(session, house, principal, id)


@router.post("/gather", status_code=202, dependencies=[requires("source:gather")])
def gather(
    body: GatherBody, response: Response, principal: PrincipalDep, session: SessionDep, now: NowDep
) -> Queued:
    """Have a worker read accounts and prices now. ``Location`` shows the job."""
    names = [AccountId(name) for name in body.accounts or ()]
    known = {found.id for found in ACCOUNTS.list_all(session, principal)}
    if unknown := [name for name in names if name not in known]:
        raise InvalidInputError(f"{unknown[0]!r} is not an account; list the accounts.")
    job = start_gathering(session, principal, now=now, accounts=names)
    if job is None:
        raise ConflictError("The same gathering waits for a worker already; list the jobs.")
    response.headers["Location"] = f"{API_PREFIX}/jobs/{job}"
    return Queued(job=job)


@router.get("/jobs/{id}/accounts", dependencies=[requires("job:read")])
def list_job_accounts(
    id: Annotated[str, Path(max_length=64)], session: SessionDep, query: PageQueryDep
) -> Page[PartAnswer]:
    """How far each account is in a job that gathers."""
    progress.get(session, id)
    parts = progress.list_parts(session, id)
    rows = sorted(
        (part for part in parts if part.subject > (query.after or "")), key=lambda part: part.subject
    )
    return query.page(rows, key=lambda row: row.subject, show=PartAnswer.of)


@facts_router.post(
    "/entries", status_code=201, dependencies=[requires("manual:write")], responses=refusals(404)
)
def add_entry(body: EntryBody, house: HouseDep, principal: PrincipalDep, session: SessionDep) -> FactAnswer:
    """State a manual item, dealing, fee payment or mark, or correct any fact (which needs `fact:write`)."""
    recorded = enter(
        session,
        house,
        principal,
        body.body,
        occurred_at=body.occurred_at,
        reason=body.reason,
        external_id=body.external_id,
        account=body.account,
        supersedes=None if body.supersedes is None else Sha256(body.supersedes),
    )
    return FactAnswer.of(recorded)


@facts_router.get("/facts", dependencies=[requires("fact:read", sight="narrowed")])
def list_facts(
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    query: TableQueryDep,
    *,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    account: Annotated[str | None, Query(max_length=200)] = None,
    source: Annotated[str | None, Query(max_length=200, description="Venue, `file:...` or `manual`")] = None,
    as_of: Annotated[Instant | None, Query(description="What had happened by then")] = None,
    known_at: Annotated[Instant | None, Query(description="As we knew it then")] = None,
) -> Page[FactAnswer]:
    """Facts in force, oldest first: what happened by ``as_of``, as known at ``known_at``."""
    wanted = FactQuery(
        kinds=None if kind is None else (kind,),
        accounts=_accounts(sight, account),
        sources=None if source is None else (source,),
        as_of=as_of,
        known_at=known_at,
    )
    journal = Journal(session, house.objects, principal.tenant)
    after = None if query.after is None else _fact_position(query.after)
    rows = journal.page(wanted, after=after, limit=query.limit + 1)
    return query.page(rows, key=_fact_key, show=FactAnswer.of)


@facts_router.get("/facts/{content_hash}", dependencies=[requires("fact:read", sight="narrowed")])
def get_fact(
    content_hash: HashPath, house: HouseDep, principal: PrincipalDep, session: SessionDep, sight: SightDep
) -> FactAnswer:
    """One fact, superseded or not."""
    journal = Journal(session, house.objects, principal.tenant)
    found = journal.get(Sha256(content_hash))
    if found.fact.account and not sight.sees_account(found.fact.account):
        raise FactNotFoundError(f"There is no fact {content_hash}. Check the hash.")
    return FactAnswer.of(found)


@facts_router.get("/evidence/{sha256}", dependencies=[requires("fact:read", sight="narrowed")])
def get_evidence(sha256: HashPath, session: SessionDep, sight: SightDep) -> EvidenceAnswer:
    """How a payload was received, each time."""
    received = _received(session, sight, Sha256(sha256))
    return EvidenceAnswer.of(Sha256(sha256), received)


@facts_router.get(
    "/evidence/{sha256}/payload",
    dependencies=[requires("fact:read", sight="narrowed")],
    response_class=Response,
    responses={200: {"description": "The bytes as received", "content": {"application/octet-stream": {}}}},
)
def get_payload(
    sha256: HashPath, house: HouseDep, principal: PrincipalDep, session: SessionDep, sight: SightDep
) -> Response:
    """The bytes of a payload, as they were received."""
    refuse_raw(principal.masks, "A payload as it was received")
    _received(session, sight, Sha256(sha256))
    data = evidence.read(session, house.blobs(principal.tenant), Sha256(sha256))
    return attachment(data, sha256, "application/octet-stream")


@facts_router.get("/issues", dependencies=[requires("fact:read", sight="narrowed")])
def list_issues(
    session: SessionDep,
    sight: SightDep,
    query: TableQueryDep,
    state: Annotated[IssueState | None, Query(description="Absent: every state")] = None,
) -> Page[IssueAnswer]:
    """Data issues, oldest first."""
    found = issues.list_issues(session, state)
    seen = (one for one in found if sight.nodes is None or sight.sees_account(one.subject))
    rows = sorted((one for one in seen if _issue_key(one) > (query.after or "")), key=_issue_key)
    return query.page(rows, key=_issue_key, show=IssueAnswer.of)


@router.get(
    "/leverage-tiers/{id:path}",
    dependencies=[requires("portfolio:read", sight="narrowed")],
    responses=refusals(404),
)
def get_tiers(
    id: IdPath, house: HouseDep, principal: PrincipalDep, session: SessionDep, sight: SightDep
) -> TiersAnswer:
    """A contract's leverage tiers as its venue told them last."""
    return TiersAnswer.of(told_tiers(session, house, principal, sight, InstrumentId(id)))


@facts_router.post("/issues/{id}/explain", status_code=204, dependencies=[requires("fact:write")])
def explain_issue(
    id: IdPath, body: SettleBody, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> None:
    """Close an issue that is right as it is, with the reason."""
    settle_issue(session, house, principal, id, IssueState.EXPLAINED, explanation=body.explanation)


@facts_router.post("/issues/{id}/fix", status_code=204, dependencies=[requires("fact:write")])
def fix_issue(
    id: IdPath, body: SettleBody, house: HouseDep, principal: PrincipalDep, session: SessionDep
) -> None:
    """Close an issue that was mended, saying how."""
    settle_issue(session, house, principal, id, IssueState.FIXED, explanation=body.explanation)


def _accounts(sight: Sight, wanted: str | None) -> tuple[str, ...] | None:
    """The accounts to read facts of (None: all); facts of no account are prices, which all may see."""
    if sight.nodes is None:
        return None if wanted is None else (wanted,)
    if wanted is not None:
        return (wanted,) if sight.sees_account(wanted) else ()
    return ("", *sorted(sight.accounts | sight.nodes))


def _received(session: Session, sight: Sight, sha256: Sha256) -> tuple[Evidence, ...]:
    """Each time a payload was received; who sees some nodes only sees what their accounts alone received.

    A file that people imported may speak of any account, so it counts as nobody's.
    """
    found = evidence.meta(session, sha256)
    if not found or not (
        sight.nodes is None or all(one.account and sight.sees_account(one.account) for one in found)
    ):
        raise evidence.EvidenceNotFoundError(f"No payload {sha256} was received. Check the hash.")
    return found


def _fact_key(recorded: RecordedFact) -> str:
    return f"{instant_text(recorded.fact.occurred_at)} {recorded.fact.content_hash}"


def _fact_position(position: str) -> tuple[datetime, Sha256]:
    instant, _, content_hash = position.partition(" ")
    if _SHA256.fullmatch(content_hash) is None:
        raise bad_cursor()
    return parse_instant(instant, what="cursor"), Sha256(content_hash)


def _issue_key(issue: Issue) -> str:
    return f"{issue.opened_at.isoformat()} {issue.id}"
