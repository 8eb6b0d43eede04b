"""Binance's payloads as facts. Pure: evidence, bytes and context in, facts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from truenav.connect.cefi.binance.fills import spot_trades
from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.fills import in_bulk
from truenav.connect.reading import Reading, noted_tags
from truenav.core.evidence import Evidence
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
from truenav.core.money import ONE, ZERO, Amount, exact

VENUE = MANIFEST.name
USDM = "binance-usdm"
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


def spot_id(symbol: str) -> InstrumentId:
    """Id of a spot market."""
    return instrument_id(VENUE, symbol)


def usdm_id(symbol: str) -> InstrumentId:
    """Id of a USD-M contract."""
    return instrument_id(USDM, symbol)


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


def _usdm_info(reading: Reading, document: Node) -> None:
    for row in document.field("symbols").items():
        symbol = row.text("symbol")
        names = ("baseAsset", "quoteAsset", "marginAsset")
        base, quote, settle = (reading.known_asset(row.text(name)) for name in names)
        if base is None or quote is None or settle is None:
            continue
        expiry_at = row.instant("deliveryDate")
        dated = expiry_at < _FOREVER
        reading.instruments.append(
            Instrument(
                id=usdm_id(symbol),
                venue=VENUE,
                code=symbol,
                kind=InstrumentKind.FUTURE if dated else InstrumentKind.PERPETUAL,
                base=base,
                quote=quote,
                settle=settle,
                multiplier=ONE,
                expiry_at=expiry_at if dated else None,
            )
        )


def _spot_ticker(reading: Reading, document: Node) -> None:
    for row in document.items():
        terms = reading.context.instruments.instruments.get(spot_id(row.text("symbol")))
        price, at = row.decimal("lastPrice"), row.instant("closeTime")
        if terms is not None and price > 0:
            quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, row.decimal("volume"))
            reading.quote(terms.id, at, quote)


def _usdm_marks(reading: Reading, document: Node) -> None:
    for row in document.items():
        terms = reading.context.instruments.instruments.get(usdm_id(row.text("symbol")))
        if terms is None:
            continue
        at = row.instant("time")
        if (mark := row.decimal("markPrice")) > 0:
            reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, mark))
        if (index := row.decimal_or("indexPrice", ZERO)) > 0:
            reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


def _told(message: Node) -> list[Node]:
    """The events of a stream's message: one or an array, bare or wrapped by the name of their stream.

    The answer to a subscription tells none; a refusal is no event.
    """
    if isinstance(message.value, dict):
        if "result" in message.value:
            return []
        message = message.maybe("data") or message
    return list(message.items()) if isinstance(message.value, list) else [message]


def _mini_tickers(reading: Reading, message: Node) -> None:
    for event in _told(message):
        terms = reading.context.instruments.instruments.get(spot_id(event.text("s")))
        price, at = event.decimal("c"), event.instant("E")
        if terms is not None and price > 0:
            quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, event.decimal("v"))
            reading.quote(terms.id, at, quote)


def _mark_events(reading: Reading, message: Node) -> None:
    for event in _told(message):
        terms = reading.context.instruments.instruments.get(usdm_id(event.text("s")))
        mark, index, at = event.decimal("p"), event.decimal_or("i", ZERO), event.instant("E")
        if terms is None:
            continue
        if mark > 0:
            reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, mark))
        if index > 0:
            reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


def _spot_account(reading: Reading, document: Node) -> None:
    lines = []
    for row in document.field("balances").items():
        free, locked = row.decimal("free"), row.decimal("locked")
        if free or locked:
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            lines.append(BalanceLine(asset, free + locked, locked))
    reading.snapshot("spot", BalanceSnapshot("spot", tuple(sorted(lines, key=lambda line: line.asset))))


def _usdm_account(reading: Reading, document: Node) -> None:
    balances = []
    for row in document.field("assets").items():
        if total := row.decimal("walletBalance"):
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            balances.append(BalanceLine(asset, total))
    reading.snapshot("usdm", BalanceSnapshot("usdm", tuple(sorted(balances, key=lambda line: line.asset))))
    positions = []
    for row in document.field("positions").items():
        if quantity := row.decimal("positionAmt"):
            name = usdm_id(row.text("symbol"))
            reading.instrument(name, lost=False)
            positions.append(PositionLine(name, quantity, row.decimal("entryPrice")))
    lines = tuple(sorted(positions, key=lambda line: (line.instrument, line.quantity)))
    reading.snapshot("usdm", PositionSnapshot("usdm", lines))


def _spot_trades(reading: Reading, document: Node) -> None:
    tags = noted_tags(reading.evidence)
    for row in document.items():
        terms = reading.instrument(spot_id(row.text("symbol")), lost=True)
        order = row.text("orderId")
        if terms is None or _order_unknown(reading, tags, order):
            continue
        at, sign = row.instant("time"), 1 if _flag(row, "isBuyer") else -1
        body = Trade(
            wallet="spot",
            instrument=terms.id,
            quantity=sign * row.decimal("qty"),
            price=row.decimal("price"),
            cost=Amount(-sign * row.decimal("quoteQty"), terms.quote),
            realised=None,
            fees=_fees(reading, row, at),
            order_id=order,
            tag=(tags or {}).get(order),
        )
        reading.state(f"{terms.id}:{row.text('id')}", at, body)


def _usdm_trades(reading: Reading, document: Node) -> None:
    tags = noted_tags(reading.evidence)
    for row in document.items():
        terms = reading.instrument(usdm_id(row.text("symbol")), lost=True)
        order = row.text("orderId")
        if terms is None or _order_unknown(reading, tags, order):
            continue
        at, sign = row.instant("time"), 1 if _flag(row, "buyer") else -1
        realised = row.decimal("realizedPnl")
        body = Trade(
            wallet="usdm",
            instrument=terms.id,
            quantity=sign * row.decimal("qty"),
            price=row.decimal("price"),
            cost=None,
            realised=Amount(realised, terms.settle),
            fees=_fees(reading, row, at),
            order_id=order,
            tag=(tags or {}).get(order),
        )
        reading.state(f"{terms.id}:{row.text('id')}", at, body)


def _order_unknown(reading: Reading, tags: Mapping[str, str | None] | None, order: str) -> bool:
    """Whether the trade's order was not looked up; without it the trade's tag would be a guess."""
    if tags is not None and order in tags:
        return False
    reading.lost(
        f"order {order}",
        f"Order {order} of a trade is not in the venue's order list.",
        "Gather again; the trades are read again until their orders are known.",
    )
    return True


def _flag(row: Node, name: str) -> bool:
    value = row.flag(name)
    if value is None:
        raise row.wrong(f"field {name!r} is missing or not true or false")
    return value


def _fees(reading: Reading, row: Node, at: datetime) -> tuple[Amount, ...]:
    commission = row.decimal("commission")
    if not commission:
        return ()
    return (Amount(-commission, reading.asset(row.text("commissionAsset"), at)),)


def income_id(node: Node) -> str:
    """An income's identity: the transaction is unique within its type, asset and symbol."""
    parts = (node.text("incomeType"), node.text("tranId"), node.text_or("symbol"), node.text("asset"))
    return ":".join((*parts, node.text_or("tradeId")))


def _income(reading: Reading, document: Node) -> None:
    for row in document.items():
        kind = row.text("incomeType")
        if kind in _FROM_TRADES:
            continue
        at, number = row.instant("time"), row.decimal("income")
        amount = Amount(number, reading.asset(row.text("asset"), at))
        if kind in _INCOME_TRANSFERS:
            reading.state(income_id(row), at, Transfer("usdm", amount, TransferKind.INTERNAL))
            continue
        cash = _INCOME_KINDS.get(kind) or _by_sign(reading, kind, number)
        symbol = row.text_or("symbol")
        reading.state(income_id(row), at, CashFlow("usdm", cash, amount, usdm_id(symbol) if symbol else None))


def _by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    where = f"{reading.venue} {reading.evidence.endpoint}"
    message = f"Income of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    reading.problems.setdefault((kind, message), Problem(where, message, mend, subject=kind))
    return CashKind.FEE if number < 0 else CashKind.REWARD


_SPOT_WALLET = "0"


def _deposits(reading: Reading, document: Node) -> None:
    for row in document.items():
        if row.text("status") not in ("1", "6") or row.text_or("walletType", _SPOT_WALLET) != _SPOT_WALLET:
            continue
        at = row.instant("insertTime")
        amount = Amount(row.decimal("amount"), reading.asset(row.text("coin"), at))
        body = Transfer("spot", amount, TransferKind.EXTERNAL, row.text_or("address"), row.text_or("txId"))
        reading.state(f"deposit:{row.text('id')}", at, body)


def _withdrawals(reading: Reading, document: Node) -> None:
    for row in document.items():
        if row.text("status") != "6" or row.text_or("walletType", _SPOT_WALLET) != _SPOT_WALLET:
            continue
        at = utc_time(row, "applyTime")
        asset = reading.asset(row.text("coin"), at)
        fee = row.decimal_or("transactionFee", ZERO)
        body = Transfer(
            wallet="spot",
            amount=Amount(-row.decimal("amount"), asset),
            kind=TransferKind.EXTERNAL,
            counterpart=row.text_or("address"),
            txid=row.text_or("txId"),
            fee=Amount(-fee, asset) if fee else None,
        )
        reading.state(f"withdrawal:{row.text('id')}", at, body)


def utc_time(row: Node, name: str) -> datetime:
    """Binance's ``2026-01-31 08:00:00``, which is UTC."""
    text = row.text(name)
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise row.wrong(f"field {name!r} is not a time such as 2026-01-31 08:00:00") from error


def _transfers(reading: Reading, document: Node) -> None:
    """The spot wallet's side of a transfer; the other side stands in the futures wallet's own income."""
    rows = document.maybe("rows")
    for row in rows.items() if rows is not None else ():
        if row.text("status") != "CONFIRMED":
            continue
        at, kind = row.instant("timestamp"), row.text("type")
        sign = -1 if kind.startswith("MAIN_") else 1
        amount = Amount(sign * row.decimal("amount"), reading.asset(row.text("asset"), at))
        body = Transfer("spot", amount, TransferKind.INTERNAL, counterpart="usdm")
        reading.state(f"transfer:{row.text('tranId')}", at, body)


def _array(reading: Reading, document: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading
    document.items()


def _object(reading: Reading, document: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading
    document.maybe("")


PARSERS: Mapping[str, Parser] = {
    "spot.time/1": _parser(_object),
    "spot.exchangeInfo/1": _parser(_spot_info),
    "spot.ticker/1": _parser(_spot_ticker),
    "spot.stream.miniTicker/1": _parser(_mini_tickers),
    "spot.account/1": _parser(_spot_account),
    "spot.openOrders/1": _parser(_array),
    "spot.orders/1": _parser(_array),
    "spot.trades/1": in_bulk(spot_trades, _parser(_spot_trades)),
    "usdm.exchangeInfo/1": _parser(_usdm_info),
    "usdm.premiumIndex/1": _parser(_usdm_marks),
    "usdm.stream.markPrice/1": _parser(_mark_events),
    "usdm.account/1": _parser(_usdm_account),
    "usdm.openOrders/1": _parser(_array),
    "usdm.orders/1": _parser(_array),
    "usdm.trades/1": _parser(_usdm_trades),
    "usdm.income/1": _parser(_income),
    "key.restrictions/1": _parser(_object),
    "wallet.deposits/1": _parser(_deposits),
    "wallet.withdrawals/1": _parser(_withdrawals),
    "wallet.transfers/1": _parser(_transfers),
}
