"""What the parsers of Binance's spot and futures rows share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.connect.contract import Problem
from truenav.connect.document import Node
from truenav.connect.reading import Reading, tag_of
from truenav.core.facts import CashKind
from truenav.core.money import Amount

ORDERS_KEPT = timedelta(days=90)
"""A futures order is listed for so long after it was made; its fills are told for longer."""


def order_unknown(
    reading: Reading, tags: Mapping[str, str | None] | None, order: str, at: datetime | None = None
) -> bool:
    """Whether the trade's order was not looked up; without it the trade's tag would be a guess.

    ``at`` is when a trade happened whose order the venue may have forgotten: it has no tag, which is told.
    """
    if tags is not None and order in tags:
        return False
    if at is not None and reading.evidence.answered_at - at > ORDERS_KEPT:
        _tell_forgotten(reading)
        return False
    reading.lost(
        f"order {order}",
        f"Order {order} of a trade is not in the venue's order list.",
        "Gather again; the trades are read again until their orders are known.",
    )
    return True


def _tell_forgotten(reading: Reading) -> None:
    where = f"{reading.venue} {reading.evidence.endpoint}"
    message = "The venue has forgotten the orders of fills that are older than 90 days; these carry no tag."
    mend = "Assign them by a rule that needs no tag; fills that are gathered in time have theirs."
    reading.problems.setdefault(("orders", message), Problem(where, message, mend, subject="orders"))


_OF_THE_VENUE = frozenset({"autoclose", "adl_autoclose", "delivery_autoclose", "settlement_autoclose"})
"""What begins the client ids of orders that the venue places: liquidations, deleveraging, deliveries."""


def order_tag(client_id: str) -> str | None:
    """The strategy tag of a client order id; none of an order that the venue placed itself."""
    tag = tag_of(client_id)
    return None if tag in _OF_THE_VENUE else tag


def required_flag(row: Node, name: str) -> bool:
    """A field that must be true or false."""
    value = row.flag(name)
    if value is None:
        raise row.wrong(f"field {name!r} is missing or not true or false")
    return value


def fees(reading: Reading, row: Node, at: datetime) -> tuple[Amount, ...]:
    """A trade's commission as cash, none where it is zero."""
    commission = row.decimal("commission")
    if not commission:
        return ()
    return (Amount(-commission, reading.asset(row.text("commissionAsset"), at)),)


def utc_time(row: Node, name: str) -> datetime:
    """Binance's ``2026-01-31 08:00:00``, which is UTC."""
    text = row.text(name)
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise row.wrong(f"field {name!r} is not a time such as 2026-01-31 08:00:00") from error


def income_id(node: Node) -> str:
    """An income's identity: the transaction is unique within its type, asset and symbol."""
    parts = (node.text("incomeType"), node.text("tranId"), node.text_or("symbol"), node.text("asset"))
    return ":".join((*parts, node.text_or("tradeId")))


def interest_id(node: Node) -> str:
    """An interest charge's identity: its transaction and asset."""
    return f"{node.text('txId')}:{node.text('asset')}"


def by_sign(reading: Reading, kind: str, number: Decimal) -> CashKind:
    """Cash of a kind that is not documented: taken, by its sign, and told."""
    where = f"{reading.venue} {reading.evidence.endpoint}"
    message = f"Income of the unknown type {kind[:60]!r} is taken as a fee where negative, else as a reward."
    mend = "Nothing is missing from the balance; report the type so that it gets its own kind."
    reading.problems.setdefault((kind, message), Problem(where, message, mend, subject=kind))
    return CashKind.FEE if number < 0 else CashKind.REWARD


def told(message: Node) -> list[Node]:
    """The events of a stream's message: one or an array, bare or wrapped by the name of their stream.

    The answer to a subscription tells none; a refusal is no event.
    """
    if isinstance(message.value, dict):
        if "result" in message.value:
            return []
        message = message.maybe("data") or message
    return list(message.items()) if isinstance(message.value, list) else [message]
