"""Kraken Futures payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``log``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.krakenfutures import log
from truenav.connect.cefi.krakenfutures.terms import (
    CASH,
    FLEX,
    SINGLE,
    asset,
    contract_id,
    entries,
    instant,
    known_terms,
    read_terms,
    wallet_of,
    wallet_of_contract,
)
from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.money import ZERO, AssetId, exact


def answered(body: bytes) -> Node:
    """An answer; a refusal holds nothing."""
    document = read_json(body)
    if document.text("result") != "success":
        raise document.wrong(f"the answer is the refusal {document.text_or('error')[:100]}")
    return document


# -- market ---------------------------------------------------------------------------------------


def _instruments(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    for row in answered(body).field("instruments").items():
        read_terms(reading, row)
    return reading.done()


def _tickers(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Marks and indices, as of the instant that the venue put on its answer."""
    reading, document = Reading(evidence, context), answered(body)
    at = instant(document, "serverTime")
    with exact():
        for row in document.field("tickers").items():
            _marks(reading, row, "symbol", "indexPrice", at)
    return reading.done()


def _marks(reading: Reading, row: Node, symbol: str, index: str, at: datetime) -> None:
    terms = reading.terms(contract_id(row.text(symbol)))
    if terms is None:
        return
    if (mark := row.decimal_or("markPrice", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, mark))
    if (price := row.decimal_or(index, ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, price))


_UNKNOWN_CONTRACT = "invalid product id"
"""What the refusal of a contract that is listed no more says; the other contracts stand."""


def _stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """One message of the public stream; greetings, heartbeats and confirmations state nothing."""
    reading, message = Reading(evidence, context), read_json(body)
    event = message.text_or("event")
    if event in ("error", "alert") and _UNKNOWN_CONTRACT not in message.text_or("message").lower():
        raise message.wrong(f"the venue refuses the subscription ({message.text_or('message')[:100]})")
    if not event and message.text_or("feed") == "ticker":
        with exact():
            _marks(reading, message, "product_id", "index", message.instant("time"))
    return reading.done()


# -- state of an account --------------------------------------------------------------------------


def _accounts(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Cash of each account; what is owed in the flex account is a negative quantity.

    Among the balances of a single-collateral account stand its positions, too, by their symbols.
    """
    reading, accounts = Reading(evidence, context), answered(body).field("accounts")
    held: dict[str, dict[AssetId, Decimal]] = {SINGLE: {}}
    with exact():
        for name, account in entries(accounts):
            wallet = held.setdefault(wallet_of(name), {})
            for code, number in _cash(account):
                if number:
                    what = asset(reading, code, evidence.answered_at)
                    wallet[what] = wallet.get(what, ZERO) + number
    if CASH not in held:
        raise accounts.wrong("no cash account is listed, so the balances are unknown")
    for wallet_name in sorted(held):
        lines = tuple(BalanceLine(one, total) for one, total in sorted(held[wallet_name].items()))
        reading.snapshot(wallet_name, BalanceSnapshot(wallet_name, lines))
    return reading.done()


def _cash(account: Node) -> list[tuple[str, Decimal]]:
    currencies = account.maybe("currencies")
    if currencies is not None:
        return [(code, row.decimal("quantity")) for code, row in entries(currencies)]
    balances = account.field("balances")
    return [(code, balances.decimal(code)) for code, _ in entries(balances) if "_" not in code]


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Open positions: of flexible contracts in the flex account, of all others in single-collateral ones."""
    reading = Reading(evidence, context)
    lines: dict[str, list[PositionLine]] = {FLEX: [], SINGLE: []}
    with exact():
        for row in answered(body).field("openPositions").items():
            size, symbol = row.decimal("size"), row.text("symbol")
            if size < 0:
                raise row.wrong("size is negative, though side tells which way it goes")
            if not size:
                continue
            if known_terms(reading, symbol) is None:
                reading.instrument(contract_id(symbol), lost=False)
            quantity = size if _is_long(row) else -size
            line = PositionLine(contract_id(symbol), quantity, row.decimal("price"))
            lines[wallet_of_contract(symbol)].append(line)
    for wallet, found in lines.items():
        found.sort(key=lambda line: (line.instrument, line.quantity))
        reading.snapshot(wallet, PositionSnapshot(wallet, tuple(found)))
    return reading.done()


def _is_long(row: Node) -> bool:
    side = row.text("side")
    if side not in ("long", "short"):
        raise row.wrong("side is neither long nor short")
    return side == "long"


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    answered(body)
    return Parsed()


PARSERS: Mapping[str, Parser] = {
    "time/1": _nothing,
    "orders/1": _nothing,
    "fills/1": _nothing,
    "instruments/1": _instruments,
    "tickers/1": _tickers,
    "stream.ticker/1": _stream,
    PRIVATE: private_news,
    "accounts/1": _accounts,
    "positions/1": _positions,
    "log/1": log.account_log,
}
