"""OKX v5 payloads as facts. Pure: evidence, bytes and context in, facts out.

Cash of the trading account moves by its fills (cost, realised profit, fee) and by the bills that are no
trades; both together are every change of ``cashBal``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.okx import earn
from truenav.connect.cefi.okx.earn import answered
from truenav.connect.cefi.okx.manifest import MANIFEST
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading, tag_of
from truenav.core.contracts import dated_name
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
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight, instrument_id
from truenav.core.money import ONE, ZERO, Amount, exact

VENUE = MANIFEST.name
_KINDS: Mapping[str, InstrumentKind] = {
    "SPOT": InstrumentKind.SPOT,
    "SWAP": InstrumentKind.PERPETUAL,
    "FUTURES": InstrumentKind.FUTURE,
    "OPTION": InstrumentKind.OPTION,
}
_RIGHTS = {"C": OptionRight.CALL, "P": OptionRight.PUT}
_FUNDING_ACCOUNT = "6"
_TRANSFER, _DELIVERY = "1", "3"
_TRADES = frozenset({"2", "5", "9", "14", "24"})
"""Trade, liquidation, auto-deleveraging, block and spread trade: stated by the fills."""
_CASH: Mapping[str, CashKind] = {
    "4": CashKind.REALISED,
    "7": CashKind.INTEREST,
    "8": CashKind.FUNDING,
    "10": CashKind.FEE,
    "11": CashKind.REALISED,
    "18": CashKind.REALISED,
    "22": CashKind.REALISED,
    "26": CashKind.REALISED,
    "27": CashKind.REALISED,
    "28": CashKind.REALISED,
    "29": CashKind.REALISED,
    "30": CashKind.REALISED,
    "33": CashKind.REALISED,
    "34": CashKind.SETTLEMENT,
}
_DELIVERS_LONG: Mapping[str, bool] = {"112": True, "113": False}
"""Bill subtypes of a future's delivery: long, short."""


def okx_id(name: str) -> InstrumentId:
    """Id of a market."""
    return instrument_id(VENUE, name)


def _parser(read: Callable[[Reading, Node], None]) -> Parser:
    """A parser that hands each row of ``data`` to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        with exact():
            for row in answered(read_json(body)):
                read(reading, row)
        return reading.done()

    return parse


def _instrument(reading: Reading, row: Node) -> None:
    kind = _KINDS.get(row.text("instType"))
    if kind is None:
        return
    name = row.text("instId")
    if kind is InstrumentKind.SPOT:
        base, quote = reading.known_asset(row.text("baseCcy")), reading.known_asset(row.text("quoteCcy"))
        if base is not None and quote is not None:
            reading.instruments.append(
                Instrument(okx_id(name), VENUE, name, kind, base, quote, quote, multiplier=ONE)
            )
        return
    base_code, _, quote_code = (row.text_or("instFamily") or row.text("uly")).partition("-")
    # Families such as BTC-USD_UM name the quote before an underscore.
    codes = (base_code, quote_code.partition("_")[0], row.text("settleCcy"))
    assets = [reading.known_asset(code) for code in codes]
    if None in assets:
        return
    base, quote, settle = assets
    assert base is not None
    assert quote is not None
    assert settle is not None
    multiplier = row.decimal("ctVal") * row.decimal_or("ctMult", ONE)
    if multiplier <= 0:
        raise row.wrong("a contract has no size")
    reading.instruments.append(
        Instrument(
            id=okx_id(name),
            venue=VENUE,
            code=name,
            kind=kind,
            base=base,
            quote=quote,
            settle=settle,
            multiplier=multiplier,
            inverse=row.text_or("ctType") == "inverse",
            expiry_at=row.instant("expTime") if row.text_or("expTime") else None,
            strike=row.decimal("stk") if kind is InstrumentKind.OPTION else None,
            right=_right(row) if kind is InstrumentKind.OPTION else None,
        )
    )


def _right(row: Node) -> OptionRight:
    right = _RIGHTS.get(row.text("optType"))
    if right is None:
        raise row.wrong("optType is neither C nor P")
    return right


def _mark(reading: Reading, row: Node) -> None:
    terms = reading.context.instruments.instruments.get(okx_id(row.text("instId")))
    price = row.decimal("markPx")
    if terms is None or price < 0 or (price == 0 and terms.kind is not InstrumentKind.OPTION):
        return
    currency = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
    reading.quote(terms.id, row.instant("ts"), Quote(terms.id, currency, QuoteKind.MARK, price))


def _ticker(reading: Reading, row: Node) -> None:
    terms = reading.context.instruments.instruments.get(okx_id(row.text("instId")))
    if terms is None or terms.kind is not InstrumentKind.SPOT:
        return
    if (price := row.decimal_or("last", ZERO)) > 0:
        volume = row.decimal_or("vol24h", ZERO)
        quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume)
        reading.quote(terms.id, row.instant("ts"), quote)


_CHANNELS: Mapping[str, Callable[[Reading, Node], None]] = {"mark-price": _mark, "tickers": _ticker}
_NO_SUCH_CHANNEL = "60018"
"""An expired or unlisted market: the others of the subscription stand."""


def _public_stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """One message of the public channel; answers to subscriptions state nothing."""
    reading = Reading(evidence, context)
    message = read_json(body)
    if message.text_or("event") == "error" and message.text_or("code") != _NO_SUCH_CHANNEL:
        raise message.wrong(f"the venue refuses the subscription ({message.text_or('code')})")
    if not message.text_or("event"):
        read = _CHANNELS.get(message.field("arg").text("channel"))
        if read is None:
            raise message.wrong("it is of a channel that nobody subscribed to")
        with exact():
            for row in message.field("data").items():
                read(reading, row)
    return reading.done()


def _balance(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Cash of each coin. What is owed in cross margin is a negative one: ``liab`` tells the same debt again,
    with the hour's interest, which a bill takes from the cash when the hour is over.
    """
    reading = Reading(evidence, context)
    accounts = answered(read_json(body))
    if not accounts:  # an account without money is listed, too
        raise read_json(body).field("data").wrong("no account is listed, so its balances are unknown")
    lines = []
    with exact():
        for row in (detail for one in accounts for detail in one.field("details").items()):
            if total := row.decimal("cashBal"):
                asset = reading.asset(row.text("ccy"), evidence.answered_at)
                lines.append(BalanceLine(asset, total, row.decimal_or("ordFrozen", ZERO)))
    lines.sort(key=lambda line: line.asset)
    reading.snapshot("trading", BalanceSnapshot("trading", tuple(lines)))
    return reading.done()


def _funding_balances(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    lines = []
    with exact():
        for row in answered(read_json(body)):
            if total := row.decimal("bal"):
                asset = reading.asset(row.text("ccy"), evidence.answered_at)
                lines.append(BalanceLine(asset, total, row.decimal_or("frozenBal", ZERO)))
    lines.sort(key=lambda line: line.asset)
    reading.snapshot("funding", BalanceSnapshot("funding", tuple(lines)))
    return reading.done()


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    with exact():
        lines = [line for row in answered(read_json(body)) if (line := _position(reading, row)) is not None]
    lines.sort(key=lambda line: (line.instrument, line.quantity))
    reading.snapshot("trading", PositionSnapshot("trading", tuple(lines)))
    return reading.done()


def _position(reading: Reading, row: Node) -> PositionLine | None:
    name, quantity = okx_id(row.text("instId")), row.decimal_or("pos", ZERO)
    if not quantity:
        return None
    if row.text("instType") == "MARGIN":
        reading.lost(
            name,
            f"The margin position {name} holds assets apart from the balance.",
            "Close isolated margin positions or enter them as manual items; they are not valued yet.",
        )
        return None
    reading.instrument(name, lost=False)
    if row.text_or("mgnMode") == "isolated" and (margin := row.decimal_or("margin", ZERO)):
        reading.lost(
            name,
            f"The isolated position {name} keeps {margin} {row.text('ccy')} of margin in itself.",
            "Hold it in cross margin or enter the margin as a manual item; only its profit is valued yet.",
        )
    if row.text_or("posSide") == "short":
        quantity = -abs(quantity)
    delta = row.decimal("deltaPA") if row.text_or("deltaPA") else None
    return PositionLine(name, quantity, row.decimal("avgPx"), delta)


_EXPIRY_TIME = time(8, tzinfo=UTC)


def _terms(reading: Reading, name: str) -> Instrument | None:
    """Terms of a market; of an expired one, which OKX lists no more, from its family.

    A name tells expiry, strike and right (``BTC-USD-261218-40000-C``); contract size, currency and kind
    are the family's, so any listed sibling gives them.
    """
    known, dated = reading.terms(okx_id(name)), dated_name(name)
    if known is not None or dated is None:
        return known or reading.instrument(okx_id(name), lost=True)
    kind = InstrumentKind.FUTURE if dated.strike is None else InstrumentKind.OPTION
    prefix = okx_id(dated.family) + "-"
    listed = reading.context.instruments.instruments.items()
    family = (one for key, one in listed if one.kind is kind and key.startswith(prefix))
    return reading.expired(okx_id(name), dated, family) or reading.instrument(okx_id(name), lost=True)


def _fill(reading: Reading, row: Node) -> None:
    terms = _terms(reading, row.text("instId"))
    if terms is None:
        return
    at, price, side = row.instant("ts"), row.decimal("fillPx"), row.text("side")
    if side not in ("buy", "sell"):
        raise row.wrong("side is neither buy nor sell")
    quantity = row.decimal("fillSz") * (1 if side == "buy" else -1)
    paid_at_once = terms.kind in (InstrumentKind.SPOT, InstrumentKind.OPTION)
    currency = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
    fee = row.decimal_or("fee", ZERO)
    body = Trade(
        wallet="trading",
        instrument=terms.id,
        quantity=quantity,
        price=price,
        cost=Amount(-quantity * terms.multiplier * price, currency) if paid_at_once else None,
        realised=None if paid_at_once else Amount(row.decimal_or("fillPnl", ZERO), terms.settle),
        fees=(Amount(fee, reading.asset(row.text("feeCcy"), at)),) if fee else (),
        order_id=row.text("ordId"),
        tag=row.text_or("tag") or tag_of(row.text_or("clOrdId")),
    )
    reading.state(f"fill:{row.text('billId')}", at, body)


def _bill(reading: Reading, row: Node) -> None:
    kind = row.text("type")
    if kind in _TRADES and row.text_or("tradeId"):
        return
    at, change, name = row.instant("ts"), row.decimal("balChg"), row.text_or("instId")
    amount = Amount(change, reading.asset(row.text("ccy"), at))
    external_id = f"bill:{row.text('billId')}"
    if kind == _TRANSFER:
        _transfer(reading, row, amount, external_id, at)
    elif kind == _DELIVERY and name:
        body = Settlement("trading", okx_id(name), _closed(row, change), row.decimal("px"), amount)
        reading.state(external_id, at, body)
    elif change:
        cash = CashKind.REALISED if kind in _TRADES else _CASH.get(kind) or _by_sign(reading, kind, change)
        reading.state(external_id, at, CashFlow("trading", cash, amount, okx_id(name) if name else None))


def _transfer(reading: Reading, row: Node, amount: Amount, external_id: str, at: datetime) -> None:
    """The trading account's side; where the other side is our funding account, that side too."""
    other = row.text_or("from") if amount.number > 0 else row.text_or("to")
    ours = other == _FUNDING_ACCOUNT
    counterpart = "funding" if ours else other
    reading.state(external_id, at, Transfer("trading", amount, TransferKind.INTERNAL, counterpart))
    if ours:
        mirror = Transfer("funding", -amount, TransferKind.INTERNAL, "trading")
        reading.state(f"{external_id}:funding", at, mirror)


def _closed(row: Node, change: Decimal) -> Decimal:
    """Change of the position at an expiry: a long closes with a minus.

    An exercise pays the long and charges the short; a delivery tells the side by its subtype. A worthless
    expiry tells none: it is written as a long's, and the book closes what it holds.
    """
    long = _DELIVERS_LONG.get(row.text_or("subType"), change >= 0)
    size = abs(row.decimal("sz"))
    return -size if long else size


def _by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    where = f"{reading.venue} {reading.evidence.endpoint}"
    message = f"A bill of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    reading.problems.setdefault((kind, message), Problem(where, message, mend, subject=kind))
    return CashKind.FEE if number < 0 else CashKind.REWARD


def _deposit(reading: Reading, row: Node) -> None:
    if row.text("state") not in ("1", "2"):
        return
    at = row.instant("ts")
    amount = Amount(row.decimal("amt"), reading.asset(row.text("ccy"), at))
    body = Transfer("funding", amount, TransferKind.EXTERNAL, row.text_or("from"), row.text_or("txId"))
    reading.state(f"deposit:{row.text('depId')}", at, body)


def _withdrawal(reading: Reading, row: Node) -> None:
    if row.text("state") != "2":
        return
    at = row.instant("ts")
    asset, fee = reading.asset(row.text("ccy"), at), abs(row.decimal_or("fee", ZERO))
    body = Transfer(
        wallet="funding",
        amount=Amount(-row.decimal("amt"), asset),
        kind=TransferKind.EXTERNAL,
        counterpart=row.text_or("to"),
        txid=row.text_or("txId"),
        fee=Amount(-fee, reading.asset(row.text_or("feeCcy") or row.text("ccy"), at)) if fee else None,
    )
    reading.state(f"withdrawal:{row.text('wdId')}", at, body)


def _nothing(reading: Reading, row: Node) -> None:
    """Kept as evidence; it states no facts of its own."""
    del reading
    row.maybe("")


PARSERS: Mapping[str, Parser] = {
    PRIVATE: private_news,
    "time/1": _parser(_nothing),
    "config/1": _parser(_nothing),
    "instruments/1": _parser(_instrument),
    "mark-price/1": _parser(_mark),
    "tickers/1": _parser(_ticker),
    "position-tiers/1": _parser(_nothing),
    "stream.public/1": _public_stream,
    "balance/1": _balance,
    "positions/1": _positions,
    "funding-balances/1": _funding_balances,
    "orders-pending/1": _parser(_nothing),
    "fills/1": in_bulk("truenav.connect.cefi.okx.fills:fills", _parser(_fill)),
    "bills/1": _parser(_bill),
    "deposits/1": _parser(_deposit),
    "withdrawals/1": _parser(_withdrawal),
    "valuation/1": _parser(_nothing),
    "savings/1": _parser(_nothing),
    "stakes/1": _parser(_nothing),
    "earn-balances/1": earn.balances,
    "lending/1": _parser(earn.lending),
    "funding-bills/1": _parser(earn.funding_bill),
}
