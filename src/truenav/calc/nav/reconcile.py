"""Opening + facts = closing, for each asset and position of each wallet, over the union of both sides.

Opening and closing are snapshots of whole wallets, before any sub-book split. Method:
docs/methods/reconciliation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey, quantities
from truenav.calc.ledger.completeness import ReconciliationStatus, judge
from truenav.calc.nav.context import Context, SubjectKey
from truenav.calc.nav.flows import Flow
from truenav.calc.nav.model import LineKind, Reconciled
from truenav.calc.nav.snapshots import Snapshot
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import AccountId, NodeId
from truenav.core.money import ZERO, exact, to_text


def reconcile(
    context: Context, snapshots: Mapping[WalletKey, Snapshot], flows: Iterable[Flow]
) -> Mapping[NodeId, tuple[Reconciled, ...]]:
    """The rows of each fund's own accounts, sorted; every quantity of opening, facts and closing has one."""
    moved: dict[SubjectKey, list[Decimal]] = {}
    for flow in flows:
        moved.setdefault(flow.key, []).append(flow.delta.quantity)
    closing = {
        (*key[:2], subject, key[2]): quantity
        for key, snapshot in snapshots.items()
        if snapshot.fact is not None
        for subject, quantity in quantities(snapshot.fact).items()
    }
    opening = {
        key: quantity
        for key, quantity in context.opening.quantities.items()
        if AccountId(key[0]) in context.accounts
    }
    rows: dict[NodeId, list[Reconciled]] = {fund: [] for fund in context.funds}
    with exact():
        for key in sorted(opening.keys() | moved.keys() | closing.keys()):
            wallet = (key[0], key[1], key[3])
            row = _row(
                key,
                context.opening.instants.get(wallet),
                opening.get(key, ZERO),
                moved.get(key, []),
                snapshots.get(wallet),
                closing.get(key, ZERO),
                context.inputs.policy.reconciliation_tolerance,
            )
            if row is not None:
                rows[context.home[AccountId(key[0])]].append(row)
    return {fund: tuple(found) for fund, found in rows.items()}


def reconciliation_notes(rows: Iterable[Reconciled]) -> tuple[Failure, ...]:
    """One note for each break: what differs, and by how much."""
    return tuple(
        Failure(
            FailureKind.RECONCILIATION_BREAK,
            f"{row.account}/{row.wallet}",
            f"{row.subject} in {row.account}/{row.wallet}: opening {to_text(row.opening or ZERO)} and "
            f"facts {to_text(row.facts)} do not give the closing {to_text(row.closing or ZERO)}; the "
            f"difference is {to_text(row.difference or ZERO)}.",
            "Gather the missing trades and transfers, or enter a correction, and strike again.",
            blocking=False,
            since_at=row.opening_at,
        )
        for row in rows
        if row.status is ReconciliationStatus.BREAK
    )


def _row(
    key: SubjectKey,
    opening_at: datetime | None,
    opening: Decimal,
    moved: list[Decimal],
    snapshot: Snapshot | None,
    closing: Decimal,
    tolerance: Decimal,
) -> Reconciled | None:
    facts = sum(moved, ZERO)
    fact = snapshot.fact if snapshot else None
    known_opening = opening if opening_at is not None else None
    known_closing = closing if fact is not None else None
    status, difference = judge(known_opening, facts, known_closing, tolerance)
    if not (opening or moved or closing):
        return None
    return Reconciled(
        account=key[0],
        wallet=key[1],
        subject=key[2],
        kind=LineKind.POSITION if key[3] else LineKind.BALANCE,
        status=status,
        opening=known_opening,
        facts=facts,
        closing=known_closing,
        difference=difference,
        opening_at=opening_at,
        closing_at=fact.occurred_at if fact else None,
        fact_count=len(moved),
    )
