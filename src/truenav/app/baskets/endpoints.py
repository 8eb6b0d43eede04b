"""Basket products: what they hold, lists of dealing days, and orders of authorised participants."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from truenav.app.baskets import lists, reading
from truenav.app.baskets.catalogues import BASKETS, PARTICIPANTS
from truenav.app.baskets.lists import MEDIA, HoldingsView
from truenav.app.baskets.orders import OrderDesk, OrderView, SeenTransfer, find_order, list_orders
from truenav.app.baskets.public import router as public_router
from truenav.app.baskets.reading import InavView, Tracking
from truenav.app.baskets.schemas import (
    ApproveListBody,
    BuyInBody,
    DeliveryBody,
    FeePaymentBody,
    ListAnswer,
    ListDetail,
    MakeListBody,
    OrderBody,
    ReasonBody,
    TrueUpBody,
)
from truenav.app.exports.wire import as_table
from truenav.app.http.catalogues import catalogue_router
from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.downloads import attachment
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import Router, requires
from truenav.app.http.spans import SpanDep
from truenav.connect.products.creation_lists import ListForm
from truenav.core.ap_orders import ApOrder
from truenav.core.basket import BasketListing
from truenav.core.money import AssetId
from truenav.store import baskets

router = Router(tags=["baskets"], module="baskets")

IdPath = Annotated[str, Path(max_length=64)]
DayPath = Annotated[date, Path(description="A dealing day")]
VersionQuery = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="By default the newest that is not rejected")
]
NumberPath = Annotated[int, Path(ge=1, le=2**62, description="The order's number")]

_READ = [requires("product:read", sight="narrowed")]
_READ_TABLE = [*_READ, Depends(as_table)]
_DEAL = [requires("basket:deal", sight="narrowed")]
_APPROVE = [requires("basket:approve", sight="narrowed")]
_STATE = refusals(409)


def _found(product: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep) -> BasketListing:
    """A basket product that the caller sees; any other does not exist."""
    return lists.find_basket(session, principal, sight, product)


BasketDep = Annotated[BasketListing, Depends(_found)]


def _desk(listing: BasketDep, session: SessionDep, house: HouseDep, principal: PrincipalDep) -> OrderDesk:
    return OrderDesk(session, house, principal, listing)


DeskDep = Annotated[OrderDesk, Depends(_desk)]


@router.get("/basket-holdings/{product}", dependencies=_READ)
def get_holdings(
    listing: BasketDep, session: SessionDep, house: HouseDep, principal: PrincipalDep
) -> Record[HoldingsView]:
    """What the product holds now as recorded, looked through, and what of that is doubtful."""
    return lists.present_holdings(session, house, principal, listing)


@router.get("/basket-inav/{product}", dependencies=_READ_TABLE)
def list_inav(
    listing: BasketDep,
    *,
    session: SessionDep,
    span: SpanDep,
    most: Annotated[int, Query(ge=2, le=6_000, description="Most points")] = 1_000,
) -> list[Record[InavView]]:
    """The indicative value of a share through a span of at most a week, evenly thinned, with its premium."""
    return list(reading.inav_series(session, listing.id, span.since, span.until, most=most))


@router.get("/basket-tracking/{product}", dependencies=_READ)
def get_tracking(listing: BasketDep, session: SessionDep) -> Record[Tracking]:
    """NAV per share at each close, premium, and how the product follows its benchmark."""
    return reading.tracking(session, listing)


@router.get("/basket-lists/{product}", dependencies=_READ_TABLE)
def list_lists(
    listing: BasketDep,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=500, description="Most days")] = 60,
) -> list[ListAnswer]:
    """The newest list of each dealing day, latest day first."""
    return [ListAnswer.of(kept) for kept in baskets.lists(session, listing.id, limit=limit)]


@router.post("/basket-lists/{product}", dependencies=_DEAL, status_code=201, responses=_STATE)
def make_list(
    body: MakeListBody, listing: BasketDep, session: SessionDep, house: HouseDep, principal: PrincipalDep
) -> ListAnswer:
    """Make the list of the next dealing day from what is recorded; 409 tells all that is missing."""
    kept = lists.make_list(session, house, principal, listing, as_of=body.as_of, reason=body.reason)
    return ListAnswer.of(kept)


@router.get("/basket-lists/{product}/{day}", dependencies=_READ)
def get_list(
    listing: BasketDep, day: DayPath, session: SessionDep, version: VersionQuery = None
) -> ListDetail:
    """A list of a dealing day, with the close that it was made from."""
    return ListDetail.full(baskets.find_list(session, listing.id, day, version=version))


@router.get("/basket-lists/{product}/{day}/list.{form}", dependencies=_READ)
def get_list_file(
    listing: BasketDep, day: DayPath, form: ListForm, session: SessionDep, version: VersionQuery = None
) -> Response:
    """The list as JSON, CSV or XML; the JSON is what a priced order's hash is of."""
    kept = baskets.find_list(session, listing.id, day, version=version)
    return attachment(lists.list_file(kept, form), f"{listing.id}-{day}-list.{form.value}", MEDIA[form])


@router.get("/basket-lists/{product}/{day}/disclosure.{form}", dependencies=_READ)
def get_disclosure_file(
    listing: BasketDep, day: DayPath, form: ListForm, session: SessionDep, version: VersionQuery = None
) -> Response:
    """What the public is told of the close before this day, as JSON or CSV."""
    kept = baskets.find_list(session, listing.id, day, version=version)
    data = lists.disclosure_file(kept, form)
    return attachment(data, f"{listing.id}-{kept.document.close.day}-disclosure.{form.value}", MEDIA[form])


@router.post("/basket-lists/{product}/{day}/approve", dependencies=_APPROVE, responses=_STATE)
def approve_list(
    body: ApproveListBody,
    day: DayPath,
    listing: BasketDep,
    session: SessionDep,
    house: HouseDep,
    principal: PrincipalDep,
) -> ListAnswer:
    """Approve the draft that somebody else made, by the hash of what was seen."""
    kept = lists.approve_list(session, house, principal, listing.id, day, document_sha=body.document_sha)
    return ListAnswer.of(kept)


@router.post("/basket-lists/{product}/{day}/publish", dependencies=_DEAL, responses=_STATE)
def publish_list(
    day: DayPath, listing: BasketDep, session: SessionDep, house: HouseDep, principal: PrincipalDep
) -> ListAnswer:
    """Publish an approved list; one that was published for this day before is superseded."""
    return ListAnswer.of(lists.publish_list(session, house, principal, listing.id, day))


@router.post("/basket-lists/{product}/{day}/reject", dependencies=_APPROVE, responses=_STATE)
def reject_list(
    body: ReasonBody,
    day: DayPath,
    listing: BasketDep,
    session: SessionDep,
    house: HouseDep,
    principal: PrincipalDep,
) -> ListAnswer:
    """Refuse a list that is not published; another one may take its place."""
    return ListAnswer.of(lists.reject_list(session, house, principal, listing.id, day, reason=body.reason))


@router.get("/basket-orders/{product}", dependencies=_READ_TABLE)
def list_ap_orders(listing: BasketDep, session: SessionDep) -> list[Record[OrderView]]:
    """All orders of the product, the latest first."""
    return list(list_orders(session, listing))


@router.post("/basket-orders/{product}", dependencies=_DEAL, responses=_STATE)
def receive_order(body: OrderBody, listing: BasketDep, desk: DeskDep) -> Record[OrderView]:
    """Enter an order of a participant; it is checked at once. The same order again changes nothing."""
    cash_for = frozenset(AssetId(asset) for asset in body.cash_for)
    return desk.receive(
        ApOrder(listing.id, body.participant, body.client_id, body.side, body.units, cash_for)
    )


@router.get("/basket-orders/{product}/{number}", dependencies=_READ)
def get_ap_order(listing: BasketDep, number: NumberPath, session: SessionDep) -> Record[OrderView]:
    """One order, with all that happened to it."""
    return find_order(session, listing, number)


@router.get("/basket-orders/{product}/{number}/transfers", dependencies=_READ)
def list_transfers(number: NumberPath, desk: DeskDep) -> list[Record[SeenTransfer]]:
    """What came into the product's accounts of the assets that the order still owes."""
    return list(desk.transfers(number))


@router.post("/basket-orders/{product}/{number}/accept", dependencies=_APPROVE, responses=_STATE)
def accept_order(number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Accept an order that somebody else entered, by the published list of its dealing day."""
    return desk.accept(number)


@router.post("/basket-orders/{product}/{number}/reject", dependencies=_APPROVE, responses=_STATE)
def reject_order(body: ReasonBody, number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Refuse an order before it was accepted."""
    return desk.reject(number, reason=body.reason)


@router.post("/basket-orders/{product}/{number}/cancel", dependencies=_DEAL, responses=_STATE)
def cancel_order(number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Take an order back before the cut-off."""
    return desk.cancel(number)


@router.post("/basket-orders/{product}/{number}/price", dependencies=_DEAL, responses=_STATE)
def price_order(number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Fix the amounts at the close of the dealing day."""
    return desk.price(number)


@router.post("/basket-orders/{product}/{number}/instruct", dependencies=_DEAL, responses=_STATE)
def instruct_order(number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Tell both sides to deliver."""
    return desk.instruct(number)


@router.post("/basket-orders/{product}/{number}/deliver", dependencies=_DEAL, responses=_STATE)
def deliver_order(body: DeliveryBody, number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Record a transfer that arrived; each counts once."""
    amount = None if body.amount is None else body.amount.amount()
    return desk.deliver(number, reference=body.reference, amount=amount)


@router.post("/basket-orders/{product}/{number}/fail-fee", dependencies=_DEAL, responses=_STATE)
def charge_fail_fee(number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Charge the days of lateness that were not charged yet."""
    return desk.charge_lateness(number)


@router.post("/basket-orders/{product}/{number}/buy-in", dependencies=_DEAL, responses=_STATE)
def buy_in_order(body: BuyInBody, number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Record what the issuer bought in the participant's place."""
    return desk.buy_in(number, missing=body.missing.amount(), cost=body.cost, reference=body.reference)


@router.post("/basket-orders/{product}/{number}/settle", dependencies=_APPROVE, responses=_STATE)
def settle_order(number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Deliver against payment; whoever recorded what arrived may not."""
    return desk.settle(number)


@router.post("/basket-orders/{product}/{number}/fail", dependencies=_APPROVE, responses=_STATE)
def fail_order(body: ReasonBody, number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Give an overdue order up."""
    return desk.fail(number, reason=body.reason)


@router.post("/basket-orders/{product}/{number}/true-up", dependencies=_APPROVE, responses=_STATE)
def true_up_order(body: TrueUpBody, number: NumberPath, desk: DeskDep) -> Record[OrderView]:
    """Settle substituted cash against the product's own trade."""
    return desk.true_up(number, asset=AssetId(body.asset), realised=body.realised)


@router.post("/basket-fees/{product}", dependencies=_DEAL, status_code=204)
def pay_fee(body: FeePaymentBody, desk: DeskDep) -> None:
    """Record that accrued fee left the product, in tokens."""
    desk.pay_fee(amount=body.amount.amount(), reference=body.reference)


ROUTERS = (
    router,
    public_router,
    catalogue_router(BASKETS, "baskets"),
    catalogue_router(PARTICIPANTS, "participants"),
)
