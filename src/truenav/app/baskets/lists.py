"""Creation lists of dealing days: made from the close before, checked by a second person, published.

Each step is one transaction with its audit entry inside. A list that must not be published is not kept: the
refusal says what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.baskets.catalogues import BASKETS
from truenav.app.baskets.closing import Look, look
from truenav.app.house import House
from truenav.app.sight import Sight
from truenav.calc.etp.baskets.basket import (
    as_published,
    cash_part,
    creation_list,
    daily_disclosure,
    net_asset_value,
    unit_value,
)
from truenav.calc.etp.baskets.dealing_days import (
    cut_off_at,
    dealing_day_of,
    next_dealing_day,
    previous_dealing_day,
    terms_on,
)
from truenav.connect.products.creation_lists import ListForm, write_creation_list, write_disclosure
from truenav.core.basket import (
    BasketClose,
    BasketInputError,
    BasketListing,
    BasketProduct,
    DailyDisclosure,
    Holdings,
    ListDocument,
    NotPublishable,
    Prices,
)
from truenav.core.canonical import canonical_json
from truenav.core.failure import ConflictError, Failure, InvalidInputError
from truenav.core.ids import Sha256
from truenav.store import audit, baskets
from truenav.store.baskets import KeptList, ListState
from truenav.store.database import Session

MEDIA = {
    ListForm.JSON: "application/json",
    ListForm.CSV: "text/csv; charset=utf-8",
    ListForm.XML: "application/xml",
}
"""What the files of lists and disclosures are."""


class ListNotPublishableError(ConflictError):
    """Something is missing or doubtful, so there must be no list."""

    code = "basket-list-not-publishable"
    title = "There must be no creation list of this"


class ListChangedError(ConflictError):
    """What was approved is not what stands there."""

    code = "basket-list-changed"
    title = "Another list stands there by now"


@dataclass(frozen=True, slots=True)
class HoldingsView:
    """What a product holds now, and what of that is doubtful; a None figure is unknown."""

    holdings: Holdings
    prices: Prices
    market_price: Decimal | None
    nav: Decimal | None
    nav_per_share: Decimal | None
    failures: tuple[Failure, ...]


def find_basket(session: Session, principal: Principal, sight: Sight, id: str) -> BasketListing:
    """A basket product; ``DefinitionNotFoundError`` where there is none in sight."""
    return BASKETS.find(session, principal, id, sight).body


def present_holdings(
    session: Session, house: House, principal: Principal, listing: BasketListing
) -> HoldingsView:
    """What the product holds now as recorded, with prices and NAV where nothing is missing."""
    authorize(principal, "product:read")
    now = house.clock.now()
    product = listing.product
    day = closed_day(product, now)
    found = look(session, house, principal.tenant, listing, day=day, as_of=now, known_at=now)
    holdings, shares = found.holdings, found.holdings.shares_outstanding
    view = HoldingsView(holdings, found.prices, found.market_price, None, None, holdings.failures)
    if holdings.failures or not shares:
        return view
    terms = terms_on(product, next_dealing_day(product, day))
    nav = net_asset_value(holdings, found.prices)
    return replace(
        view,
        nav=unit_value(nav, shares=1, unit_size=1, places=terms.places),
        nav_per_share=unit_value(nav, shares=shares, unit_size=1, places=terms.nav_places),
    )


def closed_day(product: BasketProduct, now: datetime) -> date:
    """The last dealing day whose cut-off has passed."""
    return previous_dealing_day(product, dealing_day_of(product, now))


def make_list(
    session: Session,
    house: House,
    principal: Principal,
    listing: BasketListing,
    *,
    as_of: datetime | None = None,
    reason: str | None = None,
    unread: tuple[Failure, ...] = (),
) -> KeptList:
    """Make the list of the next dealing day, from what is recorded as of ``as_of`` (None: now).

    ``as_of`` lies after the last cut-off. Where the day's list is published already, this is a correction and
    needs a ``reason``; the published one stands until the correction is. `ListNotPublishableError` tells all
    that stands against a list.
    """
    authorize(principal, "basket:deal", _resource(principal, listing.id))
    now = house.clock.now()
    product = listing.product
    day = closed_day(product, now)
    at = now if as_of is None else as_of
    if not cut_off_at(product, day) <= at <= now:
        raise InvalidInputError(
            f"The close of {day} is from {cut_off_at(product, day):%Y-%m-%d %H:%M} UTC on, and not in the "
            "future."
        )
    found = look(session, house, principal.tenant, listing, day=day, as_of=at, known_at=now, unread=unread)
    sha = house.blobs(principal.tenant).write(canonical_json(found.inputs))
    trade_day = next_dealing_day(product, day)
    close = _close(listing, day, trade_day, found, now, sha)
    document = _document(session, listing, trade_day, close)
    why = None if reason is None else reason.strip() or None
    kept = baskets.add_list(session, document, by=principal.user, at=now, reason=why)
    _told(session, principal, "basket.list_made", kept, now)
    return kept


def _close(
    listing: BasketListing, day: date, trade_day: date, found: Look, now: datetime, inputs: Sha256
) -> BasketClose:
    prices = as_published(terms_on(listing.product, trade_day), found.prices)
    return BasketClose(
        product=listing.id,
        day=day,
        as_of=found.holdings.as_of,
        known_at=now,
        holdings=found.holdings,
        prices=prices,
        market_price=found.market_price,
        benchmark=found.benchmark,
        inputs=inputs,
    )


def _document(session: Session, listing: BasketListing, trade_day: date, close: BasketClose) -> ListDocument:
    open_for_orders = not listing.halted
    listed = creation_list(
        listing.product,
        trade_day,
        close.holdings,
        close.prices,
        creation=open_for_orders,
        redemption=open_for_orders,
    )
    if isinstance(listed, NotPublishable):
        raise _not_publishable(listed)
    before = baskets.standing_list(session, listing.id, close.day)
    cash = None if before is None else actual_cash(listing.product, before, close)
    return ListDocument(close, replace(listed, previous_cash=cash), _disclosure(listing.product, close))


def _disclosure(product: BasketProduct, close: BasketClose) -> DailyDisclosure | None:
    """The close for the public; none before the first terms, nor where the day's terms list other assets."""
    if close.day < product.terms[0].since:
        return None
    told = daily_disclosure(product, close.day, close.holdings, close.prices, market_price=close.market_price)
    return None if isinstance(told, NotPublishable) else told


def _not_publishable(found: NotPublishable) -> ListNotPublishableError:
    told = list(dict.fromkeys(f"{one.message} {one.mend}" for one in found.failures))
    more = f" And {len(told) - 5} more." if len(told) > 5 else ""
    return ListNotPublishableError(
        f"There can be no list of {found.product} for {found.trade_day}. {' '.join(told[:5])}{more}",
        reasons=told,
    )


def value_at(product: BasketProduct, close: BasketClose) -> Decimal:
    """NAV of a creation unit at a close, as published."""
    terms = terms_on(product, close.day)
    shares = close.holdings.shares_outstanding
    if not shares:
        raise BasketInputError(f"{product.id} had no shares at the close of {close.day}.")
    nav = net_asset_value(close.holdings, close.prices)
    return unit_value(nav, shares=shares, unit_size=terms.unit_size, places=terms.places)


def actual_cash(product: BasketProduct, kept: KeptList, close: BasketClose) -> Decimal:
    """The actual cash difference (现金差额) of a dealing day, by its list and its close."""
    return cash_part(value_at(product, close), kept.document.listed.lines, close.prices)


def approve_list(
    session: Session, house: House, principal: Principal, id: str, day: date, *, document_sha: str
) -> KeptList:
    """Approve the draft that somebody else made; ``document_sha`` names what the approver saw."""
    kept = baskets.find_list(session, id, day)
    authorize(principal, "basket:approve", _resource(principal, id, maker=kept.made_by))
    if document_sha != kept.document_sha:
        raise ListChangedError(
            f"You saw {document_sha[:16]}, but {kept.document_sha[:16]} stands there; read it again."
        )
    return _decided(session, house, principal, kept, ListState.APPROVED)


def publish_list(session: Session, house: House, principal: Principal, id: str, day: date) -> KeptList:
    """Publish an approved list: orders of its day deal by it from now on, and the public may read it."""
    authorize(principal, "basket:deal", _resource(principal, id))
    return _decided(session, house, principal, baskets.find_list(session, id, day), ListState.PUBLISHED)


def reject_list(
    session: Session, house: House, principal: Principal, id: str, day: date, *, reason: str
) -> KeptList:
    """Refuse a draft, or an approved list that is not published; a new one may take its place."""
    authorize(principal, "basket:approve", _resource(principal, id))
    kept = baskets.find_list(session, id, day)
    return _decided(session, house, principal, kept, ListState.REJECTED, note=reason)


def _decided(
    session: Session,
    house: House,
    principal: Principal,
    kept: KeptList,
    state: ListState,
    *,
    note: str | None = None,
) -> KeptList:
    now = house.clock.now()
    moved = baskets.decide(session, kept, state, by=principal.user, at=now, note=note)
    _told(session, principal, f"basket.list_{state.value}", moved, now)
    return moved


def list_file(kept: KeptList, form: ListForm) -> bytes:
    """The list as a file."""
    return write_creation_list(kept.document.listed, form)


def disclosure_file(kept: KeptList, form: ListForm) -> bytes:
    """The disclosure of the close before as a file; `ListNotFoundError` where there is none."""
    if kept.document.disclosure is None:
        day = kept.document.close.day
        raise baskets.ListNotFoundError(f"By the terms of {day} nothing can be disclosed of that day.")
    return write_disclosure(kept.document.disclosure, form)


def _told(session: Session, principal: Principal, action: str, kept: KeptList, at: datetime) -> None:
    listed = kept.document.listed
    detail = {
        "version": kept.version,
        "document": kept.document_sha,
        "note": kept.note or "",
        "reason": kept.reason or "",
    }
    audit.append(
        session,
        actor=principal.user,
        action=action,
        subject=f"{listed.product}/{listed.trade_day}",
        at=at,
        detail=detail,
    )


def _resource(principal: Principal, id: str, *, maker: str | None = None) -> Resource:
    return Resource(principal.tenant, "basket", id, maker=maker)
