"""Gate API v4 payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.gate import ledger
from truenav.connect.cefi.gate.answers import (
    CLASSIC,
    EARN,
    MARGIN,
    SPOT,
    UNIFIED,
    VENUE,
    contract_id,
    noted_wallet,
    rows,
    rows_parser,
    settle_code,
    spot_id,
    tell,
)
from truenav.connect.cefi.gate.rows import seconds
from truenav.connect.cefi.gate.unified import in_unified, unified_lines
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.contracts import option_name
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, AssetId, exact

_USD = "USD"


# -- market ---------------------------------------------------------------------------------------


def _listing(read: Callable[[Reading, Node], Instrument | None]) -> Parser:
    def keep(reading: Reading, row: Node) -> None:
        terms = read(reading, row)
        if terms is not None:
            reading.instruments.append(terms)

    return rows_parser(keep)


def _pair(reading: Reading, row: Node) -> Instrument | None:
    base, quote = (reading.known_asset(row.text(name)) for name in ("base", "quote"))
    if base is None or quote is None:
        return None
    code = row.text("id")
    return Instrument(spot_id(code), VENUE, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)


def _contract(reading: Reading, row: Node) -> Instrument | None:
    """Terms of a perpetual or dated future.

    ``quanto_multiplier`` is a contract's size in base; inverse contracts have none and are one dollar each.
    Contracts that pay in a third coin (quanto) cannot be valued and are left out.
    """
    code = row.text("name")
    base_code, _, rest = code.partition("_")
    quote_code, inverse = rest.partition("_")[0], row.text("type") == "inverse"
    settle_name = settle_code(reading)
    if settle_name != (base_code if inverse else quote_code):
        return None
    base, quote = reading.known_asset(base_code), reading.known_asset(quote_code)
    settle = base if inverse else quote
    if base is None or quote is None or settle is None:
        return None
    expires = row.text_or("expire_time", "0") != "0"
    return Instrument(
        id=contract_id(code),
        venue=VENUE,
        code=code,
        kind=InstrumentKind.FUTURE if expires else InstrumentKind.PERPETUAL,
        base=base,
        quote=quote,
        settle=settle,
        multiplier=row.decimal("quanto_multiplier") or ONE,
        inverse=inverse,
        expiry_at=seconds(row, "expire_time") if expires else None,
    )


def _option(reading: Reading, row: Node) -> Instrument | None:
    base_code, _, quote_code = row.text("underlying").partition("_")
    base, quote = reading.known_asset(base_code), reading.known_asset(quote_code)
    if base is None or quote is None:
        return None
    code = row.text("name")
    name = option_name(code)
    return Instrument(
        id=contract_id(code),
        venue=VENUE,
        code=code,
        kind=InstrumentKind.OPTION,
        base=base,
        quote=quote,
        settle=quote,
        multiplier=row.decimal("multiplier"),
        expiry_at=seconds(row, "expiration_time"),
        strike=name.strike,
        right=name.right,
    )


def _last_price(reading: Reading, row: Node) -> None:
    """Last price of a pair, as of the answer: the venue dates none of its tickers."""
    terms = reading.context.instruments.instruments.get(spot_id(row.text("currency_pair")))
    price = row.decimal_or("last", ZERO)
    if terms is not None and price > 0:
        quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, row.decimal_or("base_volume", ZERO))
        reading.quote(terms.id, reading.evidence.answered_at, quote)


def _mark(reading: Reading, row: Node) -> None:
    """Mark of a contract and the index that it follows; an option is called by ``name``."""
    code = row.text_or("contract") or row.text("name")
    terms = reading.context.instruments.instruments.get(contract_id(code))
    if terms is None:
        return
    at, option = reading.evidence.answered_at, terms.kind is InstrumentKind.OPTION
    if row.text_or("mark_price") and ((mark := row.decimal("mark_price")) > 0 or (option and mark == 0)):
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, mark))
    if not option and (index := row.decimal_or("index_price", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


# -- state of an account --------------------------------------------------------------------------


def _mode(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Which of the spot and the unified wallet there is: the other one holds nothing."""
    reading = Reading(evidence, context)
    mode = read_json(body).text("mode")
    absent = UNIFIED if mode == CLASSIC else SPOT
    reading.snapshot(absent, BalanceSnapshot(absent, ()))
    return reading.done()


def _spot_accounts(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    held: dict[AssetId, tuple[Decimal, Decimal]] = {}
    with exact():
        for row in rows(body):
            locked = row.decimal_or("locked", ZERO)
            _add(held, reading, row.text("currency"), row.decimal("available") + locked, locked)
    reading.snapshot(SPOT, _balances(SPOT, held))
    return reading.done()


def _margin_accounts(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Isolated margin, all pairs together: what is there less what is owed, with its interest."""
    reading = Reading(evidence, context)
    held: dict[AssetId, tuple[Decimal, Decimal]] = {}
    with exact():
        for row in rows(body):
            for coin in (row.field("base"), row.field("quote")):
                locked = coin.decimal_or("locked", ZERO)
                owed = coin.decimal_or("borrowed", ZERO) + coin.decimal_or("interest", ZERO)
                _add(held, reading, coin.text("currency"), coin.decimal("available") + locked - owed, locked)
    reading.snapshot(MARGIN, _balances(MARGIN, held))
    return reading.done()


def _contract_accounts(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Contract accounts of one kind behind the account's mode; those of a unified account hold nothing."""
    reading = Reading(evidence, context)
    wallet = noted_wallet(reading)
    parts = list(rows(body))
    if not parts:
        raise read_json(body).wrong("the account's mode is missing")
    unified = parts[0].text("mode") != CLASSIC
    held: dict[AssetId, tuple[Decimal, Decimal]] = {}
    with exact():
        for row in parts[1:]:
            if unified and in_unified(row):
                continue
            _add(held, reading, row.text("currency"), row.decimal("total"), ZERO)
            if row.decimal_or("bonus", ZERO):
                message = f"The {wallet} account has a bonus, which backs trades and never leaves."
                tell(reading, f"{VENUE}:{wallet}", message, "It is not counted; nothing is to be done.")
    reading.snapshot(wallet, _balances(wallet, held))
    return reading.done()


def _unified(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The unified account, joined with the contract accounts that are a part of it."""
    reading = Reading(evidence, context)
    parts = list(read_json(body).items())
    if not parts:
        raise read_json(body).wrong("no account is listed, so its balances are unknown")
    with exact():
        lines = unified_lines(reading, parts[0], parts[1:])
    reading.snapshot(UNIFIED, BalanceSnapshot(UNIFIED, lines))
    return reading.done()


def _lends(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """What is lent (simple earn), with interest that was lent again."""
    reading = Reading(evidence, context)
    held: dict[AssetId, tuple[Decimal, Decimal]] = {}
    with exact():
        for row in rows(body):
            _add(held, reading, row.text("currency"), row.decimal("amount"), ZERO)
            if row.decimal_or("frozen_amount", ZERO):
                coin = row.text("currency")
                message = f"Some {coin[:60]} is being redeemed and may be missing."
                tell(reading, f"{VENUE}:{coin[:60]}", message, "Gather again after the next full hour.")
    reading.snapshot(EARN, _balances(EARN, held))
    return reading.done()


def _add(
    held: dict[AssetId, tuple[Decimal, Decimal]], reading: Reading, code: str, total: Decimal, locked: Decimal
) -> None:
    if total or locked:
        asset = reading.asset(code, reading.evidence.answered_at)
        before = held.get(asset, (ZERO, ZERO))
        held[asset] = (before[0] + total, before[1] + locked)


def _balances(wallet: str, held: Mapping[AssetId, tuple[Decimal, Decimal]]) -> BalanceSnapshot:
    return BalanceSnapshot(wallet, tuple(BalanceLine(asset, *held[asset]) for asset in sorted(held)))


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """All lists of positions of one wallet, joined; in hedge mode a contract stands twice, long and short."""
    reading = Reading(evidence, context)
    wallet, lines = noted_wallet(reading), []
    with exact():
        for row in rows(body):
            if row.maybe("size") is not None and (size := row.decimal("size")):
                name = contract_id(row.text("contract"))
                reading.instrument(name, lost=False)
                lines.append(PositionLine(name, size, row.decimal("entry_price")))
    lines.sort(key=lambda line: (line.instrument, line.quantity))
    reading.snapshot(wallet, PositionSnapshot(wallet, tuple(lines)))
    return reading.done()


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    read_json(body)
    return Parsed()


PARSERS: Mapping[str, Parser] = {
    **{
        f"{name}/1": _nothing
        for name in ("time", "detail", "keys", "underlyings", "total", "orders", "unified.account")
    },
    "risk-limits/1": _nothing,
    **{f"{name}/1": _nothing for name in ("contract.account", "positions.list", "lends.list")},
    "pairs/1": _listing(_pair),
    "futures-contracts/1": _listing(_contract),
    "options-contracts/1": _listing(_option),
    "spot-tickers/1": rows_parser(_last_price),
    "contract-tickers/1": rows_parser(_mark),
    "options-tickers/1": rows_parser(_mark),
    PRIVATE: private_news,
    "mode/1": _mode,
    "spot-accounts/1": _spot_accounts,
    "margin-accounts/1": _margin_accounts,
    "contract-accounts/1": _contract_accounts,
    "unified/1": _unified,
    "lends/1": _lends,
    "positions/1": _positions,
    "spot-trades/1": in_bulk("truenav.connect.cefi.gate.fills:fills", rows_parser(ledger.spot_trade)),
    "spot-book/1": rows_parser(ledger.spot_line),
    "margin-book/1": rows_parser(ledger.margin_line),
    "margin-interest/1": rows_parser(ledger.margin_interest),
    "unified-interest/1": rows_parser(ledger.unified_interest),
    "lend-interest/1": rows_parser(ledger.lend_interest),
    "contract-trades/1": rows_parser(ledger.contract_trade),
    "futures-book/1": rows_parser(ledger.contract_line),
    "settlements/1": rows_parser(ledger.settlement),
    "deposits/1": rows_parser(ledger.deposit),
    "withdrawals/1": rows_parser(ledger.withdrawal),
}
