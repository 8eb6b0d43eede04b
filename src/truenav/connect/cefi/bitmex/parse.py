"""BitMEX's answers as facts, each thing stated by one endpoint only.

====================  =======================================================================
wallets and margins   cash by currency
positions             what is open, entered at the venue's average
executions            fills, funding and settlements with their fees, and what they realised
wallet history        everything else that moved cash
====================  =======================================================================

``marginBalance`` of a currency is ``walletBalance`` and its unrealised profit: here the first is cash, the
second is valued by mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from truenav.connect.cefi.bitmex.answers import WALLET, Money, bitmex_id, moment
from truenav.connect.cefi.bitmex.executions import read_executions
from truenav.connect.cefi.bitmex.ledger import read_ledger
from truenav.connect.cefi.bitmex.terms import read_terms
from truenav.connect.cefi.bitmex.units import read_units, units_noted
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    PositionLine,
    PositionSnapshot,
    Quote,
    QuoteKind,
)
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ZERO, exact


def _reader(read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands the whole document to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            read(reading, read_json(body))
        return reading.done()

    return parse


def _assets(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence of the units; it states no facts of its own."""
    del evidence, context
    read_units(body)
    return Parsed()


def _instruments(reading: Reading, document: Node) -> None:
    """Terms of all markets, and prices of those that are open."""
    units = units_noted(reading.evidence, document)
    for row in document.items():
        terms = read_terms(reading, units, row)
        if terms is None:
            continue
        reading.instruments.append(terms)
        if row.text_or("state") == "Open":
            base, _, _ = terms.code.partition("_")
            spot = terms.kind is InstrumentKind.SPOT
            _quote(reading, row, terms, units.unit(base, row).size if spot else None)


def _quote(reading: Reading, row: Node, terms: Instrument, unit: Decimal | None) -> None:
    """Mark of a contract, last price of a pair; a pair's volume is counted in units of its base."""
    spot = terms.kind is InstrumentKind.SPOT
    price = row.decimal_or("lastPrice" if spot else "markPrice", ZERO)
    if price <= 0:
        return
    at = moment(row, "timestamp")
    if not spot:
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, price))
        return
    told = unit is not None and row.text_or("volume24h")
    volume = row.decimal("volume24h") * unit if told and unit is not None else None
    reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume))


def _stream(reading: Reading, document: Node) -> None:
    """One message of the instrument table; greetings and answers state nothing."""
    if document.maybe("error") is not None:
        raise document.wrong("the venue refuses the subscription")
    if document.text_or("table") != "instrument" or document.text("action") == "delete":
        return
    for row in document.field("data").items():
        terms = reading.terms(bitmex_id(row.text("symbol")))
        if terms is not None:
            _quote(reading, row, terms, None)


def _balances(reading: Reading, document: Node) -> None:
    """Cash by currency: ``walletBalance`` of its margin, else ``amount`` of its wallet.

    The one includes what was realised since the wallet was last written. A currency that is a sum of
    others is none. An account without money lists its currencies, too: no row is no answer.
    """
    money = Money(reading, units_noted(reading.evidence, document))
    parts = [list(part.items()) for part in document.items()]
    wallets, margins = parts if len(parts) == 2 else ([], [])
    if not wallets or not margins:
        raise document.wrong("no currency is listed, so the balances are unknown")
    held: dict[str, tuple[Node, str]] = {}
    for rows, name in ((wallets, "amount"), (margins, "walletBalance")):
        held |= {row.text("currency"): (row, name) for row in rows if row.text_or(name)}
    lines = []
    for currency, (row, name) in held.items():
        coin, total = money.units.unit(currency, row).coin, money.number(row, name, currency)
        if coin and total:
            lines.append(BalanceLine(reading.asset(coin, reading.evidence.answered_at), total))
    lines.sort(key=lambda line: line.asset)
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, tuple(lines)))


def _positions(reading: Reading, document: Node) -> None:
    lines = [line for row in document.items() if (line := _position(reading, row)) is not None]
    lines.sort(key=lambda line: (line.instrument, line.quantity))
    reading.snapshot(WALLET, PositionSnapshot(WALLET, tuple(lines)))


def _position(reading: Reading, row: Node) -> PositionLine | None:
    """``currentQty`` is in contracts, sold negative; where both sides are held each has a row."""
    quantity = row.decimal_or("currentQty", ZERO)
    if not quantity:
        return None
    name = bitmex_id(row.text("symbol"))
    reading.instrument(name, lost=False)
    return PositionLine(name, quantity, row.decimal("avgEntryPrice"))


def _nothing(reading: Reading, document: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading
    list(document.items())


def _time(reading: Reading, document: Node) -> None:
    del reading
    document.instant("timestamp")


PARSERS: Mapping[str, Parser] = {
    "time/1": _reader(_time),
    "assets/1": _assets,
    "instruments/1": _reader(_instruments),
    "active/1": _reader(_instruments),
    "stream.instrument/1": _reader(_stream),
    PRIVATE: private_news,
    "wallets/1": _reader(_nothing),
    "margins/1": _reader(_nothing),
    "balances/1": _reader(_balances),
    "positions/1": _reader(_positions),
    "orders/1": _reader(_nothing),
    "executions/1": _reader(read_executions),
    "wallet-history/1": _reader(read_ledger),
}
