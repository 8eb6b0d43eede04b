"""One step towards USD: what a rule's waterfall, and its index, say that a thing costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Self

from truenav.calc.pricing.index import IndexPrice, IndexStatus, VenuePrice, multi_venue_index
from truenav.calc.pricing.quotes import MarkOrigin, QuoteBook, Quoted, QuoteKey, weakest
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

FOREVER = datetime.max.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Thing:
    """A subject on its own venue, with its terms if it is an instrument (the id says which)."""

    id: str
    venue: str | None
    terms: Instrument | None = field(compare=False)

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


@dataclass(slots=True)
class Trail:
    """What a price was worked out from: with the same quotes it stays the same before ``until``.

    ``notes``: what was refused on the way. ``indices``: those that were looked at.
    """

    quotes: set[QuoteKey] = field(default_factory=set)
    indices: set[str] = field(default_factory=set)
    notes: set[Failure] = field(default_factory=set)
    until: datetime = FOREVER

    def join(self, other: Self) -> None:
        """What was worked out from a price rests on all that the price rests on."""
        self.quotes |= other.quotes
        self.indices |= other.indices
        self.notes |= other.notes
        self.until = min(self.until, other.until)

    def is_current(self, changed: set[QuoteKey], as_of: datetime) -> bool:
        """Whether nothing has changed at ``as_of`` if these quotes have."""
        return as_of < self.until and changed.isdisjoint(self.quotes)

    def age(self, quoted: datetime, limit: timedelta, as_of: datetime) -> bool:
        """Whether a quote is within an age limit; the answer turns when it grows older."""
        within = as_of - quoted <= limit
        if within:
            self.until = min(self.until, quoted + limit + _TICK)
        return within


@dataclass
class Legs:
    """Finds legs in one policy at one instant; each index is computed once.

    ``trail`` collects what the legs asked for rest on; ``indices`` what became of each venue.
    """

    quotes: QuoteBook
    policy: PricingPolicy
    as_of: datetime
    indices: dict[str, IndexPrice] = field(default_factory=dict)
    trail: Trail = field(default_factory=Trail)
    _index_legs: dict[str, tuple[Leg | None, Trail]] = field(default_factory=dict)

    def renewed(self, quotes: QuoteBook, changed: set[QuoteKey], as_of: datetime) -> Self:
        """The legs with other quotes and at a later instant; indices that stay the same are kept."""
        kept = {
            name: found for name, found in self._index_legs.items() if found[1].is_current(changed, as_of)
        }
        indices = {name: self.indices[name] for name in kept}
        return type(self)(quotes, self.policy, as_of, indices, _index_legs=kept)

    def best(self, rule: PricingRule, thing: Thing) -> Leg | None:
        """The first fresh leg of the waterfall, else the freshest, flagged stale; None: no usable quote."""
        stale: list[Leg] = []
        for source in rule.waterfall:
            leg = self._leg(source, thing)
            if leg is None:
                continue
            if self.trail.age(leg.quoted_at, timedelta(seconds=rule.stale_after_seconds), self.as_of):
                return leg
            if self.trail.age(leg.quoted_at, timedelta(seconds=rule.unusable_after_seconds), self.as_of):
                stale.append(replace(leg, stale=True))
        return max(stale, key=lambda leg: leg.quoted_at, default=None)

    def definition(self, index_id: str) -> IndexDefinition:
        """An index of the policy, which has been checked to define it."""
        return next(one for one in self.policy.indices if one.id == index_id)

    def index(self, definition: IndexDefinition) -> Leg | None:
        """The index as a leg; flagged stale if disputed; None without enough venues."""
        if definition.id not in self._index_legs:
            outer, self.trail = self.trail, Trail(indices={definition.id})
            self._index_legs[definition.id] = (self._compute(definition), self.trail)
            self.trail = outer
        leg, trail = self._index_legs[definition.id]
        self.trail.join(trail)
        return leg

    def _leg(self, source: PriceSource, thing: Thing) -> Leg | None:
        if source.source.startswith(INDEX_PREFIX):
            definition = self.definition(source.source.removeprefix(INDEX_PREFIX))
            return self.index(definition) if definition.base == thing.underlying else None
        name = thing.venue if source.source == OWN_VENUE else source.source
        quote = thing.own_quote if source.quote == OWN_QUOTE else source.quote
        if name is None or quote is None:
            return None
        base, counter = (quote, AssetId(thing.id)) if source.inverted else (thing.id, quote)
        quoted = self._latest(name, base, counter, source.kind)
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
            one = self._latest(source.source, definition.base, definition.quote, source.kind)
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
        used = [one for one in found if self.trail.age(one.quoted_at, limit, self.as_of)]
        if result.price is None:
            return None
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

    def _latest(self, source: str, base: str, quote: str, kind: QuoteKind) -> Quoted | None:
        self.trail.quotes.add((source, base, quote, kind))
        return self.quotes.latest(source, base, quote, kind, self.as_of)

    def _usable(self, subject: str, quoted: Quoted, *, may_be_zero: bool = False) -> bool:
        sane_volume = quoted.volume is None or quoted.volume >= 0
        if sane_volume and (quoted.price > 0 or (may_be_zero and quoted.price == 0)):
            return True
        volume = "" if quoted.volume is None else f", volume {to_text(quoted.volume)}"
        self.trail.notes.add(
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
