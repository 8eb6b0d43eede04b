"""What is written out: accounts, their facts in a window of time, and the books that explain them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from truenav.core.account import Account
from truenav.core.asset import AssetBook
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    Fact,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
)
from truenav.core.instrument import InstrumentBook

MOVEMENTS = (Trade.TAG, Transfer.TAG, CashFlow.TAG, Settlement.TAG)
SNAPSHOTS = (BalanceSnapshot.TAG, PositionSnapshot.TAG)
KINDS = (*SNAPSHOTS, *MOVEMENTS)
"""The kinds of facts that a journal of accounts holds."""

Facts = Callable[[Collection[str]], Iterable[Fact]]
"""The facts of some kinds, oldest first; may be asked as often as needed."""


@dataclass(frozen=True, slots=True)
class Journal:
    """All that a form may write.

    ``facts`` are those after ``since``. ``opening`` has of each wallet the first snapshot that is known: with
    ``since`` of what was held at that very instant, else the first that was taken.
    """

    accounts: tuple[Account, ...]
    assets: AssetBook
    instruments: InstrumentBook
    since: datetime | None
    opening: tuple[Fact, ...]
    facts: Facts
