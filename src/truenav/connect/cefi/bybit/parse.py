"""Bybit v5 payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.bybit import ledger
from truenav.connect.cefi.bybit.answers import (
    EARN,
    FUNDING,
    SPOT,
    UNIFIED,
    VENUE,
    answered,
    answers,
    contract_id,
    listed,
    rows_parser,
    spot_id,
)
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.contracts import option_name
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight
from truenav.core.money import ONE, ZERO, AssetId, exact

_RIGHTS = {"Call": OptionRight.CALL, "Put": OptionRight.PUT}


# -- market ---------------------------------------------------------------------------------------


def _instruments(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    with exact():
        for result in answers(body):
            category = result.text("category")
            for row in listed(result, "list"):
                terms = _pair(reading, row) if category == SPOT else _contract(reading, row, category)
                if terms is not None:
                    reading.instruments.append(terms)
    return reading.done()


def _pair(reading: Reading, row: Node) -> Instrument | None:
    base, quote = (reading.known_asset(row.text(name)) for name in ("baseCoin", "quoteCoin"))
    if base is None or quote is None:
        return None
    code = row.text("symbol")
    return Instrument(spot_id(code), VENUE, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)


def _contract(reading: Reading, row: Node, category: str) -> Instrument | None:
    """Terms of a contract: of one unit of base, or where it is inverse of one unit of quote."""
    names = ("baseCoin", "quoteCoin", "settleCoin")
    base, quote, settle = (reading.known_asset(row.text(name)) for name in names)
    if base is None or quote is None or settle is None:
        return None
    code, option = row.text("symbol"), category == "option"
    dated = option or row.text("contractType").endswith("Futures")
    kind = InstrumentKind.FUTURE if dated else InstrumentKind.PERPETUAL
    return Instrument(
        id=contract_id(code),
        venue=VENUE,
        code=code,
        kind=InstrumentKind.OPTION if option else kind,
        base=base,
        quote=quote,
        settle=settle,
        multiplier=ONE,
        inverse=category == "inverse",
        expiry_at=row.instant("deliveryTime") if dated else None,
        strike=option_name(code).strike if option else None,
        right=_right(row) if option else None,
    )


def _right(row: Node) -> OptionRight:
    right = _RIGHTS.get(row.text("optionsType"))
    if right is None:
        raise row.wrong("optionsType is neither Call nor Put")
    return right


def _tickers(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Prices as of the instant that the venue put on its answer."""
    reading = Reading(evidence, context)
    document = read_json(body)
    result = answered(document)
    read = _last_price if result.text("category") == SPOT else _marks
    with exact():
        for row in listed(result, "list"):
            read(reading, row, document, "time")
    return reading.done()


def _last_price(reading: Reading, row: Node, answer: Node, clock: str) -> None:
    terms = reading.context.instruments.instruments.get(spot_id(row.text("symbol")))
    price = row.decimal_or("lastPrice", ZERO)
    if terms is not None and price > 0:
        volume = row.decimal_or("volume24h", ZERO)
        quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume)
        reading.quote(terms.id, answer.instant(clock), quote)


def _marks(reading: Reading, row: Node, answer: Node, clock: str) -> None:
    """Mark of a contract, and the index that it follows; a stream leaves out what did not change."""
    terms = reading.context.instruments.instruments.get(contract_id(row.text("symbol")))
    if terms is None:
        return
    option, at = terms.kind is InstrumentKind.OPTION, answer.instant(clock)
    if row.text_or("markPrice") and ((mark := row.decimal("markPrice")) > 0 or (option and mark == 0)):
        currency = terms.settle if option else terms.quote
        reading.quote(terms.id, at, Quote(terms.id, currency, QuoteKind.MARK, mark))
    if not option and (index := row.decimal_or("indexPrice", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


_UNKNOWN_TOPIC = "handler not found"
"""How the refusal of a market that is listed no more begins; the other topics stand."""


def _spot_stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    return _stream(evidence, body, context, spot=True)


def _contract_stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    return _stream(evidence, body, context, spot=False)


def _stream(evidence: Evidence, body: bytes, context: ParseContext, *, spot: bool) -> Parsed:
    """One message of a public channel; answers to pings and subscriptions state nothing."""
    reading = Reading(evidence, context)
    message = read_json(body)
    topic = message.text_or("topic")
    if not topic:
        if message.flag("success") is False and _UNKNOWN_TOPIC not in message.text_or("ret_msg"):
            raise message.wrong(f"the venue refuses the subscription ({message.text_or('ret_msg')[:100]})")
        return reading.done()
    if not topic.startswith("tickers."):
        raise message.wrong("it is of a channel that nobody subscribed to")
    with exact():
        (_last_price if spot else _marks)(reading, message.field("data"), message, "ts")
    return reading.done()


# -- state of an account --------------------------------------------------------------------------


def _wallet(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The unified account.

    What is owed for spot is in ``spotBorrow`` alone, what is owed for contracts makes ``walletBalance``
    negative, so that their difference counts each debt once.
    """
    reading = Reading(evidence, context)
    accounts = [account for result in answers(body) for account in listed(result, "list")]
    if not accounts:
        raise read_json(body).wrong("no account is listed, so its balances are unknown")
    lines = []
    with exact():
        for row in (coin for account in accounts for coin in listed(account, "coin")):
            total = row.decimal_or("walletBalance", ZERO) - row.decimal_or("spotBorrow", ZERO)
            if row.decimal_or("bonus", ZERO):
                _tell_bonus(reading, row.text("coin"))
            if total:
                asset = reading.asset(row.text("coin"), evidence.answered_at)
                lines.append(BalanceLine(asset, total, row.decimal_or("locked", ZERO)))
    lines.sort(key=lambda line: line.asset)
    reading.snapshot(UNIFIED, BalanceSnapshot(UNIFIED, tuple(lines)))
    return reading.done()


def _tell_bonus(reading: Reading, coin: str) -> None:
    where = f"{reading.venue} {reading.evidence.endpoint}"
    message = (
        f"A part of the {coin[:60]} in the unified account is a bonus: it backs trades, but never leaves."
    )
    mend = "It is counted, as the venue's own equity counts it; enter a payable to leave it out."
    problem = Problem(where, message, mend, subject=f"{reading.venue}:{coin[:60]}")
    reading.problems.setdefault((problem.subject, message), problem)


def _funding_balances(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    held: dict[AssetId, Decimal] = {}
    with exact():
        for row in (one for result in answers(body) for one in listed(result, "balance")):
            _add(held, reading, row, "walletBalance")
    reading.snapshot(FUNDING, _balances(FUNDING, held))
    return reading.done()


def _earn_positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """What is staked, of all products together; yield that was not paid out yet is not in it."""
    reading = Reading(evidence, context)
    held: dict[AssetId, Decimal] = {}
    with exact():
        for row in (one for result in answers(body) for one in listed(result, "list")):
            _add(held, reading, row, "amount")
    reading.snapshot(EARN, _balances(EARN, held))
    return reading.done()


def _add(held: dict[AssetId, Decimal], reading: Reading, row: Node, name: str) -> None:
    if number := row.decimal_or(name, ZERO):
        asset = reading.asset(row.text("coin"), reading.evidence.answered_at)
        held[asset] = held.get(asset, ZERO) + number


def _balances(wallet: str, held: Mapping[AssetId, Decimal]) -> BalanceSnapshot:
    return BalanceSnapshot(wallet, tuple(BalanceLine(asset, held[asset]) for asset in sorted(held)))


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """All lists of positions, joined; in hedge mode a contract stands twice, long and short."""
    reading = Reading(evidence, context)
    lines = []
    with exact():
        for row in (one for result in answers(body) for one in listed(result, "list")):
            if size := row.decimal_or("size", ZERO):
                name = contract_id(row.text("symbol"))
                reading.instrument(name, lost=False)
                quantity = abs(size) if _is_long(row) else -abs(size)
                delta = row.decimal("delta") if row.text_or("delta") else None
                lines.append(PositionLine(name, quantity, row.decimal("avgPrice"), delta))
    lines.sort(key=lambda line: (line.instrument, line.quantity))
    reading.snapshot(UNIFIED, PositionSnapshot(UNIFIED, tuple(lines)))
    return reading.done()


def _is_long(row: Node) -> bool:
    side = row.text("side")
    if side not in ("Buy", "Sell"):
        raise row.wrong("side is neither Buy nor Sell")
    return side == "Buy"


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    for _ in answers(body):
        pass
    return Parsed()


PARSERS: Mapping[str, Parser] = {
    PRIVATE: private_news,
    "time/1": _nothing,
    "key/1": _nothing,
    "account/1": _nothing,
    "overview/1": _nothing,
    "orders/1": _nothing,
    "positions.list/1": _nothing,
    "earn-positions.list/1": _nothing,
    "instruments/1": _instruments,
    "tickers/1": _tickers,
    "risk-limit/1": _nothing,
    "stream.spot/1": _spot_stream,
    "stream.contracts/1": _contract_stream,
    "wallet/1": _wallet,
    "positions/1": _positions,
    "funding-balances/1": _funding_balances,
    "earn-positions/1": _earn_positions,
    "executions/1": in_bulk("truenav.connect.cefi.bybit.fills:fills", ledger.executions),
    "log/1": rows_parser("list", ledger.log_row),
    "deliveries/1": rows_parser("list", ledger.delivery),
    "deposits/1": rows_parser("rows", ledger.deposit),
    "internal-deposits/1": rows_parser("rows", ledger.internal_deposit),
    "withdrawals/1": rows_parser("rows", ledger.withdrawal),
    "transfers/1": rows_parser("list", ledger.transfer),
    "universal-transfers/1": rows_parser("list", ledger.universal_transfer),
    "funding-history/1": rows_parser("list", ledger.fund_line),
    "yields/1": rows_parser("list", ledger.earn_yield),
}
