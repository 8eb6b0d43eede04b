"""A NAV that follows its marks: the same result as striking anew, for the cost of what changed.

Method: docs/methods/nav.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from truenav.calc.nav.context import NavInputError
from truenav.calc.nav.model import NavInputs
from truenav.calc.nav.valuation import Valuation, value_nav, value_run
from truenav.calc.pricing.quotes import QuoteKey, quote_key
from truenav.core.facts import Fact
from truenav.core.money import exact


def reprice(valuation: Valuation, quotes: Iterable[Fact], *, as_of: datetime) -> Valuation:
    """The valuation with newer quotes, at an instant not before its own (else ``NavInputError``).

    Equal, in every field of its result, to ``value_nav(with_quotes(valuation.inputs, quotes, as_of=as_of))``.
    Costs as much as that where time itself changed the run: a snapshot grew stale, a manual item ended.
    """
    if as_of < valuation.inputs.as_of:
        raise NavInputError(
            f"The valuation is as of {valuation.inputs.as_of.isoformat()}; it cannot go back to "
            f"{as_of.isoformat()}. Value it anew."
        )
    facts, newer = _merged(valuation.inputs.facts, quotes, as_of)
    inputs = replace(valuation.inputs, as_of=as_of, facts=facts)
    if as_of >= valuation.run.until:
        return value_nav(inputs)
    with exact():
        return value_run(valuation.run.at(inputs), valuation.prices.renewed(newer, as_of), valuation)


def with_quotes(inputs: NavInputs, quotes: Iterable[Fact], *, as_of: datetime) -> NavInputs:
    """The inputs as of an instant, each quote in the place of the one of its source, pair and kind.

    Where the inputs hold a later one than that given, theirs stays. Quotes after ``as_of`` are not taken.
    """
    return replace(inputs, as_of=as_of, facts=_merged(inputs.facts, quotes, as_of)[0])


def _merged(
    facts: Iterable[Fact], quotes: Iterable[Fact], as_of: datetime
) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """The facts with those quotes that are newer than theirs, and these alone."""
    newer: dict[QuoteKey, Fact] = {}
    for fact in quotes:
        key = quote_key(fact)
        if key is None or fact.occurred_at > as_of:
            continue
        if key not in newer or _recency(newer[key]) <= _recency(fact):
            newer[key] = fact
    kept: list[Fact] = []
    for fact in facts:
        key = quote_key(fact)
        if key is not None and fact.occurred_at <= as_of:
            given = newer.get(key)
            if given is not None and given != fact and _recency(fact) <= _recency(given):
                continue
            newer.pop(key, None)
        kept.append(fact)
    return (*kept, *newer.values()), tuple(newer.values())


def _recency(fact: Fact) -> tuple[datetime, str, str]:
    return fact.occurred_at, fact.external_id, fact.account
