"""What a holder finds on the secondary market, and what holding a product costs: whatever is not known is
named, never taken for zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from truenav.calc.etp.engine.rules import limits_of
from truenav.calc.etp.engine.stepping import State, financed
from truenav.calc.etp.live.state import Basket
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, ZERO, exact, to_text
from truenav.core.product import Exposure, FeeBasis, Terms

DAYS_A_YEAR = 365

Book = Sequence[tuple[Decimal, Decimal]]
"""Levels of one side, the best first: price and units."""


@dataclass(frozen=True, slots=True)
class Market:
    """What a venue shows of a product's units. None is what could not be read; an empty book is empty.

    A book that ``goes_on`` was told in part: its best levels, and more behind them.
    """

    last: Decimal | None = None
    last_at: int | None = None
    bids: Book | None = None
    asks: Book | None = None
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class SecondaryView:
    """The secondary market beside NAV.

    Attributes
    ----------
    premium_last, premium_mid : last price and middle of the book over NAV, less 1; a discount is negative.
    spread : best ask less best bid, over their middle.
    bid_depth, ask_depth : value of the orders that lie no further than ``within`` from NAV; unknown where
        levels that were not told may lie as near.
    round_trip_taker : share of the money lost by buying ``units`` from the book and selling them to it.
    round_trip_maker : the same for a holder whose limit orders wait at one price, fees alone.
    missing : what could not be computed for want of which input, sorted.
    """

    at: int
    nav: Decimal
    last: Decimal | None
    last_at: int | None
    premium_last: Decimal | None
    premium_mid: Decimal | None
    spread: Decimal | None
    within: Decimal
    bid_depth: Decimal | None
    ask_depth: Decimal | None
    units: Decimal
    round_trip_taker: Decimal | None
    round_trip_maker: Decimal | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HoldingCost:
    """What a year of holding costs, as shares of NAV, at the target's leverage and without trading costs.

    ``fees`` are those of the rules, compounded; ``financing`` is what is expected, a gain where negative.
    """

    fees: Decimal
    financing: Decimal | None
    total: Decimal | None
    missing: tuple[str, ...]


def secondary_view(
    market: Market, one: Basket, *, units: Decimal, within: Decimal = Decimal("0.02")
) -> SecondaryView:
    """The market of a product's units beside the NAV of ``one`` of them, for a holder of ``units``."""
    if not (units > 0 and 0 < within < 1):
        raise InvalidInputError(
            f"A holder of {to_text(units)} units and a distance of {to_text(within)} cannot be looked at; "
            "the units must be above 0, the distance between 0 and 1."
        )
    with exact():
        nav, bids, asks = one.nav, market.bids, market.asks
        low, high, mid = nav * (1 - within), nav * (1 + within), _mid(bids, asks)
        found = {
            "premium_last": market.last / nav - 1 if market.last is not None and nav > 0 else None,
            "premium_mid": mid / nav - 1 if mid is not None and nav > 0 else None,
            "spread": (asks[0][0] - bids[0][0]) / mid if mid is not None and bids and asks else None,
            "bid_depth": None if market.goes_on and bids and bids[-1][0] >= low else _depth(bids, low, high),
            "ask_depth": None if market.goes_on and asks and asks[-1][0] <= high else _depth(asks, low, high),
            "round_trip_taker": _taker_round_trip(bids, asks, market.taker_fee, units),
            "round_trip_maker": _maker_round_trip(market.maker_fee),
        }
        return SecondaryView(
            at=one.at,
            nav=nav,
            last=market.last,
            last_at=market.last_at,
            within=within,
            units=units,
            missing=tuple(sorted(name for name, value in found.items() if value is None)),
            **found,
        )


def holding_cost(terms: Terms, *, expected_rate_daily: Decimal | None = None) -> HoldingCost:
    """What a year of holding costs by the rules.

    ``expected_rate_daily`` is the financing rate expected for a day, on what is financed; without it the
    fixed rate of the rules counts, and without that the cost is not known.

    Notes
    -----
    ``1 - kept ** 365``, where ``kept`` is what a day's fees and financing leave of NAV.
    """
    with exact():
        kept_fees = prod(
            (_kept(terms, fee.rate, fee.basis) ** len(fee.at.times) for fee in terms.fees), start=ONE
        )
        fees = 1 - kept_fees**DAYS_A_YEAR
        rate = _rate_daily(terms, expected_rate_daily)
        if rate is None:
            return HoldingCost(fees, None, None, ("financing", "total"))
        kept_financing = 1 - rate * _financed_share(terms)
        return HoldingCost(
            fees=fees,
            financing=1 - kept_financing**DAYS_A_YEAR,
            total=1 - (kept_fees * kept_financing) ** DAYS_A_YEAR,
            missing=(),
        )


def _mid(bids: Book | None, asks: Book | None) -> Decimal | None:
    if not bids or not asks:
        return None
    return (bids[0][0] + asks[0][0]) / 2


def _depth(book: Book | None, low: Decimal, high: Decimal) -> Decimal | None:
    """Value of the levels between two prices; zero in an empty book, unknown without one."""
    if book is None:
        return None
    return sum((price * units for price, units in book if low <= price <= high), ZERO)


def _taker_round_trip(
    bids: Book | None, asks: Book | None, fee: Decimal | None, units: Decimal
) -> Decimal | None:
    paid, got = _swept(asks, units), _swept(bids, units)
    if paid is None or got is None or fee is None:
        return None
    return 1 - got * (1 - fee) / (paid * (1 + fee))


def _swept(book: Book | None, units: Decimal) -> Decimal | None:
    """What units come to in a book; unknown where it does not hold them."""
    value, left = ZERO, units
    for price, offered in book or ():
        part = min(offered, left)
        value, left = value + part * price, left - part
    return value if left == 0 else None


def _maker_round_trip(fee: Decimal | None) -> Decimal | None:
    return None if fee is None else 1 - (1 - fee) / (1 + fee)


def _kept(terms: Terms, rate: Decimal, basis: FeeBasis) -> Decimal:
    return 1 - (rate if basis is FeeBasis.NAV else rate * abs(terms.target))


def _rate_daily(terms: Terms, expected: Decimal | None) -> Decimal | None:
    own = terms.financing
    if own.issuer_bears or terms.exposure is Exposure.FUTURE:
        return ZERO
    if expected is not None:
        return expected
    if own.rate is None or own.at is None:
        return None
    return own.rate * len(own.at.times)


def _financed_share(terms: Terms) -> Decimal:
    """What financing is charged on, as a share of NAV, at the target's leverage."""
    share: Decimal = financed(State(terms.target, 1 - terms.target, ONE, 0), ONE, limits_of(terms).exposure)
    return share
