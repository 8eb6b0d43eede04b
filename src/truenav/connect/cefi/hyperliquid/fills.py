"""Hyperliquid's fills and funding as facts.

``fee`` is everything that a fill cost, a builder's share included, in ``feeToken``; negative is a rebate.
``closedPnl`` is before it.
"""

from __future__ import annotations

from datetime import datetime

from truenav.connect.cefi.hyperliquid.answers import (
    MAIN,
    USDC,
    hyperliquid_id,
    is_foreign,
    tell_foreign,
)
from truenav.connect.document import Node
from truenav.connect.reading import Reading, tag_of
from truenav.core.facts import CashFlow, CashKind, Settlement, Trade
from truenav.core.instrument import InstrumentKind
from truenav.core.money import Amount

SIGNS = {"B": 1, "A": -1}
SETTLEMENT = "Settlement"


def fill_id(row: Node) -> str:
    """A fill's identity: trade and order; where the venue made it itself, its instant, market and order."""
    trade = row.text("tid")
    return f"{trade}:{row.text('oid')}" if trade != "0" else ":".join(map(row.text, ("time", "coin", "oid")))


def read_fills(reading: Reading, document: Node) -> None:
    """State each row of a page."""
    for row in document.items():
        coin = row.text("coin")
        if is_foreign(coin):
            tell_foreign(reading, coin, "Fills")
        else:
            _fill(reading, row, coin, row.instant("time"))


def _fill(reading: Reading, row: Node, coin: str, at: datetime) -> None:
    terms = reading.instrument(hyperliquid_id(coin), lost=True)
    if terms is None:
        return
    side = row.text("side")
    if side not in SIGNS:
        raise row.wrong("side is neither B nor A")
    quantity, price = row.decimal("sz") * SIGNS[side], row.decimal("px")
    spot = terms.kind is InstrumentKind.SPOT
    fee = -row.decimal("fee")
    fees = (Amount(fee, reading.asset(row.text_or("feeToken", USDC), at)),) if fee else ()
    realised = None if spot else Amount(row.decimal("closedPnl"), terms.settle)
    external_id = f"fill:{fill_id(row)}"
    if realised is not None and row.text("dir") == SETTLEMENT:
        body = Settlement(MAIN, terms.id, quantity, price / terms.multiplier, realised)
        reading.state(external_id, at, body)
        for amount in fees:
            reading.state(f"{external_id}:fee", at, CashFlow(MAIN, CashKind.FEE, amount, terms.id))
        return
    trade = Trade(
        wallet=MAIN,
        instrument=terms.id,
        quantity=quantity,
        price=price / terms.multiplier,
        cost=Amount(-quantity * price, terms.quote) if spot else None,
        realised=realised,
        fees=fees,
        order_id=row.text("oid"),
        tag=tag_of(row.text_or("cloid")),
    )
    reading.state(external_id, at, trade)


def funding_id(row: Node) -> str:
    """A payment's identity: market and instant."""
    return f"{row.field('delta').text('coin')}:{row.text('time')}"


def read_funding(reading: Reading, document: Node) -> None:
    """State each payment of a page; received positive."""
    for row in document.items():
        delta, at = row.field("delta"), row.instant("time")
        coin, amount = delta.text("coin"), delta.decimal("usdc")
        if is_foreign(coin):
            tell_foreign(reading, coin, "Funding payments")
        elif amount:
            flow = CashFlow(
                MAIN, CashKind.FUNDING, Amount(amount, reading.asset(USDC, at)), hyperliquid_id(coin)
            )
            reading.state(f"funding:{funding_id(row)}", at, flow)
