"""What identifies and dates the rows of Bybit's histories, for the pages and for the facts alike."""

from __future__ import annotations

from datetime import datetime

from truenav.connect.document import Node
from truenav.core.clock import from_milliseconds

OWNER = "local:owner"
"""Name of the note on a page of transfers: whose account number the key is."""

DONE_DEPOSIT = frozenset({"3", "10012"})
DONE_INTERNAL_DEPOSIT = "2"
DONE_WITHDRAWAL = "success"
DONE_TRANSFER = "SUCCESS"
_FAILED_DEPOSIT = "4"
_FAILED_WITHDRAWALS = frozenset({"CancelByUser", "Reject", "Fail"})


def deposit_pending(row: Node) -> bool:
    """Whether a deposit may still change."""
    return row.text("status") not in {*DONE_DEPOSIT, _FAILED_DEPOSIT}


def internal_deposit_pending(row: Node) -> bool:
    """Whether a deposit from another Bybit account may still change."""
    return row.text("status") == "1"


def withdrawal_pending(row: Node) -> bool:
    """Whether a withdrawal may still change."""
    return row.text("status") not in {DONE_WITHDRAWAL, *_FAILED_WITHDRAWALS}


def transfer_pending(row: Node) -> bool:
    """Whether a transfer may still change."""
    return row.text("status") == "PENDING"


def deposit_id(row: Node) -> str:
    """A deposit's own number, or where it has none, its place on its chain."""
    parts = (row.text_or("txID"), row.text_or("txIndex"), row.text("coin"), row.text_or("toAddress"))
    return row.text_or("id") or ":".join(parts)


def deposit_at(row: Node) -> datetime:
    """When a deposit was credited; one under way has no instant yet and counts as the oldest."""
    return row.instant("successAt") if row.text_or("successAt") else from_milliseconds(0)


def delivery_id(row: Node) -> str:
    """An expiry, which has no number: its market, instant and side."""
    return ":".join(row.text(name) for name in ("symbol", "deliveryTime", "side"))


def fund_id(row: Node) -> str:
    """A line of the funding account, which has no number: its second, coin, change and balance after it."""
    return ":".join(
        row.text(name) for name in ("createTime", "currency", "ioDirection", "txnAmt", "afterAmt")
    )


def seconds(row: Node, name: str) -> datetime:
    """A field with seconds since 1970."""
    text = row.text(name)
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise row.wrong(f"field {name!r} does not hold seconds since 1970")
    return from_milliseconds(int(text) * 1000)
