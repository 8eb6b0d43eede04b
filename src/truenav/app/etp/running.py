"""One product between its prices and its journal: it takes marks as they come, and gives chapters."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import structlog

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import BadMarkError
from truenav.calc.etp.live.product import MarkFault, advance, issue, watch
from truenav.calc.etp.live.state import LiveProduct, Mark, Step, Watch
from truenav.calc.pricing.quotes import QuoteKey
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.listing import Listing
from truenav.store.products import Chapter, UsedMark

_PASSED_OVER = (MarkFault.DUPLICATE, MarkFault.OUT_OF_ORDER)
"""Streams tell a price again, and after a break an older one; neither is news."""

_log = structlog.get_logger("truenav.products")


def mark_key(terms: Instrument) -> QuoteKey:
    """The quote that a product on this instrument is marked at: the last price of spot, else the mark."""
    if terms.kind is InstrumentKind.SPOT:
        return (terms.venue, terms.base, terms.quote, QuoteKind.LAST)
    return (terms.venue, terms.id, terms.quote, QuoteKind.MARK)


class RunningProduct:
    """A listed product from its last chapter on. Not safe for several threads."""

    def __init__(self, listing: Listing, last: Chapter | None) -> None:
        self.listing = listing
        self.trouble = ""
        self._number = 0 if last is None else last.number
        self._live = None if last is None else last.live
        self._watch = None if last is None else watch(listing.product, last.live)
        self._marks: list[UsedMark] = []
        self._steps: list[Step] = []

    @property
    def live(self) -> LiveProduct | None:
        """The product after the last mark; None before it opened."""
        return self._live

    def see(self, quote: Fact, *, at: datetime) -> bool:
        """Take the product to a quote received ``at``; gives whether something happened that must be written.

        A venue's clock may run ahead of ours: what was received at an instant did not occur after it. A mark
        that cannot be used leaves the product as it was, and its reason in ``trouble``.
        """
        body = quote.body
        assert isinstance(body, Quote)
        instant, now = microseconds(min(quote.occurred_at, at)), microseconds(at)
        if instant < microseconds(self.listing.opened_at):
            return False
        mark = Mark(self.listing.product.underlying, instant, body.price, quote.source)
        try:
            happened = self._taken(mark, now)
        except BadMarkError as error:
            self._refused(error)
            return False
        self._marks.append(UsedMark(instant, body.price, quote.evidence))
        self.trouble = ""
        return happened

    def chapter(self) -> Chapter | None:
        """What is not written yet; None where there is nothing."""
        if self._live is None or not self._marks:
            return None
        source = self._live.mark.source
        return Chapter(self._number + 1, source, tuple(self._marks), tuple(self._steps), self._live)

    def written(self, chapter: Chapter) -> None:
        """A chapter is written; marks that came meanwhile belong to the next one."""
        self._number = chapter.number
        del self._marks[: len(chapter.marks)], self._steps[: len(chapter.steps)]

    def _taken(self, mark: Mark, now: int) -> bool:
        if self._watch is None:
            listing = self.listing
            live = issue(listing.product, mark, nav=listing.opening_nav, units=listing.opening_units)
            self._keep(watch(listing.product, live))
            return True
        watched, step = advance(self._watch, mark, now=now)
        self._keep(watched)
        if step is not None:
            self._steps.append(step)
        return step is not None

    def _keep(self, watched: Watch) -> None:
        self._watch, self._live = watched, watched.live

    def _refused(self, error: BadMarkError) -> None:
        if error.context.get("fault") in _PASSED_OVER:
            return
        if error.message != self.trouble:
            _log.warning("mark refused", product=self.listing.id, reason=error.message)
        self.trouble = error.message


def replayed(listing: Listing, chapters: tuple[Chapter, ...]) -> tuple[LiveProduct, tuple[Step, ...]]:
    """The state and steps that the marks of all chapters lead to: what was written can be computed again.

    Needs every chapter from the first on. Marks count as seen at once, so none is stale.
    """
    marks = [
        Mark(listing.product.underlying, used.at, used.price, chapter.source)
        for chapter in chapters
        for used in chapter.marks
    ]
    first = issue(listing.product, marks[0], nav=listing.opening_nav, units=listing.opening_units)
    watched, steps = watch(listing.product, first), []
    for _, mark in pairwise(marks):
        watched, step = advance(watched, mark, now=mark.at)
        if step is not None:
            steps.append(step)
    return watched.live, tuple(steps)
