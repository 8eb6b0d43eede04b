"""The job behind a due time: opens the fund's run, once, and has a worker calculate it."""

from __future__ import annotations

from collections.abc import Mapping

from truenav.access.users import system_principal
from truenav.app.house import House
from truenav.app.nav.runs import start_run
from truenav.core.clock import parse_instant
from truenav.core.ids import NodeId, TenantId
from truenav.store import queue


def strike_scheduled_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: strike ``fund`` because ``schedule`` was due at ``due_at``; doing it again opens no second run.

    The run is live: its valuation time is the end of its collecting, so shortly after the due time.
    """
    due_at = parse_instant(arguments["due_at"], what="due_at")
    now = house.clock.now()
    with house.database.transaction(tenant) as session:
        # The due time was taken once to add this job; it is taken again to open the run.
        if not queue.claim_due(session, f"{arguments['schedule']}/run", due_at, at=now):
            return
        run = start_run(session, house, system_principal(tenant), NodeId(arguments["fund"]))
        queue.enqueue_advance(session, run.id, at=now)
