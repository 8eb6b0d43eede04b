"""Pricing and valuation policies: data, versioned, part of every result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from truenav.core.facts import QuoteKind
from truenav.core.money import ONE, ZERO, AssetId

OWN_VENUE = "@venue"
"""As a price source: the venue of the instrument (or of the account, for a balance)."""

OWN_QUOTE = AssetId("@quote")
"""As a source's ``quote``: what the contract is priced in (``settle`` for an option, else ``quote``)."""


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where one price comes from.

    ``quote`` is the asset that the price is in (``@quote``: the contract's own), and so the next step
    towards USD: one declared path, never an average of paths. ``inverted`` reads a ``quote/base`` rate (JPY
    from EUR/JPY). ``source`` may be ``@venue``, the source of a fact, or ``index:ID`` for an index of this
    policy. The venue is kept along the path: where BTC on a venue is quoted in USDT, the USDT is priced
    on that venue too.
    """

    source: str
    kind: QuoteKind
    quote: AssetId
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class PricingRule:
    """How one class of things is priced; the first rule whose ``applies_to`` matches is used.

    ``applies_to``: ``asset:ID``, ``instrument:ID``, ``kind:stablecoin`` (asset kind),
    ``contract:option`` (instrument kind) or ``*``. The waterfall is tried in order: the first source with
    a quote not older than ``stale_after_seconds`` wins; if all are stale the freshest is used (the earlier
    in the waterfall, if equally old) and the mark is *stale*; if none has a quote the thing is *unpriced*.
    A quote older than ``unusable_after_seconds``, or whose price is not positive, is as good as none (an
    option alone may be worth zero). A mark is stale, too, if any step of its path to USD is.

    With ``index`` the mark is ``last_weight * clamped(last) + (1 - last_weight) * index``, the last price
    first clamped to ``index * (1 +- clamp)``; an index in another quote asset is first expressed in that
    of the last price. If only one of the two is there, it is the mark, and the mark is stale: it is not the
    price that the policy promises.
    """

    applies_to: str
    waterfall: tuple[PriceSource, ...]
    stale_after_seconds: int
    unusable_after_seconds: int
    last_weight: Decimal = ONE
    clamp: Decimal = ZERO
    index: str | None = None


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """A multi-venue index of ``base`` in ``quote``, weighted by volume, with an outlier cut.

    Stale venues are dropped; those further than ``outlier_cut`` (a fraction) from the median of the rest
    are cut; fewer than ``minimum_venues`` survivors give no index.
    """

    id: str
    base: AssetId
    quote: AssetId
    venues: tuple[PriceSource, ...]
    outlier_cut: Decimal
    stale_after_seconds: int
    minimum_venues: int = 2


@dataclass(frozen=True, slots=True)
class PricingPolicy:
    """All pricing rules of a fund, tried in order."""

    id: str
    rules: tuple[PricingRule, ...]
    indices: tuple[IndexDefinition, ...] = ()


@dataclass(frozen=True, slots=True)
class NavPolicy:
    """When a NAV may be called complete, and how it is shown.

    ``minimum_coverage``: share of gross value that must be neither stale nor missing, 0 to 1.
    A snapshot older than ``snapshot_stale_seconds`` is *stale*; older than ``snapshot_unusable_seconds`` it
    is not used and the account is *missing*. ``output_places`` decimals are kept at output,
    ``unit_places`` for NAV per unit. ``reconciliation_tolerance`` is absolute, in units of the asset.
    """

    id: str
    minimum_coverage: Decimal = ONE
    snapshot_stale_seconds: int = 900
    snapshot_unusable_seconds: int = 86_400
    output_places: int = 18
    unit_places: int = 18
    reconciliation_tolerance: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class AssetNumeraire:
    """NAV expressed in an asset: ``NAV_usd / price_usd(asset)``."""

    TAG: ClassVar[str] = "asset"
    code: str
    asset: AssetId


@dataclass(frozen=True, slots=True)
class IndexComponent:
    """One asset of a custom index: its weight, and its USD price on the base date."""

    asset: AssetId
    weight: Decimal
    base_price_usd: Decimal


@dataclass(frozen=True, slots=True)
class IndexNumeraire:
    """NAV in a custom index: ``I = base_value * sum(weight * price / base_price)``, weights sum to 1."""

    TAG: ClassVar[str] = "index"
    code: str
    base_value: Decimal
    base_at: datetime
    components: tuple[IndexComponent, ...]


Numeraire = AssetNumeraire | IndexNumeraire
