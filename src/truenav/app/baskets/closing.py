"""A basket product at an instant: what its node's accounts hold, at which prices, and how many shares exist.

Read from the record, never stored here; what could not be read is a failure of the holdings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from truenav.app.house import House
from truenav.app.nav.inputs import assemble_inputs
from truenav.calc.etp.baskets.ap_book import OrderBook
from truenav.calc.etp.baskets.basket import look_through, pooled
from truenav.calc.etp.baskets.closing import (
    closing_prices,
    fees_owed,
    holdings_of,
    owed_to_participants,
    with_debts,
    with_fees,
)
from truenav.calc.etp.baskets.dealing_days import next_dealing_day, terms_on
from truenav.calc.nav.model import NavInputs, NavResult
from truenav.calc.nav.strike import strike_nav
from truenav.calc.portfolio.tree import Tree
from truenav.calc.pricing.marks import Marks, QuoteBook, Subject, select_marks
from truenav.core.asset import AssetBook
from truenav.core.basket import BasketListing, BasketProduct, BasketTerms, Holdings, SponsorFeePaid
from truenav.core.failure import Failure
from truenav.core.ids import NodeId, TenantId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, AssetId, divided, exact
from truenav.core.portfolio import Node
from truenav.store import baskets, definitions
from truenav.store.baskets import JournalEntry
from truenav.store.database import Session
from truenav.store.definitions import Kind


@dataclass(frozen=True, slots=True)
class Look:
    """A product at an instant.

    ``prices`` are unrounded, in the quote asset. ``inputs`` is all that it was computed from, by product:
    its own, and those of the products that it holds.
    """

    holdings: Holdings
    prices: Mapping[AssetId, Decimal]
    market_price: Decimal | None
    benchmark: Decimal | None
    inputs: Mapping[str, NavInputs]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One product before its holdings are looked through."""

    holdings: Holdings
    inputs: NavInputs
    result: NavResult


def look(
    session: Session,
    house: House,
    tenant: TenantId,
    listing: BasketListing,
    *,
    day: date,
    as_of: datetime,
    known_at: datetime,
    unread: tuple[Failure, ...] = (),
) -> Look:
    """What a product holds at ``as_of``, looked through, with fees until ``day``, the dealing day that ended.

    ``unread`` is what gathering could not read.
    """
    every = {one.id: one for one in definitions.bodies(session, Kind.BASKET, BasketListing)}
    seen: dict[str, _Seen] = {}
    waiting = [listing]
    while waiting:
        one = waiting.pop()
        if one.id in seen:
            continue
        known = unread if one.id == listing.id else ()
        seen[one.id] = _see(session, house, tenant, one, every, day, as_of, known_at, known)
        held = {unit.product for unit in seen[one.id].holdings.units}
        waiting += [every[id] for id in sorted(held)]
    net = {
        id: _with_fees(session, every[id], one.holdings, day, as_of) if id != listing.id else one.holdings
        for id, one in seen.items()
    }
    whole = look_through(net.pop(listing.id), net, listing.id)
    whole = _with_fees(session, listing, whole, day, as_of)
    own = seen[listing.id]
    assets = _valued(listing.product, whole, day)
    marks = _marks(own.inputs, {*assets, listing.product.quote, listing.product.share})
    prices, unpriced = closing_prices(marks, assets, listing.product.quote)
    return Look(
        replace(whole, failures=(*whole.failures, *unpriced)),
        prices,
        last_price(marks, listing.product),
        _benchmark(marks, own.result, listing),
        {id: one.inputs for id, one in seen.items()},
    )


def order_book(listing: BasketListing, entries: Iterable[JournalEntry]) -> OrderBook:
    """The book of a product's orders, folded from its journal."""
    facts = (one.fact for one in entries)
    return OrderBook.opening(listing.opening_shares).applied(
        fact for fact in facts if not isinstance(fact, SponsorFeePaid)
    )


def _see(
    session: Session,
    house: House,
    tenant: TenantId,
    listing: BasketListing,
    every: Mapping[str, BasketListing],
    day: date,
    as_of: datetime,
    known_at: datetime,
    unread: tuple[Failure, ...],
) -> _Seen:
    tree = Tree(definitions.bodies(session, Kind.NODE, Node))
    fund = cast(NodeId, tree.fund_of(listing.node))
    inputs = assemble_inputs(session, house, tenant, fund, as_of=as_of, known_at=known_at, unread=unread)
    result = strike_nav(inputs)
    product = listing.product
    book = order_book(listing, baskets.journal(session, listing.id, until=as_of))
    found = holdings_of(
        result,
        tree.subtree(listing.node),
        quote=product.quote,
        share=product.share,
        products={one.product.share: one.id for one in every.values() if one.id != listing.id},
        listed=constituents(_terms_on(product, next_dealing_day(product, day))),
    )
    found = with_debts(found, owed_to_participants(book, product.share))
    return _Seen(replace(found, shares_outstanding=book.shares_outstanding), inputs, result)


def _with_fees(
    session: Session, listing: BasketListing, holdings: Holdings, day: date, as_of: datetime
) -> Holdings:
    """The sponsor's fee as it stood at the last close that was approved, less what was paid since.

    Before the first close it is what was owed at the opening, less all that was paid.
    """
    last = baskets.latest_list(session, listing.id, closed_before=day)
    close = None if last is None else last.document.close
    owed = _opening_fees(listing) if close is None else fees_owed(close.holdings)
    with exact():
        for entry in baskets.journal(session, listing.id, until=as_of):
            paid = entry.fact
            if isinstance(paid, SponsorFeePaid) and (close is None or paid.at > close.as_of):
                owed[paid.amount.asset] = owed.get(paid.amount.asset, ZERO) - paid.amount.number
    days = 0 if close is None else (day - close.day).days
    return with_fees(holdings, owed, days=days, terms=_terms_on(listing.product, day))


def _opening_fees(listing: BasketListing) -> dict[AssetId, Decimal]:
    return {one.asset: one.number for one in listing.opening_fees}


def constituents(terms: BasketTerms) -> list[AssetId]:
    """The assets of a creation unit by some terms."""
    return [one.asset for one in terms.constituents]


def _terms_on(product: BasketProduct, day: date) -> BasketTerms:
    """The terms of a day; before the first ones, these."""
    return terms_on(product, max(day, product.terms[0].since))


def _valued(product: BasketProduct, holdings: Holdings, day: date) -> set[AssetId]:
    """All that needs a price: what is held, and what the lists of the day and of the next one name."""
    ending, coming = _terms_on(product, day), _terms_on(product, next_dealing_day(product, day))
    return {*pooled(holdings)[0], *constituents(ending), *constituents(coming)}


def _marks(inputs: NavInputs, assets: Iterable[AssetId]) -> Marks:
    """The marks of assets by the fund's pricing policy, wherever they are held."""
    return select_marks(
        [Subject(asset) for asset in assets],
        QuoteBook(inputs.facts),
        inputs.pricing,
        assets=AssetBook(inputs.assets, inputs.aliases),
        instruments=InstrumentBook(inputs.instruments),
        as_of=inputs.as_of,
    )


def last_price(marks: Marks, product: BasketProduct) -> Decimal | None:
    """The last price of a share; None where there is none above zero, or an old one alone."""
    prices, failures = closing_prices(marks, [product.share], product.quote)
    price = None if failures else prices[product.share]
    return None if price is None or price <= 0 else price


def _benchmark(marks: Marks, result: NavResult, listing: BasketListing) -> Decimal | None:
    """The level of the benchmark in the quote asset; None where there is none."""
    level = next((one.price_usd for one in result.numeraire_prices if one.code == listing.benchmark), None)
    unit = marks.usd(listing.product.quote)
    return None if level is None or isinstance(unit, Failure) else divided(level, unit)
