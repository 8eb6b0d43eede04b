"""Policies and numeraires as definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from truenav.app.catalogue import Catalogue
from truenav.app.sources.context import parse_context
from truenav.calc.pricing.numeraires import check_index
from truenav.calc.pricing.rules import check_policy
from truenav.core.failure import InvalidInputError
from truenav.core.policy import AssetNumeraire, IndexNumeraire, NavPolicy, Numeraire, PricingPolicy
from truenav.store.database import Session
from truenav.store.definitions import Kind

LONGEST_SECONDS = 10 * 366 * 86_400
"""The largest age that a policy may allow: ten years."""


def _check_pricing(session: Session, policy: PricingPolicy) -> None:
    del session
    check_policy(policy)
    ages = [rule.unusable_after_seconds for rule in policy.rules]
    ages += [rule.stale_after_seconds for rule in policy.rules]
    _refuse_ages([*ages, *(index.stale_after_seconds for index in policy.indices)])


def _refuse_ages(seconds: Iterable[int]) -> None:
    if not all(0 <= age <= LONGEST_SECONDS for age in seconds):
        raise InvalidInputError(f"An age is a number of seconds from 0 to {LONGEST_SECONDS} (ten years).")


def _check_nav_policy(session: Session, policy: NavPolicy) -> None:
    del session
    if not 0 <= policy.minimum_coverage <= 1:
        raise InvalidInputError("minimum_coverage is a share: a number from 0 to 1.")
    if not 0 <= policy.snapshot_stale_seconds <= policy.snapshot_unusable_seconds:
        raise InvalidInputError(
            "A snapshot grows stale before it grows unusable; check the two numbers of seconds."
        )
    _refuse_ages([policy.snapshot_unusable_seconds])
    if not (0 <= policy.output_places <= 18 and 0 <= policy.unit_places <= 18):
        raise InvalidInputError("At most 18 decimals are kept at output.")
    if policy.reconciliation_tolerance < 0:
        raise InvalidInputError("reconciliation_tolerance is an absolute number: zero or more.")


def _check_numeraire(session: Session, numeraire: Numeraire) -> None:
    assets = parse_context(session).assets.assets
    match numeraire:
        case AssetNumeraire(asset=asset):
            named = {asset}
        case IndexNumeraire(components=components):
            check_index(numeraire)
            named = {one.asset for one in components}
    if unknown := named - assets.keys():
        raise InvalidInputError(
            f"Numeraire {numeraire.code!r} names an unknown asset {min(unknown)!r}; add it first."
        )


PRICING_POLICIES = Catalogue(
    Kind.PRICING_POLICY, PricingPolicy, "policy:read", "policy:write", lambda one: one.id, _check_pricing
)
NAV_POLICIES = Catalogue(
    Kind.NAV_POLICY, NavPolicy, "policy:read", "policy:write", lambda one: one.id, _check_nav_policy
)
NUMERAIRES = Catalogue(
    Kind.NUMERAIRE,
    cast(type[Numeraire], Numeraire),
    "policy:read",
    "policy:write",
    lambda one: one.code,
    _check_numeraire,
)
