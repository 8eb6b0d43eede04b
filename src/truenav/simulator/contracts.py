"""Arithmetic of derivative contracts as the venues book it, on values, without state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.simulator.market import Instrument
from truenav.simulator.numbers import round8

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Position:
    """A derivative position; `size` is signed, `entry` the average price of record."""

    instrument: Instrument
    size: Decimal
    entry: Decimal
    opened_at: datetime
    updated_at: datetime
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO


def notional(instrument: Instrument, size: Decimal, price: Decimal) -> Decimal:
    """Value of `size` contracts in the settle asset.

    Linear ``size * multiplier * price``, inverse ``size * multiplier / price``; of an option the coin
    it covers, ``size * multiplier``, on which venues charge their fee, and of one that is not settled in that
    coin its premium.
    """
    if instrument.kind == "option" and instrument.settle == instrument.base:
        return size * instrument.multiplier
    if instrument.inverse:
        return size * instrument.multiplier / price
    return size * instrument.multiplier * price


def realized_pnl(position: Position, change: Decimal, price: Decimal) -> Decimal:
    """Profit of the part that `change` closes, in the settle asset, 8 decimals; 0 if none closes.

    Linear ``(price - entry)``, inverse ``(1/entry - 1/price)``, times closed contracts and multiplier.
    Of an option, whose premium is cash, this is only shown, never booked.
    """
    if position.size * change >= 0:
        return ZERO
    closed = min(abs(change), abs(position.size)) * position.instrument.multiplier
    signed = closed if position.size > 0 else -closed
    if position.instrument.inverse:
        return round8(signed * (price - position.entry) / (price * position.entry))
    return round8(signed * (price - position.entry))


def funding_payment(position: Position, mark: Decimal, rate: Decimal) -> Decimal:
    """What a perpetual position receives (pays when negative), in the settle asset, 8 decimals.

    Linear ``-size * multiplier * mark * rate``, inverse ``-size * multiplier / mark * rate``.
    """
    value = notional(position.instrument, abs(position.size), mark) * rate
    return round8(-value if position.size > 0 else value)


def settlement_cash(position: Position, index: Decimal) -> Decimal:
    """Cash of an expiry at `index`, in the settle asset, 8 decimals."""
    instrument = position.instrument
    if instrument.kind != "option":
        return realized_pnl(position, -position.size, index)
    strike = instrument.strike or ZERO
    payoff = index - strike if instrument.right == "C" else strike - index
    if payoff <= 0:
        return ZERO
    cash = position.size * instrument.multiplier * payoff
    return round8(cash / index if instrument.settle == instrument.base else cash)


def average_entry(position: Position, change: Decimal, price: Decimal) -> Decimal:
    """Entry price after adding `change` at `price`, 8 decimals; harmonic for inverse contracts."""
    old, new = abs(position.size), abs(change)
    if position.instrument.inverse:
        numerator = (old + new) * position.entry * price
        return round8(numerator / (old * price + new * position.entry))
    return round8((old * position.entry + new * price) / (old + new))


def changed_position(
    old: Position | None,
    instrument: Instrument,
    change: Decimal,
    price: Decimal,
    *,
    at: datetime,
    realized: Decimal,
    fee: Decimal,
) -> Position:
    """The position after a fill; through zero it opens anew at the fill's price."""
    if old is None or old.size * (old.size + change) < 0:
        carried = (ZERO, ZERO, ZERO) if old is None else (old.realized, old.fees, old.funding)
        size = change if old is None else old.size + change
        return Position(
            instrument,
            size,
            round8(price),
            at,
            at,
            carried[0] + realized,
            carried[1] + fee,
            carried[2],
        )
    entry = average_entry(old, change, price) if old.size * change > 0 else old.entry
    return Position(
        instrument=instrument,
        size=old.size + change,
        entry=entry,
        opened_at=old.opened_at,
        updated_at=at,
        realized=old.realized + realized,
        fees=old.fees + fee,
        funding=old.funding,
    )
