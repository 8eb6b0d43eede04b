"""An account's books: a fold of its events, of its orders, of funding and of expiries, up to an instant.

At one instant the order is: expiry, funding, the end of the session, liquidation, interest, the scenario's
orders that the price has reached, then what clients do. Deribit settles contracts at the end of a session:
their profit to the mark is paid, and they are entered at the mark. Instants are whole milliseconds, as venues
tell them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from truenav.simulator.bookkeeper import Bookkeeper, Execution
from truenav.simulator.books import Books, Tie
from truenav.simulator.contracts import ZERO, Position, funding_payment, realized_pnl, settlement_cash
from truenav.simulator.desk import Desk
from truenav.simulator.errors import ScenarioError
from truenav.simulator.lending import charge, debts, next_hour
from truenav.simulator.liquidation import Liquidator
from truenav.simulator.market import FUNDING_INTERVAL, Instrument, Market
from truenav.simulator.numbers import exact, round8, trimmed
from truenav.simulator.orders import Command, Order
from truenav.simulator.scenario import BORROWING, AccountPlan, Deal, Deposit, Event, Transfer, Withdrawal
from truenav.simulator.tiers import Tiers

Due = Event | Command | Order | Literal["settlement", "interest"]


class Ledger:
    """Folds one account forward in time; asking for an earlier time folds again from inception."""

    def __init__(
        self, plan: AccountPlan, market: Market, inception: datetime, tiers: Tiers | None = None
    ) -> None:
        self.plan = plan
        self.market = market
        self.inception = inception
        self.tiers = tiers or Tiers()
        self.commands: list[Command] = []
        self._start_over()

    def _start_over(self) -> None:
        self.keeper = Bookkeeper(self.plan, self.inception)
        self.desk = Desk(self.keeper, self.market)
        self.liquidator = Liquidator(self.keeper, self.desk, self.market, self.tiers)
        self._next_event = 0
        self._next_command = 0

    @property
    def books(self) -> Books:
        """The books as they were last asked for."""
        return self.keeper.books

    def at(self, instant: datetime) -> Books:
        """The books after everything that happened up to and including the millisecond of `instant`."""
        instant = whole_millisecond(instant)
        if instant < self.books.at:
            self._start_over()
        with exact():
            for moment, due in self._due(instant):
                self._do(moment, due)
        self.books.at = max(instant, self.books.at)
        return self.books

    def obey(self, command: Command) -> Books:
        """The books after what a client did, no earlier than anything that a client did before."""
        self.at(command.at)
        self.commands.append(command)
        return self.at(command.at)

    def _do(self, at: datetime, due: Due) -> None:
        match due:
            case "settlement":
                self._settle(at)
            case "interest":
                charge(self.keeper, at)
            case Order():
                self.desk.touch(due, at)
            case Deposit() | Withdrawal() | Transfer() | Deal():
                self._apply(at, due)
            case _:
                self.desk.obey(due)

    def _due(self, until: datetime) -> Iterator[tuple[datetime, Due]]:
        """Settlements, interest, events, touched orders and commands after the books' time, in order."""
        now = self.books.at
        settlement = _next_settlement(now)
        while True:
            event_at, command_at = self._event_at(), self._command_at()
            interest_at = next_hour(now) if debts(self.keeper) else _NEVER
            soonest = min(settlement, interest_at, event_at, command_at)
            touch = self.desk.next_touch(now, min(soonest, until)) if self.books.working else None
            if touch is not None and touch[0] < min(settlement, interest_at, event_at):
                now = touch[0]
                yield touch
                continue
            if soonest > until:
                return
            now = soonest
            if settlement == now:
                settlement += FUNDING_INTERVAL
                yield now, "settlement"
                if debts(self.keeper):
                    yield now, "interest"
            elif interest_at == now:
                yield now, "interest"
            elif event_at == now:
                self._next_event += 1
                yield now, self.plan.events[self._next_event - 1]
            else:
                self._next_command += 1
                yield now, self.commands[self._next_command - 1]

    def _event_at(self) -> datetime:
        events = self.plan.events
        return self.inception + events[self._next_event].after if self._next_event < len(events) else _NEVER

    def _command_at(self) -> datetime:
        return self.commands[self._next_command].at if self._next_command < len(self.commands) else _NEVER

    # -- the scenario's events ----------------------------------------------------------------

    def _apply(self, at: datetime, event: Event) -> None:
        price = self._price(at, event) if isinstance(event, Deal) else ZERO
        if not self._can_spend(at, self._spent(event, price)):
            return
        match event:
            case Deposit() | Withdrawal():
                self.keeper.move(at, event)
            case Transfer():
                reference = self.keeper.new_id()
                for wallet, other, amount in (
                    (event.source, event.target, -event.amount),
                    (event.target, event.source, event.amount),
                ):
                    tie = Tie(reference, counter_wallet=other)
                    self.keeper.post(at, "transfer", (wallet, event.asset), amount, tie)
            case Deal():
                item = self._instrument(event)
                done = Execution(item, event.side, event.size, price, event.fee_rate, event.maker, event.tag)
                self.keeper.trade(at, done)

    def _spent(self, event: Event, price: Decimal) -> tuple[str, str, Decimal]:
        """Wallet, asset and amount that an event takes."""
        match event:
            case Withdrawal():
                return event.wallet, event.asset, event.amount + event.fee
            case Transfer():
                return event.source, event.asset, event.amount
            case Deposit():
                return event.wallet, event.asset, ZERO
        item = self._instrument(event)
        wallet = self.keeper.wallet(item)
        if item.kind != "spot":
            return wallet, item.settle, ZERO
        if event.side == "sell":
            return wallet, item.base, event.size
        return wallet, item.quote, self.keeper.spot_cost(event.size, price)

    def _can_spend(self, at: datetime, spent: tuple[str, str, Decimal]) -> bool:
        """Whether the account has what an event takes; a scenario that is wrong by itself is refused.

        Where clients trade, or after a liquidation, the venue refuses the event, and nothing happens.
        """
        wallet, asset, amount = spent
        balance = self.books.balance(wallet, asset)
        if not amount or balance >= amount or (self.plan.borrows and wallet in BORROWING):
            return True
        if self.commands or self.liquidator.struck:
            return False
        raise ScenarioError(
            f"account {self.plan.id}: {at - self.inception} after inception the {wallet} wallet "
            f"would hold {balance - amount} {asset}; deposit or transfer more before."
        )

    def _instrument(self, deal: Deal) -> Instrument:
        return self.market.instrument(self.plan.venue.prices, deal.key)

    def _price(self, at: datetime, deal: Deal) -> Decimal:
        item = self._instrument(deal)
        if item.expires_at is not None and at >= item.expires_at:
            raise ScenarioError(f"account {self.plan.id}: {deal.key} has expired before its order.")
        return deal.price or self._market_price(at, item, deal)

    def _market_price(self, at: datetime, instrument: Instrument, deal: Deal) -> Decimal:
        price = self.market.price(instrument.venue, instrument.key, at)
        better = 1 - deal.edge if deal.side == "buy" else 1 + deal.edge
        ticks = (price * better / instrument.tick).quantize(Decimal(1), ROUND_HALF_EVEN)
        return trimmed(max(ticks, Decimal(1)) * instrument.tick)

    # -- what the venue does by itself --------------------------------------------------------

    def _settle(self, at: datetime) -> None:
        """Expiries and funding at one settlement time, in the order of instrument names."""
        for key in sorted(self.books.positions):
            position = self.books.positions[key]
            expires_at = position.instrument.expires_at
            if expires_at is not None and at >= expires_at:
                self._expire(at, position)
            elif position.instrument.kind == "swap":
                self._fund(at, position)
        if self.plan.venue.dialect == "deribit":
            self._end_session(at)
        if self.books.working:
            self.desk.expire(at)
        self.liquidator.judge(at)

    def _end_session(self, at: datetime) -> None:
        """Pay each contract's profit to the mark; one that was traded and closed is named with nothing."""
        for key in sorted(self.keeper.traded | self.books.positions.keys()):
            instrument = self.market.instrument(self.plan.venue.prices, key)
            if instrument.kind == "option":
                continue
            position = self.books.positions.get(key)
            mark = round8(self.market.price(instrument.venue, key, at))
            size = ZERO if position is None else position.size
            profit = ZERO if position is None else realized_pnl(position, -size, mark)
            tie = Tie(self.keeper.new_id(), instrument, size=size, price=mark)
            self.keeper.post(at, "session", (self.keeper.wallet(instrument), instrument.settle), profit, tie)
            if position is not None:
                self.books.positions[key] = replace(position, entry=mark)
        self.keeper.traded.clear()

    def _expire(self, at: datetime, position: Position) -> None:
        instrument = position.instrument
        index = self.market.index(instrument.venue, instrument.base, at)
        cash = settlement_cash(position, index)
        key = (self.keeper.wallet(instrument), instrument.settle)
        tie = Tie(self.keeper.new_id(), instrument, size=position.size, price=index)
        self.keeper.post(at, "settlement", key, cash, tie)
        del self.books.positions[instrument.key]

    def _fund(self, at: datetime, position: Position) -> None:
        instrument = position.instrument
        rate = self.market.funding_rate(instrument.venue, instrument.key, at)
        if rate is None:
            return
        mark = self.market.price(instrument.venue, instrument.key, at)
        payment = funding_payment(position, mark, rate.number)
        if payment:
            key = (self.keeper.wallet(instrument), instrument.settle)
            tie = Tie(self.keeper.new_id(), instrument, size=abs(position.size), price=mark)
            self.keeper.post(at, "funding", key, payment, tie)
        self.books.positions[instrument.key] = replace(position, funding=position.funding + payment)


_NEVER = datetime.max.replace(tzinfo=UTC)


def whole_millisecond(instant: datetime) -> datetime:
    """The millisecond in which an instant lies."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _next_settlement(instant: datetime) -> datetime:
    """The first of 00:00, 08:00 and 16:00 UTC after `instant`."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((instant - midnight) // FUNDING_INTERVAL + 1) * FUNDING_INTERVAL
