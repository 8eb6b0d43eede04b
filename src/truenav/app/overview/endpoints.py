"""The first page of a fund, and its history."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from truenav.access.policy import Principal, authorize
from truenav.app.exports.wire import as_table
from truenav.app.house import House
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Instant
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.app.overview.attention import attention
from truenav.app.overview.figures import figures_of, price_of
from truenav.app.overview.history import nav_history
from truenav.app.overview.lines import held_lines
from truenav.app.overview.live import LiveViews
from truenav.app.overview.remembered import Remembered
from truenav.app.overview.schemas import (
    HistoryAnswer,
    LinesAnswer,
    OverviewAnswer,
    TreeAnswer,
    overview_bytes,
)
from truenav.app.overview.times import KnownAtQuery, Then, ThenDep, refuse_knowledge
from truenav.app.overview.view import View, build_opening, build_view, start_of_day
from truenav.app.sight import Sight
from truenav.core.canonical import canonical_json
from truenav.core.ids import NodeId, TenantId
from truenav.core.portfolio import Node
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind

router = Router(prefix="/overview", tags=["overview"], module="overview")

FundPath = Annotated[str, Path(max_length=64)]
NumeraireQuery = Annotated[str, Query(min_length=1, max_length=64)]


async def live_views(request: Request) -> LiveViews:
    """The views that this process keeps."""
    found: LiveViews = request.app.state.views
    return found


ViewsDep = Annotated[LiveViews, Depends(live_views)]


async def remembered_answers(request: Request) -> Remembered:
    """The answers that this process remembers."""
    found: Remembered = request.app.state.remembered
    return found


@router.get(
    "/{fund}",
    dependencies=[requires("portfolio:read", sight="narrowed"), Depends(as_table)],
    response_model=OverviewAnswer,
    responses=refusals(404, 409),
)
def get_overview(
    fund: FundPath,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    views: ViewsDep,
    now: NowDep,
    then: ThenDep,
    numeraire: NumeraireQuery = "USD",
) -> Response:
    """What the fund is worth, what changed, what could hurt, what is not known; now, or at a past moment."""
    name = _known_fund(session, principal, sight, fund)
    if then is None:
        kept, refreshing = views.get(session, principal.tenant, name)
        view, figures = kept.view, kept.in_numeraire(numeraire)
        body = kept.derived(f"json {numeraire}", lambda: canonical_json(figures))
    else:
        view, refreshing = _view_then(session, house, principal.tenant, name, then), False
        figures = figures_of(view, numeraire)
        body = canonical_json(figures)
    needed = attention(session, principal, sight, view, figures, now=now)
    return Response(
        overview_bytes(body, needed, view.live, refreshing=refreshing), media_type="application/json"
    )


@router.get(
    "/{fund}/tree",
    dependencies=[requires("portfolio:read", sight="narrowed"), Depends(as_table)],
    responses=refusals(404, 409),
)
def get_tree(
    fund: FundPath,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    views: ViewsDep,
    then: ThenDep,
    numeraire: NumeraireQuery = "USD",
) -> TreeAnswer:
    """The nodes of the fund that the caller sees, with their figures; of the others not even a sum."""
    authorize(principal, "portfolio:read")
    sight.refuse_unreached(fund)
    name = _existing(session, fund)
    if then is None:
        kept, _ = views.get(session, principal.tenant, name)
        figures = kept.in_numeraire(numeraire)
    else:
        figures = figures_of(_view_then(session, house, principal.tenant, name, then), numeraire)
    return TreeAnswer.of(figures, tuple(row for row in figures.tree if sight.sees(row.node)))


@router.get(
    "/{fund}/lines",
    dependencies=[requires("portfolio:read", sight="narrowed"), Depends(as_table)],
    response_model=LinesAnswer,
    responses=refusals(404, 409),
)
def get_lines(
    fund: FundPath,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    views: ViewsDep,
    then: ThenDep,
    node: Annotated[str | None, Query(max_length=64, description="At it and below it; absent: all")] = None,
    numeraire: NumeraireQuery = "USD",
) -> Response:
    """What a node of the fund holds, line by line with its evidence; now, or at a past moment."""
    name = NodeId(node or fund)
    sight.refuse(name)
    _existing(session, name)
    root = _known_fund(session, principal, Sight(), fund)
    if then is None:
        kept, _ = views.get(session, principal.tenant, root)
        body = kept.derived(f"lines {name} {numeraire}", lambda: _lines_json(kept.view, name, numeraire))
    else:
        view = build_view(
            session,
            house,
            principal.tenant,
            root,
            as_of=then.as_of,
            known_at=then.known_at,
            opening=None,
        )
        body = _lines_json(view, name, numeraire)
    return Response(body, media_type="application/json")


def _lines_json(view: View, node: NodeId, numeraire: str) -> bytes:
    lines = held_lines(view, node, price_of(view, numeraire))
    return LinesAnswer.of(view, node, numeraire, lines).model_dump_json().encode()


@router.get(
    "/{fund}/history",
    dependencies=[requires("nav:read", sight="narrowed"), Depends(as_table)],
    responses=refusals(404),
)
def get_history(
    fund: FundPath,
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    remembered: Annotated[Remembered, Depends(remembered_answers)],
    now: NowDep,
    numeraire: NumeraireQuery = "USD",
    since: Annotated[Instant | None, Query(alias="from", description="Later than this")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Up to this; absent: now")] = None,
    known_at: KnownAtQuery = None,
) -> HistoryAnswer:
    """The NAVs of the fund through time with drawdown: published, provisional and imported ones."""
    name = _known_fund(session, principal, sight, fund)
    refuse_knowledge(known_at or now, now)

    def make() -> HistoryAnswer:
        history = nav_history(
            session,
            house,
            principal.tenant,
            name,
            since=since,
            until=until or known_at or now,
            known_at=known_at or now,
            numeraire=numeraire,
        )
        return HistoryAnswer.of(name, numeraire, history)

    asked = ("history", name, numeraire, since, until, known_at)
    return remembered.get(session, principal.tenant, asked, make, now=now)


def _known_fund(session: Session, principal: Principal, sight: Sight, fund: str) -> NodeId:
    """A fund that the caller sees whole; any other does not exist."""
    authorize(principal, "portfolio:read")
    sight.refuse(fund)
    return _existing(session, fund)


def _existing(session: Session, node: str) -> NodeId:
    definitions.find(session, Kind.NODE, node, Node)
    return NodeId(node)


def _view_then(session: Session, house: House, tenant: TenantId, fund: NodeId, then: Then) -> View:
    day = start_of_day(then.as_of)
    opening = build_opening(session, house, tenant, fund, at=day, known_at=then.known_at)
    return build_view(session, house, tenant, fund, as_of=then.as_of, known_at=then.known_at, opening=opening)
