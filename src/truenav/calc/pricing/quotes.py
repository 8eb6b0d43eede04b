"""Quotes by source, pair and kind: the latest one known at an instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import Sha256

QuoteKey = tuple[str, str, str, QuoteKind]
"""Source, base, quote and kind: what a pricing rule asks for."""


class MarkOrigin(StrEnum):
    """How a price came in. Of a path the weakest counts: manual, then imported."""

    API = "api"
    INDEX = "index"
    IMPORTED = "imported"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Quoted:
    """One quote as it was stated: units of quote for one of base, who said so, when, and the payload."""

    source: str
    kind: QuoteKind
    price: Decimal
    volume: Decimal | None
    quoted_at: datetime
    evidence: Sha256

    @property
    def origin(self) -> MarkOrigin:
        """Manual, imported from a file, or read from an API."""
        if self.kind is QuoteKind.MANUAL or self.source == "manual":
            return MarkOrigin.MANUAL
        return MarkOrigin.IMPORTED if self.source.startswith("file:") else MarkOrigin.API


class QuoteBook:
    """All quotes of a valuation; answers "latest of this source, pair and kind at or before T".

    Facts of other kinds are ignored. Superseded and void facts must have been removed. Of quotes with
    one instant the one with the greater external id wins, so the order of ``facts`` does not matter.
    """

    def __init__(self, facts: Iterable[Fact]) -> None:
        found: dict[QuoteKey, list[tuple[datetime, str, str, Decimal, Fact]]] = {}
        for fact in facts:
            if isinstance(body := fact.body, Quote) and (key := quote_key(fact)) is not None:
                found.setdefault(key, []).append(
                    (fact.occurred_at, fact.external_id, fact.account, body.price, fact)
                )
        self._times: dict[QuoteKey, list[datetime]] = {}
        self._quotes: dict[QuoteKey, list[Quoted]] = {}
        for key, entries in found.items():
            entries.sort(key=lambda entry: entry[:4])
            self._times[key] = [entry[0] for entry in entries]
            self._quotes[key] = [_quoted(entry[4]) for entry in entries]

    def replaced(self, facts: Iterable[Fact]) -> Self:
        """A book in which these quotes stand in the place of all others of their source, pair and kind."""
        book = type(self)(facts)
        book._times = self._times | book._times
        book._quotes = self._quotes | book._quotes
        return book

    def latest(self, source: str, base: str, quote: str, kind: QuoteKind, as_of: datetime) -> Quoted | None:
        """The last quote that occurred at or before ``as_of``, or None."""
        key = (source, base, quote, kind)
        times = self._times.get(key)
        if times is None:
            return None
        position = bisect_right(times, as_of)
        return self._quotes[key][position - 1] if position else None


def quote_key(fact: Fact) -> QuoteKey | None:
    """What a quote is the latest of; None of another fact."""
    body = fact.body
    return (fact.source, body.base, body.quote, body.kind) if isinstance(body, Quote) else None


def weakest(own: MarkOrigin, *others: MarkOrigin) -> MarkOrigin:
    """The origin of what was computed from several prices: manual, else imported, else ``own``."""
    origins = (own, *others)
    return next((weak for weak in (MarkOrigin.MANUAL, MarkOrigin.IMPORTED) if weak in origins), own)


def _quoted(fact: Fact) -> Quoted:
    body = fact.body
    assert isinstance(body, Quote)
    return Quoted(fact.source, body.kind, body.price, body.volume, fact.occurred_at, fact.evidence)
