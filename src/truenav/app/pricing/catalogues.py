"""Policies and numeraires as definitions."""

from __future__ import annotations

from typing import cast

from truenav.app.catalogue import Catalogue
from truenav.app.sources.context import parse_context
from truenav.calc.pricing.numeraires import check_index
from truenav.calc.pricing.rules import check_policy
from truenav.core.failure import InvalidInputError
from truenav.core.policy import AssetNumeraire, IndexNumeraire, NavPolicy, Numeraire, PricingPolicy
from truenav.store.database import Session
from truenav.store.definitions import Kind


def _check_pricing(session: Session, policy: PricingPolicy) -> None:
    del session
    check_policy(policy)


def _check_nav_policy(session: Session, policy: NavPolicy) -> None:
    del session
    if not 0 <= policy.minimum_coverage <= 1:
        raise InvalidInputError("minimum_coverage is a share: a number from 0 to 1.")
    if not 0 <= policy.snapshot_stale_seconds <= policy.snapshot_unusable_seconds:
        raise InvalidInputError(
            "A snapshot grows stale before it grows unusable; check the two numbers of seconds."
        )
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
