"""Binance's payloads as facts. Pure: evidence, bytes and context in, facts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.binance import earn, margin
from truenav.connect.cefi.binance.futures import COINM, USDM
from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.cefi.binance.products import READERS
from truenav.connect.cefi.binance.rows import fees, order_unknown, required_flag, told
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading, noted_tags
from truenav.core.evidence import Evidence
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    Quote,
    QuoteKind,
    Trade,
)
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE, Amount, exact

VENUE = MANIFEST.name


def spot_id(symbol: str) -> InstrumentId:
    """Id of a spot market."""
    return instrument_id(VENUE, symbol)


def _parser(read: Callable[[Reading, Node], None]) -> Parser:
    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            read(reading, read_json(body))
        return reading.done()

    return parse


def _spot_info(reading: Reading, document: Node) -> None:
    for row in document.field("symbols").items():
        symbol = row.text("symbol")
        base, quote = (reading.known_asset(row.text(name)) for name in ("baseAsset", "quoteAsset"))
        if base is not None and quote is not None:
            reading.instruments.append(
                Instrument(
                    spot_id(symbol), VENUE, symbol, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE
                )
            )


def _spot_ticker(reading: Reading, document: Node) -> None:
    for row in document.items():
        terms = reading.context.instruments.instruments.get(spot_id(row.text("symbol")))
        price, at = row.decimal("lastPrice"), row.instant("closeTime")
        if terms is not None and price > 0:
            quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, row.decimal("volume"))
            reading.quote(terms.id, at, quote)


def _mini_tickers(reading: Reading, message: Node) -> None:
    for event in told(message):
        terms = reading.context.instruments.instruments.get(spot_id(event.text("s")))
        price, at = event.decimal("c"), event.instant("E")
        if terms is not None and price > 0:
            quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, event.decimal("v"))
            reading.quote(terms.id, at, quote)


def _spot_account(reading: Reading, document: Node) -> None:
    lines, receipts = [], earn.receipts(reading.evidence)
    for row in document.field("balances").items():
        free, locked = row.decimal("free"), row.decimal("locked")
        if (free or locked) and row.text("asset") not in receipts:
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            lines.append(BalanceLine(asset, free + locked, locked))
    reading.snapshot("spot", BalanceSnapshot("spot", tuple(sorted(lines, key=lambda line: line.asset))))


def _spot_trades(reading: Reading, document: Node) -> None:
    tags = noted_tags(reading.evidence)
    for row in document.items():
        terms = reading.instrument(spot_id(row.text("symbol")), lost=True)
        order = row.text("orderId")
        if terms is None or order_unknown(reading, tags, order):
            continue
        at, sign = row.instant("time"), 1 if required_flag(row, "isBuyer") else -1
        body = Trade(
            wallet="spot",
            instrument=terms.id,
            quantity=sign * row.decimal("qty"),
            price=row.decimal("price"),
            cost=Amount(-sign * row.decimal("quoteQty"), terms.quote),
            realised=None,
            fees=fees(reading, row, at),
            order_id=order,
            tag=(tags or {}).get(order),
        )
        reading.state(f"{terms.id}:{row.text('id')}", at, body)


def _array(reading: Reading, document: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading
    document.items()


def _object(reading: Reading, document: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading
    document.maybe("")


PARSERS: Mapping[str, Parser] = {
    PRIVATE: private_news,
    "spot.time/1": _parser(_object),
    "spot.exchangeInfo/1": _parser(_spot_info),
    "spot.ticker/1": _parser(_spot_ticker),
    "spot.stream.miniTicker/1": _parser(_mini_tickers),
    "spot.account/1": _parser(_spot_account),
    "spot.openOrders/1": _parser(_array),
    "spot.orders/1": _parser(_array),
    "spot.trades/1": in_bulk("truenav.connect.cefi.binance.fills:spot_trades", _parser(_spot_trades)),
    "usdm.exchangeInfo/1": _parser(USDM.info),
    "usdm.premiumIndex/1": _parser(USDM.marks),
    "usdm.stream.markPrice/1": _parser(USDM.mark_events),
    "usdm.fundingRate/1": _parser(_array),
    "usdm.account/1": _parser(USDM.account),
    "usdm.openOrders/1": _parser(_array),
    "usdm.orders/1": _parser(_array),
    "usdm.order.place/1": _parser(_object),
    "usdm.order/1": _parser(_object),
    "usdm.order.cancel/1": _parser(_object),
    "usdm.order.trades/1": _parser(_array),
    "usdm.trades/1": _parser(USDM.trades),
    "usdm.income/1": _parser(USDM.income),
    "coinm.exchangeInfo/1": _parser(COINM.info),
    "coinm.premiumIndex/1": _parser(COINM.marks),
    "coinm.stream.markPrice/1": _parser(COINM.mark_events),
    "coinm.account/1": _parser(COINM.account),
    "coinm.openOrders/1": _parser(_array),
    "coinm.orders/1": _parser(_array),
    "coinm.trades/1": _parser(COINM.trades),
    "coinm.income/1": _parser(COINM.income),
    "margin.account/1": _parser(margin.account),
    "margin.openOrders/1": _parser(_array),
    "margin.orders/1": _parser(_array),
    "margin.trades/1": _parser(margin.trades),
    "margin.interest/1": _parser(margin.interest),
    "key.restrictions/1": _parser(_object),
    **{name: _parser(read) for name, read in READERS.items()},
}
