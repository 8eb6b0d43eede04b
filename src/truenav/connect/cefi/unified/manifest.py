"""The manifest of a venue that is read through ccxt."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from truenav.connect.cefi.unified.catalogue import Venue
from truenav.connect.contract import Budget, Manifest
from truenav.connect.supplies import ITEMS, Supply, absent, not_done, unified

GRADE = "silver"
BUDGET = "requests"
_WINDOW_SECONDS = 10
_CONTRACTS = frozenset({"swap", "future", "option"})
_ANY = frozenset({"spot", "margin"}) | _CONTRACTS
_NEEDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    **{f"balances.{kind}": (frozenset({kind}), frozenset({"fetchBalance"})) for kind in _ANY},
    "positions.linear": (frozenset({"swap", "future"}), frozenset({"fetchPositions"})),
    "positions.inverse": (frozenset({"swap", "future"}), frozenset({"fetchPositions"})),
    "positions.option": (frozenset({"option"}), frozenset({"fetchPositions"})),
    "positions.hedge": (_CONTRACTS, frozenset({"fetchPositions"})),
    "positions.isolated": (_CONTRACTS, frozenset({"fetchPositions"})),
    "positions.cross": (_CONTRACTS, frozenset({"fetchPositions"})),
    "history.fills": (_ANY, frozenset({"fetchMyTrades"})),
    "history.fees": (_ANY, frozenset({"fetchMyTrades"})),
    "history.funding": (frozenset({"swap"}), frozenset({"fetchFundingHistory"})),
    "history.interest": (_ANY, frozenset({"fetchBorrowInterest"})),
    "history.ledger": (_ANY, frozenset({"fetchLedger"})),
    "history.rewards": (_ANY, frozenset({"fetchLedger"})),
    "history.deposits": (_ANY, frozenset({"fetchDeposits", "fetchDepositsWithdrawals"})),
    "history.withdrawals": (_ANY, frozenset({"fetchWithdrawals", "fetchDepositsWithdrawals"})),
    "history.internal": (_ANY, frozenset({"fetchTransfers"})),
}
"""Item to the market types of which the venue needs one, and the methods of which ccxt needs one."""
_READ = "by ccxt's unified rows; no payload of this venue was tried"
_MISSING = "ccxt does not read this of the venue"
_UNREAD = "not read through ccxt"


def manifest(venue: Venue) -> Manifest:
    """What the connector of a venue is: graded silver, for its facts come from ccxt's rows, not from ours."""
    return Manifest(
        name=venue.id,
        title=venue.title,
        version=f"1+ccxt-{version('ccxt')}",
        grade=GRADE,
        hosts={f"api{number or ''}": url for number, url in enumerate(venue.hosts)},
        budgets=(Budget(BUDGET, max(1, int(_WINDOW_SECONDS * 1000 / venue.pause_ms)), _WINDOW_SECONDS),),
        wallets=venue.wallets,
        credentials=tuple(venue.credentials),
        supplies=tuple(supplies(venue)),
    )


def supplies(venue: Venue) -> Iterable[Supply]:
    """What ccxt says that it can read of the venue, item by item; nothing of it was tested with a payload."""
    for item in ITEMS:
        types, methods = _NEEDS.get(item, (frozenset(), frozenset()))
        if item == "instruments":
            yield from unified(_READ, item)
        elif not types:
            yield from not_done(_UNREAD, item)
        elif not types & set(venue.types):
            yield from absent("ccxt knows no such markets of the venue", item)
        else:
            yield from (unified(_READ, item) if methods & set(venue.has) else not_done(_MISSING, item))
