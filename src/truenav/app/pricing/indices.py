"""What each index of a fund's pricing policy is made of, and which venue was cut from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from truenav.calc.nav.model import NavInputs
from truenav.calc.pricing.index import IndexPrice, IndexStatus, VenuePrice, multi_venue_index
from truenav.calc.pricing.quotes import QuoteBook, Quoted
from truenav.core.money import AssetId, divided, exact
from truenav.core.policy import IndexDefinition


class VenueState(StrEnum):
    """What became of a venue's price."""

    USED = "used"
    OUTLIER = "outlier"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class IndexVenue:
    """One venue of an index; ``deviation`` is its price by the median less one."""

    venue: str
    state: VenueState
    price: Decimal | None
    volume: Decimal | None
    age_seconds: int | None
    deviation: Decimal | None


@dataclass(frozen=True, slots=True)
class IndexComposition:
    """An index now: ``price`` and ``median`` in ``quote`` for one of ``base``, ``outlier_cut`` a fraction."""

    id: str
    base: AssetId
    quote: AssetId
    status: IndexStatus
    price: Decimal | None
    median: Decimal | None
    outlier_cut: Decimal
    minimum_venues: int
    venues: tuple[IndexVenue, ...]


def index_compositions(inputs: NavInputs) -> tuple[IndexComposition, ...]:
    """The indices of the pricing policy as a valuation of these inputs takes them."""
    quotes = QuoteBook(inputs.facts)
    with exact():
        return tuple(_composition(one, quotes, inputs.as_of) for one in inputs.pricing.indices)


def _composition(index: IndexDefinition, quotes: QuoteBook, as_of: datetime) -> IndexComposition:
    found = {
        source.source: quotes.latest(source.source, index.base, index.quote, source.kind, as_of)
        for source in index.venues
    }
    usable = [one for one in found.values() if one is not None and one.price > 0]
    result = multi_venue_index(
        (VenuePrice(one.source, one.price, one.volume, as_of - one.quoted_at) for one in usable),
        outlier_cut=index.outlier_cut,
        stale_after=timedelta(seconds=index.stale_after_seconds),
        minimum_venues=index.minimum_venues,
    )
    return IndexComposition(
        id=index.id,
        base=index.base,
        quote=index.quote,
        status=result.status,
        price=result.price,
        median=result.median,
        outlier_cut=index.outlier_cut,
        minimum_venues=index.minimum_venues,
        venues=tuple(_venue(name, quoted, result, as_of) for name, quoted in found.items()),
    )


def _venue(name: str, quoted: Quoted | None, result: IndexPrice, as_of: datetime) -> IndexVenue:
    if quoted is None or quoted.price <= 0:
        return IndexVenue(name, VenueState.MISSING, None, None, None, None)
    state = VenueState.USED
    if name in result.outliers:
        state = VenueState.OUTLIER
    elif name in result.stale:
        state = VenueState.STALE
    return IndexVenue(
        venue=name,
        state=state,
        price=quoted.price,
        volume=quoted.volume,
        age_seconds=int((as_of - quoted.quoted_at).total_seconds()),
        deviation=None if not result.median else divided(quoted.price, result.median) - 1,
    )
