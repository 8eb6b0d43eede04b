"""What identifies and dates the rows of Gate's histories, for the pages and for the facts alike."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.connect.document import Node
from truenav.core.money import exact

CREDITED = frozenset({"DONE", "FINAL", "DEP_CREDITED", "BCODE"})
SENT = frozenset({"DONE", "BCODE"})
_NEVER_CREDITED = frozenset({"INVALID", "BLOCKED", "CANCEL", "REJECT"})
_NEVER_SENT = frozenset({"CANCEL", "REJECT", "INVALID"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999_999
"""31 December 9999 in microseconds: the last instant that Python can hold."""
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,12})?", re.ASCII)


def seconds(row: Node, name: str) -> datetime:
    """A field with seconds since 1970, perhaps with a fraction; cut to the microsecond."""
    return _instant(row, name, 1_000_000)


def milliseconds(row: Node, name: str) -> datetime:
    """The same with milliseconds."""
    return _instant(row, name, 1000)


def _instant(row: Node, name: str, microseconds: int) -> datetime:
    text = row.text(name)
    if _NUMBER.fullmatch(text) is not None:
        with exact():
            since = int(Decimal(text) * microseconds)
        if since <= _LAST:
            return _EPOCH + timedelta(microseconds=since)
    raise row.wrong(f"field {name!r} does not hold a time since 1970")


def spot_trade_at(row: Node) -> datetime:
    """When a spot fill happened, to the microsecond where the venue tells it."""
    return (
        milliseconds(row, "create_time_ms") if row.text_or("create_time_ms") else seconds(row, "create_time")
    )


def margin_line_at(row: Node) -> datetime:
    """When a margin account changed."""
    return milliseconds(row, "time_ms") if row.text_or("time_ms") else seconds(row, "time")


def fill_id(row: Node) -> str:
    """A fill: its trade's number, which two endpoints call differently, and our order: both may be ours."""
    return f"{row.text_or('id') or row.text('trade_id')}:{row.text('order_id')}"


def book_id(row: Node) -> str:
    """A line of a contract account: its number, or where it has none, all that it says."""
    parts = (row.text(name) for name in ("time", "type", "change", "balance"))
    return row.text_or("id") or ":".join((*parts, row.text_or("text")))


def interest_id(row: Node) -> str:
    """An hour's interest, which has no number: market, coin, instant and amount."""
    return ":".join(
        (row.text_or("currency_pair"), *(row.text(one) for one in ("currency", "create_time", "interest")))
    )


def settlement_id(row: Node) -> str:
    """An expiry, which has no number: its contract, instant and size."""
    return ":".join(row.text(name) for name in ("contract", "time", "size"))


def deposit_pending(row: Node) -> bool:
    """Whether a deposit may still be credited."""
    return row.text("status") not in CREDITED | _NEVER_CREDITED


def withdrawal_pending(row: Node) -> bool:
    """Whether a withdrawal may still be sent or given back."""
    return row.text("status") not in SENT | _NEVER_SENT
