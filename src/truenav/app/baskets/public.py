"""What the public sees of disclosed basket products: the published list, the close before, the iNAV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query, Response

from truenav.app.baskets import lists, reading
from truenav.app.baskets.lists import MEDIA
from truenav.app.baskets.reading import InavView
from truenav.app.house import House
from truenav.app.http.context import HouseDep, NowDep
from truenav.app.http.downloads import attachment
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, public
from truenav.app.sources.context import asset_book
from truenav.connect.products.creation_lists import ListForm
from truenav.core.basket import BasketListing, CreationList, DailyDisclosure
from truenav.core.failure import NotFoundError
from truenav.core.ids import TenantId
from truenav.store import baskets, definitions, roles
from truenav.store.baskets import KeptList, ListState
from truenav.store.database import Session
from truenav.store.definitions import DefinitionNotFoundError, Definitions, Kind
from truenav.store.tenants import list_tenants

router = Router(prefix="/public/{tenant}/baskets/{product}", tags=["public"])

IdPath = Annotated[str, Path(max_length=64)]
_OPEN = [public(counted=True)]


class BasketNotDisclosedError(NotFoundError):
    """The public may know of no such product, or of no such file of it."""

    code = "basket-not-disclosed"
    title = "No such product"


@dataclass(frozen=True, slots=True)
class PublicBasket:
    """A product as everybody may see it: the newest published list, the close before, the present iNAV.

    ``symbols`` are what people call the assets that it speaks of, by their ids.
    """

    id: str
    name: str
    symbols: Mapping[str, str]
    listed: CreationList
    disclosure: DailyDisclosure | None
    inav: InavView | None


@router.get("", dependencies=_OPEN, responses=refusals(404))
def get_basket(tenant: IdPath, product: IdPath, house: HouseDep, now: NowDep) -> Record[PublicBasket]:
    """A product as its issuer discloses it to everybody."""
    with _disclosed(house, tenant, product) as (session, listing, kept):
        return PublicBasket(
            listing.id,
            listing.product.name,
            _symbols(session, kept.document.listed),
            kept.document.listed,
            kept.document.disclosure,
            reading.present_inav(session, listing.id, now),
        )


@router.get("/list.{form}", dependencies=_OPEN, responses=refusals(404))
def get_public_list(tenant: IdPath, product: IdPath, form: ListForm, house: HouseDep) -> Response:
    """The newest published list as JSON, CSV or XML."""
    with _disclosed(house, tenant, product) as (_, listing, kept):
        name = f"{listing.id}-{kept.document.listed.trade_day}-list.{form.value}"
        return attachment(lists.list_file(kept, form), name, MEDIA[form])


@router.get("/disclosure.{form}", dependencies=_OPEN, responses=refusals(404))
def get_public_disclosure(tenant: IdPath, product: IdPath, form: ListForm, house: HouseDep) -> Response:
    """The close before the newest published list, as JSON or CSV."""
    with _disclosed(house, tenant, product) as (_, listing, kept):
        name = f"{listing.id}-{kept.document.close.day}-disclosure.{form.value}"
        return attachment(lists.disclosure_file(kept, form), name, MEDIA[form])


@router.get("/inav", dependencies=_OPEN, responses=refusals(404))
def list_public_inav(
    tenant: IdPath,
    product: IdPath,
    house: HouseDep,
    now: NowDep,
    most: Annotated[int, Query(ge=2, le=6_000, description="Most points")] = 1_000,
) -> list[Record[InavView]]:
    """The indicative value of a share through the last day, evenly thinned."""
    with _disclosed(house, tenant, product) as (session, listing, _):
        return list(reading.inav_series(session, listing.id, now - timedelta(days=1), now, most=most))


@contextmanager
def _disclosed(house: House, tenant: str, product: str) -> Iterator[tuple[Session, BasketListing, KeptList]]:
    """A product with its newest published list; what is not meant for the public does not exist."""
    with house.database.lookup() as session:
        known = {one.id for one in list_tenants(session) if one.suspended_at is None}
    if tenant not in known:
        raise _nothing(product)
    with house.database.transaction(TenantId(tenant), snapshot=True) as session:
        try:
            listing = definitions.get(session, Kind.BASKET, product, BasketListing)
        except DefinitionNotFoundError:
            raise _nothing(product) from None
        kept = baskets.latest_list(session, product, states=(ListState.PUBLISHED,))
        if not listing.disclosed or kept is None or "baskets" in roles.modules_off(session):
            raise _nothing(product)
        yield session, listing, kept


def _symbols(session: Session, listed: CreationList) -> dict[str, str]:
    book = asset_book(Definitions(session, (Kind.ASSET, Kind.ALIAS)))
    return {asset: book.symbol(asset) for asset in (listed.quote, *(line.asset for line in listed.lines))}


def _nothing(product: str) -> BasketNotDisclosedError:
    return BasketNotDisclosedError(f"There is no basket product {product[:60]!r} that is disclosed.")
