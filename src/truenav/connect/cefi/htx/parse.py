"""HTX payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.htx import ledger
from truenav.connect.cefi.htx.answers import (
    COINFUTURES,
    COINSWAP,
    CROSS,
    ISOLATED,
    OTC,
    SPOT,
    USDTM,
    VENUE,
    ReadRow,
    answered,
    contract_id,
    listed,
    rows_parser,
    spot_id,
)
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, AssetId, exact

# -- market ---------------------------------------------------------------------------------------


def _pair(reading: Reading, row: Node) -> None:
    base, quote = (reading.known_asset(row.text(name).upper()) for name in ("bc", "qc"))
    if base is not None and quote is not None:
        code = row.text("sc")
        reading.instruments.append(
            Instrument(spot_id(code), VENUE, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)
        )


def _tickers(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Last prices of pairs, as of the instant of the answer."""
    reading = Reading(evidence, context)
    document = read_json(body)
    with exact():
        for row in listed(answered(document)):
            terms = context.instruments.instruments.get(spot_id(row.text("symbol")))
            price = row.decimal_or("close", ZERO)
            if terms is not None and price > 0:
                volume = row.decimal_or("amount", ZERO)
                quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume)
                reading.quote(terms.id, document.instant("ts"), quote)
    return reading.done()


def _linear(reading: Reading, row: Node) -> None:
    """Terms of a USDT-margined contract: ``contract_size`` units of base, settled in what its name says."""
    parts = row.text("contract_code").split("-")
    if len(parts) not in (2, 3):
        raise row.wrong("contract_code is not of the form BASE-QUOTE or BASE-QUOTE-DAY")
    quote = reading.known_asset(parts[1])
    dated = row.text_or("business_type", "swap") == "futures" or len(parts) == 3
    _contract(reading, row, (quote, quote), dated=dated, inverse=False)


def _coin_margined(reading: Reading, row: Node, *, dated: bool) -> None:
    """Terms of a coin-margined contract: of ``contract_size`` dollars, settled in the coin."""
    quote, settle = reading.known_asset("USD"), reading.known_asset(row.text("symbol"))
    _contract(reading, row, (quote, settle), dated=dated, inverse=True)


def _coin_swap(reading: Reading, row: Node) -> None:
    _coin_margined(reading, row, dated=False)


def _coin_future(reading: Reading, row: Node) -> None:
    _coin_margined(reading, row, dated=True)


def _contract(
    reading: Reading, row: Node, money: tuple[AssetId | None, AssetId | None], *, dated: bool, inverse: bool
) -> None:
    base, (quote, settle) = reading.known_asset(row.text("symbol")), money
    if base is None or quote is None or settle is None:
        return
    code = row.text("contract_code")
    reading.instruments.append(
        Instrument(
            id=contract_id(code),
            venue=VENUE,
            code=code,
            kind=InstrumentKind.FUTURE if dated else InstrumentKind.PERPETUAL,
            base=base,
            quote=quote,
            settle=settle,
            multiplier=row.decimal("contract_size"),
            inverse=inverse,
            expiry_at=row.instant("delivery_time") if dated else None,
        )
    )


def _mark(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """The mark of one contract: where the last minute of its line stands as the answer is given."""
    reading = Reading(evidence, context)
    document = read_json(body)
    code = document.text("ch").split(".")[1:2]
    terms = context.instruments.instruments.get(contract_id("".join(code)))
    with exact():
        for row in listed(answered(document))[-1:]:
            price = row.decimal("close")
            if terms is not None and price > 0:
                quote = Quote(terms.id, terms.quote, QuoteKind.MARK, price)
                reading.quote(terms.id, document.instant("ts"), quote)
    return reading.done()


_UNLISTED = ("invalid symbol", "invalid topic", "invalid contract")
"""How the refusal of a market begins that is listed no more; the other topics stand."""


def _stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """One message of prices; questions whether we are there and words about subscriptions state nothing."""
    reading = Reading(evidence, context)
    message = read_json(body)
    words = message.text_or("err-msg")
    if message.text_or("status") == "error" and not words.startswith(_UNLISTED):
        raise message.wrong(f"the venue refuses the subscription ({words[:100]})")
    if message.maybe("ch") is None:
        return reading.done()
    match message.text("ch").split("."):
        case ["market", symbol, "detail"]:
            _price(reading, message, spot_id(symbol))
        case ["market", code, "mark_price", "1min"]:
            _price(reading, message, contract_id(code))
        case _:
            raise message.wrong("it is of a channel that nobody subscribed to")
    return reading.done()


def _price(reading: Reading, message: Node, name: InstrumentId) -> None:
    """The last price of a pair, or the mark of a contract, where it is known."""
    with exact():
        terms = reading.context.instruments.instruments.get(name)
        tick = message.field("tick")
        price = tick.decimal("close")
        if terms is None or price <= 0:
            return
        quote = Quote(terms.id, terms.quote, QuoteKind.MARK, price)
        if terms.kind is InstrumentKind.SPOT:
            quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, tick.decimal_or("amount", ZERO))
        reading.quote(terms.id, message.instant("ts"), quote)


def _index(reading: Reading, row: Node) -> None:
    terms = reading.context.instruments.instruments.get(contract_id(row.text("contract_code")))
    price = row.decimal_or("index_price", ZERO)
    if terms is not None and price > 0:
        quote = Quote(terms.base, terms.quote, QuoteKind.INDEX, price)
        reading.quote(terms.id, row.instant("index_ts"), quote)


# -- state of an account --------------------------------------------------------------------------


def _account(reading: Reading, row: Node) -> None:
    """An account's number and type, by which its balance and past are asked for; it states no facts."""
    del reading
    row.text("id"), row.text("type")


_COUNTED = frozenset({"trade", "frozen", "lock", "bank", "loan", "interest"})
_LOCKED = frozenset({"frozen", "lock"})
_ALLOWANCES = frozenset({"transfer-out-available", "loan-available"})
"""What could be moved or borrowed; it is not held."""


def _balance(wallet: str) -> Parser:
    """What accounts hold; what is owed, with interest, is in rows of its own that are negative."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        found = answered(read_json(body))
        if found is None:
            raise read_json(body).wrong("no account is told, so its balances are unknown")
        accounts = list(found.items()) if isinstance(found.value, list) else [found]
        totals: dict[AssetId, tuple[Decimal, Decimal]] = {}
        with exact():
            for row in (row for account in accounts for row in account.field("list").items()):
                _add(totals, reading, row)
        lines = (BalanceLine(asset, *totals[asset]) for asset in sorted(totals))
        kept = tuple(line for line in lines if line.total or line.locked)
        reading.snapshot(wallet, BalanceSnapshot(wallet, kept))
        return reading.done()

    return parse


def _add(totals: dict[AssetId, tuple[Decimal, Decimal]], reading: Reading, row: Node) -> None:
    kind, number = row.text("type"), row.decimal("balance")
    if kind in _ALLOWANCES or not number:
        return
    if kind not in _COUNTED:
        raise row.wrong(f"a balance of the unknown type {kind[:40]!r} is told")
    asset = reading.asset(row.text("currency").upper(), reading.evidence.answered_at)
    total, locked = totals.get(asset, (ZERO, ZERO))
    totals[asset] = (total + number, locked + (number if kind in _LOCKED else ZERO))


def _linear_balance(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Cash of USDT-margined contracts: each coin's equity without open profit.

    Whether equity counts what is in isolated margin the venue does not say, so a wallet that holds some is
    refused. A voucher pays losses and never leaves; it is told.
    """
    reading = Reading(evidence, context)
    lines = []
    account = answered(read_json(body))
    if account is None:
        raise read_json(body).wrong("no account is told, so its balances are unknown")
    with exact():
        for row in listed(account.maybe("details")):
            if row.decimal_or("isolated_equity", ZERO):
                raise row.wrong("the wallet holds isolated margin, which is not read; use cross margin")
            coin = row.text("currency").upper()
            ledger.tell_voucher(reading, row, coin)
            total = row.decimal("equity") - row.decimal_or("profit_unreal", ZERO)
            if total:
                lines.append(BalanceLine(reading.asset(coin, evidence.answered_at), total))
    return _stated(reading, USDTM, lines)


def _coin_accounts(wallet: str, unit: str) -> Parser:
    """Cash of coin-margined contracts: static equity, which is without open profit.

    What tells the accounts apart (``unit``) is read, too: their past is asked for by it.
    """

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        held: dict[AssetId, Decimal] = {}
        with exact():
            for row in listed(answered(read_json(body))):
                row.text(unit), row.decimal_or("margin_balance", ZERO)
                if number := row.decimal_or("margin_static", ZERO):
                    asset = reading.asset(row.text("symbol").upper(), evidence.answered_at)
                    held[asset] = held.get(asset, ZERO) + number
        return _stated(reading, wallet, (BalanceLine(asset, held[asset]) for asset in held))

    return parse


def _stated(reading: Reading, wallet: str, lines: Iterable[BalanceLine]) -> Parsed:
    ordered = tuple(sorted(lines, key=lambda line: line.asset))
    reading.snapshot(wallet, BalanceSnapshot(wallet, ordered))
    return reading.done()


def _positions(wallet: str, entry: str) -> Parser:
    """Open positions; ``entry`` names the price from which their open profit counts."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        lines = []
        with exact():
            for row in listed(answered(read_json(body))):
                if size := row.decimal_or("volume", ZERO):
                    name = contract_id(row.text("contract_code"))
                    reading.instrument(name, lost=False)
                    quantity = ledger.sign_of(row, "direction") * abs(size)
                    lines.append(PositionLine(name, quantity, row.decimal(entry)))
        lines.sort(key=lambda line: (line.instrument, line.quantity))
        reading.snapshot(wallet, PositionSnapshot(wallet, tuple(lines)))
        return reading.done()

    return parse


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    answered(read_json(body))
    return Parsed()


def _of_coins(wallet: str, unit: str, info: ReadRow) -> Mapping[str, Parser]:
    return {
        f"{wallet}.contracts/1": rows_parser(info),
        f"{wallet}.mark/1": _mark,
        f"{wallet}.index/1": rows_parser(_index),
        f"{wallet}.accounts/1": _coin_accounts(wallet, unit),
        f"{wallet}.positions/1": _positions(wallet, "cost_hold"),
        f"{wallet}.records/1": rows_parser(ledger.coin_record(wallet)),
        f"{wallet}.fills/1": rows_parser(ledger.coin_fill(wallet)),
    }


PARSERS: Mapping[str, Parser] = {
    "time/1": _nothing,
    "uid/1": _nothing,
    "accounts/1": rows_parser(_account),
    "symbols/1": rows_parser(_pair),
    "tickers/1": _tickers,
    "spot.orders/1": _nothing,
    "spot.fills/1": in_bulk("truenav.connect.cefi.htx.fills:fills", rows_parser(ledger.spot_fill)),
    "deposits/1": rows_parser(ledger.deposit),
    "withdrawals/1": rows_parser(ledger.withdrawal),
    **{f"{wallet}.balance/1": _balance(wallet) for wallet in (SPOT, CROSS, ISOLATED, OTC)},
    **{
        f"{wallet}.transfers/1": rows_parser(ledger.transfer(wallet))
        for wallet in (SPOT, CROSS, ISOLATED, OTC)
    },
    **{f"{wallet}.repayments/1": rows_parser(ledger.repayment(wallet)) for wallet in (CROSS, ISOLATED)},
    "usdtm.contracts/1": rows_parser(_linear),
    "usdtm.mark/1": _mark,
    "usdtm.index/1": rows_parser(_index),
    "usdtm.balance/1": _linear_balance,
    "usdtm.positions/1": _positions(USDTM, "open_avg_price"),
    "usdtm.orders/1": _nothing,
    "usdtm.tiers/1": _nothing,
    "usdtm.bills/1": rows_parser(ledger.linear_bill),
    "usdtm.fills/1": rows_parser(ledger.linear_fill),
    "stream/1": _stream,
    PRIVATE: private_news,
    **_of_coins(COINSWAP, "contract_code", _coin_swap),
    **_of_coins(COINFUTURES, "symbol", _coin_future),
}
