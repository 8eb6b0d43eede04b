"""Judging whole histories as a job: every window of an account, and what does not add up kept as issues."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from truenav.access.policy import Principal
from truenav.app.house import House
from truenav.app.reconciliation.service import record
from truenav.app.sources.jobs import start_for_accounts
from truenav.core.account import Account
from truenav.core.ids import AccountId, TenantId
from truenav.store import definitions, progress
from truenav.store.database import Session
from truenav.store.definitions import Kind

RECONCILE = "source.reconcile"


def start_reconciling(
    session: Session, principal: Principal, *, now: datetime, accounts: Collection[AccountId] = ()
) -> str | None:
    """Have a worker judge these accounts, or all; the id of its progress, None if that waits already."""
    return start_for_accounts(session, principal, RECONCILE, accounts, now=now)


def reconcile_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: judge ``accounts`` (names with spaces between; none: all), each in a transaction of its own."""
    names = [AccountId(name) for name in arguments["accounts"].split()]
    with house.database.transaction(tenant) as session:
        known = [one.id for one in definitions.bodies(session, Kind.ACCOUNT, Account)]
        whole = progress.get(session, arguments["task"])
    chosen = [one for one in known if not names or one in names]
    broken = 0
    for done, account in enumerate(chosen):
        with house.database.transaction(tenant) as session:
            broken += record(session, house, tenant, account)
            message = f"{broken} windows do not add up"
            progress.report(session, replace(whole, done=done + 1, total=len(chosen), message=message))
