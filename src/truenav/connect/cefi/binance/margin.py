"""Binance's cross margin payloads as facts.

What is borrowed is in the free balance and owed at once, so a coin's total is what is free and locked less
what is owed with interest; borrowing and repaying move nothing.
"""

from __future__ import annotations

from truenav.connect.cefi.binance.manifest import MANIFEST
from truenav.connect.cefi.binance.rows import fees, interest_id, order_unknown, required_flag
from truenav.connect.document import Node
from truenav.connect.reading import Reading, noted_tags
from truenav.core.facts import BalanceLine, BalanceSnapshot, CashFlow, CashKind, Trade
from truenav.core.instrument import instrument_id
from truenav.core.money import Amount

WALLET, ISOLATED = "margin", "isolated"


def account(reading: Reading, document: Node) -> None:
    """What is free and locked, less what is owed."""
    lines = []
    for row in document.field("userAssets").items():
        free, locked = row.decimal("free"), row.decimal("locked")
        owed = row.decimal("borrowed") + row.decimal("interest")
        if free or locked or owed:
            asset = reading.asset(row.text("asset"), reading.evidence.answered_at)
            lines.append(BalanceLine(asset, free + locked - owed, locked))
    cash = tuple(sorted(lines, key=lambda line: line.asset))
    reading.snapshot(WALLET, BalanceSnapshot(WALLET, cash))


def trades(reading: Reading, document: Node, wallet: str = WALLET) -> None:
    """Fills; the venue does not tell their cost, which is price times quantity."""
    tags = noted_tags(reading.evidence)
    for row in document.items():
        symbol, order = row.text("symbol"), row.text("orderId")
        terms = reading.instrument(instrument_id(MANIFEST.name, symbol), lost=True)
        if terms is None or order_unknown(reading, tags, order):
            continue
        at, sign = row.instant("time"), 1 if required_flag(row, "isBuyer") else -1
        quantity, price = sign * row.decimal("qty"), row.decimal("price")
        body = Trade(
            wallet=wallet,
            instrument=terms.id,
            quantity=quantity,
            price=price,
            cost=Amount(-quantity * price, terms.quote),
            realised=None,
            fees=fees(reading, row, at),
            order_id=order,
            tag=(tags or {}).get(order),
        )
        reading.state(f"{wallet}:{terms.id}:{row.text('id')}", at, body)


def interest(reading: Reading, document: Node, wallet: str = WALLET) -> None:
    """What loans cost, as it is charged.

    Charged in BNB it is owed in BNB, by the same wallet. A row with a pair is that pair's.
    """
    rows = document.maybe("rows")
    for row in rows.items() if rows is not None else ():
        at = row.instant("interestAccuredTime")
        charged = Amount(-row.decimal("interest"), reading.asset(row.text("asset"), at))
        owner = ISOLATED if row.text_or("isolatedSymbol") else wallet
        reading.state(f"interest:{interest_id(row)}", at, CashFlow(owner, CashKind.INTEREST, charged))
