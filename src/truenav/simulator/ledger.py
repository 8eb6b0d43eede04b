"""An account's books: a fold of its events, of funding and of expiries, up to an instant.

What the venue rounds, it rounds here, once: cash to 8 decimals half-even (OKX takes the cost of a spot
trade exactly), average entry prices to 8 decimals on each fill that increases a position. These rounded
numbers are the state of record; the true equity (:mod:`.truth`) is exact arithmetic on them.

At one instant the order is: expiry, funding, the end of the session, then the scenario's own events. Deribit
settles contracts at the end of a session: their profit to the mark is paid, and they are entered at the mark.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from truenav.simulator.contracts import (
    ZERO,
    Position,
    changed_position,
    funding_payment,
    notional,
    realized_pnl,
    settlement_cash,
)
from truenav.simulator.errors import ScenarioError
from truenav.simulator.market import FUNDING_INTERVAL, Instrument, Market
from truenav.simulator.numbers import exact, round8, trimmed
from truenav.simulator.scenario import (
    AccountPlan,
    Deposit,
    Event,
    Order,
    Side,
    Transfer,
    Withdrawal,
)

Cause = Literal[
    "deposit",
    "withdrawal",
    "withdrawal_fee",
    "transfer",
    "trade",
    "fee",
    "realized",
    "funding",
    "settlement",
    "session",
]
IDS_PER_ACCOUNT = 10_000_000


@dataclass(frozen=True, slots=True)
class Tie:
    """What an entry belongs to: a fill, movement or transfer, and its instrument.

    `size` is signed for a settlement (what was held), otherwise not; `price` is the fill's, the mark of a
    funding payment, or the index of a settlement.
    """

    reference: int
    instrument: Instrument | None = None
    counter_wallet: str = ""
    size: Decimal = ZERO
    price: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one balance. `balance` is the wallet's balance of the asset afterwards."""

    id: int
    at: datetime
    cause: Cause
    wallet: str
    asset: str
    amount: Decimal
    balance: Decimal
    tie: Tie


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; `fee` is a cost (a rebate is negative), `realized` in the settle asset."""

    id: int
    order_id: int
    at: datetime
    instrument: Instrument
    side: Side
    size: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    fee_rate: Decimal
    realized: Decimal
    maker: bool
    tag: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fill costs and realises; `fee` in `asset`, `realized` in the settle asset."""

    fee: Decimal
    asset: str
    realized: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Movement:
    """A deposit or withdrawal as the venue's history shows it."""

    id: int
    at: datetime
    direction: Literal["in", "out"]
    wallet: str
    asset: str
    amount: Decimal
    fee: Decimal
    network: str
    address: str
    transaction: str


@dataclass(slots=True)
class Books:
    """The state of one account at one instant, with everything that led to it."""

    at: datetime
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    updated_at: datetime | None = None

    def balance(self, wallet: str, asset: str) -> Decimal:
        """Balance of `asset` in `wallet`; an asset never held is 0."""
        return self.balances.get((wallet, asset), ZERO)

    def assets(self, wallet: str) -> list[str]:
        """Assets ever held in `wallet`, alphabetically."""
        return sorted(asset for owner, asset in self.balances if owner == wallet)


class Ledger:
    """Folds one account forward in time; asking for an earlier time folds again from inception."""

    def __init__(self, plan: AccountPlan, market: Market, inception: datetime) -> None:
        self.plan = plan
        self.market = market
        self.inception = inception
        self._start_over()

    def _start_over(self) -> None:
        self.books = Books(at=self.inception - timedelta(microseconds=1))
        self._next_event = 0
        self._serial = 0
        self._orders: Counter[str] = Counter()
        self._traded: set[str] = set()

    def at(self, instant: datetime) -> Books:
        """The books after everything that happened up to and including `instant`."""
        if instant < self.books.at:
            self._start_over()
        with exact():
            for moment, event in self._due(instant):
                if event is None:
                    self._settle(moment)
                else:
                    self._apply(moment, event)
        self.books.at = max(instant, self.books.at)
        return self.books

    def _due(self, until: datetime) -> Iterator[tuple[datetime, Event | None]]:
        """Settlement times (None) and events after the books' time, in order."""
        settlement = _next_settlement(self.books.at)
        events = self.plan.events
        while True:
            event_at = (
                self.inception + events[self._next_event].after if self._next_event < len(events) else None
            )
            if event_at is not None and event_at < settlement:
                if event_at > until:
                    return
                event = events[self._next_event]
                self._next_event += 1
                yield event_at, event
            else:
                if settlement > until:
                    return
                yield settlement, None
                settlement += FUNDING_INTERVAL

    # -- posting ------------------------------------------------------------------------------

    def _new_id(self) -> int:
        self._serial += 1
        return self.plan.number * IDS_PER_ACCOUNT + self._serial

    def _post(self, at: datetime, cause: Cause, key: tuple[str, str], amount: Decimal, tie: Tie) -> None:
        """Change the balance of one (wallet, asset)."""
        balance = self.books.balance(*key) + amount
        self.books.balances[key] = balance
        self.books.updated_at = at
        self.books.entries.append(Entry(self._new_id(), at, cause, *key, amount, balance, tie))

    def _spend(self, at: datetime, wallet: str, asset: str) -> None:
        """Refuse a scenario that spends what the account does not have."""
        balance = self.books.balance(wallet, asset)
        if balance < 0:
            raise ScenarioError(
                f"account {self.plan.id}: {at - self.inception} after inception the {wallet} wallet "
                f"would hold {balance} {asset}; deposit or transfer more before."
            )

    # -- the scenario's events ----------------------------------------------------------------

    def _apply(self, at: datetime, event: Event) -> None:
        match event:
            case Deposit() | Withdrawal():
                self._move(at, event)
            case Transfer():
                reference = self._new_id()
                for wallet, other, amount in (
                    (event.source, event.target, -event.amount),
                    (event.target, event.source, event.amount),
                ):
                    tie = Tie(reference, counter_wallet=other)
                    self._post(at, "transfer", (wallet, event.asset), amount, tie)
                self._spend(at, event.source, event.asset)
            case Order():
                self._execute(at, event)

    def _move(self, at: datetime, event: Deposit | Withdrawal) -> None:
        number = self._new_id()
        fee = event.fee if isinstance(event, Withdrawal) else ZERO
        incoming = isinstance(event, Deposit)
        seed = hashlib.sha256(f"{self.plan.id}/{number}".encode()).hexdigest()
        self.books.movements.append(
            Movement(
                id=number,
                at=at,
                direction="in" if incoming else "out",
                wallet=event.wallet,
                asset=event.asset,
                amount=event.amount,
                fee=fee,
                network=event.network,
                address=self.plan.address or f"0x{seed[24:]}",
                transaction=f"0x{seed}",
            )
        )
        key, tie = (event.wallet, event.asset), Tie(number)
        change = event.amount if incoming else -event.amount
        self._post(at, "deposit" if incoming else "withdrawal", key, change, tie)
        if fee:
            self._post(at, "withdrawal_fee", key, -fee, tie)
        self._spend(at, event.wallet, event.asset)

    def _execute(self, at: datetime, order: Order) -> None:
        instrument = self.market.instrument(self.plan.venue.prices, order.key)
        if instrument.expires_at is not None and at >= instrument.expires_at:
            raise ScenarioError(f"account {self.plan.id}: {order.key} has expired before its order.")
        price = order.price or self._market_price(at, instrument, order)
        if instrument.kind == "spot":
            self._trade_spot(at, instrument, order, price)
        else:
            self._trade_contract(at, instrument, order, price)

    def _market_price(self, at: datetime, instrument: Instrument, order: Order) -> Decimal:
        price = self.market.price(instrument.venue, instrument.key, at)
        better = 1 - order.edge if order.side == "buy" else 1 + order.edge
        ticks = (price * better / instrument.tick).quantize(Decimal(1), ROUND_HALF_EVEN)
        return trimmed(max(ticks, Decimal(1)) * instrument.tick)

    def _record_fill(
        self, at: datetime, instrument: Instrument, order: Order, price: Decimal, cost: Cost
    ) -> Tie:
        """Keep the fill and give what its entries tie to."""
        number = self._new_id()
        order_id = self._new_id()
        self._orders[order.tag] += 1
        separator = "" if self.plan.venue.dialect == "okx" else "-"
        self.books.fills.append(
            Fill(
                id=number,
                order_id=order_id,
                at=at,
                instrument=instrument,
                side=order.side,
                size=order.size,
                price=price,
                fee=cost.fee,
                fee_asset=cost.asset,
                fee_rate=order.fee_rate,
                realized=cost.realized,
                maker=order.maker,
                tag=order.tag,
                client_id=f"{order.tag}{separator}{self._orders[order.tag]:06d}",
            )
        )
        return Tie(number, instrument, size=order.size, price=price)

    def _wallet(self, instrument: Instrument) -> str:
        return settlement_wallet(self.plan.venue.dialect, instrument)

    def _trade_spot(self, at: datetime, instrument: Instrument, order: Order, price: Decimal) -> None:
        """Base against quote; the fee is taken from what is received."""
        wallet = self._wallet(instrument)
        cost = order.size * price
        if self.plan.venue.dialect in ("binance", "bybit"):
            cost = round8(cost)
        sign = 1 if order.side == "buy" else -1
        received, fee_asset = (order.size, instrument.base) if sign > 0 else (cost, instrument.quote)
        fee = round8(received * order.fee_rate)
        tie = self._record_fill(at, instrument, order, price, Cost(fee, fee_asset))
        self._post(at, "trade", (wallet, instrument.base), sign * order.size, tie)
        self._post(at, "trade", (wallet, instrument.quote), -sign * cost, tie)
        if fee:
            self._post(at, "fee", (wallet, fee_asset), -fee, tie)
        self._spend(at, wallet, instrument.base)
        self._spend(at, wallet, instrument.quote)

    def _trade_contract(self, at: datetime, instrument: Instrument, order: Order, price: Decimal) -> None:
        """Realise what closes, average what opens, pay the premium of an option, pay the fee."""
        change = order.size if order.side == "buy" else -order.size
        self._traded.add(instrument.key)
        old = self.books.positions.get(instrument.key)
        realized = ZERO if old is None else realized_pnl(old, change, price)
        fee = round8(notional(instrument, order.size, price) * order.fee_rate)
        tie = self._record_fill(at, instrument, order, price, Cost(fee, instrument.settle, realized))
        key = (self._wallet(instrument), instrument.settle)
        if instrument.kind == "option":
            self._post(at, "trade", key, round8(-change * instrument.multiplier * price), tie)
        elif realized:
            self._post(at, "realized", key, realized, tie)
        if fee:
            self._post(at, "fee", key, -fee, tie)
        self._replace(
            instrument,
            changed_position(old, instrument, change, price, at=at, realized=realized, fee=fee),
        )

    def _replace(self, instrument: Instrument, position: Position) -> None:
        if position.size:
            self.books.positions[instrument.key] = position
        else:
            self.books.positions.pop(instrument.key, None)

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

    def _end_session(self, at: datetime) -> None:
        """Pay each contract's profit to the mark; one that was traded and closed is named with nothing."""
        for key in sorted(self._traded | self.books.positions.keys()):
            instrument = self.market.instrument(self.plan.venue.prices, key)
            if instrument.kind == "option":
                continue
            position = self.books.positions.get(key)
            mark = round8(self.market.price(instrument.venue, key, at))
            size = ZERO if position is None else position.size
            profit = ZERO if position is None else realized_pnl(position, -size, mark)
            tie = Tie(self._new_id(), instrument, size=size, price=mark)
            self._post(at, "session", (self._wallet(instrument), instrument.settle), profit, tie)
            if position is not None:
                self.books.positions[key] = replace(position, entry=mark)
        self._traded.clear()

    def _expire(self, at: datetime, position: Position) -> None:
        instrument = position.instrument
        index = self.market.index(instrument.venue, instrument.base, at)
        cash = settlement_cash(position, index)
        key = (self._wallet(instrument), instrument.settle)
        tie = Tie(self._new_id(), instrument, size=position.size, price=index)
        self._post(at, "settlement", key, cash, tie)
        del self.books.positions[instrument.key]

    def _fund(self, at: datetime, position: Position) -> None:
        instrument = position.instrument
        rate = self.market.funding_rate(instrument.venue, instrument.key, at)
        if rate is None:
            return
        mark = self.market.price(instrument.venue, instrument.key, at)
        payment = funding_payment(position, mark, rate.number)
        if payment:
            key = (self._wallet(instrument), instrument.settle)
            tie = Tie(self._new_id(), instrument, size=abs(position.size), price=mark)
            self._post(at, "funding", key, payment, tie)
        self.books.positions[instrument.key] = replace(position, funding=position.funding + payment)


def settlement_wallet(dialect: str, instrument: Instrument) -> str:
    """The wallet in which a venue settles trades of `instrument`."""
    match dialect:
        case "binance":
            return "spot" if instrument.kind == "spot" else "coinm" if instrument.inverse else "usdm"
        case "okx":
            return "trading"
        case "bybit":
            return "unified"
        case _:
            return "main"


def _next_settlement(instant: datetime) -> datetime:
    """The first of 00:00, 08:00 and 16:00 UTC after `instant`."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((instant - midnight) // FUNDING_INTERVAL + 1) * FUNDING_INTERVAL
