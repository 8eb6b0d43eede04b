"""What happened in an account and what it holds: as facts tell it, and as its venue's books have it.

Both are told in the same words, and whatever is told by one side only is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from truenav.calc.ledger.book import latest_snapshots, quantities
from truenav.calc.ledger.deltas import Delta, closing, deltas
from truenav.core.asset import AssetBook
from truenav.core.facts import BalanceSnapshot, Fact, PositionSnapshot, Trade
from truenav.core.ids import InstrumentId
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ZERO, AssetId, exact
from truenav.simulator.bookkeeper import settlement_wallet
from truenav.simulator.books import Books, Entry, Fill
from truenav.simulator.bybit.rules import unique
from truenav.simulator.market import Instrument

K = TypeVar("K")
_CAUSES = {
    "deposit": "external",
    "withdrawal": "external",
    "transfer": "internal",
    "withdrawal_fee": "fee",
    "realized": "realised",
    "session": "realised",
}
"""What the product calls the causes that the books call otherwise."""
_KINDS = {"swap": "perpetual"}
_RIGHTS = {"C": "call", "P": "put", "": None}


class Market(NamedTuple):
    """The terms of a contract, by which both sides know it."""

    kind: str
    base: str
    quote: str
    settle: str
    multiplier: Decimal
    inverse: bool
    expires_at: datetime | None
    strike: Decimal | None
    right: str | None


class Movement(NamedTuple):
    """When, where, of what and why a balance changed, and the contract behind it."""

    at: datetime
    wallet: str
    asset: str
    cause: str
    market: Market | None


class Execution(NamedTuple):
    """A fill: bought positive, fees paid positive."""

    at: datetime
    wallet: str
    market: Market
    quantity: Decimal
    price: Decimal
    fees: tuple[tuple[str, Decimal], ...]
    order: str
    tag: str | None


@dataclass(frozen=True, slots=True)
class History:
    """An account's past and what it came to; zeros are left out.

    ``positions`` are sizes and entry prices as they stand, ``opened`` what fills and expiries add up to.
    """

    balances: dict[tuple[str, str], Decimal]
    positions: dict[Market, tuple[Decimal, Decimal]]
    opened: dict[Market, Decimal]
    movements: dict[Movement, Decimal]
    fills: Counter[Execution]

    def differences(self, true: History) -> dict[str, tuple[list[object], list[object]]]:
        """By name of a part: what the truth has not, and what is missing of it."""
        found = {}
        for part in fields(self):
            mine, theirs = (set(getattr(one, part.name).items()) for one in (self, true))
            if mine != theirs:
                found[part.name] = sorted(mine - theirs, key=str), sorted(theirs - mine, key=str)
        return found


# -- as facts tell it -----------------------------------------------------------------------------


def told(facts: Iterable[Fact], assets: AssetBook, instruments: InstrumentBook, as_of: datetime) -> History:
    """What the facts of one account say."""
    mine, words = sorted(facts, key=lambda fact: fact.occurred_at), _Words(assets, instruments)
    balances: dict[tuple[str, str], Decimal] = {}
    positions: dict[Market, tuple[Decimal, Decimal]] = {}
    opened: dict[Market, Decimal] = {}
    movements: dict[Movement, Decimal] = {}
    with exact():
        for fact in latest_snapshots(mine, as_of).values():
            if isinstance(fact.body, PositionSnapshot):
                for line in fact.body.lines:
                    positions[words.market(line.instrument)] = line.quantity, line.entry_price
            elif isinstance(fact.body, BalanceSnapshot):
                for asset, number in quantities(fact).items():
                    balances[fact.body.wallet, assets.symbol(AssetId(asset))] = number
        for delta in (delta for fact in mine for delta in deltas(fact, instruments)):
            if delta.is_position:
                market = words.market(InstrumentId(delta.subject))
                _add(opened, market, closing(delta, opened.get(market, ZERO)).quantity)
            else:
                _add(movements, words.movement(delta), delta.quantity)
    fills = Counter(words.fill(fact, fact.body) for fact in mine if isinstance(fact.body, Trade))
    return History(_some(balances), positions, _some(opened), _some(movements), fills)


class _Words:
    """Facts in the words of both sides."""

    def __init__(self, assets: AssetBook, instruments: InstrumentBook) -> None:
        self.assets = assets
        self.instruments = instruments
        self._markets: dict[InstrumentId, Market] = {}

    def market(self, name: InstrumentId) -> Market:
        known = self._markets.get(name)
        if known is None:
            terms, symbol = self.instruments.get(name), self.assets.symbol
            known = self._markets[name] = Market(
                terms.kind.value,
                symbol(terms.base),
                symbol(terms.quote),
                symbol(terms.settle),
                terms.multiplier,
                terms.inverse,
                terms.expiry_at,
                terms.strike,
                terms.right and terms.right.value,
            )
        return known

    def movement(self, delta: Delta) -> Movement:
        market = None if delta.instrument is None else self.market(delta.instrument)
        asset = self.assets.symbol(AssetId(delta.subject))
        return Movement(delta.occurred_at, delta.wallet, asset, delta.reason.value, market)

    def fill(self, fact: Fact, trade: Trade) -> Execution:
        return Execution(
            fact.occurred_at,
            trade.wallet,
            self.market(trade.instrument),
            trade.quantity,
            trade.price,
            tuple((self.assets.symbol(fee.asset), -fee.number) for fee in trade.fees if fee.number),
            trade.order_id,
            trade.tag,
        )


# -- as its venue's books have it -----------------------------------------------------------------


def true(books: Books, dialect: str) -> History:
    """What is so."""
    own = {move.id for move in books.movements if move.own}
    movements: dict[Movement, Decimal] = {}
    with exact():
        for entry in books.entries:
            _add(movements, _movement(entry, own), entry.amount)
    positions = {_market(one.instrument): (one.size, one.entry) for one in books.positions.values()}
    return History(
        balances=_some(books.balances),
        positions=positions,
        opened={market: size for market, (size, _) in positions.items()},
        movements=_some(movements),
        fills=Counter(_fill(fill, dialect) for fill in books.fills),
    )


def _market(item: Instrument) -> Market:
    return Market(
        _KINDS.get(item.kind, item.kind),
        item.base,
        item.quote,
        item.settle,
        Decimal(1) if item.kind == "spot" else item.multiplier,
        item.inverse,
        item.expires_at,
        item.strike,
        _RIGHTS[item.right],
    )


def _movement(entry: Entry, own: set[int]) -> Movement:
    cause = _CAUSES.get(entry.cause, entry.cause)
    if cause == "external" and entry.tie.reference in own:
        cause = "internal"
    item = entry.tie.instrument
    return Movement(entry.at, entry.wallet, entry.asset, cause, None if item is None else _market(item))


def _fill(fill: Fill, dialect: str) -> Execution:
    item = fill.instrument
    return Execution(
        fill.at,
        settlement_wallet(dialect, item),
        _market(item),
        fill.size if fill.side == "buy" else -fill.size,
        fill.price,
        ((fill.fee_asset, fill.fee),) if fill.fee else (),
        unique(fill.order_id) if dialect == "bybit" else str(fill.order_id),
        fill.tag or None,
    )


def _add(sums: dict[K, Decimal], key: K, number: Decimal) -> None:
    sums[key] = sums.get(key, ZERO) + number


def _some(sums: dict[K, Decimal]) -> dict[K, Decimal]:
    return {key: number for key, number in sums.items() if number}
