"""What was sent and received as facts: trades with exact cost, transfers, cash flows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Context, Decimal
from itertools import chain
from typing import NamedTuple

from truenav.connect.contract import ParseContext
from truenav.connect.files.amounts import Assets
from truenav.connect.files.mapping import Layout, Meaning
from truenav.connect.files.rows import FILE_MARKET, RefusedCell
from truenav.core.asset import BTC, ETH, AssetKind
from truenav.core.facts import Body, CashFlow, CashKind, Fact, Trade, Transfer, TransferKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import MAX_SCALE, ONE, Amount, AssetId, rounded
from truenav.core.trades import Trades, joined

Side = tuple[Decimal, AssetId]
"""Size of what moved, not negative, and its asset."""

PRICE_DIGITS = 28
_divided = Context(prec=PRICE_DIGITS).divide
_CASH: dict[Meaning, CashKind] = {
    Meaning.REWARD: CashKind.REWARD,
    Meaning.INTEREST: CashKind.INTEREST,
    Meaning.FEE: CashKind.FEE,
    Meaning.FUNDING: CashKind.FUNDING,
    Meaning.REALISED: CashKind.REALISED,
    Meaning.SETTLEMENT: CashKind.SETTLEMENT,
}
_ZERO = Decimal(0)


class Event(NamedTuple):
    """Where and when a row happened, and the id that its facts get."""

    id: str
    at: datetime
    account: str
    wallet: str
    order_id: str = ""
    txid: str = ""
    counterpart: str = ""


@dataclass(slots=True)
class Stated:
    """Collects the facts of one file, and the spot instruments that they name."""

    layout: Layout
    evidence: Sha256
    context: ParseContext
    assets: Assets
    facts: list[Fact] = field(default_factory=list)
    trades: list[Trades] = field(default_factory=list)
    instruments: dict[InstrumentId, Instrument] = field(default_factory=dict)
    _pairs: dict[tuple[AssetId, AssetId, AssetId | None], tuple[InstrumentId, bool]] = field(
        default_factory=dict
    )
    source: str = ""

    def __post_init__(self) -> None:
        self.source = f"{FILE_MARKET}:{self.layout.name}"

    def drain(self) -> Sequence[Fact]:
        """The facts so far, in columns where they were stated so; they are then forgotten here."""
        trades, facts = self.trades, self.facts
        self.trades, self.facts = [], []
        if not trades:
            return facts
        return [*chain(*trades), *facts] if facts else joined(trades)

    def add(self, trades: Trades) -> None:
        """Trades that were stated in columns."""
        if self.facts:
            self.facts.extend(trades)
        elif trades:
            self.trades.append(trades)

    def trade(
        self,
        event: Event,
        sent: Side,
        received: Side,
        fees: tuple[Amount, ...],
        base: AssetId | None = None,
    ) -> None:
        """One exchange of assets. ``base`` as the market names it; else the pair is put in the usual order.

        The cost is what moved, exactly; the price is cost over quantity to `PRICE_DIGITS` digits.
        """
        key = (sent[1], received[1], base)
        found = self._pairs.get(key)
        if found is None:
            found = self._pairs[key] = self._pair(sent[1], received[1], base, event.at)
        name, bought = found
        (quantity, _), (cost, quote) = (received, sent) if bought else (sent, received)
        where = (event.id, event.at, event.account, event.wallet, event.order_id)
        self.market(where, name, bought, quantity, amount_of(-cost if bought else cost, quote), fees)

    def market(
        self,
        where: tuple[str, datetime, str, str, str],
        name: InstrumentId,
        bought: bool,
        quantity: Decimal,
        cost: Amount,
        fees: tuple[Amount, ...],
    ) -> None:
        """A trade whose pair is known; ``where`` is id, instant, account, wallet and order of its event."""
        if not quantity:
            raise nothing_traded()
        id, at, account, wallet, order_id = where
        price = price_of(cost.number, quantity)
        size = quantity if bought else -quantity
        body = _trade(wallet, name, size, price, cost, fees, order_id)
        self.facts.append(_fact(self.source, account, id, at, body, self.evidence))

    def pair(self, base: AssetId, quote: AssetId, at: datetime) -> InstrumentId:
        """The instrument of a market by its two assets."""
        return self._pair(quote, base, base, at)[0]

    def one_side(
        self, event: Event, meaning: Meaning, number: Decimal, asset: AssetId, fee: Amount | None
    ) -> None:
        """Something came (+) or went (-) without a counter-asset; of nothing, only the fee is stated."""
        kind = _CASH.get(meaning)
        if kind is None:
            where = TransferKind.INTERNAL if meaning is Meaning.TRANSFER else TransferKind.EXTERNAL
            if number:
                amount = Amount(number, asset)
                self._state(event, Transfer(event.wallet, amount, where, event.counterpart, event.txid, fee))
                return
        elif number:
            self._state(event, CashFlow(event.wallet, kind, Amount(number, asset)))
        if fee is not None:
            self._fee(event, fee)

    def moved(self, event: Event, other: Event, sent: Side, received: Side, fee: Amount | None) -> None:
        """An own transfer whose row shows both ends: what left ``event`` and what arrived at ``other``.

        What is missing at the other end is the fee unless the row tells one.
        """
        if sent[1] != received[1]:
            raise RefusedCell("a transfer cannot change the asset", "Give the row the meaning 'trade'.")
        missing = sent[0] - received[0]
        if missing < 0 or (missing and fee is not None):
            raise RefusedCell("sent, received and fee do not add up", "Correct the row.")
        cost = fee if fee is not None else Amount(-missing, sent[1]) if missing else None
        kind, asset, size = TransferKind.INTERNAL, sent[1], received[0]
        self._state(
            event, Transfer(event.wallet, Amount(-size, asset), kind, other.account, event.txid, cost)
        )
        self._state(other, Transfer(other.wallet, Amount(size, asset), kind, event.account, other.txid))

    def _fee(self, event: Event, fee: Amount) -> None:
        self.facts.append(
            Fact(
                self.source,
                event.account,
                f"{event.id}-fee",
                event.at,
                CashFlow(event.wallet, CashKind.FEE, fee),
                self.evidence,
            )
        )

    def _state(self, event: Event, body: Body) -> None:
        self.facts.append(_fact(self.source, event.account, event.id, event.at, body, self.evidence))

    def _base(self, one: AssetId, other: AssetId) -> AssetId:
        """The asset that is priced in the other: money before stablecoins before BTC and ETH is the quote."""
        return max(one, other, key=lambda asset: (self._rank(asset), asset))

    def _rank(self, asset: AssetId) -> int:
        known = self.context.assets.assets.get(asset)
        if known is not None and known.kind is AssetKind.FIAT:
            return 0 if asset == "iso4217:USD" else 1
        if known is not None and known.kind is AssetKind.STABLECOIN:
            return 2
        return 3 if asset == BTC else 4 if asset == ETH else 5

    def _pair(
        self, sent: AssetId, received: AssetId, base: AssetId | None, at: datetime
    ) -> tuple[InstrumentId, bool]:
        """The pair that was traded, and whether its base was bought; the pair becomes an instrument."""
        if sent == received:
            raise RefusedCell("the same asset was sent and received", "Give the row the meaning 'transfer'.")
        base = base or self._base(sent, received)
        quote = sent if base == received else received
        code = f"{self.assets.symbol(base, at)}-{self.assets.symbol(quote, at)}"
        name = instrument_id(FILE_MARKET, code)
        self.instruments[name] = Instrument(
            name, FILE_MARKET, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE
        )
        return name, base == received


def nothing_traded() -> RefusedCell:
    """The refusal of a trade of nothing."""
    return RefusedCell("the traded quantity is zero", "Remove the row, or give its word 'ignore'.")


def price_of(cost: Decimal, quantity: Decimal) -> Decimal:
    """Cost over quantity to `PRICE_DIGITS` digits, of any signs."""
    price = _divided(cost, quantity).copy_abs()
    return price if price.adjusted() >= PRICE_DIGITS - MAX_SCALE else rounded(price, MAX_SCALE)


def amount_of(number: Decimal, asset: AssetId) -> Amount:
    """An amount, made by its slots: frozen values take half as long that way, and files hold millions."""
    one = object.__new__(Amount)
    _AMOUNT_NUMBER(one, number)
    _AMOUNT_ASSET(one, asset)
    return one


def _trade(
    wallet: str,
    instrument: InstrumentId,
    quantity: Decimal,
    price: Decimal,
    cost: Amount,
    fees: tuple[Amount, ...],
    order_id: str,
) -> Trade:
    one = object.__new__(Trade)
    _T_WALLET(one, wallet)
    _T_INSTRUMENT(one, instrument)
    _T_QUANTITY(one, quantity)
    _T_PRICE(one, price)
    _T_COST(one, cost)
    _T_REALISED(one, None)
    _T_FEES(one, fees)
    _T_ORDER(one, order_id)
    _T_TAG(one, None)
    return one


def _fact(source: str, account: str, id: str, at: datetime, body: Body, evidence: Sha256) -> Fact:
    one = object.__new__(Fact)
    _F_SOURCE(one, source)
    _F_ACCOUNT(one, account)
    _F_ID(one, id)
    _F_AT(one, at)
    _F_BODY(one, body)
    _F_EVIDENCE(one, evidence)
    _F_SUPERSEDES(one, None)
    return one


def _slots(cls: type) -> list[Callable[[object, object], None]]:
    return [getattr(cls, one.name).__set__ for one in fields(cls)]


_AMOUNT_NUMBER, _AMOUNT_ASSET = _slots(Amount)
_F_SOURCE, _F_ACCOUNT, _F_ID, _F_AT, _F_BODY, _F_EVIDENCE, _F_SUPERSEDES = _slots(Fact)
(
    _T_WALLET,
    _T_INSTRUMENT,
    _T_QUANTITY,
    _T_PRICE,
    _T_COST,
    _T_REALISED,
    _T_FEES,
    _T_ORDER,
    _T_TAG,
) = _slots(Trade)
