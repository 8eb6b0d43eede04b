"""What share of gross value was observed how; funds below are looked through."""

from __future__ import annotations

from collections.abc import Mapping, Set
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey
from truenav.calc.nav.model import Coverage, CoverageClass, FundNav, LineKind, NavLine
from truenav.calc.nav.snapshots import Snapshot
from truenav.core.ids import NodeId
from truenav.core.money import ONE, ZERO, divided, rounded

Weights = Mapping[CoverageClass, Decimal]

LastKnown = Mapping[tuple[str, ...], Decimal]
"""Absolute USD value at the last NAV by node, account, wallet, kind, subject and tag."""


def last_known(previous: FundNav | None) -> LastKnown:
    """What the lines of the last NAV were worth; nothing without one."""
    last: dict[tuple[str, ...], Decimal] = {}
    for line in previous.lines if previous else ():
        last[_key(line)] = last.get(_key(line), ZERO) + abs(line.value_usd or ZERO)
    return last


def weight_of(line: NavLine, last: LastKnown) -> Decimal:
    """Absolute USD value, unrounded; of an unpriced line the last known one, nothing if there is none."""
    return abs(line.value_usd if line.value_usd is not None else last.get(_key(line), ZERO))


def weight_gone(last: LastKnown, missing_wallets: Set[WalletKey]) -> Mapping[NodeId, Decimal]:
    """The last known absolute value, by node, of what the wallets without a snapshot held."""
    gone: dict[NodeId, Decimal] = {}
    for (node, account, wallet, kind, _, _), value in last.items():
        of_wallet = kind in {LineKind.BALANCE, LineKind.POSITION}
        if of_wallet and (account, wallet, kind is LineKind.POSITION) in missing_wallets:
            gone[NodeId(node)] = gone.get(NodeId(node), ZERO) + value
    return gone


def coverage_of(weights: Weights, lines_unpriced: int, wallets_missing: bool, places: int) -> Coverage:
    """Shares that sum to exactly 1: each rounded once, the largest carries the rounding.

    With no value at all, everything is missing if anything is, else nothing is.
    """
    total = sum(weights.values(), ZERO)
    if total == 0:
        nothing = ONE if lines_unpriced or wallets_missing else ZERO
        shares = dict.fromkeys(CoverageClass, ZERO)
        shares[CoverageClass.MISSING], shares[CoverageClass.API] = nothing, ONE - nothing
    else:
        shares = {kind: rounded(divided(weight, total), places) for kind, weight in weights.items()}
        largest = max(CoverageClass, key=lambda kind: weights[kind])
        shares[largest] += ONE - sum(shares.values(), ZERO)
    return Coverage(
        api=shares[CoverageClass.API],
        imported=shares[CoverageClass.IMPORTED],
        manual=shares[CoverageClass.MANUAL],
        stale=shares[CoverageClass.STALE],
        missing=shares[CoverageClass.MISSING],
        lines_unpriced=lines_unpriced,
    )


def missing_wallets(snapshots: Mapping[WalletKey, Snapshot]) -> frozenset[WalletKey]:
    """The wallets without a usable snapshot."""
    return frozenset(key for key, snapshot in snapshots.items() if snapshot.fact is None)


def _key(line: NavLine) -> tuple[str, ...]:
    return (line.node, line.account, line.wallet, line.kind, line.subject, line.tag or "")
