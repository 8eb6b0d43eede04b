"""One product between its prices, its deeds and its journal: it takes marks, and gives chapters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import structlog

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import BadMarkError
from truenav.calc.etp.live.deeds import Deed, What, done
from truenav.calc.etp.live.product import MarkFault, advance, issue, watch
from truenav.calc.etp.live.state import LiveProduct, Mark, Rebalance, Step
from truenav.calc.pricing.quotes import QuoteKey
from truenav.connect.rates import FundingRate
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.failure import ConflictError
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.listing import Listing
from truenav.store.products import Chapter, UsedMark, UsedRate

_PASSED_OVER = (MarkFault.DUPLICATE, MarkFault.OUT_OF_ORDER)
"""Streams tell a price again, and after a break an older one; neither is news."""

_log = structlog.get_logger("truenav.products")


class NotOpenError(ConflictError):
    """The product has not opened yet: no price was seen since it was to open."""

    code = "product-not-open"
    title = "The product has not opened yet"


def mark_key(terms: Instrument) -> QuoteKey:
    """The quote that a product on this instrument is marked at: the last price of spot, else the mark."""
    if terms.kind is InstrumentKind.SPOT:
        return (terms.venue, terms.base, terms.quote, QuoteKind.LAST)
    return (terms.venue, terms.id, terms.quote, QuoteKind.MARK)


class DoneTwiceError(ConflictError):
    """What was written of a product names one deed twice."""

    code = "done-twice"
    title = "A deed was written twice"


class RunningProduct:
    """A listed product from its last chapter on, by one version of its listing. Not safe for several threads.

    ``known`` are the ids of all deeds that were written, so that none is done twice.
    """

    def __init__(
        self, listing: Listing, version: int, last: Chapter | None, *, known: Collection[str] = ()
    ) -> None:
        self.listing = listing
        self.version = version
        self.trouble = ""
        self._number = 0 if last is None else last.number
        self._source = "" if last is None else last.source
        self._watch = None if last is None else watch(listing.product, last.live)
        self._known = set(known)
        self._marks: list[UsedMark] = []
        self._rates: list[UsedRate] = []
        self._deeds: list[Deed] = []
        self._steps: list[Step] = []
        self._rebalances: list[Rebalance] = []

    @property
    def live(self) -> LiveProduct | None:
        """The product after the last mark and deed; None before it opened."""
        return None if self._watch is None else self._watch.live

    def knows(self, deed: str) -> bool:
        """Whether a deed of this id was done."""
        return deed in self._known

    def see(self, quote: Fact, *, at: datetime, rates: Sequence[FundingRate] = ()) -> bool:
        """Take the product to a quote received ``at``; gives whether something happened that must be written.

        ``rates`` are published ones, oldest first; those are charged that were not, and are not of later.

        A venue's clock may run ahead of ours: what was received at an instant did not occur after it. A mark
        that cannot be used leaves the product as it was, and its reason in ``trouble``.
        """
        body = quote.body
        assert isinstance(body, Quote)
        instant, now = microseconds(min(quote.occurred_at, at)), microseconds(at)
        if instant < microseconds(self.listing.opened_at):
            return False
        try:
            used = UsedMark(instant, body.price, quote.evidence)
            happened = self.take(used, quote.source, now=now, rates=self._due(rates, instant))
        except BadMarkError as error:
            self._refused(error)
            return False
        self.trouble = ""
        return happened

    def take(self, used: UsedMark, source: str, *, now: int, rates: Sequence[UsedRate] = ()) -> bool:
        """Take the product to a mark; gives whether something happened. `BadMarkError` changes nothing."""
        listing = self.listing
        mark = Mark(listing.product.underlying, used.at, used.price, source)
        if self._watch is None:
            live = issue(
                listing.product,
                mark,
                nav=listing.opening_nav,
                units=listing.opening_units,
                hedged=listing.hedge_account is not None,
                published_rates=listing.published_rates,
            )
            self._watch, step, happened = watch(listing.product, live), None, True
        else:
            charged = [(one.at, one.rate) for one in rates]
            self._watch, step = advance(self._watch, mark, now=now, rates=charged)
            happened = step is not None
        self._source = source
        self._marks.append(used)
        self._rates += rates
        if step is not None:
            self._steps.append(step)
        return happened

    def act(self, id: str, what: What, *, by: str, at: datetime) -> None:
        """Do what happened beside the marks, once; what `deeds.done` refuses is raised.

        `NotOpenError` before the product opened.
        """
        if self._watch is None:
            raise NotOpenError(f"{self.listing.id} has not opened yet; wait for its first price.")
        if not self.knows(id):
            self.repeat(Deed(id, microseconds(at), by, self._watch.live.place, what))

    def repeat(self, deed: Deed) -> None:
        """Do a deed as it was written; `DoneTwiceError` where that was done before."""
        assert self._watch is not None
        if self.knows(deed.id):
            raise DoneTwiceError(f"{deed.id} of {self.listing.id} was done before.")
        live, rebalance = done(self._watch.live, deed)
        self._watch = watch(self.listing.product, live)
        self._known.add(deed.id)
        self._deeds.append(deed)
        if rebalance is not None:
            self._rebalances.append(rebalance)

    def chapter(self) -> Chapter | None:
        """What is not written yet; None where there is nothing."""
        if self._watch is None or not (self._marks or self._deeds):
            return None
        return Chapter(
            number=self._number + 1,
            version=self.version,
            source=self._source,
            marks=tuple(self._marks),
            rates=tuple(self._rates),
            deeds=tuple(self._deeds),
            steps=tuple(self._steps),
            rebalances=tuple(self._rebalances),
            live=self._watch.live,
        )

    def written(self, chapter: Chapter) -> None:
        """A chapter is written; what happened meanwhile belongs to the next one."""
        self._number = chapter.number
        del self._marks[: len(chapter.marks)], self._rates[: len(chapter.rates)]
        del self._deeds[: len(chapter.deeds)], self._steps[: len(chapter.steps)]
        del self._rebalances[: len(chapter.rebalances)]

    def _due(self, rates: Sequence[FundingRate], instant: int) -> tuple[UsedRate, ...]:
        """The published rates that a mark of this instant is the first to know of."""
        charged = None if self.live is None else self.live.rates_until
        if charged is None:
            return ()
        known = [UsedRate(microseconds(one.at), one.rate, one.evidence, instant) for one in rates]
        return tuple(one for one in known if charged < one.at <= instant)

    def _refused(self, error: BadMarkError) -> None:
        if error.context.get("fault") in _PASSED_OVER:
            return
        if error.message != self.trouble:
            _log.warning("mark refused", product=self.listing.id, reason=error.message)
        self.trouble = error.message


def evidenced(chapter: Chapter) -> tuple[UsedMark, ...]:
    """The marks of a chapter whose messages are kept: the first, the last, and each at which, or after which,
    something happened.
    """
    first = chapter.live.place - len(chapter.marks) + 1
    places = {step.event.place for step in chapter.steps} | {deed.after for deed in chapter.deeds}
    places |= {first, chapter.live.place}
    return tuple(mark for place, mark in enumerate(chapter.marks, first) if place in places)


def replayed(chapters: Iterable[Chapter], listings: Mapping[int, Listing]) -> Iterator[Chapter]:
    """Each chapter as its marks, rates and deeds lead to it from the ones before: what was written, computed.

    Needs every chapter from the first on, and the listing in each of its versions. Marks count as seen at
    once, so none is stale.
    """
    running, last, known = None, None, set[str]()
    for chapter in chapters:
        if running is None or running.version != chapter.version:
            running = RunningProduct(listings[chapter.version], chapter.version, last, known=known)
        last = _repeated(running, chapter)
        running.written(last)
        known.update(deed.id for deed in chapter.deeds)
        yield last


def _repeated(running: RunningProduct, chapter: Chapter) -> Chapter:
    deeds = list(chapter.deeds)
    for used in chapter.marks:
        while deeds and running.live is not None and deeds[0].after == running.live.place:
            running.repeat(deeds.pop(0))
        rates = [one for one in chapter.rates if one.charged_at == used.at]
        running.take(used, chapter.source, now=used.at, rates=rates)
    for deed in deeds:
        running.repeat(deed)
    found = running.chapter()
    assert found is not None
    return found
