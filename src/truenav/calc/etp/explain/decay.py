"""Closed formulas of leveraged products: what theory says of decay, flows, triggers and fees.

Leverage is signed, rates and moves are fractions, time is in years of 365 days. What is rational is exact;
logarithms and exponentials are rounded once to 78 digits. Method: docs/methods/leveraged.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truenav.calc.etp.engine.calendar import instants
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.stepping import price_at_leverage
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, ZERO, exact, summing, to_text
from truenav.core.product import DailyTimes

MICROSECONDS_A_YEAR = 365 * 86_400 * 1_000_000


class NoSuchMoveError(InvalidInputError):
    """No price move leads to what was asked for."""

    code = "no-such-move"
    title = "No price move leads there"


class TheoryInputError(InvalidInputError):
    """A closed formula was asked for a number that makes no sense."""

    code = "theory-input"
    title = "The formula cannot take these numbers"


def leverage_after(leverage: Decimal, move: Decimal) -> Decimal:
    """Leverage after the underlying moved, nothing traded: ``L (1 + m) / (1 + L m)``, signed.

    `NoSuchMoveError` where nothing is left.
    """
    with exact():
        left = 1 + leverage * move
        if left <= 0:
            raise NoSuchMoveError(f"After a move of {to_text(move)} nothing is left of {to_text(leverage)}x.")
        return leverage * (1 + move) / left


def move_to_leverage(leverage: Decimal, size: Decimal) -> Decimal:
    """The underlying's move that brings the magnitude of leverage to ``size``.

    For a size ``K`` above ``|L|`` the adverse move of area 1: ``-(K - L) / (L (K - 1))`` where L > 1 and
    ``(K - l) / (l (K + 1))`` where ``L = -l``. `NoSuchMoveError` where no move leads there.
    """
    with exact():
        price: Decimal = price_at_leverage(leverage, 1 - leverage, size)
        if price <= 0 or leverage == 0:
            raise NoSuchMoveError(f"No price move brings {to_text(leverage)}x to {to_text(size)}x.")
        return price - 1


def move_to_ruin(leverage: Decimal) -> Decimal | None:
    """The underlying's move at which nothing is left, ``-1 / L``; None where none does (0 to 1)."""
    with exact():
        return None if 0 <= leverage <= 1 else -1 / leverage


def rebalanced_return(leverage: Decimal, moves: Sequence[Decimal]) -> Decimal:
    """The return of a product that is brought back to its target after each move: ``prod(1 + L r) - 1``."""
    with exact():
        nav = ONE
        for move in moves:
            nav *= max(1 + leverage * move, ZERO)
        return nav - 1


def rebalancing_flow(leverage: Decimal, assets: Decimal, move: Decimal) -> Decimal:
    """What must be traded after a move, in the quote asset: ``AUM (L^2 - L) r``; bought is positive.

    ``assets`` are those at the last rebalance. The flow has the move's direction for L > 1 and L < 0, and the
    other one for 0 < L < 1. Source: Cheng and Madhavan (2009).
    """
    with exact():
        return assets * (leverage * leverage - leverage) * move


def log_drag(leverage: Decimal, volatility: Decimal, years: Decimal) -> Decimal:
    """What volatility takes of the logarithm of NAV: ``(L^2 - L) / 2 sigma^2 T``; alike for L and 1 - L.

    ``volatility`` is of a year. Rebalanced without pause; negative (a gain) for 0 < L < 1.
    """
    with exact():
        return (leverage * leverage - leverage) / 2 * volatility * volatility * years


def decay(leverage: Decimal, volatility: Decimal, years: Decimal) -> Decimal:
    """The return of a product whose underlying ends where it began: ``exp(-log_drag) - 1``.

    It is also the median return where the underlying's logarithm has no drift; the mean is higher.
    `TheoryInputError` where a number is not finite, or a volatility or time is below 0.
    """
    if not (leverage.is_finite() and all(one.is_finite() and one >= 0 for one in (volatility, years))):
        raise TheoryInputError("Leverage, volatility and years are finite, the latter two not below 0.")
    with exact():
        return (-log_drag(leverage, volatility, years)).exp() - 1


def continuous_return(
    leverage: Decimal,
    price_ratio: Decimal,
    volatility: Decimal,
    years: Decimal,
    *,
    fee: Decimal = ZERO,
    fees: int = 0,
) -> Decimal:
    """The return of a product rebalanced without pause, after ``fees`` charges of ``fee``.

    ``ln(1 + return) = L ln(S_T / S_0) - (L^2 - L) / 2 sigma^2 T + n ln(1 - f)``, with ``price_ratio`` the
    ``S_T / S_0``, above 0. Source: Cheng and Madhavan (2009), Avellaneda and Zhang (2010).
    """
    with exact():
        drift = leverage * price_ratio.ln() - log_drag(leverage, volatility, years)
        return (drift + fees * (1 - fee).ln()).exp() - 1


@dataclass(frozen=True, slots=True)
class Expected:
    """The return that theory expects, in parts that sum exactly, as fractions of the first NAV.

    ``leverage`` is the target's multiple of the underlying's return, ``compounding_of_drift`` what a straight
    way to the same end would add, ``volatility_decay`` what fluctuation takes, ``fees`` what is charged.
    """

    leverage: Decimal
    compounding_of_drift: Decimal
    volatility_decay: Decimal
    fees: Decimal
    together: Decimal


def expected_return(
    leverage: Decimal, drift: Decimal, volatility: Decimal, days: Decimal, *, fee: Decimal = ZERO
) -> Expected:
    """`continuous_return` in parts: the underlying ends up by ``drift``; ``fee`` of NAV is charged each day.

    `TheoryInputError` where a number makes no sense.
    """
    _check_expected(leverage, drift, volatility, days, fee)
    with exact():
        years, ratio = days / 365, 1 + drift
        whole = continuous_return(leverage, ratio, volatility, years, fee=fee, fees=int(days))
        without_fee = continuous_return(leverage, ratio, volatility, years)
        straight, linear = ratio**leverage - 1, leverage * drift
    with summing():
        return Expected(
            leverage=linear,
            compounding_of_drift=straight - linear,
            volatility_decay=without_fee - straight,
            fees=whole - without_fee,
            together=whole,
        )


def _check_expected(
    leverage: Decimal, drift: Decimal, volatility: Decimal, days: Decimal, fee: Decimal
) -> None:
    if not (
        all(one.is_finite() for one in (leverage, drift, volatility, days, fee))
        and abs(leverage) <= 100
        and 0 <= volatility <= 100
        and 0 < days <= 36_500
        and -1 < drift <= 1_000_000
        and 0 <= fee < 1
    ):
        raise TheoryInputError(
            "Leverage must be at most 100 either way, volatility from 0 to 100 (that is 10,000 %), days from "
            "above 0 to 36,500, the drift above -1 and at most 1,000,000, the fee from 0 to below 1."
        )


def decay_curve(leverage: float, volatilities: ArrayLike, years: float) -> NDArray[np.float64]:
    """`decay` for many volatilities at once, in floats, for charts; NaN stays NaN."""
    sigma = np.asarray(volatilities, dtype=np.float64)
    curve: NDArray[np.float64] = np.expm1(-0.5 * (leverage * leverage - leverage) * sigma * sigma * years)
    return curve


def volatility_of_loss(leverage: Decimal, loss: Decimal, years: Decimal) -> Decimal:
    """The volatility of a year at which `decay` takes ``loss`` (0.5 is half) though the price ends unchanged.

    ``sqrt(-2 ln(1 - X) / ((L^2 - L) T))``. `NoSuchMoveError` where no volatility costs that much.
    """
    with exact():
        drag = leverage * leverage - leverage
        if drag <= 0 or not 0 < loss < 1 or years <= 0:
            raise NoSuchMoveError(
                f"Volatility alone never takes {to_text(loss)} of {to_text(leverage)}x "
                f"in {to_text(years)} years."
            )
        return (-2 * (1 - loss).ln() / (drag * years)).sqrt()


def fee_over(rate: Decimal, times: int, *, compounded: bool = True) -> Decimal:
    """What charging ``rate`` of NAV so many times takes: ``1 - (1 - f)^n``, or ``n f`` where not compounded.

    ``n f`` is what is often published; it is what would be taken were NAV made good each time.
    """
    with exact():
        return 1 - (1 - rate) ** times if compounded else rate * times


def realised_volatility(history: History, at: DailyTimes | None = None) -> float:
    """Volatility of a year that a history had: ``sqrt(sum(ln(P_i / P_(i-1))^2) / years)``, a float.

    From one of ``at`` to the next (the last mark at or before each counts), None for all marks. The mean is
    taken as 0, and years are those between the first and the last price used; NaN with fewer than two.
    """
    times = np.asarray(history.times, dtype=np.int64)
    prices = np.asarray(history.prices, dtype=np.float64)
    if at is not None:
        cuts = np.fromiter(instants(at, int(times[0]) - 1, int(times[-1])), dtype=np.int64)
        places = np.unique(np.searchsorted(times, cuts, side="right") - 1)
        times, prices = times[places], prices[places]
    if len(prices) < 2:
        return float("nan")
    moves = np.diff(np.log(prices))
    return float(np.sqrt(np.sum(moves * moves) / ((times[-1] - times[0]) / MICROSECONDS_A_YEAR)))
