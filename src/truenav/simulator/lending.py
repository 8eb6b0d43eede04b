"""What debt costs: interest on the negative balances of unified accounts, at every full hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from truenav.simulator.bookkeeper import Bookkeeper
from truenav.simulator.books import Tie
from truenav.simulator.margin import UNIFIED
from truenav.simulator.numbers import round8

HOUR = timedelta(hours=1)
_HOURLY = {"USDT": Decimal("0.00001"), "USDC": Decimal("0.000009")}
_COINS = Decimal("0.000002")


def hourly_rate(coin: str) -> Decimal:
    """What an hour of owing a coin costs, as a fraction of it."""
    return _HOURLY.get(coin, _COINS)


def debts(keeper: Bookkeeper) -> dict[tuple[str, str], Decimal]:
    """What an account owes its venue, by wallet and coin."""
    if keeper.plan.venue.dialect not in UNIFIED:
        return {}
    return {key: -amount for key, amount in keeper.books.balances.items() if amount < 0}


def charge(keeper: Bookkeeper, at: datetime) -> None:
    """Take an hour's interest of everything that is owed; `size` of the entry's tie is the debt."""
    for (wallet, coin), owed in sorted(debts(keeper).items()):
        interest = round8(owed * hourly_rate(coin))
        if interest:
            tie = Tie(keeper.new_id(), size=owed, price=hourly_rate(coin))
            keeper.post(at, "interest", (wallet, coin), -interest, tie)


def next_hour(instant: datetime) -> datetime:
    """The first full hour after an instant."""
    return instant.replace(minute=0, second=0, microsecond=0) + HOUR
