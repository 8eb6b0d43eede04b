"""Policies, numeraires, and the marks that a fund is valued with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.catalogues import catalogue_router
from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Instant
from truenav.app.http.pages import read_number
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, requires
from truenav.app.portfolio.figures import mark_rows
from truenav.app.portfolio.valuations import choose_valuation
from truenav.app.pricing.catalogues import NAV_POLICIES, NUMERAIRES, PRICING_POLICIES
from truenav.app.pricing.indices import IndexComposition, index_compositions
from truenav.app.pricing.schemas import MarksPage
from truenav.core.ids import NodeId

router = Router(tags=["pricing"])

ROUTERS = (
    router,
    catalogue_router(PRICING_POLICIES, "pricing-policies"),
    catalogue_router(NAV_POLICIES, "nav-policies"),
    catalogue_router(NUMERAIRES, "numeraires"),
)


@router.get("/marks", dependencies=[requires("price:read", sight="narrowed")], responses=refusals(404, 409))
def list_marks(
    fund: Annotated[str, Query(max_length=64)],
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    query: TableQueryDep,
    as_of: Annotated[Instant | None, Query(description="Value what is recorded as of then")] = None,
    live: Annotated[bool, Query(description="Value what is recorded now")] = False,
) -> MarksPage:
    """The mark of everything in a fund: price, source, age, quality; of the latest NAV run by default."""
    sight.refuse(fund)
    valuation = choose_valuation(session, house, principal, NodeId(fund), as_of=as_of, live=live)
    start = read_number(query.after)
    rows = list(enumerate(mark_rows(valuation.inputs), 1))[start:]
    page = query.page(rows, key=lambda row: str(row[0]), show=lambda row: row[1])
    result = valuation.result
    return MarksPage(
        fund=result.fund, as_of=result.as_of, run=valuation.run, items=page.items, next=page.next
    )


@router.get("/indices", dependencies=[requires("price:read", sight="narrowed")], responses=refusals(404, 409))
def list_indices(
    fund: Annotated[str, Query(max_length=64)],
    *,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
) -> list[Record[IndexComposition]]:
    """What each index of the fund's pricing policy is made of, in the latest NAV run."""
    sight.refuse(fund)
    valuation = choose_valuation(session, house, principal, NodeId(fund), as_of=None, live=False)
    return list(index_compositions(valuation.inputs))
