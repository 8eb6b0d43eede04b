"""The portfolio tree, its rules and share classes, and the figures of a fund."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from truenav.app.exports.wire import as_table
from truenav.app.http.catalogues import catalogue_router
from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Instant
from truenav.app.http.problems import refusals
from truenav.app.http.routes import Router, requires
from truenav.app.portfolio.catalogues import NODES, RULES, SHARE_CLASSES
from truenav.app.portfolio.figures import node_figures
from truenav.app.portfolio.schemas import PortfolioAnswer
from truenav.app.portfolio.valuations import choose_valuation
from truenav.core.ids import NodeId

router = Router(tags=["portfolio"])

ROUTERS = (
    router,
    catalogue_router(NODES, "nodes"),
    catalogue_router(RULES, "rules"),
    catalogue_router(SHARE_CLASSES, "classes"),
)


@router.get(
    "/portfolio/{fund}",
    dependencies=[requires("portfolio:read", sight="narrowed"), Depends(as_table)],
    responses=refusals(409),
)
def get_portfolio(
    fund: Annotated[str, Path(max_length=64)],
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    as_of: Annotated[Instant | None, Query(description="Value what is recorded as of then")] = None,
    live: Annotated[bool, Query(description="Value what is recorded now")] = False,
    numeraire: Annotated[str, Query(min_length=1, max_length=64)] = "USD",
) -> PortfolioAnswer:
    """The tree below a fund with value, exposure, leverage and coverage: of the latest NAV run by default."""
    sight.refuse_unreached(fund)
    valuation = choose_valuation(session, house, principal, NodeId(fund), as_of=as_of, live=live)
    figures = tuple(one for one in node_figures(valuation, numeraire) if sight.sees(one.node))
    return PortfolioAnswer.of(valuation, numeraire, figures)
