"""Deribit's maintenance margin as steps of our own: the venue publishes a rule and no table.

The rate of the whole position is ``base + slope * size``, with the size in units of the base asset; the
initial rate has twice the base. Each step has the rate of its upper end, at most a hundredth above the rule.
A contract whose highest leverage says more than the rule's base (half of its inverse) has that base. Dated
contracts are taken to follow the rule of perpetuals. Contracts on other assets than these have no steps: the
slope of none is published where we could read it. An account with portfolio margin is not measured so at all.

Sources: the venue's support pages "11 January 2022" (BTC, ETH) and "Linear Perpetual" (BTC, SOL), read in
November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from truenav.connect.cefi.deribit.terms import deribit_id
from truenav.connect.contract import ParseContext
from truenav.connect.document import Node, read_json
from truenav.connect.tiers import ReadTiers
from truenav.core.evidence import Evidence
from truenav.core.leverage import LeverageTier, LeverageTiers, Measure
from truenav.core.money import ONE, ZERO, divided, exact, rounded


@dataclass(frozen=True, slots=True)
class Rule:
    """Maintenance rate of a position: ``base``, and ``slope`` for each unit of the base asset."""

    base: Decimal
    slope: Decimal

    @property
    def limit(self) -> Decimal:
        """The size of which all is margin; the venue's own limits of a position are far below."""
        return divided(ONE - self.base, self.slope)


RULES = {
    "BTC": Rule(Decimal("0.01"), Decimal("0.00005")),
    "ETH": Rule(Decimal("0.01"), Decimal("0.000004")),
    "SOL": Rule(Decimal("0.02"), Decimal("0.000005")),
}
_GROWTH = Decimal("1.01")
_PLACES = 6


def _read(evidence: Evidence, body: bytes, context: ParseContext) -> Iterator[LeverageTiers]:
    del evidence
    for row in read_json(body).field("result").items():
        if row.text("kind") != "future" or row.text("base_currency") not in RULES:
            continue
        name = deribit_id(row.text("instrument_name"))
        if name in context.instruments.instruments:
            rule = _rule(row)
            yield LeverageTiers(name, Measure.BASE, steps_of(rule), rule.limit, own=True)


def _rule(row: Node) -> Rule:
    published = RULES[row.text("base_currency")]
    leverage = row.decimal_or("max_leverage", ZERO)
    base = divided(ONE, 2 * leverage) if leverage > 0 else published.base
    return Rule(max(published.base, base), published.slope)


@lru_cache(maxsize=64)
def steps_of(rule: Rule) -> tuple[LeverageTier, ...]:
    """A rule as steps of which each begins where the rule gives the rate of the one below."""
    steps: list[LeverageTier] = []
    with exact():
        rate = rule.base
        while rate < ONE:
            floor = (rate - rule.base) / rule.slope
            rate = min(ONE, rounded(rate * _GROWTH, _PLACES))
            steps.append(LeverageTier(floor, rate, min(ONE, rate + rule.base)))
    return tuple(steps)


TIERS: dict[str, ReadTiers] = {"instruments/1": _read}
