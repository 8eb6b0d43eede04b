"""What backs an account's contracts: equity, margin in use, and what is free for another order.

A venue's *pool* is what margins together: at Binance and Deribit each coin by itself, at OKX and Bybit the
whole trading account, valued in USDT.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from truenav.simulator.bookkeeper import settlement_wallet
from truenav.simulator.books import Books
from truenav.simulator.contracts import ZERO, Position, notional
from truenav.simulator.market import Instrument
from truenav.simulator.orders import Order
from truenav.simulator.tiers import Tiers

UNIFIED = ("okx", "bybit")
LEVERAGES = {"binance": Decimal(20), "okx": Decimal(10), "bybit": Decimal(10), "deribit": Decimal(50)}
"""How many times its margin a new position may be worth, by dialect."""

PriceOf = Callable[[str], Decimal | None]
"""USDT for one of a coin, where it has a price."""
MarkOf = Callable[[Instrument], Decimal]


@dataclass(frozen=True, slots=True)
class Pool:
    """A wallet, and the coin of it that margins by itself; ``""`` for all of them together, in USDT."""

    wallet: str
    coin: str


@dataclass(frozen=True, slots=True)
class Margin:
    """A pool's figures, in its unit: equity, what positions are worth, and what open orders would open."""

    equity: Decimal
    exposure: Decimal
    positions: Decimal
    orders: Decimal

    @property
    def free(self) -> Decimal:
        """What may back another order."""
        return self.equity - self.positions - self.orders


def pool_of(dialect: str, instrument: Instrument) -> Pool:
    """The pool that margins a contract."""
    wallet = settlement_wallet(dialect, instrument)
    return Pool(wallet, "" if dialect in UNIFIED else instrument.settle)


def margin_of(dialect: str, books: Books, pool: Pool, mark: MarkOf, price: PriceOf) -> Margin:
    """The figures of a pool at the venue's marks; `positions` and `orders` are initial margin."""
    equity, exposure, asked = ZERO, ZERO, ZERO
    for (wallet, coin), amount in books.balances.items():
        if wallet == pool.wallet and pool.coin in ("", coin):
            equity += amount * unit(pool, coin, price)
    for position in books.positions.values():
        item = position.instrument
        if pool_of(dialect, item) == pool:
            rate = unit(pool, item.settle, price)
            at = mark(item)
            if item.kind != "option" or dialect != "deribit":  # whose options are no margin
                equity += worth(position, at) * rate
            exposure += notional(item, abs(position.size), at) * rate
    for order in books.working.values():
        item = order.instrument
        if item.kind != "spot" and pool_of(dialect, item) == pool:
            asked += order_margin(dialect, order, books, mark) * unit(pool, item.settle, price)
    return Margin(equity, exposure, exposure / LEVERAGES[dialect], asked)


def maintenance_of(
    dialect: str, books: Books, pool: Pool, mark: MarkOf, price: PriceOf, tiers: Tiers
) -> Decimal:
    """What the positions of a pool need, in its unit."""
    total = ZERO
    for position in books.positions.values():
        item = position.instrument
        if pool_of(dialect, item) == pool:
            needed = tiers.maintenance(dialect, item, position.size, mark(item))
            total += needed * unit(pool, item.settle, price)
    return total


def unit(pool: Pool, coin: str, price: PriceOf) -> Decimal:
    """Units of a pool for one of a coin; a coin without a price backs nothing."""
    return Decimal(1) if pool.coin else price(coin) or ZERO


def worth(position: Position, mark: Decimal) -> Decimal:
    """Profit to the mark, of an option its value, in the settle asset; not rounded."""
    item = position.instrument
    contracts = position.size * item.multiplier
    if item.kind == "option":
        return contracts * mark
    if item.inverse:
        return contracts * (mark - position.entry) / (mark * position.entry)
    return contracts * (mark - position.entry)


def order_margin(dialect: str, order: Order, books: Books, mark: MarkOf) -> Decimal:
    """Initial margin of the part of an order that opens, in the settle asset."""
    item, terms = order.instrument, order.terms
    opens = max(ZERO, order.rest - reducible(books, terms.key, terms.side))
    return notional(item, opens, terms.price or mark(item)) / LEVERAGES[dialect]


def pays_premium(dialect: str, item: Instrument, side: str) -> bool:
    """Whether an order is paid for in full, not on margin: who buys an option at Binance."""
    return dialect == "binance" and item.kind == "option" and side == "buy"


def premiums(books: Books, dialect: str, pool: Pool) -> Decimal:
    """What open orders of a pool would pay for options, in its unit."""
    return sum(
        (
            notional(order.instrument, order.rest, order.terms.price or ZERO)
            for order in books.working.values()
            if pays_premium(dialect, order.instrument, order.terms.side)
            and pool_of(dialect, order.instrument) == pool
        ),
        ZERO,
    )


def reducible(books: Books, key: str, side: str) -> Decimal:
    """How much an order of this side may trade until it opens anew."""
    position = books.positions.get(key)
    if position is None or (position.size > 0) == (side == "buy"):
        return ZERO
    return abs(position.size)


def locked(books: Books, coin: str) -> Decimal:
    """What open spot orders keep from being used of the wallet that they trade from."""
    total = ZERO
    for order in books.working.values():
        item, terms = order.instrument, order.terms
        if item.kind == "spot":
            buys = terms.side == "buy"
            if coin == (item.quote if buys else item.base):
                total += order.rest * (terms.price or terms.trigger or ZERO) if buys else order.rest
    return total
