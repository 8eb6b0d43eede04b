"""BitMEX's executions as facts: fills, funding, settlements, each with its fee.

``realisedPnl`` of an execution is what the balance changed by: profit less ``execComm``, which is negative
where it was received. Executions of former years do not tell it; the wallet's history states their profit.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.bitmex.answers import WALLET, Money, bitmex_id, moment, tell
from truenav.connect.cefi.bitmex.units import units_noted
from truenav.connect.document import Node
from truenav.connect.reading import Reading, tag_of
from truenav.core.facts import CashFlow, CashKind, Settlement, Trade
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ZERO, Amount, divided

TOLERANCE = Decimal("0.01")
"""By which share a fill's value may differ from its cost, which is in whole units."""
_SIGNS = {"Buy": 1, "Sell": -1}
_ORDERS = frozenset(
    {"New", "Canceled", "Replaced", "Rejected", "CancelReject", "TriggeredOrActivatedBySystem"}
)
"""What happens to orders and moves nothing."""


def read_executions(reading: Reading, document: Node) -> None:
    """State each row of a page."""
    money = Money(reading, units_noted(reading.evidence, document))
    for row in document.items():
        _execution(reading, money, row)


def fee_currency(row: Node) -> str:
    """What ``execComm`` is in: of spot trades the quote coin where the venue does not say."""
    return row.text_or("execCommCcy") or row.text_or("settlCurrency") or row.text("currency")


def tells_profit(row: Node) -> bool:
    """Whether an execution says itself what it did to the balance."""
    return bool(row.text_or("realisedPnl") or not row.text_or("settlCurrency"))


def _execution(reading: Reading, money: Money, row: Node) -> None:
    kind, at = row.text("execType"), moment(row, "transactTime")
    external_id = f"exec:{row.text('execID')}"
    match kind:
        case "Trade":
            _trade(reading, money, row, external_id, at)
        case "Funding":
            _cash(reading, money, row, external_id, at, CashKind.FUNDING)
        case "Settlement":
            _settlement(reading, money, row, external_id, at)
        case _ if kind not in _ORDERS:
            _cash(reading, money, row, external_id, at, CashKind.REALISED)
            tell(
                reading,
                kind,
                f"Executions of the unknown type {kind[:60]!r} are taken as profit or loss.",
                "Nothing is missing from the balance; compare the positions with the venue's own.",
            )


def _trade(reading: Reading, money: Money, row: Node, external_id: str, at: datetime) -> None:
    terms = reading.instrument(bitmex_id(row.text("symbol")), lost=True)
    if terms is None:
        return
    spot = terms.kind is InstrumentKind.SPOT
    quantity, price = _signed(row), row.decimal("lastPx")
    cost: Amount | None = None
    if spot:
        base, _, quote = terms.code.partition("_")
        quantity *= money.units.unit(base, row).size
        cost = Amount(_spot_cost(money, row, quantity * price, quote), terms.quote)
    else:
        _compare(reading, money, row, terms, quantity)
    fee = _fee(money, row, at)
    body = Trade(
        wallet=WALLET,
        instrument=terms.id,
        quantity=quantity,
        price=price,
        cost=cost,
        realised=None if spot else _gross(money, row, at),
        fees=(fee,) if fee.number else (),
        order_id=row.text_or("orderID"),
        tag=tag_of(row.text_or("clOrdID")),
    )
    reading.state(external_id, at, body)


def _signed(row: Node) -> Decimal:
    side = row.text("side")
    if side not in _SIGNS:
        raise row.wrong("side is neither Buy nor Sell")
    return abs(row.decimal("lastQty")) * _SIGNS[side]


def _spot_cost(money: Money, row: Node, value: Decimal, quote: str) -> Decimal:
    """What was paid (negative) or received: ``execCost`` where it is told, whose sign is the side's."""
    if not row.text_or("execCost"):
        return -value
    cost = abs(money.number(row, "execCost", quote))
    if not _fits(cost, abs(value), money.units.unit(quote, row).size):
        raise row.wrong("execCost does not fit lastQty and lastPx")
    return cost if value < 0 else -cost


def _compare(reading: Reading, money: Money, row: Node, terms: Instrument, quantity: Decimal) -> None:
    """Tell where a fill is not of the contract that its name now means: the venue used some names again."""
    currency = row.text_or("settlCurrency")
    unit = money.units.unit(currency, row) if currency else None
    size, price = abs(quantity) * terms.multiplier, row.decimal("lastPx")
    value = divided(size, price) if terms.inverse and price > 0 else size * price
    other = unit is None or reading.known_asset(unit.coin) != terms.settle
    cost = ZERO if unit is None or other else abs(money.number(row, "execCost", currency))
    if other or (cost and unit is not None and not _fits(cost, abs(value), unit.size)):
        tell(
            reading,
            terms.id,
            f"Fills of {terms.code[:40]} do not fit its terms: an earlier contract had this name.",
            "Profit and fees are the venue's own; the size of one contract was another then.",
        )


def _fits(cost: Decimal, value: Decimal, unit: Decimal) -> bool:
    return abs(cost - value) <= max(value * TOLERANCE, unit * 2)


def _fee(money: Money, row: Node, at: datetime) -> Amount:
    currency = fee_currency(row)
    return money.amount(row, -money.number(row, "execComm", currency), currency, at)


def _gross(money: Money, row: Node, at: datetime) -> Amount | None:
    """Profit before the fee; None where the execution does not tell it."""
    if not row.text_or("realisedPnl"):
        return None
    currency = row.text("settlCurrency")
    gross = money.number(row, "realisedPnl", currency)
    if money.units.unit(fee_currency(row), row) == money.units.unit(currency, row):
        gross += money.number(row, "execComm", currency)
    return money.amount(row, gross, currency, at)


def _settlement(reading: Reading, money: Money, row: Node, external_id: str, at: datetime) -> None:
    """An expiry, or the end of a perpetual: it closes what is held."""
    terms = reading.instrument(bitmex_id(row.text("symbol")), lost=True)
    if terms is None:
        return
    quantity = _signed(row) if row.text_or("side") else -abs(row.decimal("lastQty"))
    cash = _gross(money, row, at) or Amount(ZERO, terms.settle)
    reading.state(external_id, at, Settlement(WALLET, terms.id, quantity, row.decimal("lastPx"), cash))
    fee = _fee(money, row, at)
    if fee.number:
        reading.state(f"{external_id}:fee", at, CashFlow(WALLET, CashKind.FEE, fee, terms.id))


def _cash(reading: Reading, money: Money, row: Node, external_id: str, at: datetime, kind: CashKind) -> None:
    """What a row without a fill did to the balance."""
    gross, fee = _gross(money, row, at), _fee(money, row, at)
    name = bitmex_id(row.text("symbol")) if row.text_or("symbol") else None
    parts = {"": fee} if kind is CashKind.FUNDING else {"": gross or fee, ":fee": fee if gross else None}
    for suffix, amount in parts.items():
        if amount is not None and amount.number:
            reading.state(f"{external_id}{suffix}", at, CashFlow(WALLET, kind, amount, name))
