"""The products that are run here, as definitions; one that cannot be run is refused whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from truenav.app.catalogue import Catalogue
from truenav.app.sources.context import parse_context
from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.rules import check_product
from truenav.calc.etp.engine.simulate import terms_at
from truenav.calc.portfolio.tree import Tree
from truenav.connect.rates import FundingConnector
from truenav.connect.registry import installed
from truenav.connect.trading import OrderingConnector
from truenav.core.account import Account
from truenav.core.failure import InvalidInputError
from truenav.core.ids import AccountId, InstrumentId, parse_slug
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.listing import Listing
from truenav.core.portfolio import Node
from truenav.core.product import Exposure, Terms
from truenav.store import definitions, products
from truenav.store.database import Session
from truenav.store.definitions import Kind

MODULE = "etp"
"""What a tenant switches on or off: see `truenav.access.modules`."""


MOST_UNITS = Decimal("1e30")
"""A product has fewer, and fewer are created or redeemed at once: amounts of them stay exact."""


class BadListingError(InvalidInputError):
    """A product cannot be run as it is listed: its rules, its instrument or its account do not fit."""

    code = "bad-listing"
    title = "The product cannot be run like this"


_HELD = {
    Exposure.SPOT: (InstrumentKind.SPOT, False),
    Exposure.PERPETUAL: (InstrumentKind.PERPETUAL, False),
    Exposure.INVERSE: (InstrumentKind.PERPETUAL, True),
    Exposure.FUTURE: (InstrumentKind.FUTURE, False),
}
"""The kind of instrument that each exposure is held in, and whether it is inverse."""

_HEDGED = (Exposure.PERPETUAL, Exposure.FUTURE)
"""What is traded for products: linear contracts, of which the account's position is the product's."""


def _check(session: Session, listing: Listing) -> None:
    parse_slug(listing.id, what="id")
    check_product(listing.product)
    terms = terms_at(listing.product, microseconds(listing.opened_at))
    Tree(definitions.bodies(session, Kind.NODE, Node)).get(listing.node)
    instruments = parse_context(session).instruments
    instrument = instruments.get(listing.instrument)
    units = None if listing.traded_as is None else instruments.get(listing.traded_as)
    accounts = {one.id: one for one in definitions.bodies(session, Kind.ACCOUNT, Account)}
    others = [one for one in definitions.bodies(session, Kind.LISTING, Listing) if one.id != listing.id]
    wrong = [
        *_faults(listing, terms, instrument, accounts),
        *_market_faults(listing, instrument, units),
        *_hedge_faults(listing, terms, instrument.venue, others),
        *_opened_faults(session, listing),
    ]
    if wrong:
        raise BadListingError(f"{listing.id} cannot be run: {' '.join(wrong)}", wrong=wrong)


def _faults(
    listing: Listing, terms: Terms, instrument: Instrument, accounts: Mapping[AccountId, Account]
) -> Iterator[str]:
    kind, inverse = _HELD[terms.exposure]
    if (instrument.kind, instrument.inverse) != (kind, inverse):
        yield f"{instrument.id} is no {'inverse ' if inverse else ''}{kind}, which the rules hold."
    if listing.opening_nav <= 0 or listing.opening_units <= 0 or listing.tick <= 0:
        yield "The opening NAV, the opening units and the tick must be above 0."
    if listing.opening_units >= MOST_UNITS:
        yield f"The opening units must be below {MOST_UNITS:.0e}."
    if listing.published_rates and not isinstance(installed(instrument.venue), FundingConnector):
        yield f"{instrument.venue} publishes no funding rates that are read here; charge those of the rules."
    if listing.automatic_up_to is not None and listing.automatic_up_to < 0:
        yield "What is executed without approval cannot be below 0."
    if listing.hedge_account is not None:
        account = accounts.get(listing.hedge_account)
        if account is None:
            yield f"There is no account {listing.hedge_account!r}; add it first."
        elif account.venue != instrument.venue:
            yield f"{account.id} is at {account.venue}, where {instrument.id} is not traded."


def _market_faults(listing: Listing, instrument: Instrument, units: Instrument | None) -> Iterator[str]:
    if units is not None and (units.kind is not InstrumentKind.SPOT or units.quote != instrument.quote):
        yield f"{units.id} is no spot market in {instrument.quote}, in which NAV is told."
    if any(fee is not None and not -1 < fee < 1 for fee in (listing.maker_fee, listing.taker_fee)):
        yield "Maker and taker fees are shares of the amount, between -1 and 1; a rebate is below 0."


def _hedge_faults(listing: Listing, terms: Terms, venue: str, others: Iterable[Listing]) -> Iterator[str]:
    """What speaks against trading for a product in its account."""
    if listing.hedge_account is None:
        return
    if terms.exposure not in _HEDGED:
        yield f"Nothing is traded here for products that hold {terms.exposure}; leave the hedge account out."
    elif not isinstance(installed(venue), OrderingConnector):
        yield f"No orders are sent to {venue} from here; leave the hedge account out."
    place = (listing.hedge_account, listing.instrument)
    for one in others:
        if (one.hedge_account, one.instrument) == place:
            yield f"{one.id} is hedged with {listing.instrument} in {listing.hedge_account} already."


def _opened_faults(session: Session, listing: Listing) -> Iterator[str]:
    """What cannot be changed any more of a product that has opened."""
    last = products.latest(session, listing.id)
    if last is None:
        return
    live, versions = last.live, definitions.history(session, Kind.LISTING, listing.id, Listing)
    ran_as = next((one.body for one in versions if one.version == last.version), listing)
    if (live.product, live.mark.of) != (listing.product.id, listing.product.underlying):
        yield f"It has opened as {live.product} on {live.mark.of}; its id and its underlying stay."
    if (live.actual is not None) != (listing.hedge_account is not None):
        yield "It has opened; whether it is hedged stays as it is."
    if (live.rates_until is not None) != listing.published_rates:
        yield "It has opened; whether published rates are charged stays as it is."
    if _held_as(ran_as) != _held_as(listing):
        yield (
            f"It has opened with {ran_as.instrument}, in {ran_as.product.quote}, hedged in "
            f"{ran_as.hedge_account or 'no account'}; these stay, as its position does."
        )


def _held_as(listing: Listing) -> tuple[InstrumentId, str, AccountId | None]:
    """What a product's position is: of which contract, counted in what, and where."""
    return listing.instrument, listing.product.quote, listing.hedge_account


LISTINGS = Catalogue(
    Kind.LISTING,
    Listing,
    "product:read",
    "product:write",
    lambda listing: listing.id,
    _check,
    lambda sight, listing: sight.sees(listing.node),
)
