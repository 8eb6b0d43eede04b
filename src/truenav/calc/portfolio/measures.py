"""Value and exposure of one contract position, in the asset that each is natural in.

Formulas: domain areas P&L and options. Long is positive. Inverse contracts are a fixed notional of the
quote asset, so a rising price is worth ever less coin.
"""

from __future__ import annotations

from decimal import Decimal

from truenav.core.failure import InvalidInputError
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight
from truenav.core.money import ZERO, AssetId, divided, exact


class NotAPositionError(InvalidInputError):
    """Something was valued as a contract position that is none."""

    code = "not-a-position"
    title = "Not a contract position"


def value_in_settle(terms: Instrument, quantity: Decimal, entry: Decimal, mark: Decimal) -> Decimal:
    """What closing the position at ``mark`` would bring, in units of ``terms.settle``.

    Linear: ``q * m * (mark - entry)``; inverse: ``q * m * (1/entry - 1/mark)``; option: ``q * m * mark``.
    ``NotAPositionError`` for a spot market, or an inverse contract with a price that is not positive.
    """
    with exact():
        size = quantity * terms.multiplier
        if terms.kind is InstrumentKind.SPOT:
            raise NotAPositionError(
                f"{terms.id} is a spot market; what it holds are balances, not positions."
            )
        if terms.kind is InstrumentKind.OPTION:
            return size * mark
        if not terms.inverse:
            return size * (mark - entry)
        if entry <= 0 or mark <= 0:
            raise NotAPositionError(
                f"{terms.id}: an inverse contract needs positive prices, not entry {entry} and mark {mark}."
            )
        return divided(size * (mark - entry), entry * mark)


def unrealised_in_settle(terms: Instrument, quantity: Decimal, entry: Decimal, mark: Decimal) -> Decimal:
    """Profit since entry, in ``terms.settle``; of an option, value less the premium at entry."""
    with exact():
        value = value_in_settle(terms, quantity, entry, mark)
        if terms.kind is InstrumentKind.OPTION:
            return value - quantity * terms.multiplier * entry
        return value


def exposure(
    terms: Instrument, quantity: Decimal, mark: Decimal, delta: Decimal | None
) -> tuple[Decimal, AssetId]:
    """Signed exposure to ``terms.base``, as a number and the asset that it is a number of.

    Linear: ``q * m * mark`` of settle, which is quote but for quanto contracts, priced in one asset and paid
    in another; inverse: ``q * m`` of quote; option: the line's ``delta`` in units of base, and without one
    the full notional, ``q * m`` for a call and ``-q * m`` for a put.
    """
    with exact():
        size = quantity * terms.multiplier
        if terms.kind is InstrumentKind.OPTION:
            if delta is not None:
                return delta, terms.base
            return (-size if terms.right is OptionRight.PUT else size), terms.base
        if terms.inverse:
            return size, terms.quote
        return (size * mark if size else ZERO), terms.settle
