"""One mark for each thing, chosen by a pricing policy, with its path to USD and its evidence.

The semantics of rules are the docstrings of ``truenav.core.policy``; docs/methods/pricing.md explains
them with examples. Missing is a ``Failure``, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Self

from truenav.calc.pricing.index import IndexPrice, IndexStatus, shadow_mark
from truenav.calc.pricing.legs import Leg, Legs, Thing, Trail, union
from truenav.calc.pricing.quotes import MarkOrigin, QuoteBook, QuoteKey, weakest
from truenav.calc.pricing.rules import INDEX_PREFIX, check_policy, rule_for
from truenav.core.asset import USD, AssetBook
from truenav.core.clock import as_utc, instant_text
from truenav.core.facts import QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ONE, AssetId, divided, exact
from truenav.core.policy import PricingPolicy, PricingRule

__all__ = [
    "Asked",
    "Mark",
    "MarkOrigin",
    "MarkQuality",
    "Marks",
    "QuoteBook",
    "Selection",
    "Subject",
    "select_marks",
]


class Subject(NamedTuple):
    """What is to be priced: an asset and the venue that holds it, or an instrument (``venue`` is ignored)."""

    id: str
    venue: str | None = None


class MarkQuality(StrEnum):
    """Whether a mark is what the policy promises."""

    FRESH = "fresh"
    STALE = "stale"


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
    asked = Asked.of(subjects, instruments)
    selection = Selection.of(asked, quotes, policy, assets=assets, instruments=instruments, as_of=as_of)
    return selection.marks(asked)


@dataclass(frozen=True, slots=True)
class Asked:
    """The ``wanted`` subjects, those that contracts among them settle in, and ``all`` that these need."""

    wanted: frozenset[Subject]
    all: frozenset[Subject]

    @classmethod
    def of(cls, subjects: Iterable[Subject], instruments: InstrumentBook) -> Self:
        """These subjects with what must be priced for them."""
        wanted = set(subjects)
        helpers: set[Subject] = set()
        for subject in tuple(wanted):
            if terms := instruments.instruments.get(InstrumentId(subject.id)):
                wanted.add(Subject(terms.settle, terms.venue))
                helpers |= {Subject(one, terms.venue) for one in (terms.base, terms.quote, terms.id)}
                helpers.add(Subject(terms.id))
        return cls(frozenset(wanted), frozenset(wanted | helpers))


@dataclass(frozen=True, slots=True)
class Selection:
    """The mark of each subject, and what each rests on: a later selection works out only what changed.

    ``changed`` are the subjects whose mark is not what it was in the selection before; of a first one, none.
    """

    by_subject: Mapping[Subject, Mark | Failure]
    changed: frozenset[Subject]
    _picking: _Picking
    _subjects: Mapping[Thing, tuple[Subject, ...]]

    @classmethod
    def of(
        cls,
        asked: Asked,
        quotes: QuoteBook,
        policy: PricingPolicy,
        *,
        assets: AssetBook,
        instruments: InstrumentBook,
        as_of: datetime,
    ) -> Self:
        """Select as ``select_marks`` does."""
        as_of = as_utc(as_of, what="as_of")
        check_policy(policy)
        picking = _Picking(Legs(quotes, policy, as_of), assets, instruments)
        subjects: dict[Thing, tuple[Subject, ...]] = {}
        for subject in sorted(asked.all, key=_order):
            thing = picking.thing(subject)
            subjects[thing] = (*subjects.get(thing, ()), subject)
        with exact():
            marks = {subject: picking.mark(thing) for thing, some in subjects.items() for subject in some}
        return cls(marks, frozenset(), picking, subjects)

    def renewed(self, quotes: QuoteBook, changed: set[QuoteKey], as_of: datetime) -> Self:
        """The same subjects at a later instant, where these quotes are not what they were."""
        again = self._picking.outdated(changed, as_of)
        picking = self._picking.renewed(quotes, changed, as_of, again)
        with exact():
            found = {
                subject: picking.mark(thing) for thing in again for subject in self._subjects.get(thing, ())
            }
        differing = frozenset(one for one, mark in found.items() if mark != self.by_subject[one])
        return type(self)({**self.by_subject, **found}, differing, picking, self._subjects)

    @property
    def quotes(self) -> frozenset[QuoteKey]:
        """All quotes that were looked for, found or not: any other changes no mark."""
        return frozenset().union(*(trail.quotes for trail in self._picking.trails.values()))

    def marks(self, asked: Asked) -> Marks:
        """All marks, with the failures and indices that a selection of what is ``asked`` alone would have."""
        legs = self._picking.legs
        notes, names = self._picking.noted(asked.all)
        indices = {name: index for name, index in legs.indices.items() if name in names}
        failures = _failures(notes, indices, (self.by_subject[one] for one in asked.wanted))
        return Marks(legs.as_of, self.by_subject, failures, indices)


class _CircleError(Exception):
    """A path to USD came back to where it had been."""

    def __init__(self, members: Iterable[Thing]) -> None:
        self.names = ", ".join(sorted(member.id for member in members))


@dataclass
class _Picking:
    """The working memory of a selection: each thing is worked out once, and leaves a trail."""

    legs: Legs
    assets: AssetBook
    instruments: InstrumentBook
    known: dict[Thing, Mark | Failure] = field(default_factory=dict)
    trails: dict[Thing, Trail] = field(default_factory=dict)
    rules: dict[str, PricingRule | None] = field(default_factory=dict)

    def outdated(self, changed: set[QuoteKey], as_of: datetime) -> list[Thing]:
        """The things whose marks may change at a later instant, where these quotes are not what they were.

        The unit of account is among them: it is always quoted now.
        """
        return [
            thing
            for thing, trail in self.trails.items()
            if thing.id == USD or not trail.is_current(changed, as_of)
        ]

    def renewed(
        self, quotes: QuoteBook, changed: set[QuoteKey], as_of: datetime, again: Iterable[Thing]
    ) -> Self:
        """All that is known but these things, to go on with."""
        known, trails = dict(self.known), dict(self.trails)
        for thing in again:
            known.pop(thing, None)
            del trails[thing]
        legs = self.legs.renewed(quotes, changed, as_of)
        return type(self)(legs, self.assets, self.instruments, known, trails, self.rules)

    def noted(self, subjects: Set[Subject]) -> tuple[set[Failure], set[str]]:
        """What was refused on the way to the marks of these subjects, and the indices that were looked at."""
        notes: set[Failure] = set()
        indices: set[str] = set()
        telling = {thing: trail for thing, trail in self.trails.items() if trail.notes or trail.indices}
        for subject in subjects if telling else ():
            if trail := telling.get(self.thing(subject)):
                notes |= trail.notes
                indices |= trail.indices
        return notes, indices

    def thing(self, subject: Subject) -> Thing:
        terms = self.instruments.instruments.get(InstrumentId(subject.id))
        return Thing(subject.id, terms.venue if terms else subject.venue, terms)

    def mark(self, thing: Thing) -> Mark | Failure:
        try:
            return self._mark(thing, ())
        except _CircleError as circle:
            return _unpriced(thing, f"its path to USD runs in a circle ({circle.names})")

    def _mark(self, thing: Thing, path: tuple[Thing, ...]) -> Mark | Failure:
        if thing.id == USD:
            self.trails.setdefault(thing, Trail())
            return _unit_of_account(self.legs.as_of)
        if thing in path:
            raise _CircleError(path[path.index(thing) :])
        if thing not in self.known:
            outer, self.legs.trail = self.legs.trail, Trail()
            try:
                self.known[thing] = self._select(thing, (*path, thing))
            finally:
                self.trails[thing] = self.legs.trail
                outer.join(self.legs.trail)
                self.legs.trail = outer
        else:
            self.legs.trail.join(self.trails[thing])
        return self.known[thing]

    def _select(self, thing: Thing, path: tuple[Thing, ...]) -> Mark | Failure:
        policy = self.legs.policy
        if thing.id not in self.rules:
            self.rules[thing.id] = rule_for(policy, thing.id, assets=self.assets, instrument=thing.terms)
        rule = self.rules[thing.id]
        if rule is None:
            return _unpriced(thing, f"no rule of pricing policy {policy.id!r} applies to it")
        leg = self.legs.best(rule, thing)
        if rule.index is None:
            return _unpriced(thing, _tried(rule)) if leg is None else self._plain(thing, leg, path)
        definition = self.legs.definition(rule.index)
        if definition.base != thing.underlying:
            return _unpriced(thing, f"index {definition.id!r} of its rule is an index of {definition.base}")
        index = self.legs.index(definition)
        if leg is not None and leg.source == INDEX_PREFIX + definition.id:
            return _as_index(self._plain(thing, leg, path))
        if leg is not None and index is not None:
            return self._blend(thing, leg, index, rule, path)
        if leg is not None:
            return self._plain(thing, replace(leg, stale=True), path)
        if index is not None:
            return _as_index(self._plain(thing, replace(index, stale=True), path))
        return _unpriced(thing, _tried(rule))

    def _plain(self, thing: Thing, leg: Leg, path: tuple[Thing, ...]) -> Mark | Failure:
        quote = self._mark(self.thing(Subject(leg.quote, thing.venue)), path)
        if isinstance(quote, Failure):
            return replace(quote, subject=thing.id)
        stale = leg.stale or quote.quality is MarkQuality.STALE
        return Mark(
            subject=thing.id,
            price=leg.price,
            quote=leg.quote,
            price_usd=leg.in_usd(quote.price_usd),
            quality=MarkQuality.STALE if stale else MarkQuality.FRESH,
            origin=weakest(leg.origin, quote.origin),
            source=leg.source,
            kind=leg.kind,
            quoted_at=min(leg.quoted_at, quote.quoted_at),
            last=leg.price,
            clamped_last=None,
            index=None,
            evidence=union(leg.evidence, quote.evidence),
        )

    def _blend(
        self, thing: Thing, leg: Leg, index: Leg, rule: PricingRule, path: tuple[Thing, ...]
    ) -> Mark | Failure:
        last = self._plain(thing, leg, path)
        quote = self._mark(self.thing(Subject(leg.quote, thing.venue)), path)
        level = self._plain(thing, index, path)
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
            origin=weakest(last.origin, level.origin),
            quoted_at=min(last.quoted_at, level.quoted_at),
            clamped_last=shadow.clamped_last,
            index=shadow.index,
            evidence=union(last.evidence, level.evidence),
        )


def _failures(
    notes: set[Failure], indices: Mapping[str, IndexPrice], marks: Iterable[Mark | Failure]
) -> tuple[Failure, ...]:
    """What is missing or doubtful among the marks, and on the way to them: each once, sorted."""
    found = set(notes)
    for name, index in indices.items():
        if index.status is IndexStatus.DISPUTED:
            found.add(_disputed(name))
    for mark in marks:
        if isinstance(mark, Failure):
            found.add(mark)
        elif mark.quality is MarkQuality.STALE:
            found.add(_stale(mark))
    return tuple(sorted(found, key=lambda one: (one.subject, one.kind, one.message)))


def _order(subject: Subject) -> tuple[str, str]:
    return subject.id, subject.venue or ""


def _as_index(mark: Mark | Failure) -> Mark | Failure:
    """A mark that is the index alone: there is no last price in it."""
    return mark if isinstance(mark, Failure) else replace(mark, last=None, index=mark.price)


def _unit_of_account(as_of: datetime) -> Mark:
    return Mark(
        subject=USD,
        price=ONE,
        quote=USD,
        price_usd=ONE,
        quality=MarkQuality.FRESH,
        origin=MarkOrigin.API,
        source="unit",
        kind=QuoteKind.FIXING,
        quoted_at=as_of,
        last=ONE,
        clamped_last=None,
        index=None,
        evidence=(),
    )


def _tried(rule: PricingRule) -> str:
    tried = [f"{source.source} ({source.kind})" for source in rule.waterfall]
    return f"no usable quote from {', '.join(tried) or 'its index'}"


def _unpriced(thing: Thing, why: str) -> Failure:
    where = f" on {thing.venue}" if thing.venue else ""
    return Failure(
        FailureKind.UNPRICED,
        thing.id,
        f"{thing.id}{where} has no price: {why}.",
        "Check the price sources and the pricing policy, or enter a manual price with a reason.",
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
