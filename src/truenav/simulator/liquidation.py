"""What a venue does when equity falls below maintenance: it takes positions over, step by step.

It is judged when a bar begins, at the mark of that instant. The pool's open orders go first. Then the
position that needs most margin is brought down to the step below its own, or closed where it stands on the
lowest, at the mark and for the taker's fee, until equity suffices. What is still missing then stays a debt.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from truenav.simulator.bookkeeper import Bookkeeper, Execution
from truenav.simulator.contracts import Position
from truenav.simulator.desk import Desk
from truenav.simulator.fees import fee_rate
from truenav.simulator.margin import Pool, maintenance_of, margin_of, pool_of, unit
from truenav.simulator.market import Instrument, Market
from truenav.simulator.orders import Order, Terms
from truenav.simulator.scenario import Side
from truenav.simulator.tiers import Tiers, measure


class Liquidator:
    """Judges one account at the replayed market's prices; `struck` when it ever took something over."""

    def __init__(self, keeper: Bookkeeper, desk: Desk, market: Market, tiers: Tiers) -> None:
        self.keeper = keeper
        self.desk = desk
        self.market = market
        self.tiers = tiers
        self.dialect = keeper.plan.venue.dialect
        self.struck = False

    def judge(self, at: datetime) -> None:
        """Take positions over until every pool has what its positions need."""
        positions = self.keeper.books.positions.values()
        for pool in dict.fromkeys(pool_of(self.dialect, one.instrument) for one in positions):
            while not self._suffices(pool, at) and self._mine(pool):
                self._reduce(pool, at)

    def _suffices(self, pool: Pool, at: datetime) -> bool:
        view = Prices(self.market, self.keeper.plan.venue.prices, at)
        books = self.keeper.books
        margin = margin_of(self.dialect, books, pool, view.mark, view.coin)
        if margin.equity >= margin.exposure:  # no venue asks for more than all of it
            return True
        needed = maintenance_of(self.dialect, books, pool, view.mark, view.coin, self.tiers)
        return margin.equity >= needed

    def _mine(self, pool: Pool) -> list[Position]:
        positions = self.keeper.books.positions.values()
        return [one for one in positions if pool_of(self.dialect, one.instrument) == pool]

    def _reduce(self, pool: Pool, at: datetime) -> None:
        """One step less of the position that needs most."""
        self.struck = True
        view = Prices(self.market, self.keeper.plan.venue.prices, at)
        self.desk.give_up(at, lambda item: item.kind == "spot" or pool_of(self.dialect, item) != pool)

        def needs(position: Position) -> Decimal:
            item = position.instrument
            own = self.tiers.maintenance(self.dialect, item, position.size, view.mark(item))
            return own * unit(pool, item.settle, view.coin)

        position = max(self._mine(pool), key=needs)
        mark = view.mark(position.instrument)
        self._take_over(position, self._part(position, mark), mark, at)

    def _part(self, position: Position, mark: Decimal) -> Decimal:
        """How much is taken over: down to the step below, or everything."""
        item, size = position.instrument, abs(position.size)
        if not self.tiers.of(self.dialect, item):
            return size
        floor = self.tiers.step(self.dialect, item, size, mark).floor
        kept = size * floor / measure(self.dialect, item, size, mark)
        lots = (kept / item.lot).to_integral_value(ROUND_FLOOR)
        return size - lots * item.lot

    def _take_over(self, position: Position, size: Decimal, price: Decimal, at: datetime) -> None:
        item, number = position.instrument, self.keeper.new_id()
        own = f"autoclose-{number}" if self.dialect == "binance" else ""
        side: Side = "sell" if position.size > 0 else "buy"
        terms = Terms(item.key, side, size, reduce_only=True, client_id=own)
        order = Order(number, at, item, terms, since=at, wakes=at, updated_at=at, forced=True)
        rate = fee_rate(self.dialect, item, maker=False)
        self.keeper.trade(at, Execution(item, terms.side, size, price, rate, False, "", order))


class Prices:
    """The replayed prices of one venue's market at one instant."""

    def __init__(self, market: Market, venue: str, at: datetime) -> None:
        self.market = market
        self.venue = venue
        self.at = at

    def mark(self, item: Instrument) -> Decimal:
        """The mark of a contract."""
        return self.market.price(item.venue, item.key, self.at)

    def coin(self, name: str) -> Decimal | None:
        """USDT for one of a coin; None where it has no market."""
        if name == "USDT":
            return Decimal(1)
        known = (self.venue, f"{name}-USDT") in self.market.bars
        return self.market.price(self.venue, f"{name}-USDT", self.at) if known else None
