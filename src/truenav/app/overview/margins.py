"""The venues' own margin ratios, read from the very payloads that the balances came from."""

from __future__ import annotations

from truenav.app.house import House
from truenav.app.overview.model import Margin, Missing
from truenav.calc.nav.model import NavInputs
from truenav.connect.margins import MARGIN_VENUES, read_margin_ratio
from truenav.core.facts import BalanceSnapshot, Fact, PositionSnapshot
from truenav.core.ids import TenantId
from truenav.core.money import rounded
from truenav.store import evidence
from truenav.store.database import Session

PLACES = 18


def account_margins(
    session: Session, house: House, tenant: TenantId, inputs: NavInputs
) -> tuple[Margin, ...]:
    """One ratio for each account of a venue that lends margin; None with the reason where it is not told."""
    snapshots: dict[str, list[Fact]] = {}
    for fact in inputs.facts:
        if isinstance(fact.body, BalanceSnapshot | PositionSnapshot):
            snapshots.setdefault(fact.account, []).append(fact)
    known = evidence.meta_many(
        session, sorted({fact.evidence for facts in snapshots.values() for fact in facts})
    )
    blobs = house.blobs(tenant)
    found = []
    for account in inputs.accounts:
        if account.venue not in MARGIN_VENUES:
            continue
        received = {
            one.sha256: one for fact in snapshots.get(account.id, ()) for one in known.get(fact.evidence, ())
        }
        ratios = [
            ratio
            for one in received.values()
            if (ratio := read_margin_ratio(one.connector, one.endpoint, blobs.read(one.sha256))) is not None
        ]
        missing = () if ratios else (Missing("ratio", "not-told-by-venue", account.venue),)
        found.append(
            Margin(account.id, account.venue, rounded(max(ratios), PLACES) if ratios else None, missing)
        )
    return tuple(found)
