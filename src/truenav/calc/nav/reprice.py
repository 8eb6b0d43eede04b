"""A NAV that follows its marks: the same result as striking anew, for the cost of what changed.

Method: docs/methods/nav.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from truenav.calc.nav.model import NavInputs, NavResult
from truenav.calc.nav.strike import strike_nav
from truenav.core.facts import Fact, Quote, QuoteKind


@dataclass(frozen=True, slots=True)
class Valuation:
    """A NAV with what it was computed from; ``result`` is ``strike_nav(inputs)``."""

    inputs: NavInputs
    result: NavResult


def value_nav(inputs: NavInputs) -> Valuation:
    """Strike a NAV that is to be repriced. Refuses what ``strike_nav`` refuses."""
    return Valuation(inputs, strike_nav(inputs))


def reprice(valuation: Valuation, quotes: Iterable[Fact], *, as_of: datetime) -> Valuation:
    """The valuation with newer quotes, at an instant not before its own.

    Equal, in every field, to ``value_nav(with_quotes(valuation.inputs, quotes, as_of=as_of))``.
    """
    return value_nav(with_quotes(valuation.inputs, quotes, as_of=as_of))


def with_quotes(inputs: NavInputs, quotes: Iterable[Fact], *, as_of: datetime) -> NavInputs:
    """The inputs as of an instant, each quote in the place of the one of its source, pair and kind.

    Where the inputs hold a later quote than the one given, theirs stays.
    """
    newest: dict[tuple[str, str, str, QuoteKind], Fact] = {}
    others: list[Fact] = []
    for fact in (*inputs.facts, *quotes):
        if not isinstance(body := fact.body, Quote):
            others.append(fact)
            continue
        key = (fact.source, body.base, body.quote, body.kind)
        known = newest.get(key)
        if known is None or _recency(known) <= _recency(fact):
            newest[key] = fact
    return replace(inputs, as_of=as_of, facts=(*others, *newest.values()))


def _recency(fact: Fact) -> tuple[datetime, str, str]:
    return fact.occurred_at, fact.external_id, fact.account
