"""The products that are run here: listed, seen as they go, and traded within their band."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query, Response

from truenav.access.masking import refuse_raw
from truenav.app.etp import public, reading
from truenav.app.etp.analysis.endpoints import router as analysis_router
from truenav.app.etp.band import Band, BandCheck, UnitOrder, band_of, check_order
from truenav.app.etp.catalogues import LISTINGS
from truenav.app.etp.instruction_endpoints import router as instruction_router
from truenav.app.etp.market import LooksDep, UnitMarket, unit_market
from truenav.app.etp.proof.exporting import product_bundle
from truenav.app.etp.reading import ProductPoint, ProductRow
from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.catalogues import catalogue_router
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.downloads import attachment
from truenav.app.http.models import Number
from truenav.app.http.pages import Page
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, requires
from truenav.app.http.spans import Span, SpanDep
from truenav.app.sight import sight_of
from truenav.calc.etp.live.disclosure import Disclosure
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE

LONGEST_SPAN = timedelta(days=400)
"""Of a series that is asked for at once."""

router = Router(tags=["products"])

ROUTERS = (
    router,
    instruction_router,
    analysis_router,
    public.router,
    catalogue_router(LISTINGS, "products"),
)

IdPath = Annotated[str, Path(max_length=64)]
_READ = [requires("product:read", sight="narrowed")]
_ASK = [requires("product:read", sight="narrowed", transaction=False)]
"""Of what a venue is asked: meanwhile no transaction stays open, of which there are a few only."""


@router.get("/product-states", dependencies=_READ)
def list_product_states(
    principal: PrincipalDep, session: SessionDep, sight: SightDep, query: TableQueryDep
) -> Page[Record[ProductRow]]:
    """Where each product stands at its last written mark."""
    rows = [row for row in reading.list_rows(session, principal, sight) if row.id > (query.after or "")]
    return query.page(rows[: query.limit + 1], key=lambda row: row.id, show=lambda row: row)


@router.get("/product-states/{listing}", dependencies=_READ, responses=refusals(409))
def get_product_state(
    listing: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep
) -> Record[Disclosure]:
    """A product in full: what a unit holds, where it will be rebalanced, and its whole history of events."""
    return reading.disclosed(session, reading.find_listing(session, principal, sight, listing))


@router.get(
    "/product-bundles/{listing}",
    response_class=Response,
    responses={
        200: {"description": "The evidence bundle", "content": {"application/zip": {}}},
        **refusals(409),
    },
    dependencies=_READ,
)
def get_product_bundle(
    listing: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep, house: HouseDep
) -> Response:
    """Everything that a product went through, signed, also once it has ended; `truenav verify` runs it again
    without us.
    """
    refuse_raw(principal.masks, "The evidence bundle")
    found = reading.find_ever_listed(session, principal, sight, listing)
    return attachment(product_bundle(session, house, principal, found), f"{listing}.zip", "application/zip")


@router.get("/product-series/{listing}", dependencies=_READ)
def get_product_series(
    listing: IdPath,
    *,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    span: SpanDep,
    most: Annotated[int, Query(ge=2, le=5_000, description="Most points")] = 1_000,
) -> list[Record[ProductPoint]]:
    """Price, NAV and leverage of one unit as issued at the marks of a span, evenly thinned."""
    reading.find_listing(session, principal, sight, listing)
    _refuse_span(span)
    return list(reading.points(session, listing, span.since, span.until, most=most))


@router.get("/product-markets/{listing}", dependencies=_ASK, responses=refusals(409))
def get_product_market(
    listing: IdPath,
    *,
    principal: PrincipalDep,
    house: HouseDep,
    looks: LooksDep,
    units: Annotated[Number, Query(description="Of the holder whose round trip is computed")] = ONE,
) -> Record[UnitMarket]:
    """What the venue shows of a product's units now, beside NAV; asked at most every 15 seconds."""
    with house.database.transaction(principal.tenant, snapshot=True) as session:
        found = reading.find_listing(session, principal, sight_of(session, principal), listing)
    return unit_market(house, principal.tenant, found, looks, units=units)


@router.get("/product-bands/{listing}", dependencies=_READ, responses=refusals(409))
def get_product_band(
    listing: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep, now: NowDep
) -> Record[Band]:
    """The prices that orders for a product's units must keep to now; refused without a fresh NAV."""
    return band_of(session, reading.find_listing(session, principal, sight, listing), now=now)


@router.post("/product-band-checks/{listing}", dependencies=_READ, responses=refusals(409))
def check_product_order(
    listing: IdPath,
    order: Record[UnitOrder],
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    now: NowDep,
) -> Record[BandCheck]:
    """Whether an order for units keeps to the band. Nothing is sent anywhere."""
    return check_order(session, reading.find_listing(session, principal, sight, listing), order, now=now)


def _refuse_span(span: Span) -> None:
    if not timedelta(0) < span.until - span.since <= LONGEST_SPAN:
        raise InvalidInputError(f"A span must be longer than nothing and at most {LONGEST_SPAN.days} days.")
