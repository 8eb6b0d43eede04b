"""Kraken payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.kraken import ledger
from truenav.connect.cefi.kraken.names import (
    MAIN,
    VENUE,
    asset,
    entries,
    is_bound,
    known_asset,
    listed,
    margin_id,
    pair_id,
    stream_name,
)
from truenav.connect.cefi.kraken.notes import answered
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.clock import parse_instant
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, AssetId, divided, exact, rounded

# -- market ---------------------------------------------------------------------------------------


def _pairs(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Terms of each pair, and of positions on margin in it where the venue lends for it.

    A position on margin moves no coins until it is closed: it is one unit of base that pays its profit in
    quote, as a linear perpetual does.
    """
    reading = Reading(evidence, context)
    for key, row in entries(answered(read_json(body))):
        base, quote = (known_asset(reading, row.text(name)) for name in ("base", "quote"))
        if base is None or quote is None or base == quote:
            continue  # a coin for its own variant is no price
        code = row.text_or("wsname") or row.text("altname")
        spot = Instrument(pair_id(key), VENUE, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)
        reading.instruments.append(spot)
        if _lends(row):
            margin = Instrument(
                margin_id(key), VENUE, code, InstrumentKind.PERPETUAL, base, quote, quote, multiplier=ONE
            )
            reading.instruments.append(margin)
    return reading.done()


def _lends(row: Node) -> bool:
    lists = (row.maybe(name) for name in ("leverage_buy", "leverage_sell"))
    return any(node is not None and bool(node.value) for node in lists)


def _tickers(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Last prices, as of the answer: the venue puts no instant on them."""
    reading = Reading(evidence, context)
    with exact():
        for key, row in entries(answered(read_json(body))):
            for terms in filter(None, map(reading.terms, (pair_id(key), margin_id(key)))):
                price, volume = _first(row, "c", 0), _first(row, "v", 1)
                _quote(reading, terms, price, volume, evidence.answered_at)
    return reading.done()


def _first(row: Node, name: str, index: int) -> Decimal:
    parts = list(row.field(name).items())
    if len(parts) <= index:
        raise row.wrong(f"field {name!r} has too few numbers")
    return Node({name: parts[index].value}, row.path).decimal(name)


def _quote(reading: Reading, terms: Instrument, price: Decimal, volume: Decimal, at: datetime) -> None:
    """The last price of a pair, which is the mark of positions on margin in it."""
    if price > 0 and terms.kind is InstrumentKind.SPOT:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume))
    elif price > 0:
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, price))


_UNKNOWN_PAIR = "currency pair not supported"
"""What the refusal of a pair that is listed no more says; the other pairs stand."""


def _stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """One message of the public stream; heartbeats, the venue's status and confirmations state nothing."""
    reading = Reading(evidence, context)
    message = read_json(body)
    if message.flag("success") is False and _UNKNOWN_PAIR not in message.text_or("error").lower():
        raise message.wrong(f"the venue refuses the subscription ({message.text_or('error')[:100]})")
    if message.text_or("channel") != "ticker":
        return reading.done()
    ours = [one for one in context.instruments.instruments.values() if one.venue == VENUE]
    with exact():
        for row in message.field("data").items():
            symbol, told = row.text("symbol"), row.text_or("timestamp")
            at = parse_instant(told, what="timestamp") if told else evidence.answered_at
            for terms in (one for one in ours if stream_name(one) == symbol):
                _quote(reading, terms, row.decimal("last"), row.decimal_or("volume", ZERO), at)
    return reading.done()


# -- state of an account --------------------------------------------------------------------------


def _balances(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The balance, joined with the trade balance: a coin and its variants together.

    What an account uses of a line of credit stands beside the balance and is taken off it. What lies in a
    product, or is on hold, is locked.
    """
    reading = Reading(evidence, context)
    document = read_json(body)
    first = next(iter(document.items()), document) if isinstance(document.value, list) else document
    totals: dict[AssetId, Decimal] = {}
    locked: dict[AssetId, Decimal] = {}
    with exact():
        for code, row in entries(answered(first)):
            held = row.decimal("balance")
            total = held - row.decimal_or("credit_used", ZERO)
            held_back = row.decimal_or("hold_trade", ZERO) + (held if is_bound(code) else ZERO)
            if total or held_back:
                what = asset(reading, code, evidence.answered_at)
                totals[what] = totals.get(what, ZERO) + total
                locked[what] = locked.get(what, ZERO) + held_back
    lines = tuple(BalanceLine(one, totals[one], locked[one]) for one in sorted(totals))
    reading.snapshot(MAIN, BalanceSnapshot(MAIN, lines))
    return reading.done()


_PLACES = 18
"""Of an average price, which is a quotient."""


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Open positions on margin: those of one pair and side as one, at their average price."""
    reading = Reading(evidence, context)
    sizes: dict[tuple[InstrumentId, bool], Decimal] = {}
    costs: dict[tuple[InstrumentId, bool], Decimal] = {}
    with exact():
        for _, row in entries(answered(read_json(body))):
            size = row.decimal("vol") - row.decimal_or("vol_closed", ZERO)
            if size <= 0:
                continue
            terms = listed(reading, row.text("pair"), margin=True)
            name = terms.id if terms is not None else margin_id(row.text("pair"))
            if terms is None:
                reading.instrument(name, lost=False)
            side = name, _is_long(row)
            sizes[side] = sizes.get(side, ZERO) + size
            costs[side] = costs.get(side, ZERO) + divided(row.decimal("cost") * size, row.decimal("vol"))
        lines = tuple(
            PositionLine(name, size if long else -size, rounded(divided(costs[name, long], size), _PLACES))
            for (name, long), size in sorted(sizes.items())
        )
    reading.snapshot(MAIN, PositionSnapshot(MAIN, lines))
    return reading.done()


def _is_long(row: Node) -> bool:
    side = row.text("type")
    if side not in ("buy", "sell"):
        raise row.wrong("type is neither buy nor sell")
    return side == "buy"


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    answered(read_json(body))
    return Parsed()


PARSERS: Mapping[str, Parser] = {
    "time/1": _nothing,
    "trade-balance/1": _nothing,
    "balances.list/1": _nothing,
    "orders/1": _nothing,
    "queried-orders/1": _nothing,
    "allocations/1": _nothing,
    "deposits/1": _nothing,
    "withdrawals/1": _nothing,
    "pairs/1": _pairs,
    "tickers/1": _tickers,
    "stream.ticker/1": _stream,
    PRIVATE: private_news,
    "balances/1": _balances,
    "positions/1": _positions,
    "trades/1": ledger.trades,
    "ledgers/1": ledger.ledger,
}
