"""What share of gross value was observed how; funds below are looked through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey
from truenav.calc.nav.model import Coverage, CoverageClass, FundNav, LineKind, NavLine
from truenav.calc.nav.snapshots import Snapshot
from truenav.core.money import ONE, ZERO, divided, rounded

Weights = Mapping[CoverageClass, Decimal]


def weigh(
    lines: Iterable[NavLine],
    missing_wallets: Iterable[WalletKey],
    previous: FundNav | None,
    holdings: Iterable[tuple[Decimal, Weights]],
) -> dict[CoverageClass, Decimal]:
    """Absolute USD value by class of coverage, unrounded; of holdings, (share of the fund, its weights).

    What is missing or unpriced weighs its last known absolute value, and nothing if there is none.
    """
    weights = dict.fromkeys(CoverageClass, ZERO)
    last = _last_known(previous)
    for line in lines:
        if line.coverage is None:
            continue
        value = line.value_usd if line.value_usd is not None else last.get(_key(line), ZERO)
        weights[line.coverage] += abs(value)
    gone = set(missing_wallets)
    for (_, account, wallet, kind, _, _), value in last.items():
        of_wallet = kind in {LineKind.BALANCE, LineKind.POSITION}
        if of_wallet and (account, wallet, kind is LineKind.POSITION) in gone:
            weights[CoverageClass.MISSING] += value
    for share, below in holdings:
        for coverage, weight in below.items():
            weights[coverage] += abs(share) * weight
    return weights


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


def _last_known(previous: FundNav | None) -> dict[tuple[str, ...], Decimal]:
    last: dict[tuple[str, ...], Decimal] = {}
    for line in previous.lines if previous else ():
        last[_key(line)] = last.get(_key(line), ZERO) + abs(line.value_usd or ZERO)
    return last


def _key(line: NavLine) -> tuple[str, ...]:
    return (line.node, line.account, line.wallet, line.kind, line.subject, line.tag or "")
