"""Who writes an account's books: numbers, balances, movements and trades, as its venue books them.

What the venue rounds, it rounds here, once: cash to 8 decimals half-even (OKX takes the cost of a spot
trade exactly), average entry prices to 8 decimals on each fill that increases a position. These rounded
numbers are the state of record; the true equity (:mod:`.truth`) is exact arithmetic on them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from truenav.simulator.books import Books, Cause, Entry, Fill, Movement, Tie
from truenav.simulator.contracts import ZERO, Position, changed_position, notional, realized_pnl
from truenav.simulator.market import Instrument
from truenav.simulator.numbers import round8
from truenav.simulator.orders import Order, Terms
from truenav.simulator.scenario import AccountPlan, Deposit, Side, Withdrawal

IDS_PER_ACCOUNT = 10_000_000


@dataclass(frozen=True, slots=True)
class Execution:
    """A part of an order, or a whole one that was done outright, to be booked at a price."""

    instrument: Instrument
    side: Side
    size: Decimal
    price: Decimal
    fee_rate: Decimal
    maker: bool
    tag: str
    order: Order | None = None

    @property
    def change(self) -> Decimal:
        """Its size, negative for a sale."""
        return self.size if self.side == "buy" else -self.size


class Bookkeeper:
    """Writes the books of one account; every number it gives away is greater than the last."""

    def __init__(self, plan: AccountPlan, inception: datetime) -> None:
        self.plan = plan
        self.books = Books(at=inception - timedelta(microseconds=1))
        self.traded: set[str] = set()
        self._serial = 0
        self._outright: Counter[str] = Counter()

    def new_id(self) -> int:
        """A number that nothing in any account has."""
        self._serial += 1
        return self.plan.number * IDS_PER_ACCOUNT + self._serial

    def post(self, at: datetime, cause: Cause, key: tuple[str, str], amount: Decimal, tie: Tie) -> None:
        """Change the balance of one (wallet, asset)."""
        balance = self.books.balance(*key) + amount
        self.books.balances[key] = balance
        self.books.updated_at = at
        self.books.entries.append(Entry(self.new_id(), at, cause, *key, amount, balance, tie))

    def move(self, at: datetime, event: Deposit | Withdrawal) -> None:
        """Book a deposit or withdrawal."""
        number = self.new_id()
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
        self.post(at, "deposit" if incoming else "withdrawal", key, change, tie)
        if fee:
            self.post(at, "withdrawal_fee", key, -fee, tie)

    # -- trades -------------------------------------------------------------------------------

    def trade(self, at: datetime, done: Execution) -> None:
        """Book one execution."""
        if done.instrument.kind == "spot":
            self._trade_spot(at, done)
        else:
            self._trade_contract(at, done)

    def wallet(self, instrument: Instrument) -> str:
        """Where trades of `instrument` are settled."""
        return settlement_wallet(self.plan.venue.dialect, instrument)

    def spot_cost(self, size: Decimal, price: Decimal) -> Decimal:
        """Quote units of a spot trade."""
        rounds = self.plan.venue.dialect in ("binance", "bybit")
        return round8(size * price) if rounds else size * price

    def _trade_spot(self, at: datetime, done: Execution) -> None:
        """Base against quote; the fee is taken from what is received."""
        item, wallet = done.instrument, self.wallet(done.instrument)
        cost = self.spot_cost(done.size, done.price)
        sign = 1 if done.side == "buy" else -1
        received, fee_asset = (done.size, item.base) if sign > 0 else (cost, item.quote)
        fee = round8(received * done.fee_rate)
        tie = self._record(at, done, fee, fee_asset, ZERO)
        self.post(at, "trade", (wallet, item.base), sign * done.size, tie)
        self.post(at, "trade", (wallet, item.quote), -sign * cost, tie)
        if fee:
            self.post(at, "fee", (wallet, fee_asset), -fee, tie)

    def _trade_contract(self, at: datetime, done: Execution) -> None:
        """Realise what closes, average what opens, pay the premium of an option, pay the fee."""
        item, change, price = done.instrument, done.change, done.price
        self.traded.add(item.key)
        old = self.books.positions.get(item.key)
        realized = ZERO if old is None else realized_pnl(old, change, price)
        fee = round8(notional(item, done.size, price) * done.fee_rate)
        tie = self._record(at, done, fee, item.settle, realized)
        key = (self.wallet(item), item.settle)
        if item.kind == "option":
            self.post(at, "trade", key, round8(-change * item.multiplier * price), tie)
        elif realized:
            self.post(at, "realized", key, realized, tie)
        if fee:
            self.post(at, "fee", key, -fee, tie)
        self._replace(changed_position(old, item, change, price, at=at, realized=realized, fee=fee))

    def _replace(self, position: Position) -> None:
        key = position.instrument.key
        if position.size:
            self.books.positions[key] = position
        else:
            self.books.positions.pop(key, None)

    def _record(self, at: datetime, done: Execution, fee: Decimal, fee_asset: str, realized: Decimal) -> Tie:
        """Keep the fill and its order, and give what its entries tie to."""
        number = self.new_id()
        order = done.order or self._outright_order(at, done)
        filled = order.filled + done.size
        self.books.keep(
            replace(
                order,
                filled=filled,
                cost=order.cost + done.size * done.price,
                fee=order.fee + fee,
                fee_asset=fee_asset,
                updated_at=at,
                status="filled" if filled == order.terms.size else order.status,
            )
        )
        self.books.fills.append(
            Fill(
                id=number,
                order_id=order.id,
                at=at,
                instrument=done.instrument,
                side=done.side,
                size=done.size,
                price=done.price,
                fee=fee,
                fee_asset=fee_asset,
                fee_rate=done.fee_rate,
                realized=realized,
                maker=done.maker,
                tag=done.tag,
                client_id=order.terms.client_id,
                forced=order.forced,
            )
        )
        return Tie(number, done.instrument, size=done.size, price=done.price)

    def _outright_order(self, at: datetime, done: Execution) -> Order:
        """The order of a trade that the scenario tells."""
        self._outright[done.tag] += 1
        separator = "" if self.plan.venue.dialect == "okx" else "-"
        terms = Terms(
            key=done.instrument.key,
            side=done.side,
            size=done.size,
            price=done.price,
            client_id=f"{done.tag}{separator}{self._outright[done.tag]:06d}",
            tag=done.tag,
        )
        return Order(self.new_id(), at, done.instrument, terms, since=at, wakes=at, updated_at=at)


def settlement_wallet(dialect: str, instrument: Instrument) -> str:
    """The wallet in which a venue settles trades of `instrument`."""
    match dialect:
        case "binance":
            own = {"spot": "spot", "option": "options"}
            return own.get(instrument.kind) or ("coinm" if instrument.inverse else "usdm")
        case "okx":
            return "trading"
        case "bybit":
            return "unified"
        case _:
            return "main"
