"""Baskets of an exchange-traded product: the tokens of a creation unit, its cash part, and its list.

Method, rounding and worked examples: docs/methods/baskets.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from truenav.calc.etp.baskets.dealing_days import is_at_close_of, previous_dealing_day, terms_on
from truenav.calc.etp.baskets.inav import premium
from truenav.core.basket import (
    BasketProduct,
    BasketTerms,
    Constituent,
    CreationList,
    DailyDisclosure,
    DisclosureLine,
    Holding,
    Holdings,
    ListLine,
    NotPublishable,
    Prices,
    Substitution,
)
from truenav.core.clock import instant_text
from truenav.core.failure import Failure, FailureKind
from truenav.core.money import (
    MAX_SCALE,
    ONE,
    ZERO,
    AssetId,
    exact,
    rounded,
    summing,
)

PRICE_PLACES = 18
"""Most decimals of a listed price; fewer where the asset has so many that a value would have too many."""


def token_fee(net: Decimal, *, rate: Decimal, days: int, day_count: int = 365) -> Decimal:
    """Sponsor's fee of so many days, in tokens, on a holding that changes by nothing else.

    ``net * (1 - (1 - rate / day_count) ** days)``: each day's fee falls on what the fees before it left, so
    that a fee accrues the same whether it is paid daily or at the end. Unrounded.
    """
    with exact():
        return net * (1 - (1 - rate / day_count) ** days)


def net_quantity(holding: Holding) -> Decimal:
    """Tokens that belong to the shares: held, less accrued fee and expenses."""
    with exact():
        return holding.quantity - holding.accrued_fee - holding.expenses


def tokens_per_basket(net: Decimal, *, shares: int, unit_size: int) -> Decimal:
    """Tokens that a creation unit stands for: ``net / shares * unit_size``, unrounded."""
    with exact():
        return net * unit_size / shares


def look_through(holdings: Holdings, others: Mapping[str, Holdings], product: str = "") -> Holdings:
    """The holdings with shares of other products replaced by what stands behind them, to the last level.

    ``others`` are the holdings of those products at the same instant; ``product`` is whose ``holdings`` are.
    What cannot be looked through becomes a failure of the result. Money of another product in another quote
    asset is a holding of that asset.
    """
    with exact():
        return _looked_through(holdings, others, (product,) if product else ())


def _looked_through(holdings: Holdings, others: Mapping[str, Holdings], path: tuple[str, ...]) -> Holdings:
    assets, cash, failures = list(holdings.assets), holdings.cash, list(holdings.failures)
    for held in holdings.units:
        fault = _cannot_look_through(held.product, others, path)
        if fault is not None:
            failures.append(fault)
            continue
        behind = _looked_through(others[held.product], others, (*path, held.product))
        assert behind.shares_outstanding is not None
        for one in behind.assets:
            share = net_quantity(one) * held.shares / behind.shares_outstanding
            assets.append(Holding(one.asset, share, place=held.product))
        money = behind.cash * held.shares / behind.shares_outstanding
        if behind.quote == holdings.quote:
            cash += money
        elif money:
            assets.append(Holding(behind.quote, money, place=held.product))
        failures.extend(behind.failures)
    return replace(holdings, assets=tuple(assets), units=(), cash=cash, failures=tuple(failures))


def _cannot_look_through(
    product: str, others: Mapping[str, Holdings], path: tuple[str, ...]
) -> Failure | None:
    if product in path:
        return Failure(
            FailureKind.INVARIANT,
            product,
            f"{' holds '.join((*path, product))}: the products hold each other in a circle.",
            "Correct the holdings of one of them.",
        )
    behind = others.get(product)
    if behind is None:
        return Failure(
            FailureKind.ACCOUNT_UNREAD,
            product,
            f"The holdings of {product} are not known, so its shares cannot be looked through.",
            "Load the holdings of that product for this instant.",
        )
    if not behind.shares_outstanding:
        return _no_shares(product)
    return None


def _no_shares(product: str) -> Failure:
    return Failure(
        FailureKind.UNIT_COUNT,
        product,
        f"The number of shares of {product} that are outstanding is not known, or zero.",
        "Load the count of the transfer agent; the seed basket is agreed by hand.",
    )


def pooled(holdings: Holdings) -> tuple[dict[AssetId, Decimal], Decimal]:
    """Net tokens of each asset over all places, and the money; a holding of the quote asset is money."""
    net: dict[AssetId, Decimal] = {}
    with exact():
        for one in holdings.assets:
            net[one.asset] = net.get(one.asset, ZERO) + net_quantity(one)
        return net, holdings.cash + net.pop(holdings.quote, ZERO)


def net_asset_value(holdings: Holdings, prices: Prices) -> Decimal:
    """NAV in the quote asset, unrounded; every asset has a price, and no shares are left to look through."""
    with exact():
        net, cash = pooled(holdings)
        return sum((quantity * prices[asset] for asset, quantity in net.items()), cash)


def unit_value(nav: Decimal, *, shares: int, unit_size: int, places: int) -> Decimal:
    """NAV of a creation unit as published: rounded once, half-even."""
    with exact():
        return rounded(nav * unit_size / shares, places)


def creation_list(
    product: BasketProduct,
    trade_day: date,
    holdings: Holdings,
    closes: Prices,
    *,
    previous_cash: Decimal | None = None,
    creation: bool = True,
    redemption: bool = True,
) -> CreationList | NotPublishable:
    """The list of a dealing day, from holdings and closing prices of the dealing day before.

    Parameters
    ----------
    trade_day : the dealing day T whose orders the list is for; its terms count.
    holdings : at the close of T-1, with fees accrued, looked through.
    closes : price of each asset at that close; what has none is absent.
    previous_cash : the actual cash difference of T-1, in the quote asset.

    Returns
    -------
    The list, or why there must be none: a holding that is not known, an asset without price or without
    terms of delivery, an unknown count of shares, fees above what is held, holdings of another close than
    that of T-1 (before its cut-off, or from that of T on).

    Notes
    -----
    Prices count as they are listed, rounded to 18 decimals. Quantities are rounded down to the asset's
    decimals and the rest is in ``estimated_cash``, so ``list_value + estimated_cash == unit_value`` holds
    exactly. Raises ``BasketInputError`` if the product has no terms on ``trade_day``.
    """
    terms = terms_on(product, trade_day)
    with exact():
        closes = as_published(terms, closes)
        before = previous_dealing_day(product, trade_day)
        failures = _failures(product, terms, before, holdings, closes)
        if failures or holdings.shares_outstanding is None:
            return NotPublishable(product.id, trade_day, failures)
        shares, size = holdings.shares_outstanding, terms.unit_size
        nav = net_asset_value(holdings, closes)
        value = unit_value(nav, shares=shares, unit_size=size, places=terms.places)
        net, _ = pooled(holdings)
        lines = tuple(
            _line(one, tokens_per_basket(net[one.asset], shares=shares, unit_size=size), closes, terms.places)
            for one in terms.constituents
        )
        return CreationList(
            product=product.id,
            trade_day=trade_day,
            previous_day=before,
            as_of=holdings.as_of,
            quote=product.quote,
            unit_size=size,
            shares_outstanding=shares,
            nav_per_share=rounded(nav / shares, terms.nav_places),
            unit_value=value,
            lines=lines,
            estimated_cash=cash_part(value, lines, closes),
            previous_cash=previous_cash,
            max_cash_ratio=terms.max_cash_ratio,
            creation=creation,
            redemption=redemption,
            daily_limit=terms.daily_limit,
        )


def _line(one: Constituent, tokens: Decimal, closes: Prices, places: int) -> ListLine:
    quantity = tokens.quantize(ONE.scaleb(-one.decimals), ROUND_FLOOR)
    required = one.substitution is Substitution.REQUIRED
    return ListLine(
        asset=one.asset,
        quantity=quantity,
        price=closes[one.asset],
        substitution=one.substitution,
        creation_premium=one.creation_premium,
        redemption_discount=one.redemption_discount,
        cash_amount=rounded(quantity * closes[one.asset], places) if required else ZERO,
    )


def list_value(lines: Iterable[ListLine], prices: Prices) -> Decimal:
    """What the lines of a creation unit are worth; cash that is required counts with its fixed amount."""
    with summing():
        return sum((_line_value(line, prices) for line in lines), ZERO)


def _line_value(line: ListLine, prices: Prices) -> Decimal:
    if line.substitution is Substitution.REQUIRED:
        return line.cash_amount
    return line.quantity * prices[line.asset]


def cash_part(value: Decimal, lines: Iterable[ListLine], prices: Prices) -> Decimal:
    """What is left of the value of a creation unit beside its lines, exactly.

    With the closes of T-1 and the unit value of T-1 it is the estimate (预估现金部分), with those of T the
    actual cash difference (现金差额). Negative: the side that delivers the basket gets it back.
    """
    with summing():
        return value - list_value(lines, prices)


def as_published(terms: BasketTerms, closes: Prices) -> Prices:
    """The prices as a list shows them, so that whoever has the list can compute the same values."""
    decimals = {one.asset: one.decimals for one in terms.constituents}
    return {
        asset: rounded(price, min(PRICE_PLACES, MAX_SCALE - decimals.get(asset, 0)))
        for asset, price in closes.items()
    }


def _failures(
    product: BasketProduct, terms: BasketTerms, day: date, holdings: Holdings, closes: Prices
) -> tuple[Failure, ...]:
    """Why nothing may be published of holdings at the close of a day."""
    failures = tuple(_faults(product, terms, holdings, closes))
    if not is_at_close_of(product, day, holdings.as_of):
        told = f"The holdings are of {instant_text(holdings.as_of)}, not of the close of {day}."
        failures = (*failures, _fault(FailureKind.ACCOUNT_STALE, product.id, told))
    if not failures and net_asset_value(holdings, closes) <= 0:
        return (_fault(FailureKind.INVARIANT, product.id, "The net asset value is not above zero."),)
    return failures


def _faults(
    product: BasketProduct, terms: BasketTerms, holdings: Holdings, closes: Prices
) -> Iterator[Failure]:
    yield from holdings.failures
    if not holdings.shares_outstanding or holdings.shares_outstanding < 0:
        yield _no_shares(product.id)
    if holdings.quote != product.quote:
        yield _fault(FailureKind.INVARIANT, product.id, "The money of the holdings is not the product's.")
    for held in holdings.units:
        yield _fault(FailureKind.ACCOUNT_UNREAD, held.product, "Its shares have not been looked through.")
    net, _ = pooled(holdings)
    listed = {one.asset for one in terms.constituents}
    for asset in sorted(listed | net.keys()):
        if asset not in net:
            yield _fault(FailureKind.ACCOUNT_UNREAD, asset, f"How much of {asset} is held is not known.")
        elif asset not in listed:
            yield _fault(FailureKind.UNKNOWN_ASSET, asset, f"{asset} is held, but the terms do not list it.")
        elif net[asset] < 0:
            yield _fault(FailureKind.INVARIANT, asset, f"More of {asset} is owed in fees than is held.")
        if asset in net and closes.get(asset, ZERO) <= 0:
            yield _fault(FailureKind.UNPRICED, asset, f"{asset} has no price above zero at the close.")


_MENDS = {
    FailureKind.ACCOUNT_UNREAD: "Load the holding; if there is none, state it as zero.",
    FailureKind.ACCOUNT_STALE: "Load the holdings of that close.",
    FailureKind.UNKNOWN_ASSET: "Add the asset to the product's terms, or move it out of the product.",
    FailureKind.UNPRICED: "Load a price for the close, or enter one by hand.",
    FailureKind.INVARIANT: "Correct the holdings.",
}


def _fault(kind: FailureKind, subject: str, message: str) -> Failure:
    return Failure(kind, subject, message, _MENDS[kind])


def daily_disclosure(
    product: BasketProduct,
    day: date,
    holdings: Holdings,
    closes: Prices,
    *,
    market_price: Decimal | None = None,
) -> DailyDisclosure | NotPublishable:
    """What the public is told of a day: net holdings, values and weights, NAV per share and premium."""
    terms = terms_on(product, day)
    with exact():
        closes = as_published(terms, closes)
        failures = _failures(product, terms, day, holdings, closes)
        if failures or holdings.shares_outstanding is None:
            return NotPublishable(product.id, day, failures)
        net, cash = pooled(holdings)
        nav = net_asset_value(holdings, closes)
        per_share = nav / holdings.shares_outstanding
        return DailyDisclosure(
            product=product.id,
            day=day,
            as_of=holdings.as_of,
            quote=product.quote,
            nav=rounded(nav, terms.places),
            nav_per_share=rounded(per_share, terms.nav_places),
            shares_outstanding=holdings.shares_outstanding,
            cash=rounded(cash, terms.places),
            lines=tuple(_disclosed(one, net[one.asset], closes, nav, terms) for one in terms.constituents),
            market_price=market_price,
            premium=None if market_price is None else rounded(premium(market_price, per_share), 6),
        )


def _disclosed(
    one: Constituent, quantity: Decimal, closes: Prices, nav: Decimal, terms: BasketTerms
) -> DisclosureLine:
    value = quantity * closes[one.asset]
    return DisclosureLine(
        asset=one.asset,
        quantity=rounded(quantity, one.decimals),
        price=closes[one.asset],
        value=rounded(value, terms.places),
        weight=rounded(value / nav, 6),
    )
