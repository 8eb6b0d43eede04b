"""An account's books as values: balances, positions, orders, and everything that led to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from truenav.simulator.contracts import ZERO, Position
from truenav.simulator.market import Instrument
from truenav.simulator.orders import Order
from truenav.simulator.scenario import Side

SUBACCOUNT = "subaccount"
"""A movement over this network is a transfer between sub-accounts."""
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
    "interest",
]


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
    """One execution; `fee` is a cost (a rebate is negative), `realized` in the settle asset.

    `forced` is a liquidation.
    """

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
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Movement:
    """A deposit or withdrawal as the venue's history shows it, or a transfer between sub-accounts."""

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

    @property
    def own(self) -> bool:
        """Whether it is a transfer between sub-accounts of one owner."""
        return self.network == SUBACCOUNT


@dataclass(slots=True)
class Books:
    """The state of one account at one instant, with everything that led to it."""

    at: datetime
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    orders: dict[int, Order] = field(default_factory=dict)
    working: dict[int, Order] = field(default_factory=dict)
    called: dict[str, list[int]] = field(default_factory=dict)
    updated_at: datetime | None = None

    def balance(self, wallet: str, asset: str) -> Decimal:
        """Balance of `asset` in `wallet`; an asset never held is 0."""
        return self.balances.get((wallet, asset), ZERO)

    def assets(self, wallet: str) -> list[str]:
        """Assets ever held in `wallet`, alphabetically."""
        return sorted(asset for owner, asset in self.balances if owner == wallet)

    def keep(self, order: Order) -> None:
        """Remember an order as it is now."""
        if order.id not in self.orders:
            self.called.setdefault(order.terms.client_id, []).append(order.id)
        self.orders[order.id] = order
        if order.working:
            self.working[order.id] = order
        else:
            self.working.pop(order.id, None)

    def orders_called(self, client_id: str) -> list[Order]:
        """Orders with a client's own id, oldest first."""
        return [self.orders[number] for number in self.called.get(client_id, ()) if client_id]
