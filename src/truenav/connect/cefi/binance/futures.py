"""Binance's futures payloads as facts: USD-M and COIN-M have the same fields and their own units.

USD-M counts in units of the base and settles in the quote; COIN-M counts in contracts of ``contractSize``
units of the quote and settles in the base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.cefi.binance.rows import by_sign, fees, income_id, order_unknown, required_flag, told
from truenav.connect.document import Node
from truenav.connect.reading import Reading, noted_tags
from truenav.core.contracts import dated_name
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionLine,
    PositionSnapshot,
    Quote,
    QuoteKind,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE, ZERO, Amount

_FOREVER = datetime(2100, 1, 1, tzinfo=UTC)
_FROM_TRADES = frozenset({"REALIZED_PNL", "COMMISSION"})
"""Income that the trades state too; taking both would count it twice."""
_INCOME_KINDS: Mapping[str, CashKind] = {
    "FUNDING_FEE": CashKind.FUNDING,
    "INSURANCE_CLEAR": CashKind.FEE,
    "POSITION_LIMIT_INCREASE_FEE": CashKind.FEE,
    "AUTO_EXCHANGE": CashKind.REALISED,
    "DELIVERED_SETTELMENT": CashKind.SETTLEMENT,
    "COMMISSION_REBATE": CashKind.REWARD,
    "API_REBATE": CashKind.REWARD,
    "REFERRAL_KICKBACK": CashKind.REWARD,
    "CONTEST_REWARD": CashKind.REWARD,
    "WELCOME_BONUS": CashKind.REWARD,
    "FEE_RETURN": CashKind.REWARD,
    "BFUSD_REWARD": CashKind.REWARD,
}
_INCOME_TRANSFERS = frozenset(
    {"TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER", "STRATEGY_UMFUTURES_TRANSFER"}
)


@dataclass(frozen=True, slots=True)
class Family:
    """One of Binance's two futures wallets; ``namespace`` begins its instrument ids.

    ``prefix`` begins the ids of what its income states, because each wallet numbers its own.
    ``moves_within`` tells that a transfer stays in the wallet, which has other parts, and states nothing.
    """

    wallet: str
    namespace: str
    inverse: bool
    prefix: str = ""
    moves_within: bool = False

    def id(self, symbol: str) -> InstrumentId:
        """Id of a contract."""
        return instrument_id(self.namespace, symbol)

    def info(self, reading: Reading, document: Node) -> None:
        """Terms of the contracts of known assets; ``exchangeInfo``."""
        for row in document.field("symbols").items():
            names = ("baseAsset", "quoteAsset", "marginAsset")
            base, quote, settle = (reading.known_asset(row.text(name)) for name in names)
            if base is None or quote is None or settle is None:
                continue
            expiry_at = row.instant("deliveryDate")
            dated = expiry_at < _FOREVER
            reading.instruments.append(
                Instrument(
                    id=self.id(row.text("symbol")),
                    venue=MANIFEST.name,
                    code=row.text("symbol"),
                    kind=InstrumentKind.FUTURE if dated else InstrumentKind.PERPETUAL,
                    base=base,
                    quote=quote,
                    settle=settle,
                    multiplier=row.decimal("contractSize") if self.inverse else ONE,
                    inverse=self.inverse,
                    expiry_at=expiry_at if dated else None,
                )
            )

    def terms(self, reading: Reading, symbol: str) -> Instrument | None:
        """Terms of a contract; of a delivered one, which is listed no more, from its name and its pair.

        A name tells the day (``BTCUSD_250926``), delivery is at 08:00 UTC, and size and assets are those of
        the pair's other contracts. None without one of them.
        """
        known, dated = reading.terms(self.id(symbol)), dated_name(symbol)
        if known is not None or dated is None:
            return known
        pair = self.id(dated.family)
        listed = reading.context.instruments.instruments.items()
        siblings = (one for key, one in listed if key == pair or key.startswith(f"{pair}_"))
        return reading.expired(self.id(symbol), dated, siblings)

    def marks(self, reading: Reading, document: Node) -> None:
        """Marks and indices; ``premiumIndex``."""
        for row in document.items():
            mark, index = row.decimal("markPrice"), row.decimal_or("indexPrice", ZERO)
            self._quote(reading, row.text("symbol"), row.instant("time"), mark, index)

    def mark_events(self, reading: Reading, message: Node) -> None:
        """Marks and indices of a stream."""
        for event in told(message):
            mark, index = event.decimal("p"), event.decimal_or("i", ZERO)
            self._quote(reading, event.text("s"), event.instant("E"), mark, index)

    def _quote(self, reading: Reading, symbol: str, at: datetime, mark: Decimal, index: Decimal) -> None:
        terms = reading.context.instruments.instruments.get(self.id(symbol))
        if terms is None:
            return
        if mark > 0:
            reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, mark))
        if index > 0:
            reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))

    def account(self, reading: Reading, document: Node) -> None:
        """Cash without open profit, and positions; of a hedge long and short side by side."""
        wallet, balances = self.wallet, []
        for row in document.field("assets").items():
            if total := row.decimal("walletBalance"):
                asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
                balances.append(BalanceLine(asset, total))
        cash = tuple(sorted(balances, key=lambda line: line.asset))
        reading.snapshot(wallet, BalanceSnapshot(wallet, cash))
        reading.snapshot(wallet, PositionSnapshot(wallet, in_order(self.open(reading, document))))

    def open(self, reading: Reading, document: Node) -> list[PositionLine]:
        """Open positions of an account."""
        lines = []
        for row in document.field("positions").items():
            if quantity := row.decimal("positionAmt"):
                name = self.id(row.text("symbol"))
                reading.instrument(name, lost=False)
                lines.append(PositionLine(name, quantity, row.decimal("entryPrice")))
        return lines

    def trades(self, reading: Reading, document: Node) -> None:
        """Fills with what they realised; ``userTrades``."""
        tags = noted_tags(reading.evidence)
        for row in document.items():
            symbol, order = row.text("symbol"), row.text("orderId")
            terms = self.terms(reading, symbol) or reading.instrument(self.id(symbol), lost=True)
            at = row.instant("time")
            if terms is None or order_unknown(reading, tags, order, at):
                continue
            sign = 1 if required_flag(row, "buyer") else -1
            body = Trade(
                wallet=self.wallet,
                instrument=terms.id,
                quantity=sign * row.decimal("qty"),
                price=row.decimal("price"),
                cost=None,
                realised=Amount(row.decimal("realizedPnl"), terms.settle),
                fees=fees(reading, row, at),
                order_id=order,
                tag=(tags or {}).get(order),
            )
            reading.state(f"{terms.id}:{row.text('id')}", at, body)

    def income(self, reading: Reading, document: Node) -> None:
        """Cash that no trade states: funding, transfers, deliveries, rebates."""
        for row in document.items():
            kind = row.text("incomeType")
            if kind in _FROM_TRADES or (kind in _INCOME_TRANSFERS and self.moves_within):
                continue
            at, number = row.instant("time"), row.decimal("income")
            amount, name = Amount(number, reading.asset(row.text("asset"), at)), self.prefix + income_id(row)
            if kind in _INCOME_TRANSFERS:
                reading.state(name, at, Transfer(self.wallet, amount, TransferKind.INTERNAL))
                continue
            cash = _INCOME_KINDS.get(kind) or by_sign(reading, kind, number)
            contract = None
            if symbol := row.text_or("symbol"):
                self.terms(reading, symbol)
                contract = self.id(symbol)
            reading.state(name, at, CashFlow(self.wallet, cash, amount, contract))


def in_order(lines: Iterable[PositionLine]) -> tuple[PositionLine, ...]:
    """Positions as a snapshot has them, however the venue lists them."""
    return tuple(sorted(lines, key=lambda line: (line.instrument, line.quantity)))


USDM = Family("usdm", "binance-usdm", inverse=False)
COINM = Family("coinm", "binance-coinm", inverse=True, prefix="coinm:")
