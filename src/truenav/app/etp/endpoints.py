"""The products that are run here: listed, seen as they go, and disclosed to the public."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path, Query, Response

from truenav.app.etp import reading
from truenav.app.etp.analysis_endpoints import router as analysis_router
from truenav.app.etp.band import Band, BandCheck, UnitOrder, band_of, check_order
from truenav.app.etp.catalogues import LISTINGS
from truenav.app.etp.reading import NotDisclosedError, ProductPoint, ProductRow
from truenav.app.exports.wire import TableQueryDep
from truenav.app.house import House
from truenav.app.http.catalogues import catalogue_router
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.downloads import attachment
from truenav.app.http.models import Instant
from truenav.app.http.pages import Page
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, public, requires
from truenav.calc.etp.live.disclosure import Disclosure, tables
from truenav.core.failure import InvalidInputError
from truenav.core.ids import TenantId
from truenav.store.database import Session
from truenav.store.tenants import list_tenants

LONGEST_SPAN = timedelta(days=400)
"""Of a series that is asked for at once."""

router = Router(tags=["products"])

ROUTERS = (router, analysis_router, catalogue_router(LISTINGS, "products"))

IdPath = Annotated[str, Path(max_length=64)]
_READ = [requires("product:read", sight="narrowed")]


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


@router.get("/product-series/{listing}", dependencies=_READ)
def get_product_series(
    listing: IdPath,
    *,
    principal: PrincipalDep,
    session: SessionDep,
    sight: SightDep,
    now: NowDep,
    since: Annotated[Instant | None, Query(description="By default a day before `until`")] = None,
    until: Annotated[Instant | None, Query(description="By default now")] = None,
    most: Annotated[int, Query(ge=2, le=5_000, description="Most points")] = 1_000,
) -> list[Record[ProductPoint]]:
    """Price, NAV and leverage of one unit as issued at the marks of a span, evenly thinned."""
    reading.find_listing(session, principal, sight, listing)
    end = until or now
    start = since or end - timedelta(days=1)
    _refuse_span(start, end)
    return list(reading.points(session, listing, start, end, most=most))


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


@router.get("/public/{tenant}/products/{product}", dependencies=[public()], responses=refusals(404))
def get_disclosure(tenant: IdPath, product: IdPath, house: HouseDep) -> Record[Disclosure]:
    """A product as its issuer discloses it to everybody."""
    with _public(house, tenant, product) as session:
        return reading.publicly_disclosed(session, product)


@router.get(
    "/public/{tenant}/products/{product}/{table}.csv", dependencies=[public()], responses=refusals(404)
)
def get_disclosure_table(tenant: IdPath, product: IdPath, table: IdPath, house: HouseDep) -> Response:
    """One of the disclosure's tables: figures, rebalances, charges, navs, adjustments or changes."""
    with _public(house, tenant, product) as session:
        found = tables(reading.publicly_disclosed(session, product)).get(table)
    if found is None:
        raise NotDisclosedError(f"The disclosure has no table {table!r}.")
    return attachment(found, f"{product}-{table}.csv", "text/csv; charset=utf-8")


@contextmanager
def _public(house: House, tenant: str, product: str) -> Iterator[Session]:
    """The transaction of a tenant that nobody has logged in to."""
    with house.database.lookup() as session:
        known = {one.id for one in list_tenants(session) if one.suspended_at is None}
    if tenant not in known:
        raise NotDisclosedError(f"There is no product {product!r} that is disclosed.")
    with house.database.transaction(TenantId(tenant)) as session:
        yield session


def _refuse_span(start: datetime, end: datetime) -> None:
    if not timedelta(0) < end - start <= LONGEST_SPAN:
        raise InvalidInputError(f"A span must be longer than nothing and at most {LONGEST_SPAN.days} days.")
