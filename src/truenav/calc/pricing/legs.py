"""One step towards USD: what a rule's waterfall, and its index, say that a thing costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.calc.pricing.index import IndexPrice, IndexStatus, VenuePrice, multi_venue_index
from truenav.calc.pricing.quotes import MarkOrigin, QuoteBook, Quoted, weakest
from truenav.calc.pricing.rules import INDEX_PREFIX
from truenav.core.facts import QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, AssetId, divided, to_text
from truenav.core.policy import (
    OWN_QUOTE,
    OWN_VENUE,
    IndexDefinition,
    PriceSource,
    PricingPolicy,
    PricingRule,
)


@dataclass(frozen=True, slots=True)
class Thing:
    """A subject on its own venue, with its terms if it is an instrument."""

    id: str
    venue: str | None
    terms: Instrument | None

    @property
    def underlying(self) -> str:
        """What an index of this thing must be an index of."""
        return self.terms.base if self.terms else self.id

    @property
    def own_quote(self) -> AssetId | None:
        """The asset that a contract is priced in."""
        if self.terms is None:
            return None
        return self.terms.settle if self.terms.kind is InstrumentKind.OPTION else self.terms.quote

    @property
    def may_be_zero(self) -> bool:
        """An option may be worthless; anything else at zero is a fault of the source."""
        return self.terms is not None and self.terms.kind is InstrumentKind.OPTION


@dataclass(frozen=True, slots=True)
class Leg:
    """A rate as quoted (``inverted``: thing per quote), with where and when it is from."""

    rate: Decimal
    inverted: bool
    quote: AssetId
    source: str
    kind: QuoteKind
    quoted_at: datetime
    origin: MarkOrigin
    evidence: tuple[Sha256, ...]
    stale: bool = False

    @property
    def price(self) -> Decimal:
        """Units of ``quote`` for one of the thing."""
        return divided(ONE, self.rate) if self.inverted else self.rate

    def in_usd(self, quote_usd: Decimal) -> Decimal:
        """USD for one of the thing, with one quotient at most."""
        return divided(quote_usd, self.rate) if self.inverted else self.rate * quote_usd


@dataclass
class Legs:
    """Finds legs in one policy at one instant; each index is computed once.

    ``notes`` collects what was refused on the way; ``indices`` what became of each venue.
    """

    quotes: QuoteBook
    policy: PricingPolicy
    as_of: datetime
    indices: dict[str, IndexPrice] = field(default_factory=dict)
    notes: set[Failure] = field(default_factory=set)
    _index_legs: dict[str, Leg | None] = field(default_factory=dict)

    def best(self, rule: PricingRule, thing: Thing) -> Leg | None:
        """The first fresh leg of the waterfall, else the freshest, flagged stale; None: no usable quote."""
        stale: list[Leg] = []
        for source in rule.waterfall:
            leg = self._leg(source, thing)
            if leg is None:
                continue
            age = self.as_of - leg.quoted_at
            if age <= timedelta(seconds=rule.stale_after_seconds):
                return leg
            if age <= timedelta(seconds=rule.unusable_after_seconds):
                stale.append(replace(leg, stale=True))
        return max(stale, key=lambda leg: leg.quoted_at, default=None)

    def definition(self, index_id: str) -> IndexDefinition:
        """An index of the policy, which has been checked to define it."""
        return next(one for one in self.policy.indices if one.id == index_id)

    def index(self, definition: IndexDefinition) -> Leg | None:
        """The index as a leg; flagged stale if disputed; None without enough venues."""
        if definition.id not in self._index_legs:
            self._index_legs[definition.id] = self._compute(definition)
        return self._index_legs[definition.id]

    def _leg(self, source: PriceSource, thing: Thing) -> Leg | None:
        if source.source.startswith(INDEX_PREFIX):
            definition = self.definition(source.source.removeprefix(INDEX_PREFIX))
            return self.index(definition) if definition.base == thing.underlying else None
        name = thing.venue if source.source == OWN_VENUE else source.source
        quote = thing.own_quote if source.quote == OWN_QUOTE else source.quote
        if name is None or quote is None:
            return None
        base, counter = (quote, AssetId(thing.id)) if source.inverted else (thing.id, quote)
        quoted = self.quotes.latest(name, base, counter, source.kind, self.as_of)
        may_be_zero = thing.may_be_zero and not source.inverted
        if quoted is None or not self._usable(thing.id, quoted, may_be_zero=may_be_zero):
            return None
        return Leg(
            rate=quoted.price,
            inverted=source.inverted,
            quote=quote,
            source=name,
            kind=source.kind,
            quoted_at=quoted.quoted_at,
            origin=quoted.origin,
            evidence=(quoted.evidence,),
        )

    def _compute(self, definition: IndexDefinition) -> Leg | None:
        name = INDEX_PREFIX + definition.id
        found: list[Quoted] = []
        for source in definition.venues:
            one = self.quotes.latest(
                source.source, definition.base, definition.quote, source.kind, self.as_of
            )
            if one is not None and self._usable(name, one):
                found.append(one)
        limit = timedelta(seconds=definition.stale_after_seconds)
        result = multi_venue_index(
            (VenuePrice(one.source, one.price, one.volume, self.as_of - one.quoted_at) for one in found),
            outlier_cut=definition.outlier_cut,
            stale_after=limit,
            minimum_venues=definition.minimum_venues,
        )
        self.indices[definition.id] = result
        if result.price is None:
            return None
        used = [one for one in found if self.as_of - one.quoted_at <= limit]
        return Leg(
            rate=result.price,
            inverted=False,
            quote=definition.quote,
            source=name,
            kind=QuoteKind.INDEX,
            quoted_at=min(one.quoted_at for one in used),
            origin=weakest(MarkOrigin.INDEX, *(one.origin for one in used)),
            evidence=union(*((one.evidence,) for one in used)),
            stale=result.status is IndexStatus.DISPUTED,
        )

    def _usable(self, subject: str, quoted: Quoted, *, may_be_zero: bool = False) -> bool:
        sane_volume = quoted.volume is None or quoted.volume >= 0
        if sane_volume and (quoted.price > 0 or (may_be_zero and quoted.price == 0)):
            return True
        volume = "" if quoted.volume is None else f", volume {to_text(quoted.volume)}"
        self.notes.add(
            Failure(
                FailureKind.PRICE_CONFLICT,
                subject,
                f"The {quoted.kind} price of {quoted.source} is not used: {to_text(quoted.price)}{volume}.",
                "Correct the quote, or void it.",
                blocking=False,
                since_at=quoted.quoted_at,
            )
        )
        return False


def union(*evidence: Iterable[Sha256]) -> tuple[Sha256, ...]:
    """All payloads named, each once, sorted."""
    return tuple(sorted({sha for one in evidence for sha in one}))
