"""Cobo's answers as facts. A transfer between own wallets is two rows, each of its own wallet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.custody.moves import (
    Holding,
    Move,
    followed,
    pages_of,
    state_move,
    state_one_side,
    state_vault,
    tell,
)
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.money import ZERO, Amount, exact

VENUE = "cobo"
DONE = "Completed"
DEAD = frozenset({"Failed", "Rejected"})
_SILENT = frozenset({"MessageSign", "ExternalSafeTx"})
"""What is signed and moves nothing of its own."""


def _tokens(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """All pages of one wallet's balances as one snapshot."""
    reading = Reading(evidence, context)
    wallets = followed(evidence)
    if len(wallets) != 1:
        raise MalformedPayloadError("the wallet that was asked about is not noted.")
    holdings: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    with exact():
        for page in pages_of(read_json(body)):
            for row in page.field("data").items():
                balance, sums = row.field("balance"), holdings[row.text("token_id")]
                total = balance.decimal("total")
                sums[0] += total
                sums[1] += max(ZERO, total - balance.decimal_or("available", total))
        held = [Holding(code, total, locked) for code, (total, locked) in holdings.items()]
        state_vault(reading, next(iter(wallets)), "", held)
    return reading.done()


def _transactions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    with exact():
        for row in read_json(body).field("data").items():
            if row.text("status") == DONE:
                _transaction(reading, row)
            elif row.text("status") == "Failed" and row.text_or("transaction_hash"):
                _fee_of_a_failure(reading, row)
    return reading.done()


def _transaction(reading: Reading, row: Node) -> None:
    """One row, seen from the wallet that it names."""
    kind, at = row.text_or("type"), _happened(row)
    if kind in _SILENT:
        return
    deposit, wallet = kind == "Deposit", row.text("wallet_id")
    if kind not in ("Deposit", "Withdrawal", "ContractCall"):
        tell(
            reading,
            f"{VENUE}:{kind[:60]}",
            f"Transactions of the type {kind[:60]!r} state nothing yet; what they move is in the balance.",
            "Nothing is missing from the balance; explain the difference, and report the type.",
        )
        return
    source, destination = row.field("source"), row.field("destination")
    asset = reading.asset(row.text_or("token_id") or row.text("asset_id"), at)
    other = source if deposit else destination
    wallets = (other.text_or("wallet_id"), wallet) if deposit else (wallet, other.text_or("wallet_id"))
    state_one_side(
        reading,
        wallet,
        Move(
            id=f"tx:{row.text('transaction_id')}",
            at=at,
            amount=Amount(_amount(destination), asset),
            source=wallets[0],
            destination=wallets[1],
            sender=_address(source),
            recipient=_address(destination),
            txid=row.text_or("transaction_hash"),
            fee=None if deposit else _fee(reading, row, at),
        ),
    )


def _amount(destination: Node) -> Decimal:
    """What is sent, wherever the kind of destination writes it; a call without value sends nothing."""
    output, outputs = destination.maybe("account_output"), destination.maybe("utxo_outputs")
    if output is not None:
        return output.decimal("amount")
    if outputs is not None:
        return sum((one.decimal("amount") for one in outputs.items()), ZERO)
    if destination.text_or("amount"):
        return destination.decimal("amount")
    return destination.decimal_or("value", ZERO)


def _address(peer: Node) -> str:
    output, many = peer.maybe("account_output"), peer.maybe("addresses") or peer.maybe("utxo_outputs")
    if output is not None:
        return output.text_or("address")
    if many is not None:
        found = [
            one.text_or("address") if isinstance(one.value, dict) else str(one.value) for one in many.items()
        ]
        return ",".join(found)
    return peer.text_or("address")


def _fee(reading: Reading, row: Node, at: datetime) -> Amount | None:
    fee = row.maybe("fee")
    number = ZERO if fee is None else fee.decimal_or("fee_used", ZERO)
    if fee is None or not number or row.maybe("fueling_info") is not None:
        return None
    return Amount(number, reading.asset(fee.text_or("token_id") or row.text("token_id"), at))


def _fee_of_a_failure(reading: Reading, row: Node) -> None:
    """A transaction that failed on its chain moved nothing and cost its fee."""
    at = _happened(row)
    fee = None if row.text_or("type") == "Deposit" else _fee(reading, row, at)
    if fee is not None:
        name = f"tx:{row.text('transaction_id')}"
        state_move(reading, Move(name, at, Amount(ZERO, fee.asset), row.text("wallet_id"), fee=fee))


def _happened(row: Node) -> datetime:
    """The time of the block where it is told, else of the row's last change."""
    block = row.maybe("block_info")
    if block is not None and block.text_or("block_timestamp"):
        return block.instant("block_timestamp")
    return row.instant("updated_timestamp")


PARSERS: Mapping[str, Parser] = {"tokens/1": _tokens, "transactions/1": _transactions}
