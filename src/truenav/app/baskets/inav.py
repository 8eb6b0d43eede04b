"""The indicative value of a product's shares: its list at the marks of its fund's pricing policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from truenav.app.baskets.closing import last_price
from truenav.app.baskets.lists import closed_day
from truenav.app.nav.inputs import pricing_policy
from truenav.app.sources.context import asset_book
from truenav.calc.etp.baskets.closing import closing_prices
from truenav.calc.etp.baskets.dealing_days import terms_on
from truenav.calc.etp.baskets.inav import LastPrice, inav
from truenav.calc.portfolio.tree import Tree
from truenav.calc.pricing.marks import Asked, Mark, Marks, QuoteBook, Selection, Subject
from truenav.calc.pricing.quotes import QuoteKey
from truenav.core.asset import AssetBook
from truenav.core.basket import BasketInputError, BasketListing, CreationList, Substitution
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.core.money import AssetId, exact, rounded
from truenav.core.policy import PricingPolicy
from truenav.core.portfolio import Node
from truenav.store import baskets
from truenav.store.baskets import InavPoint, ListState
from truenav.store.database import Session
from truenav.store.definitions import Definitions, Kind

COVERAGE_PLACES = 6

_KINDS = (
    Kind.BASKET,
    Kind.NODE,
    Kind.ASSET,
    Kind.ALIAS,
    Kind.INSTRUMENT,
    Kind.PRICING_POLICY,
)

_log = structlog.get_logger("truenav.baskets")


@dataclass(frozen=True, slots=True)
class Indicated:
    """A product with the list that its indicative value follows, and what its prices are chosen by."""

    listing: BasketListing
    listed: CreationList
    policy: PricingPolicy
    assets: AssetBook
    instruments: InstrumentBook

    @property
    def followed(self) -> tuple[AssetId, ...]:
        """All that is priced: the constituents, the quote asset, and the share itself."""
        product = self.listing.product
        return (*(line.asset for line in self.listed.lines), product.quote, product.share)


def indicated(session: Session, now: datetime) -> tuple[Indicated, ...]:
    """The products of the tenant with a published list of the present dealing day, or of the one before.

    One whose day cannot be told is left out, and hinders no other.
    """
    known = Definitions(session, _KINDS)
    tree = Tree(known.bodies(Kind.NODE, Node))
    book, instruments = asset_book(known), InstrumentBook(known.bodies(Kind.INSTRUMENT, Instrument))
    found = []
    for listing in known.bodies(Kind.BASKET, BasketListing):
        try:
            listed = list_in_force(session, listing, now)
        except BasketInputError as error:
            _log.warning("no indicative value", product=listing.id, reason=error.message)
            continue
        fund = tree.fund_of(listing.node) if listing.node in tree.nodes else None
        if listed is not None and fund is not None:
            found.append(Indicated(listing, listed, pricing_policy(known, fund), book, instruments))
    return tuple(found)


def list_in_force(session: Session, listing: BasketListing, now: datetime) -> CreationList | None:
    """The published list of the present dealing day; until that is published, the one before."""
    if now.date() < listing.product.terms[0].since:
        return None
    last = baskets.latest_list(session, listing.id, states=(ListState.PUBLISHED,))
    if last is None or last.document.listed.trade_day < closed_day(listing.product, now):
        return None
    return last.document.listed


def select(one: Indicated, quotes: QuoteBook, at: datetime) -> tuple[Marks, frozenset[QuoteKey]]:
    """The marks of a product's assets at an instant, and all quotes that could change them."""
    asked = Asked.of([Subject(asset) for asset in one.followed], one.instruments)
    selection = Selection.of(
        asked, quotes, one.policy, assets=one.assets, instruments=one.instruments, as_of=at
    )
    return selection.marks(asked), selection.quotes


def indicative_value(one: Indicated, quotes: QuoteBook, marks: Marks, at: datetime) -> InavPoint:
    """The value of a share at these marks, with the share's own last price where there is one of now."""
    product = one.listing.product
    wanted = [line.asset for line in one.listed.lines if line.substitution is not Substitution.REQUIRED]
    prices, _ = closing_prices(marks, wanted, product.quote)
    last = {asset: LastPrice(price, _quoted_at(marks, quotes, asset, at)) for asset, price in prices.items()}
    value = inav(one.listed, last, at, stale_after=timedelta(seconds=one.listing.stale_after_seconds))
    market = last_price(marks, product)
    places = terms_on(product, one.listed.trade_day).nav_places
    with exact():
        return InavPoint(
            at,
            None if value.per_share is None else rounded(value.per_share, places),
            rounded(value.coverage, COVERAGE_PLACES),
            None if market is None else rounded(market, places),
        )


def _quoted_at(marks: Marks, quotes: QuoteBook, asset: AssetId, at: datetime) -> datetime:
    """When the asset's own quote is from; of an index the oldest quote on its way to the quote asset."""
    mark = marks.of(asset)
    assert isinstance(mark, Mark)
    own = quotes.latest(mark.source, asset, mark.quote, mark.kind, at)
    return mark.quoted_at if own is None else own.quoted_at
