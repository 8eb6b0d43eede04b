"""The first page of a fund, and its history."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from truenav.access.policy import Principal, authorize
from truenav.app.exports.wire import as_table
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Instant
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.app.nav.inputs import refuse_instant
from truenav.app.overview.attention import attention
from truenav.app.overview.figures import figures_of, price_of
from truenav.app.overview.history import nav_history
from truenav.app.overview.lines import held_lines
from truenav.app.overview.live import LiveViews
from truenav.app.overview.schemas import HistoryAnswer, LinesAnswer, OverviewAnswer, overview_bytes
from truenav.app.overview.view import build_opening, build_view, start_of_day
from truenav.app.sight import Sight
from truenav.core.canonical import canonical_json
from truenav.core.ids import NodeId
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
    numeraire: NumeraireQuery = "USD",
    as_of: Annotated[Instant | None, Query(description="Value what is recorded as of then")] = None,
) -> Response:
    """What the fund is worth, what changed, what could hurt, what is not known; now, or as of an instant."""
    name = _known_fund(session, principal, sight, fund)
    if as_of is None:
        kept, refreshing = views.get(session, principal.tenant, name)
        view, figures = kept.view, kept.in_numeraire(numeraire)
        body = kept.derived(f"json {numeraire}", lambda: canonical_json(figures))
    else:
        refuse_instant(as_of, now)
        day = start_of_day(as_of)
        opening = build_opening(session, house, principal.tenant, name, at=day, known_at=now)
        view = build_view(session, house, principal.tenant, name, as_of=as_of, known_at=now, opening=opening)
        figures, refreshing = figures_of(view, numeraire), False
        body = canonical_json(figures)
    needed = attention(session, principal, sight, view, figures, now=now)
    return Response(
        overview_bytes(body, needed, view.live, refreshing=refreshing), media_type="application/json"
    )


@router.get(
    "/{fund}/lines",
    dependencies=[requires("portfolio:read", sight="narrowed"), Depends(as_table)],
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
    now: NowDep,
    node: Annotated[str | None, Query(max_length=64, description="At it and below it; absent: all")] = None,
    numeraire: NumeraireQuery = "USD",
    as_of: Annotated[Instant | None, Query(description="Value what is recorded as of then")] = None,
) -> LinesAnswer:
    """What a node of the fund holds, line by line with its evidence; now, or as of an instant."""
    name = NodeId(node or fund)
    sight.refuse(name)
    definitions.find(session, Kind.NODE, name, Node)
    root = _known_fund(session, principal, Sight(), fund)
    if as_of is None:
        view = views.get(session, principal.tenant, root)[0].view
    else:
        refuse_instant(as_of, now)
        view = build_view(session, house, principal.tenant, root, as_of=as_of, known_at=now, opening=None)
    return LinesAnswer.of(view, name, numeraire, held_lines(view, name, price_of(view, numeraire)))


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
    now: NowDep,
    numeraire: NumeraireQuery = "USD",
    since: Annotated[Instant | None, Query(alias="from", description="Later than this")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Up to this; absent: now")] = None,
) -> HistoryAnswer:
    """The NAVs of the fund through time with drawdown: published, provisional and imported ones."""
    name = _known_fund(session, principal, sight, fund)
    history = nav_history(
        session, house, principal.tenant, name, since=since, until=until or now, numeraire=numeraire
    )
    return HistoryAnswer.of(name, numeraire, history)


def _known_fund(session: Session, principal: Principal, sight: Sight, fund: str) -> NodeId:
    """A fund that the caller sees whole; any other does not exist."""
    authorize(principal, "portfolio:read")
    sight.refuse(fund)
    definitions.find(session, Kind.NODE, fund, Node)
    return NodeId(fund)
