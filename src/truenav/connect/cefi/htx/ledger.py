"""The past of an HTX account. Each movement of cash is stated by one endpoint, once.

* spot and margin: trades by the match results; transfers by the ledger of transfers, each wallet's side by
  its own account; deposits and withdrawals by their records; interest as it is repaid.
* contracts: all cash by the financial records: what closing realised, fees, funding, settlements, transfers.
  The match results state what was traded, without cash. So cash is complete as far back as the records go,
  though trades of USDT-margined contracts are told for three days only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.htx.answers import (
    CROSS,
    ISOLATED,
    SPOT,
    USDTM,
    VENUE,
    ReadRow,
    contract_id,
    contract_terms,
    fee_runs,
    spot_id,
    tell,
    transfer_id,
)
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.facts import CashFlow, CashKind, Trade, Transfer, TransferKind
from truenav.core.money import ZERO, Amount, AssetId


def sign_of(row: Node, name: str) -> int:
    """1 where a field says ``buy``, -1 where it says ``sell``."""
    side = row.text(name).lower()
    if side not in ("buy", "sell"):
        raise row.wrong(f"{name} is neither buy nor sell")
    return 1 if side == "buy" else -1


# -- spot and margin ------------------------------------------------------------------------------


def spot_fill(reading: Reading, row: Node) -> None:
    """A fill of a pair, in the wallet that its order came from, once its fee is known."""
    if fee_runs(row, reading.evidence.answered_at):
        return
    terms = reading.instrument(spot_id(row.text("symbol")), lost=True)
    wallet = _wallet_of(reading, row)
    if terms is None or wallet is None:
        return
    at, side = row.instant("created-at"), row.text("type").partition("-")[0]
    if side not in ("buy", "sell"):
        raise row.wrong("type begins with neither buy nor sell")
    sign = 1 if side == "buy" else -1
    size, price = row.decimal("filled-amount"), row.decimal("price")
    body = Trade(
        wallet=wallet,
        instrument=terms.id,
        quantity=sign * size,
        price=price,
        cost=Amount(-sign * size * price, terms.quote),
        realised=None,
        fees=_fees(reading, row, at),
        order_id=row.text("order-id"),
    )
    reading.state(f"fill:{row.text('id')}", at, body)


def _wallet_of(reading: Reading, row: Node) -> str | None:
    """The wallet that an order was of; of a forced liquidation it is not told."""
    source = row.text("source")
    if source.startswith("fl-"):
        reading.lost(
            f"{VENUE} {source[:40]}",
            "A fill of a forced liquidation does not tell in which margin wallet it was.",
            "Enter it by hand; report it with the hash of the payload.",
        )
        return None
    if source.startswith(("super-margin", "cross-margin")):
        return CROSS
    return ISOLATED if source.startswith("margin") else SPOT


def _fees(reading: Reading, row: Node, at: datetime) -> tuple[Amount, ...]:
    """The fee in the coin that was received, negative for a rebate, and what was deducted instead of it."""
    fees = []
    if fee := row.decimal_or("filled-fees", ZERO):
        fees.append(Amount(-fee, reading.asset(row.text("fee-currency").upper(), at)))
    if (points := row.decimal_or("filled-points", ZERO)) and row.text_or("fee-deduct-currency"):
        fees.append(Amount(-points, reading.asset(row.text("fee-deduct-currency").upper(), at)))
    return tuple(fees)


def transfer(wallet: str) -> ReadRow:
    """A reader of an account's side of transfers."""

    def read(reading: Reading, row: Node) -> None:
        if row.text_or("transactType", "transfer") != "transfer":
            return
        at = row.instant("transactTime")
        amount = Amount(row.decimal("transactAmt"), reading.asset(row.text("currency").upper(), at))
        body = Transfer(wallet, amount, TransferKind.INTERNAL, row.text("transferType"))
        reading.state(f"{wallet}:transfer:{transfer_id(row)}", at, body)

    return read


def repayment(wallet: str) -> ReadRow:
    """A reader of the interest in repayments; what is repaid of the loan moves nothing that is counted."""

    def read(reading: Reading, row: Node) -> None:
        at, parts = row.instant("repayTime"), row.field("transactIds")
        asset = reading.asset(row.text("currency").upper(), at)
        for part in list(parts.items()) if isinstance(parts.value, list) else [parts]:
            _tell_paid_otherwise(reading, part)
            if interest := part.decimal_or("repaidInterest", ZERO):
                name = f"{wallet}:repayment:{row.text('repayId')}:{part.text('transactId')}"
                reading.state(name, at, CashFlow(wallet, CashKind.INTEREST, Amount(-interest, asset)))

    return read


def _tell_paid_otherwise(reading: Reading, part: Node) -> None:
    if part.decimal_or("paidHt", ZERO) or part.decimal_or("paidPoint", ZERO):
        tell(
            reading,
            f"{VENUE} interest",
            "A part of the interest was paid in HT or in points; from which wallet is not told.",
            "The reconciliation shows what is missing; enter it as a manual item.",
        )


_CREDITED = frozenset({"confirmed", "safe"})


def deposit(reading: Reading, row: Node) -> None:
    """A deposit, once it is credited; before it is safe it may be traded already."""
    if row.text("state") in _CREDITED:
        at = row.instant("created-at")
        amount = Amount(row.decimal("amount"), reading.asset(row.text("currency").upper(), at))
        reading.state(
            f"deposit:{row.text('id')}",
            at,
            Transfer(SPOT, amount, TransferKind.EXTERNAL, txid=row.text_or("tx-hash")),
        )


def withdrawal(reading: Reading, row: Node) -> None:
    """A withdrawal that was confirmed; its fee is beside the amount."""
    if row.text("state") != "confirmed":
        return
    at, fee = row.instant("created-at"), abs(row.decimal_or("fee", ZERO))
    asset = reading.asset(row.text("currency").upper(), at)
    body = Transfer(
        wallet=SPOT,
        amount=Amount(-row.decimal("amount"), asset),
        kind=TransferKind.EXTERNAL,
        counterpart=row.text_or("address"),
        txid=row.text_or("tx-hash"),
        fee=Amount(-fee, asset) if fee else None,
    )
    reading.state(f"withdrawal:{row.text('id')}", at, body)


# -- contracts ------------------------------------------------------------------------------------

_TRANSFERS = frozenset({"14", "15", "34", "35", "36", "37", "38", "39", "66", "67", "85", "86"})
_KINDS: Mapping[str, CashKind] = {
    "3": CashKind.REALISED,
    "4": CashKind.REALISED,
    "5": CashKind.FEE,
    "6": CashKind.FEE,
    "7": CashKind.FEE,
    "8": CashKind.FEE,
    "9": CashKind.SETTLEMENT,
    "10": CashKind.SETTLEMENT,
    "11": CashKind.FEE,
    "12": CashKind.REALISED,
    "13": CashKind.REALISED,
    "16": CashKind.REALISED,
    "17": CashKind.REALISED,
    "19": CashKind.FEE,
    "28": CashKind.REWARD,
    "29": CashKind.REWARD,
    "30": CashKind.FUNDING,
    "31": CashKind.FUNDING,
    "46": CashKind.REALISED,
    "47": CashKind.REALISED,
    "141": CashKind.FEE,
}
"""Closing and its fees, deliveries, liquidations, settlements of open profit, clawback, rewards, funding."""
_OF_ORDERS = frozenset({"3", "4", "5", "6", "7", "8"})
_OF_TRADES = _OF_ORDERS | {"12", "13", "46", "47"}


def is_of_trade(row: Node) -> bool:
    """Whether a financial record is of a trade, whose contract then has match results."""
    return row.text("type") in _OF_TRADES and bool(row.text_or("contract_code"))


def is_of_order(row: Node) -> bool:
    """Whether a financial record is of a trade that one of our orders made, and no liquidation."""
    return row.text("type") in _OF_ORDERS and bool(row.text_or("contract_code"))


def linear_bill(reading: Reading, row: Node) -> None:
    """A line of the ledger of USDT-margined contracts."""
    at = row.instant("created_time")
    _record(reading, row, USDTM, reading.asset(row.text("currency").upper(), at), at)


def coin_record(wallet: str) -> ReadRow:
    """A reader of the ledger of coin-margined contracts, which is in the coin of the row."""

    def read(reading: Reading, row: Node) -> None:
        at = row.instant("ts")
        _record(reading, row, wallet, reading.asset(row.text("symbol").upper(), at), at)

    return read


def _record(reading: Reading, row: Node, wallet: str, asset: AssetId, at: datetime) -> None:
    kind, number = row.text("type"), row.decimal("amount")
    if not number:
        return
    amount, name = Amount(number, asset), f"{wallet}:record:{row.text('id')}"
    if kind in _TRANSFERS:
        reading.state(name, at, Transfer(wallet, amount, TransferKind.INTERNAL))
        return
    code = row.text_or("contract_code")
    cash = _KINDS.get(kind) or _by_sign(reading, kind, number)
    reading.state(name, at, CashFlow(wallet, cash, amount, contract_id(code) if code else None))


def _by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    message = (
        f"A record of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    )
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    tell(reading, f"type {kind[:60]}", message, mend)
    return CashKind.FEE if number < 0 else CashKind.REWARD


def tell_voucher(reading: Reading, row: Node, coin: str) -> None:
    """Tell a voucher, which pays losses and fees and never leaves."""
    if row.decimal_or("voucher", ZERO):
        tell(
            reading,
            f"{VENUE}:{coin[:60]}",
            f"There is a voucher in {coin[:60]}: it backs trades, but never leaves.",
            "What the venue's own equity counts of it is counted; enter a payable to leave it out.",
        )


def linear_fill(reading: Reading, row: Node) -> None:
    """A fill of a USDT-margined contract; what it moved in cash is in the bills."""
    name = f"{USDTM}:fill:{row.text('id')}"
    _fill(reading, row, USDTM, name, row.instant("created_time"), sign_of(row, "side"), row.text("order_id"))


def coin_fill(wallet: str) -> ReadRow:
    """A reader of fills of coin-margined contracts; what they moved in cash is in the records."""

    def read(reading: Reading, row: Node) -> None:
        at, sign = row.instant("create_date"), sign_of(row, "direction")
        _fill(reading, row, wallet, f"{wallet}:fill:{row.text('id')}", at, sign, row.text("order_id_str"))

    return read


def _fill(
    reading: Reading, row: Node, wallet: str, name: str, at: datetime, sign: int, order_id: str
) -> None:
    terms = contract_terms(reading, row.text("contract_code"))
    if terms is None:
        return
    body = Trade(
        wallet=wallet,
        instrument=terms.id,
        quantity=sign * row.decimal("trade_volume"),
        price=row.decimal("trade_price"),
        cost=None,
        realised=None,
        fees=(),
        order_id=order_id,
    )
    reading.state(name, at, body)
