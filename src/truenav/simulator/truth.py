"""What every account is truly worth at the venue's own marks: exact rational arithmetic, no rounding.

Linear profit ``size * multiplier * (mark - entry)``; inverse ``size * multiplier * (1/entry - 1/mark)``
in coin; an option is worth ``size * multiplier * mark`` in coin. Balances are valued at the venue's last
spot price in USDT. Each number comes twice: ``exact`` as a fraction, ``value`` rounded once, half-even,
to 18 decimals.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from truenav.simulator.contracts import Position
from truenav.simulator.numbers import fraction_text, plain
from truenav.simulator.times import iso
from truenav.simulator.world import World


def position_value(position: Position, mark: Fraction) -> Fraction:
    """Unrealised profit, or the value of an option, in the settle asset."""
    instrument = position.instrument
    contracts = Fraction(position.size) * Fraction(instrument.multiplier)
    entry = Fraction(position.entry)
    if instrument.kind == "option":
        return contracts * mark
    if instrument.inverse:
        return contracts * (1 / entry - 1 / mark)
    return contracts * (mark - entry)


def equities(world: World, account: str, at: datetime | None = None) -> dict[str, Fraction]:
    """Exact equity of an account per settle asset, assets with nothing left out."""
    books = world.books(account, at)
    totals: dict[str, Fraction] = {}
    for (_, asset), balance in books.balances.items():
        totals[asset] = totals.get(asset, Fraction(0)) + Fraction(balance)
    for position in books.positions.values():
        settle = position.instrument.settle
        mark = Fraction(world.mark(position.instrument, at))
        totals[settle] = totals.get(settle, Fraction(0)) + position_value(position, mark)
    return {asset: total for asset, total in sorted(totals.items()) if total}


def truth(world: World, account: str, at: datetime | None = None) -> dict[str, Any]:
    """The true equity of `account` at `at` (now, with the operator's overrides, by default).

    Keys: ``equity`` per asset, ``usdt`` and ``usd`` totals of the assets that have a price,
    ``unpriced`` assets, and the ``prices`` used.
    """
    venue = world.account(account).venue.prices
    instant = at or world.now()
    equity = equities(world, account, at)
    prices = {asset: world.spot_price(venue, asset, at) for asset in equity}
    total = sum(
        (equity[asset] * Fraction(price) for asset, price in prices.items() if price is not None),
        Fraction(0),
    )
    dollar = world.usd_price("USDT-USD", at)
    return {
        "account": account,
        "at": iso(instant),
        "equity": {asset: _both(amount) for asset, amount in equity.items()},
        "usdt": _both(total),
        "usd": _both(total * Fraction(dollar)),
        "prices": {asset: plain(price) for asset, price in prices.items() if price is not None}
        | {"USDT-USD": plain(dollar)},
        "unpriced": [asset for asset, price in prices.items() if price is None],
    }


def _both(number: Fraction) -> dict[str, str]:
    return {"value": fraction_text(number), "exact": str(number)}
