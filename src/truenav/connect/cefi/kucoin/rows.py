"""What identifies the rows of KuCoin's histories, for the pages and for the facts alike."""

from __future__ import annotations

from datetime import datetime

from truenav.connect.document import Node
from truenav.core.clock import to_milliseconds


def fill_id(row: Node) -> str:
    """A fill, by whichever endpoint it is told: its trade and our order, as both sides may be ours."""
    return f"{row.text('tradeId')}:{row.text('orderId')}"


def money_id(row: Node) -> str:
    """A deposit, which has no number of its own: its place on its chain, coin, instant and amount."""
    parts = (row.text(name) for name in ("currency", "createdAt", "amount"))
    return row.text_or("id") or ":".join((row.text_or("walletTxId"), *parts))


def money_pending(row: Node) -> bool:
    """Whether a deposit or withdrawal may still change."""
    return row.text("status") not in ("SUCCESS", "FAILURE")


def interest_at(row: Node) -> datetime:
    """When interest was charged; the venue's documentation has two names for it."""
    return row.instant("createdTime" if row.maybe("createdTime") is not None else "createdAt")


def interest_id(row: Node) -> str:
    """An hour's interest, which has no number: coin, instant and amount."""
    parts = (row.text("currency"), str(to_milliseconds(interest_at(row))), row.text("interestAmount"))
    return ":".join(parts)


def session_id(row: Node) -> str:
    """A line of the futures account: its number, coin, kind and contract."""
    return ":".join((row.text("offset"), *(row.text_or(name) for name in ("currency", "type", "remark"))))


def session_runs(row: Node) -> bool:
    """Whether a line is of the running session, which is still added up."""
    return row.text_or("status") == "Pending"
