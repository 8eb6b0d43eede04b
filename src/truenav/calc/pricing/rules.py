"""A pricing policy is data: check it once, then find the rule of each thing."""

from __future__ import annotations

from truenav.core.asset import AssetBook
from truenav.core.facts import QuoteKind
from truenav.core.failure import InvalidInputError
from truenav.core.instrument import Instrument
from truenav.core.money import ONE, ZERO, AssetId
from truenav.core.policy import OWN_QUOTE, OWN_VENUE, IndexDefinition, PriceSource, PricingPolicy, PricingRule

INDEX_PREFIX = "index:"
"""A price source that is an index of the policy: ``index:ID``."""

_SELECTORS = ("asset:", "instrument:", "kind:", "contract:")


class PricingPolicyError(InvalidInputError):
    """A pricing policy contradicts itself."""

    code = "pricing-policy"
    title = "The pricing policy is not valid"


def check_policy(policy: PricingPolicy) -> None:
    """Refuse what no quote could make right: unknown indices, weights outside 0..1, mixed quotes, ...

    Raises ``PricingPolicyError`` naming the policy and the rule or index.
    """
    indices = {definition.id: definition for definition in policy.indices}
    if len(indices) < len(policy.indices):
        raise PricingPolicyError(f"Policy {policy.id!r} defines an index twice; give each its own id.")
    for definition in policy.indices:
        if problem := _index_problem(definition):
            raise PricingPolicyError(f"Policy {policy.id!r}, index {definition.id!r}: {problem}.")
    for rule in policy.rules:
        if problem := _rule_problem(rule, indices):
            raise PricingPolicyError(f"Policy {policy.id!r}, rule {rule.applies_to!r}: {problem}.")


def rule_for(
    policy: PricingPolicy, subject: str, *, assets: AssetBook, instrument: Instrument | None
) -> PricingRule | None:
    """The first rule that applies to an asset, or to an instrument where its terms are given."""
    if instrument is not None:
        wanted = {f"instrument:{subject}", f"contract:{instrument.kind}", "*"}
    else:
        wanted = {f"asset:{subject}", "*"}
        if asset := assets.assets.get(AssetId(subject)):
            wanted.add(f"kind:{asset.kind}")
    return next((rule for rule in policy.rules if rule.applies_to in wanted), None)


def _index_problem(definition: IndexDefinition) -> str | None:
    if definition.outlier_cut < 0:
        return "the outlier cut must be a fraction of zero or more"
    if definition.minimum_venues < 1 or definition.stale_after_seconds < 0:
        return "it needs at least one venue and an age limit of zero or more seconds"
    if len({source.source for source in definition.venues}) < len(definition.venues):
        return "a venue is named twice"
    for source in definition.venues:
        if source.source == OWN_VENUE or source.source.startswith(INDEX_PREFIX):
            return f"{source.source!r} cannot be a constituent; name a venue"
        if source.quote != definition.quote or source.inverted:
            return f"{source.source} must quote {definition.base} in {definition.quote}, as the index does"
    return None


def _rule_problem(rule: PricingRule, indices: dict[str, IndexDefinition]) -> str | None:
    if rule.applies_to != "*" and not rule.applies_to.startswith(_SELECTORS):
        return f"it must start with one of {', '.join(_SELECTORS)} or be '*'"
    if not 0 <= rule.stale_after_seconds <= rule.unusable_after_seconds:
        return "stale_after_seconds must lie between 0 and unusable_after_seconds"
    if not ZERO <= rule.last_weight <= ONE or not ZERO <= rule.clamp < ONE:
        return "last_weight must lie between 0 and 1, clamp between 0 and below 1"
    if rule.index is not None and rule.index not in indices:
        return f"index {rule.index!r} is not defined in this policy"
    if rule.index is None and not rule.waterfall:
        return "it names no price source"
    for source in rule.waterfall:
        if problem := _source_problem(rule, source, indices):
            return problem
    return None


def _source_problem(
    rule: PricingRule, source: PriceSource, indices: dict[str, IndexDefinition]
) -> str | None:
    if source.quote == OWN_QUOTE and rule.applies_to.startswith(("asset:", "kind:")):
        return f"{OWN_QUOTE!r} is for contracts; name the asset that {source.source} quotes in"
    if not source.source.startswith(INDEX_PREFIX):
        return None
    definition = indices.get(source.source.removeprefix(INDEX_PREFIX))
    if definition is None:
        return f"{source.source!r} is not defined in this policy"
    if source.kind is not QuoteKind.INDEX or source.quote != definition.quote or source.inverted:
        return f"{source.source!r} is of kind 'index' and in {definition.quote}, not inverted"
    return None
