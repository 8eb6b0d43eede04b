"""A pricing policy that contradicts itself is refused, with the place named."""

from dataclasses import replace
from decimal import Decimal

import pytest

from truenav.calc.pricing.defaults import default_policy, venue_policy
from truenav.calc.pricing.rules import PricingPolicyError, check_policy
from truenav.core.asset import BTC, USD, USDT
from truenav.core.facts import QuoteKind
from truenav.core.policy import (
    OWN_QUOTE,
    OWN_VENUE,
    IndexDefinition,
    PriceSource,
    PricingPolicy,
    PricingRule,
)

LAST = PriceSource("okx", QuoteKind.LAST, USDT)
RULE = PricingRule("*", (LAST,), 60, 600)
INDEX = IndexDefinition("BTC", BTC, USDT, (LAST,), Decimal("0.05"), 60)
LEVEL = PriceSource("index:BTC", QuoteKind.INDEX, USDT)


def test_the_policies_to_start_from_are_valid() -> None:
    check_policy(default_policy())
    check_policy(venue_policy())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"applies_to": "ticker:BTC"}, "must start with"),
        ({"waterfall": ()}, "names no price source"),
        ({"stale_after_seconds": 601}, "stale_after_seconds"),
        ({"stale_after_seconds": -1}, "stale_after_seconds"),
        ({"last_weight": Decimal("1.01")}, "last_weight"),
        ({"clamp": Decimal(1)}, "clamp"),
        ({"index": "ETH"}, "'ETH' is not defined"),
        ({"waterfall": (replace(LEVEL, source="index:ETH"),)}, "'index:ETH' is not defined"),
        ({"waterfall": (replace(LEVEL, quote=USD),)}, "is of kind 'index'"),
        ({"waterfall": (replace(LEVEL, kind=QuoteKind.LAST),)}, "is of kind 'index'"),
        ({"applies_to": "kind:fiat", "waterfall": (replace(LAST, quote=OWN_QUOTE),)}, "is for contracts"),
    ],
)
def test_a_rule_without_meaning_is_refused(change: dict[str, object], complaint: str) -> None:
    rule = replace(RULE, **change)  # type: ignore[arg-type]
    with pytest.raises(PricingPolicyError, match=complaint) as refusal:
        check_policy(PricingPolicy("main", (rule,), (INDEX,)))
    assert "'main'" in str(refusal.value)
    assert repr(rule.applies_to) in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"outlier_cut": Decimal("-0.1")}, "outlier cut"),
        ({"minimum_venues": 0}, "at least one venue"),
        ({"venues": (LAST, LAST)}, "named twice"),
        ({"venues": (replace(LAST, source=OWN_VENUE),)}, "cannot be a constituent"),
        ({"venues": (LEVEL,)}, "cannot be a constituent"),
        ({"venues": (replace(LAST, quote=USD),)}, "as the index does"),
        ({"venues": (replace(LAST, inverted=True),)}, "as the index does"),
    ],
)
def test_an_index_without_meaning_is_refused(change: dict[str, object], complaint: str) -> None:
    index = replace(INDEX, **change)  # type: ignore[arg-type]
    with pytest.raises(PricingPolicyError, match=complaint):
        check_policy(PricingPolicy("main", (RULE,), (index,)))


def test_an_index_may_be_defined_only_once() -> None:
    with pytest.raises(PricingPolicyError, match="twice"):
        check_policy(PricingPolicy("main", (RULE,), (INDEX, INDEX)))
