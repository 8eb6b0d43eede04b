"""What the public sees of the products that their issuers disclose: without a log-in, made once a chapter.

Whatever is not meant for the public does not exist here. Answers may be kept by browsers and caches for
`MAX_AGE_SECONDS`, and carry an entity tag, so that whoever asks again learns at once that nothing changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from truenav.app.etp import reading
from truenav.app.etp.market import LooksDep, UnitMarket, unit_market
from truenav.app.etp.reading import NotDisclosedError, ProductPoint
from truenav.app.house import House
from truenav.app.http.context import HouseDep, NowDep
from truenav.app.http.downloads import attachment
from truenav.app.http.etags import etag, matches
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, public
from truenav.calc.etp.explain.risk_note import Language, risk_note
from truenav.calc.etp.live.disclosure import Disclosure, tables
from truenav.core.canonical import canonical_json
from truenav.core.ids import TenantId
from truenav.core.listing import Listing
from truenav.core.money import ONE
from truenav.store import products
from truenav.store.database import Session
from truenav.store.tenants import list_tenants

MAX_AGE_SECONDS = 5

SERIES_POINTS = 240


class Span(StrEnum):
    """How far back a series goes."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_DAYS = {
    Span.DAY: timedelta(days=1),
    Span.WEEK: timedelta(days=7),
    Span.MONTH: timedelta(days=30),
    Span.YEAR: timedelta(days=365),
}

router = Router(prefix="/public/{tenant}/products/{product}", tags=["public"])

IdPath = Annotated[str, Path(max_length=64)]
_OPEN = [public(counted=True)]


class PublicAnswers:
    """The newest answers about disclosed products, by name. Safe to use from many threads."""

    def __init__(self, *, most: int = 1_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[Hashable, bytes]] = {}

    def get(self, name: Hashable, stamp: Hashable, make: Callable[[], bytes]) -> bytes:
        """The answer of that ``name`` at a ``stamp``; made where it is another one's, or forgotten."""
        known = self._kept.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        made = make()
        with self._lock:
            self._kept.pop(name, None)
            self._kept[name] = (stamp, made)
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return made


async def public_answers(request: Request) -> PublicAnswers:
    """Those of this server."""
    found: PublicAnswers = request.app.state.public_answers
    return found


AnswersDep = Annotated[PublicAnswers, Depends(public_answers)]


@router.get("", dependencies=_OPEN, response_model=Record[Disclosure], responses=refusals(404))
def get_disclosure(
    tenant: IdPath, product: IdPath, request: Request, house: HouseDep, answers: AnswersDep
) -> Response:
    """A product as its issuer discloses it to everybody."""
    with _disclosed(house, tenant, product) as (session, listing):
        body = answers.get(
            (tenant, product),
            (listing, products.last_number(session, product)),
            lambda: canonical_json(reading.disclosed(session, listing)),
        )
    return _kept_for_a_while(request, Response(body, media_type="application/json"))


@router.get("/series", dependencies=_OPEN, response_model=list[Record[ProductPoint]], responses=refusals(404))
def get_disclosed_series(
    tenant: IdPath,
    product: IdPath,
    request: Request,
    house: HouseDep,
    now: NowDep,
    answers: AnswersDep,
    span: Annotated[Span, Query(description="Up to the present minute")] = Span.MONTH,
) -> Response:
    """Price, NAV and leverage of a unit over a span, evenly thinned; NAV also in present units."""
    until = now.replace(second=0, microsecond=0)
    with _disclosed(house, tenant, product) as (session, listing):
        body = answers.get(
            (tenant, product, span),
            (listing, until),
            lambda: canonical_json(
                reading.points(session, product, until - _DAYS[span], until, most=SERIES_POINTS)
            ),
        )
    return _kept_for_a_while(request, Response(body, media_type="application/json"))


@router.get("/market", dependencies=_OPEN, response_model=Record[UnitMarket], responses=refusals(404))
def get_disclosed_market(
    tenant: IdPath, product: IdPath, request: Request, house: HouseDep, looks: LooksDep
) -> Response:
    """What the venue shows of a product's units, beside NAV, for a holder of one."""
    with _disclosed(house, tenant, product) as (_, listing):
        pass
    shown = unit_market(house, TenantId(tenant), listing, looks, units=ONE, is_public=True)
    body = canonical_json(shown)
    return _kept_for_a_while(request, Response(body, media_type="application/json"))


@router.get("/risk-note", dependencies=_OPEN, response_model=list[str], responses=refusals(404))
def get_risk_note(
    tenant: IdPath,
    product: IdPath,
    request: Request,
    house: HouseDep,
    language: Annotated[Language, Query()] = Language.ENGLISH,
) -> Response:
    """What a holder should know, one point each; nothing where the rules hide the target it is about."""
    with _disclosed(house, tenant, product) as (_, listing):
        is_told = all(terms.target_is_published for terms in listing.product.terms)
        note = risk_note(listing.product, language=language) if is_told else ()
    return _kept_for_a_while(request, Response(canonical_json(note), media_type="application/json"))


@router.get("/{table}.csv", dependencies=_OPEN, responses=refusals(404))
def get_disclosure_table(
    tenant: IdPath, product: IdPath, table: IdPath, request: Request, house: HouseDep, answers: AnswersDep
) -> Response:
    """One of the disclosure's tables: figures, rebalances, charges, navs, adjustments or changes."""
    with _disclosed(house, tenant, product) as (session, listing):
        body = answers.get(
            (tenant, product, table),
            (listing, products.last_number(session, product)),
            lambda: _table(reading.disclosed(session, listing), table),
        )
    file = attachment(body, f"{product}-{table}.csv", "text/csv; charset=utf-8")
    return _kept_for_a_while(request, file)


def _table(document: Disclosure, name: str) -> bytes:
    found = tables(document).get(name)
    if found is None:
        raise NotDisclosedError(f"The disclosure has no table {name!r}.")
    return found


def _kept_for_a_while(request: Request, response: Response) -> Response:
    """The answer with its tag and for how long it may be kept, or that whoever asks has it already."""
    headers = {"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}", "ETag": etag(bytes(response.body))}
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


@contextmanager
def _disclosed(house: House, tenant: str, product: str) -> Iterator[tuple[Session, Listing]]:
    """A disclosed product in the transaction of a tenant that nobody has logged in to."""
    with house.database.lookup() as session:
        known = {one.id for one in list_tenants(session) if one.suspended_at is None}
    if tenant not in known:
        raise NotDisclosedError(f"There is no product {product[:60]!r} that is disclosed.")
    with house.database.transaction(TenantId(tenant), snapshot=True) as session:
        yield session, reading.publicly_listed(session, product)
