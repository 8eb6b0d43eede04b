"""Maintenance margin by size: the larger a position, the higher the rate, in steps like the venues' own.

Binance and Bybit measure a position by its value in what it settles in and take ``rate * value - deduction``,
which has no jumps; OKX measures it in contracts and takes the rate of its step for all of it; Deribit has a
formula instead of steps, one percent and a two-hundredth of a percent for each bitcoin (or 15 ether).
The tables are round figures in the shape of the venues' own; a scenario may tell others (``[[tiers]]``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from truenav.simulator.contracts import ZERO, notional
from truenav.simulator.errors import ScenarioError
from truenav.simulator.market import Instrument
from truenav.simulator.scenario import TierTerms

UNBOUNDED = Decimal(10) ** 12
_STEPS: dict[tuple[str, bool], tuple[str, str, str]] = {
    ("binance", False): (
        "0 100000 1000000 5000000 20000000 100000000 300000000 1000000000",
        "0.004 0.005 0.01 0.02 0.025 0.05 0.1 0.25",
        "125 100 50 25 20 10 5 2",
    ),
    ("binance", True): (
        "0 5 10 20 50 300 1000 3000",
        "0.004 0.005 0.01 0.02 0.025 0.05 0.1 0.25",
        "125 100 50 25 20 10 5 2",
    ),
    ("okx", False): (
        "0 100 500 2000 6000 20000 60000",
        "0.004 0.005 0.01 0.02 0.03 0.05 0.1",
        "100 75 50 25 15 10 5",
    ),
    ("okx", True): (
        "0 4000000 20000000 80000000 240000000 800000000",
        "0.004 0.005 0.01 0.02 0.03 0.1",
        "100 75 50 25 15 5",
    ),
    ("bybit", False): (
        "0 2000000 10000000 40000000 160000000 600000000",
        "0.005 0.01 0.015 0.02 0.05 0.1",
        "100 50 33 25 10 5",
    ),
    ("bybit", True): (
        "0 150 600 2400 9600",
        "0.005 0.01 0.015 0.03 0.1",
        "100 50 33 15 5",
    ),
}
"""Floors, rates and highest leverages by dialect and whether contracts are inverse.

Floors are dollars; in coins for inverse contracts of Binance and Bybit and for linear ones of OKX.
"""
_COIN_SCALE = {"BTC": 1, "ETH": 15}
_OTHER_COINS = 1000
_OPTION_RATES = {"okx": "0.01", "bybit": "0.005", "deribit": "0.01", "binance": "0.01"}
_FORMULA = (Decimal("0.01"), Decimal("0.00005"))


@dataclass(frozen=True, slots=True)
class Tier:
    """One step: positions whose measure is above `floor` up to `cap`."""

    floor: Decimal
    cap: Decimal
    rate: Decimal
    leverage: Decimal
    deduction: Decimal = ZERO


class Tiers:
    """The tables of all contracts: the scenario's own, else those of the dialect."""

    def __init__(self, own: Sequence[TierTerms] = ()) -> None:
        rows: dict[tuple[str, str], list[TierTerms]] = {}
        for terms in own:
            rows.setdefault((terms.venue, terms.instrument), []).append(terms)
        for (venue, name), steps in rows.items():
            if min(step.floor for step in steps) != 0:
                raise ScenarioError(f'tiers of {venue} {name}: the lowest step must have the floor "0".')
        self._own: Mapping[tuple[str, str], tuple[Tier, ...]] = {
            key: ladder([(step.floor, step.rate, step.leverage) for step in steps])
            for key, steps in rows.items()
        }

    def of(self, dialect: str, item: Instrument) -> tuple[Tier, ...]:
        """The steps of a contract, lowest first; none for options and where a formula is used."""
        if item.kind in ("spot", "option"):
            return ()
        own = self._own.get((item.venue, item.key))
        return own or _published(dialect, item.inverse, item.base, item.multiplier)

    def maintenance(self, dialect: str, item: Instrument, size: Decimal, mark: Decimal) -> Decimal:
        """Maintenance margin of `size` contracts, in the settle asset; not rounded."""
        value = notional(item, abs(size), mark)
        if item.kind == "option":
            return value * Decimal(_OPTION_RATES[dialect])
        steps = self.of(dialect, item)
        if not steps:
            return value * formula_rate(item, size, mark)
        step = self.step(dialect, item, size, mark)
        if dialect == "okx":
            return value * step.rate
        return value * step.rate - step.deduction

    def step(self, dialect: str, item: Instrument, size: Decimal, mark: Decimal) -> Tier:
        """The step that a position stands on."""
        measured = measure(dialect, item, size, mark)
        steps = self.of(dialect, item)
        return next((step for step in steps if measured <= step.cap), steps[-1])


def ladder(steps: Sequence[tuple[Decimal, Decimal, Decimal]]) -> tuple[Tier, ...]:
    """Steps from floors, rates and leverages; deductions make ``rate * value - deduction`` continuous."""
    ordered = sorted(steps)
    caps = [floor for floor, _, _ in ordered[1:]] + [UNBOUNDED]
    found: list[Tier] = []
    for (floor, rate, leverage), cap in zip(ordered, caps, strict=True):
        below = found[-1] if found else None
        deduction = below.deduction + floor * (rate - below.rate) if below else ZERO
        found.append(Tier(floor, cap, rate, leverage, deduction))
    return tuple(found)


def measure(dialect: str, item: Instrument, size: Decimal, mark: Decimal) -> Decimal:
    """What a venue compares with its floors: contracts at OKX, else the value in the settle asset."""
    return abs(size) if dialect == "okx" else notional(item, abs(size), mark)


def formula_rate(item: Instrument, size: Decimal, mark: Decimal) -> Decimal:
    """Deribit's maintenance rate: it grows with the coins that a position moves with."""
    base, slope = _FORMULA
    units = abs(size) * item.multiplier
    coins = units / mark if item.inverse else units
    return base + slope * coins / _COIN_SCALE.get(item.base, _OTHER_COINS)


@lru_cache(maxsize=256)
def _published(dialect: str, inverse: bool, base: str, multiplier: Decimal) -> tuple[Tier, ...]:
    if (dialect, inverse) not in _STEPS:
        return ()
    floors, rates, leverages = (text.split() for text in _STEPS[dialect, inverse])
    in_coins = (dialect == "okx") != inverse
    scale = Decimal(_COIN_SCALE.get(base, _OTHER_COINS) if in_coins else 1)
    if dialect == "okx":
        scale /= multiplier
    return ladder(
        [
            (Decimal(floor) * scale, Decimal(rate), Decimal(leverage))
            for floor, rate, leverage in zip(floors, rates, leverages, strict=True)
        ]
    )
