"""Coinbase's payloads as facts. Pure: evidence, bytes and context in, facts out.

The market and the state of an account are read here, its past in ``ledger``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from truenav.connect.bulk import in_bulk
from truenav.connect.cefi.coinbase import ledger
from truenav.connect.cefi.coinbase.answers import (
    BY_FUTURES,
    EARN,
    EARNING,
    FUTURES,
    IN_ACCOUNTS,
    SPOT,
    VENUE,
    amount,
    documents,
    instant,
    market_id,
    rows,
    side_of,
)
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.news import PRIVATE, private_news
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, AssetId, exact, rounded

ENTRY_PLACES = 12
_CENT = Decimal("0.01")
_ELSEWHERE = frozenset({"INTX", "ACCOUNT_PLATFORM_INTX", "ACCOUNT_PLATFORM_CFM_CONSUMER", "CFM_CONSUMER"})
"""Platforms of accounts that are not of the spot wallet."""


# -- market ---------------------------------------------------------------------------------------


def _products(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Terms of all markets, and their prices as of the answer: a product is told with its last price."""
    reading = Reading(evidence, context)
    with exact():
        for row in (one for document in documents(body) for one in rows(document, "products")):
            terms = _pair(reading, row) if row.text("product_type") == "SPOT" else _contract(reading, row)
            if terms is not None:
                reading.instruments.append(terms)
                _price(reading, row, terms)
    return reading.done()


def _pair(reading: Reading, row: Node) -> Instrument | None:
    names = ("base_currency_id", "quote_currency_id")
    base, quote = (reading.known_asset(row.text(name)) for name in names)
    if base is None or quote is None:
        return None
    code = row.text("product_id")
    return Instrument(market_id(code), VENUE, code, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)


def _contract(reading: Reading, row: Node) -> Instrument | None:
    """Terms of a future of ``contract_size`` units of base, settled in its quote asset.

    One with a funding interval, or without an expiry, is a perpetual, whatever far day its name bears.
    """
    details = row.maybe("future_product_details")
    if row.text("product_type") != "FUTURE" or details is None:
        return None
    root, currency = details.text_or("contract_root_unit"), row.text("quote_currency_id")
    base, quote = reading.known_asset(root), reading.known_asset(currency)
    if base is None or quote is None or details.flag("non_crypto"):
        return None
    endless = bool(details.text_or("funding_interval")) or not details.text_or("contract_expiry")
    code = row.text("product_id")
    return Instrument(
        id=market_id(code),
        venue=VENUE,
        code=code,
        kind=InstrumentKind.PERPETUAL if endless else InstrumentKind.FUTURE,
        base=base,
        quote=quote,
        settle=quote,
        multiplier=details.decimal("contract_size"),
        expiry_at=None if endless else instant(details, "contract_expiry"),
    )


def _price(reading: Reading, row: Node, terms: Instrument) -> None:
    """Last price of a pair; of a contract what its positions are valued by, and its index.

    A pair that only shows another one's book (``alias``) has no price of its own, and one that is not traded
    now has none at all.
    """
    shows_other = row.text_or("alias") not in ("", terms.code)
    if row.flag("is_disabled") or row.flag("trading_disabled") or shows_other:
        return
    at, price = reading.evidence.answered_at, row.decimal_or("price", ZERO)
    if terms.kind is InstrumentKind.SPOT:
        if price > 0:
            volume = row.decimal_or("volume_24h", ZERO)
            reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume))
        return
    if price > 0:
        reading.quote(terms.id, at, Quote(terms.id, terms.quote, QuoteKind.MARK, price))
    if (index := row.field("future_product_details").decimal_or("index_price", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


def _ticker_stream(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """One message: tickers; heartbeats and what is subscribed to state nothing."""
    reading = Reading(evidence, context)
    message = read_json(body)
    if message.text_or("type") == "error":
        raise message.wrong(f"the venue refuses the subscription ({message.text_or('message')[:100]})")
    if message.text("channel") in ("subscriptions", "heartbeats"):
        return reading.done()
    if message.text("channel") != "ticker":
        raise message.wrong("it is of a channel that nobody subscribed to")
    at = instant(message, "timestamp")
    with exact():
        for row in (one for event in rows(message, "events") for one in rows(event, "tickers")):
            terms = context.instruments.instruments.get(market_id(row.text("product_id")))
            price = row.decimal_or("price", ZERO)
            if terms is None or price <= 0:
                continue
            if terms.kind is InstrumentKind.SPOT:
                volume = row.decimal_or("volume_24_h", ZERO)
                quote = Quote(terms.base, terms.quote, QuoteKind.LAST, price, volume)
            else:
                quote = Quote(terms.id, terms.quote, QuoteKind.MARK, price)
            reading.quote(terms.id, at, quote)
    return reading.done()


# -- state of an account --------------------------------------------------------------------------


def _accounts(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """All pages of accounts, joined: what is available, and what orders and withdrawals hold."""
    reading = Reading(evidence, context)
    totals: dict[AssetId, tuple[Decimal, Decimal]] = {}
    with exact():
        for row in spot_accounts(documents(body)):
            free, held = amount(row, "available_balance"), amount(row, "hold")
            if free or held:
                asset = reading.asset(row.text("currency"), evidence.answered_at)
                total, locked = totals.get(asset, (ZERO, ZERO))
                totals[asset] = total + free + held, locked + held
    lines = tuple(BalanceLine(asset, *totals[asset]) for asset in sorted(totals))
    reading.snapshot(SPOT, BalanceSnapshot(SPOT, lines))
    return reading.done()


def spot_accounts(pages: Iterable[Node]) -> list[Node]:
    """The accounts of the spot wallet; one that two pages repeat is given once."""
    found = {row.text("uuid"): row for page in pages for row in rows(page, "accounts")}
    return [row for row in found.values() if row.text_or("platform") not in _ELSEWHERE]


def _portfolio(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Confirms the other lists and states nothing; what none of them has is told."""
    reading = Reading(evidence, context)
    for document in documents(body):
        for row in rows(document.field("breakdown"), "spot_positions"):
            kind = row.text_or("account_type")
            known = kind in IN_ACCOUNTS | EARNING | BY_FUTURES
            if not known and row.decimal_or("total_balance_crypto", ZERO):
                _tell_unread(reading, row.text("asset"), kind)
    return reading.done()


def _tell_unread(reading: Reading, asset: str, kind: str) -> None:
    message = f"The portfolio holds {asset[:40]} in an account of the kind {kind[:60]}, which is not read."
    mend = "Enter what lies there, or is owed for it, as a manual item."
    problem = Problem(
        f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=f"{VENUE}:{asset[:40]}"
    )
    reading.problems.setdefault((problem.subject, message), problem)


def _staked(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """What is staked or lent, which the list of accounts does not have."""
    reading = Reading(evidence, context)
    held: dict[AssetId, Decimal] = {}
    with exact():
        for document in documents(body):
            for row in rows(document.field("breakdown"), "spot_positions"):
                number = row.decimal_or("total_balance_crypto", ZERO)
                if number and row.text_or("account_type") in EARNING:
                    asset = reading.asset(row.text("asset"), evidence.answered_at)
                    held[asset] = held.get(asset, ZERO) + number
    lines = tuple(BalanceLine(asset, held[asset]) for asset in sorted(held))
    reading.snapshot(EARN, BalanceSnapshot(EARN, lines))
    return reading.done()


def _futures_balance(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Cash of the futures account: its dollars, and what this trade date's closed positions have realised.

    The venue counts both, with the open profit, for margin; the second joins the first at the settlement. The
    dollars of the spot account, which the summary repeats, are not in it.
    """
    reading = Reading(evidence, context)
    lines = []
    with exact():
        summary = read_json(body).maybe("balance_summary")
        if summary is not None:
            cash = amount(summary, "cfm_usd_balance") + amount(summary, "daily_realized_pnl")
            if cash:
                lines.append(BalanceLine(reading.asset("USD", evidence.answered_at), cash))
    reading.snapshot(FUTURES, BalanceSnapshot(FUTURES, tuple(lines)))
    return reading.done()


def _futures_positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    lines = []
    with exact():
        for row in open_futures(read_json(body)):
            name = market_id(row.text("product_id"))
            terms = reading.instrument(name, lost=False)
            contracts = side_of(row, "side", "LONG", "SHORT") * abs(row.decimal("number_of_contracts"))
            lines.append(PositionLine(name, contracts, _entry(row, terms, contracts)))
    lines.sort(key=lambda line: (line.instrument, line.quantity))
    reading.snapshot(FUTURES, PositionSnapshot(FUTURES, tuple(lines)))
    return reading.done()


def open_futures(document: Node) -> list[Node]:
    """The rows of positions that are open."""
    return [row for row in rows(document, "positions") if row.decimal("number_of_contracts")]


def _entry(row: Node, terms: Instrument | None, contracts: Decimal) -> Decimal:
    """The price from which a position's open profit counts: the average entry where both agree to a cent.

    Otherwise a part of the profit was settled into cash, and what is left counts from ``m - p / s`` of the
    current price *m*, open profit *p* and size *s*.
    """
    entry = amount(row, "avg_entry_price")
    if terms is None or row.maybe("unrealized_pnl") is None or row.maybe("current_price") is None:
        return entry
    size, mark, profit = (
        contracts * terms.multiplier,
        amount(row, "current_price"),
        amount(row, "unrealized_pnl"),
    )
    if abs((mark - entry) * size - profit) <= _CENT:
        return entry
    return rounded(mark - profit / size, ENTRY_PLACES)


def _nothing(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """Kept as evidence; it states no facts of its own."""
    del evidence, context
    read_json(body)
    return Parsed()


PARSERS: Mapping[str, Parser] = {
    "time/1": _nothing,
    "key/1": _nothing,
    "orders/1": _nothing,
    "accounts.list/1": _nothing,
    "products/1": _products,
    "stream.ticker/1": _ticker_stream,
    PRIVATE: private_news,
    "accounts/1": _accounts,
    "portfolio/1": _portfolio,
    "staked/1": _staked,
    "futures-balance/1": _futures_balance,
    "futures-positions/1": _futures_positions,
    "fills/1": in_bulk("truenav.connect.cefi.coinbase.fills:fills", ledger.fills),
    "transactions/1": ledger.transactions,
}
