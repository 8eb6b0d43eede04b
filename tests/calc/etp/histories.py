"""Products and histories that several tests of leveraged products use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import History
from truenav.core.money import exact
from truenav.core.product import DailyTimes, Product, Schedule, Terms

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
MINUTE = 60_000_000
MIDNIGHT = DailyTimes(("00:00",))
DAILY = (Schedule(MIDNIGHT),)


def D(number: str | int) -> Decimal:  # noqa: N802
    return Decimal(number)


def terms(target: str | int = 3, **rules: object) -> Terms:
    """Terms without any rule but those given."""
    return Terms(START, D(target), **rules)  # type: ignore[arg-type]


def product(*dated: Terms, until: datetime | None = None) -> Product:
    return Product("TEST", "Nobody", "BTC", "USDT", dated, until)


def history(prices: Sequence[str | int | Decimal], *, every: int = DAY, **charges: object) -> History:
    """Marks from the start on, a day apart unless said otherwise."""
    first = microseconds(START)
    times = [first + every * place for place in range(len(prices))]
    return History(times, [Decimal(price) for price in prices], **charges)  # type: ignore[arg-type]


def path(first: str, moves: Sequence[str]) -> list[Decimal]:
    """Prices that make these moves, exact."""
    prices = [D(first)]
    with exact():
        for move in moves:
            prices.append(prices[-1] * (1 + D(move)))
    return prices
