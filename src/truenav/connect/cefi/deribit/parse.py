"""Deribit's answers as facts, each thing stated by one endpoint only.

=====================  ========================================================================
account summaries      cash: ``balance`` and what this session's contracts have realised
positions              what is open, entered where the session's unrealised profit counts from
user trades            fills with fees, premiums, spot costs; realised profit as the log tells it
transaction log        everything else that moved cash
=====================  ========================================================================

Deribit settles contracts every day at 08:00 UTC: profit that is not yet settled is in ``equity`` and not in
``balance``, and after the settlement it counts from the settlement price. An option's premium is in
``balance`` at once; its value is in ``equity`` only. So ``equity`` is ``balance`` + ``futures_session_rpl`` +
``futures_session_upl`` + ``options_value``: here the first two are cash, the others are valued by mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.deribit.ledger import WALLET, profits_noted, read_log
from truenav.connect.cefi.deribit.terms import deribit_id, is_combination, known_terms, read_terms
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading, tag_of
from truenav.core.evidence import Evidence
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    PositionLine,
    PositionSnapshot,
    Quote,
    QuoteKind,
    Trade,
)
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, Amount, exact, parse_decimal, rounded

ENTRY_PLACES = 12


def _reader(rows: Callable[[Node], Iterable[Node]], read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands each row of the result to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            for row in rows(_result(body)):
                read(reading, row)
        return reading.done()

    return parse


def _result(body: bytes) -> Node:
    document = read_json(body)
    if (error := document.maybe("error")) is not None:
        raise document.wrong(f"the answer is the refusal {error.text('code')}")
    return document.field("result")


def _summary(reading: Reading, row: Node) -> None:
    """Mark of a contract, last price of a spot market."""
    _quote(reading, row, row.instant("creation_timestamp"), last="last", volume="volume")


def _ticker(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """One message of the ticker channels; answers and heartbeats state nothing."""
    reading = Reading(evidence, context)
    message = read_json(body)
    if (error := message.maybe("error")) is not None:
        raise message.wrong(f"the venue refuses the subscription ({error.text_or('code')})")
    if message.text_or("method") == "subscription":
        params = message.field("params")
        if not params.text("channel").startswith("ticker."):
            raise message.wrong("it is of a channel that nobody subscribed to")
        row = params.field("data")
        with exact():
            _quote(reading, row, row.instant("timestamp"), last="last_price", volume="")
    return reading.done()


def _quote(reading: Reading, row: Node, at: datetime, *, last: str, volume: str) -> None:
    terms = reading.context.instruments.instruments.get(deribit_id(row.text("instrument_name")))
    if terms is None:
        return
    if terms.kind is InstrumentKind.SPOT:
        if (price := row.decimal_or(last, ZERO)) > 0:
            traded = row.decimal_or(volume, ZERO) if volume else _traded(row)
            reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.LAST, price, traded))
        return
    mark = row.decimal("mark_price")
    option = terms.kind is InstrumentKind.OPTION
    if mark > 0 or (mark == 0 and option):
        currency = terms.settle if option else terms.quote
        reading.quote(terms.id, at, Quote(terms.id, currency, QuoteKind.MARK, mark))


def _traded(row: Node) -> Decimal:
    stats = row.maybe("stats")
    return ZERO if stats is None else stats.decimal_or("volume", ZERO)


def _account(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Cash by currency. An account without money lists its currencies, too: no row is no answer."""
    reading = Reading(evidence, context)
    rows = list(_result(body).field("summaries").items())
    if not rows:
        raise read_json(body).wrong("no currency is listed, so the balances are unknown")
    lines = []
    with exact():
        for row in rows:
            if total := row.decimal("balance") + realised_in_session(row):
                asset = reading.asset(row.text("currency"), evidence.answered_at)
                lines.append(BalanceLine(asset, total, row.decimal_or("spot_reserve", ZERO)))
    lines.sort(key=lambda line: line.asset)
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, tuple(lines)))
    return reading.done()


def realised_in_session(row: Node) -> Decimal:
    """Realised profit of futures that waits for the next settlement, with its funding.

    An option's realised profit is its premium, which is in the balance already.
    """
    if row.maybe("futures_session_rpl") is not None:
        return row.decimal("futures_session_rpl")
    return row.decimal_or("session_rpl", ZERO) - row.decimal_or("options_session_rpl", ZERO)


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    with exact():
        lines = [line for row in _result(body).items() if (line := _position(reading, row)) is not None]
    lines.sort(key=lambda line: (line.instrument, line.quantity))
    reading.snapshot(WALLET, PositionSnapshot(WALLET, tuple(lines)))
    return reading.done()


def _position(reading: Reading, row: Node) -> PositionLine | None:
    """``size`` is in quote units for inverse contracts and in units of base for all others.

    Without the terms it cannot be told in contracts, so a position of unknown terms leaves all unread.
    """
    size = abs(row.decimal("size"))
    if not size:
        return None
    signed = size * _sign(row.text("direction"), row)
    name = row.text("instrument_name")
    terms = known_terms(reading, name)
    if terms is None:
        raise row.wrong(f"the terms of {name[:60]} are not known; gather the venue's market again")
    quantity = signed / terms.multiplier
    if terms.kind is InstrumentKind.OPTION:
        delta = row.decimal("delta") if row.text_or("delta") else None
        return PositionLine(terms.id, quantity, row.decimal("average_price"), delta)
    return PositionLine(terms.id, quantity, session_entry(terms, signed, row))


def session_entry(terms: Instrument, size: Decimal, row: Node) -> Decimal:
    """The price from which a position's unsettled profit counts, to 12 decimals.

    ``average_price`` is that of all trades, and what they earned until the last settlement is in the balance
    already. From ``floating_profit_loss`` *p*, mark *m* and size *s*: linear ``m - p / s``, inverse
    ``1 / (1 / m + p / s)``.
    """
    mark, profit = row.decimal("mark_price"), row.decimal("floating_profit_loss")
    if mark <= 0:
        raise row.wrong("mark_price is not above zero")
    if not terms.inverse:
        return rounded(mark - profit / size, ENTRY_PLACES)
    reciprocal = ONE / mark + profit / size
    if reciprocal <= 0:
        raise row.wrong("floating_profit_loss does not fit size and mark_price")
    return rounded(ONE / reciprocal, ENTRY_PLACES)


def _sign(direction: str, row: Node) -> int:
    if direction not in ("buy", "sell"):
        raise row.wrong("direction is neither buy nor sell")
    return 1 if direction == "buy" else -1


def _trades(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading, profits = Reading(evidence, context), profits_noted(evidence)
    with exact():
        for row in _result(body).field("trades").items():
            _trade(reading, row, profits)
    return reading.done()


def _trade(reading: Reading, row: Node, profits: Mapping[str, str]) -> None:
    """A fill; of a combination its legs, which are listed by themselves, state it."""
    name, at = row.text("instrument_name"), row.instant("timestamp")
    if is_combination(name):
        return
    terms = known_terms(reading, name)
    if terms is None:
        reading.instrument(deribit_id(name), lost=True)
        return
    trade = row.text("trade_id")
    paid_at_once = terms.kind in (InstrumentKind.SPOT, InstrumentKind.OPTION)
    if not paid_at_once and trade not in profits:
        reading.lost(
            f"deribit:{trade}",
            f"The log does not tell what the trade {trade} of {name} realised.",
            "Gather again; if it stays, compare the trade with the venue's transaction log.",
        )
        return
    amount = row.decimal("amount") * _sign(row.text("direction"), row)
    price, fee = row.decimal("price"), row.decimal_or("fee", ZERO)
    currency = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
    label = row.text_or("label")
    body = Trade(
        wallet=WALLET,
        instrument=terms.id,
        quantity=amount / terms.multiplier,
        price=price,
        cost=Amount(-amount * price, currency) if paid_at_once else None,
        realised=None if paid_at_once else Amount(parse_decimal(profits[trade]), terms.settle),
        fees=(Amount(-fee, reading.asset(row.text("fee_currency"), at)),) if fee else (),
        order_id=row.text("order_id"),
        tag=tag_of(label) or label or None,
    )
    reading.state(f"trade:{trade}", at, body)


def _nothing(reading: Reading, row: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading
    row.maybe("")


PARSERS: Mapping[str, Parser] = {
    PRIVATE: private_news,
    "time/1": _reader(lambda result: (result,), lambda reading, row: None),
    "instruments/1": _reader(Node.items, read_terms),
    "book-summaries/1": _reader(Node.items, _summary),
    "stream.ticker/1": _ticker,
    "account/1": _account,
    "positions/1": _positions,
    "open-orders/1": _reader(Node.items, _nothing),
    "trades/1": in_bulk("truenav.connect.cefi.deribit.fills:fills", _trades),
    "log/1": _reader(lambda result: (result,), read_log),
}
