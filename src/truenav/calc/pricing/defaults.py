"""Pricing policies to start from. A fund copies one and changes it; nothing in the code depends on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from truenav.core.asset import BTC, ETH, EUR, USD, USDT
from truenav.core.facts import QuoteKind
from truenav.core.money import AssetId
from truenav.core.policy import (
    OWN_QUOTE,
    OWN_VENUE,
    IndexDefinition,
    PriceSource,
    PricingPolicy,
    PricingRule,
)

MINUTE, HOUR, DAY = 60, 3_600, 86_400

VENUES = ("binance", "okx")
INDEXED: Mapping[str, AssetId] = MappingProxyType({"BTC": BTC, "ETH": ETH})

MANUAL_USD = PriceSource("manual", QuoteKind.MANUAL, USD)
VENDOR_USD = PriceSource("vendor", QuoteKind.LAST, USD)
IMPORTED_USD = PriceSource("file:prices", QuoteKind.LAST, USD)
OWN_LAST = PriceSource(OWN_VENUE, QuoteKind.LAST, USDT)


def default_policy(
    *, venues: Sequence[str] = VENUES, indexed: Mapping[str, AssetId] = INDEXED
) -> PricingPolicy:
    """A policy for a crypto fund.

    Money by the ECB's daily fixings through EUR; stablecoins by the price vendor; ``indexed`` assets half
    by the last price of the venue that holds them, clamped to 1 %, and half by an index over ``venues``;
    other coins by last prices; contracts by their own venue's mark. Imported and manual prices come last.
    """
    indices = tuple(_index(symbol, asset, venues) for symbol, asset in indexed.items())
    return PricingPolicy(
        id="default",
        rules=(
            *_money_rules(),
            *(_blended(index) for index in indices),
            *(
                PricingRule(
                    f"kind:{kind}",
                    (
                        OWN_LAST,
                        *(PriceSource(venue, QuoteKind.LAST, USDT) for venue in venues),
                        VENDOR_USD,
                        IMPORTED_USD,
                        MANUAL_USD,
                    ),
                    stale_after_seconds=15 * MINUTE,
                    unusable_after_seconds=DAY,
                )
                for kind in ("crypto", "receipt")
            ),
            *_contract_rules(),
        ),
        indices=indices,
    )


def venue_policy() -> PricingPolicy:
    """Everything at its own venue's prices, to compare an account's equity with the venue's statement.

    USDT, in which venues price the rest, by the price vendor.
    """
    coins = ("stablecoin", "crypto", "receipt")
    return PricingPolicy(
        id="venue",
        rules=(
            PricingRule(f"asset:{USDT}", (VENDOR_USD, IMPORTED_USD, MANUAL_USD), DAY, 3 * DAY),
            *(PricingRule(f"kind:{kind}", (OWN_LAST,), 15 * MINUTE, DAY) for kind in coins),
            *_money_rules(),
            *_contract_rules(),
        ),
    )


def _money_rules() -> tuple[PricingRule, ...]:
    """Fixings come once a working day, so a long weekend is not stale; vendors quote at least daily."""
    euro = PriceSource("ecb", QuoteKind.FIXING, USD)
    others = PriceSource("ecb", QuoteKind.FIXING, EUR, inverted=True)
    return (
        PricingRule(f"asset:{EUR}", (euro, VENDOR_USD, IMPORTED_USD, MANUAL_USD), 4 * DAY, 10 * DAY),
        PricingRule("kind:fiat", (others, VENDOR_USD, IMPORTED_USD, MANUAL_USD), 4 * DAY, 10 * DAY),
        PricingRule("kind:stablecoin", (VENDOR_USD, IMPORTED_USD, MANUAL_USD), DAY, 3 * DAY),
    )


def _index(symbol: str, asset: AssetId, venues: Sequence[str]) -> IndexDefinition:
    return IndexDefinition(
        id=f"{symbol}-USDT",
        base=asset,
        quote=USDT,
        venues=tuple(PriceSource(venue, QuoteKind.LAST, USDT) for venue in venues),
        outlier_cut=Decimal("0.05"),
        stale_after_seconds=15 * MINUTE,
    )


def _blended(index: IndexDefinition) -> PricingRule:
    level = PriceSource(f"index:{index.id}", QuoteKind.INDEX, index.quote)
    return PricingRule(
        f"asset:{index.base}",
        (OWN_LAST, level, VENDOR_USD, IMPORTED_USD, MANUAL_USD),
        stale_after_seconds=15 * MINUTE,
        unusable_after_seconds=DAY,
        last_weight=Decimal("0.5"),
        clamp=Decimal("0.01"),
        index=index.id,
    )


def _contract_rules() -> tuple[PricingRule, ...]:
    waterfall = (
        PriceSource(OWN_VENUE, QuoteKind.MARK, OWN_QUOTE),
        PriceSource("file:prices", QuoteKind.MARK, OWN_QUOTE),
        PriceSource("manual", QuoteKind.MANUAL, OWN_QUOTE),
    )
    return tuple(
        PricingRule(f"contract:{kind}", waterfall, 15 * MINUTE, DAY)
        for kind in ("perpetual", "future", "option")
    )
