"""A statement's rows as facts of the desk's account.

A trade changes what the desk owes us; a settlement takes it from the desk to an account of ours, so the
desk's side of it is internal and of the opposite sign; balances are one snapshot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.otc.statements.rows import StatementRow, csv_rows, json_rows
from truenav.connect.reading import Reading
from truenav.core.clock import instant_text
from truenav.core.evidence import Evidence
from truenav.core.facts import BalanceLine, BalanceSnapshot, Trade, Transfer, TransferKind
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE, Amount, AssetId, divided, exact, rounded

VENUE = "statement"
CSV, JSON = "statement.csv/1", "statement.json/1"
WALLET = "desk"
PRICE_PLACES = 18


def _parser(read: Callable[[bytes], Iterable[StatementRow]]) -> Parser:
    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        balances: dict[datetime, dict[AssetId, Decimal]] = defaultdict(dict)
        with exact():
            for row in read(body):
                kind = row.text("kind").lower()
                if kind == "trade":
                    _trade(reading, row)
                elif kind == "settlement":
                    _settlement(reading, row)
                elif kind == "balance":
                    _balance(reading, row, balances[row.instant()])
                else:
                    raise row.wrong("kind", f"{kind[:40]!r} is neither trade, settlement nor balance")
            for at, held in sorted(balances.items()):
                lines = tuple(BalanceLine(asset, held[asset]) for asset in sorted(held) if held[asset])
                reading.state(f"{WALLET}@{instant_text(at)}", at, BalanceSnapshot(WALLET, lines))
        return reading.done()

    return parse


def _trade(reading: Reading, row: StatementRow) -> None:
    at, codes = row.instant(), (row.text("asset"), row.text("counter_asset"))
    quantity, cost = row.number("amount"), row.number("counter_amount")
    if not quantity or not cost or (quantity > 0) is (cost > 0):
        raise row.wrong("counter_amount", "what is bought is positive and what is paid for it negative")
    terms = _terms(reading, *codes)
    if terms is None:
        return
    price = rounded(divided(abs(cost), abs(quantity)), PRICE_PLACES)
    fee = row.number_or_zero("fee")
    if fee < 0:
        raise row.wrong("fee", "a fee is what was paid, positive")
    paid_in = reading.asset(row.optional("fee_asset"), at) if row.optional("fee_asset") else terms.quote
    body = Trade(
        wallet=WALLET,
        instrument=terms.id,
        quantity=quantity,
        price=row.number("price") if row.optional("price") else price,
        cost=Amount(cost, terms.quote),
        realised=None,
        fees=(Amount(-fee, paid_in),) if fee else (),
        order_id=row.optional("order_id"),
    )
    reading.state(f"trade:{row.text('id')}", at, body)


def _terms(reading: Reading, base_code: str, quote_code: str) -> Instrument | None:
    name = f"{base_code}-{quote_code}"
    base, quote = reading.known_asset(base_code), reading.known_asset(quote_code)
    if base is None or quote is None:
        return reading.instrument(instrument_id(VENUE, name), lost=True)
    terms = Instrument(
        instrument_id(VENUE, name), VENUE, name, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE
    )
    reading.instruments.append(terms)
    return terms


def _settlement(reading: Reading, row: StatementRow) -> None:
    at, amount = row.instant(), row.number("amount")
    if not amount:
        raise row.wrong("amount", "a settlement of nothing")
    asset = reading.asset(row.text("asset"), at)
    body = Transfer(
        WALLET,
        Amount(-amount, asset),
        TransferKind.INTERNAL,
        counterpart=row.optional("counterparty"),
        txid=row.optional("txid"),
    )
    reading.state(f"settlement:{row.text('id')}", at, body)


def _balance(reading: Reading, row: StatementRow, held: dict[AssetId, Decimal]) -> None:
    asset = reading.asset(row.text("asset"), row.instant())
    if asset in held:
        raise row.wrong("asset", "a balance of this asset and instant stands twice")
    held[asset] = row.number("amount")


PARSERS: Mapping[str, Parser] = {CSV: _parser(csv_rows), JSON: _parser(json_rows)}
