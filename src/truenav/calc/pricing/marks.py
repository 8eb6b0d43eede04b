"""One mark for each thing, chosen by a pricing policy, with its path to USD and its evidence.

The semantics of rules are the docstrings of ``truenav.core.policy``; docs/methods/pricing.md explains
them with examples. Missing is a ``Failure``, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from truenav.calc.pricing.index import IndexPrice, IndexStatus, VenuePrice, multi_venue_index, shadow_mark
from truenav.calc.pricing.quotes import QuoteBook, Quoted
from truenav.calc.pricing.rules import INDEX_PREFIX, check_policy, rule_for
from truenav.core.asset import USD, AssetBook
from truenav.core.clock import as_utc, instant_text
from truenav.core.facts import QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind
from truenav.core.money import ONE, AssetId, divided, exact, to_text
from truenav.core.policy import (
    OWN_QUOTE,
    OWN_VENUE,
    IndexDefinition,
    PriceSource,
    PricingPolicy,
    PricingRule,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be priced: an asset and the venue that holds it, or an instrument (``venue`` is ignored)."""

    id: str
    venue: str | None = None


class MarkQuality(StrEnum):
    """Whether a mark is what the policy promises."""

    FRESH = "fresh"
    STALE = "stale"


class MarkOrigin(StrEnum):
    """How a price came in. Of a path the weakest counts: manual, then imported."""

    API = "api"
    INDEX = "index"
    IMPORTED = "imported"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Mark:
    """The price of one thing, unrounded.

    ``price`` is in ``quote`` per unit of the subject, ``price_usd`` in USD through the declared path.
    ``source`` and ``kind`` are those of the subject's own quote, ``quoted_at`` the oldest quote of the
    path. ``last`` (as quoted, in ``quote``), ``clamped_last`` (None: no index took part) and ``index`` are
    the parts of a blend. ``evidence`` names the payloads of all quotes on the path, sorted.
    """

    subject: str
    price: Decimal
    quote: AssetId
    price_usd: Decimal
    quality: MarkQuality
    origin: MarkOrigin
    source: str
    kind: QuoteKind
    quoted_at: datetime
    last: Decimal | None
    clamped_last: Decimal | None
    index: Decimal | None
    evidence: tuple[Sha256, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of a valuation.

    ``failures`` (sorted) holds a blocking one for each requested thing without a price, and notes for
    stale marks, refused quotes and disputed indices. ``indices`` shows what became of each venue.
    """

    as_of: datetime
    by_subject: Mapping[Subject, Mark | Failure]
    failures: tuple[Failure, ...]
    indices: Mapping[str, IndexPrice]

    def of(self, subject: str, venue: str | None = None) -> Mark | Failure:
        """The mark of an asset on a venue, or of an instrument; a ``Failure`` if none was selected."""
        if subject == USD:
            return _unit_of_account(self.as_of)
        return self.by_subject.get(Subject(subject, venue)) or Failure(
            FailureKind.UNPRICED,
            subject,
            f"{subject} was not among the things to price.",
            "Name it in the subjects of the valuation.",
        )

    def usd(self, asset: AssetId, venue: str | None = None) -> Decimal | Failure:
        """USD for one unit of an asset, or why there is none. USD itself is 1."""
        mark = self.of(asset, venue)
        return mark if isinstance(mark, Failure) else mark.price_usd


def select_marks(
    subjects: Iterable[Subject],
    quotes: QuoteBook,
    policy: PricingPolicy,
    *,
    assets: AssetBook,
    instruments: InstrumentBook,
    as_of: datetime,
) -> Marks:
    """Choose the mark of each subject at ``as_of``; an instrument's base, quote and settle assets, too.

    Raises ``PricingPolicyError`` if the policy contradicts itself. Whatever cannot be priced is a
    ``Failure`` in the result.
    """
    check_policy(policy)
    selection = _Selection(quotes, policy, assets, instruments, as_utc(as_of, what="as_of"))
    wanted: set[Subject] = set(subjects)
    helpers: set[Subject] = set()
    for subject in tuple(wanted):
        if terms := selection.terms(subject):
            wanted.add(Subject(terms.settle, terms.venue))
            helpers |= {Subject(one, terms.venue) for one in (terms.base, terms.quote, terms.id)}
            helpers.add(Subject(terms.id))
    with exact():
        marks = {subject: selection.mark(subject) for subject in sorted(wanted | helpers, key=_order)}
    return Marks(as_of, marks, selection.failures_of(wanted, marks), selection.indices)


@dataclass(frozen=True, slots=True)
class _Leg:
    """One step towards USD: the rate as quoted, and ``inverted`` if it is quote per subject."""

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
        return divided(ONE, self.rate) if self.inverted else self.rate

    def in_usd(self, quote_usd: Decimal) -> Decimal:
        return divided(quote_usd, self.rate) if self.inverted else self.rate * quote_usd


@dataclass
class _Selection:
    """The working memory of one ``select_marks``: each subject and index is worked out once."""

    quotes: QuoteBook
    policy: PricingPolicy
    assets: AssetBook
    instruments: InstrumentBook
    as_of: datetime
    marks: dict[Subject, Mark | Failure] = field(default_factory=dict)
    indices: dict[str, IndexPrice] = field(default_factory=dict)
    index_legs: dict[str, _Leg | None] = field(default_factory=dict)
    notes: dict[str, list[Failure]] = field(default_factory=dict)

    def terms(self, subject: Subject) -> Instrument | None:
        return self.instruments.instruments.get(InstrumentId(subject.id))

    def mark(self, subject: Subject, path: tuple[Subject, ...] = ()) -> Mark | Failure:
        if subject.id == USD:
            return _unit_of_account(self.as_of)
        terms = self.terms(subject)
        own = Subject(subject.id, terms.venue) if terms else subject
        if own in path:
            return _circle(path[path.index(own) :])
        if own not in self.marks:
            self.marks[own] = self._select(own, terms, (*path, own))
        return self.marks[own]

    def _select(self, own: Subject, terms: Instrument | None, path: tuple[Subject, ...]) -> Mark | Failure:
        rule = rule_for(self.policy, own.id, assets=self.assets, instrument=terms)
        if rule is None:
            return _unpriced(own, f"no rule of pricing policy {self.policy.id!r} applies to it")
        leg = self._best(rule, own, terms)
        if rule.index is None:
            return _unpriced(own, self._tried(rule)) if leg is None else self._plain(own, leg, path)
        definition = self._definition(rule.index)
        if definition.base != (terms.base if terms else own.id):
            return _unpriced(own, f"index {definition.id!r} of its rule is an index of {definition.base}")
        index = self._index_leg(definition)
        if leg is None or leg == index:
            # An index that stands in for the last price keeps its own flag; alone it is not the blend.
            if index is None:
                return _unpriced(own, self._tried(rule))
            mark = self._plain(own, replace(index, stale=index.stale or leg is None), path)
            return mark if isinstance(mark, Failure) else replace(mark, last=None, index=mark.price)
        if index is None:
            return self._plain(own, replace(leg, stale=True), path)
        return self._blend(own, leg, index, rule, path)

    def _plain(self, own: Subject, leg: _Leg, path: tuple[Subject, ...]) -> Mark | Failure:
        quote = self.mark(Subject(leg.quote, own.venue), path)
        if isinstance(quote, Failure):
            return replace(quote, subject=own.id)
        stale = leg.stale or quote.quality is MarkQuality.STALE
        return Mark(
            subject=own.id,
            price=leg.price,
            quote=leg.quote,
            price_usd=leg.in_usd(quote.price_usd),
            quality=MarkQuality.STALE if stale else MarkQuality.FRESH,
            origin=_weakest(leg.origin, quote.origin),
            source=leg.source,
            kind=leg.kind,
            quoted_at=min(leg.quoted_at, quote.quoted_at),
            last=leg.price,
            clamped_last=None,
            index=None,
            evidence=_union(leg.evidence, quote.evidence),
        )

    def _blend(
        self, own: Subject, leg: _Leg, index: _Leg, rule: PricingRule, path: tuple[Subject, ...]
    ) -> Mark | Failure:
        last = self._plain(own, leg, path)
        quote = self.mark(Subject(leg.quote, own.venue), path)
        level = self._plain(own, index, path)
        if isinstance(last, Failure) or isinstance(quote, Failure):
            return last
        if isinstance(level, Failure):
            return replace(last, quality=MarkQuality.STALE)
        same = index.quote == leg.quote
        index_price = index.price if same else divided(level.price_usd, quote.price_usd)
        shadow = shadow_mark(last.price, index_price, last_weight=rule.last_weight, clamp=rule.clamp)
        stale = MarkQuality.STALE in (last.quality, level.quality)
        return replace(
            last,
            price=shadow.mark,
            price_usd=shadow.mark * quote.price_usd,
            quality=MarkQuality.STALE if stale else MarkQuality.FRESH,
            origin=_weakest(last.origin, level.origin),
            quoted_at=min(last.quoted_at, level.quoted_at),
            clamped_last=shadow.clamped_last,
            index=shadow.index,
            evidence=_union(last.evidence, level.evidence),
        )

    def _best(self, rule: PricingRule, own: Subject, terms: Instrument | None) -> _Leg | None:
        """The first fresh step of the waterfall, else the freshest, flagged stale."""
        stale: list[_Leg] = []
        for source in rule.waterfall:
            leg = self._leg(source, own, terms)
            if leg is None:
                continue
            age = self.as_of - leg.quoted_at
            if age <= timedelta(seconds=rule.stale_after_seconds):
                return leg
            if age <= timedelta(seconds=rule.unusable_after_seconds):
                stale.append(replace(leg, stale=True))
        return max(stale, key=lambda leg: leg.quoted_at, default=None)

    def _leg(self, source: PriceSource, own: Subject, terms: Instrument | None) -> _Leg | None:
        if source.source.startswith(INDEX_PREFIX):
            definition = self._definition(source.source.removeprefix(INDEX_PREFIX))
            is_own = definition.base == (terms.base if terms else own.id)
            return self._index_leg(definition) if is_own else None
        name = own.venue if source.source == OWN_VENUE else source.source
        quote = _own_quote(terms) if source.quote == OWN_QUOTE else source.quote
        if name is None or quote is None:
            return None
        base, counter = (quote, AssetId(own.id)) if source.inverted else (own.id, quote)
        quoted = self.quotes.latest(name, base, counter, source.kind, self.as_of)
        may_be_zero = terms is not None and terms.kind is InstrumentKind.OPTION and not source.inverted
        if quoted is None or not self._usable(own.id, quoted, may_be_zero=may_be_zero):
            return None
        return _Leg(
            quoted.price,
            source.inverted,
            quote,
            name,
            source.kind,
            quoted.quoted_at,
            _origin(quoted),
            (quoted.evidence,),
        )

    def _usable(self, subject: str, quoted: Quoted, *, may_be_zero: bool = False) -> bool:
        sane_volume = quoted.volume is None or quoted.volume >= 0
        if sane_volume and (quoted.price > 0 or (may_be_zero and quoted.price == 0)):
            return True
        self._note(
            subject,
            FailureKind.PRICE_CONFLICT,
            f"The {quoted.kind} price of {quoted.source} is not used: price {to_text(quoted.price)}, "
            f"volume {'unknown' if quoted.volume is None else to_text(quoted.volume)}.",
            "Correct the quote, or leave it out with a void.",
            quoted.quoted_at,
        )
        return False

    def _definition(self, index_id: str) -> IndexDefinition:
        return next(one for one in self.policy.indices if one.id == index_id)

    def _index_leg(self, definition: IndexDefinition) -> _Leg | None:
        if definition.id not in self.index_legs:
            self.index_legs[definition.id] = self._compute_index(definition)
        return self.index_legs[definition.id]

    def _compute_index(self, definition: IndexDefinition) -> _Leg | None:
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
        return _Leg(
            rate=result.price,
            inverted=False,
            quote=definition.quote,
            source=name,
            kind=QuoteKind.INDEX,
            quoted_at=min(one.quoted_at for one in used),
            origin=_weakest(MarkOrigin.INDEX, *map(_origin, used)),
            evidence=_union(*((one.evidence,) for one in used)),
            stale=result.status is IndexStatus.DISPUTED,
        )

    def _tried(self, rule: PricingRule) -> str:
        tried = [f"{source.source} {source.kind}" for source in rule.waterfall]
        if rule.index is not None:
            tried.append(INDEX_PREFIX + rule.index)
        return f"no usable quote from {', '.join(tried)}"

    def _note(self, subject: str, kind: FailureKind, message: str, mend: str, since_at: datetime) -> None:
        notes = self.notes.setdefault(subject, [])
        note = Failure(kind, subject, message, mend, blocking=False, since_at=since_at)
        if note not in notes:
            notes.append(note)

    def failures_of(
        self, wanted: Iterable[Subject], marks: Mapping[Subject, Mark | Failure]
    ) -> tuple[Failure, ...]:
        """What is missing or doubtful among ``wanted``, each once, sorted."""
        found = {note for notes in self.notes.values() for note in notes}
        found |= {_disputed(name) for name, one in self.indices.items() if one.status is IndexStatus.DISPUTED}
        for subject in wanted:
            mark = marks[subject]
            if isinstance(mark, Failure):
                found.add(mark)
            elif mark.quality is MarkQuality.STALE:
                found.add(_stale(mark))
        return tuple(sorted(found, key=lambda one: (one.subject, one.kind, one.message)))


def _order(subject: Subject) -> tuple[str, str]:
    return subject.id, subject.venue or ""


def _own_quote(terms: Instrument | None) -> AssetId | None:
    if terms is None:
        return None
    return terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote


def _origin(quoted: Quoted) -> MarkOrigin:
    if quoted.kind is QuoteKind.MANUAL or quoted.source == "manual":
        return MarkOrigin.MANUAL
    return MarkOrigin.IMPORTED if quoted.source.startswith("file:") else MarkOrigin.API


def _weakest(own: MarkOrigin, *others: MarkOrigin) -> MarkOrigin:
    origins = (own, *others)
    return next((weak for weak in (MarkOrigin.MANUAL, MarkOrigin.IMPORTED) if weak in origins), own)


def _union(*evidence: Iterable[Sha256]) -> tuple[Sha256, ...]:
    return tuple(sorted({sha for one in evidence for sha in one}))


def _unit_of_account(as_of: datetime) -> Mark:
    return Mark(
        USD,
        ONE,
        USD,
        ONE,
        MarkQuality.FRESH,
        MarkOrigin.API,
        "unit",
        QuoteKind.FIXING,
        as_of,
        ONE,
        None,
        None,
        (),
    )


def _unpriced(subject: Subject, why: str) -> Failure:
    where = f" on {subject.venue}" if subject.venue else ""
    return Failure(
        FailureKind.UNPRICED,
        subject.id,
        f"{subject.id}{where} has no price: {why}.",
        "Check the price sources and the pricing policy, or enter a manual price with a reason.",
    )


def _circle(members: tuple[Subject, ...]) -> Failure:
    names = ", ".join(sorted(member.id for member in members))
    return Failure(
        FailureKind.UNPRICED,
        members[0].id,
        f"The path to USD runs in a circle: {names}.",
        "Let one of them be quoted in USD in the pricing policy.",
    )


def _stale(mark: Mark) -> Failure:
    return Failure(
        FailureKind.PRICE_STALE,
        mark.subject,
        f"The {mark.kind} price of {mark.source} (oldest quote {instant_text(mark.quoted_at)}) is not what "
        "the policy asks for: too old, or a part of it is missing.",
        "Gather prices again, or enter a manual price with a reason.",
        blocking=False,
        since_at=mark.quoted_at,
    )


def _disputed(index: str) -> Failure:
    return Failure(
        FailureKind.PRICE_CONFLICT,
        INDEX_PREFIX + index,
        "Only two venues are left in the index, and they lie further apart than its outlier cut.",
        "Compare the two venues with a third source before relying on this price.",
        blocking=False,
    )
