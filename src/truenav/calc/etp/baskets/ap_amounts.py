"""What an order of an authorised participant comes to: assets, money, fee and shares on each side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from truenav.calc.etp.baskets.basket import cash_part
from truenav.calc.etp.baskets.dealing_days import terms_on
from truenav.core.basket import BasketProduct, CreationList, ListLine, Prices, Side, Substitution
from truenav.core.money import ONE, ZERO, Amount, AssetId, divided, exact, rounded


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    """What an order comes to: the participant owes ``due_in`` and gets ``due_out``.

    ``substituted`` is the cash taken or given for assets whose trade is trued up later; it is part of the
    cash in ``due_in`` or ``due_out``, as ``fee`` is.
    """

    shares: int
    due_in: tuple[Amount, ...]
    due_out: tuple[Amount, ...]
    fee: Amount
    substituted: tuple[tuple[AssetId, Decimal], ...]


def order_amounts(
    listed: CreationList,
    product: BasketProduct,
    *,
    side: Side,
    units: int,
    prices: Prices,
    value: Decimal,
    cash_for: frozenset[AssetId] = frozenset(),
) -> OrderAmounts:
    """What an order over whole creation units comes to at the close of its dealing day.

    Parameters
    ----------
    listed : the creation list of the dealing day T.
    prices : price of each listed asset at the close of T.
    value : NAV of a creation unit at the close of T, as published (`unit_value`).
    cash_for : assets for which the participant gives or takes cash by choice; the list must allow it.

    Notes
    -----
    Assets are ``units * quantity``. Money is ``units * (fixed amounts + substitutes + cash difference)``,
    plus the fee at creation, less it at redemption; it is rounded in the product's favour, so that no order
    dilutes the others. Without fee, premium and discount, assets and money together are worth ``units *
    value``.
    """
    terms = terms_on(product, listed.trade_day)
    with exact():
        assets, fixed, substituted = [], ZERO, []
        for line in listed.lines:
            if line.substitution is Substitution.REQUIRED:
                fixed += units * line.cash_amount
            elif line.substitution is Substitution.AT_COST or line.asset in cash_for:
                substituted.append((line.asset, units * _substitute(line, side, prices)))
            elif line.quantity:
                assets.append(Amount(units * line.quantity, line.asset))
        rules = terms.creation_fee if side is Side.CREATE else terms.redemption_fee
        fee = rounded(rules.fixed + rules.rate * units * value, terms.places)
        money = fixed + sum((cash for _, cash in substituted), ZERO)
        money += units * cash_part(value, listed.lines, prices)
        owed = (money + fee if side is Side.CREATE else fee - money).quantize(
            ONE.scaleb(-terms.places), ROUND_CEILING
        )
    shares = units * listed.unit_size
    share = Amount(Decimal(shares), product.share)
    given, taken = (assets, [share]) if side is Side.CREATE else ([share], assets)
    if owed > 0:
        given = [*given, Amount(owed, product.quote)]
    elif owed < 0:
        taken = [*taken, Amount(-owed, product.quote)]
    return OrderAmounts(shares, tuple(given), tuple(taken), Amount(fee, product.quote), tuple(substituted))


def _substitute(line: ListLine, side: Side, prices: Prices) -> Decimal:
    """Cash in place of one line: its value with the premium at creation, less the discount at redemption."""
    value = line.quantity * prices[line.asset]
    factor = 1 + line.creation_premium if side is Side.CREATE else 1 - line.redemption_discount
    return value * factor


def cash_ratio(listed: CreationList, cash_for: frozenset[AssetId]) -> Decimal:
    """Share of a creation unit's value that cash by choice would stand for, at the prices of the list."""
    chosen = [line for line in listed.lines if line.asset in cash_for]
    with exact():
        return divided(sum((line.quantity * line.price for line in chosen), ZERO), listed.unit_value)
