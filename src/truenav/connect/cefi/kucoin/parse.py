"""KuCoin's payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.kucoin import ledger
from truenav.connect.cefi.kucoin.answers import (
    EARN,
    FUTURES,
    ISOLATED,
    MAIN,
    MARGIN,
    TRADE,
    VENUE,
    answered,
    answers,
    asset,
    contract_id,
    known_asset,
    rows,
    rows_parser,
    spot_id,
    tell,
)
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, AssetId, exact

_SPOT_ACCOUNTS = {"main": MAIN, "trade": TRADE, "trade_hf": TRADE}


# -- market ---------------------------------------------------------------------------------------


def _pair(reading: Reading, row: Node) -> None:
    base, quote = (known_asset(reading, row.text(name)) for name in ("baseCurrency", "quoteCurrency"))
    if base is not None and quote is not None:
        code = row.text("symbol")
        kind = InstrumentKind.SPOT
        reading.instruments.append(
            Instrument(spot_id(code), VENUE, code, kind, base, quote, quote, multiplier=ONE)
        )


def _contract(reading: Reading, row: Node) -> None:
    """Terms of a contract with its mark and the index that it follows, which one answer tells."""
    terms = _terms(reading, row)
    if terms is None:
        return
    reading.instruments.append(terms)
    at = reading.evidence.answered_at
    if (mark := row.decimal_or("markPrice", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, mark))
    if (index := row.decimal_or("indexPrice", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


def _terms(reading: Reading, row: Node) -> Instrument | None:
    """A contract's size is its multiplier in base; that of an inverse one is negative, and in dollars.

    Contracts that pay in a third coin cannot be valued and are left out.
    """
    names = ("baseCurrency", "quoteCurrency", "settleCurrency")
    base, quote, settle = (known_asset(reading, row.text(name)) for name in names)
    inverse = row.flag("isInverse") is True
    if base is None or quote is None or settle is None or settle != (base if inverse else quote):
        return None
    code, expires = row.text("symbol"), row.text_or("expireDate")
    return Instrument(
        id=contract_id(code),
        venue=VENUE,
        code=code,
        kind=InstrumentKind.FUTURE if expires else InstrumentKind.PERPETUAL,
        base=base,
        quote=quote,
        settle=settle,
        multiplier=abs(row.decimal("multiplier")),
        inverse=inverse,
        expiry_at=row.instant("expireDate") if expires else None,
    )


def _tickers(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Last prices of pairs, as of the instant that the venue put on its answer."""
    reading = Reading(evidence, context)
    data = answered(read_json(body))
    at = data.instant("time")
    with exact():
        for row in data.field("ticker").items():
            terms = context.instruments.instruments.get(spot_id(row.text("symbol")))
            price = row.decimal_or("last", ZERO)
            if terms is not None and price > 0:
                volume = row.decimal_or("vol", ZERO)
                reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume))
    return reading.done()


# -- state of an account --------------------------------------------------------------------------


@dataclass(slots=True)
class _Held:
    """What is held in one wallet: total and locked by asset."""

    reading: Reading
    coins: dict[AssetId, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def add(self, code: str, total: Decimal, locked: Decimal = ZERO) -> None:
        """Add what one row says."""
        if total or locked:
            coin = asset(self.reading, code, self.reading.evidence.answered_at)
            before = self.coins.get(coin, (ZERO, ZERO))
            self.coins[coin] = (before[0] + total, before[1] + locked)

    def snapshot(self, wallet: str) -> None:
        """State the wallet."""
        lines = tuple(BalanceLine(coin, *self.coins[coin]) for coin in sorted(self.coins))
        self.reading.snapshot(wallet, BalanceSnapshot(wallet, lines))


def _accounts(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The main and the trade account; margin accounts are told by answers of their own."""
    reading = Reading(evidence, context)
    held = {wallet: _Held(reading) for wallet in (MAIN, TRADE)}
    with exact():
        for row in (one for data in answers(body) for one in rows(data)):
            wallet = _SPOT_ACCOUNTS.get(row.text("type"))
            if wallet is not None:
                held[wallet].add(row.text("currency"), row.decimal("balance"), row.decimal_or("holds", ZERO))
    for wallet, coins in held.items():
        coins.snapshot(wallet)
    return reading.done()


def _margin(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Cross margin: what is there less what is owed, which is principal and interest."""
    reading = Reading(evidence, context)
    held = _Held(reading)
    with exact():
        for data in answers(body):
            coins = list(data.field("accounts").items())
            if not coins and data.decimal_or("totalAssetOfQuoteCurrency", ZERO):
                raise data.wrong("no coin is listed, but the account is worth something")
            for row in coins:
                _add_margin(held, row)
    held.snapshot(MARGIN)
    return reading.done()


def _isolated(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Isolated margin, all pairs together."""
    reading = Reading(evidence, context)
    held = _Held(reading)
    with exact():
        for data in answers(body):
            pairs = list(data.field("assets").items())
            if not pairs and data.decimal_or("totalAssetOfQuoteCurrency", ZERO):
                raise data.wrong("no pair is listed, but the account is worth something")
            for pair in pairs:
                _add_margin(held, pair.field("baseAsset"))
                _add_margin(held, pair.field("quoteAsset"))
    held.snapshot(ISOLATED)
    return reading.done()


def _add_margin(held: _Held, row: Node) -> None:
    total = row.decimal("total") - row.decimal_or("liability", ZERO)
    held.add(row.text("currency"), total, row.decimal_or("hold", ZERO))


def _futures(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The futures accounts, one for each settlement coin, joined: equity less open profit."""
    reading = Reading(evidence, context)
    held = _Held(reading)
    with exact():
        for row in answers(body):
            held.add(
                row.text("currency"), row.decimal("accountEquity") - row.decimal_or("unrealisedPNL", ZERO)
            )
    held.snapshot(FUTURES)
    return reading.done()


def _holdings(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """What lies in earn products, also while it is being redeemed."""
    reading = Reading(evidence, context)
    held = _Held(reading)
    with exact():
        for row in (one for data in answers(body) for one in rows(data)):
            held.add(row.text("currency"), row.decimal("holdAmount"))
            if row.decimal_or("redeemingAmount", ZERO):
                coin = row.text("currency")[:60]
                message = f"Some {coin} is being redeemed from an earn product."
                mend = "Compare with the venue until it arrives in the main account."
                tell(reading, f"{VENUE}:{coin}", message, mend)
    held.snapshot(EARN)
    return reading.done()


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """All open positions; in hedge mode a contract stands twice, long and short."""
    reading = Reading(evidence, context)
    lines = []
    with exact():
        for row in (one for data in answers(body) for one in rows(data)):
            if size := row.decimal("currentQty"):
                name = contract_id(row.text("symbol"))
                reading.instrument(name, lost=False)
                quantity = -abs(size) if row.text_or("positionSide") == "SHORT" else size
                lines.append(PositionLine(name, quantity, row.decimal("avgEntryPrice")))
    lines.sort(key=lambda one: (one.instrument, one.quantity))
    reading.snapshot(FUTURES, PositionSnapshot(FUTURES, tuple(lines)))
    return reading.done()


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    for _ in answers(body):
        pass
    return Parsed()


PARSERS: Mapping[str, Parser] = {
    **{
        f"{one}/1": _nothing
        for one in ("time", "key", "mode", "orders", "futures-account", "earn-holdings.list", "risk-limits")
    },
    PRIVATE: private_news,
    "symbols/1": rows_parser(_pair),
    "contracts/1": rows_parser(_contract),
    "tickers/1": _tickers,
    "accounts/1": _accounts,
    "margin-accounts/1": _margin,
    "isolated-accounts/1": _isolated,
    "futures-accounts/1": _futures,
    "earn-holdings/1": _holdings,
    "positions/1": _positions,
    "ledger/1": rows_parser(ledger.main_line),
    "trade-ledger/1": rows_parser(ledger.line),
    "margin-ledger/1": rows_parser(ledger.line),
    "fills/1": in_bulk("truenav.connect.cefi.kucoin.fills:fills", rows_parser(ledger.fill)),
    "interest/1": rows_parser(ledger.interest),
    "deposits/1": rows_parser(ledger.deposit),
    "withdrawals/1": rows_parser(ledger.withdrawal),
    "futures-fills/1": rows_parser(ledger.contract_fill),
    "futures-ledger/1": rows_parser(ledger.contract_line),
}
