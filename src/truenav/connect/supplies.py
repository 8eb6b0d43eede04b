"""What a venue's connector supplies, item by item: the rows of the venue table in the reference.

A gold manifest has one row for each item: read, absent at the venue, or not done. A row that is read names
the payload that its parser is tested with, and where that payload is from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

PAYLOADS = "tests/payloads"
"""Folder of the payloads, beside the sources; ``PAYLOADS/<venue>/<payload>``."""


class Supplied(StrEnum):
    """Whether an item is read; ``unified``: by ccxt's rows, of which no payload of the venue was tried."""

    READ = "read"
    UNIFIED = "unified"
    ABSENT = "absent"
    NOT_DONE = "not-done"


class Origin(StrEnum):
    """Where a payload is from: a venue's real answer, its documentation, or written by us after it."""

    RECORDED = "recorded"
    DOCUMENTED = "documented"
    OURS = "ours"


ITEMS: Mapping[str, str] = {
    "balances.spot": "balances of the spot wallet",
    "balances.margin": "balances of the margin wallet",
    "balances.swap": "balances behind perpetuals",
    "balances.future": "balances behind dated futures",
    "balances.option": "balances behind options",
    "balances.funding": "balances of the funding wallet",
    "balances.earn": "balances in earn and staking products",
    "positions.linear": "positions settled in the quote asset",
    "positions.inverse": "positions settled in the base asset",
    "positions.option": "option positions",
    "positions.hedge": "long and short of one contract side by side",
    "positions.isolated": "isolated margin",
    "positions.cross": "cross margin",
    "orders.open": "open orders",
    "margin.collateral": "collateral that counts for margin",
    "margin.equity": "equity of a unified account",
    "margin.maintenance": "maintenance margin",
    "margin.ratio": "the venue's own margin ratio",
    "margin.tiers": "leverage tiers",
    "borrowed": "borrowed amounts, counted once",
    "history.fills": "fills",
    "history.funding": "funding payments",
    "history.fees": "fees in any coin",
    "history.interest": "borrow interest",
    "history.ledger": "the venue's own ledger",
    "history.deposits": "deposits",
    "history.withdrawals": "withdrawals",
    "history.internal": "transfers between own wallets",
    "history.subaccounts": "transfers between sub-accounts",
    "history.settlements": "settlements and expiries",
    "history.liquidations": "liquidations",
    "history.rewards": "earn rewards",
    "live.balances": "balances as they change",
    "live.positions": "positions as they change",
    "live.orders": "orders as they change",
    "live.prices": "prices as they change",
    "instruments": "contract terms of all markets",
}
"""What a venue can supply: name to words for people."""


@dataclass(frozen=True, slots=True)
class Supply:
    """One row. ``payload`` is a file's name within the venue's folder of payloads; ``note`` is for people."""

    item: str
    state: Supplied
    payload: str = ""
    origin: Origin | None = None
    note: str = ""


def read(item: str, payload: str, origin: Origin, note: str = "") -> Supply:
    """An item that is read, tested with a payload."""
    return Supply(item, Supplied.READ, payload, origin, note)


def unified(note: str, *items: str) -> tuple[Supply, ...]:
    """Items that are read through ccxt's rows, untested with a payload of the venue."""
    return tuple(Supply(item, Supplied.UNIFIED, note=note) for item in items)


def absent(note: str, *items: str) -> tuple[Supply, ...]:
    """Items that the venue does not have; ``note`` says so for people."""
    return tuple(Supply(item, Supplied.ABSENT, note=note) for item in items)


def not_done(note: str, *items: str) -> tuple[Supply, ...]:
    """Items that the venue has and the connector does not read yet; ``note`` says what that means."""
    return tuple(Supply(item, Supplied.NOT_DONE, note=note) for item in items)


def unsaid(supplies: Iterable[Supply]) -> tuple[str, ...]:
    """Items without a row, and rows of items that are unknown or stand twice: none for a gold manifest."""
    named = [supply.item for supply in supplies]
    twice = {item for item in named if named.count(item) > 1}
    return tuple(sorted((ITEMS.keys() ^ set(named)) | twice))
