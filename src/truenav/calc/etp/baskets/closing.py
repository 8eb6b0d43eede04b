"""What a product holds, read off the NAV of its node: tokens and money, less fees and what is owed.

Method: docs/methods/baskets.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal

from truenav.calc.etp.baskets.ap_book import OrderBook, totals
from truenav.calc.etp.baskets.basket import net_quantity, token_fee
from truenav.calc.nav.model import LineKind, NavLine, NavResult
from truenav.calc.pricing.marks import MarkQuality, Marks
from truenav.core.ap_orders import OrderState
from truenav.core.basket import BasketTerms, Holding, Holdings, UnitHolding
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import NodeId
from truenav.core.money import MAX_SCALE, ZERO, AssetId, divided, exact, rounded

_ABOUT_HOLDINGS = frozenset(
    {
        FailureKind.ACCOUNT_UNREAD,
        FailureKind.UNKNOWN_ASSET,
        FailureKind.UNKNOWN_INSTRUMENT,
        FailureKind.TERMS_CHANGED,
        FailureKind.RECONCILIATION_BREAK,
        FailureKind.UNASSIGNED,
        FailureKind.INVARIANT,
    }
)
"""Failures of a NAV that, where they block, make its holdings doubtful. Prices and units are judged anew."""

_UNSETTLED = frozenset({OrderState.PRICED, OrderState.DELIVERY_PENDING})


def holdings_of(
    result: NavResult,
    nodes: Collection[NodeId],
    *,
    quote: AssetId,
    share: AssetId,
    products: Mapping[AssetId, str],
    listed: Collection[AssetId],
) -> Holdings:
    """What some nodes of a NAV hold, before fees and debts, and without the count of shares.

    Parameters
    ----------
    nodes : the product's node and all below it.
    share : the product's own shares; those that it has taken back are no asset of it.
    products : products whose shares are assets here, by share; they are held as units.
    listed : the constituents. Once the accounts were read, one that none of them names is held at zero.

    Notes
    -----
    A payable in tokens counts as expenses of that asset. A contract, or units of another fund, is no holding
    of a basket: it becomes a failure, as does all that could not be read.
    """
    assets: list[Holding] = []
    units: list[UnitHolding] = []
    cash = ZERO
    failures = [one for one in result.failures if _matters(one)]
    with exact():
        for line in (line for fund in result.funds for line in fund.lines if line.node in nodes):
            asset = AssetId(line.subject)
            if line.kind not in (LineKind.BALANCE, LineKind.MANUAL):
                failures.append(_no_asset(line))
            elif asset == quote:
                cash += line.quantity
            elif asset in products:
                units.append(UnitHolding(products[asset], line.quantity))
            elif asset != share:
                assets.append(_holding(line))
    if any(use.taken_at is not None for fund in result.funds for use in fund.snapshots):
        held = {one.asset for one in assets}
        assets += [Holding(asset, ZERO) for asset in listed if asset not in held]
    return Holdings(result.as_of, quote, tuple(assets), tuple(units), cash, failures=tuple(failures))


def _matters(failure: Failure) -> bool:
    return failure.kind is FailureKind.ACCOUNT_STALE or (failure.blocking and failure.kind in _ABOUT_HOLDINGS)


def _holding(line: NavLine) -> Holding:
    asset = AssetId(line.subject)
    if line.kind is LineKind.MANUAL and line.quantity < 0:
        return Holding(asset, ZERO, expenses=-line.quantity, place="manual")
    return Holding(asset, line.quantity, place=line.account or "manual")


def _no_asset(line: NavLine) -> Failure:
    return Failure(
        FailureKind.INVARIANT,
        line.subject,
        f"{line.node} has {line.subject} ({line.kind.value}); a basket holds assets, and nothing else.",
        "Close it, or give it to another node of the portfolio tree.",
    )


def with_fees(
    holdings: Holdings, before: Mapping[AssetId, Decimal], *, days: int, terms: BasketTerms
) -> Holdings:
    """The holdings with the sponsor's fee that is owed: what was ``before``, and that of so many days since.

    The fee of an asset is on what all places hold of it together, net of what is owed already. It stands at
    the asset's first place, rounded half-even to `MAX_SCALE` decimals. What was paid beyond what was owed is
    no asset: nobody promised it back.
    """
    net: dict[AssetId, Decimal] = {}
    with exact():
        for one in holdings.assets:
            net[one.asset] = net.get(one.asset, ZERO) + net_quantity(one)
        fees = {asset: _fee(held, before.get(asset, ZERO), days, terms) for asset, held in net.items()}
        assets = [
            replace(one, accrued_fee=one.accrued_fee + fees.pop(one.asset, ZERO)) for one in holdings.assets
        ]
    return replace(holdings, assets=tuple(assets))


def _fee(held: Decimal, owed: Decimal, days: int, terms: BasketTerms) -> Decimal:
    net = max(held - max(owed, ZERO), ZERO)
    since = token_fee(net, rate=terms.expense_rate, days=days, day_count=terms.day_count)
    return rounded(max(owed + since, ZERO), MAX_SCALE)


def fees_owed(holdings: Holdings) -> dict[AssetId, Decimal]:
    """The accrued fee of each asset, over all places."""
    owed: dict[AssetId, Decimal] = {}
    with exact():
        for one in holdings.assets:
            owed[one.asset] = owed.get(one.asset, ZERO) + one.accrued_fee
    return owed


def owed_to_participants(book: OrderBook, share: AssetId) -> dict[AssetId, Decimal]:
    """What arrived for orders that are not settled: it belongs to those who delivered it.

    Shares that were handed in count as outstanding until then, and are left out.
    """
    unsettled = (one for one in book.orders.values() if one.state in _UNSETTLED)
    return totals(amount for one in unsettled for amount in one.seen if amount.asset != share)


def with_debts(holdings: Holdings, owed: Mapping[AssetId, Decimal]) -> Holdings:
    """The holdings less what is owed: tokens as expenses at the asset's first place, money off the cash."""
    left = dict(owed)
    with exact():
        cash = holdings.cash - left.pop(holdings.quote, ZERO)
        assets = [replace(one, expenses=one.expenses + left.pop(one.asset, ZERO)) for one in holdings.assets]
    assets += [Holding(asset, ZERO, expenses=number) for asset, number in left.items()]
    return replace(holdings, assets=tuple(assets), cash=cash)


def closing_prices(
    marks: Marks, assets: Collection[AssetId], quote: AssetId
) -> tuple[dict[AssetId, Decimal], tuple[Failure, ...]]:
    """Quote asset for one of each asset, unrounded, and why some are missing or not of the close.

    A mark that the pricing policy calls stale is a failure: nobody may deal at yesterday's price.
    """
    found: dict[AssetId, Decimal] = {}
    failures: list[Failure] = []
    unit = marks.of(quote)
    if isinstance(unit, Failure):
        return {}, (unit,)
    for asset in sorted(assets):
        mark = marks.of(asset)
        if isinstance(mark, Failure):
            failures.append(mark)
            continue
        found[asset] = divided(mark.price_usd, unit.price_usd)
        if MarkQuality.STALE in (mark.quality, unit.quality):
            failures.append(_stale(asset, min(mark.quoted_at, unit.quoted_at).isoformat()))
    return found, tuple(failures)


def _stale(asset: AssetId, quoted: str) -> Failure:
    return Failure(
        FailureKind.PRICE_STALE,
        asset,
        f"The price of {asset} is of {quoted}, too old for the close by the pricing policy.",
        "Load a price of the close, or enter one by hand.",
    )
